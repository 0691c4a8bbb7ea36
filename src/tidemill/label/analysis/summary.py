"""The analysis table: how often every labeling function votes, overlaps, conflicts, and is correct.

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
from tidemill.label.analysis.counts import VoteCounts, count_votes, in_conflict


def lf_summary(
    votes: Votes,
    names: Sequence[str],
    *,
    n_classes: int,
    gold: npt.NDArray[np.int16] | None = None,
    learned: Sequence[float] | None = None,
) -> pl.DataFrame:
    """Summarize each labeling function in a row of a table.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    names
        Names of the functions.
    n_classes
        Number of classes.
    gold : (n_rows,)
        Class index or ``NO_GOLD``; gives Correct, Incorrect and Emp. Acc. (0 where it never votes on gold rows).
    learned
        Weight that a label model learned of each function.

    Returns
    -------
    polars.DataFrame
        Columns function, j, Polarity, Coverage, Overlaps, Conflicts, and those of ``gold`` and ``learned``.

    Raises
    ------
    DataError
        There are more or fewer names than functions.

    Examples
    --------
    >>> votes = np.array([[-1, 0, 0], [-1, -1, -1], [1, 0, -1], [-1, 0, -1], [0, 0, 0]], dtype=np.int16)
    >>> lf_summary(votes, ["a", "b", "c"], n_classes=2)["Overlaps"].to_list()
    [0.4, 0.6, 0.4]
    """
    if votes.shape[1] != len(names):
        raise DataError(f"{votes.shape[1]} columns of votes for {len(names)} labeling functions")
    labeled = None if gold is None else np.flatnonzero(gold != NO_GOLD)
    on_gold = None if labeled is None or gold is None else (votes[labeled], gold[labeled])
    return lf_summary_table(count_votes(votes, n_classes=n_classes), names, on_gold=on_gold, learned=learned)


def lf_summary_table(
    counts: VoteCounts,
    names: Sequence[str],
    *,
    on_gold: tuple[Votes, npt.NDArray[np.int16]] | None = None,
    learned: Sequence[float] | None = None,
) -> pl.DataFrame:
    """Make the table of ``lf_summary`` from counts.

    Parameters
    ----------
    counts
        Counts of all votes.
    names
        Names of the functions.
    on_gold
        Votes (n_rows, n_functions) on rows with gold, and their gold (n_rows,).
    learned
        Weight that a label model learned of each function.

    Returns
    -------
    polars.DataFrame
        A row per function.
    """
    rows = max(counts.rows, 1)
    columns: dict[str, object] = {
        "function": list(names),
        "j": np.arange(len(names)),
        "Polarity": pl.Series([sorted(values) for values in counts.polarity], dtype=pl.List(pl.Int64)),
        "Coverage": counts.fires / rows,
        "Overlaps": counts.overlaps / rows,
        "Conflicts": counts.conflicts / rows,
    }
    if on_gold is not None:
        columns |= _accuracy(*on_gold)
    if learned is not None:
        columns["Learned Weight"] = np.asarray(learned, dtype=np.float64)
    return pl.DataFrame(columns)


def conflicts(votes: Votes, *, n_classes: int) -> npt.NDArray[np.bool_]:
    """Find the rows in which no class agrees with all votes.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    n_classes
        Number of classes.

    Returns
    -------
    (n_rows,)

    Examples
    --------
    >>> conflicts(np.array([[0, 1], [0, 0], [0, -2], [1, -2]], dtype=np.int16), n_classes=2).tolist()
    [True, False, True, False]
    """
    return in_conflict(votes, n_classes)


def is_right(votes: Votes, gold: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Find the votes that name the class of their row, or exclude another one.

    Parameters
    ----------
    votes : (n_rows, n_functions)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    gold : (n_rows,)
        Class index of each row.

    Returns
    -------
    (n_rows, n_functions)

    Examples
    --------
    >>> is_right(np.array([[0, 1, -1, -2, -3]], dtype=np.int16), np.array([0], dtype=np.int16)).tolist()
    [[True, False, False, False, True]]
    """
    truth = gold.astype(np.int16)[:, None]
    right: npt.NDArray[np.bool_] = (votes == truth) | ((votes < ABSTAIN) & (votes != -2 - truth))
    return right


def printable(table: pl.DataFrame) -> pl.DataFrame:
    """Write the polarity as text, so that the table can be written to CSV and shown on a page.

    Parameters
    ----------
    table
        Analysis table with the column ``Polarity``, a list of classes.

    Returns
    -------
    polars.DataFrame
        The same table with ``Polarity`` as text, such as ``[0, 2]``.
    """
    text = pl.col("Polarity").cast(pl.List(pl.String)).list.join(", ")
    return table.with_columns(pl.format("[{}]", text).alias("Polarity"))


def _accuracy(votes: Votes, gold: npt.NDArray[np.int16]) -> dict[str, object]:
    is_vote = votes != ABSTAIN
    right = is_vote & is_right(votes, gold)
    correct, n_votes = right.sum(axis=0), is_vote.sum(axis=0)
    return {"Correct": correct, "Incorrect": n_votes - correct, "Emp. Acc.": correct / np.maximum(n_votes, 1)}
