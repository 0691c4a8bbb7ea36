"""votes on two sets of rows -> which labeling functions speak more or less, and which are contradicted more or less.

Coverage is the share of rows on which a function speaks. Conflict is the share of those rows on which another function
contradicts it (Snorkel counts conflicts over all rows; then a function that speaks more would seem to be contradicted
more). Each is tested by Fisher's exact test; Benjamini and Hochberg's adjustment holds over all of them together.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes
from tidemill.monitor.rows import Names, Rows, counts, covered, rounded
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.statistics import adjust, fisher

_TOLD: Final = 5
Hits = tuple[int, int]


def detect(reference: Rows, batch: Rows, names: Names, settings: MonitorSettings, *, alpha: float) -> dict[str, Any]:
    """Reference and batch -> finding: coverage and conflict of every function, of any function, and which moved."""
    n_classes = len(names.classes)
    pairs = list(zip(tallies(reference.votes, n_classes), tallies(batch.votes, n_classes), strict=True))
    keys = [(kind, name) for name in names.functions for kind in ("coverage", "conflict")] + [("coverage", None)]
    tests = [_compare(one, other) for one, other in pairs]
    adjusted = adjust(np.array([test["p"] for test in tests]))
    floors = {"coverage": settings.functions.min_coverage_change, "conflict": settings.functions.min_conflict_change}
    for (kind, _), test, p in zip(keys, tests, adjusted, strict=True):
        test["p_adjusted"] = rounded(p)
        test["moved"] = bool(p <= alpha and abs(test["change"]) >= floors[kind])
        test["p"] = rounded(test["p"])
    by_function: dict[str, dict[str, Any]] = {name: {} for name in names.functions}
    for (kind, function), test in zip(keys[:-1], tests[:-1], strict=True):
        by_function[str(function)][kind] = test
    return {
        "drift": any(test["moved"] for test in tests),
        "reasons": _reasons(by_function, tests[-1]),
        "any_function": tests[-1],
        "functions": by_function,
    }


def tallies(votes: Votes, n_classes: int) -> list[Hits]:
    """Votes -> (hits, rows): per function its coverage and its conflict, and last the coverage of any function."""
    spoke = votes != ABSTAIN
    against = contradicted(votes, n_classes)
    found: list[Hits] = []
    for j in range(votes.shape[1]):
        heard = int(spoke[:, j].sum())
        found += [(heard, len(votes)), (int(against[:, j].sum()), heard)]
    return [*found, (int(covered(votes).sum()), len(votes))]


def contradicted(votes: Votes, n_classes: int) -> npt.NDArray[np.bool_]:
    """Votes -> (rows, functions) whether the vote stands and another vote of the row rules it out.

    >>> contradicted(np.array([[0, 1, -1], [0, -2, -1], [1, -2, -1]], dtype=np.int8), 2).tolist()
    [[True, True, False], [True, True, False], [False, False, False]]
    """
    said, denied = counts(votes, n_classes)
    found = np.zeros(votes.shape, dtype=np.bool_)
    for k in range(n_classes):
        others_said = said.sum(axis=1) - said[:, k]
        found |= (votes == k) & ((others_said > 0) | (denied[:, k] > 0))[:, None]
        left = denied[:, 1 - k] if n_classes == 2 else np.zeros(len(votes))  # noqa: PLR2004 - not a, not b: nothing left
        found |= (votes == -2 - k) & ((said[:, k] > 0) | (left > 0))[:, None]
    return found


def _compare(one: Hits, other: Hits) -> dict[str, Any]:
    shares = [hits / rows if rows else 0.0 for hits, rows in (one, other)]
    change = shares[1] - shares[0] if one[1] and other[1] else 0.0
    return {
        "reference": rounded(shares[0]),
        "batch": rounded(shares[1]),
        "change": rounded(change),
        "p": fisher(*one, *other),
    }


def _reasons(functions: dict[str, dict[str, Any]], any_function: dict[str, Any]) -> list[str]:
    reasons = []
    if any_function["moved"]:
        reasons.append(f"rows on which any function speaks {_arrow(any_function)}")
    for kind in ("coverage", "conflict"):
        moved = {name: tests[kind] for name, tests in functions.items() if tests[kind]["moved"]}
        if moved:
            largest = sorted(moved, key=lambda name: (-abs(moved[name]["change"]), name))
            told = ", ".join(f"{name} {_arrow(moved[name])}" for name in largest[:_TOLD])
            more = f" and {len(moved) - _TOLD} more" if len(moved) > _TOLD else ""
            reasons.append(f"{kind} of {len(moved)} of {len(functions)} functions moved: {told}{more}")
    return reasons


def _arrow(test: dict[str, Any]) -> str:
    return f"{test['reference']:.2f} -> {test['batch']:.2f}"
