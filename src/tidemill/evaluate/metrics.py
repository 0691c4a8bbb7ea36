"""Scores through sums over rows, so that a bootstrap is one matrix product.

Every score here is a function of column sums of a (rows, columns) table of tallies: hits, gold and predicted counts
per class, minus log probability of the gold class, and per confidence bin the sum of confidence minus correctness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.common.calibration_error import calibration_error_of_sums, calibration_terms
from tidemill.contracts import ConfigError, Probabilities

LOWER_IS_BETTER: Final = frozenset({"log_loss", "calibration_error"})
_SMALLEST: Final = 1e-15  # a probability of 0 for the gold class costs -log of this

Array = npt.NDArray[np.float64]
Gold = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class MetricSpec:
    """What scores need to know besides the rows: classes, the positive one for F1 (None: macro), confidence bins.

    Precision and recall are computed for the classes that ``names`` names, in their order.
    """

    n_classes: int
    positive: int | None
    n_bins: int
    names: tuple[str, ...] = ()


def metric_spec(classes: tuple[str, ...], positive: str | None, n_bins: int) -> MetricSpec:
    """Make the specification of a problem's metrics.

    Parameters
    ----------
    classes
        Names of the classes in the order of their indices.
    positive
        Class whose F1 is reported; None: the last of two classes, or macro F1.
    n_bins
        Bins of the calibration error.

    Returns
    -------
    MetricSpec

    Raises
    ------
    ConfigError
        The positive class is no class.

    Examples
    --------
    >>> metric_spec(("ham", "spam"), None, 15).positive, metric_spec(("a", "b", "c"), None, 15).positive
    (1, None)
    """
    if positive is not None and positive not in classes:
        raise ConfigError(f"evaluate.positive_class is {positive!r}, the classes are {', '.join(classes)}")
    last = 1 if len(classes) == 2 else None  # noqa: PLR2004 - a binary problem
    return MetricSpec(len(classes), last if positive is None else classes.index(positive), n_bins, classes)


def metric_terms(gold: Gold, probabilities: Probabilities, spec: MetricSpec) -> Array:
    """Compute what is summed over rows.

    Parameters
    ----------
    gold : (n_rows,)
        Class index.
    probabilities : (n_rows, n_classes)
        Class probabilities of each row.
    spec
        Classes, positive class and bins by which metrics are computed.

    Returns
    -------
    (n_rows, 3 * n_classes + 1 + n_bins)
    """
    predicted = probabilities.argmax(axis=1)
    one_hot = np.eye(spec.n_classes)
    is_gold, is_predicted = one_hot[gold], one_hot[predicted]
    loss = -np.log(np.clip(probabilities[np.arange(len(gold)), gold], _SMALLEST, 1.0))
    excess = calibration_terms(probabilities, gold, spec.n_bins)
    return np.hstack([is_gold * is_predicted, is_gold, is_predicted, loss[:, None], excess])


def metrics_from_sums(sums: Array, spec: MetricSpec) -> dict[str, Array]:
    """Compute scores from sums of tallies.

    Balanced accuracy is the mean recall of the classes that gold holds, so on a slice of one class it is accuracy.
    F1 is that of the positive class, or the mean over the classes that gold holds; without a gold positive it is NaN.
    Calibration error is the expected one of Guo et al. (2017), "On Calibration of Modern Neural Networks": over bins
    of equal width of the top class's probability, the mean distance of confidence from accuracy.
    Precision and recall of a class are of the rows whose likeliest class it is.

    Parameters
    ----------
    sums : (..., n_columns)
        Sums of what ``metric_terms`` gives.
    spec
        Classes, positive class and bins by which metrics are computed.

    Returns
    -------
    dict of str to (...)
        NaN where a score has no meaning.
    """
    k = spec.n_classes
    hits, golds, predicted, rest = np.split(sums, [k, 2 * k, 3 * k], axis=-1)
    rows = golds.sum(axis=-1)
    f1 = _ratio(2.0 * hits, golds + predicted, golds > 0)
    return {
        "accuracy": _ratio(hits.sum(axis=-1), rows, rows > 0),
        "balanced_accuracy": _mean(_ratio(hits, golds, golds > 0)),
        "f1": _mean(f1) if spec.positive is None else f1[..., spec.positive],
        "log_loss": _ratio(rest[..., 0], rows, rows > 0),
        "calibration_error": calibration_error_of_sums(rest[..., 1:], rows),
        **_of_classes(hits, golds, predicted, spec),
    }


def _of_classes(hits: Array, golds: Array, predicted: Array, spec: MetricSpec) -> dict[str, Array]:
    precision, recall = (_ratio(hits, below, below > 0) for below in (predicted, golds))
    each = {"precision": precision, "recall": recall}
    return {f"{kind}_{name}": of[..., k] for kind, of in each.items() for k, name in enumerate(spec.names)}


def _ratio(above: Array, below: Array, where: npt.NDArray[np.bool_]) -> Array:
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=where))


def _mean(values: Array) -> Array:
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    return _ratio(np.where(defined, values, 0.0).sum(axis=-1), count, count > 0)
