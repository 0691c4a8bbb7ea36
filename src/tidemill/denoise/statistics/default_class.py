"""Default class of rows without votes: fraud, faults and abuse have functions for the rare class, or none but these.

How many rows of the named classes were missed follows from how often their functions vote together: the lower bound of
Chao (Biometrics 43, 1987) from rows with one and with two votes for the class, each function an occasion of its own. One
function alone tells nothing of what it misses, and is taken to miss as many rows as it finds. The rest of the rows without votes is
of the class stated as default or, where all votes name one class, of the others. Where more classes are named and one is
not, nothing is taken for granted: it may be a class that is rare, and has functions that did not vote.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import ConfigError
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import Array

MOST: Final = 0.5
"""Most of the uncovered rows that are taken to be of named classes."""
HALF_A_ROW: Final = 0.5
"""Rows that a class has of which there is no sign: none is impossible because it was not seen."""


def default_prior(rows: DistinctRows, n_classes: int, *, default: int | None, rate: float | None) -> Array | None:
    """Decide what rows without votes are, where a default class is stated or some class is named by no function.

    Parameters
    ----------
    rows
        Distinct rows with their weights.
    n_classes
        Number of classes.
    default
        Stated class of rows without votes; None: the classes that no function names, where all votes name one class.
    rate
        Stated share of rows without votes that are of the default class, above 0 and below 1; None: estimated.

    Returns
    -------
    (n_classes,) or None
        Probability of each class for a row without votes; None where nothing is stated and two classes or more are named.

    Raises
    ------
    ConfigError
        The default is no class, the rate is no share, or a rate is stated without a default where several classes are named.
    """
    if default is not None and (isinstance(default, bool) or not 0 <= default < n_classes):
        raise ConfigError(f"default {default}: promised a class in 0..{n_classes - 1}")
    if rate is not None and not 0.0 < rate < 1.0:
        raise ConfigError(f"default_rate {rate}: promised a share above 0 and below 1")
    counts = np.stack([(rows.votes == k).sum(axis=1) for k in range(n_classes)], axis=1)
    unnamed = ~(counts > 0).any(axis=0)
    if default is None and unnamed.sum() != n_classes - 1:
        if rate is not None:
            raise ConfigError(
                f"default_rate {rate}: state the default class too, for the votes do not name one class alone"
            )
        return None
    takes = unnamed if default is None else np.arange(n_classes) == default
    missed = missed_shares(counts, rows.weights, _functions_of_class(rows, n_classes))
    named = np.where(takes, 0.0, missed)
    others = float(min(named.sum(), MOST)) if rate is None else 1.0 - rate
    named = named / named.sum() if named.sum() > 0 else ~takes / (~takes).sum()
    shares = others * named + (1.0 - others) * takes / takes.sum()
    shares = np.where(shares > 0, shares, HALF_A_ROW / (rows.weights.sum() + 1.0))
    return np.asarray(shares / shares.sum())


def one_class_named(rows: DistinctRows, n_classes: int) -> int | None:
    """Determine the class that all votes name.

    Parameters
    ----------
    rows
        Distinct rows of votes.
    n_classes
        Number of classes.

    Returns
    -------
    int or None
        Index of the class; None where votes name several, or none.
    """
    named = np.flatnonzero(_functions_of_class(rows, n_classes))
    return int(named[0]) if len(named) == 1 else None


def _functions_of_class(rows: DistinctRows, n_classes: int) -> Array:
    """Count the functions that vote for each class, ``(n_classes,)``."""
    return np.array([(rows.votes == k).any(axis=0).sum() for k in range(n_classes)], dtype=np.float64)


def missed_shares(counts: Array, weights: Array, functions: Array) -> Array:
    """Estimate the share of rows of each class that no function votes on.

    Parameters
    ----------
    counts : (n_rows, n_classes)
        Votes for each class.
    weights : (n_rows,)
        How often each row came.
    functions : (n_classes,)
        How many functions vote for each class.

    Returns
    -------
    (n_classes,)
        Missed rows as a share of the rows without votes: a lower bound where coverage differs from row to row. Of a class with one
        function, as many rows as it finds.
    """
    once, twice = weights @ (counts == 1), weights @ (counts == 2)  # noqa: PLR2004 - rows with two votes
    occasions = np.maximum(functions, 1.0)
    bound = (1.0 - 1.0 / occasions) * once * np.maximum(once - 1.0, 0.0) / (2.0 * (twice + 1.0))
    missed = np.where(functions == 1, once, bound)
    uncovered = float(weights @ (counts.sum(axis=1) == 0))
    return np.asarray(missed / max(uncovered, 1.0))
