"""Bets against uniform p-values: densities on [0, 1] whose products are martingales where the p-values are i.i.d. uniform.

Two families: ``e p^(e - 1)`` (Vovk, Nouretdinov and Gammerman, "Testing exchangeability on-line", 2003) and a step that puts a
share ``s`` of the wealth on ``p < q``. Small ``s`` are what a change that touches few rows is found by.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

POWERS: Final = (0.25, 0.5, 0.75)
TAILS: Final = (0.001, 0.005, 0.02, 0.07, 0.2)
STAKES: Final = (0.02, 0.08, 0.3)
ONE_SIDED: Final = len(POWERS) + len(TAILS) * len(STAKES)
N_BETS: Final = 2 * ONE_SIDED
"""Bets on small p-values, then the same on large ones."""


def log_bets(p_values: Array, mask: Mask) -> Array:
    """Sum the logarithm of every bet over rows.

    Parameters
    ----------
    p_values : (..., n_rows, n_columns)
        In (0, 1).
    mask : (..., n_rows, n_columns)
        Where the column has a value; elsewhere nothing is bet.

    Returns
    -------
    (..., n_columns, N_BETS)

    Examples
    --------
    A p-value of 1/16 multiplies the wealth of ``0.5 p^-0.5`` by two.

    >>> won = log_bets(np.array([[1 / 16]]), np.array([[True]]))
    >>> float(np.exp(won[0, POWERS.index(0.5)]).round(6))
    2.0
    """
    counted = mask.sum(axis=-2).astype(np.float64)
    small = _one_side(p_values, np.log(p_values), mask, counted)
    large = _one_side(1.0 - p_values, np.log1p(-p_values), mask, counted)
    return np.stack([*small, *large], axis=-1)


def _one_side(p_values: Array, logs: Array, mask: Mask, counted: Array) -> list[Array]:
    total = np.where(mask, logs, 0.0).sum(axis=-2)
    results = [counted * np.log(e) + (e - 1.0) * total for e in POWERS]
    for tail in TAILS:
        inside = ((p_values < tail) & mask).sum(axis=-2)
        outside = counted - inside
        results += [inside * np.log(1.0 - s + s / tail) + outside * np.log1p(-s) for s in STAKES]
    return results


def bet_weights(*, two_sided: bool) -> Array:
    """Give the share of the wealth that each bet starts with.

    Parameters
    ----------
    two_sided : bool
        Whether large p-values are bet on too.

    Returns
    -------
    (N_BETS,)
        Sums to one.
    """
    if two_sided:
        return np.full(N_BETS, 1.0 / N_BETS)
    return np.concatenate([np.full(ONE_SIDED, 1.0 / ONE_SIDED), np.zeros(ONE_SIDED)])
