"""Rows that the monitor asks labels of: in its order, with their text, and back by `gold add`."""

from pathlib import Path

import polars as pl
import pytest

from tests.apps.gold.conftest import PATHS
from tests.monitor.test_accuracy import labeled
from tests.monitor.test_stream_harm import judge, since
from tidemill.apps.gold import harm_sample
from tidemill.apps.gold.harm_sample import sample_for_harm
from tidemill.apps.gold.rows import problem_rows
from tidemill.contracts import DataError
from tidemill.project.contents import texts_of
from tidemill.reports.monitor import Drift, StreamDrift
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
    assert table["picked"].to_list() == ["random"] * 3 + ["uncertain"]
    assert table["text"][0] == texts_of(PATHS, ["may", "june"]).filter(pl.col("row_id") == ids[7])["text"][0]
    assert set(table["label"]) <= {None, ""}


def test_where_no_label_is_asked_for_it_says_why(asked):
    project, write = asked
    write((), ())
    with pytest.raises(DataError, match="the monitor asks for no labels of spam: undecided: what there is of 600 rows"):
        sample_for_harm(project, "spam", OUT)


def test_rows_that_are_not_here_are_named_with_the_command_that_makes_them(asked):
    project, write = asked
    write(("gone",), ())
    with pytest.raises(
        DataError, match="row gone is in no table of this checkout: `tidemill arrive spam` and `dvc repro"
    ):
        sample_for_harm(project, "spam", OUT)


def test_without_a_champion_there_is_no_drift(asked, monkeypatch):
    project, _ = asked
    monkeypatch.setattr(harm_sample, "read_registry", lambda *_: Registry("spam", {}, {}))
    with pytest.raises(DataError, match="spam has no champion yet"):
        sample_for_harm(project, "spam", OUT)
