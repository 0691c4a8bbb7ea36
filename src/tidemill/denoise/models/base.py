"""The contract that every label model keeps: votes, and features where a model reads them, to class probabilities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ConfigError, DataError, Features, Probabilities, Votes
from tidemill.denoise.statistics.distinct_rows import DistinctRows, distinct_rows, function_order
from tidemill.denoise.statistics.gold_scores import check_gold
from tidemill.denoise.statistics.sufficient_statistics import RowCounts
from tidemill.denoise.statistics.votes import Array, check_votes, uncovered

Gold = Any  # an int array (rows,), NO_GOLD where nobody labeled the row


ROWS: Final = 1 << 18
"""Rows predicted together where there are many; bounds the memory that a prediction takes."""


_BY_NAME: Final[dict[str, type[BaseLabelModel]]] = {}
_OLD_NAMES: Final = {"spoken": "dawid_skene_votes", "silent_bias_": "uncovered_bias_"}
"""Names of models and of what they learned before 0.2.0, which are in files that were written then."""


class BaseLabelModel(ABC):
    """The constructor stores, ``fit`` learns names that end with an underscore; input is left alone.

    Every label model keeps these promises, and ``tests/denoise/models/test_promises.py`` runs them over the registry:
    rows without votes get the prior; order of rows and functions does not matter; same seed, same answer; what is saved
    predicts as what was fitted; a wrong vote is named.

    Attributes
    ----------
    prior_
        (classes,) probabilities of a row without votes.
    balance_
        (classes,) estimated share of each class; uniform where a model learns none.
    order_
        (functions,) the order of the functions within the model, which depends on their votes alone.
    functions_
        Number of functions seen by ``fit``.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[str, ...]] = ("n_classes",)
    learned: ClassVar[tuple[str, ...]] = ("prior_", "balance_", "functions_", "order_")
    uses_features: ClassVar[bool] = False

    budget: int = 20_000
    known_groups: tuple[tuple[int, ...], ...] = ()
    """Functions, by their indices, that are known to repeat one another's errors; models of pairs count each group as one."""
    prior_: Array
    balance_: Array
    functions_: int
    order_: Any

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" in cls.__dict__:
            _BY_NAME[cls.name] = cls

    def __init__(self, n_classes: int) -> None:
        if n_classes < 2:  # noqa: PLR2004 - fewer than two classes leave nothing to decide
            raise DataError(f"{n_classes} classes, at least 2 promised")
        self.n_classes = n_classes

    def fit(self, votes: Votes, *, features: Features | None = None, gold: Gold = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            Class index, ``ABSTAIN`` or ``not_class(k)``.
        features : (n_rows, n_dimensions), optional
            From a frozen backbone; ignored by models that are not feature-aware.
        gold : (n_rows,), optional
            Class index or ``NO_GOLD``: evidence, not truth.

        Returns
        -------
        LabelModel
            The model itself.

        Raises
        ------
        DataError
            There is no row or no function, a vote is none, or gold is neither a class nor ``NO_GOLD``.
        """
        votes = check_votes(votes, self.n_classes)
        if not votes.size:
            raise DataError(f"votes of {votes.shape[0]} rows and {votes.shape[1]} functions: nothing to learn from")
        self.functions_ = votes.shape[1]
        self.order_ = function_order(votes, self.n_classes)
        self._fit(votes, features, None if gold is None else check_gold(gold, len(votes), self.n_classes))
        return self

    def refit(self, rows: RowCounts) -> Self:
        """Fit the model on counted rows, to what ``fit`` on all of these rows would leave.

        Parameters
        ----------
        rows
            Counts of rows that are alike.

        Returns
        -------
        LabelModel
            The model itself.

        Raises
        ------
        DataError
            There is no row or no function, or the model learns from features, which cannot be counted.
        """
        if not rows.votes.size:
            raise DataError(
                f"votes of {len(rows.member)} rows and {rows.votes.shape[1]} functions: nothing to learn from"
            )
        self.functions_ = rows.votes.shape[1]
        self.order_ = function_order(rows.votes, self.n_classes, weights=rows.counts)
        self.learn(
            distinct_rows(rows.votes, budget=self.budget, order=self.order_, gold=rows.gold, weights=rows.counts)
        )
        return self

    def predict_proba(self, votes: Votes, *, features: Features | None = None) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            Votes of the fitted functions on any rows.
        features : (n_rows, n_dimensions), optional
            Features of the rows.

        Returns
        -------
        (n_rows, n_classes)
            Each row sums to 1; rows without votes get ``prior_``, or the prediction from their features.

        Raises
        ------
        DataError
            A vote is none, or the functions are not those of ``fit``.
        """
        votes = check_votes(votes, self.n_classes, functions=self.functions_)
        if features is not None or len(votes) <= ROWS:
            return self._predict_or_prior(votes[:, self.order_], features)
        parts = (votes[start : start + ROWS, self.order_] for start in range(0, len(votes), ROWS))
        return np.concatenate([self._predict_or_prior(part) for part in parts])

    def _predict_or_prior(self, votes: Votes, features: Features | None = None) -> Probabilities:
        probabilities = self._predict(votes, features)
        probabilities[uncovered(votes)] = self.prior_
        return probabilities

    def _fit(self, votes: Votes, features: Features | None, gold: Gold) -> None:  # noqa: ARG002 - votes only
        self.learn(distinct_rows(votes, budget=self.budget, order=self.order_, gold=gold))

    @abstractmethod
    def learn(self, rows: DistinctRows) -> None:
        """Learn from distinct rows: what ``fit`` does once rows are counted.

        Parameters
        ----------
        rows
            Functions in the model's order.
        """

    @abstractmethod
    def _predict(self, votes: Votes, features: Features | None) -> Probabilities: ...

    def accuracies(self) -> Array | None:
        """Give the accuracy of each function that the model has learned.

        Returns
        -------
        (n_functions,) or None
            Where the function votes, NaN where it never does; None for a model that learns none.
        """
        return self.restored(self._accuracies())

    def restored(self, values: Array | None) -> Array | None:
        """Put values per function from the model's order into that of the votes.

        Parameters
        ----------
        values : (n_functions,) or None

        Returns
        -------
        (n_functions,) or None
        """
        return None if values is None else values[np.argsort(self.order_)]

    def _accuracies(self) -> Array | None:
        return None

    def report(self) -> dict[str, Any]:
        """Report what was learned, as JSON content.

        Returns
        -------
        dict
            JSON content.
        """
        return {"model": self.name, "class_balance": self.balance_.tolist()}

    def of_one_group(self) -> npt.NDArray[np.bool_]:
        """Tell which functions are of one group.

        Returns
        -------
        (n_functions, n_functions)
            In the model's order; False on the diagonal.
        """
        place = np.argsort(self.order_)
        same = np.zeros((self.functions_, self.functions_), dtype=np.bool_)
        for group in self.known_groups:
            own = place[list(group)]
            same[np.ix_(own, own)] = True
        np.fill_diagonal(same, val=False)
        return same

    def to_dict(self) -> dict[str, Any]:
        """Save the model as JSON content, enough to predict new rows without a refit.

        Returns
        -------
        dict
            JSON content, as ``from_dict`` takes it.
        """
        known = {"groups": [list(group) for group in self.known_groups]} if self.known_groups else {}
        return known | {
            "model": self.name,
            "parameters": {name: _plain(getattr(self, name)) for name in self.parameters},
            "learned": {name: _plain(getattr(self, name)) for name in self.learned},
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Restore a model from what ``to_dict`` gave.

        Parameters
        ----------
        content
            Parsed JSON.

        Returns
        -------
        Self
            Fitted; predicts as the model that was saved.
        """
        model = cls(**content["parameters"])
        model.known_groups = tuple(tuple(group) for group in content.get("groups") or ())
        for name, value in content["learned"].items():
            setattr(model, _OLD_NAMES.get(name, name), _array(name, value))
        return model


def from_dict(content: dict[str, Any]) -> BaseLabelModel:
    """Restore a label model of any name from what its ``to_dict`` gave.

    Parameters
    ----------
    content
        Parsed JSON.

    Returns
    -------
    BaseLabelModel
        Fitted, an instance of the class that the content names.

    Raises
    ------
    ConfigError
        No label model has the name that the content holds.
    """
    return model_class(content["model"]).from_dict(content)


def model_class(name: str) -> type[BaseLabelModel]:
    """Look up the class of a label model.

    Parameters
    ----------
    name
        Name of the model in the registry, such as ``dawid_skene``.

    Returns
    -------
    type of BaseLabelModel
        The class itself, not an instance.

    Raises
    ------
    ConfigError
        There is no such model.
    """
    name = _OLD_NAMES.get(name, name)
    if name not in _BY_NAME:
        raise ConfigError(f"unknown label model {name!r}; valid are {', '.join(sorted(_BY_NAME))}")
    return _BY_NAME[name]


def _array(name: str, value: Any) -> Any:
    if value is None:
        return float("nan")
    if not isinstance(value, list):
        return value
    return np.asarray(value, dtype=np.int64 if name == "order_" else np.float64)


def _plain(value: Any) -> Any:
    """Lists, and null for what is not a number, which JSON cannot hold."""
    if isinstance(value, np.ndarray):
        plain = value.astype(object)
        plain[~np.isfinite(value)] = None
        return plain.tolist()
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain
