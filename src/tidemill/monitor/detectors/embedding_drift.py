"""EmbeddingDrift: features that moved."""

from __future__ import annotations

from typing import Any, Self

from tidemill.common.arrays import feature_array
from tidemill.contracts import InputError
from tidemill.monitor import embedding_tests
from tidemill.monitor.detectors.base import BatchDetector
from tidemill.monitor.detectors.inputs import row_set
from tidemill.monitor.rows import Finding, Names, Rows
from tidemill.monitor.settings import EmbeddingSettings, MonitorSettings
from tidemill.reports.monitor import EmbeddingDrift as EmbeddingReport


class EmbeddingDrift(BatchDetector):
    """Detects that features moved: energy distance with a permutation test, and how well a classifier tells them apart.

    Parameters
    ----------
    alpha
        Chance that a batch of the reference's kind is called drifted.
    seed
        Of samples and permutations.
    min_rows
        Smaller batches are not judged.
    max_rows
        Rows of the reference and of the batch that are compared, drawn where there are more.
    n_permutations
        Permutations behind the p value.
    min_auc
        AUC of the classifier from which on the change counts; it is the ``effect``.

    References
    ----------
    Székely and Rizzo, "Testing for equal distributions in high dimension" (2004); Lopez-Paz and Oquab, "Revisiting
    classifier two-sample tests" (2017).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> detector = EmbeddingDrift(n_permutations=199).fit(rng.normal(size=(200, 4)))
    >>> detector.check(rng.normal(size=(100, 4))).drift, detector.check(rng.normal(1.0, size=(100, 4))).drift
    (False, True)
    """

    name = "embeddings"

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        seed: int = 0,
        min_rows: int = 30,
        max_rows: int = 600,
        n_permutations: int = 999,
        min_auc: float = 0.55,
    ) -> None:
        self.alpha = alpha
        self.seed = seed
        self.min_rows = min_rows
        self.max_rows = max_rows
        self.n_permutations = n_permutations
        self.min_auc = min_auc

    def _rows(self, data: Any) -> Rows:
        return row_set(features=feature_array(data))

    @classmethod
    def configured(cls, settings: MonitorSettings, names: Names, *, alpha: float) -> Self:  # noqa: ARG003 - it names none
        """Make the detector of the stage, as ``BatchDetector.configured``.

        Parameters
        ----------
        settings
            Of the stage.
        names
            Of classes and functions.
        alpha
            Its share of the level.

        Returns
        -------
        EmbeddingDrift
        """
        return cls(alpha=alpha, seed=settings.seed, min_rows=settings.min_rows, **settings.embeddings.model_dump())

    def finding(self, reference: Rows, batch: Rows) -> Finding[EmbeddingReport]:
        """Compare the features of two sets of rows, as ``BatchDetector.finding``.

        Parameters
        ----------
        reference, batch
            Rows to compare.

        Returns
        -------
        Finding

        Raises
        ------
        InputError
            Features have another number of dimensions.
        """
        if batch.features.shape[1] != reference.features.shape[1]:
            raise InputError(
                f"features of {batch.features.shape[1]} dimensions, the reference has {reference.features.shape[1]}"
            )
        own = EmbeddingSettings(max_rows=self.max_rows, n_permutations=self.n_permutations, min_auc=self.min_auc)
        settings = MonitorSettings.model_construct(seed=self.seed, embeddings=own)
        return embedding_tests.detect(reference, batch, Names((), ()), settings, alpha=self.alpha)

    @staticmethod
    def _measured(report: EmbeddingReport) -> tuple[float, float]:
        return report.p, report.auc
