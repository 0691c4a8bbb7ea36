"""The tables that a run of the packaged problems has left under data/, as benchmarks of the end model read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidemill.apps.studies.study import Study, study
from tidemill.contracts import NO_GOLD, TidemillError
from tidemill.project.project import Project
from tidemill.train.recipes import choose_recipe
from tidemill.train.recipes.cotraining import fit_end_model
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.run import TRAIN_SPLITS
from tidemill.train.settings import TrainSettings

PROBLEMS = ("spam", "solar")
METRIC = "balanced"


@dataclass(frozen=True)
class Packaged:
    """One problem: its rows, the settings of its end model, which rows teach and which are scored."""

    name: str
    rows: Study
    settings: TrainSettings
    training_rows: Any
    test: Any
    texts: Sequence[str] | None

    @property
    def classes(self) -> int:
        """How many classes there are."""
        return len(self.rows.problem.classes)

    @property
    def gold(self) -> Any:
        """Gold of the rows that are scored."""
        return self.rows.gold[self.test]

    @property
    def labels(self) -> Any:
        """(rows, classes) labels of the label model, of the rows that teach."""
        return self.rows.targets[self.training_rows]

    @property
    def covered(self) -> Any:
        """Whether a function speaks, of the rows that teach."""
        return self.rows.covered[self.training_rows]

    @property
    def truth(self) -> Any:
        """Gold of the rows that teach, all of which have it."""
        return self.rows.gold[self.training_rows]

    def seeded(self, seed: int) -> TrainSettings:
        """Give the problem's settings with another seed."""
        return self.settings.with_changes({"seed": seed})

    def text(self, rows: Any) -> Sequence[str] | None:
        """Indices -> texts of these rows, where rows have one."""
        return None if self.texts is None else [self.texts[row] for row in rows]

    def said(self, model: Any) -> Any:
        """An end model -> its probabilities of the rows that are scored."""
        return model.predict_proba(self.rows.features[self.test], self.text(self.test))

    def weak(self, seed: int, gold: Any = None, *, changes: Mapping[str, Any] | None = None) -> Any:
        """Predict test by the end model: gold of the training rows (None: no row has any), changes of its settings."""
        labeled = np.full(len(self.training_rows), NO_GOLD) if gold is None else gold
        training_set = TrainingSet(
            self.rows.features[self.training_rows], self.labels, self.covered, labeled, self.text(self.training_rows)
        )
        own = self.seeded(seed).with_changes(changes or {})
        return self.said(choose_recipe.fit_chosen_recipe(training_set, own)[0])

    def summary(self, targets: Any, rows: Any, seed: int) -> Any:
        """(taught, classes) targets, which of these rows teach and a seed -> what the same head says of test, learned plainly."""
        plain = self.seeded(seed).plain()
        plain = plain.with_changes({"labels.uncovered": "drop", "gold.use": False})
        nothing, fired = np.full(int(np.sum(rows)), NO_GOLD), np.ones(int(np.sum(rows)), dtype=np.bool_)
        texts = self.text(self.training_rows[rows])
        training_set = TrainingSet(self.rows.features[self.training_rows][rows], targets[rows], fired, nothing, texts)
        return self.said(fit_end_model(training_set, plain))


def packaged(name: str) -> Packaged:
    """Problem's name -> its rows; an exit with a remedy where no run has left them."""
    try:
        rows = study(Project.open(Path()), name)
    except TidemillError as error:
        raise SystemExit(f"{error}\nthis benchmark reads what a run leaves: `make run`, or `dvc repro` here") from error
    settings = Project.open(Path()).load(name, "train", TrainSettings)[1]
    labeled = rows.gold != NO_GOLD
    training_set = np.flatnonzero(rows.rows["split"].is_in(TRAIN_SPLITS).to_numpy() & labeled)
    test = np.flatnonzero((rows.rows["split"] == "test").to_numpy() & labeled)
    return Packaged(name, rows, settings, training_set, test, texts(rows) if rows.problem.modality == "text" else None)


def texts(rows: Study) -> Sequence[str]:
    """Rows of a problem with text -> the text of each."""
    raw = pl.concat([pl.read_parquet(file, columns=["row_id", "text"]) for file in rows.paths.raw.glob("*.parquet")])
    return rows.rows.select("row_id").join(raw, on="row_id", how="left", maintain_order="left")["text"].to_list()


def batches(rows: Packaged) -> Sequence[str]:
    """Problem -> names of its batches, in order."""
    return list(dict.fromkeys(rows.rows.rows["batch"].to_list()))
