"""The champion's accuracy on rows without labels, as an interval that is to cover it.

Two witnesses see different things: the champion's confidence, and how probable its prediction is by the labeling functions'
votes. Each is taken at face value and calibrated on gold labels of held-out rows (Platt, 1999), and either can fail where rows
are of a new kind: a champion can grow surer as it gets worse, and functions written for other rows can be wrong together. So the
interval reaches from the mean of the least of them in each row to the mean of the greatest, with sampling and calibration
error besides. Its width is what is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.common.statistics import wilson
from tidemill.contracts import NO_GOLD
from tidemill.monitor.rows import Rows, covered, rounded
from tidemill.monitor.sequential.label_tables import LabelTables, fit_label_tables
from tidemill.monitor.sequential.view import known_probabilities
from tidemill.reports.monitor import AccuracyInterval

Array = npt.NDArray[np.float64]

MIN_GOLD: Final = 30
"""Held-out rows with gold below which nothing is calibrated."""
_CLIP: Final = 0.02
_PENALTY: Final = 0.3
_STEPS: Final = 50


@dataclass(frozen=True)
class Calibration:
    """A logistic regression of being right on the log odds of a witness.

    Attributes
    ----------
    coefficients : (2,)
        Intercept and slope.
    covariance : (2, 2)
        Of the coefficients.
    """

    coefficients: Array
    covariance: Array

    def predict(self, chances: Array) -> Array:
        """Compute calibrated probabilities.

        Parameters
        ----------
        chances : (n_rows,)
            Of being right, by the witness.

        Returns
        -------
        (n_rows,)
        """
        return _sigmoid(_inputs(chances) @ self.coefficients)

    def error(self, chances: Array) -> float:
        """Compute the standard error of the mean calibrated probability that few gold labels leave.

        Parameters
        ----------
        chances : (n_rows,)
            Of being right, by the witness.

        Returns
        -------
        float
        """
        predicted = self.predict(chances)
        slope = (_inputs(chances) * (predicted * (1.0 - predicted))[:, None]).mean(axis=0)
        return float(np.sqrt(slope @ self.covariance @ slope))


def calibrate(chances: Array, right: npt.NDArray[np.bool_]) -> Calibration:
    """Fit a calibration, with the targets of Platt (1999), so that it is finite where all rows are right.

    Parameters
    ----------
    chances : (n_rows,)
        Of being right, by the witness.
    right : (n_rows,)
        Whether the champion is.

    Returns
    -------
    Calibration
    """
    hits = int(right.sum())
    targets = np.where(right, (hits + 1.0) / (hits + 2.0), 1.0 / (len(right) - hits + 2.0))
    inputs, penalty = _inputs(chances), np.diag([1e-6, _PENALTY])
    coefficients: Array = np.zeros(2)
    for _ in range(_STEPS):
        predicted = _sigmoid(inputs @ coefficients)
        curvature = inputs.T @ (inputs * (predicted * (1.0 - predicted))[:, None]) + penalty
        step = np.linalg.solve(curvature, inputs.T @ (targets - predicted) - penalty @ coefficients)
        coefficients = coefficients + np.clip(step, -2.0, 2.0)
    return Calibration(coefficients, np.asarray(np.linalg.inv(curvature), dtype=np.float64))


@dataclass(frozen=True)
class Chances:
    """How probable it is that the champion is right, by each witness.

    Attributes
    ----------
    confidence, agreement : (n_rows,)
        The champion's own, and the label model's of the class that the champion predicts.
    """

    confidence: Array
    agreement: Array


@dataclass(frozen=True)
class Witnesses:
    """What is fitted on the reference.

    Attributes
    ----------
    tables
        The label model; a function that hardly votes in the reference has its prior accuracy.
    confidence, agreement
        Calibrations; None: there is too little gold, and the witnesses are taken at face value alone.
    reference
        Accuracy on the reference.
    mean_agreement
        Of the reference.
    calibrated_confidence : (n_rows,)
        Of the reference's rows.
    """

    tables: LabelTables
    confidence: Calibration | None
    agreement: Calibration | None
    reference: AccuracyInterval
    mean_agreement: float
    calibrated_confidence: Array

    @property
    def calibrated(self) -> bool:
        """Whether they are, on gold labels."""
        return self.confidence is not None


def fit_witnesses(reference: Rows, gold: npt.NDArray[np.integer[Any]] | None, *, level: float) -> Witnesses:
    """Fit the witnesses on the reference.

    Parameters
    ----------
    reference : Rows
        Rows that the champion was not trained on.
    gold : (n_rows,), optional
        Their labels, ``NO_GOLD`` where there is none. Below ``MIN_GOLD`` labels, accuracy before is what the functions make of it.
    level : float
        Of the intervals, such as 0.95.

    Returns
    -------
    Witnesses
    """
    tables = fit_label_tables(reference.votes, known_probabilities(reference.probabilities))
    chances = chances_of(tables, reference)
    known = np.zeros(len(reference), dtype=np.bool_) if gold is None else np.asarray(gold != NO_GOLD)
    mean_agreement = float(chances.agreement.mean())
    if gold is None or known.sum() < MIN_GOLD:
        bare = Witnesses(tables, None, None, _interval(0.0, 0.0, 1.0), mean_agreement, chances.confidence)
        low, high = _envelope(bare, chances, level=level)
        return Witnesses(tables, None, None, _interval(mean_agreement, low, high), mean_agreement, chances.confidence)
    right = known_probabilities(reference.probabilities).argmax(axis=1)[known] == gold[known]
    confidence, agreement = (calibrate(each[known], right) for each in (chances.confidence, chances.agreement))
    share = _interval(float(right.mean()), *wilson(int(right.sum()), len(right), level))
    return Witnesses(tables, confidence, agreement, share, mean_agreement, confidence.predict(chances.confidence))


def chances_of(tables: LabelTables, rows: Rows) -> Chances:
    """Let the witnesses look at rows.

    Parameters
    ----------
    tables : LabelTables
        Of the reference.
    rows : Rows
        Any.

    Returns
    -------
    Chances
    """
    probabilities = known_probabilities(rows.probabilities)
    predicted = probabilities.argmax(axis=1)
    every = np.arange(len(rows))
    agreement = tables.posterior(rows.votes)[every, predicted]
    return Chances(np.clip(probabilities[every, predicted], _CLIP, 1.0 - _CLIP), np.clip(agreement, _CLIP, 1.0 - _CLIP))


def estimate_accuracy(witnesses: Witnesses, rows: Rows, *, level: float) -> AccuracyInterval:
    """Estimate the champion's accuracy on rows without labels.

    The estimate is the reference's accuracy less the fall of the mean agreement, kept inside the interval. On rows without any
    vote agreement says nothing; where there are none at all, calibrated confidence is the estimate.

    Parameters
    ----------
    witnesses : Witnesses
        Of the reference.
    rows : Rows
        At least one.
    level : float
        Of the interval, such as 0.95.

    Returns
    -------
    AccuracyInterval
    """
    chances = chances_of(witnesses.tables, rows)
    low, high = _envelope(witnesses, chances, level=level)
    if covered(rows.votes).any():
        estimate = witnesses.reference.estimate - witnesses.mean_agreement + float(chances.agreement.mean())
    else:
        estimate = float(confidence_of(witnesses, chances).mean())
    return _interval(min(max(estimate, low), high), low, high)


def confidence_of(witnesses: Witnesses, chances: Chances) -> Array:
    """Compute the champion's confidence, calibrated where there was gold.

    Parameters
    ----------
    witnesses : Witnesses
        Of the reference.
    chances : Chances
        Of rows.

    Returns
    -------
    (n_rows,)
    """
    calibration = witnesses.confidence
    return chances.confidence if calibration is None else calibration.predict(chances.confidence)


def _envelope(witnesses: Witnesses, chances: Chances, *, level: float) -> tuple[float, float]:
    pairs = ((witnesses.confidence, chances.confidence), (witnesses.agreement, chances.agreement))
    views = [each for _, each in pairs] + [one.predict(each) for one, each in pairs if one is not None]
    error = max((one.error(each) for one, each in pairs if one is not None), default=0.0)
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    least, most = np.min(views, axis=0), np.max(views, axis=0)
    return (
        float(least.mean() - z * np.hypot(_sampling_error(least), error)),
        float(most.mean() + z * np.hypot(_sampling_error(most), error)),
    )


def _sampling_error(chances: Array) -> float:
    """Of the share of right rows, if each is right with its own chance."""
    return float(np.sqrt((chances * (1.0 - chances)).mean() / len(chances)))


def _interval(estimate: float, low: float, high: float) -> AccuracyInterval:
    return AccuracyInterval(
        **{
            name: rounded(min(max(value, 0.0), 1.0))
            for name, value in (("estimate", estimate), ("low", low), ("high", high))
        }
    )


def _inputs(chances: Array) -> Array:
    return np.column_stack([np.ones(len(chances)), np.log(chances / (1.0 - chances))])


def _sigmoid(values: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))))
