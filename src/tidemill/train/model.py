"""features, and texts where the model reads them -> probabilities: the end model, a head alone or an ensemble around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidemill.contracts import Features, Probabilities
from tidemill.train.ensemble import FILE, Ensemble
from tidemill.train.head import Head
from tidemill.train.members.base import Material


@dataclass(frozen=True)
class EndModel:
    """The head, whose config tells of the whole model, and the ensemble that it is part of, where there is one."""

    head: Head
    ensemble: Ensemble | None = None

    @property
    def config(self) -> Mapping[str, Any]:
        """Content of config.json."""
        return self.head.config

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self.head.classes

    @property
    def backbone(self) -> dict[str, Any]:
        """What identifies the backbone whose features the model reads."""
        return self.head.backbone

    @property
    def reads_text(self) -> bool:
        """Whether it has to be given the texts of the rows."""
        return self.ensemble is not None and self.ensemble.reads_text

    def predict_proba(self, features: Features, texts: Sequence[str] | None = None) -> Probabilities:
        """(rows, dimensions) and, where the model reads them, as many texts -> (rows, classes).

        Raises
        ------
        DataError
            The features are another backbone's, or texts are missing.
        """
        said = self.head.predict_proba(features)
        return said if self.ensemble is None else self.ensemble.predict_proba(said, Material(features, texts))

    def files(self) -> dict[str, bytes]:
        """Nothing -> names, in the model's folder, and contents of its files."""
        return self.head.files() | ({} if self.ensemble is None else self.ensemble.files())

    @classmethod
    def load(cls, folder: Path) -> EndModel:
        """Folder of a saved model -> the model.

        Raises
        ------
        DataError
            A file is missing, torn or of a newer format.
        """
        head = Head.load(folder)
        return cls(head, Ensemble.load(folder) if (folder / FILE).exists() else None)
