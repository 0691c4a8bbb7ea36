"""The end model: a head alone, or an ensemble around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tidemill.contracts import DataError, Features, Probabilities
from tidemill.reports.model import BackboneRecord, EnsembleFile, ModelConfig
from tidemill.train.classical.base import Member, ModelInputs
from tidemill.train.classical.registry import MEMBERS
from tidemill.train.end_model.stacking import Combination, combination_of
from tidemill.train.head.head import Head

FILE: Final = "ensemble.json"
FOLDER: Final = "members"


@dataclass(frozen=True)
class Ensemble:
    """Members alongside the head, and how their predictions and the head's become one."""

    members: dict[str, Member]
    combination: Combination

    @property
    def reads_text(self) -> bool:
        """Whether it needs the texts of the rows."""
        return any(member.needs_text for member in self.members.values())

    def predict_proba(self, head: Probabilities, inputs: ModelInputs) -> Probabilities:
        """Combine the predictions of the head and of all members.

        Parameters
        ----------
        head : (n_rows, n_classes)
            Predictions of the head.
        inputs
            The rows.

        Returns
        -------
        (n_rows, n_classes)
        """
        predictions = [head, *(member.predict_proba(inputs) for member in self.members.values())]
        return self.combination.predict_proba(np.stack(predictions))

    def files(self) -> dict[str, bytes]:
        """Serialize the ensemble; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by path within the model's folder.
        """
        about = EnsembleFile(members=tuple(self.members), combination=self.combination.record())
        files = {FILE: about.text().encode()}
        for name, member in self.members.items():
            files |= {f"{FOLDER}/{name}/{file}": content for file, content in member.files().items()}
        return files

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Load an ensemble from the folder of a model.

        Parameters
        ----------
        folder
            Folder of the end model.

        Returns
        -------
        Ensemble
            Its members, fitted, and how their predictions are combined.

        Raises
        ------
        DataError
            A file is missing, damaged or of a newer format.
        """
        about = EnsembleFile.read(folder / FILE)
        try:
            members = {name: MEMBERS[name].load(folder / FOLDER / name) for name in about.members}
            return cls(members, combination_of(about.combination))
        except (OSError, KeyError) as error:
            raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error


@dataclass(frozen=True)
class EndModel:
    """The head, whose config describes the whole model, and the ensemble that it is part of, where there is one."""

    head: Head
    ensemble: Ensemble | None = None

    @property
    def config(self) -> ModelConfig:
        """What the model is, as config.json holds it."""
        return self.head.about

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order of the probabilities."""
        return self.head.classes

    @property
    def backbone(self) -> BackboneRecord:
        """What identifies the backbone whose features the model reads."""
        return self.head.backbone

    @property
    def reads_text(self) -> bool:
        """Whether it needs the texts of the rows."""
        return self.ensemble is not None and self.ensemble.reads_text

    def predict_proba(self, features: Features, texts: Sequence[str] | None = None) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Features of the rows.
        texts
            As many texts, where the model reads them.

        Returns
        -------
        (n_rows, n_classes)

        Raises
        ------
        DataError
            The features are another backbone's, or texts are missing.
        """
        predictions = self.head.predict_proba(features)
        return (
            predictions
            if self.ensemble is None
            else self.ensemble.predict_proba(predictions, ModelInputs(features, texts))
        )

    def files(self) -> dict[str, bytes]:
        """Serialize the model; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by path within the model's folder.
        """
        return self.head.files() | ({} if self.ensemble is None else self.ensemble.files())

    @classmethod
    def load(cls, folder: Path) -> EndModel:
        """Load the model from its folder.

        Parameters
        ----------
        folder
            Folder of a saved end model.

        Returns
        -------
        EndModel
            With its ensemble, where it was saved with one.

        Raises
        ------
        DataError
            A file is missing, damaged or of a newer format.
        """
        head = Head.load(folder)
        return cls(head, Ensemble.load(folder) if (folder / FILE).exists() else None)
