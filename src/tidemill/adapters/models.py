"""a problem and a version → the trained model and its backbone, ready to be asked of new rows."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tidemill.adapters.champions import home
from tidemill.adapters.config import Paths, load
from tidemill.adapters.registry import champion_folder, read_registry
from tidemill.contracts import ConfigError, Probabilities
from tidemill.embed.run import Embedder, embedder_of
from tidemill.embed.settings import EmbedSettings
from tidemill.train.head import Head

CANDIDATE: Final = "candidate"
"""In place of a version: the model that the train stage has left in this checkout."""


@dataclass(frozen=True)
class Model:
    """A version of a problem's model; its backbone is loaded when the first row needs it."""

    version: str
    folder: Path
    head: Head
    threads: int

    @functools.cached_property
    def embedder(self) -> Embedder:
        """What makes features of new rows: the backbone that the head was trained on, checked by its hash."""
        root = home(self.folder, self.head.backbone)
        return embedder_of(self.head.backbone, root=root, threads=self.threads)

    def say(self, rows: pl.DataFrame, *, name: str) -> Probabilities:
        """Raw rows → (rows, classes) probabilities; ``name`` is what progress calls it."""
        if not rows.height:
            return np.zeros((0, len(self.head.classes)))
        return self.head.predict_proba(self.embedder.features(rows, name=name))


def find_model(problem: str, version: str | None, *, root: Path) -> Model:
    """Problem, its version (None: the champion) and the project's main checkout → the model.

    Raises
    ------
    ConfigError
        There is no such version, or no champion yet.
    DataError
        The model's files are not whole.
    """
    settings = load(problem, "embed", EmbedSettings)[1]
    if version == CANDIDATE:
        folder = Paths(problem).model
        return Model(f"{problem} {CANDIDATE}", folder, Head.load(folder), settings.threads)
    found = _version(problem, version, root)
    folder = champion_folder(problem, found)
    return Model(found, folder, Head.load(folder), settings.threads)


def _version(problem: str, version: str | None, root: Path) -> str:
    registry = read_registry(problem, root)
    wanted = version if version is None or "@" in version else f"{problem}@{version}"
    if wanted is None and registry.champion is None:
        raise ConfigError(f"{problem} has no champion yet: tidemill run problem={problem}")
    if wanted is not None and wanted not in registry.versions:
        there = ", ".join([*registry.versions, CANDIDATE])
        raise ConfigError(f"{problem} has no version {version}; there are {there}")
    return str(wanted or registry.champion)
