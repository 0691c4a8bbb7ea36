"""Online conformal p-values: the rank of each row among the reference and all rows before it.

Where the rows are exchangeable, the p-values of one column are independent and exactly uniform, however small the reference
(Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005). Rows before it have to be in the pool: ranks
within the reference alone share its sampling error, which adds up over a stream.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int16]
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Hashes = npt.NDArray[np.uint64]

_BLOCK: Final = 20
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)


def online_p_values(cells: Cells, ties: Array, mask: Mask, counts: Counts) -> tuple[Array, Counts]:
    """Rank rows one after the other, and add each to the pool.

    Parameters
    ----------
    cells : (n_rows, n_columns)
        Cell of each row's score; higher is more extreme.
    ties : (n_rows, n_columns)
        Uniform numbers in (0, 1) that break ties.
    mask : (n_rows, n_columns)
        Where the column has a value. Elsewhere the p-value is 0.5 and nothing is added to the pool.
    counts : (n_columns, n_cells)
        Histogram of the pool.

    Returns
    -------
    p_values : (n_rows, n_columns)
    counts : (n_columns, n_cells)
        With the rows added.

    Examples
    --------
    Of two rows in the pool none is above the new one, so its p-value is within the first third.

    >>> pool = np.array([[1, 1, 0]])
    >>> p, pool = online_p_values(np.array([[2]], dtype=np.int16), np.array([[0.5]]), np.array([[True]]), pool)
    >>> float(p[0, 0].round(4)), pool.tolist()
    (0.1667, [[1, 1, 1]])
    """
    p_values = np.empty(cells.shape)
    counts = counts.astype(np.int64)
    for first in range(0, len(cells), _BLOCK):
        block = slice(first, first + _BLOCK)
        p_values[block] = _ranked(cells[block], ties[block], mask[block], counts)
        counts = add(counts, cells[block], mask[block])
    return np.where(mask, p_values, 0.5), counts


def _ranked(cells: Cells, ties: Array, mask: Mask, counts: Counts) -> Array:
    column = np.arange(cells.shape[1])
    at_least = counts[:, ::-1].cumsum(axis=1)[:, ::-1]
    earlier = np.tril(np.ones((len(cells), len(cells)), dtype=np.bool_), -1)[:, :, None] & mask[None]
    equal = counts[column, cells] + _counted((cells[None] == cells[:, None]) & earlier)
    above = at_least[column, cells] - counts[column, cells]
    above = above + _counted((cells[None] > cells[:, None]) & earlier)
    pool = at_least[:, 0] + _counted(earlier)
    return np.asarray((above + ties * (equal + 1)) / (pool + 1))


def _counted(hits: Mask) -> npt.NDArray[np.uint8]:
    """Hits along the second axis, in bytes: a block has fewer than 256 rows, and bytes are summed many at a time."""
    return np.asarray(np.add.reduce(hits.view(np.uint8), axis=1, dtype=np.uint8))


def add(counts: Counts, cells: Cells, mask: Mask) -> Counts:
    """Add rows to the histograms of a pool.

    Parameters
    ----------
    counts : (n_columns, n_cells)
    cells : (n_rows, n_columns)
    mask : (n_rows, n_columns)

    Returns
    -------
    (n_columns, n_cells)
    """
    n_columns, n_cells = counts.shape
    flat = (np.arange(n_columns) * n_cells + cells)[mask]
    return counts + np.bincount(flat, minlength=n_columns * n_cells).reshape(n_columns, n_cells)


def row_hashes(row_ids: Sequence[str], salt: str) -> Hashes:
    """Hash row ids.

    Parameters
    ----------
    row_ids : sequence of str
        Any strings.
    salt : str
        Another salt gives other hashes.

    Returns
    -------
    (n_rows,)
    """
    key = hashlib.blake2b(salt.encode(), digest_size=32).digest()
    digests = [hashlib.blake2b(row_id.encode(), digest_size=8, key=key).digest() for row_id in row_ids]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def tie_breakers(rows: Hashes, columns: Hashes) -> Array:
    """Derive uniform numbers from hashes of rows and columns (the finalizer of SplitMix64).

    Parameters
    ----------
    rows : (n_rows,)
    columns : (n_columns,)

    Returns
    -------
    (n_rows, n_columns)
        In (0, 1), both ends excluded.
    """
    mixed = rows[:, None] + columns[None, :] * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    mixed = mixed ^ (mixed >> np.uint64(31))
    return np.asarray(((mixed >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52)
