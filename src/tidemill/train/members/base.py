"""What every member is: fitted on rows, labels and weights; asked of rows; saved as safetensors and JSON, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from tidemill.contracts import DataError, Features, Probabilities

Array = npt.NDArray[np.float64]

TENSORS: Final = "model.safetensors"
NOTES: Final = "model.json"
DIGITS: Final = 9  # the last bits of a sum depend on how many threads add it up


@dataclass(frozen=True)
class Material:
    """What members read of rows: (rows, dimensions) features and, where the problem has them, as many texts."""

    features: Features
    texts: Sequence[str] | None = None

    def part(self, rows: Any) -> Material:
        """Mask or indices -> these rows alone."""
        kept = np.arange(len(self.features))[rows]
        texts = None if self.texts is None else [self.texts[row] for row in kept.tolist()]
        return Material(self.features[kept], texts)

    def read(self) -> Sequence[str]:
        """Nothing -> the texts.

        Raises
        ------
        DataError
            The rows have none.
        """
        if self.texts is None:
            raise DataError("this model reads texts, and the rows came without: pass them beside the features")
        return self.texts


class Member(Protocol):
    """A model that learns from probabilities, each class of a row counting as much as it is likely."""

    needs_text: ClassVar[bool]

    @classmethod
    def fit(cls, material: Material, targets: Probabilities, weights: Array, settings: Any, seed: int) -> Self:
        """Rows, (rows, classes) labels, (rows,) weights, the member's own settings and a seed -> the fitted member.

        Whatever is learned of the rows, vocabularies and scales too, is learned of those with weight alone.
        """

    def predict_proba(self, material: Material) -> Probabilities:
        """Rows -> (rows, classes), rounded to nine decimals."""

    def files(self) -> dict[str, bytes]:
        """Nothing -> names and contents of its files."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Folder of a saved member -> the member.

        Raises
        ------
        DataError
            A file is missing or torn.
        """


def taught(material: Material, targets: Probabilities, weights: Array) -> tuple[Material, Probabilities, Array]:
    """Rows, labels and weights -> those with weight, their weights of mean 1.

    Raises
    ------
    DataError
        No row has weight.
    """
    heard = np.flatnonzero(weights > 0)
    if not len(heard):
        raise DataError("no row of train or dev has a label to learn from: no labeling function speaks of them")
    return material.part(heard), targets[heard], weights[heard] / weights[heard].mean()


def saved(tensors: dict[str, Any], notes: dict[str, Any]) -> dict[str, bytes]:
    """Arrays and what JSON holds -> names and contents of two files."""
    from safetensors.numpy import save

    text = json.dumps(notes, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    return {TENSORS: save({name: np.ascontiguousarray(one) for name, one in tensors.items()}), NOTES: text.encode()}


def restored(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Folder -> the arrays and notes that ``saved`` made files of.

    Raises
    ------
    DataError
        A file is missing or torn.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        notes = json.loads((folder / NOTES).read_text(encoding="utf-8"))
        return load_file(folder / TENSORS), notes
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error
