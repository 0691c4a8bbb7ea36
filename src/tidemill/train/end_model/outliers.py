"""Out-of-distribution detection: how far a row is from the training rows, and from where on it is none of the above.

Sun, Ming, Zhu and Li, "Out-of-Distribution Detection with Deep Nearest Neighbors" (ICML 2022): a row is unlike the known
ones when even its k-th nearest neighbour among them is far. It assumes nothing of their shape, so it holds for several
batches and for ten rows. Neighbours are sought among standardised features, and a sample of the known rows is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import DataError, Features

NONE: Final = "none_of_the_above"
"""What is predicted in place of a class."""
FILE: Final = "none.safetensors"
_NEIGHBOURS: Final = 10
_ROWS_PER_NEIGHBOUR: Final = 50  # with fewer known rows a nearer neighbour counts
_MAX_KNOWN: Final = 2_000  # known rows kept
_MIN_UNSEEN: Final = 50  # unseen rows that a quantile needs; with fewer each known row is compared with the others
_MIN_SPREAD: Final = 1e-6
_DIGITS: Final = 6
_CHUNK: Final = 512  # rows whose distances are in memory together

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outliers:
    """A detector of rows that are far from the training rows.

    Parameters
    ----------
    mean, scale : (n_dimensions,)
        Of the standardisation.
    known : (n_known, n_dimensions)
        Standardised known rows.
    neighbour
        Which neighbour's distance counts, from 1.
    threshold
        Distance from which on a row is an outlier.
    """

    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    known: npt.NDArray[np.float16]
    neighbour: int
    threshold: float

    @classmethod
    def fit(cls, known: Features, unseen: Features, *, share: float, seed: int) -> Outliers:
        """Fit the detector.

        Parameters
        ----------
        known : (n_known, n_dimensions)
            Features of the training rows.
        unseen : (n_unseen, n_dimensions)
            Features of rows of their kind that no model was trained on; with too few of them each known row is compared with
            the others.
        share
            Share of such rows that may be refused.
        seed
            Draws the known rows that are kept.

        Returns
        -------
        Outliers
            Fitted.

        Raises
        ------
        DataError
            There are fewer than two known rows.
        """
        if len(known) < 2:  # noqa: PLR2004 - a row has a neighbour
            raise DataError(
                f"none_of_the_above needs rows to compare with, and there are {len(known)} training rows: switch it off"
            )
        spread = known.std(axis=0, dtype=np.float64)
        mean = known.mean(axis=0, dtype=np.float64).astype(np.float32)
        scale = np.where(spread > _MIN_SPREAD, spread, 1.0).astype(np.float32)
        kept = np.sort(np.random.default_rng([seed, 17]).permutation(len(known))[:_MAX_KNOWN])
        rows = ((known[kept] - mean) / scale).astype(np.float16)
        neighbour = min(_NEIGHBOURS, max(1, len(kept) // _ROWS_PER_NEIGHBOUR))
        unscaled = cls(mean, scale, rows, neighbour, 1.0)
        # a kept row is its own nearest neighbour, so for known rows the next one counts
        distances = unscaled.distances(unseen) if len(unseen) >= _MIN_UNSEEN else unscaled.distances(known[kept], own=1)
        return cls(mean, scale, rows, neighbour, max(float(np.quantile(distances, 1.0 - share)), _MIN_SPREAD))

    def score(self, features: Features) -> Array:
        """Score rows.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Features of the rows.

        Returns
        -------
        (n_rows,)
            Above 1 a row is none of the above.
        """
        return np.asarray(np.round(self.distances(features) / self.threshold, _DIGITS))

    def distances(self, features: Features, *, own: int = 0) -> Array:
        """Compute the distance to the neighbour that counts.

        Parameters
        ----------
        features : (n_rows, n_dimensions)
            Features of the rows.
        own
            How many of the nearest neighbours to pass over: 1 for known rows, each its own nearest.

        Returns
        -------
        (n_rows,)

        Raises
        ------
        DataError
            The features have another number of dimensions.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):  # noqa: PLR2004 - rows and dimensions
            raise DataError(f"features are {features.shape}, none_of_the_above reads (rows, {len(self.mean)})")
        known = self.known.astype(np.float64)
        lengths = (known**2).sum(axis=1)
        index = min(self.neighbour - 1 + own, len(known) - 1)
        parts = [np.zeros(0)]
        for start in range(0, len(features), _CHUNK):
            rows = (features[start : start + _CHUNK].astype(np.float64) - self.mean) / self.scale
            squared = (rows**2).sum(axis=1)[:, None] + lengths - 2.0 * rows @ known.T
            parts.append(np.sqrt(np.maximum(np.partition(squared, index, axis=1)[:, index], 0.0)))
        return np.asarray(np.round(np.concatenate(parts), _DIGITS))  # the last bits of a sum are not the same twice

    def files(self) -> dict[str, bytes]:
        """Serialize the detector; ``load`` reads its file.

        Returns
        -------
        dict of str to bytes
            Content by path within the model's folder.
        """
        from safetensors.numpy import save

        numbers = {"neighbour": np.array([self.neighbour]), "bar": np.array([self.threshold])}  # metadata has no order
        return {FILE: save({"mean": self.mean, "scale": self.scale, "known": self.known, **numbers})}

    @classmethod
    def load(cls, folder: Path) -> Outliers | None:
        """Load the detector of a model.

        Parameters
        ----------
        folder
            Folder of the end model.

        Returns
        -------
        Outliers or None
            None where the model was trained without a detector.

        Raises
        ------
        DataError
            The file is damaged.
        """
        path = folder / FILE
        if not path.exists():
            return None
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            tensors = load_file(path)
            neighbour, threshold = int(tensors.pop("neighbour")[0]), float(tensors.pop("bar")[0])
            return cls(**tensors, neighbour=neighbour, threshold=threshold)
        except (OSError, SafetensorError, KeyError, TypeError) as error:
            raise DataError(f"{path} is not whole ({error}): run the train stage, or `dvc pull`") from error
