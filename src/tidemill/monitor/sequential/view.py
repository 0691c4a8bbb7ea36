"""What several scores need of the same rows, computed once: projections, the label model's posterior, contradictions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Probabilities
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.label_tables import LabelTables, fit_label_tables

Array = npt.NDArray[np.float64]

_DIRECTIONS: Final = 32
_FLAT: Final = 1e-6


@dataclass(frozen=True)
class Basis:
    """What is fitted on half of the reference and shared by scores.

    Attributes
    ----------
    center : (n_dimensions,)
    directions : (n_dimensions, n_directions)
        Principal directions of the features.
    spread : (n_directions,)
        Standard deviation along each.
    tables
        The label model.
    """

    center: Array
    directions: Array
    spread: Array
    tables: LabelTables

    @classmethod
    def fit(cls, half: Batch) -> Basis:
        """Fit it on rows.

        Parameters
        ----------
        half
            Half of the reference.

        Returns
        -------
        Basis
        """
        features = finite(half.rows.features)
        center = features.mean(axis=0)
        _, singular, axes = np.linalg.svd(features - center, full_matrices=False)
        kept = min(_DIRECTIONS, len(singular))
        spread = singular[:kept] / np.sqrt(max(len(features), 1)) + _FLAT
        tables = fit_label_tables(half.rows.votes, known_probabilities(half.rows.probabilities))
        return cls(center, axes[:kept].T, spread, tables)


class View:
    """Rows as scores see them.

    Parameters
    ----------
    batch
        The rows.
    basis
        What was fitted on half of the reference.
    is_reference
        Whether these are the rows that scores are fitted on.
    """

    def __init__(self, batch: Batch, basis: Basis, *, is_reference: bool = False) -> None:
        self.batch = batch
        self.basis = basis
        self.is_reference = is_reference
        self.votes = batch.rows.votes

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.batch)

    @cached_property
    def features(self) -> Array:
        """(n_rows, n_dimensions) in double precision; values that are not finite are 0, and counted as missing."""
        return finite(self.batch.rows.features)

    @cached_property
    def probabilities(self) -> Probabilities:
        """(n_rows, n_classes) of the champion; a row that is not finite is uniform, and counted as missing."""
        return known_probabilities(self.batch.rows.probabilities)

    @cached_property
    def voted(self) -> npt.NDArray[np.bool_]:
        """(n_rows, n_functions) where a function votes."""
        return np.asarray(self.votes != ABSTAIN)

    @cached_property
    def centered(self) -> Array:
        """(n_rows, n_dimensions) less the reference's mean."""
        return np.asarray(self.features - self.basis.center)

    @cached_property
    def projected(self) -> Array:
        """(n_rows, n_directions) along the principal directions."""
        return np.asarray(self.centered @ self.basis.directions)

    @cached_property
    def posterior(self) -> Array:
        """(n_rows, n_classes) of the label model."""
        return self.basis.tables.posterior(self.votes)

    @cached_property
    def contradiction(self) -> Array:
        """(n_rows, n_functions), how improbable each vote is given all else."""
        return self.basis.tables.contradiction(self.votes, self.probabilities)


def finite(features: npt.NDArray[np.floating]) -> Array:
    """Replace what is not finite by 0, in double precision.

    Parameters
    ----------
    features : (n_rows, n_dimensions)

    Returns
    -------
    (n_rows, n_dimensions)
    """
    return np.nan_to_num(features.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def known_probabilities(probabilities: Probabilities) -> Probabilities:
    """Make rows that are not finite uniform.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)

    Returns
    -------
    (n_rows, n_classes)
    """
    known = np.isfinite(probabilities).all(axis=1, keepdims=True)
    return np.where(known, probabilities, 1.0 / max(probabilities.shape[1], 1))
