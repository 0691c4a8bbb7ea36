"""Distant supervision: the pair of a row stands in a table of known facts, or such a fact says otherwise.

Mintz, Bills, Snow and Jurafsky, "Distant supervision for relation extraction without labeled data" (ACL 2009).
"""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import PrivateAttr, ValidationInfo, model_validator

from tidemill.common.spelling import did_you_mean
from tidemill.label.conditions.base import as_text
from tidemill.label.conditions.files import FromFile, located, read_table

_BETWEEN = "\t"


class Knowledge(FromFile):
    """The row's subject and object are a known fact, or one that a known fact contradicts.

    ``file`` is a table with the columns ``subject`` and ``object``, and ``relation`` where it has facts of several.

    Attributes
    ----------
    says
        ``fact``: the pair is in the table. ``contradicted``: the table has another object of this subject, and has this object
        of other subjects only, so that the pair is none where each subject has one object, as a capital has one country.
    relation
        Facts of the table that count; None: all.
    symmetric
        Whether (a, b) is a fact where (b, a) is.
    aliases
        CSV with a header, a name and its entity on each line: names are looked up under their entities; of a name that stands
        for several the first counts.
    case
        Whether upper and lower case differ.
    """

    main: ClassVar[str | None] = "file"
    kind: Literal["knowledge"]
    file: str
    says: Literal["fact", "contradicted"] = "fact"
    relation: str | None = None
    symmetric: bool = False
    aliases: str | None = None
    case: bool = False
    subject: str = "subject"
    object: str = "object"
    _facts: pl.DataFrame = PrivateAttr()
    _aliases: dict[str, str] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _digest_file(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            return data
        if "digest" in data:
            raise ValueError("digest is not for you to give: it is computed from the files")
        files = [data[key] for key in ("file", "aliases") if isinstance(data.get(key), str)]
        contents = [located(file, info).read_bytes() for file in files]
        return {**data, "digest": hashlib.sha256(b"\0".join(contents)).hexdigest()}

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Knowledge:
        if self.aliases is not None:
            for name, entity in _read_aliases(located(self.aliases, info)):
                self._aliases.setdefault(self._folded(name), self._folded(entity))
        path = located(self.file, info)
        table = read_table(path, typed=False)  # 007 is a name
        for name in ("subject", "object", *(() if self.relation is None else ("relation",))):
            if name not in table.columns:
                raise ValueError(f"{path}: there is no column {name!r}{did_you_mean(name, table.columns)}")
        if self.relation is not None:
            known = table["relation"].cast(pl.String).unique().sort().to_list()
            if self.relation not in known:
                raise ValueError(f"{path}: there is no relation {self.relation!r}{did_you_mean(self.relation, known)}")
            table = table.filter(pl.col("relation").cast(pl.String) == self.relation)
        facts = table.select("subject", "object").drop_nulls().select(self._entity("subject"), self._entity("object"))
        if self.symmetric:
            swapped = facts.select(pl.col("object").alias("subject"), pl.col("subject").alias("object"))
            facts = pl.concat([facts, swapped])
        self._facts = facts.unique(maintain_order=True)
        return self

    def _folded(self, text: str) -> str:
        text = unicodedata.normalize("NFC", text)
        return text if self.case else text.lower()

    def _entity(self, column: str) -> pl.Expr:
        text = as_text(column).str.strip_chars().str.normalize("NFC")
        text = text if self.case else text.str.to_lowercase()
        return (text.replace(self._aliases) if self._aliases else text).alias(column)

    def expression(self) -> pl.Expr:
        """Look the pair of the row up among the facts.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the subject or the object is missing.
        """
        subject, object_ = self._entity(self.subject), self._entity(self.object)
        joined = self._facts.select(pl.concat_str("subject", "object", separator=_BETWEEN)).to_series()
        is_fact = pl.concat_str([subject, object_], separator=_BETWEEN).is_in(joined.implode())
        if self.says == "fact":
            return is_fact
        known = subject.is_in(self._facts["subject"].implode()) & object_.is_in(self._facts["object"].implode())
        return known & ~is_fact


def _read_aliases(path: Path) -> list[tuple[str, str]]:
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))[1:]
    for number, row in enumerate(rows, start=2):
        if len(row) != 2 or not all(cell.strip() for cell in row):  # noqa: PLR2004 - a name and its entity
            raise ValueError(f"{path}:{number}: {row!r} is not a name and its entity")
    return [(name.strip(), entity.strip()) for name, entity in rows]
