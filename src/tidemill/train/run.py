"""features, labels and votes of all rows -> the candidate model, what it says of every row, and the monitor's reference."""

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
from tidemill.train.card import card, label_card
from tidemill.train.cautions import cautions
from tidemill.train.choose import fitted
from tidemill.train.distance import distance
from tidemill.train.ensemble import OFF, Found, ensembled, pooled
from tidemill.train.head import FORMAT, Head
from tidemill.train.learn import Lesson, taught
from tidemill.train.members.registry import checked, members_of
from tidemill.train.model import EndModel
from tidemill.train.none import NONE, Outliers
from tidemill.train.reference import reference
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, Ints

TAUGHT: Final = ("train", "dev")
UNSEEN: Final = "valid"
"""Rows that teach nothing and say from where on a row is none of the above."""
CARD: Final = "README.md"
LABEL_CARD: Final = "LABELS.md"


@dataclass(frozen=True)
class Tables:
    """What there is of all rows; gold is that of the development split, where it is used, texts where a model reads them.

    ``domain`` is what ``embed`` told of the backbone's distance from them, ``label_card`` what ``denoise`` told of the labels.
    """

    features: pl.DataFrame
    labels: pl.DataFrame
    votes: pl.DataFrame
    gold: pl.DataFrame | None = None
    texts: pl.DataFrame | None = None
    domain: Mapping[str, Any] | None = None
    label_card: str | None = None


@dataclass(frozen=True)
class Trained:
    """The candidate, its files but for the tables, the tables, and what was found of an ensemble."""

    model: EndModel
    files: dict[str, bytes]
    predictions: pl.DataFrame
    reference: pl.DataFrame
    ensemble: dict[str, Any]

    @property
    def head(self) -> Head:
        """The head, whose config tells of the whole model."""
        return self.model.head


def train(tables: Tables, *, problem: Problem, settings: TrainSettings, backbone: Mapping[str, Any]) -> Trained:
    """Tables of all rows, and what identifies the features' backbone -> everything the stage writes.

    Rows of train and dev teach; those of valid and test are only predicted.

    Raises
    ------
    ConfigError
        A member of the ensemble is not known, or reads texts where the rows are images.
    DataError
        A row has no features or no label, or none teaches.
    """
    members_of(settings.ensemble, problem.modality)  # a name that cannot be is told before anything is fitted
    checked(settings.views, problem.modality, "train.views")
    rows = joined(tables.votes, tables.features, tables.labels)
    targets = rows.select(probability_columns(problem.classes)).to_numpy()
    names = votes_contract(len(problem.classes)).other_names(tables.votes.columns)
    votes = rows.select(names).to_numpy().astype(np.int8).reshape(rows.height, len(names))
    covered = (votes != ABSTAIN).any(axis=1)
    teaches = rows["split"].is_in(TAUGHT).to_numpy()
    texts = _texts(rows, tables.texts)
    lesson = Lesson(rows["feature"].to_numpy(), targets, covered, _gold(rows, tables.gold), texts).part(teaches)
    start, choice = fitted(lesson, settings)
    used = settings.recipe(choice["chosen"]) if choice else settings
    found = beside(start, lesson, used, problem.modality)
    weights = np.zeros(rows.height)
    labels, weights[teaches] = taught(lesson, used)
    config = _config(start.head, rows, weights, (problem, used, backbone))
    config |= {"choice": choice} if choice else {}
    config |= {"ensemble": found.summary()} if found.ensemble else {}
    config["cautions"] = cautions(labels, weights[teaches], lesson.gold, problem.classes, used)
    config["domain"] = distance(tables.domain, rows["feature"].to_numpy(), targets, weights, used)
    outliers = refusal(rows, problem.classes, settings)
    config |= {} if outliers is None else {NONE: refused(outliers, rows, settings)}
    model = EndModel(replace(start.head, config=config), found.ensemble)
    told = predictions(model, rows["row_id"], rows["feature"], texts)
    kept = reference(rows.drop(probability_columns(problem.classes)), told, settings.reference_rows)
    labels_told = label_card(model.config, tables.label_card, targets[teaches], votes[teaches], names)
    cards = {CARD: card(model.config), LABEL_CARD: labels_told}
    files = model.files() | {name: text.encode() for name, text in cards.items()}
    if outliers is None:
        return Trained(model, files, told, kept, found.report)
    scored = told.with_columns(pl.Series(OUTLIER, outliers.score(rows["feature"].to_numpy())))
    return Trained(model, files | outliers.files(), scored, kept, found.report)


def beside(start: EndModel, lesson: Lesson, settings: TrainSettings, modality: str) -> Found:
    """What a recipe has fitted, lesson, the recipe -> the ensemble: of its views, or where one is asked for and wins."""
    if start.ensemble is not None:
        return Found(start.ensemble, pooled(start.ensemble, settings))
    if not settings.ensemble.members:
        return Found(None, OFF)
    return ensembled(lesson, settings, modality)


def refusal(rows: pl.DataFrame, classes: tuple[str, ...], settings: TrainSettings) -> Outliers | None:
    """Rows with split and feature -> what tells rows of another kind from those that may teach; None: it is off.

    Raises
    ------
    ConfigError
        A class has the name of what is answered in place of one.
    """
    if not settings.none_of_the_above:
        return None
    if NONE in classes:
        raise ConfigError(f"{NONE} is a class already: rename it, or set train.{NONE}=0")
    features, split = rows["feature"].to_numpy(), rows["split"]
    known, unseen = (features[split.is_in(names).to_numpy()] for names in (TAUGHT, [UNSEEN]))
    return Outliers.fit(known, unseen, share=settings.none_of_the_above, seed=settings.seed)


def refused(outliers: Outliers, rows: pl.DataFrame, settings: TrainSettings) -> dict[str, Any]:
    """Detector and rows -> what share was asked for, and which share of each batch's test rows it refuses."""
    test = rows.filter(pl.col("split") == "test")
    scores = pl.Series("refused", outliers.score(test["feature"].to_numpy()) > 1.0)
    shares = test.select("batch").with_columns(scores).group_by("batch").agg(pl.col("refused").mean()).rows()
    batches = {batch: round(share, 6) for batch, share in sorted(shares)}
    return {"asked": settings.none_of_the_above, "known_rows": len(outliers.known), "refused": batches}


def joined(votes: pl.DataFrame, features: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """Votes, features and labels -> one table in the votes' order.

    Raises
    ------
    DataError
        A row of votes has no features or no label.
    """
    for name, table in (("features", features), ("labels", labels)):
        lost = votes.join(table, on="row_id", how="anti")["row_id"]
        if len(lost):
            raise DataError(f"row {lost[0]} has votes but no {name}; {len(lost)} such rows: run `dvc repro`")
    together = votes.join(features, on="row_id", maintain_order="left")
    return together.join(labels, on="row_id", maintain_order="left")


def predictions(
    model: EndModel, row_ids: pl.Series, features: pl.Series, texts: Sequence[str] | None = None
) -> pl.DataFrame:
    """Model, row ids, features and the texts where it reads them -> table of ``predictions_contract``."""
    probabilities = model.predict_proba(features.to_numpy(), texts)
    columns = {name: probabilities[:, k] for k, name in enumerate(probability_columns(model.classes))}
    return pl.DataFrame({"row_id": row_ids, **columns})


def _texts(rows: pl.DataFrame, texts: pl.DataFrame | None) -> list[str] | None:
    """Rows and the table of texts -> the texts in the rows' order.

    Raises
    ------
    DataError
        A row has none.
    """
    if texts is None:
        return None
    found = rows.select("row_id").join(texts, on="row_id", how="left", maintain_order="left")
    lost = found.filter(pl.col("text").is_null())["row_id"]
    if len(lost):
        raise DataError(f"row {lost[0]} has votes but no text; {len(lost)} such rows: run `dvc repro`")
    return found["text"].to_list()


def _gold(rows: pl.DataFrame, gold: pl.DataFrame | None) -> Ints:
    if gold is None:
        return np.full(rows.height, NO_GOLD)
    found = rows.select("row_id").join(gold, on="row_id", how="left", maintain_order="left")["gold"]
    return np.asarray(found.fill_null(NO_GOLD).to_numpy().astype(np.int64))


def _config(
    head: Head, rows: pl.DataFrame, weights: Array, told: tuple[Problem, TrainSettings, Mapping[str, Any]]
) -> dict[str, Any]:
    problem, settings, backbone = told
    taught = weights > 0
    targets = rows.select(probability_columns(problem.classes)).to_numpy()
    counts = rows.with_columns(taught=pl.Series(taught)).group_by("batch").agg(pl.col("taught").sum()).rows()
    return {
        "format": FORMAT,
        "problem": problem.name,
        "modality": problem.modality,
        "classes": list(problem.classes),
        "class_priors": dict(zip(problem.classes, targets[taught].mean(axis=0).round(6).tolist(), strict=True)),
        "dimensions": len(head.mean),
        "backbone": dict(backbone),
        "batches": dict(sorted(counts)),
        "training": dict(head.config),
        "settings": settings.model_dump(mode="json", exclude={"ensemble"}),  # ensemble.json tells of that
    }
