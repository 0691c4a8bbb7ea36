"""What a review proves of all labels: the bound on their errors, or how much more it would cost.

The chance of a wrong statement is divided: most of it is the sample's, a tenth each is for the reviewers' error rate and for how
many of the wrong labels they would find.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tidemill.review.fixed_plan import FixedPlan, fixed_plan
from tidemill.review.reviewers import error_rate_bound, least_found, missed_share, most_wrong
from tidemill.review.sequential_plan import SequentialPlan, sequential_bound, sequential_plan

_FOR_REVIEWERS: Final = 0.1
_POWER: Final = 0.95


@dataclass(frozen=True)
class Target:
    """What is to be proven, and of what.

    Parameters
    ----------
    n_rows
        Labels in all.
    error
        Share of wrong labels that is allowed.
    confidence
        Of the proof.
    expected
        Share of wrong labels that is expected, stated before the first row is checked.
    """

    n_rows: int
    error: float
    confidence: float
    expected: float

    @property
    def allowed(self) -> int:
        """The most wrong labels."""
        return math.floor(self.error * self.n_rows + 1e-9)

    @property
    def expected_wrong(self) -> int:
        """Wrong labels that are expected."""
        return round(self.expected * self.n_rows)


@dataclass(frozen=True)
class Reviewers:
    """What test questions say of the reviewers.

    Parameters
    ----------
    wrong, asked
        Test questions that were answered wrong, of how many.
    trusted
        Reviewers are taken to be right, whatever test questions say.
    """

    wrong: int
    asked: int
    trusted: bool = False

    def bound(self, alpha: float) -> float:
        """Bound their error rate.

        Parameters
        ----------
        alpha : float
            Chance that the bound is too low.

        Returns
        -------
        float
            0 where they are taken to be right.
        """
        return 0.0 if self.trusted else error_rate_bound(self.wrong, self.asked, alpha)


@dataclass(frozen=True)
class Levels:
    """Parts of the chance of a wrong statement."""

    sample: float
    error_rate: float
    found: float

    @classmethod
    def of(cls, confidence: float, *, trusted: bool) -> Levels:
        """Divide the chance of a wrong statement.

        Parameters
        ----------
        confidence : float
            One less this chance.
        trusted : bool
            Reviewers are taken to be right, so all of it is the sample's.

        Returns
        -------
        Levels
        """
        alpha = 1.0 - confidence
        part = 0.0 if trusted else _FOR_REVIEWERS * alpha
        return cls(alpha - 2.0 * part, part, part)


@dataclass(frozen=True)
class Bound:
    """What the rows checked so far prove.

    Parameters
    ----------
    wrong
        Wrong labels at most.
    share
        The same as a share of all.
    reviewer_error
        Bound on the reviewers' error rate.
    met
        Whether the target is met.
    """

    wrong: int
    share: float
    reviewer_error: float
    met: bool


def proven(target: Target, reviewers: Reviewers, *, rows: int, errors: int) -> Bound:
    """Bound the wrong labels, at any time.

    Parameters
    ----------
    target
        What is to be proven.
    reviewers
        What test questions say of them.
    rows, errors : int
        Rows that were drawn at random and checked, and labels among them that are not confirmed.

    Returns
    -------
    Bound
        With all rows checked by reviewers taken to be right: exact.
    """
    levels = Levels.of(target.confidence, trusted=reviewers.trusted)
    error_rate = reviewers.bound(levels.error_rate)
    found = sequential_bound(
        target.n_rows, rows=rows, errors=errors, expected=target.expected_wrong, alpha=levels.sample
    )
    missed = missed_share(error_rate)
    wrong = found if missed == 0.0 else most_wrong(found, target.n_rows, missed, levels.found)
    return Bound(wrong, wrong / max(target.n_rows, 1), error_rate, met=wrong <= target.allowed)


@dataclass(frozen=True)
class Plan:
    """What it costs to prove the target, if as many labels are wrong as expected.

    Parameters
    ----------
    fixed
        With a number of rows that is fixed beforehand, and met with a chance of 95%; None: only by checking all rows.
    sequential
        With a look after every row.
    mean_rows
        Rows until the target is proven, on average, with a look after every row.
    """

    fixed: FixedPlan | None
    sequential: SequentialPlan
    mean_rows: float


def make_plan(target: Target, reviewers: Reviewers) -> Plan | None:
    """Plan the proof.

    Parameters
    ----------
    target
        What is to be proven.
    reviewers
        Test questions as they are expected to be answered.

    Returns
    -------
    Plan or None
        None where reviewers err so much that no number of rows would do.
    """
    levels = Levels.of(target.confidence, trusted=reviewers.trusted)
    missed = missed_share(reviewers.bound(levels.error_rate))
    allowed = target.allowed if missed == 0.0 else least_found(target.allowed + 1, missed, levels.found) - 1
    if allowed < 0:
        return None
    expected = target.expected_wrong  # reviewers find fewer; with all of them the plan is on the safe side
    fixed = fixed_plan(target.n_rows, allowed=allowed, expected=expected, alpha=levels.sample, power=_POWER)
    sequential = sequential_plan(target.n_rows, allowed=allowed, expected=expected, alpha=levels.sample)
    return Plan(fixed, sequential, sequential.mean_rows(expected))


def rows_to_go(target: Target, reviewers: Reviewers, *, rows: int, errors: int) -> int | None:
    """Compute how many more rows are likely to prove the target, if errors go on at the rate seen so far.

    Parameters
    ----------
    target, reviewers, rows, errors
        As ``proven`` has them.

    Returns
    -------
    int or None
        None where checking all rows would not prove it at that rate.
    """
    rate = (errors + target.expected) / (rows + 1.0)
    low, high = rows - 1, target.n_rows

    def met(size: int) -> bool:
        more = errors + round(rate * (size - rows))
        return proven(target, reviewers, rows=size, errors=more).met

    if not met(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    return high - rows
