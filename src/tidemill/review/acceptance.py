"""What a review proves of all labels: the bound on their errors, or how much more it would cost.

The chance of a wrong statement is divided: most of it is the sample's, a tenth each is for the reviewers' error rate and for how
many of the wrong labels they would find.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from tidemill.review.fixed_plan import FixedPlan, fixed_plan
from tidemill.review.reviewers import (
    error_rate_bound,
    error_rate_floor,
    error_rate_of_overruled,
    least_found,
    missed_share,
    most_wrong,
)
from tidemill.review.sequential_plan import SequentialPlan, sequential_bound, sequential_plan

_FOR_REVIEWERS: Final = 0.1
_POWER: Final = 0.95
_ROUNDS: Final = 8
"""The more rows are checked, the fewer are needed: so often is it computed anew."""


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
    """What test questions and the checked rows say of the reviewers.

    A row whose label is right is a question too: who denies it is overruled by two others. So many rows are checked that they tell more than test
    questions, which are needed all the same: what all reviewers take for right though it is wrong, nobody denies.

    Parameters
    ----------
    wrong, asked
        Test questions that were answered wrong, of how many.
    trusted
        Reviewers are taken to be right, whatever test questions say.
    overruled, confirmed
        Checked rows of which an answer was overruled or is in dispute, of those whose label has not been refuted.
    """

    wrong: int
    asked: int
    trusted: bool = False
    overruled: int = 0
    confirmed: int = 0

    def bound(self, alpha: float, *, error: float = 0.0) -> float:
        """Bound their error rate.

        Parameters
        ----------
        alpha : float
            Chance that the bound is too low.
        error : float
            Share of wrong labels that is allowed: twice as many of the confirmed ones are left out, for some of the wrong are among them.

        Returns
        -------
        float
            0 where they are taken to be right, 1 without test questions; never what test questions refute.
        """
        if self.trusted:
            return 0.0
        of_tests = error_rate_bound(self.wrong, self.asked, alpha)
        if not self.asked or not self.confirmed:
            return of_tests
        rows = max(math.floor(self.confirmed * (1.0 - 2.0 * error)), self.overruled)
        together = error_rate_bound(self.wrong + self.overruled, self.asked + rows, alpha)
        rate = error_rate_of_overruled(together)
        return of_tests if rate is None else max(rate, error_rate_floor(self.wrong, self.asked, alpha))

    def after(self, rows: int, *, wrong: float) -> Reviewers:
        """Foresee what checked rows will say, if reviewers err as often there as in test questions.

        Parameters
        ----------
        rows : int
            Rows that will be checked.
        wrong : float
            Share of wrong labels.

        Returns
        -------
        Reviewers
        """
        if self.trusted or not self.asked:
            return self
        rate, confirmed = self.wrong / self.asked, math.floor(rows * (1.0 - wrong))
        return replace(self, overruled=round(rate * confirmed), confirmed=confirmed)


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
    error_rate = reviewers.bound(levels.error_rate, error=target.error)
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
    plan, rows = _plan(target, reviewers), target.n_rows
    for _ in range(_ROUNDS):
        foreseen = _plan(target, reviewers.after(rows, wrong=target.expected))
        if foreseen is None:
            break
        plan, rows = foreseen, round((rows + foreseen.mean_rows) / 2.0)
    return plan


def _plan(target: Target, reviewers: Reviewers) -> Plan | None:
    levels = Levels.of(target.confidence, trusted=reviewers.trusted)
    missed = missed_share(reviewers.bound(levels.error_rate, error=target.error))
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
        times = size / max(rows, 1)
        then = replace(
            reviewers,
            overruled=math.ceil(reviewers.overruled * times),
            confirmed=math.floor(reviewers.confirmed * times),
        )
        return proven(target, then, rows=size, errors=more).met

    if not met(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    return high - rows
