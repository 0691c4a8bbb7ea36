"""From a platform's file of several people's answers to labels that functions and people gave together."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import yaml

from tests.apps.gold.conftest import CHOSEN, PATHS
from tests.apps.review.test_crowd_files import put, turk
from tests.ingest.factories import SPAM
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.review.crowd_exchange import import_answers
from tidemill.project.batches import add_batches
from tidemill.project.defaults import default_text
from tidemill.project.project import Project
from tidemill.reports.denoise import DenoiseReport
from tidemill.stages.denoise import run

PEOPLE = ("A1FIRST", "A2SECOND", "A3THIRD")


def test_answers_of_all_people_reach_the_labels_of_rows_that_teach(project: Project) -> None:
    """Functions call every row ham, two to one; all of three people call every row spam."""
    table = problem_rows(project, "spam").table
    ids = table["row_id"].to_list()
    import_answers(project, "spam", put([turk(row, "ham", PEOPLE[0]) for row in ids]))
    later = {"SubmitTime": "Sun Nov 29 10:13:24 PST 2026"}
    changed = [turk(row, "spam", PEOPLE[0], AssignmentId=f"3B{row}", **later) for row in ids]
    import_answers(project, "spam", put([*changed, *(turk(row, "spam", who) for row in ids for who in PEOPLE[1:])]))
    add_batches(SPAM, CHOSEN, PATHS)
    teaching = table.filter(pl.col("split").is_in(["train", "dev"]))["row_id"].to_list()
    answers = pl.read_parquet(PATHS.answers)
    assert sorted(answers["row_id"].to_list()) == sorted(teaching * len(PEOPLE))
    assert answers["who"].n_unique() == len(PEOPLE)
    assert set(answers["label"].to_list()) == {1}  # of each person the newest

    _votes_and_features(table)
    alone = _labels(project, use_answers=False)
    assert (alone["p_spam"] < 0.5).all()
    together = _labels(project, use_answers=True)
    assert (together.filter(pl.col("row_id").is_in(teaching))["p_spam"] > 0.5).all()
    people = DenoiseReport.read(PATHS.reports / "denoise.json").people
    assert people is not None
    assert (people.people, people.answers, people.changed) == (3, 3 * len(teaching), len(teaching))
    card = (PATHS.reports / "label_card.md").read_text(encoding="utf-8")
    assert f"3 people answered {len(teaching)} rows" in card


def _votes_and_features(table: pl.DataFrame) -> None:
    """What the stages between ingest and denoise leave."""
    votes = table.select(
        "row_id", "batch", "split", *[pl.lit(vote, pl.Int16).alias(f"lf_{k}") for k, vote in enumerate((0, 0, 1))]
    )
    votes.write_parquet(PATHS.votes)
    PATHS.features.mkdir()
    for (batch,), rows in table.partition_by("batch", as_dict=True).items():
        feature = pl.Series("feature", [[0.0, 1.0]] * rows.height, dtype=pl.Array(pl.Float32, 2))
        rows.select("row_id", feature).write_parquet(PATHS.features / f"{batch}.parquet")
    PATHS.reports.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"function": [f"lf_{k}" for k in range(3)]}).write_csv(PATHS.reports / "lf_summary.csv")


def _labels(project: Project, *, use_answers: bool) -> pl.DataFrame:
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    params["spam"]["denoise"] = yaml.safe_load(default_text("denoise/majority")) | {"use_answers": use_answers}
    Path("params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    run(project, "spam")
    return pl.read_parquet(PATHS.labels)
