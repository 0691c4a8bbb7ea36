"""Settings of `conf/ingest/`."""

from __future__ import annotations

from typing import Any, Literal, Self

import polars as pl
from pydantic import Field, field_validator, model_validator

from tidemill.contracts import Contract, Settings, raw_contract
from tidemill.ingest.candidates.settings import COLUMNS, DOCUMENT, CandidateSettings
from tidemill.readers.options import SET_ASIDE, BadRows, ReadOptions

Kind = Literal["string", "int", "float", "bool"]
RESERVED = ("row_id", "key", "batch", "split", "text", "image", "gold", "feature")
_DTYPES: dict[str, Any] = {"string": pl.String, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean}
_CLOSE = 1e-9


class SplitSettings(Settings):
    """Shares of the four splits, the seed of the hash that sorts rows into them, and whether labels are counted.

    Attributes
    ----------
    by
        ``hash``: every row by its hash; ``labels``: rows that come with a label by how many there are, so that few labels teach
        and judge as they are needed.
    group
        Column, such as of a patient or an author, whose rows share a split; None: there is none.
    """

    train: float = Field(ge=0)
    dev: float = Field(ge=0)
    valid: float = Field(ge=0)
    test: float = Field(ge=0)
    seed: int
    by: Literal["hash", "labels"] = "hash"
    group: str | None = None

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        total = self.train + self.dev + self.valid + self.test
        if abs(total - 1) > _CLOSE:
            raise ValueError(f"train, dev, valid and test sum to {total:g}, not to 1")
        return self


class IngestSettings(Settings):
    """Where incoming files are, what their columns mean, and how rows are kept."""

    incoming: str
    batch_order: tuple[str, ...]
    key: str | tuple[Literal["source"], str] | None
    text: str | None
    image: str | None
    gold: str | None
    meta: dict[str, Kind]
    slices: tuple[str, ...]
    encoding: str | None
    delimiter: str | None = None
    header: bool | None = None
    class_folder: Literal["first", "last"] = "first"
    bad_rows: BadRows = "refuse"
    max_bad_rows: float = Field(default=0.05, ge=0, le=1)
    near_duplicates: Literal["keep", "group", "drop"] = "group"
    near_similarity: float = Field(default=0.8, gt=0, le=1)
    max_pixels: int = Field(gt=0)
    image_background: Literal["white", "black"] = "white"
    image_bits: int | None = Field(default=None, ge=1, le=32)
    image_folder: str | None = None
    split: SplitSettings
    candidates: CandidateSettings | None = None

    @field_validator("near_duplicates", mode="before")
    @classmethod
    def _is_policy(cls, value: object) -> object:
        if value is None or isinstance(value, (int, float)):
            now = "keep" if value is None else f"drop, with near_similarity: {value}"
            raise ValueError(f"near_duplicates is keep, group or drop; what was {value} is {now}")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.text is None) == (self.image is None):
            raise ValueError("exactly one of text and image names a column")
        taken = [name for name in (*self.meta, *self.slices) if name in RESERVED]
        if taken:
            raise ValueError(f"{taken[0]!r} in meta or slices is a name of Tidemill's own; rename the column")
        if self.gold is not None and self.gold in {*self.meta, *self.slices}:
            raise ValueError(f"gold column {self.gold!r} may not be metadata: labeling functions would see it")
        if self.split.group is not None and self.split.group in {self.gold, self.content}:
            raise ValueError(f"split.group {self.split.group!r} is the column of the labels or of the content")
        self._refuse_odd_candidates()
        return self

    def _refuse_odd_candidates(self) -> None:
        if self.candidates is None:
            return
        if self.text is None:
            raise ValueError("candidates are found in texts: name the column of the documents in text")
        if self.split.group is None:
            raise ValueError(f"the candidates of a document share a split: set split.group to {DOCUMENT}")
        taken = [name for name in (self.text, self.key_column, *self.meta, *self.slices) if name in COLUMNS]
        if taken:
            raise ValueError(f"{taken[0]!r} is a column of candidates; call that of the documents otherwise")

    @property
    def reading(self) -> ReadOptions:
        """How its files are read."""
        return ReadOptions(self.encoding, self.delimiter, self.header, self.bad_rows, SET_ASIDE)

    @property
    def modality(self) -> Literal["text", "image"]:
        """What a row's content is."""
        return "image" if self.text is None else "text"

    @property
    def key_column(self) -> str | None:
        """Column that names a row in its source; None: the content does."""
        return self.key[1] if isinstance(self.key, tuple) else self.key

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read."""
        spans = () if self.candidates is None else self.candidates.columns
        named = (self.content, self.key_column, self.gold, *self.meta, *self.slices, self.split.group, *spans)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def full_key(self, key: str, batch: str) -> str:
        """Key of a row among all batches: with ``[source, column]`` the batch's name is part of it.

        Parameters
        ----------
        key
            Of the row in its source, empty where it has none.
        batch
            Name of its batch.

        Returns
        -------
        str
            The key itself, unless it is ``[source, column]``.

        Examples
        --------
        >>> IngestSettings.model_construct(key=("source", "id")).full_key("7", "may")
        'may/7'
        """
        return f"{batch}/{key}" if isinstance(self.key, tuple) and key else key

    def bare_key(self, key: str) -> str:
        """Key of a row in its source, of its key among all batches.

        Parameters
        ----------
        key
            As ``full_key`` makes it.

        Returns
        -------
        str
            Without the batch's name.

        Examples
        --------
        >>> IngestSettings.model_construct(key=("source", "id")).bare_key("may/7")
        '7'
        """
        return key.partition("/")[2] if isinstance(self.key, tuple) and "/" in key else key

    @property
    def content(self) -> str:
        """Column that holds the text, or the path of the image."""
        return self.text or self.image or ""

    @property
    def kinds(self) -> dict[str, Kind]:
        """Kinds of the columns that labeling functions may read besides the content."""
        return self.meta if self.candidates is None else {**self.meta, **COLUMNS}

    @property
    def raw(self) -> Contract:
        """What ``raw/<batch>.parquet`` promises."""
        return raw_contract(self.modality, {name: _DTYPES[kind] for name, kind in sorted(self.kinds.items())})
