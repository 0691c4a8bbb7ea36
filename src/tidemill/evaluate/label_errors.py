"""Labels that are probably wrong, the worst first, by confident learning.

Northcutt, Jiang and Chuang, "Confident Learning" (JAIR 2021), as cleanlab has it: a class that models are never sure of
has a low bar, so a careful model hides no errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.arrays import probability_array
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import InputError, Probabilities
from tidemill.evaluate.metrics import Gold
from tidemill.evaluate.settings import ErrorSettings

_NO_PAGE: Final = 1  # a table is made, no page


def find_label_errors(
    labels: Any,
    probabilities: Any,
    *,
    classes: Sequence[str] | None = None,
    filter_by: str = "confident_learning",
    rank_by: str = "normalized_margin",
    max_errors: int | None = None,
) -> pl.DataFrame:
    """Find labels that are probably wrong, the worst first.

    Parameters
    ----------
    labels : (n_rows,)
        Given label of each row: class index, or name where ``classes`` are given.
    probabilities : (n_rows, n_classes)
        Of models that were not fitted on the row: out-of-fold predictions.
    classes
        Names of the classes in the order of the columns. None: their indices.
    filter_by
        Which labels are suspect, as cleanlab has it: ``confident_learning``, ``prune_by_noise_rate``, ``prune_by_class``,
        ``both`` or ``predicted_neq_given``.
    rank_by
        How labels are scored: ``normalized_margin``, ``self_confidence`` or ``confidence_weighted_entropy``.
    max_errors
        As many of the worst; None: all that are suspect.

    Returns
    -------
    polars.DataFrame
        Columns row (its number), label, suggested (the likeliest class) and quality (0 surely wrong, to 1).

    Raises
    ------
    InputError
        Labels and probabilities are not of the same rows, or a label is no class.

    References
    ----------
    Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (2021).

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.05, 0.95]])
    >>> find_label_errors([0, 0, 1, 1, 0], sure).rows()
    [(4, 0, 1, 0.05)]
    """
    predicted = probability_array(probabilities)
    given = _indices(labels, predicted.shape[1], classes)
    if len(given) != len(predicted):
        raise InputError(f"{len(given)} labels for probabilities of {len(predicted)} rows")
    settings = ErrorSettings.model_validate(
        {"filter_by": filter_by, "rank_by": rank_by, "max_errors": max_errors, "page_rows": _NO_PAGE}
    )
    result = rank_label_errors(given, predicted, settings)
    if classes is None:
        return result
    names = pl.Series(list(classes))
    return result.with_columns(names.gather(result[name]).alias(name) for name in ("label", "suggested"))


def rank_label_errors(labels: Gold, predicted: Probabilities, settings: ErrorSettings) -> pl.DataFrame:
    """Rank labels that are probably wrong.

    Parameters
    ----------
    labels : (n_rows,)
        Class index.
    predicted : (n_rows, n_classes)
        Out-of-fold probabilities.
    settings
        Which labels count as suspect, and how they are ranked.

    Returns
    -------
    polars.DataFrame
        Columns row, label, suggested (the likeliest class) and quality, cleanlab's score of the label, from 0 (surely wrong) to 1.
    """
    if len(np.unique(labels)) < 2:  # noqa: PLR2004 - where all labels are alike none is confused with another
        return _table(np.zeros(0, dtype=np.int64), labels, predicted, np.zeros(len(labels)))
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    suspect = find_label_issues(labels, predicted, filter_by=settings.filter_by, n_jobs=1) & (
        predicted.argmax(axis=1) != labels
    )
    quality = get_label_quality_scores(labels, predicted, method=settings.rank_by)
    ranked = np.flatnonzero(suspect)[np.argsort(quality[suspect], kind="stable")]
    return _table(ranked[: settings.max_errors], labels, predicted, quality)


def _table(rows: Gold, labels: Gold, predicted: Probabilities, quality: Probabilities) -> pl.DataFrame:
    suggested = predicted.argmax(axis=1)
    return pl.DataFrame(
        {"row": rows, "label": labels[rows], "suggested": suggested[rows], "quality": quality[rows].round(6)}
    )


def _indices(labels: Any, n_classes: int, classes: Sequence[str] | None) -> npt.NDArray[np.int64]:
    values = np.asarray(labels)
    if classes is not None and len(classes) != n_classes:
        raise InputError(f"{len(classes)} names of classes for probabilities of {n_classes}")
    if values.dtype.kind not in "iu":
        names = [] if classes is None else list(classes)
        if unknown := [value for value in values.tolist() if value not in names]:
            raise InputError(f"label {unknown[0]!r} is no class{did_you_mean(str(unknown[0]), names)}")
        values = np.array([names.index(value) for value in values.tolist()], dtype=np.int64)
    bad = (values < 0) | (values >= n_classes)
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"row {row} of labels: {values[row]} is no class in 0..{n_classes - 1}; leave rows without a label out"
        )
    return values.astype(np.int64)
