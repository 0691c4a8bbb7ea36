"""Groups of rows that are more frequent since a change: values of metadata, strata, and clusters of the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.view import finite

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Kind = Literal["metadata", "stratum", "cluster"]

_HIGH: Final = 0.9
_CLUSTERS: Final = (2, 4, 8)
_ROUNDS: Final = 15
_MAX_VALUES: Final = 20


@dataclass(frozen=True)
class Group:
    """Rows that have something in common.

    Attributes
    ----------
    name
        Such as ``channel is email``.
    kind
        What they have in common.
    before, after : (n_rows,)
        Which rows of the reference, and which since the change, are in it.
    """

    name: str
    kind: Kind
    before: Mask
    after: Mask

    @property
    def shares(self) -> tuple[float, float]:
        """Its share of the reference, and since the change."""
        return float(self.before.mean()), float(self.after.mean())

    @property
    def lift(self) -> float:
        """How many times as frequent it is since the change; half a row is added to the reference's count."""
        return self.shares[1] * (len(self.before) + 1.0) / (float(self.before.sum()) + 0.5)

    @property
    def gain(self) -> float:
        """Relative entropy that its change of share accounts for, in nats a row; groups are ranked by it."""
        before = (self.before.sum() + 0.5) / (len(self.before) + 1.0)
        after = (self.after.sum() + 0.5) / (len(self.after) + 1.0)
        return float(after * np.log(after / before) + (1.0 - after) * np.log((1.0 - after) / (1.0 - before)))


def groups_of(reference: Batch, changed: Batch) -> list[Group]:
    """Collect all groups.

    Parameters
    ----------
    reference, changed : Batch
        Rows before the change and since.

    Returns
    -------
    list of Group
    """
    results = [group for series in reference.metadata for group in _metadata_groups(series, changed.metadata)]
    results += _strata(reference, changed)
    if reference.rows.features.shape[1]:
        results += _clusters(finite(reference.rows.features), finite(changed.rows.features))
    return results


def _metadata_groups(before: pl.Series, table: pl.DataFrame) -> list[Group]:
    if before.name not in table.columns:
        return []
    after = table[before.name]
    if before.dtype.is_numeric():
        return _numbers(before, after)
    values = before.value_counts(sort=True)[before.name].to_list()[:_MAX_VALUES]
    values += [value for value in after.value_counts(sort=True)[after.name].to_list() if value not in values][
        :_MAX_VALUES
    ]
    return [
        Group(f"{before.name} is {value}", "metadata", *(_equal(series, value) for series in (before, after)))
        for value in values
    ]


def _equal(series: pl.Series, value: object) -> Mask:
    return np.array([item == value for item in series.to_list()], dtype=np.bool_)


def _numbers(before: pl.Series, after: pl.Series) -> list[Group]:
    ends = (before.quantile(1.0 - _HIGH, "nearest"), before.quantile(_HIGH, "nearest"))
    if ends[0] is None or ends[1] is None:
        return []
    low = [(series < ends[0]).fill_null(value=False).to_numpy() for series in (before, after)]
    high = [(series > ends[1]).fill_null(value=False).to_numpy() for series in (before, after)]
    name = before.name
    return [
        Group(f"{name} is below {ends[0]:g}", "metadata", *low),
        Group(f"{name} is above {ends[1]:g}", "metadata", *high),
    ]


def _strata(reference: Batch, changed: Batch) -> list[Group]:
    if reference.strata is None or changed.strata is None:
        return []
    before, after = np.array(reference.strata), np.array(changed.strata)
    names = sorted({*reference.strata, *changed.strata})
    return [Group(f"the stratum is {name}", "stratum", before == name, after == name) for name in names]


def _clusters(before: Array, after: Array) -> list[Group]:
    """K-means over both, so that what is new has centers of its own; coarse and fine, for it may be large or small."""
    points = np.concatenate([before, after])
    results = []
    for count in _CLUSTERS:
        nearest = k_means(points, min(count, len(points)))
        known, new = nearest[: len(before)], nearest[len(before) :]
        names = {k: f"the rows are of cluster {k + 1} of {count}" for k in range(nearest.max() + 1)}
        results += [Group(name, "cluster", known == k, new == k) for k, name in names.items()]
    return results


def k_means(points: Array, count: int) -> npt.NDArray[np.int64]:
    """Cluster points, from centers that are far from each other; the same points give the same clusters.

    Parameters
    ----------
    points : (n_points, n_dimensions)
    count : int
        Of clusters.

    Returns
    -------
    (n_points,)
        Cluster of each.

    Examples
    --------
    >>> k_means(np.array([[0.0], [0.1], [5.0], [5.1]]), 2).tolist()
    [0, 0, 1, 1]
    """
    centers = [points[0]]
    for _ in range(count - 1):
        centers.append(points[_distances(points, np.array(centers)).min(axis=1).argmax()])
    placed = np.array(centers)
    nearest = _distances(points, placed).argmin(axis=1)
    for _ in range(_ROUNDS):
        for k in range(count):
            if (nearest == k).any():
                placed[k] = points[nearest == k].mean(axis=0)
        nearest = _distances(points, placed).argmin(axis=1)
    return np.asarray(nearest)


def _distances(points: Array, centers: Array) -> Array:
    squares = (points * points).sum(axis=1)[:, None] + (centers * centers).sum(axis=1)
    return np.asarray(squares - 2.0 * points @ centers.T)
