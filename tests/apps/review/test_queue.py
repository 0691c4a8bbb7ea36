"""The queue of a review: likely errors first, what the monitor asks, a random share, and when it no longer pays."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.apps.gold.conftest import PATHS
from tidemill.apps.gold.rows import ProblemRows, problem_rows
from tidemill.apps.review.queue import (
    CLUSTER,
    CONFLICT,
    CONTRADICTED,
    DECAYED,
    HARM,
    RANDOM,
    SILENT,
    UNSURE,
    QueueRequest,
    chances_of_error,
    pick_queue,
    read_opinions,
    seconds_of,
    summarized,
    write_queue,
)
from tidemill.contracts import DataError
from tidemill.project.gold_history import Answer, GoldHistory, append_answers
from tidemill.project.project import Project
from tidemill.reports.monitor import Cause, Drift, FunctionCause, GroupCause, LabelTest, Shift, StreamDrift, StreamHarm

OUT = Path("rows.csv")
ZERO = Shift(reference=0.0, batch=0.0)


def tables(rows: pl.DataFrame, *, label: np.ndarray, model: np.ndarray, votes: dict[str, np.ndarray]) -> None:
    """Probability of spam by both models, and votes."""
    for path, p in ((PATHS.labels, label), (PATHS.predictions, model)):
        rows.select("row_id", pl.Series("p_ham", 1.0 - p), pl.Series("p_spam", p)).write_parquet(path)
    columns = [pl.Series(name, values.astype(np.int16)) for name, values in votes.items()]
    rows.select("row_id", "batch", "split", *columns).write_parquet(PATHS.votes)


@pytest.fixture
def rows(project: Project) -> ProblemRows:
    """Sure labels; of the rows of train and dev the first two are contradicted, the third is disputed, the fourth silent, the fifth unsure."""
    found = problem_rows(project, "spam")
    table = found.table
    free = np.flatnonzero((table["split"].is_in(["train", "dev"]) & (table["gold"] < 0)).to_numpy())
    label, model = np.full(table.height, 0.99), np.full(table.height, 0.99)
    votes = {name: np.ones(table.height) for name in ("one", "two")}
    model[free[:2]] = 0.1
    label[free[2]], votes["two"][free[2]] = 0.7, 0
    label[free[3]], votes["one"][free[3]], votes["two"][free[3]] = 0.6, -1, -1
    label[free[4]] = 0.65
    tables(table, label=label, model=model, votes=votes)
    return found


def free_rows(rows: ProblemRows) -> list[str]:
    return rows.table.filter(pl.col("split").is_in(["train", "dev"]) & (pl.col("gold") < 0))["row_id"].to_list()


def test_likely_errors_come_first_with_the_reason(rows: ProblemRows) -> None:
    table, errors = pick_queue(rows, QueueRequest(5, audit=0.0), None)
    assert dict(zip(table["row_id"], table["picked"], strict=True)) == dict(
        zip(free_rows(rows)[:5], [CONTRADICTED, CONTRADICTED, CONFLICT, SILENT, UNSURE], strict=True)
    )
    assert table["expected"].to_list() == sorted(table["expected"], reverse=True)
    assert table["expected"][0] == pytest.approx(0.455)
    assert errors < 0.1


def test_a_random_share_is_of_all_splits_and_spread_over_the_queue(rows: ProblemRows) -> None:
    table, _ = pick_queue(rows, QueueRequest(20, audit=0.5), None)
    places = np.flatnonzero((table["picked"] == RANDOM).to_numpy())
    assert len(places) == 10
    assert set(np.diff(places)) <= {1, 2, 3}
    assert (places < 10).sum() == 5
    assert not set(table.filter(pl.col("picked") == RANDOM).join(rows.table, on="row_id")["split"]) <= {"train", "dev"}
    assert table["row_id"].n_unique() == 20
    known = rows.table.filter(pl.col("gold") >= 0)["row_id"]
    assert not set(known) & set(table["row_id"])


def test_rows_that_the_monitor_asks_about_have_a_quarter(rows: ProblemRows) -> None:
    ids = free_rows(rows)
    june = [row for row in ids if row in set(rows.table.filter(pl.col("batch") == "june")["row_id"])]
    cause = Cause(
        kind="new_cluster",
        sentence="s",
        functions=(
            FunctionCause(function="one", change="decayed", coverage=ZERO, contradiction=ZERO, log_evidence=9.0),
        ),
        groups=(GroupCause(group="cluster 1", kind="cluster", share=ZERO, lift=3.0, rows=(ids[6],)),),
        rows=(),
    )
    stream = StreamDrift.model_construct(cause=cause)
    drift = Drift.model_construct(batches={"june": None}, stream=stream)
    table, _ = pick_queue(rows, QueueRequest(12, audit=0.0), drift)
    why = dict(zip(table["row_id"], table["picked"], strict=True))
    asked = [row for row, reason in why.items() if reason in (CLUSTER, DECAYED)]
    assert why[ids[6]] == CLUSTER
    assert len(asked) >= 3
    assert {row for row, reason in why.items() if reason == DECAYED} <= set(june)


def test_rows_that_tell_whether_a_drift_harms_come_first_in_their_order_until_it_is_decided(rows: ProblemRows) -> None:
    ids = free_rows(rows)
    asked = (ids[9], "of no batch", ids[7], ids[8])
    test = LabelTest.model_construct(rows=asked, outcome=None)
    stream = StreamDrift.model_construct(cause=None, harm=StreamHarm.model_construct(labels=test))
    drift = Drift.model_construct(batches={}, stream=stream)
    table, _ = pick_queue(rows, QueueRequest(12, audit=0.5), drift)
    assert table["row_id"].to_list()[:3] == [ids[9], ids[7], ids[8]]
    assert table["picked"].to_list().count(HARM) == 3
    assert table["picked"].to_list().count(RANDOM) == 6
    assert table["row_id"].n_unique() == table.height == 12
    assert pick_queue(rows, QueueRequest(8, audit=0.0), drift)[0]["picked"].to_list().count(HARM) == 2  # a quarter
    decided = LabelTest.model_construct(rows=asked, outcome="harm")
    stream = StreamDrift.model_construct(cause=None, harm=StreamHarm.model_construct(labels=decided))
    table, _ = pick_queue(rows, QueueRequest(12), Drift.model_construct(batches={}, stream=stream))
    assert HARM not in table["picked"].to_list()


def test_chances_are_calibrated_where_people_have_labeled(rows: ProblemRows, project: Project) -> None:
    """Half of the labels that both models are sure of are wrong."""
    before = chances_of_error(read_opinions(rows), rows.table["gold"].to_numpy())
    ids = rows.table["row_id"].to_list()[:36]
    answers = [
        Answer(
            row_id=row_id,
            label="spam" if k % 2 else "ham",
            when=f"2026-01-01T00:00:{k:02d}.000000Z",
            source="x",
            who="r1",
        )
        for k, row_id in enumerate(ids)
    ]
    append_answers(PATHS, answers)
    again = problem_rows(project, "spam")
    after = chances_of_error(read_opinions(again), again.table["gold"].to_numpy())
    assert np.median(before) < 0.02
    assert np.median(after) == pytest.approx(0.5, abs=0.1)


def test_labels_and_predictions_are_read_once(rows: ProblemRows, monkeypatch: pytest.MonkeyPatch) -> None:
    read, original = Counter[str](), pl.read_parquet

    def counted(source: Path, *words: Any, **options: Any) -> pl.DataFrame:
        read[Path(source).name] += 1
        return original(source, *words, **options)

    monkeypatch.setattr(pl, "read_parquet", counted)
    pick_queue(rows, QueueRequest(5), None)
    assert (read["labels.parquet"], read["predictions.parquet"], read["votes.parquet"]) == (1, 1, 1)


def test_it_says_when_a_row_corrects_less_than_two_drawn_at_random() -> None:
    table = pl.DataFrame({"expected": [0.5] * 10 + [0.08] * 10, "picked": ["x"] * 19 + ["random"]})
    found = summarized(table, 0.05, 6.0)
    assert (found.stop_after, found.expected_errors, found.picked) == (10, 5.8, {"x": 19, "random": 1})
    assert [part.per_minute for part in found.parts] == [5.0] * 5 + [0.8] * 5
    assert [(part.first, part.last) for part in found.parts][:2] == [(1, 2), (3, 4)]
    assert summarized(table.head(10), 0.05, 6.0).stop_after is None
    assert summarized(table.tail(10), 0.05, 6.0).stop_after == 0
    assert summarized(table, 0.03, 6.0).stop_after is None


def test_how_long_an_answer_takes_is_measured_without_pauses() -> None:
    def at(who: str, seconds: int) -> Answer:
        when = f"2026-01-01T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.000000Z"
        return Answer(row_id=f"{who}{seconds}", label="ham", when=when, source="x", who=who)

    answers = [at("r1", 4 * k) for k in range(11)] + [at("r1", 3600 + 4 * k) for k in range(11)]
    assert seconds_of(GoldHistory(tuple(answers))) == 4.0
    assert seconds_of(GoldHistory(tuple(answers[:20]))) is None


@pytest.mark.usefixtures("rows")
def test_the_file_has_what_a_person_needs(project: Project) -> None:
    done = write_queue(project, "spam", QueueRequest(8, seconds=5.0), OUT)
    table = pl.read_csv(OUT)
    assert table.columns == ["row_id", "batch", "key", "picked", "expected", "text", "label"]
    assert (done.rows, done.seconds, table.height) == (8, 5.0, 8)


def test_without_labels_the_command_that_makes_them_is_named(project: Project) -> None:
    with pytest.raises(DataError, match="no labels of spam yet: `tidemill run problem=spam`"):
        write_queue(project, "spam", QueueRequest(8), OUT)


def test_labels_of_other_classes_make_no_queue(rows: ProblemRows) -> None:
    pl.read_parquet(PATHS.labels).rename({"p_ham": "p_eggs"}).write_parquet(PATHS.labels)
    with pytest.raises(
        DataError, match=r"labels\.parquet is of other classes than ham, spam: `tidemill run problem=spam`"
    ):
        read_opinions(rows)
