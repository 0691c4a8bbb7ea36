"""Metadata columns: numbers by their size, everything else by how rare the value was."""

from __future__ import annotations

import numpy as np
import polars as pl

from tidemill.monitor.sequential.scores.base import Array, Column, Mask, Score
from tidemill.monitor.sequential.view import View


class Metadata(Score):
    """Each metadata column of the source: a number as it is, another value by minus the log of its share of the reference."""

    name = "metadata"
    weight = 0.2

    def _fit(self, half: View) -> None:
        self._rarity: dict[str, dict[object, float] | None] = {}
        for series in half.batch.metadata:
            self._rarity[series.name] = None if series.dtype.is_numeric() else _rarity(series)
        self._unseen = -np.log(0.5 / (len(half) + 1.0))

    def _columns(self) -> tuple[Column, ...]:
        return tuple(Column(f"{self.name}:{name}", two_sided=rare is None) for name, rare in self._rarity.items())

    def _values(self, view: View) -> Array:
        results = [self._column(view, name, rare) for name, rare in self._rarity.items()]
        return np.stack(results, axis=1) if results else np.empty((len(view), 0))

    def _column(self, view: View, name: str, rare: dict[object, float] | None) -> Array:
        if name not in view.batch.metadata.columns:
            return np.zeros(len(view))
        series = view.batch.metadata[name]
        if rare is None:
            return series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
        return np.array([rare.get(value, self._unseen) for value in series.to_list()])

    def _mask(self, view: View) -> Mask:
        there = [name in view.batch.metadata.columns for name in self._rarity]
        known = np.ones((len(view), len(there)), dtype=np.bool_) & np.array(there, dtype=np.bool_)
        return known & ~np.isnan(self._values(view))

    def _describe(self, column: Column) -> str:
        name = column.name.partition(":")[2]
        rare = self._rarity[name] is not None
        return f"the metadata column {name} has {'rare or unseen values' if rare else 'larger or smaller values'}"


def _rarity(series: pl.Series) -> dict[object, float]:
    counted = series.value_counts(sort=True, name="rows")
    shares = (counted["rows"].to_numpy() + 0.5) / (len(series) + 1.0)
    return dict(zip(counted[series.name].to_list(), (-np.log(shares)).tolist(), strict=True))
