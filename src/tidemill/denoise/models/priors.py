"""Priors on the class balance and on accuracies as pseudo-counts: evidence that data can outweigh, not truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tidemill.contracts import ConfigError
from tidemill.denoise.models.base import BaseLabelModel
from tidemill.denoise.statistics.votes import Array

BALANCE_WEIGHT: Final = 100.0
"""Rows of gold that a hinted class balance weighs as much as."""
ACCURACY_WEIGHT: Final = 30.0
"""Votes seen to be right or wrong that a hinted accuracy weighs as much as."""
PRIOR_RIGHT: Final = 1.4
"""Votes that are right, of ``PRIOR_VOTES``, where nothing is believed of a function."""
PRIOR_VOTES: Final = 2.0


class ModelWithPriors(BaseLabelModel):
    """A label model that accepts a prior class balance and prior accuracies.

    Parameters
    ----------
    balance
        Prior class balance, a share per class; None: no prior.
    accuracies_hint
        Prior accuracy of each function, in the order of the votes; None, or None for a function: no prior.
    """

    def __init__(
        self,
        n_classes: int,
        *,
        balance: Sequence[float] | None = None,
        accuracies_hint: Sequence[float | None] | None = None,
        budget: int = 20_000,
    ) -> None:
        super().__init__(n_classes)
        self.balance = None if balance is None else list(balance)
        self.accuracies_hint = None if accuracies_hint is None else list(accuracies_hint)
        self.budget = budget

    def balance_counts(self) -> Array:
        """Compute pseudo-counts of the class balance.

        Returns
        -------
        (n_classes,)
            In rows; zeros where there is no prior.

        Raises
        ------
        ConfigError
            There is not a share above 0 for each class.
        """
        if self.balance is None:
            return np.zeros(self.n_classes)
        hint = np.asarray(self.balance, dtype=np.float64)
        if hint.shape != (self.n_classes,) or hint.min() <= 0:
            raise ConfigError(f"balance {self.balance}: promised {self.n_classes} shares above 0, one a class")
        return np.asarray(BALANCE_WEIGHT * hint / hint.sum())

    def stated_accuracies(self) -> Array:
        """Arrange the prior accuracies in the model's order of functions.

        Returns
        -------
        (n_functions,)
            In the model's order, NaN where there is no prior.

        Raises
        ------
        ConfigError
            There are not as many hints as functions, or one is no share.
        """
        if self.accuracies_hint is None:
            return np.full(self.functions_, np.nan)
        if len(self.accuracies_hint) != self.functions_:
            raise ConfigError(f"{len(self.accuracies_hint)} hinted accuracies for {self.functions_} functions")
        stated = np.array([np.nan if hint is None else hint for hint in self.accuracies_hint], dtype=np.float64)
        if ((stated < 0) | (stated > 1)).any():
            raise ConfigError(f"hinted accuracies {self.accuracies_hint}: promised shares from 0 to 1")
        return np.asarray(stated[self.order_])

    def prior_parameters(self) -> dict[str, Any]:
        """Collect the parameters by which another model has the same priors.

        Returns
        -------
        dict of str to Any
            Keyword arguments of the constructor.
        """
        return {"balance": self.balance, "accuracies_hint": self.accuracies_hint, "budget": self.budget}

    def accuracy_counts(self) -> Array:
        """Compute pseudo-counts of each function's accuracy.

        Returns
        -------
        (2, n_functions)
            How many votes were right, and how many there were.
        """
        return accuracy_counts(self.stated_accuracies())


def accuracy_counts(stated_accuracies: Array) -> Array:
    """Turn prior accuracies into pseudo-counts.

    Parameters
    ----------
    stated_accuracies : (n_functions,)
        From 0 to 1; NaN where there is no prior.

    Returns
    -------
    (2, n_functions)
        Votes that were right, and all votes.

    Examples
    --------
    >>> accuracy_counts(np.array([np.nan, 0.9])).round(1)
    array([[ 1.4, 28.4],
           [ 2. , 32. ]])
    """
    stated = ~np.isnan(stated_accuracies)
    right = PRIOR_RIGHT + ACCURACY_WEIGHT * np.where(stated, stated_accuracies, 0.0)
    return np.asarray(np.stack([right, PRIOR_VOTES + ACCURACY_WEIGHT * stated]))
