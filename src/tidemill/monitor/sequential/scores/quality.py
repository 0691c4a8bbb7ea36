"""Quality of the data: values that are missing, and contents that are shorter or longer than they were."""

from __future__ import annotations

import numpy as np
import polars as pl

from tidemill.monitor.sequential.scores.base import Array, Column, Mask, Score
from tidemill.monitor.sequential.view import View


class Missing(Score):
    """How many values a row lacks: metadata that is null or a column that is not there, numbers that are not finite."""

    name = "missing"
    weight = 0.05

    def _fit(self, half: View) -> None:
        self._names = tuple(half.batch.metadata.columns)

    def _columns(self) -> tuple[Column, ...]:
        return (Column(self.name),)

    def _values(self, view: View) -> Array:
        table = view.batch.metadata
        there = [name for name in self._names if name in table.columns]
        nulls = table.select(pl.sum_horizontal(pl.col(there).is_null())).to_series().to_numpy() if there else 0
        wrong = ~np.isfinite(view.batch.rows.features).all(axis=1) | ~np.isfinite(view.batch.rows.probabilities).all(
            axis=1
        )
        gone = len(self._names) - len(there)
        return np.asarray(nulls + wrong + gone, dtype=np.float64).reshape(len(view), 1)

    def _describe(self, column: Column) -> str:  # noqa: ARG002 - there is one
        return "values are missing, or not finite, that were there in the reference"


class Quality(Score):
    """Whatever was measured of the content, such as the length of a text or the size of an image in bytes."""

    name = "quality"
    weight = 0.05

    def _fit(self, half: View) -> None:
        self._names = tuple(half.batch.quality.columns)

    def _columns(self) -> tuple[Column, ...]:
        return tuple(Column(f"{self.name}:{name}", two_sided=True) for name in self._names)

    def _values(self, view: View) -> Array:
        results = [self._column(view, name) for name in self._names]
        return np.stack(results, axis=1) if results else np.empty((len(view), 0))

    def _column(self, view: View, name: str) -> Array:
        table = view.batch.quality
        if name not in table.columns:
            return np.full(len(view), np.nan)
        return table[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()

    def _mask(self, view: View) -> Mask:
        return ~np.isnan(self._values(view))

    def _describe(self, column: Column) -> str:
        return f"the {column.name.partition(':')[2]} of the content has changed"
