"""A class that turned up later: named, labeled, suggested functions for, and put behind the others."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from tests.apps.onboarding.test_new_problem import NEUTRAL, project, words
from tidemill.apps.onboarding.added_class import added_class
from tidemill.apps.onboarding.new_problem import create_problem
from tidemill.cli.main import app
from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.settings import IngestSettings
from tidemill.project.batches import add_batches
from tidemill.project.compose import refuse_stale_params, write_params
from tidemill.project.gold_history import GoldHistory
from tidemill.project.project import Project

pytestmark = pytest.mark.slow
__all__ = ["project"]
LATER = 40
"""Of 140 rows, those of the class that nobody has named yet; they have no label."""


@pytest.fixture
def reviews(project: Path) -> Project:
    """A problem of two classes whose last rows are of a third: they ask for a refund."""
    draw = np.random.default_rng(1)
    with Path("reviews.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "body", "stars"])
        for number in range(140):
            mood = "refund" if number >= 140 - LATER else ("awful", "great")[number % 2]
            label = "" if mood == "refund" else ("bad", "good")[number % 2]
            writer.writerow([number, f"{' '.join(draw.choice(NEUTRAL, 5))} {mood} {number}", label])
    here = Project.open(project)
    write_params(here)
    create_problem(words(source="reviews.csv", text="body", label="stars"), here)
    known, settings, paths = here.load("reviews", "ingest", IngestSettings)
    add_batches(known, settings, paths)
    return here


def _rows(ids: range) -> None:
    pl.DataFrame({"id": [str(number) for number in ids]}).write_csv("kind.csv")


def test_it_is_put_behind_the_others_its_rows_are_labeled_and_functions_that_vote_for_it_are_suggested(
    reviews: Project,
):
    _rows(range(100, 140))
    done = CliRunner().invoke(app, ["class", "add", "reviews", "refund", "--rows", "kind.csv"])
    assert done.exit_code == 0, done.output
    refuse_stale_params(reviews)
    problem, settings, paths = reviews.load("reviews", "ingest", IngestSettings)
    assert problem.classes == ("bad", "good", "refund")
    assert "column" in (reviews.root / "conf/problem/reviews.yaml").read_text()  # its comments are there still
    history = GoldHistory.read(paths.gold_history).counting
    assert [answer.label for answer in history.values()] == ["refund"] * LATER
    assert "words: [refund], vote: refund" in done.output
    add_batches(problem, settings, paths)
    gold = pl.concat(
        [pl.read_parquet(folder / "reviews.parquet") for folder in (paths.dev, paths.train_gold, paths.gold)]
    )
    assert gold.filter(pl.col("gold") == 2).height == LATER
    assert gold.filter(pl.col("gold").is_in([0, 1])).height == 100


def test_a_class_that_a_refused_file_brings_is_added_without_rows_and_the_file_arrives(reviews: Project):
    file = reviews.root / "data/incoming/reviews/may.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    bodies = "".join(f"m{number},a refund for order {number} please,refund\n" for number in range(6))
    file.write_text(f"id,body,stars\n{bodies}", encoding="utf-8")
    done = CliRunner().invoke(app, ["arrive", "reviews"])
    assert done.exit_code != 0
    assert "'refund', not a class" in done.output
    assert "`tidemill class add` without --rows" in done.output
    done = CliRunner().invoke(app, ["class", "add", "reviews", "refund"])
    assert done.exit_code == 0, done.output
    assert "no rows are labeled: they come with files (`tidemill arrive reviews`)" in done.output
    done = CliRunner().invoke(app, ["arrive", "reviews"])
    assert done.exit_code == 0, done.output
    problem, settings, paths = reviews.load("reviews", "ingest", IngestSettings)
    add_batches(problem, settings, paths)
    gold = pl.concat([pl.read_parquet(folder / "may.parquet") for folder in (paths.dev, paths.train_gold, paths.gold)])
    assert gold.filter(pl.col("gold") == problem.classes.index("refund")).height == 6


def test_rows_of_files_that_are_in_whose_label_becomes_a_class_are_told(reviews: Project):
    file = reviews.root / "data/incoming/reviews/may.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"m{number},a letter of May number {number},{('None', 'good')[number % 2]}\n" for number in range(12)]
    file.write_text(f"id,body,stars\n{''.join(lines)}", encoding="utf-8")
    assert CliRunner().invoke(app, ["arrive", "reviews"]).exit_code == 0
    add_batches(*reviews.load("reviews", "ingest", IngestSettings))
    done = CliRunner().invoke(app, ["class", "add", "reviews", "none"])
    assert done.exit_code == 0, done.output
    assert (
        "6 rows of files that are in have 'none' as their label, and the next run gives them the class: may 6"
        in done.output
    )
    assert "no other rows are labeled" in done.output
    problem, settings, paths = reviews.load("reviews", "ingest", IngestSettings)
    add_batches(problem, settings, paths)
    gold = pl.concat([pl.read_parquet(folder / "may.parquet") for folder in (paths.dev, paths.train_gold, paths.gold)])
    assert gold.filter(pl.col("gold") == problem.classes.index("none")).height == 6
    file.unlink()
    done = CliRunner().invoke(app, ["class", "add", "reviews", "later"])
    assert "may cannot be read now, and may have rows labeled 'later'" in done.output


def test_labels_that_are_replaced_are_counted(reviews: Project):
    _rows(range(97, 140))
    done = CliRunner().invoke(app, ["class", "add", "reviews", "refund", "--rows", "kind.csv"])
    assert done.exit_code == 0, done.output
    assert "3 of them had other labels, which are replaced; `tidemill gold list reviews ROW`" in done.output


def test_what_cannot_be_added_leaves_the_problem_as_it_was(reviews: Project):
    before = (reviews.root / "conf/problem/reviews.yaml").read_text()
    _rows(range(139, 142))
    done = CliRunner().invoke(app, ["class", "add", "reviews", "refund", "--rows", "kind.csv"])
    assert isinstance(done.exception, DataError)
    assert (reviews.root / "conf/problem/reviews.yaml").read_text() == before
    refuse_stale_params(reviews)
    assert reviews.load("reviews", "ingest", IngestSettings)[0].classes == ("bad", "good")
    with pytest.raises(ConfigError, match="there is a class 'good' already"), added_class(reviews, "reviews", " Good"):
        pass
    with pytest.raises(DataError, match="row_id"), added_class(reviews, "reviews", "row_id"):
        pass


def test_of_two_that_are_added_at_once_none_is_lost(reviews: Project):
    second = ThreadPoolExecutor(1)

    def add(name: str) -> tuple[str, ...]:
        with added_class(reviews, "reviews", name) as classes:
            return classes

    with added_class(reviews, "reviews", "refund"):
        waiting = second.submit(add, "phish")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
    assert waiting.result() == ("bad", "good", "refund", "phish")
    refuse_stale_params(reviews)
    assert reviews.load("reviews", "ingest", IngestSettings)[0].classes == ("bad", "good", "refund", "phish")


@pytest.mark.parametrize("name", ["no", "12:30", "???"])
def test_names_that_yaml_reads_as_something_else_are_written_as_names(reviews: Project, name: str):
    with added_class(reviews, "reviews", name) as classes:
        assert classes == ("bad", "good", name)
    assert reviews.load("reviews", "ingest", IngestSettings)[0].classes == ("bad", "good", name)
