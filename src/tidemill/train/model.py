"""features, and texts where the model reads them -> probabilities: the end model, a head alone or an ensemble around it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.contracts import DataError, Features, Probabilities
from tidemill.train.combine import Combination, from_notes
from tidemill.train.head import Head
from tidemill.train.members.base import Material, Member
from tidemill.train.members.registry import MEMBERS

FILE: Final = "ensemble.json"
FOLDER: Final = "members"
FORMAT: Final = 1


@dataclass(frozen=True)
class Ensemble:
    """Members beside the head, and how what they and the head say becomes one answer."""

    members: dict[str, Member]
    combination: Combination

    @property
    def reads_text(self) -> bool:
        """Whether it has to be given the texts of the rows."""
        return any(member.needs_text for member in self.members.values())

    def predict_proba(self, head: Probabilities, material: Material) -> Probabilities:
        """What the head says, and the rows -> (rows, classes)."""
        said = [head, *(member.predict_proba(material) for member in self.members.values())]
        return self.combination.predict_proba(np.stack(said))

    def files(self) -> dict[str, bytes]:
        """Nothing -> names, in the model's folder, and contents of its files."""
        notes = {"format": FORMAT, "members": list(self.members), "combination": self.combination.notes()}
        files = {FILE: (json.dumps(notes, indent=2, sort_keys=True) + "\n").encode()}
        for name, member in self.members.items():
            files |= {f"{FOLDER}/{name}/{file}": content for file, content in member.files().items()}
        return files

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Folder of a model -> its ensemble.

        Raises
        ------
        DataError
            A file is missing, torn or of a newer format.
        """
        try:
            notes = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if notes["format"] != FORMAT:
                raise DataError(
                    f"{folder / FILE} has format {notes['format']}, this Tidemill reads {FORMAT}: train again"
                )
            members = {name: MEMBERS[name].load(folder / FOLDER / name) for name in notes["members"]}
            return cls(members, from_notes(notes["combination"]))
        except (OSError, KeyError, json.JSONDecodeError) as error:
            raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error


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
