"""The denoise stage: from the table of votes to the table of labels, what the label model learned, and the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from tidemill.contracts import (
    NO_GOLD,
    ConfigError,
    Features,
    Probabilities,
    Votes,
    probability_columns,
    votes_contract,
)
from tidemill.denoise.models.base import BaseLabelModel, Gold
from tidemill.denoise.models.registry import MODELS, create, from_dict
from tidemill.denoise.report.explain import explain_votes, row_evidence
from tidemill.denoise.report.gold_report import against_gold, groups_on_gold, shares_on_gold
from tidemill.denoise.report.identifiability import identifiability
from tidemill.denoise.report.label_value import MIN_GOLD_ROWS as LEAST
from tidemill.denoise.report.label_value import label_value
from tidemill.denoise.settings import DenoiseSettings
from tidemill.denoise.statistics.votes import uncovered as silent
from tidemill.denoise.statistics.votes import vote_shares as shares
from tidemill.reports.denoise import DenoiseReport, Explanation, LabelModelFile, LabelValue, MajorityVote

FITTED_ON = ("train", "dev")
DRAWS = 8
"""Splits of the gold rows behind the interval of the value of functions."""


@dataclass(frozen=True)
class Denoised:
    """Labels of every row, why each row got its label, the model's JSON, the report and what is behind it."""

    labels: pl.DataFrame
    evidence: pl.DataFrame
    model: LabelModelFile
    report: DenoiseReport
    explained: Explanation
    votes: Votes
    gold_free: Probabilities
    """Probabilities by a model that saw no gold: these alone may be held against it."""


def denoise(
    table: pl.DataFrame,
    classes: tuple[str, ...],
    settings: DenoiseSettings,
    *,
    features: Features | None = None,
    gold: Gold = None,
    groups: Sequence[Sequence[str]] = (),
) -> Denoised:
    """Label all rows by a model fitted on the rows of train and dev.

    Parameters
    ----------
    table
        Table of ``votes_contract``.
    classes
        Names of the classes in the order of their indices.
    settings
        Settings of denoise.
    features : (n_rows, n_dimensions), optional
        In the order of the table. The model learns from them where the settings ask for it; the report measures with them
        wherever they are given.
    gold : (n_rows,), optional
        Class index or ``NO_GOLD``, used as features are.
    groups
        Names of functions that are known to repeat one another's errors.

    Returns
    -------
    Denoised
        Labels, the fitted label model and the report.

    Raises
    ------
    ConfigError
        There is no such model, or it has no such parameter.
    DataError
        A vote is none, or the model needs features and there are none.
    """
    names = votes_contract(len(classes)).other_names(table.columns)
    votes = table.select(names).to_numpy().astype(np.int16)
    fitted = table["split"].is_in(FITTED_ON).to_numpy()
    seen = features if settings.use_features else None
    known = tuple(tuple(names.index(name) for name in group) for group in groups)

    def make() -> BaseLabelModel:
        model = create(settings.model, len(classes), **model_parameters(settings, classes))
        model.known_groups = known
        return model

    known_gold = part(gold, fitted) if settings.use_gold else None
    taught = None if known_gold is None or (known_gold == NO_GOLD).all() else known_gold
    model, blind = fit_twice(make, votes[fitted], features=part(seen, fitted), gold=taught)
    probabilities = model.predict_proba(votes, features=seen)
    without = probabilities if blind is model else blind.predict_proba(votes, features=seen)
    explained = explain_votes(votes[fitted], probabilities[fitted], names=names, classes=classes)
    about = dependences_and_intervals(explained) | gold_report(
        without, votes, gold, classes=classes, seed=settings.seed
    )
    about |= {
        "identifiability": identifiability(votes[fitted], classes),
        "label_value": value_of(without, votes, features, gold, settings.seed),
    }
    report = describe(model, votes, probabilities, names=names, classes=classes, about=about)
    labels = labels_table(table["row_id"], probabilities, classes)
    moved = row_evidence(model, votes, table["row_id"], names=names, classes=classes, features=seen)
    return Denoised(labels, moved, save_label_model(model, names, classes), report, explained, votes, without)


def dependences_and_intervals(explained: Explanation) -> dict[str, Any]:
    """Select what the report holds of an explanation: dependences, and each accuracy with its interval, of one estimate.

    Parameters
    ----------
    explained
        As ``explain`` gives it.

    Returns
    -------
    dict
        ``dependences``, and ``accuracies`` and ``accuracy_intervals`` by function.
    """
    accuracies = {name: about.accuracy for name, about in explained.functions.items()}
    intervals = {name: about.interval for name, about in explained.functions.items()}
    return {"dependences": explained.dependences, "accuracies": accuracies, "accuracy_intervals": intervals}


def fit_twice(
    make: Callable[[], BaseLabelModel], votes: Votes, *, features: Features | None, gold: Gold
) -> tuple[BaseLabelModel, BaseLabelModel]:
    """Fit a label model with gold and without.

    Parameters
    ----------
    make
        Makes the label model.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    features : (n_rows, n_dimensions) or None
        Features of the rows.
    gold : (n_rows,) or None

    Returns
    -------
    model, without_gold : LabelModel
        The same model where there is no gold to learn from. Only the second may be scored on the gold.
    """
    model = make().fit(votes, features=features, gold=gold)
    return model, model if gold is None else make().fit(votes, features=features)


def gold_report(
    without: Probabilities, votes: Votes, gold: Gold, *, classes: tuple[str, ...], seed: int
) -> dict[str, Any]:
    """Score the labels of a model that saw no gold on the gold.

    Parameters
    ----------
    without : (n_rows, n_classes)
        Labels by a model that saw no gold.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    gold : (n_rows,) or None
        Class index or ``NO_GOLD``.
    classes
        Names of the classes in the order of their indices.
    seed
        Of the resampling behind intervals.

    Returns
    -------
    dict
        Fields of the report: ``gold``, ``class_shares_on_gold`` and ``row_groups_on_gold``, each None without gold.
    """
    return {
        "gold": against_gold(without, votes, gold, seed=seed),
        "class_shares_on_gold": shares_on_gold(without, gold, classes),
        "row_groups_on_gold": groups_on_gold(without, votes, gold),
    }


def value_of(weak: Probabilities, votes: Votes, features: Features | None, gold: Gold, seed: int) -> LabelValue:
    """Measure the value of the labeling functions, in gold rows.

    Parameters
    ----------
    weak : (n_rows, n_classes)
        Labels by a model that saw no gold.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    features : (n_rows, n_dimensions) or None
        Features of the rows.
    gold : (n_rows,) or None
        Class index or ``NO_GOLD``.
    seed
        Of the splits.

    Returns
    -------
    LabelValue
        Without features, or with too little gold, what is missing and what to do next.
    """
    labeled = 0 if gold is None else int((np.asarray(gold) != NO_GOLD).sum())
    if features is None or labeled < LEAST:
        missing = f"{labeled} gold rows, {LEAST} are needed" if labeled < LEAST else "no features"
        action: Literal["label", "stop"] = "label" if labeled < LEAST else "stop"
        return LabelValue(gold_rows=None, next=action, reason=f"cannot be measured: {missing}")
    result = label_value(features, weak, gold, covered=~silent(votes), draws=DRAWS, seed=seed)
    low, high = result.interval
    return LabelValue(
        gold_rows=_rounded(result.labels),
        interval=(_rounded(low), _rounded(high)),
        at_least=result.beyond,
        weak_accuracy=_rounded(result.weak),
        curve={str(size): _rounded(value) for size, value in result.curve.items()},
        next=result.action,
        reason=result.why,
    )


def model_parameters(settings: DenoiseSettings, classes: tuple[str, ...]) -> dict[str, Any]:
    """Collect the label model's parameters from the settings: with the seed, and the default class by its index.

    Parameters
    ----------
    settings
        ``parameters["default"]`` may be the name of a class.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    dict
        Keyword arguments of the label model.

    Raises
    ------
    ConfigError
        The default is no class.
    """
    takes = settings.model in MODELS and "seed" in MODELS[settings.model].parameters
    given = settings.parameters | ({"seed": settings.seed} if takes else {})
    default = given.get("default")
    if isinstance(default, str):
        given["default"] = class_index(default, classes, "denoise.parameters.default")
    return given


def class_index(name: str, classes: tuple[str, ...], option: str) -> int:
    """Return the index of a class.

    Parameters
    ----------
    name
        Name of the class.
    classes
        Names of the classes in the order of their indices.
    option
        Where the name was given, for the error.

    Returns
    -------
    int
        From 0.

    Raises
    ------
    ConfigError
        It is no class.
    """
    if name not in classes:
        raise ConfigError(f"{option} {name!r} is no class; valid are {', '.join(classes)}")
    return classes.index(name)


def part(values: Any, rows: Any) -> Any:
    """Select rows of values that may be None.

    Parameters
    ----------
    values : (n_rows, ...) or None
    rows : (n_rows,)
        Mask, or indices.

    Returns
    -------
    (n_selected, ...) or None
    """
    return None if values is None else values[rows]


def labels_table(row_ids: pl.Series, probabilities: Probabilities, classes: tuple[str, ...]) -> pl.DataFrame:
    """Make the table of labels.

    Parameters
    ----------
    row_ids
        Ids of the rows.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    polars.DataFrame
        Table of ``labels_contract``.
    """
    columns = {name: probabilities[:, k] for k, name in enumerate(probability_columns(classes))}
    return pl.DataFrame({"row_id": row_ids.cast(pl.String), **columns})


def describe(
    model: BaseLabelModel,
    votes: Votes,
    probabilities: Probabilities,
    *,
    names: list[str],
    classes: tuple[str, ...],
    about: Mapping[str, Any],
) -> DenoiseReport:
    """Report a fitted model, its balance and functions, and what the majority vote would have given.

    Parameters
    ----------
    model
        Fitted.
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    probabilities : (n_rows, n_classes)
        By this model.
    names
        Of the functions.
    classes
        Names of the classes in the order of their indices.
    about
        The report's other fields, ``accuracies`` among them: how often the posterior of the model agrees with the votes, as their
        intervals say; else those that the model has learned. A model that learns none has none.

    Returns
    -------
    DenoiseReport
    """
    majority = shares(votes, len(classes))
    covered = ~silent(votes)
    same = majority.argmax(axis=1) == probabilities.argmax(axis=1)
    learned = _accuracies(model, names)
    of_model = _named(model.report(), names, classes) | {"class_balance": _by_class(classes, model.balance_)}
    return DenoiseReport(
        **of_model,
        rows=len(votes),
        coverage=_rounded(covered.mean()),
        uncovered_rows=_by_class(classes, model.prior_),
        label_shares=label_shares(probabilities, classes),
        majority_vote=MajorityVote(
            label_shares=_by_class(classes, _shares(majority)),
            agreement_where_covered=_rounded(same[covered].mean()) if covered.any() else None,
        ),
        **({"accuracies": learned} | dict(about) if learned else {**about, "accuracies": {}}),
    )


def _accuracies(model: BaseLabelModel, names: Sequence[str]) -> dict[str, float | None]:
    accuracies = model.accuracies()
    if accuracies is None:
        return {}
    return {name: None if np.isnan(share) else _rounded(share) for name, share in zip(names, accuracies, strict=True)}


def _by_class(classes: tuple[str, ...], shares: Any) -> dict[str, float]:
    return {name: _rounded(share) for name, share in zip(classes, shares, strict=True)}


def _named(summary: dict[str, Any], names: list[str], classes: tuple[str, ...]) -> dict[str, Any]:
    summary = {key: value for key, value in summary.items() if key != "groups"}
    choice = dict(summary.get("choice", {}))
    if choice:
        choice["groups"] = [[names[j] for j in group] for group in choice["groups"]]
        ends = choice.pop("balance_interval", None)
        summary["choice"] = choice
        if ends is not None:
            summary["class_balance_interval"] = {
                name: [_rounded(low), _rounded(high)] for name, low, high in zip(classes, *ends, strict=True)
            }
    return summary


def label_shares(probabilities: Probabilities, classes: tuple[str, ...]) -> dict[str, float]:
    """Compute the share of rows by their likeliest class.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        Labels.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    dict
        Share of each class.
    """
    return _by_class(classes, _shares(probabilities))


def _shares(probabilities: Probabilities) -> Any:
    return np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1]) / max(len(probabilities), 1)


def _rounded(value: Any) -> float:
    return round(float(value), 6)


def save_label_model(model: BaseLabelModel, names: Sequence[str], classes: tuple[str, ...]) -> LabelModelFile:
    """Make the file of a fitted label model.

    Parameters
    ----------
    model
        Fitted label model.
    names
        Names of the functions whose votes it reads, in the order of the votes.
    classes
        Names of the classes in the order of their indices.

    Returns
    -------
    LabelModelFile
        To be written as JSON.
    """
    return LabelModelFile(**model.to_dict(), functions=tuple(names), classes=classes)


def load_label_model(file: LabelModelFile) -> BaseLabelModel:
    """Restore the label model of a file.

    Parameters
    ----------
    file
        As ``save_label_model`` made it.

    Returns
    -------
    BaseLabelModel
        Fitted.

    Raises
    ------
    ConfigError
        No label model has the name that the file holds.
    """
    return from_dict(file.model_dump(exclude={"functions", "classes"}))
