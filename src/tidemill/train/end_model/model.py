"""The end model: a head alone, or an ensemble around it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.contracts import DataError, Features, Probabilities
from tidemill.train.classical.base import Member, ModelInputs
from tidemill.train.classical.registry import MEMBERS
from tidemill.train.end_model.stacking import Combination, combination_from_json
from tidemill.train.head.head import Head

FILE: Final = "ensemble.json"
FOLDER: Final = "members"
FORMAT: Final = 1


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
        """Give names, in the model's folder, and contents of its files."""
        values = {"format": FORMAT, "members": list(self.members), "combination": self.combination.to_json()}
        files = {FILE: (json.dumps(values, indent=2, sort_keys=True) + "\n").encode()}
        for name, member in self.members.items():
            files |= {f"{FOLDER}/{name}/{file}": content for file, content in member.files().items()}
        return files

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Load an ensemble from the folder of a model.

        Raises
        ------
        DataError
            A file is missing, torn or of a newer format.
        """
        try:
            values = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if values["format"] != FORMAT:
                raise DataError(
                    f"{folder / FILE} has format {values['format']}, this Tidemill reads {FORMAT}: train again"
                )
            members = {name: MEMBERS[name].load(folder / FOLDER / name) for name in values["members"]}
            return cls(members, combination_from_json(values["combination"]))
        except (OSError, KeyError, json.JSONDecodeError) as error:
            raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error


@dataclass(frozen=True)
class EndModel:
    """The head, whose config describes the whole model, and the ensemble that it is part of, where there is one."""

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
        """Whether it needs the texts of the rows."""
        return self.ensemble is not None and self.ensemble.reads_text

    def predict_proba(self, features: Features, texts: Sequence[str] | None = None) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
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
        """Give names, in the model's folder, and contents of its files."""
        return self.head.files() | ({} if self.ensemble is None else self.ensemble.files())

    @classmethod
    def load(cls, folder: Path) -> EndModel:
        """Load the model from its folder.

        Raises
        ------
        DataError
            A file is missing, torn or of a newer format.
        """
        head = Head.load(folder)
        return cls(head, Ensemble.load(folder) if (folder / FILE).exists() else None)
