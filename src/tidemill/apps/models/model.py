"""The trained model of a problem's version, with its backbone, ready to predict new rows."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tidemill.apps.models.champion_reference import backbone_root
from tidemill.contracts import ConfigError, Probabilities
from tidemill.embed.embedder import Embedder, embedder_of
from tidemill.embed.settings import EmbedSettings
from tidemill.project.project import Project
from tidemill.runs.checked_out import REMEDY, outputs_of_others
from tidemill.runs.checkout import DEEPEN, is_shallow
from tidemill.runs.model_files import champion_folder
from tidemill.runs.model_registry import lost_versions, read_registry
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.outliers import NONE, Array, Outliers
from tidemill.train.head.head import Head

CANDIDATE: Final = "candidate"
"""In place of a version: the model that the train stage has left in this checkout."""

CHUNK: Final = {"text": 256, "image": 64}
"""Rows that are in memory at once, with their features."""


@dataclass(frozen=True)
class Predictions:
    """(rows, classes) probabilities, and (rows,) outlier scores, where the model computes them."""

    probabilities: Probabilities
    outlier: Array | None

    def decided(self, classes: Sequence[str], abstain_below: float) -> list[str | None]:
        """Choose the likeliest class of each row.

        A row that is unlike all known ones is none of the above, however likely a class is.

        Parameters
        ----------
        classes
            Names of the classes in the order of their indices.
        abstain_below
            Least probability of a prediction.

        Returns
        -------
        list of str or None
            None where the likeliest class is less likely than that.

        Examples
        --------
        >>> Predictions(np.array([[0.9, 0.1], [0.4, 0.6]]), None).decided(["ham", "spam"], 0.7)
        ['ham', None]
        >>> Predictions(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([1.2, 0.8])).decided(["ham", "spam"], 0.5)
        ['none_of_the_above', 'spam']
        """
        likely, sure = self.probabilities.argmax(axis=1), self.probabilities.max(axis=1)
        answers = [classes[k] if sure[row] >= abstain_below else None for row, k in enumerate(likely)]
        if self.outlier is None:
            return answers
        return [NONE if self.outlier[row] > 1.0 else answer for row, answer in enumerate(answers)]


@dataclass(frozen=True)
class Model:
    """A version of a problem's model; its backbone is loaded when the first row needs it."""

    version: str
    folder: Path
    end: EndModel
    threads: int
    project: Project

    @property
    def head(self) -> Head:
        """Its head, whose config describes the whole model."""
        return self.end.head

    @functools.cached_property
    def embedder(self) -> Embedder:
        """What makes features of new rows: the backbone that the head was trained on, checked by its hash."""
        root = backbone_root(self.folder, self.head.backbone, self.project)
        return embedder_of(self.head.backbone, root=root, threads=self.threads)

    @functools.cached_property
    def outliers(self) -> Outliers | None:
        """Detector of out-of-distribution rows; None where the model was trained without ``none_of_the_above``."""
        return Outliers.load(self.folder)

    def say(self, rows: pl.DataFrame, *, name: str) -> Predictions:
        """Predict raw rows.

        Parameters
        ----------
        rows
            Columns of the raw rows that the model reads.
        name
            What progress calls it.

        Returns
        -------
        Predictions
            Probabilities, and outlier scores where the model computes them.
        """
        if not rows.height:
            empty = np.zeros(0)
            return Predictions(np.zeros((0, len(self.head.classes))), None if self.outliers is None else empty)
        features = self.embedder.features(rows, name=name)
        texts = rows["text"].to_list() if self.end.reads_text else None
        outlier = None if self.outliers is None else self.outliers.score(features)
        return Predictions(self.end.predict_proba(features, texts), outlier)


def find_model(project: Project, problem: str, version: str | None) -> Model:
    """Find the model of a problem's version.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    version
        None: the champion.

    Returns
    -------
    Model
        Loaded, with its folder and version.

    Raises
    ------
    ConfigError
        There is no such version, or no champion yet.
    DataError
        The model's files are not whole.
    """
    settings = project.load(problem, "embed", EmbedSettings)[1]
    if version == CANDIDATE:
        if other := outputs_of_others(project, problem, ("train",)):
            print(f"warning: {', '.join(other)}: not what dvc.lock names; {REMEDY}", file=sys.stderr)
        folder = project.paths(problem).model
        return Model(f"{problem} {CANDIDATE}", folder, EndModel.load(folder), settings.threads, project)
    result = _version(project, problem, version)
    folder = champion_folder(project, problem, result)
    return Model(result, folder, EndModel.load(folder), settings.threads, project)


def _version(project: Project, problem: str, version: str | None) -> str:
    registry = read_registry(project, problem)
    wanted = version if version is None or "@" in version else f"{problem}@{version}"
    for damage in registry.damages if wanted is None else ():  # another version may be the one that is meant
        print(f"warning: {damage}", file=sys.stderr)
    if wanted is None and registry.champion is None:
        if is_shallow(project.shared):
            raise ConfigError(f"{problem} has no version in this shallow clone: {DEEPEN}")
        if lost := lost_versions(project, registry):
            raise ConfigError(str(lost[0]))
        raise ConfigError(f"{problem} has no champion yet: tidemill run problem={problem}")
    if wanted is not None and wanted not in registry.versions:
        there = ", ".join([*registry.versions, CANDIDATE])
        raise ConfigError(f"{problem} has no version {version}; there are {there}")
    return str(wanted or registry.champion)
