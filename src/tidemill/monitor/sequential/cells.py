"""Cells that the values of a score fall into: quantiles of one half of the reference, fine in the tails, and beyond its range.

The cells are fixed before the first p-value, so they cannot make p-values less than uniform; they only decide how far extreme
values are told apart.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int16]

_MIDDLE: Final = 24
_TAIL_RANKS: Final = (1, 2, 3, 5, 8, 12, 18, 27)
_BEYOND: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
_WITHOUT_VALUES: Final = 9


def cell_edges(values: Array, *, two_sided: bool) -> Array:
    """Choose the edges of cells.

    Parameters
    ----------
    values : (n_values,)
        Of the reference's half that the score is fitted on; NaN counts as the largest.
    two_sided : bool
        Whether small values matter as large ones do.

    Returns
    -------
    (n_edges,)
        Ascending. Values above the largest and below the smallest value have cells of their own.

    Examples
    --------
    >>> edges = cell_edges(np.zeros(50), two_sided=True)
    >>> to_cells(np.array([-1.0, 0.0, 1.0]), edges).tolist()
    [0, 1, 2]
    """
    known = np.sort(values[np.isfinite(values)])
    if not len(known):
        return np.linspace(0.0, 1.0, _WITHOUT_VALUES)
    ranks = np.array([rank for rank in _TAIL_RANKS if rank < len(known) / 4], dtype=np.int64)
    edges = [np.quantile(known, np.linspace(0.0, 1.0, _MIDDLE + 1)), known[len(known) - ranks]]
    edges += [np.array([np.nextafter(known[0], -np.inf)]), _beyond(known)]
    if two_sided:
        edges += [known[ranks - 1], -_beyond(-known[::-1])]
    return np.unique(np.concatenate(edges))


def _beyond(known: Array) -> Array:
    spread = np.quantile(known, 0.95) - np.quantile(known, 0.5)
    return np.asarray(known[-1] + np.array(_BEYOND) * spread)


def to_cells(values: Array, edges: Array) -> Cells:
    """Find the cell of each value.

    Parameters
    ----------
    values : (n_values,)
    edges : (n_edges,)

    Returns
    -------
    (n_values,)
        From 0 to ``n_edges``: how many edges are below the value. NaN is above all.
    """
    return np.searchsorted(edges, values, side="left").astype(np.int16)
