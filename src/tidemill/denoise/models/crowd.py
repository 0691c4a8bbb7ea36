"""Dawid-Skene for crowds: many voters who may each name every class (Dawid and Skene, 1979, as it was meant).

With many two-sided voters the class balance can be estimated from the votes, and is: errors of single voters even out,
where a few functions would drag it along. (Votes of one-sided functions show how often each was written for, so there the
balance stays at its prior.) Rows were assigned to voters, so an abstain is no evidence. Each confusion is shrunk
to one accuracy and to the voter's habits relative to those of the crowd: what all vote often is common as well as habit.
The prediction is the mean of this and the share of votes, which keeps rows with few votes from being decided by one voter.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import ABSTAIN, Features, Probabilities, Votes
from tidemill.denoise.models.dawid_skene import floored
from tidemill.denoise.models.dawid_skene_votes import DawidSkeneVotes, conditional_confusions
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.gold_scores import gold_evidence
from tidemill.denoise.statistics.votes import Array, one_hot, softmax, sum_evidence, vote_shares

LEARNED: Final = 0.75
"""Weight of what is learned in the mean; the share of votes has the rest."""
MANY: Final = 20
"""Effective voters from which on votes can be a crowd's."""
OWN_MIND: Final = 0.4
"""Least share of effective voters: where most repeat others, repetition must be discounted, which is not done here."""
PATIENCE: Final = 1_000
"""Mean votes of a voter from which on these are functions: people tire, and so many votes let `generative` be tested."""
TWO_SIDED: Final = 0.5
"""How far towards naming all classes alike the mean voter of a crowd is: 0 names one class only, 1 all alike."""
FLOOR: Final = 0.02


class Crowd(DawidSkeneVotes):
    """The mean of the majority vote and of Dawid-Skene with an estimated class balance.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 0], [1, 1, 1]] * 5, dtype=np.int16)
    >>> Crowd(n_classes=2).fit(votes).predict_proba(votes[:3]).argmax(axis=1)
    array([0, 0, 1])
    """

    name = "crowd"

    def learn(self, rows: DistinctRows) -> None:
        """Fit confusions and class balance by EM, from the majority vote.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        one_hot_votes, covered = one_hot(rows.votes, self.n_classes), (rows.weights * rows.covered)[:, None]
        gold_logs, pseudo_counts = gold_evidence(rows.gold, self.n_classes), self.accuracy_counts()
        habits = relative_habits(np.asarray(one_hot_votes.T @ rows.weights), self.n_classes)
        readable = two_sided(rows, self.n_classes)
        posterior = softmax(np.log(vote_shares(rows.votes, self.n_classes) + 1e-9) + gold_logs)
        for _ in range(self.iterations):
            mass = (posterior * covered).sum(axis=0) + 1e-9 + self.balance_counts()
            self.balance_ = floored(mass / mass.sum(), FLOOR) if readable else self.stated_balance()
            counted = posterior * rows.weights[:, None]
            given, self.accuracies_ = conditional_confusions(
                one_hot_votes, counted, self.strength, pseudo_counts=pseudo_counts, habits=habits
            )
            self.evidence_ = np.log(given)
            previous, posterior = posterior, softmax(one_hot_votes @ self.evidence_ + np.log(self.balance_) + gold_logs)
            if np.abs(posterior - previous).max() < self.tolerance:
                break
        self.prior_ = self.balance_

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        learned = softmax(sum_evidence(votes, self.evidence_, self.n_classes) + np.log(self.balance_))
        return np.asarray(LEARNED * learned + (1.0 - LEARNED) * vote_shares(votes, self.n_classes))


def relative_habits(uses: Array, n_classes: int) -> Array:
    """Compute how readily each voter gives each vote, relative to the crowd.

    Half of what the crowd votes often is put down to the class being common (a square root), half to habit.

    Parameters
    ----------
    uses : (n_functions * 2 * n_classes,)
        How often each kind of vote is given.
    n_classes
        Number of classes.

    Returns
    -------
    (n_functions, 2 * n_classes)
        Each row sums to 1.
    """
    table = uses.reshape(-1, 2 * n_classes)
    chance = np.where(np.arange(2 * n_classes) < n_classes, 0.5, 0.0)
    own = (table + chance) / (table.sum(axis=1, keepdims=True) + chance.sum())
    every = (table.sum(axis=0) + 0.5) / (table.sum() + n_classes)
    return np.asarray(own / np.sqrt(every))


def two_sided(rows: DistinctRows, n_classes: int) -> bool:
    """Test whether the mean voter names every class.

    A voter's number of classes is the exponential of the entropy of his votes, and voters count by their votes.

    Parameters
    ----------
    rows
        Distinct rows of votes, their weights and gold.
    n_classes
        Number of classes.

    Returns
    -------
    bool
        Whether the votes are two-sided, as a crowd's are.
    """
    uses = np.asarray(one_hot(rows.votes, n_classes).T @ rows.weights).reshape(-1, 2 * n_classes)[:, :n_classes]
    total = uses.sum(axis=1)
    share = uses / np.maximum(total, 1e-9)[:, None]
    named = np.exp(-(share * np.log(np.maximum(share, 1e-12))).sum(axis=1))
    return bool(named @ total > (1.0 + TWO_SIDED * (n_classes - 1)) * total.sum())


def is_crowd(rows: DistinctRows, n_classes: int, *, effective: float) -> bool:
    """Test whether votes come from many voters who each name every class.

    Parameters
    ----------
    rows
        Distinct rows of votes, their weights and gold.
    n_classes
        Number of classes.
    effective
        Effective number of voters, repetition discounted.

    Returns
    -------
    bool
        Whether the classic model of a crowd applies.
    """
    votes = rows.weights @ (rows.votes != ABSTAIN)
    speaking = int((votes > 0).sum())
    few = votes.sum() < PATIENCE * speaking
    return bool(few and effective >= max(MANY, OWN_MIND * speaking) and two_sided(rows, n_classes))
