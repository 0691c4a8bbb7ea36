"""Labels in an arriving file for rows of earlier batches, as answers for the history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tidemill.contracts import NO_GOLD
from tidemill.project.gold_history import WITH_BATCH, Answer, GoldHistory


@dataclass(frozen=True)
class LateAnswers:
    """What a file says of rows that were there before it.

    Parameters
    ----------
    answers
        For the history.
    notes
        What a person should know of it.
    """

    answers: tuple[Answer, ...]
    notes: tuple[str, ...]


def late_answers(
    late: pl.DataFrame, history: GoldHistory, classes: Sequence[str], *, source: str, sha256: str | None
) -> LateAnswers:
    """Turn late labels into answers.

    A label counts for its row where the row has none, or where the file means the same row, by its key. Another row that
    only reads the same does not change a label.

    Parameters
    ----------
    late
        As ``late_labels`` finds them.
    history
        Earlier answers.
    classes
        Names of the classes.
    source
        The file.
    sha256
        Its fingerprint, where it becomes no batch.

    Returns
    -------
    LateAnswers
        Labels that are known already are none.
    """
    counts = history.applied(late.select("row_id", pl.col("own").alias("gold")), classes)["gold"]
    when, fates, answers = history.time(late["row_id"].to_list()), Counter[str](), []
    changed = ""
    for (row_id, label, same_key, own), now in zip(late.rows(), counts.to_list(), strict=True):
        fate = _fate(label, now, same_key=same_key)
        fates[fate] += 1
        if fate == "changed" and not changed:
            changed = f"row {row_id} from {classes[now]!r} to {classes[label]!r}"
        if fate in ("new", "changed"):
            known = history.counting.get(row_id)
            replaced = known.id if known is not None else WITH_BATCH if own != NO_GOLD else None
            answers.append(
                Answer(row_id=row_id, label=classes[label], when=when, source=source, replaces=replaced, sha256=sha256)
            )
    return LateAnswers(tuple(answers), _notes(fates, changed, source))


def _fate(label: int, now: int, *, same_key: bool) -> str:
    if now == label:
        return "known"
    if now == NO_GOLD:
        return "new"
    return "changed" if same_key else "left out"


def _notes(fates: Counter[str], changed: str, source: str) -> tuple[str, ...]:
    if not fates:
        return ()
    note = (
        f"{source}: {fates.total()} labels for rows of earlier batches: {fates['new']} new, {fates['changed']} changed, "
        f"{fates['known']} as they are"
    )
    if changed:
        note += f"; {changed} is the first, for the answer that came last counts, and `tidemill gold withdraw` takes one back"
    if fates["left out"]:
        note += (
            f"; {fates['left out']} are left out, since their rows have another key and rows that read the same have "
            "other labels: `tidemill gold add` takes them"
        )
    return (note,)
