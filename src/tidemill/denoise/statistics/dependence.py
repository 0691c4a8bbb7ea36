"""Which functions repeat one another, and how much each still counts, from pair counts.

Two functions that vote alike more often than their classes explain share evidence. Good functions agree much too, so
agreement alone proves nothing: suspected pairs are left out, the rest tells how good each function is, and only
agreement beyond what that explains is held against a pair. So clones are found even where none of them is good.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.denoise.statistics.pair_counts import PairCounts
from tidemill.denoise.statistics.pair_fit import PairFit, fit_pairs
from tidemill.denoise.statistics.votes import Array

SUSPECT: Final = 0.5
"""Chance-corrected agreement from which a pair is left out at first."""
EXCESS: Final = 0.3
"""Share of the unexplained room for agreement that a pair fills before it counts as dependent."""

MAY_DIFFER: Final = 0.95
"""Expected agreement above which agreeing where both vote proves nothing (one-sided functions of a class)."""


@dataclass(frozen=True)
class Dependence:
    """Result: the fit, the excess agreement of functions (functions, functions), weight of each function."""

    fit: PairFit
    excess: Array
    weights: Array


def dependent_groups(excess: Array) -> list[list[int]]:
    """Group functions that repeat one another.

    Parameters
    ----------
    excess : (n_functions, n_functions)
        Agreement of each pair beyond what their classes explain, symmetric, 0 on the diagonal.

    Returns
    -------
    list of list of int
        Indices of the functions of each group of two or more.

    Examples
    --------
    >>> dependent_groups(np.array([[0.0, 0.9, 0.0], [0.9, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    [[0, 1]]
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    count, member = connected_components(csr_matrix(excess > EXCESS), directed=False)
    results = [np.flatnonzero(member == group).tolist() for group in range(count)]
    return [group for group in results if len(group) > 1]


def estimate_dependence(
    counts: PairCounts,
    functions: int,
    *,
    prior: Array,
    pseudo_counts: Array,
    known: npt.NDArray[np.bool_] | None = None,
) -> Dependence:
    """Fit pair counts without the pairs of functions that repeat one another.

    Parameters
    ----------
    counts
        How often pairs of kinds of vote are given on one row.
    functions
        Number of functions.
    prior : (n_classes,)
        Dirichlet pseudo-counts of the class balance.
    pseudo_counts : (2, n_kinds)
        Pseudo-counts of each kind of vote: how many were right, and how many there were.
    known : (n_functions, n_functions), optional
        Pairs that are known to repeat one another, whatever the counts say.

    Returns
    -------
    Dependence
        The fit, the excess agreement of each pair, and the weight of each function.
    """
    own = np.asarray(counts.functions)
    known = np.zeros((functions, functions), dtype=np.bool_) if known is None else known
    suspects = (agreement(counts, functions, counts.together) > SUSPECT) | known
    fit = fit_pairs(
        counts, included=_unsuspected(suspects, functions)[np.ix_(own, own)], prior=prior, pseudo_counts=pseudo_counts
    )
    excess = np.zeros((functions, functions))
    if suspects.any():
        excess = np.where(known, 1.0, _excess(counts, functions, fit))
        fit = fit_pairs(counts, included=(excess < EXCESS)[np.ix_(own, own)], prior=prior, pseudo_counts=pseudo_counts)
        excess = np.where(known, 1.0, _excess(counts, functions, fit))
    return Dependence(fit, excess, 1.0 / (1.0 + np.where(excess > EXCESS, excess, 0.0).sum(axis=1)))


def _unsuspected(suspects: Any, functions: int) -> Any:
    """Suspicion of nearly all pairs proves nothing."""
    kept = ~suspects
    return kept if kept.sum() - functions >= functions else np.ones_like(kept)


def _excess(counts: PairCounts, functions: int, fit: PairFit) -> Array:
    seen = agreement(counts, functions, counts.together)
    expected = agreement(counts, functions, fit.expected(counts))
    excess = (seen - np.maximum(expected, 0.0)) / np.maximum(1.0 - expected, 0.05)
    same, explained = (_same_when_both(counts, functions, table) for table in (counts.together, fit.expected(counts)))
    beyond = (same - explained) / np.maximum(1.0 - explained, 0.05)
    informative = explained < MAY_DIFFER
    return np.asarray(
        np.where(seen > SUSPECT, np.clip(np.where(informative, np.minimum(excess, beyond), excess), 0, 1), 0.0)
    )


def _same_when_both(counts: PairCounts, functions: int, together: Array) -> Array:
    to = np.zeros((len(counts.functions), functions))
    to[np.arange(len(to)), counts.functions] = 1.0
    alike = counts.symbols[:, None] == counts.symbols[None, :]
    both = to.T @ together @ to
    return np.asarray((to.T @ np.where(alike, together, 0.0) @ to) / np.maximum(both, 1e-9))


def agreement(counts: PairCounts, functions: int, together: Array) -> Array:
    """Measure how far each pair of functions agrees beyond chance.

    Parameters
    ----------
    counts
        How often pairs of kinds of vote are given on one row.
    functions
        Number of functions.
    together : (n_kinds, n_kinds)
        How often each pair of kinds of vote is given on one row.

    Returns
    -------
    (n_functions, n_functions)
        Chance-corrected agreement: 0 by chance, 1 for a copy; 0 on the diagonal.
    """
    by_chance, uses = counts.chance, np.diag(counts.together)
    shape = (functions, functions)
    same = np.zeros(shape)
    chance = np.zeros(shape)
    for symbol in np.unique(counts.symbols):
        kinds = np.flatnonzero(counts.symbols == symbol)
        own = np.ix_(counts.functions[kinds], counts.functions[kinds])
        same[own] += together[np.ix_(kinds, kinds)]
        chance[own] += by_chance[np.ix_(kinds, kinds)]
    fires = np.bincount(counts.functions, weights=uses, minlength=functions)
    most = np.sqrt(np.outer(fires, fires))
    kappa = (same - chance) / np.maximum(most - chance, 1e-9)
    np.fill_diagonal(kappa, 0.0)
    return np.asarray(np.where(most > 0, kappa, 0.0))
