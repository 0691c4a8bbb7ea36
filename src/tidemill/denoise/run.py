"""votes table -> labels table, what the label model learned, and what to tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tidemill.contracts import NO_GOLD, Features, Probabilities, Votes, probability_columns, votes_contract
from tidemill.denoise.base import Gold, LabelModel, silent
from tidemill.denoise.majority import shares
from tidemill.denoise.registry import MODELS, create
from tidemill.denoise.settings import DenoiseSettings
from tidemill.denoise.worth import LEAST, worth

FITTED_ON = ("train", "dev")
DRAWS = 8
"""Splits of the gold rows behind the interval of what functions are worth."""


@dataclass(frozen=True)
class Denoised:
    """Labels of every row, the model's JSON and the report."""

    labels: pl.DataFrame
    model: dict[str, Any]
    report: dict[str, Any]


def denoise(
    table: pl.DataFrame,
    classes: tuple[str, ...],
    settings: DenoiseSettings,
    *,
    features: Features | None = None,
    gold: Gold = None,
) -> Denoised:
    """Votes table -> labels of all its rows by a model fitted on the rows of train and dev.

    ``features`` (rows, dimensions) and ``gold`` (rows,) are in the order of the table.
    """
    names = votes_contract(len(classes)).other_names(table.columns)
    votes = table.select(names).to_numpy().astype(np.int8)
    fitted = table["split"].is_in(FITTED_ON).to_numpy()
    model = create(settings.model, len(classes), **seeded(settings))
    model.fit(votes[fitted], features=part(features, fitted), gold=part(gold, fitted))
    probabilities = model.predict_proba(votes, features=features)
    report = describe(model, votes, probabilities, names=names, classes=classes)
    blind = create(settings.model, len(classes), **seeded(settings))
    report |= {"worth": worth_of(blind, votes, features, gold, settings.seed)}
    return Denoised(labels_table(table["row_id"], probabilities, classes), _saved(model, names, classes), report)


def worth_of(
    blind: LabelModel, votes: Votes, features: Features | None, gold: Gold, seed: int
) -> dict[str, Any] | None:
    """An unfitted model, votes, features, gold -> what the functions are worth in gold rows; None: too little gold.

    The model is fitted here without the gold that its labels are then held against.
    """
    if features is None or gold is None or int((np.asarray(gold) != NO_GOLD).sum()) < LEAST:
        return None
    weak = blind.fit(votes, features=features).predict_proba(votes, features=features)
    found = worth(features, weak, gold, heard=~silent(votes), draws=DRAWS, seed=seed)
    return {
        "gold_rows": _rounded(found.labels),
        "interval": [_rounded(end) for end in found.interval],
        "at_least": found.beyond,
        "weak_accuracy": _rounded(found.weak),
        "curve": {str(size): _rounded(value) for size, value in found.curve.items()},
        "next": found.action,
        "why": found.why,
    }


def seeded(settings: DenoiseSettings) -> dict[str, Any]:
    """Settings -> the model's parameters, with the seed where it takes one."""
    takes = settings.model in MODELS and "seed" in MODELS[settings.model].parameters
    return settings.parameters | ({"seed": settings.seed} if takes else {})


def part(values: Any, rows: Any) -> Any:
    """Values or None, and which rows -> the values of these rows."""
    return None if values is None else values[rows]


def labels_table(row_ids: pl.Series, probabilities: Probabilities, classes: tuple[str, ...]) -> pl.DataFrame:
    """Row ids and (rows, classes) probabilities -> table of ``labels_contract``."""
    columns = {name: probabilities[:, k] for k, name in enumerate(probability_columns(classes))}
    return pl.DataFrame({"row_id": row_ids.cast(pl.String), **columns})


def describe(
    model: LabelModel, votes: Votes, probabilities: Probabilities, *, names: list[str], classes: tuple[str, ...]
) -> dict[str, Any]:
    """Fitted model and what it says -> report: model, balance, functions, and what majority vote would have given."""
    majority = shares(votes, len(classes))
    heard = ~silent(votes)
    same = majority.argmax(axis=1) == probabilities.argmax(axis=1)
    accuracies = model.accuracies()
    told = model.report()
    if "choice" in told:
        told["choice"] = told["choice"] | {"groups": [[names[j] for j in group] for group in told["choice"]["groups"]]}
    return told | {
        "rows": len(votes),
        "coverage": _rounded(heard.mean()),
        "class_balance": {name: _rounded(model.prior_[k]) for k, name in enumerate(classes)},
        "label_shares": {name: _rounded(share) for name, share in zip(classes, _shares(probabilities), strict=True)},
        "functions": {}
        if accuracies is None
        else {n: None if np.isnan(a) else _rounded(a) for n, a in zip(names, accuracies, strict=True)},
        "majority_vote": {
            "label_shares": {name: _rounded(share) for name, share in zip(classes, _shares(majority), strict=True)},
            "agreement_where_heard": _rounded(same[heard].mean()) if heard.any() else None,
        },
    }


def _shares(probabilities: Probabilities) -> Any:
    return np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1]) / max(len(probabilities), 1)


def _rounded(value: Any) -> float:
    return round(float(value), 6)


def _saved(model: LabelModel, names: list[str], classes: tuple[str, ...]) -> dict[str, Any]:
    return model.to_dict() | {"functions": names, "classes": list(classes)}
