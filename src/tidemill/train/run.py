"""The train stage: the candidate model, its predictions of every row, and the monitor's reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import (
    ABSTAIN,
    NO_GOLD,
    OUTLIER,
    ConfigError,
    DataError,
    Problem,
    probability_columns,
    votes_contract,
)
from tidemill.reports.embed import Domain
from tidemill.reports.model import BackboneRecord, ModelConfig, OutlierSummary
from tidemill.reports.train import EnsembleReport
from tidemill.train.classical.registry import check_members, members_of
from tidemill.train.end_model.card import label_card_of_model, model_card
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.outliers import NONE, Outliers
from tidemill.train.end_model.reference import reference
from tidemill.train.end_model.training_warnings import training_warnings
from tidemill.train.ensemble.choose_ensemble import OFF, EnsembleResult, cotraining_report, fit_ensemble, mix_report
from tidemill.train.ensemble.gold_mix import MixedModel, fit_gold_mix
from tidemill.train.finetune.advice import finetune_advice
from tidemill.train.head.head import Head
from tidemill.train.recipes.choose_recipe import fit_chosen_recipe
from tidemill.train.recipes.recipe import TrainingSet, recipe_targets
from tidemill.train.row_weights import Array, Ints
from tidemill.train.settings import TrainSettings

TRAIN_SPLITS: Final = ("train", "dev")
CALIBRATION_SPLIT: Final = "valid"
"""Split of the rows that no model is trained on and that set from where on a row is none of the above."""
CARD: Final = "README.md"
LABEL_CARD: Final = "LABELS.md"


@dataclass(frozen=True)
class Tables:
    """Tables of all rows.

    Parameters
    ----------
    features, labels, votes
        Tables by ``row_id``.
    gold
        That of the development split, where it is used.
    texts
        ``row_id`` and ``text``, where a model reads them.
    domain
        What ``embed`` measured of the backbone's distance from the data.
    label_card
        What ``denoise`` wrote of the labels.
    """

    features: pl.DataFrame
    labels: pl.DataFrame
    votes: pl.DataFrame
    gold: pl.DataFrame | None = None
    texts: pl.DataFrame | None = None
    domain: Domain | None = None
    label_card: str | None = None


@dataclass(frozen=True)
class TrainResult:
    """What the train stage writes.

    Parameters
    ----------
    model
        The candidate.
    files
        Its files but for the tables, by name.
    predictions
        Of all rows.
    reference
        The monitor's sample of rows.
    ensemble
        Report of the ensemble.
    """

    model: EndModel
    files: dict[str, bytes]
    predictions: pl.DataFrame
    reference: pl.DataFrame
    ensemble: EnsembleReport

    @property
    def head(self) -> Head:
        """The head, whose config describes the whole model."""
        return self.model.head


def train(tables: Tables, *, problem: Problem, settings: TrainSettings, backbone: BackboneRecord) -> TrainResult:
    """Train the candidate on rows of train and dev and predict all rows.

    Parameters
    ----------
    tables
        Tables of all rows.
    problem
        Name, modality and classes.
    settings
        Settings of train.
    backbone
        What identifies the backbone of the features.

    Returns
    -------
    TrainResult
        The candidate, its files and its predictions.

    Raises
    ------
    ConfigError
        A member of the ensemble is not known, or reads texts where the rows are images.
    DataError
        A row has no features or no label, or none can be trained on.
    """
    members_of(settings.ensemble, problem.modality)  # a wrong name is refused before anything is fitted
    check_members(settings.cotraining.views, problem.modality, "train.cotraining.views")
    rows = join_rows(tables.votes, tables.features, tables.labels)
    targets = rows.select(probability_columns(problem.classes)).to_numpy()
    names = votes_contract(len(problem.classes)).other_names(tables.votes.columns)
    votes = rows.select(names).to_numpy().astype(np.int16).reshape(rows.height, len(names))
    covered = (votes != ABSTAIN).any(axis=1)
    is_training_row = rows["split"].is_in(TRAIN_SPLITS).to_numpy()
    texts = _texts(rows, tables.texts)
    training_set = TrainingSet(rows["feature"].to_numpy(), targets, covered, _gold(rows, tables.gold), texts).part(
        is_training_row
    )
    start = fit_start(training_set, settings)
    used = start.settings
    ensemble = choose_end_model(start, training_set, problem.modality)
    weights = np.zeros(rows.height)
    labels, weights[is_training_row] = recipe_targets(training_set, used)
    outliers = fit_outlier_detector(rows, problem.classes, settings)
    warnings = training_warnings(labels, weights[is_training_row], training_set.gold, problem.classes, used)
    about = {
        "gold_mix": start.mix,
        "choice": start.choice,
        "ensemble": ensemble.summary(),
        "warnings": tuple(warnings),
        "domain": finetune_advice(tables.domain, rows["feature"].to_numpy(), targets, weights, used),
        NONE: None if outliers is None else outlier_summary(outliers, rows, settings),
    }
    config = _config(start.model.head, rows, weights, (problem, used, backbone), about)
    model = EndModel(replace(start.model.head, config=config), ensemble.ensemble)
    predicted = predictions(model, rows["row_id"], rows["feature"], texts)
    sample = reference(rows.drop(probability_columns(problem.classes)), predicted, settings.reference_rows)
    labels_card = label_card_of_model(
        model.config, tables.label_card, targets[is_training_row], votes[is_training_row], names
    )
    cards = {CARD: model_card(model.config), LABEL_CARD: labels_card}
    files = model.files() | {name: text.encode() for name, text in cards.items()}
    if outliers is None:
        return TrainResult(model, files, predicted, sample, ensemble.report)
    with_scores = predicted.with_columns(pl.Series(OUTLIER, outliers.score(rows["feature"].to_numpy())))
    return TrainResult(model, files | outliers.files(), with_scores, sample, ensemble.report)


def fit_start(training_set: TrainingSet, settings: TrainSettings) -> MixedModel:
    """Fit the end model before members of an ensemble are added to it.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        Settings of train; with ``gold.use: auto`` gold says which labels teach.

    Returns
    -------
    MixedModel
        The model, the settings of its head and what was compared.
    """
    if settings.gold.use == "auto":
        return fit_gold_mix(training_set, settings)
    model, choice = fit_chosen_recipe(training_set, settings)
    return MixedModel(model, settings.recipe(choice.chosen) if choice else settings, choice, None)


def choose_end_model(start: MixedModel, training_set: TrainingSet, modality: str) -> EnsembleResult:
    """Choose what the head is part of: the views of its recipe, or an ensemble where one is requested and wins.

    Parameters
    ----------
    start
        What the recipe has fitted, and the recipe.
    training_set
        Rows to train on.
    modality
        ``text`` or ``image``.

    Returns
    -------
    EnsembleResult
    """
    ensemble = start.model.ensemble
    if ensemble is not None and start.mix is not None and start.mix.shares:
        return EnsembleResult(ensemble, mix_report(ensemble, start.mix))
    if ensemble is not None:
        return EnsembleResult(ensemble, cotraining_report(ensemble, start.settings))
    if not start.settings.ensemble.members:
        return EnsembleResult(None, OFF)
    return fit_ensemble(training_set, start.settings, modality)


def fit_outlier_detector(rows: pl.DataFrame, classes: tuple[str, ...], settings: TrainSettings) -> Outliers | None:
    """Fit the detector of rows of another kind.

    Parameters
    ----------
    rows
        Split and feature of all rows.
    classes
        Names of the classes.
    settings
        Settings of train.

    Returns
    -------
    Outliers or None
        None where it is off.

    Raises
    ------
    ConfigError
        A class has the name of what is predicted in place of one.
    """
    if not settings.ood_rejection_rate:
        return None
    if NONE in classes:
        raise ConfigError(f"{NONE} is a class already: rename it, or set train.ood_rejection_rate=0")
    features, split = rows["feature"].to_numpy(), rows["split"]
    known, unseen = (features[split.is_in(names).to_numpy()] for names in (TRAIN_SPLITS, [CALIBRATION_SPLIT]))
    return Outliers.fit(known, unseen, share=settings.ood_rejection_rate, seed=settings.seed)


def outlier_summary(outliers: Outliers, rows: pl.DataFrame, settings: TrainSettings) -> OutlierSummary:
    """Summarize how many rows the detector refuses.

    Parameters
    ----------
    outliers
        The detector.
    rows
        Batch, split and feature of all rows.
    settings
        Settings of train.

    Returns
    -------
    OutlierSummary
    """
    test = rows.filter(pl.col("split") == "test")
    scores = pl.Series("refused", outliers.score(test["feature"].to_numpy()) > 1.0)
    shares = test.select("batch").with_columns(scores).group_by("batch").agg(pl.col("refused").mean()).rows()
    batches = {batch: round(share, 6) for batch, share in sorted(shares)}
    return OutlierSummary(share=settings.ood_rejection_rate, known_rows=len(outliers.known), rejected=batches)


def join_rows(votes: pl.DataFrame, features: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Join votes, features and labels.

    Parameters
    ----------
    votes, features, labels
        Tables by ``row_id``.

    Returns
    -------
    polars.DataFrame
        In the votes' order.

    Raises
    ------
    DataError
        A row of votes has no features or no label.
    """
    for name, table in (("features", features), ("labels", labels)):
        missing = votes.join(table, on="row_id", how="anti")["row_id"]
        if len(missing):
            raise DataError(f"row {missing[0]} has votes but no {name}; {len(missing)} such rows: run `dvc repro`")
    together = votes.join(features, on="row_id", maintain_order="left")
    return together.join(labels, on="row_id", maintain_order="left")


def predictions(
    model: EndModel, row_ids: pl.Series, features: pl.Series, texts: Sequence[str] | None = None
) -> pl.DataFrame:
    """Predict rows.

    Parameters
    ----------
    model
        End model.
    row_ids
        Ids of the rows.
    features
        Their features.
    texts
        Their texts, where the model reads them.

    Returns
    -------
    polars.DataFrame
        Table of ``predictions_contract``.
    """
    probabilities = model.predict_proba(features.to_numpy(), texts)
    columns = {name: probabilities[:, k] for k, name in enumerate(probability_columns(model.classes))}
    return pl.DataFrame({"row_id": row_ids, **columns})


def _texts(rows: pl.DataFrame, texts: pl.DataFrame | None) -> list[str] | None:
    if texts is None:
        return None
    joined = rows.select("row_id").join(texts, on="row_id", how="left", maintain_order="left")
    missing = joined.filter(pl.col("text").is_null())["row_id"]
    if len(missing):
        raise DataError(f"row {missing[0]} has votes but no text; {len(missing)} such rows: run `dvc repro`")
    return joined["text"].to_list()


def _gold(rows: pl.DataFrame, gold: pl.DataFrame | None) -> Ints:
    if gold is None:
        return np.full(rows.height, NO_GOLD)
    joined = rows.select("row_id").join(gold, on="row_id", how="left", maintain_order="left")["gold"]
    return np.asarray(joined.fill_null(NO_GOLD).to_numpy().astype(np.int64))


def _config(
    head: Head,
    rows: pl.DataFrame,
    weights: Array,
    of: tuple[Problem, TrainSettings, BackboneRecord],
    about: Mapping[str, Any],
) -> ModelConfig:
    problem, settings, backbone = of
    has_weight = weights > 0
    targets = rows.select(probability_columns(problem.classes)).to_numpy()
    counts = rows.with_columns(trained=pl.Series(has_weight)).group_by("batch").agg(pl.col("trained").sum()).rows()
    return ModelConfig(
        problem=problem.name,
        modality=problem.modality,
        classes=problem.classes,
        class_priors=dict(zip(problem.classes, targets[has_weight].mean(axis=0).round(6).tolist(), strict=True)),
        dimensions=len(head.mean),
        backbone=backbone,
        batches=dict(sorted(counts)),
        training=head.training,
        settings=settings.model_dump(mode="json", exclude={"ensemble"}),  # those are in ensemble.json
        **about,
    )
