"""Rows that the monitor asks labels of: in its order, with their text, and back by `gold add`."""

from pathlib import Path

import polars as pl
import pytest

from tests.apps.gold.conftest import PATHS
from tests.monitor.test_accuracy import labeled
from tests.monitor.test_stream_harm import judge, since
from tidemill.apps.gold import harm_sample
from tidemill.apps.gold.harm_sample import sample_for_harm, sample_of_cluster
from tidemill.apps.gold.rows import problem_rows
from tidemill.contracts import DataError
from tidemill.project.contents import texts_of
from tidemill.project.gold_history import FOR_HARM
from tidemill.reports.monitor import Cause, Drift, StreamDrift
from tidemill.reports.project import Manifest
from tidemill.runs.model_registry import Registry

OUT = Path("to_label.csv")
VERSION = "spam@v1.0.0"


@pytest.fixture
def asked(project, monkeypatch):
    """The project, and a function that writes a report which asks for labels of some rows."""
    monkeypatch.setattr(
        harm_sample, "read_registry", lambda *_: Registry("spam", {VERSION: "c0ffee"}, {"spam#prod#1": "c0ffee"})
    )

    def write(rows, informative):
        stream, _ = since(labeled(600, 1, champion=0.95, functions=0.8))
        harm = judge().verdict(stream)
        labels = harm.labels.model_copy(update={"rows": rows, "informative": informative})
        drift = StreamDrift(
            drift=True, level=0.05, promise="", assumption="", reference_rows=1, batches=1, rows=1, accepted=0,
            alarm=None, cause=None, watched=(), warnings=(), harm=harm.model_copy(update={"labels": labels}),
        )  # fmt: skip
        report = Drift(decision="ask", reasons=("",), champion=VERSION, relabel=(), batches={}, stream=drift)
        report.write(PATHS.reports / "drift.json")

    return project, write


def test_they_are_written_in_the_order_of_the_test_with_those_that_teach_after_them(asked):
    project, write = asked
    ids = problem_rows(project, "spam").table["row_id"].to_list()
    write((ids[7], ids[3], ids[5]), (ids[9],))
    done = sample_for_harm(project, "spam", OUT)
    table = pl.read_csv(OUT)
    assert table["row_id"].to_list() == done.table["row_id"].to_list() == [ids[7], ids[3], ids[5], ids[9]]
    assert table["picked"].to_list() == [FOR_HARM] * 3 + ["uncertain"]
    assert table["text"][0] == texts_of(PATHS, ["may", "june"]).filter(pl.col("row_id") == ids[7])["text"][0]
    assert set(table["label"]) <= {None, ""}


def test_where_no_label_is_asked_for_it_says_why(asked):
    project, write = asked
    write((), ())
    with pytest.raises(DataError, match="the monitor asks for no labels of spam: undecided: what there is of 600 rows"):
        sample_for_harm(project, "spam", OUT)


def test_a_row_of_no_batch_is_named(asked):
    project, write = asked
    write(("gone",), ())
    with pytest.raises(
        DataError, match="row gone is in no batch of this checkout: is its file in the folder of incoming"
    ):
        sample_for_harm(project, "spam", OUT)


def test_batches_that_only_a_look_has_read_are_taken_in(asked):
    project, write = asked
    ids = problem_rows(project, "spam").table.filter(pl.col("batch") == "june")["row_id"].to_list()
    manifest = Manifest.read(PATHS.manifest)
    Manifest(batches=tuple(entry for entry in manifest.batches if entry.batch != "june")).write(PATHS.manifest)
    write((ids[3],), ())
    assert sample_for_harm(project, "spam", OUT).table["batch"].to_list() == ["june"]
    assert {entry.batch for entry in Manifest.read(PATHS.manifest).batches} == {"may", "june"}


def test_rows_of_a_kind_that_is_new_are_collected_for_a_class(asked):
    project, write = asked
    ids = problem_rows(project, "spam").table["row_id"].to_list()
    write((), ())
    file = PATHS.reports / "drift.json"
    report = Drift.read(file)
    with pytest.raises(DataError, match="the monitor names no cluster of rows of spam that is new"):
        sample_of_cluster(project, "spam", OUT)
    shares = {"reference": 0.0, "batch": 0.2}
    groups = [
        {"group": name, "kind": kind, "share": shares, "lift": 9.0, "rows": rows}
        for name, kind, rows in (("x is y", "metadata", ids[:2]), ("cluster 3", "cluster", ids[5:8]))
    ]
    cause = {"kind": "new_cluster", "sentence": "", "functions": [], "groups": groups, "rows": ids[:1]}
    stream = report.stream.model_copy(update={"cause": Cause.model_validate(cause)})
    report.model_copy(update={"stream": stream}).write(file)
    done = sample_of_cluster(project, "spam", OUT)
    assert pl.read_csv(OUT)["row_id"].to_list() == ids[5:8]
    assert done.by == "a kind of rows that is new: cluster 3, 20% of the rows since the change"


def test_without_a_champion_there_is_no_drift(asked, monkeypatch):
    project, _ = asked
    monkeypatch.setattr(harm_sample, "read_registry", lambda *_: Registry("spam", {}, {}))
    with pytest.raises(DataError, match="spam has no champion yet"):
        sample_for_harm(project, "spam", OUT)
