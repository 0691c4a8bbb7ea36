"""Columns of votes that say what gold says, as a copy of it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.common.spelling import counted, listed

_ENOUGH: Final = 20
"""Rows with gold from which on a function that is right on all of them is told of."""
_FEW: Final = 10
"""The same of one that votes where gold is, and hardly elsewhere."""
_RIGHT: Final = 0.9
"""Share of those rows, for a copy may have been corrected in a few."""
_STANDARD_ERRORS: Final = 4.0
_TIMES: Final = 2.0
"""How much oftener than elsewhere it votes where gold is, at least."""


def columns_like_gold(votes: npt.NDArray[Any], functions: Sequence[str], gold: npt.NDArray[Any]) -> list[str]:
    """Word the columns of votes that may be copies of gold.

    A function does not see which rows have gold, so how often it votes is the same there and elsewhere but for chance. Where all rows have
    gold, and of functions that vote on rows of two classes, being always right is what shows.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        Class indices; negative where a function abstains.
    functions
        Names of the columns.
    gold : (n_rows,)
        Class indices; negative where a row has none.

    Returns
    -------
    list of str
        A sentence on each column that votes with gold alone, and one on those that are always right.

    Examples
    --------
    >>> gold = np.array([0, 1] * 10 + [-1] * 30)
    >>> votes = np.stack([gold, np.tile([0, 1, 1, 0, 1], 10)], axis=1)
    >>> print(columns_like_gold(votes, ["qa", "words"], gold)[0])
    column 'qa' votes on 100% of the rows with gold and on 0% of the others, and says what gold says in 20 of 20; where it is made of gold, \
leave it out with --not-columns qa: labels that learn from it look better on gold than they are
    """
    results, always = [], []
    has_gold = gold >= 0
    for j, name in enumerate(functions):
        voted = votes[:, j] >= 0
        rows = np.flatnonzero(voted & has_gold)
        right = int((votes[rows, j] == gold[rows]).sum())
        if len(rows) < _FEW or right < _RIGHT * len(rows):
            continue
        if shares := _votes_with_gold(voted, has_gold):
            results.append(
                f"column {name!r} votes on {shares[0]:.0%} of the rows with gold and on {shares[1]:.0%} of the others, and says what gold "
                f"says in {right} of {len(rows)}; {_remedy([name])}"
            )
        elif right == len(rows) >= _ENOUGH and len(set(gold[rows].tolist())) > 1:
            always.append((name, right))
    if always:
        names = [name for name, _ in always]
        counts = listed([f"{name!r} in {counted(rows, 'row')}" for name, rows in always])
        results.append(f"always says what gold says: column {counts}; {_remedy(names)}")
    return results


def _votes_with_gold(voted: npt.NDArray[np.bool_], has_gold: npt.NDArray[np.bool_]) -> tuple[float, float] | None:
    """Shares of rows with gold and of others on which a column votes, where the first is larger beyond chance."""
    n, others = int(has_gold.sum()), int((~has_gold).sum())
    if not others:
        return None
    there, elsewhere, share = float(voted[has_gold].mean()), float(voted[~has_gold].mean()), float(voted.mean())
    error = float(np.sqrt(share * (1 - share) * (1 / n + 1 / others)))
    return (there, elsewhere) if there - elsewhere > _STANDARD_ERRORS * error and there > _TIMES * elsewhere else None


def _remedy(names: Sequence[str]) -> str:
    return (
        f"where it is made of gold, leave it out with --not-columns {','.join(names)}: labels that learn from it look better on gold than "
        "they are"
    )
