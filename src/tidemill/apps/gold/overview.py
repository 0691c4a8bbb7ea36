"""How many labels a problem has, by what they are of and where they are from; the history of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from tidemill.apps.gold.rows import ProblemRows, problem_rows
from tidemill.contracts import NO_GOLD, SPLITS
from tidemill.project.gold_history import WITH_BATCH
from tidemill.project.project import Project

_BATCH: Final = "its batch"


def gold_overview(project: Project, name: str) -> dict[str, Any]:
    """Count the labels that count.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    dict
        ``rows``, ``labels``, ``as_of``, and for each of ``classes``, ``batches``, ``sources`` and ``who`` a count of labels by split.
    """
    rows = problem_rows(project, name)
    counting = rows.history.counting
    source = [counting[row].origin if row in counting else _BATCH for row in rows.table["row_id"]]
    who = [(counting[row].who or "-") if row in counting else "-" for row in rows.table["row_id"]]
    names = [*rows.problem.classes, ""]
    labeled = rows.table.with_columns(
        pl.Series("class", [names[label] for label in rows.table["gold"]], dtype=pl.String),
        pl.Series("source", source, dtype=pl.String),
        pl.Series("who", who, dtype=pl.String),
    ).filter(pl.col("gold") != NO_GOLD)
    return {
        "problem": name,
        "rows": rows.table.height,
        "labels": labeled.height,
        "as_of": rows.history.as_of,
        "splits": _by_split(labeled.with_columns(pl.lit("all").alias("all")), "all").get(
            "all", dict.fromkeys(SPLITS, 0)
        ),
        "classes": _by_split(labeled, "class"),
        "batches": _by_split(labeled, "batch"),
        "sources": _by_split(labeled, "source"),
        "who": _by_split(labeled, "who"),
    }


def _by_split(labeled: pl.DataFrame, column: str) -> dict[str, dict[str, int]]:
    counts = {(name, split): count for name, split, count in labeled.group_by(column, "split").len().iter_rows()}
    names = labeled[column].unique(maintain_order=True).to_list()
    return {name: {split: counts.get((name, split), 0) for split in SPLITS} for name in names}


def overview_lines(overview: dict[str, Any]) -> list[str]:
    """Write counts of labels as a table.

    Parameters
    ----------
    overview
        As ``gold_overview`` makes it.

    Returns
    -------
    list of str
    """
    since = f", as of {overview['as_of']}" if overview["as_of"] else ""
    lines = [f"{overview['problem']}: {overview['labels']} of {overview['rows']} rows have a label{since}"]
    parts = {"class": "classes", "batch": "batches", "source": "sources", "who": "who"}
    width = max((len(name) for key in parts.values() for name in overview[key]), default=0)
    width = max(width, len("source")) + 2
    lines.append(f"  {'':<{width}}{''.join(f'{split:>8}' for split in SPLITS)}{'all':>8}")
    lines.append(_line("all", overview["splits"], width))
    for title, key in parts.items():
        lines.append(f"{title}")
        lines += [_line(name, counts, width) for name, counts in overview[key].items()]
    return lines


def _line(name: str, counts: dict[str, int], width: int) -> str:
    return f"  {name:<{width}}{''.join(f'{counts[split]:>8}' for split in SPLITS)}{sum(counts.values()):>8}"


def row_history(project: Project, name: str, row: str) -> list[dict[str, Any]]:
    """List the answers of a row, oldest first, and which of them counts.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    row
        Its row_id, key or file name.

    Returns
    -------
    list of dict
        ``id``, ``label``, ``who``, ``when``, ``source``, and ``state``: counts, replaced, withdrawn or withdrawal.

    Raises
    ------
    DataError
        There is no such row, or there are several.
    """
    rows = problem_rows(project, name)
    place = rows.names.find(row)
    row_id, own = rows.table["row_id"][place], rows.table["own"][place]
    counting, lines = rows.history.counting.get(row_id), []
    if own != NO_GOLD:
        lines.append(_own_line(rows, place, counts=counting is None))
    for answer in rows.history.of_row(row_id):
        state = "withdrawal" if answer.label is None else "counts" if answer == counting else "replaced"
        if (row_id, answer.id) in rows.history.withdrawn:
            state = "withdrawn"
        lines.append(
            {"id": answer.id, "label": answer.label, "who": answer.who, "when": answer.when, "source": answer.source}
            | {"state": state, "replaces": answer.replaces}
        )
    return [{"row_id": row_id, "split": rows.table["split"][place]} | line for line in lines]


def _own_line(rows: ProblemRows, place: int, *, counts: bool) -> dict[str, Any]:
    withdrawn = (rows.table["row_id"][place], WITH_BATCH) in rows.history.withdrawn
    label = rows.problem.classes[rows.table["own"][place]]
    state = "withdrawn" if withdrawn else "counts" if counts else "replaced"
    source = f"batch {rows.table['batch'][place]}"
    return {
        "id": WITH_BATCH,
        "label": label,
        "who": None,
        "when": None,
        "source": source,
        "state": state,
        "replaces": None,
    }


def history_lines(row: str, history: Sequence[dict[str, Any]]) -> list[str]:
    """Write the history of a row as lines.

    Parameters
    ----------
    row
        As it was named.
    history
        As ``row_history`` makes it.

    Returns
    -------
    list of str
    """
    if not history:
        return [f"{row}: nobody has labeled it"]
    first = history[0]
    lines = [f"{row} is {first['row_id']}, of the split {first['split']}"]
    for item in history:
        answer = item["label"] if item["label"] is not None else f"withdraws {item['replaces']}"
        about = ", by ".join(filter(None, (item["source"], item["who"])))
        lines.append(f"  {item['when'] or 'with its batch':<28}{item['id']:<14}{answer:<24}{item['state']:<12}{about}")
    return lines
