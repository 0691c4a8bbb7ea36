"""What evaluation compares: the rows with gold that are reported or judged, and the predictions of every model on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from tidemill.apps.models.champion_reference import Champion
from tidemill.contracts import (
    FEATURES,
    NO_GOLD,
    OUTLIER,
    DataError,
    Probabilities,
    Problem,
    labels_contract,
    predictions_contract,
    probability_columns,
    votes_contract,
)
from tidemill.denoise.statistics.votes import vote_shares
from tidemill.evaluate.baselines import (
    CHAMPION,
    END_MODEL,
    GOLD_CEILING,
    LABEL_MODEL,
    MAJORITY_CLASS,
    MAJORITY_VOTE,
    break_ties,
    majority_class_predictions,
)
from tidemill.evaluate.confidence_report import GATED, REPORTED
from tidemill.project.contents import texts_of
from tidemill.project.layout import Paths
from tidemill.project.tables import batch_names, read, read_batches
from tidemill.reports.model import ModelConfig
from tidemill.train.head.head import CONFIG
from tidemill.train.recipes.cotraining import fit_end_model as learned_by
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.settings import TrainSettings

DEV: Final = "dev"
LEARNED: Final = ("train", "dev")


def evaluation_predictions(
    problem: Problem, paths: Paths, known: pl.DataFrame, settings: TrainSettings, champion: Champion | None
) -> tuple[pl.DataFrame, dict[str, Probabilities]]:
    """Predict the rows with gold by every baseline.

    The ceiling is the end model's own head, and the members that the candidate has, fitted on the gold of train
    and dev; it is left out where that gold holds fewer than two classes.

    Parameters
    ----------
    problem
        Name, modality and classes of the problem.
    paths
        Paths of the problem.
    known
        Rows with gold.
    settings
        Of the end model.
    champion
        The model in production; None: there is none to compare with.

    Returns
    -------
    rows : polars.DataFrame
        Those of test, valid and dev.
    models : dict of str to (n_rows, n_classes)
        Probabilities by each baseline.

    Raises
    ------
    DataError
        A row has gold but no features, labels or predictions.
    """
    classes, batches = problem.classes, batch_names(paths.manifest)
    rows = known.filter(pl.col("split").is_in([REPORTED, GATED, DEV]))
    learned = known.filter(pl.col("split").is_in(LEARNED))
    votes = read(paths.votes, votes_contract(len(classes)))
    functions = votes_contract(len(classes)).other_names(votes.columns)
    tables = {
        LABEL_MODEL: read(paths.labels, labels_contract(classes)),
        END_MODEL: _predictions(paths, classes, settings),
    }
    models = {name: _of(table, rows, probability_columns(classes), name) for name, table in tables.items()}
    models[MAJORITY_CLASS] = majority_class_predictions(learned["gold"].to_numpy(), len(classes), rows.height)
    models[MAJORITY_VOTE] = break_ties(
        vote_shares(_of(votes, rows, functions, MAJORITY_VOTE).astype(np.int16), len(classes))
    )
    features = read_batches(paths.features, FEATURES, batches)
    if learned["gold"].n_unique() > 1 and rows.height:
        ensemble = ModelConfig.read(paths.model / CONFIG).ensemble
        members = () if ensemble is None else ensemble.members
        texts = texts_of(paths, batches) if problem.modality == "text" and members else None
        lessons = [_training_set(part, features, texts, len(classes)) for part in (learned, rows)]
        models[GOLD_CEILING] = _ceiling(
            lessons[0],
            lessons[1],
            settings.plain().with_changes({"cotraining.views": tuple(members), "ensemble.members": ()}),
        )
    if champion is not None:
        predicted = champion.predictions(_batches_of(rows, batches))
        models[CHAMPION] = _of(predicted, rows, probability_columns(classes), CHAMPION)
    return rows, models


def outlier_scores(paths: Paths, rows: pl.DataFrame, problem: Problem, settings: TrainSettings) -> np.ndarray | None:
    """Read the candidate's outlier scores.

    Parameters
    ----------
    paths
        Paths of the problem.
    rows
        Rows to score, in their order.
    problem
        Name, modality and classes of the problem.
    settings
        Settings of train.

    Returns
    -------
    (n_rows,) or None
        None where the candidate rejects no rows.
    """
    if not settings.ood_rejection_rate:
        return None
    return _of(_predictions(paths, problem.classes, settings), rows, [OUTLIER], END_MODEL)[:, 0]


def _predictions(paths: Paths, classes: tuple[str, ...], settings: TrainSettings) -> pl.DataFrame:
    return read(paths.predictions, predictions_contract(classes, outliers=bool(settings.ood_rejection_rate)))


def _batches_of(rows: pl.DataFrame, batches: Sequence[str]) -> list[str]:
    there = set(rows["batch"].unique())
    return [batch for batch in batches if batch in there] or list(batches[:1])


def _ceiling(training_set: TrainingSet, asked: TrainingSet, settings: TrainSettings) -> Probabilities:
    return learned_by(training_set, settings).predict_proba(asked.features, asked.texts)


def _training_set(
    rows: pl.DataFrame, features: pl.DataFrame, texts: pl.DataFrame | None, n_classes: int
) -> TrainingSet:
    ids, gold = rows.select("row_id"), rows["gold"].to_numpy()
    result = ids.join(features, on="row_id", how="left", maintain_order="left")["feature"]
    if result.null_count():
        raise DataError(f"row {rows['row_id'][int(result.is_null().arg_max() or 0)]} has no features: run embed")
    read = None if texts is None else ids.join(texts, on="row_id", how="left", maintain_order="left")["text"].to_list()
    covered = np.ones(rows.height, dtype=np.bool_)
    return TrainingSet(result.to_numpy(), np.eye(n_classes)[gold], covered, np.full(rows.height, NO_GOLD), read)


def _of(table: pl.DataFrame, rows: pl.DataFrame, columns: Sequence[str], name: str) -> np.ndarray:
    """In the order of the rows."""
    result = rows.select("row_id").join(
        table.select("row_id", *columns), on="row_id", how="left", maintain_order="left"
    )
    lost = result.filter(pl.any_horizontal(pl.exclude("row_id").is_null())) if columns else result.clear()
    if lost.height:
        raise DataError(f"row {lost['row_id'][0]} has gold but no {name}; {lost.height} such rows: run `dvc repro`")
    return result.drop("row_id").to_numpy().reshape(rows.height, len(columns))
