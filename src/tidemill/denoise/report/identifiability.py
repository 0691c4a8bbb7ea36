"""What votes alone cannot determine of a data set, its classes and its rows, with the reason.

With fewer than three functions whose votes meet, or none that agree, accuracies and balance fit the same votes in many ways
(three conditionally independent views identify a latent class: Allman, Matias and Rhodes, Annals of Statistics 37, 2009).
With more, dependence between functions does the same; two estimates of the balance that differ are a symptom of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tidemill.contracts import Votes
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.models.smoothed import MAX_MISMATCH
from tidemill.denoise.report.gold_report import row_groups
from tidemill.denoise.statistics.balance import class_vote_shares
from tidemill.denoise.statistics.distinct_rows import distinct_rows
from tidemill.reports.denoise import Identifiability, RowShares

APART: Final = 0.2
"""Distance (total variation) between two estimates of the class balance from which neither is believed."""
VIEWS: Final = 3
MEETINGS: Final = 5
"""Rows with votes of both functions from which on they count as overlapping."""


def identifiability(votes: Votes, classes: Sequence[str], *, budget: int = 20_000) -> Identifiability:
    """Report what the votes do not determine.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        The votes that the label model was fitted on.
    classes
        Names of the classes.
    budget
        Most distinct rows to look at.

    Returns
    -------
    Identifiability
    """
    n_classes = len(classes)
    pairs = PairLifts(n_classes, budget=budget).fit(votes)
    distinct = distinct_rows(votes, budget=budget, order=pairs.order_)
    groups = row_groups(votes, n_classes)
    without_votes, tied = (round(float(groups[name].mean()), 6) for name in ("without_votes", "tied"))
    return Identifiability(
        data_set=tuple(_data_set(votes, pairs, class_vote_shares(distinct, n_classes), pairs.mismatch(distinct))),
        classes=_classes(votes, classes),
        rows=RowShares(without_votes=without_votes, tied=tied),
    )


def _data_set(votes: Votes, pairs: PairLifts, by_votes: Any, mismatch: float) -> list[str]:
    reasons = []
    fires = (votes >= 0).astype(np.float32)
    together = fires.T @ fires >= MEETINGS
    np.fill_diagonal(together, val=False)
    meeting = int(together.any(axis=0).sum())
    if meeting < VIEWS:
        reasons.append(
            f"{meeting} functions vote on the same rows as another, {VIEWS} are needed: how often each is right cannot be learned"
        )
    apart = 0.5 * float(np.abs(by_votes - pairs.balance_).sum())
    several = (
        sum((votes == k).any() for k in range(len(by_votes))) > 1
    )  # where one is named, votes have no share of another
    if several and apart > APART:
        reasons.append(
            f"shares of votes and pairs of votes imply class balances that differ by {apart:.2f}: the shares of labels are a guess"
        )
    if mismatch > MAX_MISMATCH:
        reasons.append(
            f"learned precisions give {mismatch:.0%} of rows a class that the balance does not have: functions depend on one another"
        )
    return reasons


def _classes(votes: Votes, classes: Sequence[str]) -> dict[str, str]:
    reasons = {}
    for k, name in enumerate(classes):
        says = (votes == k).astype(np.float32)
        functions = int(says.any(axis=0).sum())
        together = says.T @ says
        confirmed = (np.triu(together, 1) >= MEETINGS).any()
        if functions == 0:
            reasons[name] = "no function votes for it"
        elif not confirmed:
            several = "one function votes" if functions == 1 else f"none of {functions} functions votes"
            rest = "for it alone" if functions == 1 else "for it on the same rows as another"
            reasons[name] = f"{several} {rest}: how much of it they miss cannot be learned"
    return reasons
