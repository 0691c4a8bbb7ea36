"""Which labeling functions vote more or less than on the reference, and which are contradicted more or less.

Coverage is the share of rows on which a function votes. Conflict is the share of those rows on which another function
contradicts it (Snorkel counts conflicts over all rows; then a function that votes more would seem to be contradicted
more). Each is tested by Fisher's exact test; Benjamini and Hochberg's adjustment holds over all of them together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes
from tidemill.monitor.rows import Finding, Names, Rows, counts, covered, rounded
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.statistics import adjust, fisher
from tidemill.reports.monitor import FunctionDrift, FunctionTests, ShareTest

_TOLD: Final = 5
Hits = tuple[int, int]


def detect(
    reference: Rows, batch: Rows, names: Names, settings: MonitorSettings, *, alpha: float
) -> Finding[FunctionDrift]:
    """Test whether coverage or conflict of any function moved.

    Parameters
    ----------
    reference, batch : Rows
        Rows to compare.
    names : Names
        Of classes and functions.
    settings : MonitorSettings
        Of the stage.
    alpha : float
        Level of all tests together.

    Returns
    -------
    finding
        With coverage and conflict of every function, coverage by any function, and which moved.
    """
    n_classes = len(names.classes)
    pairs = list(zip(tallies(reference.votes, n_classes), tallies(batch.votes, n_classes), strict=True))
    kinds = [*("coverage", "conflict") * len(names.functions), "coverage"]
    p_values = np.array([fisher(*item, *other) for item, other in pairs])
    floors = {"coverage": settings.functions.min_coverage_change, "conflict": settings.functions.min_conflict_change}
    tests = [
        _test(pair, p, adjusted, alpha=alpha, floor=floors[kind])
        for kind, pair, p, adjusted in zip(kinds, pairs, p_values, adjust(p_values), strict=True)
    ]
    by_function = {
        name: FunctionTests(coverage=coverage, conflict=conflict)
        for name, coverage, conflict in zip(names.functions, tests[:-1:2], tests[1:-1:2], strict=True)
    }
    drift = any(test.moved for test in tests)
    report = FunctionDrift(drift=drift, any_function=tests[-1], functions=by_function)
    return Finding(report, _reasons(report))


def tallies(votes: Votes, n_classes: int) -> list[Hits]:
    """Count coverage and conflict of each function.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    n_classes : int
        How many there are.

    Returns
    -------
    list of tuple of int
        Hits and rows: per function its coverage and its conflict, and last the coverage by any function.
    """
    is_covered = votes != ABSTAIN
    against = contradicted(votes, n_classes)
    results: list[Hits] = []
    for j in range(votes.shape[1]):
        fired = int(is_covered[:, j].sum())
        results += [(fired, len(votes)), (int(against[:, j].sum()), fired)]
    return [*results, (int(covered(votes).sum()), len(votes))]


def contradicted(votes: Votes, n_classes: int) -> npt.NDArray[np.bool_]:
    """Find the votes that another vote on the row rules out.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    n_classes : int
        How many there are.

    Returns
    -------
    (n_rows, n_functions)
        False for an abstain.

    Examples
    --------
    >>> contradicted(np.array([[0, 1, -1], [0, -2, -1], [1, -2, -1]], dtype=np.int16), 2).tolist()
    [[True, True, False], [True, True, False], [False, False, False]]
    """
    predicted, denied = counts(votes, n_classes)
    result = np.zeros(votes.shape, dtype=np.bool_)
    for k in range(n_classes):
        others_said = predicted.sum(axis=1) - predicted[:, k]
        result |= (votes == k) & ((others_said > 0) | (denied[:, k] > 0))[:, None]
        left = denied[:, 1 - k] if n_classes == 2 else np.zeros(len(votes))  # noqa: PLR2004 - not a, not b: nothing left
        result |= (votes == -2 - k) & ((predicted[:, k] > 0) | (left > 0))[:, None]
    return result


def _test(pair: tuple[Hits, Hits], p: float, adjusted: float, *, alpha: float, floor: float) -> ShareTest:
    before, after = (hits / rows if rows else 0.0 for hits, rows in pair)
    change = rounded(after - before if pair[0][1] and pair[1][1] else 0.0)
    return ShareTest(
        reference=rounded(before),
        batch=rounded(after),
        change=change,
        p=rounded(p),
        p_adjusted=rounded(adjusted),
        moved=bool(adjusted <= alpha and abs(change) >= floor),
    )


def _reasons(result: FunctionDrift) -> tuple[str, ...]:
    reasons = []
    if result.any_function.moved:
        reasons.append(f"coverage by any function {_arrow(result.any_function)}")
    tests = {
        "coverage": {name: both.coverage for name, both in result.functions.items()},
        "conflict": {name: both.conflict for name, both in result.functions.items()},
    }
    for kind, by_function in tests.items():
        moved = {name: test for name, test in by_function.items() if test.moved}
        if moved:
            largest = sorted(moved, key=lambda name: (-abs(moved[name].change), name))
            message = ", ".join(f"{name} {_arrow(moved[name])}" for name in largest[:_TOLD])
            more = f" and {len(moved) - _TOLD} more" if len(moved) > _TOLD else ""
            reasons.append(f"{kind} of {len(moved)} of {len(by_function)} functions moved: {message}{more}")
    return tuple(reasons)


def _arrow(test: ShareTest) -> str:
    return f"{test.reference:.2f} -> {test.batch:.2f}"
