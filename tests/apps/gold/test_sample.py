"""Rows worth labeling: of each group of alike rows of the splits that teach, doubtful ones more, and a random share of all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.apps.gold.conftest import PATHS
from tidemill.apps.gold.add import FileOptions, add_labels
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.gold.sample import GoldSample, SampleRequest, sample_rows
from tidemill.contracts import ConfigError, DataError
from tidemill.project.arrivals import arrive
from tidemill.project.project import Project
from tidemill.readers.write import write_frame

OUT = Path("to_label.csv")


def sampled(project: Project, most: int, *, batch: str | None = None, audit: float = 0.0, seed: int = 1) -> GoldSample:
    return sample_rows(project, "spam", SampleRequest(most, batch, audit, seed), OUT)


def predict(project: Project, doubtful: list[str]) -> pl.DataFrame:
    """Labels and predictions that agree, but for the rows that are named; returns the rows."""
    rows = problem_rows(project, "spam").table
    doubt = rows["row_id"].is_in(doubtful).to_numpy()
    for path, p in ((PATHS.labels, np.where(doubt, 0.9, 0.99)), (PATHS.predictions, np.where(doubt, 0.2, 0.98))):
        rows.select("row_id", pl.Series("p_ham", 1 - p), pl.Series("p_spam", p)).write_parquet(path)
    return rows


def test_doubtful_rows_of_the_splits_that_teach_are_picked_and_those_that_judge_are_not(project: Project) -> None:
    rows = predict(project, problem_rows(project, "spam").table["row_id"].to_list())
    teach = rows.filter(pl.col("split").is_in(["train", "dev"]) & (pl.col("gold") < 0))["row_id"].to_list()
    predict(project, teach[:5] + rows.filter(pl.col("split") == "test")["row_id"].to_list())
    done = sampled(project, 5)
    assert set(done.table["row_id"]) == set(teach[:5])
    assert set(done.table["picked"]) == {"uncertain"}


def test_a_random_share_is_of_all_splits_and_marked_and_seeds_decide_it(project: Project) -> None:
    rows = predict(project, [])
    done = sampled(project, 30, audit=0.5)
    random = done.table.filter(pl.col("picked") == "random").join(rows, on="row_id")
    assert random.height == 15
    assert set(random["split"]) > {"train", "dev"}
    assert done.table["row_id"].n_unique() == done.table.height
    assert sampled(project, 30, audit=0.5).table.equals(done.table)
    assert set(sampled(project, 30, audit=0.5, seed=2).table["row_id"]) != set(done.table["row_id"])


def test_without_predictions_of_the_rows_chance_picks_and_says_why(project: Project) -> None:
    assert "no model has been trained yet" in sampled(project, 5).by
    rows = predict(project, [])
    for path in (PATHS.labels, PATHS.predictions):
        pl.read_parquet(path).filter(pl.Series(rows["batch"] == "may")).write_parquet(path)
    assert "no model has predicted these rows yet" in sampled(project, 5, batch="june").by


def write_features(rows: pl.DataFrame, features: np.typing.NDArray[np.float64]) -> None:
    PATHS.features.mkdir(exist_ok=True)
    for batch in ("may", "june"):
        here = (rows["batch"] == batch).to_numpy()
        column = pl.Series("feature", features[here].astype(np.float32), dtype=pl.Array(pl.Float32, 2))
        rows.filter(here).select("row_id", column).write_parquet(PATHS.features / f"{batch}.parquet")


def test_rows_that_look_alike_are_not_all_picked(project: Project) -> None:
    rows = problem_rows(project, "spam").table
    teach = rows.filter(pl.col("split").is_in(["train", "dev"]) & (pl.col("gold") < 0))["row_id"].to_list()
    predict(project, teach[:6])
    alike = np.tile([1.0, 0.0], (rows.height, 1))
    other = rows["row_id"].is_in(teach[4:6]).to_numpy()
    alike[other] = [[0.0, 1.0], [0.0, -1.0]]
    write_features(rows, alike)
    assert set(teach[4:6]) < set(sampled(project, 3).table["row_id"])
    few = sampled(project, 10).table  # of three kinds of rows: all groups, and the most doubtful of the others
    assert few["row_id"].n_unique() == 10
    assert set(teach[4:6]) < set(few["row_id"])


def test_a_kind_of_rows_that_no_model_doubts_is_not_left_out(project: Project) -> None:
    """Models that know nothing of a new source can doubt one class of it alone."""
    rows = problem_rows(project, "spam").table
    teach = rows.filter(pl.col("split").is_in(["train", "dev"]) & (pl.col("gold") < 0))["row_id"].to_list()
    doubted = teach[: len(teach) // 2]
    predict(project, doubted)
    angle = np.random.default_rng(0).normal(0.0, 0.2, rows.height)
    angle += np.where(rows["row_id"].is_in(doubted), 0.0, np.pi / 2)
    write_features(rows, np.column_stack([np.cos(angle), np.sin(angle)]))
    picked = sampled(project, 12)
    of_doubted = picked.table["row_id"].is_in(doubted).sum()
    assert 6 <= of_doubted <= 9
    assert "groups of alike rows" in picked.by


def test_a_batch_that_has_arrived_since_the_last_run_is_made_into_tables_first(
    project: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (PATHS.raw / "may.parquet").stat()
    new = Path("data/incoming/spam/july.jsonl")
    new.write_text(
        "".join(json.dumps({"id": str(n), "text": f"text {n} of july", "label": None}) + "\n" for n in range(9))
    )
    arrive(project, "spam")
    capfd.readouterr()
    done = sampled(project, 50, batch="july")
    assert (done.table.height, set(done.table["batch"])) == (9, {"july"})
    assert "ingest: july from data/incoming/spam/july.jsonl" in capfd.readouterr().err
    assert (PATHS.raw / "may.parquet").stat() == before
    sampled(project, 50, batch="july")
    assert "ingest: july" not in capfd.readouterr().err


def test_without_models_rows_are_drawn_at_random_and_the_file_comes_back_filled_in(project: Project) -> None:
    done = sampled(project, 10, batch="june")
    assert set(done.table["batch"]) == {"june"}
    assert set(done.table["picked"]) == {"random"}
    assert "no model has been trained" in done.by
    filled = pl.read_csv(OUT).with_columns(pl.lit("ham").alias("label"))
    filled.write_csv(OUT)
    added = add_labels(project, "spam", OUT, FileOptions())
    assert added.counts["new"] == 10
    assert {answer.picked for answer in added.answers} == {"random"}
    assert sampled(project, 100, batch="june").table.height == 10  # the other ten


def test_a_batch_that_is_not_there_and_one_that_is_labeled_are_told(project: Project) -> None:
    with pytest.raises(DataError, match="there is no batch 'july'; there are june, may"):
        sampled(project, 10, batch="july")
    sampled(project, 20, batch="june")
    pl.read_csv(OUT).with_columns(pl.lit("ham").alias("label")).write_csv(OUT)
    add_labels(project, "spam", OUT, FileOptions())
    with pytest.raises(DataError, match="all 20 rows of june have labels already"):
        sampled(project, 10, batch="june")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_file_in_which_somebody_has_written_a_label_is_not_written_over(project: Project, suffix: str) -> None:
    out = OUT.with_suffix(suffix)
    request = SampleRequest(5, None, 0.0, 1)
    table = sample_rows(project, "spam", request, out).table
    assert sample_rows(project, "spam", request, out).table.equals(table)
    write_frame(table.with_columns(pl.Series("label", ["", "", "ham", "", ""])), out)
    before = out.read_bytes()
    with pytest.raises(ConfigError, match=rf"to_label{suffix} holds 1 label that has not been added"):
        sample_rows(project, "spam", request, out)
    assert out.read_bytes() == before


def test_a_file_of_other_content_is_not_written_over(project: Project) -> None:
    OUT.write_text("id,text\n1,the original\n")
    with pytest.raises(ConfigError, match="is there and is no sample of rows"):
        sampled(project, 5)
    assert OUT.read_text() == "id,text\n1,the original\n"
