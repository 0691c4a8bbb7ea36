"""Conditions on what others said of a row: another model's scores, annotators, labeled examples nearby.

Files stand beside the file of labeling functions. Tables of scores and answers have the column ``row_id``; examples have
a ``class`` and a ``feature``, which `tidemill lf examples` writes. Features are compared by cosine similarity.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, PrivateAttr, StrictStr, ValidationInfo, WithJsonSchema, model_validator

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN
from tidemill.label.condition import Condition, Limits, located, with_digest
from tidemill.label.votes import vote_of

FEATURE: Final = "feature"
Vectors = npt.NDArray[np.float32]
_Digest = Annotated[str, WithJsonSchema({"type": "string", "readOnly": True})]


class _FromFile(Condition):
    """A condition whose answers stand in a file; what the file holds is part of what the condition is."""

    digest: _Digest = ""

    @model_validator(mode="before")
    @classmethod
    def _digest_file(cls, data: Any, info: ValidationInfo) -> Any:
        return with_digest(data, info)


class Scores(_FromFile, Limits):
    """Another model's score of the row, in a table with ``row_id``, lies within limits; a row not in it has none."""

    kind: Literal["scores"]
    file: str
    column: str
    _scores: pl.DataFrame = PrivateAttr()

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Scores:
        self._scores = _answers(located(self.file, info), self.column)
        if not self._scores[self.column].dtype.is_numeric():
            raise ValueError(f"{self.file}: column {self.column!r} is not of numbers")
        return self

    def expression(self) -> pl.Expr:
        """Limits → comparison of the row's score."""
        return self.within(_looked_up(self._scores, self.column, pl.Float64).fill_nan(None))


class Annotator(_FromFile):
    """What a person said of the row: a column of the row, or of a table with ``row_id``, that names a class.

    ``votes`` says which class an answer stands for; without it, answers are names of classes. Other answers abstain.
    """

    votes_itself: ClassVar[bool] = True
    kind: Literal["annotator"]
    column: str
    votes: Annotated[
        dict[StrictStr, int], WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}})
    ]
    file: str | None = None
    _said: pl.DataFrame | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _name_classes(cls, data: Any, info: ValidationInfo) -> Any:
        classes = (info.context or {}).get("classes", ())
        given = data.get("votes", {name: name for name in classes}) if isinstance(data, dict) else None
        if not isinstance(given, dict):
            return data
        found = {}
        for answer, name in given.items():
            found[answer] = vote_of(str(name), classes)
            if found[answer] is None:
                raise ValueError(f"votes: there is no class {name!r}{did_you_mean(str(name), classes)}")
        return {**data, "votes": found}

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Annotator:
        if self.file is not None:
            self._said = _answers(located(self.file, info), self.column)
        return self

    def expression(self) -> pl.Expr:
        """Annotator → whether a vote was cast."""
        return self.cast(ABSTAIN) != ABSTAIN

    def cast(self, vote: int) -> pl.Expr:  # noqa: ARG002 - the annotator votes, not the function
        """Answers → votes."""
        own = pl.col(self.column).cast(pl.String)
        said = own if self._said is None else _looked_up(self._said, self.column, pl.String)
        return said.replace_strict(list(self.votes), list(self.votes.values()), default=ABSTAIN, return_dtype=pl.Int8)


class _Examples(_FromFile):
    """Labeled examples in the space of the problem's features."""

    file: str
    of: str
    _vectors: Vectors = PrivateAttr()
    _mine: npt.NDArray[np.bool_] = PrivateAttr()

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> _Examples:
        table = read_examples(located(self.file, info))
        names = table["class"].unique().to_list()
        if self.of not in names:
            raise ValueError(f"{self.file}: no example is of class {self.of!r}{did_you_mean(self.of, names)}")
        self._vectors = unit(table["feature"].to_numpy())
        self._mine = (table["class"] == self.of).to_numpy()
        return self

    def expression(self) -> pl.Expr:
        """Examples → judgement of the row's feature."""
        return pl.col(FEATURE).map_batches(self._judge, return_dtype=pl.Boolean)

    def _judge(self, features: pl.Series) -> pl.Series:
        rows = features.to_numpy()
        if rows.ndim != 2 or rows.shape[1] != self._vectors.shape[1]:  # noqa: PLR2004 - a matrix
            raise ValueError(
                f"{self.file} has examples of {self._vectors.shape[1]} dimensions, the rows' features have "
                f"{rows.shape[-1]}: write the file anew with `tidemill lf examples`"
            )
        return pl.Series(self._fires(unit(rows)))

    def _fires(self, rows: Vectors) -> npt.NDArray[np.bool_]:
        raise NotImplementedError


class Prototype(_Examples):
    """The row is like the mean of a class's examples: at least so similar, and by a margin more than to other classes."""

    kind: Literal["prototype"]
    at_least: Annotated[float, Field(ge=-1, le=1)] = -1.0
    margin: Annotated[float, Field(ge=0, le=2)] = 0.0

    def _fires(self, rows: Vectors) -> npt.NDArray[np.bool_]:
        """(rows, dimensions) → whether the class's mean is near, and nearer than the mean of all other examples."""
        mine = rows @ unit(self._vectors[self._mine].mean(axis=0))
        near_enough: npt.NDArray[np.bool_] = mine >= self.at_least
        if self._mine.all():
            return near_enough
        other = rows @ unit(self._vectors[~self._mine].mean(axis=0))
        return near_enough & (mine - other > self.margin)


class Neighbours(_Examples):
    """At least a share of the ``k`` nearest examples, none less similar than ``similarity``, is of the class."""

    kind: Literal["neighbours"]
    k: Annotated[int, Field(ge=1)] = 5
    share: Annotated[float, Field(gt=0, le=1)] = 0.8
    similarity: Annotated[float, Field(ge=-1, le=1)] = -1.0

    def _fires(self, rows: Vectors) -> npt.NDArray[np.bool_]:
        """(rows, dimensions) → whether enough of the nearest examples are of the class."""
        k = min(self.k, len(self._vectors))
        alike = rows @ self._vectors.T
        nearest = np.argpartition(-alike, k - 1, axis=1)[:, :k]
        close = np.take_along_axis(alike, nearest, axis=1) >= self.similarity
        fires: npt.NDArray[np.bool_] = (self._mine[nearest] & close).sum(axis=1) >= self.share * k - 1e-9
        return fires


def unit(vectors: npt.NDArray[Any]) -> Vectors:
    """Vectors along the last axis → the same at length 1; a zero vector stays zero.

    >>> unit(np.array([3.0, 4.0])).round(2).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    wide = vectors.astype(np.float32)
    found: Vectors = wide / np.maximum(np.linalg.norm(wide, axis=-1, keepdims=True), np.float32(1e-12))
    return found


def read_examples(path: Path) -> pl.DataFrame:
    """JSONL or Parquet file of examples → table of class and feature.

    Raises
    ------
    ValueError
        A column is missing, or features differ in length.
    """
    table = read_table(path)
    missing = [name for name in ("class", "feature") if name not in table.columns]
    if missing:
        raise ValueError(f"{path}: column {missing[0]!r} is missing; write it with `tidemill lf examples`")
    features = table["feature"].to_list()
    lengths = {len(one) for one in features}
    if len(lengths) != 1:
        raise ValueError(f"{path}: features of {min(lengths, default=0)} and of {max(lengths, default=0)} dimensions")
    kept = pl.Series("feature", features, dtype=pl.Array(pl.Float32, lengths.pop()))
    return table.select(pl.col("class").cast(pl.String), kept)


def read_table(path: Path) -> pl.DataFrame:
    """CSV, JSONL or Parquet file → table."""
    try:
        if path.suffix == ".csv":
            return pl.read_csv(path)
        if path.suffix == ".jsonl":
            return pl.read_ndjson(path)
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    raise ValueError(f"{path}: a table is .csv, .jsonl or .parquet")


def _answers(path: Path, column: str) -> pl.DataFrame:
    """File and column → row_id and that column, a row once."""
    table = read_table(path)
    for name in ("row_id", column):
        if name not in table.columns:
            raise ValueError(f"{path}: there is no column {name!r}{did_you_mean(name, table.columns)}")
    kept = table.select(pl.col("row_id").cast(pl.String), column).drop_nulls()
    if kept["row_id"].is_duplicated().any():
        raise ValueError(f"{path}: row {kept.filter(pl.col('row_id').is_duplicated())['row_id'][0]} is there twice")
    return kept


def _looked_up(table: pl.DataFrame, column: str, dtype: Any) -> pl.Expr:
    if table.is_empty():
        return pl.when(pl.col("row_id").is_not_null()).then(pl.lit(None, dtype=dtype))
    return pl.col("row_id").replace_strict(table["row_id"], table[column], default=None, return_dtype=dtype)
