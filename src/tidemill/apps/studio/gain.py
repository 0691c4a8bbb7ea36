"""What a label model would gain by an edited function: it is fitted on a sample without the edit and with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.apps.studio.preview import EditedText, edited_functions, votes_on
from tidemill.apps.studio.rows import votes_of
from tidemill.apps.studio.workspace import Workspace
from tidemill.contracts import ABSTAIN, NO_GOLD, Votes
from tidemill.denoise.models.registry import create
from tidemill.reports.studio import LabelGain

_MODEL: Final = "one_coin"
"""An accuracy for each function, learned of agreement alone: the quickest label model that is not a majority."""


def label_gain(workspace: Workspace, edited: EditedText) -> LabelGain | None:
    """Fit a label model on a sample of rows, with the votes of the last run and with those of the edited function in their place.

    Parameters
    ----------
    workspace
        The problem.
    edited
        YAML of the function.

    Returns
    -------
    LabelGain or None
        None where no function has voted yet, or no dev row has gold.

    Raises
    ------
    ConfigError
        The YAML is wrong; file and line are named.
    """
    functions, before = edited_functions(workspace, edited)
    view = workspace.view
    sample = workspace.rows(is_sample=True)
    gold = view.gold[sample.places]
    if votes_of(view) is None or not (gold != NO_GOLD).any():
        return None
    added = [votes_on(workspace, function, sample)[0] for function in functions]
    gone = {one.name for one in (*before, *functions)}
    kept = [j for j, name in enumerate(view.names) if name not in gone]
    votes: Votes = view.votes[sample.places]
    was = workspace.kept("labels of the last run", lambda: _labels(votes, len(view.classes)))
    now = _labels(np.column_stack([votes[:, kept], *added]), len(view.classes))
    return LabelGain(
        dev_rows=int((gold != NO_GOLD).sum()),
        labeled_before=_count(was, gold)[0],
        right_before=_count(was, gold)[1],
        labeled=_count(now, gold)[0],
        right=_count(now, gold)[1],
    )


def _labels(votes: Votes, n_classes: int) -> npt.NDArray[np.intp]:
    """Likeliest classes; none where no function votes, or all classes are alike."""
    model = create(_MODEL, n_classes).fit(votes)
    probabilities = model.predict_proba(votes)
    is_silent = (votes == ABSTAIN).all(axis=1)
    labels: npt.NDArray[np.intp] = np.where(is_silent, NO_GOLD, probabilities.argmax(axis=1))
    return labels


def _count(labels: npt.NDArray[np.intp], gold: Sequence[int] | npt.NDArray[np.int16]) -> tuple[int, int]:
    judged = (np.asarray(gold) != NO_GOLD) & (labels != NO_GOLD)
    return int(judged.sum()), int((judged & (labels == gold)).sum())
