"""Conditions on labeled examples near the row, in the space of the problem's features, by cosine similarity.

A file of examples has a ``class`` and a ``feature``, which `tidemill lf examples` writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from tidemill.common.spelling import did_you_mean
from tidemill.label.conditions.files import FromFile, located, read_table

FEATURE: Final = "feature"
Vectors = npt.NDArray[np.float32]
"""(n_rows, n_dimensions), of length 1 where ``unit`` made them."""


class Examples(FromFile):
    """Labeled examples in the space of the problem's features."""

    file: str
    of: str
    _vectors: Vectors = PrivateAttr()
    _of_class: npt.NDArray[np.bool_] = PrivateAttr()

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Examples:
        table = _read_examples(located(self.file, info))
        names = table["class"].unique().to_list()
        if self.of not in names:
            raise ValueError(f"{self.file}: no example is of class {self.of!r}{did_you_mean(self.of, names)}")
        self._vectors = unit(table["feature"].to_numpy())
        self._of_class = (table["class"] == self.of).to_numpy()
        return self

    def expression(self) -> pl.Expr:
        """Compare the row's feature with the examples.

        Returns
        -------
        polars.Expr
            Boolean per row; every row has a feature.
        """
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


class Prototype(Examples):
    """The row is like the mean of a class's examples: at least so similar, and by a margin more than to other classes."""

    kind: Literal["prototype"]
    at_least: Annotated[float, Field(ge=-1, le=1)] = -1.0
    margin: Annotated[float, Field(ge=0, le=2)] = 0.0

    def _fires(self, rows: Vectors) -> npt.NDArray[np.bool_]:
        similarity = rows @ unit(self._vectors[self._of_class].mean(axis=0))
        near_enough: npt.NDArray[np.bool_] = similarity >= self.at_least
        if self._of_class.all():
            return near_enough
        others = rows @ unit(self._vectors[~self._of_class].mean(axis=0))
        return near_enough & (similarity - others > self.margin)


class Neighbours(Examples):
    """At least a share of the ``k`` nearest examples, none less similar than ``similarity``, is of the class."""

    kind: Literal["neighbours"]
    k: Annotated[int, Field(ge=1)] = 5
    share: Annotated[float, Field(gt=0, le=1)] = 0.8
    similarity: Annotated[float, Field(ge=-1, le=1)] = -1.0

    def _fires(self, rows: Vectors) -> npt.NDArray[np.bool_]:
        k = min(self.k, len(self._vectors))
        similarities = rows @ self._vectors.T
        nearest = np.argpartition(-similarities, k - 1, axis=1)[:, :k]
        close = np.take_along_axis(similarities, nearest, axis=1) >= self.similarity
        fires: npt.NDArray[np.bool_] = (self._of_class[nearest] & close).sum(axis=1) >= self.share * k - 1e-9
        return fires


def unit(vectors: npt.NDArray[Any]) -> Vectors:
    """Scale vectors to length 1; a zero vector stays zero.

    Parameters
    ----------
    vectors : (..., n_dimensions)

    Returns
    -------
    (..., n_dimensions)
        float32.

    Examples
    --------
    >>> unit(np.array([3.0, 4.0])).round(2).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    wide = vectors.astype(np.float32)
    scaled: Vectors = wide / np.maximum(np.linalg.norm(wide, axis=-1, keepdims=True), np.float32(1e-12))
    return scaled


def _read_examples(path: Path) -> pl.DataFrame:
    """Read labeled examples from a CSV, JSONL or Parquet file.

    Returns
    -------
    polars.DataFrame
        Columns ``class`` and ``feature``, an array of float32.

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
    lengths = {len(feature) for feature in features}
    if len(lengths) != 1:
        raise ValueError(f"{path}: features of {min(lengths, default=0)} and of {max(lengths, default=0)} dimensions")
    vectors = pl.Series("feature", features, dtype=pl.Array(pl.Float32, lengths.pop()))
    return table.select(pl.col("class").cast(pl.String), vectors)
