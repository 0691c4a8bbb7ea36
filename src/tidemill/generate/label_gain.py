"""What a generator's votes do to the labels of gold rows: they stay where labels get better with them, and are dropped otherwise.

The label model is fitted without gold, once without the generator, once with it, and once with its votes for each class left out. The
squared error on gold rows (Brier, 1950) decides. Its votes there were cast without having seen these rows, so the comparison is fair.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.contracts import ABSTAIN, Votes
from tidemill.denoise.models.registry import create
from tidemill.generate.gold_check import Checked
from tidemill.generate.rows import Rows

LEAST: Final = 30
"""Gold rows from which on labels are compared."""
MOST_CLASSES: Final = 6
"""Classes up to which votes for each are tried without."""
_SURE: Final = 1.0
"""Standard errors by which labels have to be better without a class for its votes to be dropped."""
Errors = npt.NDArray[np.float64]


def keep_what_helps(checked: Checked, rows: Rows, others: Votes) -> Checked:
    """Drop votes for a class, or all votes, with which labels of gold rows are worse.

    Parameters
    ----------
    checked
        Votes of a generator, after ``check_on_gold``.
    rows
        Rows of the problem.
    others : (n_rows, n_functions)
        Votes of the other functions.

    Returns
    -------
    Checked
        As given where gold rows are too few, or there is no other function to label with.
    """
    voted = [k for k in range(rows.n_classes) if (checked.votes == k).any()]
    if len(rows.labeled) < LEAST or not voted or not (others != ABSTAIN).any():
        return checked
    without, best = label_errors(others, rows), label_errors(np.column_stack([others, checked.votes]), rows)
    kept, dropped = checked.votes, dict(checked.dropped)
    for k in voted if 1 < len(voted) <= MOST_CLASSES else ():
        fewer = np.where(kept == k, np.int16(ABSTAIN), kept)
        errors = label_errors(np.column_stack([others, fewer]), rows)
        if _surely_less(errors, best):
            dropped[k] = _reason(f"votes for {rows.problem.classes[k]}", errors, best)
            kept, best = fewer, errors
    if best.mean() >= without.mean():
        dropped |= dict.fromkeys(range(rows.n_classes), _reason("its votes", without, best))
        kept = np.full_like(kept, ABSTAIN)
    return replace(checked, votes=kept, dropped=dropped)


def label_errors(votes: Votes, rows: Rows) -> Errors:
    """Compute the squared error of the labels of gold rows, by a label model that saw no gold.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        Votes to label with.
    rows
        Rows of the problem.

    Returns
    -------
    (n_gold,)
        From 0 to 2.
    """
    model = create("auto", rows.n_classes, seed=1, draws=0).fit(votes[rows.fitted_on])
    truth = np.eye(rows.n_classes)[rows.gold[rows.labeled]]
    return np.asarray(((model.predict_proba(votes[rows.labeled]) - truth) ** 2).sum(axis=1))


def _surely_less(errors: Errors, than: Errors) -> bool:
    gain = than - errors
    return bool(gain.mean() > _SURE * gain.std() / np.sqrt(len(gain)) and gain.mean() > 0)


def _reason(what: str, without: Errors, beside: Errors) -> str:
    return f"{what}: labels of gold rows are no better with them (squared error {beside.mean():.3f}, without {without.mean():.3f})"
