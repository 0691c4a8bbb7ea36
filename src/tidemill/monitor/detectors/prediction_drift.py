"""PredictionDrift: a model that predicts other classes, or with other confidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from tidemill.common.arrays import probability_array
from tidemill.monitor import prediction_tests
from tidemill.monitor.detectors.base import BatchDetector
from tidemill.monitor.detectors.inputs import refuse_other_classes, row_set
from tidemill.monitor.rows import Finding, Names, Rows
from tidemill.monitor.settings import MonitorSettings, PredictionSettings
from tidemill.reports.monitor import PredictionDrift as PredictionReport


class PredictionDrift(BatchDetector):
    """Detects that a model predicts other classes, or with other confidence: Jensen-Shannon distance, permutation test.

    Parameters
    ----------
    alpha
        Chance that a batch of the reference's kind is called drifted.
    seed
        Of the permutations.
    min_rows
        Smaller batches are not judged.
    n_bins
        Bins of the predicted class's probability.
    n_permutations
        Permutations behind the p value.
    min_distance
        Distance, 0 to 1, from which on the change counts; it is the ``effect``.
    classes
        Names of the classes, for the reasons.
    """

    name = "predictions"

    def __init__(  # noqa: PLR0913 - scikit-learn's convention: a parameter each
        self,
        *,
        alpha: float = 0.05,
        seed: int = 0,
        min_rows: int = 30,
        n_bins: int = 5,
        n_permutations: int = 999,
        min_distance: float = 0.1,
        classes: Sequence[str] | None = None,
    ) -> None:
        self.alpha = alpha
        self.seed = seed
        self.min_rows = min_rows
        self.n_bins = n_bins
        self.n_permutations = n_permutations
        self.min_distance = min_distance
        self.classes = classes

    def _rows(self, data: Any) -> Rows:
        return row_set(probabilities=probability_array(data))

    @classmethod
    def configured(cls, settings: MonitorSettings, names: Names, *, alpha: float) -> Self:
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
        PredictionDrift
        """
        own = settings.predictions.model_dump()
        return cls(alpha=alpha, seed=settings.seed, min_rows=settings.min_rows, classes=names.classes, **own)

    def finding(self, reference: Rows, batch: Rows) -> Finding[PredictionReport]:
        """Compare the predictions of two sets of rows, as ``BatchDetector.finding``.

        Parameters
        ----------
        reference, batch
            Rows to compare.

        Returns
        -------
        Finding
        """
        refuse_other_classes(reference, batch)
        own = PredictionSettings(n_bins=self.n_bins, n_permutations=self.n_permutations, min_distance=self.min_distance)
        settings = MonitorSettings.model_construct(seed=self.seed, predictions=own)
        classes = self.classes or [str(k) for k in range(reference.probabilities.shape[1])]
        return prediction_tests.detect(reference, batch, Names(tuple(classes), ()), settings, alpha=self.alpha)

    @staticmethod
    def _measured(report: PredictionReport) -> tuple[float, float]:
        return report.p, report.js_distance
