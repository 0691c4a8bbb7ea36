"""``dev/``, ``train_gold/``, ``gold/`` and ``answers.parquet`` of a problem: the labels that its rows came with, and what its history says of them later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD, Contract, DataError, Problem, answers_contract, gold_contract
from tidemill.ingest.batch import SEEN
from tidemill.ingest.row_ids import row_ids
from tidemill.project.gold_history import GoldHistory
from tidemill.project.layout import Paths
from tidemill.project.tables import read, write
from tidemill.reports.ingest import GoldState


def own_labels(paths: Paths, batch: str) -> pl.DataFrame:
    """Read the labels that a batch's rows came with.

    Parameters
    ----------
    paths
        Of the problem.
    batch
        Name of the batch, which has been made.

    Returns
    -------
    polars.DataFrame
        row_id, split and gold, in the order of the raw batch.
    """
    seen = read(paths.seen / f"{batch}.parquet", SEEN).filter(pl.col("fate").is_in(["kept", "grouped"]))
    rows = pl.read_parquet(paths.raw / f"{batch}.parquet", columns=["row_id", "split"], glob=False)
    ids = pl.Series("row_id", row_ids(seen["content"].to_list(), seen["key"].to_list()), dtype=pl.String)
    return rows.join(seen.select(ids, "gold"), on="row_id", how="left", maintain_order="left").with_columns(
        pl.col("gold").fill_null(NO_GOLD)
    )


def write_gold(problem: Problem, paths: Paths, batches: Sequence[str]) -> list[str]:
    """Bring ``dev/``, ``train_gold/``, ``gold/`` and ``answers.parquet`` to what the history says; a table that says so already is left alone.

    Parameters
    ----------
    problem
        Its classes.
    paths
        Paths of the problem, whose batches have been made.
    batches
        Names of the batches.

    Returns
    -------
    list of str
        Notes to be printed.

    Raises
    ------
    DataError
        The history cannot be read, or names a class that the problem does not have.
    """
    history, contract = GoldHistory.read(paths.gold_history), gold_contract(len(problem.classes))
    known: set[str] = set()
    teaching: set[str] = set()
    labels = 0
    for batch in batches:
        own = own_labels(paths, batch)
        counts = history.applied(own.select("row_id", "gold"), problem.classes)
        for folder, splits in ((paths.dev, ["dev"]), (paths.train_gold, ["train"]), (paths.gold, ["valid", "test"])):
            _write_where_other(counts.filter(own["split"].is_in(splits)), folder / f"{batch}.parquet", contract)
        labels += int((counts["gold"] != NO_GOLD).sum())
        if history.answers:
            known |= set(own["row_id"].to_list())
            teaching |= set(own.filter(own["split"].is_in(["dev", "train"]))["row_id"].to_list())
    _write_where_other(
        _answers(history, problem.classes, teaching), paths.answers, answers_contract(len(problem.classes))
    )
    late = [answer for row_id, answer in history.counting.items() if row_id in known]
    as_of = max((answer.when for answer in late), default=None)
    GoldState(labels=labels, late=len(late), as_of=as_of).write(paths.gold_state)
    lost = len(history.counting) - len(late)
    name = paths.gold_history.name
    said = counted(
        lost,
        f"label of {name} is of a row that no batch has; it waits for it",
        f"labels of {name} are of rows that no batch has; they wait for them",
    )
    return [said] * (lost > 0)


def _answers(history: GoldHistory, classes: Sequence[str], rows: set[str]) -> pl.DataFrame:
    """What each person says of those of the rows that several have answered; in the same order however the history's lines stand.

    What one person says is gold, and a label of a row of train makes no label model learn anew.
    """
    people = Counter(row_id for row_id, _ in history.by_person)
    lines = [
        (row_id, who, classes.index(str(answer.label)))
        for (row_id, who), answer in sorted(history.by_person.items())
        if row_id in rows and people[row_id] > 1
    ]
    return pl.DataFrame(lines, schema={"row_id": pl.String, "who": pl.String, "label": pl.Int16}, orient="row")


def _write_where_other(table: pl.DataFrame, path: Path, contract: Contract) -> None:
    try:
        is_there = path.exists() and read(path, contract).equals(table)
    except DataError:  # torn
        is_there = False
    if not is_there:
        write(table, path, contract)
