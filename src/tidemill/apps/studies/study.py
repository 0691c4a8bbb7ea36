"""The rows of a problem as studies read them: votes, features and labels of all, gold where there is any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tidemill.contracts import (
    ABSTAIN,
    FEATURES,
    NO_GOLD,
    Problem,
    labels_contract,
    probability_columns,
    votes_contract,
)
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.project.gold import gold_rows
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read, read_batches
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.run import TRAIN_SPLITS, join_rows
from tidemill.train.settings import TrainSettings


@dataclass(frozen=True)
class Study:
    """Settings of a problem and its rows: votes, features and labels of all, gold where there is any."""

    problem: Problem
    train: TrainSettings
    evaluate: EvaluateSettings
    paths: Paths
    rows: pl.DataFrame

    @property
    def features(self) -> Any:
        """(rows, dimensions)."""
        return self.rows["feature"].to_numpy()

    @property
    def targets(self) -> Any:
        """(rows, classes) probabilistic labels."""
        return self.rows.select(probability_columns(self.problem.classes)).to_numpy()

    @property
    def gold(self) -> Any:
        """(rows,) class or NO_GOLD."""
        return self.rows["gold"].fill_null(NO_GOLD).to_numpy().astype(np.int64)

    @property
    def covered(self) -> Any:
        """(rows,) whether a function votes on the row."""
        return self.rows["covered"].to_numpy()

    @property
    def training_rows(self) -> Any:
        """(rows,) whether its split is one of those trained on."""
        return self.rows["split"].is_in(TRAIN_SPLITS).to_numpy()

    def training_set(self, rows: Any) -> TrainingSet:
        """Make the training set of some rows: labels of denoise alone, no gold.

        Parameters
        ----------
        rows : (n_selected,)
            Integer indices.

        Returns
        -------
        TrainingSet
            Features, probabilistic labels and coverage of those rows.
        """
        nothing = np.full(len(rows), NO_GOLD)
        return TrainingSet(self.features[rows], self.targets[rows], self.covered[rows], nothing)


def study(project: Project, name: str) -> Study:
    """Read what studies need of a problem.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    Study
        Settings, and all rows with votes, features, labels and gold.
    """
    problem, train, paths = project.load(name, "train", TrainSettings)
    evaluate = project.load(name, "evaluate", EvaluateSettings)[1]
    classes, batches = problem.classes, batch_names(paths.manifest)
    contract = votes_contract(len(classes))
    votes = read(paths.votes, contract)
    functions = contract.other_names(votes.columns)
    fired = pl.any_horizontal([pl.col(function) != ABSTAIN for function in functions])
    rows = join_rows(
        votes, read_batches(paths.features, FEATURES, batches), read(paths.labels, labels_contract(classes))
    )
    gold = gold_rows(paths, len(classes)).select("row_id", "gold")
    rows = rows.with_columns(fired.alias("covered")).join(gold, on="row_id", how="left", maintain_order="left")
    return Study(problem, train, evaluate, paths, rows)
