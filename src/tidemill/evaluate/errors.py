"""Labels that models of other rows contradict, the worst first.

Northcutt, Jiang and Chuang, "Confident Learning" (JAIR 2021), as cleanlab has it: a class that models are never sure of
has a low bar, so a careful model hides no errors.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.metrics import Gold
from tidemill.evaluate.settings import ErrorSettings


def label_errors(labels: Gold, said: Probabilities, settings: ErrorSettings) -> pl.DataFrame:
    """Rank labels that are probably wrong.

    Parameters
    ----------
    labels : (n_rows,)
        Class index.
    said : (n_rows, n_classes)
        Out-of-fold probabilities.
    settings : ErrorSettings

    Returns
    -------
    polars.DataFrame
        Columns row, label, suggested (the likeliest class) and quality, cleanlab's score of the label, from 0 (surely wrong) to 1.
    """
    if len(np.unique(labels)) < 2:  # noqa: PLR2004 - where all labels are alike none is confused with another
        return _table(np.zeros(0, dtype=np.int64), labels, said, np.zeros(len(labels)))
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    suspect = find_label_issues(labels, said, filter_by=settings.filter_by, n_jobs=1) & (said.argmax(axis=1) != labels)
    quality = get_label_quality_scores(labels, said, method=settings.rank_by)
    ranked = np.flatnonzero(suspect)[np.argsort(quality[suspect], kind="stable")]
    return _table(ranked[: settings.max_errors], labels, said, quality)


def _table(rows: Gold, labels: Gold, said: Probabilities, quality: Probabilities) -> pl.DataFrame:
    suggested = said.argmax(axis=1)
    return pl.DataFrame(
        {"row": rows, "label": labels[rows], "suggested": suggested[rows], "quality": quality[rows].round(6)}
    )
