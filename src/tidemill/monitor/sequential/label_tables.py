"""A small label model for scores: how often each function casts each vote in each class, with the champion as one more witness.

Classes are independent given the votes' class (naive Bayes), fitted by expectation maximization from the champion's
probabilities. It is fitted on half of a reference once and only ranks rows, so it needs to be fixed and quick, not calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Probabilities, Votes

Array = npt.NDArray[np.float64]

_ROUNDS: Final = 20
_CLIP: Final = 0.02
_CHAMPION_POWER: Final = 0.5  # the champion's probabilities are overconfident, so its evidence counts half
_PRIOR_VOTES: Final = 1.5
_FEW_VOTES: Final = 10
_PRIOR_ACCURACY: Final = 0.75


@dataclass(frozen=True)
class LabelTables:
    """What a vote says about the class.

    Attributes
    ----------
    log_vote : (n_functions, n_codes, n_classes)
        ``log P(votes so | class)``; code ``k`` is class ``k``, code ``n_classes + k`` is "not class k".
    log_prior : (n_classes,)
    """

    log_vote: Array
    log_prior: Array

    def evidence(self, votes: Votes) -> Array:
        """Look up what each vote adds to the log odds of the classes.

        Parameters
        ----------
        votes : (n_rows, n_functions)

        Returns
        -------
        (n_rows, n_functions, n_classes)
            Zero where a function abstains.
        """
        codes = vote_codes(votes, len(self.log_prior))
        added = self.log_vote[np.arange(votes.shape[1])[None, :], codes]
        return np.where((votes != ABSTAIN)[:, :, None], added, 0.0)

    def posterior(self, votes: Votes) -> Array:
        """Compute class probabilities from votes alone.

        Parameters
        ----------
        votes : (n_rows, n_functions)

        Returns
        -------
        (n_rows, n_classes)
        """
        return normalised(self.log_prior + self.evidence(votes).sum(axis=1))

    def contradiction(self, votes: Votes, probabilities: Probabilities) -> Array:
        """Compute how improbable each vote is given the champion and all other votes.

        Parameters
        ----------
        votes : (n_rows, n_functions)
        probabilities : (n_rows, n_classes)
            Of the champion.

        Returns
        -------
        (n_rows, n_functions)
            From 0 to 1; 0 where a function abstains.
        """
        n_classes = len(self.log_prior)
        added = self.evidence(votes)
        everything = self.log_prior + added.sum(axis=1) + _CHAMPION_POWER * _log(probabilities)
        others = normalised(everything[:, None, :] - added)
        codes = vote_codes(votes, n_classes)
        named = np.take_along_axis(others, (codes % n_classes)[:, :, None], axis=2)[:, :, 0]
        wrong = np.where(codes < n_classes, 1.0 - named, named)
        return np.where(votes != ABSTAIN, wrong, 0.0)


def fit_label_tables(votes: Votes, probabilities: Probabilities) -> LabelTables:
    """Fit the tables by expectation maximization.

    A function that votes on fewer than ten rows gets a prior accuracy of .75: a source may come for which it was written.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    probabilities : (n_rows, n_classes)
        Of the champion, where it starts from.

    Returns
    -------
    LabelTables
    """
    n_classes = probabilities.shape[1]
    cast = one_hot(votes, n_classes)
    posterior = np.clip(probabilities, _CLIP, 1.0 - _CLIP)
    posterior = posterior / posterior.sum(axis=1, keepdims=True)
    few = (votes != ABSTAIN).sum(axis=0) < _FEW_VOTES
    tables = _maximized(cast, posterior, few)
    for _ in range(_ROUNDS):
        evidence = cast.reshape(len(cast), -1) @ tables.log_vote.reshape(-1, n_classes)
        posterior = normalised(tables.log_prior + evidence + _CHAMPION_POWER * _log(probabilities))
        tables = _maximized(cast, posterior, few)
    return tables


def _maximized(cast: Array, posterior: Array, few: npt.NDArray[np.bool_]) -> LabelTables:
    n_classes = posterior.shape[1]
    mass = posterior.sum(axis=0)
    prior = (mass + 1.0) / (mass.sum() + n_classes)
    right = prior_table(n_classes)
    counted = (cast.reshape(len(cast), -1).T @ posterior).reshape(*cast.shape[1:], n_classes) + _PRIOR_VOTES * right
    counted = counted / (mass + _PRIOR_VOTES)
    counted[few] = right
    return LabelTables(np.log(counted), np.log(prior))


def prior_table(n_classes: int) -> Array:
    """Give the chance of each vote in each class before any data.

    Parameters
    ----------
    n_classes : int
        How many there are.

    Returns
    -------
    (n_codes, n_classes)
        Votes for a class and against one are normalised apart.
    """
    wrong = (1.0 - _PRIOR_ACCURACY) / max(n_classes - 1, 1)
    named = np.where(np.eye(n_classes, dtype=np.bool_), _PRIOR_ACCURACY, wrong)
    return np.concatenate([named, (1.0 - named) / max(n_classes - 1, 1)])


def one_hot(votes: Votes, n_classes: int) -> Array:
    """Spread votes over codes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    n_classes : int
        How many there are.

    Returns
    -------
    (n_rows, n_functions, n_codes)
    """
    codes = vote_codes(votes, n_classes)
    spread = codes[:, :, None] == np.arange(2 * n_classes)
    return np.asarray(spread & (votes != ABSTAIN)[:, :, None], dtype=np.float64)


def vote_codes(votes: Votes, n_classes: int) -> npt.NDArray[np.int64]:
    """Number votes from 0 on: classes first, then "not class k"; an abstain has code 0 and has to be masked.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    n_classes : int
        How many there are.

    Returns
    -------
    (n_rows, n_functions)

    Examples
    --------
    >>> vote_codes(np.array([[0, 1, -1, -2, -3]], dtype=np.int16), 2).tolist()
    [[0, 1, 0, 2, 3]]
    """
    wide = votes.astype(np.int64)
    return np.where(wide >= 0, wide, np.where(wide == ABSTAIN, 0, n_classes - 2 - wide))


def normalised(logs: Array) -> Array:
    """Turn logs into probabilities along the last axis.

    Parameters
    ----------
    logs : (..., n_classes)

    Returns
    -------
    (..., n_classes)
    """
    odds = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=-1, keepdims=True))


def _log(probabilities: Probabilities) -> Array:
    return np.asarray(np.log(np.clip(probabilities, _CLIP, 1.0 - _CLIP)))
