"""LabelModel: every label model behind one estimator, with scikit-learn's conventions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tidemill.common.arrays import MAX_CLASSES, feature_array, n_classes_of, named_votes, refuse_nothing
from tidemill.common.estimators import Estimator
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import NO_GOLD, ConfigError, DataError, Features, InputError, Probabilities, Votes
from tidemill.denoise.models import base
from tidemill.denoise.models.auto import Auto
from tidemill.denoise.models.registry import MODELS, create, from_dict
from tidemill.reports.denoise import LabelModelFile

_NOT_OF_A_MODEL: Final = ("model", "classes", "seed")
_NEED_FEATURES: Final = ("joint", "neighbours")


class LabelModel(Estimator):
    """Turns votes of labeling functions into a probability per class, without ground truth.

    Parameters have the names and meanings of ``conf/denoise/``. Those that are None have the value of the chosen model,
    and one that the chosen model does not take is an error.

    Parameters
    ----------
    model
        Name of a label model: ``auto`` takes the one that the votes are evidence for; ``label_models()`` lists all.
    classes
        Names of the classes in the order of their indices, or how many there are. None: as many as the votes name.
    seed
        Of the resampling of ``auto``; other models draw nothing.
    default
        Class of rows without votes: its index or its name.
    default_rate
        Share of the rows without votes that are of the default class.
    draws
        Resamples behind the interval of the class balance.
    budget
        Most distinct rows to learn from.
    balance : (n_classes,)
        Prior class balance, used as evidence.
    accuracies_hint : (n_functions,)
        Prior accuracy of each function, None where there is none; used as evidence.
    strength
        Votes or rows of belief that confusions are shrunk with.
    balance_floor
        Least share of a class, as a fraction of 1 / classes.
    iterations
        Most iterations of EM.
    tolerance
        EM ends when nothing moves more.
    anchor
        Pseudo-counts of each class in the balance.
    most
        Most rows, or kinds of vote, that are kept.
    nearest
        Number of neighbours.
    penalty
        Weight of the squared coefficients, in rows.
    rounds
        Rounds in which a classifier and the meaning of votes are learned from each other.
    folds
        Parts of the rows in each of them.

    Attributes
    ----------
    classes_ : (n_classes,)
        Names of the classes, or their indices.
    accuracies_ : (n_functions,)
        Learned accuracy of each function where it votes; NaN where the model learns none.
    class_balance_ : (n_classes,)
        Estimated share of each class.
    class_prior_ : (n_classes,)
        Probabilities of a row without votes.
    model_name_ : str
        Name of the label model that answers: with ``auto`` the one that was chosen.
    n_features_in_ : int
        Number of functions.
    feature_names_in_ : (n_functions,)
        Their names; set where the votes had names.

    Examples
    --------
    >>> votes = np.array([[1, 1, -1], [0, -1, 0], [1, -1, 1], [-1, 0, 0], [-1, -1, -1]])
    >>> model = LabelModel("one_coin", classes=["ham", "spam"]).fit(votes)
    >>> model.predict(votes[:4]).tolist()
    ['spam', 'ham', 'spam', 'ham']
    >>> model.predict_proba(votes).shape
    (5, 2)
    """

    classes_: npt.NDArray[Any]
    accuracies_: npt.NDArray[np.float64]
    class_balance_: npt.NDArray[np.float64]
    class_prior_: npt.NDArray[np.float64]
    model_name_: str
    n_features_in_: int
    feature_names_in_: npt.NDArray[np.object_]
    fitted_: base.BaseLabelModel

    def __init__(  # noqa: PLR0913 - scikit-learn's convention: a parameter each
        self,
        model: str = "auto",
        *,
        classes: Sequence[str] | int | None = None,
        seed: int = 20,
        default: int | str | None = None,
        default_rate: float | None = None,
        draws: int | None = None,
        budget: int | None = None,
        balance: Sequence[float] | None = None,
        accuracies_hint: Sequence[float | None] | None = None,
        strength: float | None = None,
        balance_floor: float | None = None,
        iterations: int | None = None,
        tolerance: float | None = None,
        anchor: float | None = None,
        most: int | None = None,
        nearest: int | None = None,
        penalty: float | None = None,
        rounds: int | None = None,
        folds: int | None = None,
    ) -> None:
        self.model = model
        self.classes = classes
        self.seed = seed
        self.default = default
        self.default_rate = default_rate
        self.draws = draws
        self.budget = budget
        self.balance = balance
        self.accuracies_hint = accuracies_hint
        self.strength = strength
        self.balance_floor = balance_floor
        self.iterations = iterations
        self.tolerance = tolerance
        self.anchor = anchor
        self.most = most
        self.nearest = nearest
        self.penalty = penalty
        self.rounds = rounds
        self.folds = folds

    def fit(self, votes: Any, y: Any = None, *, features: Features | None = None) -> Self:
        """Learn what each function's votes mean.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            NumPy array of class indices, ``ABSTAIN`` (-1) or ``not_class(k)``; or a DataFrame of pandas or Polars with a
            column per function.
        y : (n_rows,)
            Gold labels as evidence: class index or name, ``NO_GOLD`` (-1) where there is none. None: no gold.
        features : (n_rows, n_dimensions)
            Features of the rows, for models that learn from them (``joint`` and ``neighbours``; ``auto`` may).

        Returns
        -------
        LabelModel
            Itself.

        Raises
        ------
        InputError
            Something is no vote, or rows of votes, gold and features are not as many.
        ConfigError
            There is no such model, or it does not take a parameter that was set.
        """
        named = named_votes(votes)
        refuse_nothing(named.votes, "votes")
        if features is None and self.model in _NEED_FEATURES:
            raise InputError(f"label model {self.model} learns from features: fit(votes, features=...), a row each")
        self._set_classes(named.votes, y)
        gold = None if y is None else self._gold(y, len(named.votes))
        model = create(self.model, len(self.classes_), **self._model_parameters())
        self.fitted_ = model.fit(named.votes, features=_features(features, len(named.votes)), gold=gold)
        self._describe(named.names)
        return self

    def predict_proba(self, votes: Any, *, features: Features | None = None) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        votes : (n_rows, n_functions)
            As for ``fit``; columns of a DataFrame are found by the names that ``fit`` saw.
        features : (n_rows, n_dimensions)
            Features of the rows, where the model was fitted with some.

        Returns
        -------
        (n_rows, n_classes)
            Rows sum to 1; a row without votes gets ``class_prior_``.

        Raises
        ------
        InputError
            Something is no vote, or the functions are not those of ``fit``.
        NotFittedError
            ``fit`` has not been called.
        """
        self._check_is_fitted()
        matrix = self._votes(votes)
        return self.fitted_.predict_proba(matrix, features=_features(features, len(matrix)))

    def predict(self, votes: Any, *, features: Features | None = None) -> npt.NDArray[Any]:
        """Predict the likeliest class of each row.

        Parameters
        ----------
        votes, features
            As for ``predict_proba``.

        Returns
        -------
        (n_rows,)
            Members of ``classes_``; a row without votes gets the likeliest class of ``class_prior_``.
        """
        probabilities = self.predict_proba(votes, features=features)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def score(self, votes: Any, y: Any, *, features: Features | None = None) -> float:
        """Measure the accuracy on rows with gold.

        Parameters
        ----------
        votes, features
            As for ``predict_proba``.
        y : (n_rows,)
            Class index or name; ``NO_GOLD`` (-1) where the row has no gold.

        Returns
        -------
        float
            Share of the rows with gold whose likeliest class is right.

        Raises
        ------
        InputError
            No row has gold.
        """
        probabilities = self.predict_proba(votes, features=features)
        gold = self._gold(y, len(probabilities))
        labeled = gold != NO_GOLD
        if not labeled.any():
            raise InputError("no row has gold: give y with the class of some rows")
        return float((probabilities.argmax(axis=1) == gold)[labeled].mean())

    def fit_predict(self, votes: Any, y: Any = None, *, features: Features | None = None) -> npt.NDArray[Any]:
        """Fit, and predict the same rows.

        Parameters
        ----------
        votes, y, features
            As for ``fit``.

        Returns
        -------
        (n_rows,)
            Members of ``classes_``.
        """
        return self.fit(votes, y, features=features).predict(votes, features=features)

    def save(self, path: Path | str) -> None:
        """Write the fitted model as the denoise stage writes ``label_model.json``.

        Parameters
        ----------
        path
            File to write, JSON; its folder is made where it is missing.

        Raises
        ------
        NotFittedError
            ``fit`` has not been called.
        """
        self._check_is_fitted()
        names = getattr(self, "feature_names_in_", np.arange(self.n_features_in_)).tolist()
        LabelModelFile(
            **self.fitted_.to_dict(),
            functions=tuple(str(name) for name in names),
            classes=tuple(str(name) for name in self.classes_.tolist()),
        ).write(Path(path))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a fitted model from what ``save`` or a project's denoise stage has written.

        Parameters
        ----------
        path
            JSON file.

        Returns
        -------
        LabelModel
            It predicts as the one that was saved, by functions and classes of the same names.

        Raises
        ------
        DataError
            The file is missing, damaged, or holds something else.
        """
        file = LabelModelFile.read(Path(path))
        try:
            fitted = from_dict(file.model_dump(exclude={"functions", "classes"}))
        except (KeyError, TypeError) as error:
            raise DataError(
                f"{path} is no label model ({error!r}): write one with LabelModel.save or the denoise stage"
            ) from error
        given: dict[str, Any] = {name: value for name, value in file.parameters.items() if name != "n_classes"}
        model = cls(file.model, classes=list(file.classes), **given)
        model.fitted_, model.classes_ = fitted, np.array(file.classes)
        model._describe(file.functions)
        return model

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that votes are whole numbers that stand for classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        return tags

    def _set_classes(self, votes: Votes, y: Any) -> None:
        if self.classes is None:
            gold = np.zeros(0, dtype=np.int64) if y is None else _numbers(y)
            in_gold = int(gold.max(initial=NO_GOLD)) + 1 if gold.dtype.kind in "iu" else 0
            self.classes_ = np.arange(max(n_classes_of(votes), in_gold))
        elif isinstance(self.classes, int | np.integer):
            self.classes_ = np.arange(self.classes)
        else:
            self.classes_ = np.array(list(self.classes))
        names = self.classes_.tolist()
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError(f"two classes are named {twice[0]!r}")
        if not 2 <= len(self.classes_) <= MAX_CLASSES:  # noqa: PLR2004 - fewer than two leave nothing to decide
            raise InputError(f"{len(self.classes_)} classes: from 2 to {MAX_CLASSES} can be voted for")
        named_votes(votes, len(self.classes_))

    def _model_parameters(self) -> dict[str, Any]:
        if self.model not in MODELS:
            raise ConfigError(f"unknown label model {self.model!r}{did_you_mean(str(self.model), MODELS)}")
        given = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in _NOT_OF_A_MODEL and value is not None
        }
        if isinstance(self.default, str):
            given["default"] = self._index(self.default, "default")
        return given | ({"seed": self.seed} if "seed" in MODELS[self.model].parameters else {})

    def _describe(self, names: tuple[str, ...] | None) -> None:
        fitted = self.fitted_
        answering = fitted.chosen_ if isinstance(fitted, Auto) else fitted
        accuracies = fitted.accuracies()
        self.model_name_ = answering.name
        self.n_features_in_ = fitted.functions_
        self.accuracies_ = np.full(fitted.functions_, np.nan) if accuracies is None else np.asarray(accuracies)
        self.class_balance_, self.class_prior_ = np.asarray(fitted.balance_), np.asarray(fitted.prior_)
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _votes(self, votes: Any) -> Votes:
        named = named_votes(votes, len(self.classes_))
        if named.votes.shape[1] != self.n_features_in_ and (
            named.names is None or not hasattr(self, "feature_names_in_")
        ):
            raise InputError(
                f"X has {named.votes.shape[1]} features, but LabelModel is expecting {self.n_features_in_} features as "
                "input: a column per function that it was fitted on"
            )
        if named.names is None or not hasattr(self, "feature_names_in_"):
            return named.votes
        missing = [name for name in self.feature_names_in_ if name not in named.names]
        unknown = [name for name in named.names if name not in self.feature_names_in_]
        if missing or unknown:
            what = f"no votes of function {missing[0]!r}" if missing else f"votes of function {unknown[0]!r}"
            raise InputError(
                f"there are {what}, which the label model was {'' if missing else 'not '}fitted on: fit it again"
            )
        return named.votes[:, [named.names.index(name) for name in self.feature_names_in_]]

    def _gold(self, y: Any, rows: int) -> npt.NDArray[np.int64]:
        values = _numbers(y)
        if values.shape != (rows,):
            raise InputError(f"y of shape {values.shape} for {rows} rows of votes: one class a row is promised")
        if values.dtype.kind not in "iu":
            values = np.array([self._index(value, "y") for value in values.tolist()], dtype=np.int64)
        bad = (values < NO_GOLD) | (values >= len(self.classes_))
        if bad.any():
            row = int(bad.argmax())
            raise InputError(
                f"row {row} of y: {values[row]} is neither NO_GOLD ({NO_GOLD}) nor a class in 0..{len(self.classes_) - 1}"
            )
        return values.astype(np.int64)

    def _index(self, value: Any, what: str) -> int:
        names = self.classes_.tolist()
        if value is None or value == NO_GOLD:
            return NO_GOLD
        if value not in names:
            raise InputError(f"{what}: {value!r} is no class{did_you_mean(str(value), [str(name) for name in names])}")
        return int(names.index(value))


def label_models() -> list[str]:
    """List the names of models that ``LabelModel`` accepts.

    Returns
    -------
    list of str
        In alphabetical order.

    Examples
    --------
    >>> "dawid_skene" in label_models()
    True
    """
    return sorted(MODELS)


def _numbers(y: Any) -> npt.NDArray[Any]:
    """Gold as whole numbers where all of it is that or missing (None, NaN), else as it is."""
    values = np.asarray(y)
    if values.dtype.kind in "iu" or values.ndim != 1:
        return values
    missing = np.array([value is None or value != value for value in values.tolist()], dtype=bool)  # noqa: PLR0124 - NaN
    known = values[~missing].tolist()
    if not all(isinstance(value, int | float) and value == int(value) for value in known):
        return np.array(
            [None if gone else value for value, gone in zip(values.tolist(), missing, strict=True)], dtype=object
        )
    whole = np.full(len(values), NO_GOLD, dtype=np.int64)
    whole[~missing] = known
    return whole


def _features(features: Any, rows: int) -> Features | None:
    return None if features is None else feature_array(features, rows=rows)
