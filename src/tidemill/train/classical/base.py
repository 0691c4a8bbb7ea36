"""What every member of an ensemble is: fitted on rows, labels and weights; saved as safetensors and JSON, never a pickle."""

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
VALUES: Final = "model.json"
DIGITS: Final = 9  # the last bits of a sum depend on how many threads add it up


@dataclass(frozen=True)
class ModelInputs:
    """What members read of rows.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    texts
        As many texts, where the problem has them.
    """

    features: Features
    texts: Sequence[str] | None = None

    def part(self, rows: Any) -> ModelInputs:
        """Select rows.

        Parameters
        ----------
        rows
            Boolean mask (n_rows,), or integer indices (n_selected,).

        Returns
        -------
        ModelInputs
            Features and texts of those rows, in the order of the indices.
        """
        kept = np.arange(len(self.features))[rows]
        texts = None if self.texts is None else [self.texts[row] for row in kept.tolist()]
        return ModelInputs(self.features[kept], texts)

    def read(self) -> Sequence[str]:
        """Return the texts of the rows.

        Returns
        -------
        sequence of str
            A text per row.

        Raises
        ------
        DataError
            The rows have no texts.
        """
        if self.texts is None:
            raise DataError("this model reads texts, and the rows came without: pass them with the features")
        return self.texts


class Member(Protocol):
    """A model that is fitted on probabilities, each class of a row counting as much as it is likely."""

    needs_text: ClassVar[bool]

    @classmethod
    def fit(cls, inputs: ModelInputs, targets: Probabilities, weights: Array, settings: Any, seed: int) -> Self:
        """Fit the member.

        Whatever is learned of the rows, vocabularies and scales too, is learned of those with weight alone.

        Parameters
        ----------
        inputs
            Rows.
        targets : (n_rows, n_classes)
            Probabilistic labels.
        weights : (n_rows,)
            Weight of each row, at least 0.
        settings
            The member's own settings.
        seed
            Of whatever it draws.

        Returns
        -------
        Self
            The fitted member.
        """

    def predict_proba(self, inputs: ModelInputs) -> Probabilities:
        """Predict class probabilities.

        Parameters
        ----------
        inputs
            Rows to predict.

        Returns
        -------
        (n_rows, n_classes)
            Rounded to nine decimals.
        """

    def files(self) -> dict[str, bytes]:
        """Serialize the member; ``load`` reads these files.

        Returns
        -------
        dict of str to bytes
            Content by file name.
        """

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Load the member from its folder.

        Parameters
        ----------
        folder
            Folder with the files that ``files`` gives.

        Returns
        -------
        Self
            The fitted member.

        Raises
        ------
        DataError
            A file is missing or damaged.
        """


def rows_with_weight(
    inputs: ModelInputs, targets: Probabilities, weights: Array
) -> tuple[ModelInputs, Probabilities, Array]:
    """Select the rows with weight.

    Parameters
    ----------
    inputs
        Rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.

    Returns
    -------
    inputs, targets, weights
        Those rows, their weights of mean 1.

    Raises
    ------
    DataError
        No row has weight.
    """
    rows = np.flatnonzero(weights > 0)
    if not len(rows):
        raise DataError("no row of train or dev has a label to learn from: no labeling function votes on them")
    return inputs.part(rows), targets[rows], weights[rows] / weights[rows].mean()


def to_files(tensors: dict[str, Any], values: dict[str, Any]) -> dict[str, bytes]:
    """Write arrays as safetensors and values as JSON.

    Parameters
    ----------
    tensors
        Arrays by name.
    values
        What JSON holds.

    Returns
    -------
    dict of str to bytes
        Contents of two files, by name.
    """
    from safetensors.numpy import save

    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    return {
        TENSORS: save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}),
        VALUES: text.encode(),
    }


def from_files(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what ``to_files`` wrote.

    Parameters
    ----------
    folder
        Folder of the two files.

    Returns
    -------
    tensors, values

    Raises
    ------
    DataError
        A file is missing or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        values = json.loads((folder / VALUES).read_text(encoding="utf-8"))
        return load_file(folder / TENSORS), values
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise DataError(f"{folder} is not a whole model ({error}): run the train stage, or `dvc pull`") from error
