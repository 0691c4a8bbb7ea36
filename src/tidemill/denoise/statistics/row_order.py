"""Orders of rows that depend on their content alone, not on where they stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from tidemill.contracts import NO_GOLD, Features, Votes


def row_order(votes: Votes, features: Features) -> Any:
    """Order rows by a hash of their votes and features, so that the order in which they came changes nothing.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    features : (n_rows, n_dimensions)
        Features of the rows.

    Returns
    -------
    (n_rows,)
        Indices of the rows.
    """
    words = np.ascontiguousarray(np.asarray(features, dtype=np.float32)).view(np.uint32).astype(np.uint64)
    spread = np.random.default_rng(0).integers(1, 2**63, words.shape[1] + votes.shape[1], dtype=np.uint64) | np.uint64(
        1
    )
    total = (words * spread[: words.shape[1]]).sum(axis=1, dtype=np.uint64)
    total += ((votes.astype(np.int64) + 256).astype(np.uint64) * spread[words.shape[1] :]).sum(axis=1, dtype=np.uint64)
    return np.argsort(total ^ (total >> np.uint64(29)), kind="stable")


def gold_first(order: Any, gold: Any) -> Any:
    """Put the rows that have gold before the others.

    Parameters
    ----------
    order : (n_rows,)
        Indices of rows.
    gold : (n_rows,) or None
        Class index or ``NO_GOLD``.

    Returns
    -------
    (n_rows,)
        The same indices; their order is kept among rows with gold, and among those without.

    Examples
    --------
    >>> gold_first(np.array([2, 0, 1]), np.array([-1, 0, -1]))
    array([1, 2, 0])
    """
    if gold is None:
        return order
    return order[np.argsort(np.asarray(gold)[order] == NO_GOLD, kind="stable")]
