"""votes -> the analysis table: how often every labeling function votes, overlaps, conflicts, and is right.

Columns and definitions are those of Snorkel's ``LFAnalysis.lf_summary`` (0.10); ``benchmarks/label_summary.py`` holds the
two side by side. Two things differ where Snorkel has no answer. Rows without gold count neither as correct nor as
incorrect. A vote "not class k" conflicts with a vote for k: a row is in conflict when no class agrees with all its votes,
which for votes of classes is Snorkel's "labeled differently by two".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import ABSTAIN, NO_GOLD, DataError, Votes
from tidemill.label.tally import Tally, in_conflict, tally


def summary(
    votes: Votes,
    names: Sequence[str],
    *,
    n_classes: int,
    gold: npt.NDArray[np.int8] | None = None,
    learned: Sequence[float] | None = None,
) -> pl.DataFrame:
    """(rows, functions) votes → a table row per labeling function.

    Parameters
    ----------
    gold
        (rows,) class or ``NO_GOLD``; gives Correct, Incorrect and Emp. Acc. (0 where it never votes on gold rows).
    learned
        Weight that a label model learned of each function.

    Examples
    --------
    >>> votes = np.array([[-1, 0, 0], [-1, -1, -1], [1, 0, -1], [-1, 0, -1], [0, 0, 0]], dtype=np.int8)
    >>> summary(votes, ["a", "b", "c"], n_classes=2)["Overlaps"].to_list()
    [0.4, 0.6, 0.4]
    """
    if votes.shape[1] != len(names):
        raise DataError(f"{votes.shape[1]} columns of votes for {len(names)} labeling functions")
    known = None if gold is None else np.flatnonzero(gold != NO_GOLD)
    against = None if known is None or gold is None else (votes[known], gold[known])
    return table_of(tally(votes, n_classes=n_classes), names, against=against, learned=learned)


def table_of(
    tallied: Tally,
    names: Sequence[str],
    *,
    against: tuple[Votes, npt.NDArray[np.int8]] | None = None,
    learned: Sequence[float] | None = None,
) -> pl.DataFrame:
    """Tally of votes, and the votes on rows with gold beside it → the table, as ``summary`` has it."""
    rows = max(tallied.rows, 1)
    columns: dict[str, object] = {
        "function": list(names),
        "j": np.arange(len(names)),
        "Polarity": pl.Series([sorted(values) for values in tallied.polarity], dtype=pl.List(pl.Int64)),
        "Coverage": tallied.fires / rows,
        "Overlaps": tallied.overlaps / rows,
        "Conflicts": tallied.conflicts / rows,
    }
    if against is not None:
        columns |= _against(*against)
    if learned is not None:
        columns["Learned Weight"] = np.asarray(learned, dtype=np.float64)
    return pl.DataFrame(columns)


def conflicts(votes: Votes, *, n_classes: int) -> npt.NDArray[np.bool_]:
    """(rows, functions) votes → (rows,): no class agrees with all votes of the row.

    >>> conflicts(np.array([[0, 1], [0, 0], [0, -2], [1, -2]], dtype=np.int8), n_classes=2).tolist()
    [True, False, True, False]
    """
    return in_conflict(votes, n_classes)


def is_right(votes: Votes, gold: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """(rows, functions) votes and (rows,) gold → where a vote names the class, or excludes another.

    >>> is_right(np.array([[0, 1, -1, -2, -3]], dtype=np.int8), np.array([0], dtype=np.int8)).tolist()
    [[True, False, False, False, True]]
    """
    truth = gold.astype(np.int16)[:, None]
    right: npt.NDArray[np.bool_] = (votes == truth) | ((votes < ABSTAIN) & (votes != -2 - truth))
    return right


def printable(table: pl.DataFrame) -> pl.DataFrame:
    """Analysis table → the same with the polarity as text, fit for CSV and for a page."""
    text = pl.col("Polarity").cast(pl.List(pl.String)).list.join(", ")
    return table.with_columns(pl.format("[{}]", text).alias("Polarity"))


def _against(votes: Votes, gold: npt.NDArray[np.int8]) -> dict[str, object]:
    known = votes != ABSTAIN
    right = known & is_right(votes, gold)
    correct, told = right.sum(axis=0), known.sum(axis=0)
    return {"Correct": correct, "Incorrect": told - correct, "Emp. Acc.": correct / np.maximum(told, 1)}
