"""Smoothed majority vote: counts of votes, one pseudo-vote spread by the class balance, and bounded evidence from what was learned.

A pseudo-vote (Laplace's rule of succession, with the class balance in place of a uniform prior) makes a row with few votes
as unsure as it is, lets a common class win ties and never overturns a majority. On top of it come, within narrow bounds,
two things that votes tell of one another: how rarely a function gives its vote (what is said of few rows is more
specific), and the confusions of the votes that functions cast. They settle ties, and majorities of one among five votes
or more. The bounds are narrow because errors of real functions depend on one another in ways that votes do not show.

Pair precisions alone may overturn a majority: they have half the weight in the mean where the classes that they hand out are
there by the balance, and none otherwise or beside a rare class. Answers are about as good with less of them; end models
trained on these labels are not.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tidemill.contracts import Features, Probabilities, Votes
from tidemill.denoise.models.dawid_skene_votes import DawidSkeneVotes
from tidemill.denoise.models.pairs import PairLifts
from tidemill.denoise.models.priors import ModelWithPriors
from tidemill.denoise.statistics.balance import class_balance, leading_class, uncovered_prior
from tidemill.denoise.statistics.default_class import default_prior, one_class_named
from tidemill.denoise.statistics.distinct_rows import DistinctRows
from tidemill.denoise.statistics.votes import Array, named_classes, one_hot, softmax, sum_evidence, uncovered

PSEUDO_VOTES: Final = 1.0
BELIEVED: Final = 2.0 / 3.0
"""Power of the balance in the pseudo-vote: two estimates and, as a third, that every class is alike."""
SPECIFIC: Final = 0.2
"""Log odds per unit of a vote's rarity, ``-log(share of rows with it)``, beside the mean vote of the row."""
CONFUSED: Final = 0.3
"""Share of the learned log odds that counts."""
BOUND: Final = 0.2
"""Most that rarity and confusions move the log odds of a class, either way."""
CORRELATION: Final = 0.3
"""Correlation between votes of a row that Kish's design effect takes for granted (Survey Sampling, 1965)."""
SURER: Final = 0.7
"""How much agreement beyond chance raises the confidence among three classes or more: errors seldom meet there."""
DOUBTFUL: Final = 0.2
"""Share of rows given a class beyond the estimated balance from which pair precisions have no part in the prediction."""
PAIRS: Final = 0.5
"""Weight of pair precisions in the mean; what they are sure of can overturn a majority."""
RARE: Final = 0.8
"""Lead of the commonest class from which pair precisions are left out: beside a rare class one wrong vote of it decides."""
MAX_MISMATCH: Final = 0.3
"""Share of rows given a class beyond the estimated balance from which votes are too dependent to train a classifier on."""


class SmoothedVote(ModelWithPriors):
    """Label model that smooths the majority vote by the class balance and breaks its ties by what it learned.

    Parameters
    ----------
    default
        Class of rows without votes; None: estimated, where the votes determine it.
    default_rate
        Share of rows without votes that are of the default class; None: estimated from coverage.
    balance, accuracies_hint, budget
        See ``ModelWithPriors``; most distinct rows to learn from.

    Attributes
    ----------
    pseudo_ : (n_classes,)
        The pseudo-vote.
    rarity_ : (n_functions * 2 * n_classes,)
        ``-log`` of the share of rows with each kind of vote; 0 for "not class k".
    evidence_ : (n_functions * 2 * n_classes, n_classes)
        Log probability of each kind of vote given the class.
    pair_evidence_ : (n_functions * 2 * n_classes, n_classes)
        Log of P(class | vote) over the balance, by pair counts.
    weights_ : (n_functions,)
        How much each function counts, repetition discounted.
    pair_share_ : float
        Weight of pair precisions in the answer.
    sharpness_ : float
        Power that probabilities are raised to.
    shares_ : (n_functions,)
        What a vote of each function counts: less than 1 in a known group. None in files of before 0.2.0.
    mismatch_ : float
        Share of rows to which pair precisions give a class beyond the balance that they estimate.

    Examples
    --------
    >>> votes = np.array([[0, 0, 1], [0, -1, -1], [-1, 1, 1], [-1, -1, -1]] * 5, dtype=np.int16)
    >>> SmoothedVote(n_classes=2).fit(votes).predict_proba(votes[:2]).argmax(axis=1)
    array([0, 0])
    """

    name = "smoothed"
    parameters = ("n_classes", "default", "default_rate", "budget", "balance", "accuracies_hint")
    learned = (
        *ModelWithPriors.learned,
        *("pseudo_", "rarity_", "evidence_", "pair_evidence_", "pair_share_", "weights_", "sharpness_", "mismatch_"),
        *("accuracies_", "effective_", "shares_"),
    )

    pseudo_: Array
    rarity_: Array
    evidence_: Array
    pair_evidence_: Array
    pair_share_: float
    weights_: Array
    sharpness_: float
    mismatch_: float
    accuracies_: Array
    effective_: float
    shares_: Array | None = None

    def __init__(
        self, n_classes: int, *, default: int | None = None, default_rate: float | None = None, **priors: Any
    ) -> None:
        super().__init__(n_classes, **priors)
        self.default = default
        self.default_rate = default_rate

    def learn(self, rows: DistinctRows) -> None:
        """Learn from distinct rows: pair precisions first, then what ``learn_from`` learns.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        """
        pairs = PairLifts(self.n_classes, **self.prior_parameters())
        pairs.order_, pairs.known_groups = self.order_, self.known_groups
        pairs.learn(rows)
        self.learn_from(rows, pairs)

    def learn_from(self, rows: DistinctRows, pairs: PairLifts) -> None:
        """Learn from distinct rows and pair precisions fitted on them.

        Parameters
        ----------
        rows
            Distinct rows of votes, their weights and gold.
        pairs
            Fitted on the same rows, in the same order of functions.
        """
        of_votes = DawidSkeneVotes(self.n_classes, **self.prior_parameters())
        of_votes.order_ = pairs.order_
        of_votes.iterate(rows, pairs.weights_)
        self.functions_, self.weights_ = pairs.functions_, pairs.weights_
        self.known_groups, self.shares_ = pairs.known_groups, 1.0 / (1.0 + pairs.of_one_group().sum(axis=1))
        self.evidence_, self.pair_evidence_ = of_votes.evidence_, pairs.evidence_
        self.accuracies_, self.effective_ = pairs.precisions(), pairs.effective()
        self.rarity_ = rarity(rows, self.n_classes)
        self.sharpness_ = 1.0 + SURER * agreement(rows, self.n_classes) * (self.n_classes > 2)  # noqa: PLR2004
        self.mismatch_ = pairs.mismatch(rows)
        self.balance_ = class_balance(rows, pairs.balance_, self.balance_counts())
        self.pair_share_ = 0.0 if self.mismatch_ > DOUBTFUL or leading_class(self.balance_) > RARE else PAIRS
        self.prior_ = uncovered_prior(self.balance_, pairs.prior_)
        default = default_prior(rows, self.n_classes, default=self.default, rate=self.default_rate)
        if default is not None:
            missing = float(rows.weights @ ~rows.covered) / float(rows.weights.sum())
            self.prior_, self.balance_ = default, missing * default + (1.0 - missing) * self.balance_
        # where no function speaks for the common class, nothing could outvote a pseudo-vote for it
        named_alone = one_class_named(rows, self.n_classes) not in (None, self.default)
        weighed = np.ones(self.n_classes) if named_alone else self.balance_**BELIEVED
        self.pseudo_ = PSEUDO_VOTES * weighed / weighed.sum()

    def first_labels(self, votes: Votes) -> Probabilities:
        """Label rows for a classifier to start from: the mean of the smoothed vote and of pair precisions.

        A classifier on features evens out errors that do not follow the features, so it may start from evidence that is
        too uncertain for an answer.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            In the order of ``fit``.

        Returns
        -------
        (n_rows, n_classes)
            Rows without votes get the prior.
        """
        ordered = votes[:, self.order_]
        by_pairs = softmax(sum_evidence(ordered, self.pair_evidence_, self.n_classes))
        labels = (self._smoothed(ordered) + by_pairs) / 2.0
        return np.where(uncovered(ordered)[:, None], self.prior_, labels)

    @property
    def too_dependent(self) -> bool:
        """Whether votes are too dependent on one another to train a classifier on."""
        return bool(self.mismatch_ > MAX_MISMATCH)

    def _predict(self, votes: Votes, features: Features | None) -> Probabilities:  # noqa: ARG002 - votes only
        smoothed = self._smoothed(votes)
        if self.pair_share_ == 0.0:
            return smoothed
        logs = sum_evidence(votes, self.pair_evidence_, self.n_classes) / self._design(votes)[:, None]
        return np.asarray((1.0 - self.pair_share_) * smoothed + self.pair_share_ * softmax(logs))

    def _smoothed(self, votes: Votes) -> Probabilities:
        named = np.tile(named_classes(self.n_classes), (self.functions_, 1)) * self._shares()
        counts = sum_evidence(votes, named, self.n_classes)
        total = counts.sum(axis=1, keepdims=True)
        smooth = np.log((counts + self.pseudo_) / (total + PSEUDO_VOTES))
        nudge = self._specific(votes, counts, total) + self._confused(votes)
        return softmax(self.sharpness_ * (smooth + np.clip(nudge, -BOUND, BOUND)))

    def _shares(self) -> Array:
        """Votes of a known group are counted as one vote, a share each; (n_functions * 2 * n_classes, 1)."""
        shares = np.ones(self.functions_) if self.shares_ is None else self.shares_
        return np.repeat(shares, 2 * self.n_classes)[:, None]

    def _specific(self, votes: Votes, counts: Array, total: Array) -> Array:
        """Rarity of the mean vote for each class beside that of the row's mean vote; 0 for classes without votes."""
        own = np.zeros((len(self.rarity_), self.n_classes))
        kinds = np.arange(len(self.rarity_)) % (2 * self.n_classes)
        positive = kinds < self.n_classes
        own[positive, kinds[positive]] = self.rarity_[positive]
        own *= self._shares()
        rare = sum_evidence(votes, own, self.n_classes)
        mean = rare.sum(axis=1, keepdims=True) / np.maximum(total, 1e-9)
        return np.asarray(np.where(rare > 0, SPECIFIC * (rare / np.maximum(counts, 1e-9) - mean), 0.0))

    def _confused(self, votes: Votes) -> Array:
        logs = sum_evidence(votes, self.evidence_, self.n_classes)
        return np.asarray(CONFUSED * (logs - logs.mean(axis=1, keepdims=True)) / self._design(votes)[:, None])

    def _design(self, votes: Votes) -> Array:
        """Design effect of each row: by how much votes that depend on one another count for fewer."""
        independent = (votes >= 0) @ self.weights_
        return np.asarray(1.0 + CORRELATION * np.maximum(independent - 1.0, 0.0))

    def _accuracies(self) -> Array:
        return self.accuracies_

    def report(self) -> dict[str, Any]:
        """Report the class balance, the effective number of functions, and whether votes are too dependent to train on.

        Returns
        -------
        dict
            JSON content.
        """
        return super().report() | {
            "effective_functions": round(self.effective_, 3),
            "too_dependent": self.too_dependent,
        }


def rarity(rows: DistinctRows, n_classes: int) -> Array:
    """Compute how rare each kind of vote is.

    Parameters
    ----------
    rows
        Distinct rows of votes and their weights.
    n_classes
        Number of classes.

    Returns
    -------
    (n_functions * 2 * n_classes,)
        ``-log`` of the share of rows with the vote; 0 for votes that never occur and for "not class k".
    """
    uses = np.asarray(one_hot(rows.votes, n_classes).T @ rows.weights).ravel() / rows.weights.sum()
    positive = np.arange(len(uses)) % (2 * n_classes) < n_classes
    return np.where((uses > 0) & positive, -np.log(np.maximum(uses, 1e-12)), 0.0)


def agreement(rows: DistinctRows, n_classes: int) -> float:
    """Compute the agreement of two votes on a row beyond chance (Fleiss' kappa, with the shares of rows as chance).

    Parameters
    ----------
    rows
        Distinct rows of votes and their weights; rows with fewer than two votes for classes do not count.
    n_classes
        Number of classes.

    Returns
    -------
    float
        In [0, 1]; 0 also where no row has two votes.

    References
    ----------
    Fleiss, J. (1971). Measuring nominal scale agreement among many raters. Psychological Bulletin 76.
    """
    counts = np.stack([(rows.votes == k).sum(axis=1) for k in range(n_classes)], axis=1).astype(np.float64)
    total = counts.sum(axis=1)
    weights = rows.weights * (total >= 2)  # noqa: PLR2004 - two votes can agree
    if not weights.any():
        return 0.0
    same = (counts * (counts - 1)).sum(axis=1) / np.maximum(total * (total - 1), 1.0)
    share = (rows.weights * (total > 0)) @ (counts / np.maximum(total, 1.0)[:, None])
    chance = float(((share / share.sum()) ** 2).sum())
    agreed = float(weights @ same / weights.sum())
    return float(np.clip((agreed - chance) / max(1.0 - chance, 0.05), 0.0, 1.0))
