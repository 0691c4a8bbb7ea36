"""HarmDetector: a model that has become worse, seen without gold."""

from __future__ import annotations

from typing import Any, Self

from tidemill.common.estimators import Estimator
from tidemill.monitor.detectors.base import DriftResult
from tidemill.monitor.detectors.inputs import predicted_rows, refuse_other_classes
from tidemill.monitor.harm import estimate
from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.settings import HarmSettings, MonitorSettings


class HarmDetector(Estimator):
    """Detects, without gold, that a model has become worse: it agrees less with the majority of the labeling functions.

    Parameters
    ----------
    alpha
        Level of the one-sided interval of the fall.
    min_rows
        Rows that the majority decides, of the reference and of the batch, below which harm is not judged.
    min_agreement_drop
        Fall of the agreement that counts.
    min_coverage_drop
        Fall of the coverage from which on new functions are recommended.

    Examples
    --------
    >>> import numpy as np
    >>> votes, right = np.tile([[0], [1]], (50, 3)), np.tile([[0.9, 0.1], [0.2, 0.8]], (50, 1))
    >>> HarmDetector().fit(right, votes).check(right[::-1], votes).drift
    True
    """

    reference_: Rows

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        min_rows: int = 30,
        min_agreement_drop: float = 0.05,
        min_coverage_drop: float = 0.2,
    ) -> None:
        self.alpha = alpha
        self.min_rows = min_rows
        self.min_agreement_drop = min_agreement_drop
        self.min_coverage_drop = min_coverage_drop

    def fit(self, probabilities: Any, votes: Any) -> Self:
        """Remember the reference.

        Parameters
        ----------
        probabilities : (n_rows, n_classes)
            Of the model.
        votes : (n_rows, n_functions)
            Of the labeling functions on the same rows.

        Returns
        -------
        HarmDetector
            Itself.
        """
        self.reference_ = predicted_rows(probabilities, votes)
        return self

    def check(self, probabilities: Any, votes: Any) -> DriftResult:
        """Compare a batch with the reference.

        Parameters
        ----------
        probabilities : (n_rows, n_classes)
            Of the same model.
        votes : (n_rows, n_functions)
            Of labeling functions.

        Returns
        -------
        DriftResult
            ``drift`` tells whether there is harm, None where it cannot be judged; ``effect`` is the fall of the agreement.
            There is no p value but an interval, in ``details``.
        """
        self._check_is_fitted()
        batch = predicted_rows(probabilities, votes)
        refuse_other_classes(self.reference_, batch)
        own = HarmSettings.model_construct(
            min_rows=self.min_rows, min_agreement_drop=self.min_agreement_drop, min_coverage_drop=self.min_coverage_drop
        )
        settings = MonitorSettings.model_construct(alpha=self.alpha, harm=own)
        names = Names(tuple(str(k) for k in range(batch.probabilities.shape[1])), ())
        interval = estimate(self.reference_, batch, names, settings)
        details = {
            "harm": interval.harm,
            "relabel": interval.relabel,
            "agreement": interval.agreement.model_dump(),
            "confidence": interval.confidence.model_dump(),
            "coverage": interval.coverage.model_dump(),
        }
        return DriftResult(interval.harm, None, interval.agreement.drop, interval.reasons, details)
