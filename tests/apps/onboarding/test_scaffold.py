"""A file or folder becomes a problem whose functions run and whose configuration composes."""

from __future__ import annotations

import csv
import json
import random
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from tests.ingest.fabric import png, write
from tidemill.apps.onboarding import scaffold
from tidemill.apps.onboarding.starters import threshold_functions
from tidemill.contracts import ConfigError, DataError, TidemillError
from tidemill.ingest.settings import IngestSettings
from tidemill.label.functions.loading import load_functions
from tidemill.project import batches
from tidemill.project.compose import compose, refuse_stale_params, write_params
from tidemill.project.config import load
from tidemill.project.project import Project
from tidemill.project.tables import read_json

GOOD = ["great", "lovely", "superb", "charming", "delightful"]
BAD = ["awful", "broken", "dreadful", "boring", "horrible"]
NEUTRAL = ["film", "book", "plot", "actor", "story", "music", "scene", "ending", "camera", "chapter"]


@pytest.fixture
def project(inside: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(root / "conf", "conf")
    shutil.copy(root / "dvc.yaml", "dvc.yaml")
    monkeypatch.setattr(batches, "guard", lambda *_, **__: None)
    return inside


def words(**changes: Any) -> scaffold.NewProblem:
    given = {"name": "reviews"} | changes
    paths = {name: Path(value) for name, value in given.items() if name in {"source", "images"} and value}
    return scaffold.NewProblem(**(given | paths))


def reviews(path: Path, count: int = 400, labels: tuple[str, str] = ("bad", "good")) -> Path:
    draw = random.Random(5)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "body", "stars", "author"])
        for number in range(count):
            said = draw.sample(NEUTRAL, 5) + draw.sample((BAD, GOOD)[number % 2], 2)
            writer.writerow([number, f"{' '.join(said)} {'abcdefghij'[number % 10] * 9}", labels[number % 2], "x"])
    return path


def test_a_csv_with_labels_becomes_a_problem_that_composes_ingests_and_votes_well(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = reviews(tmp_path_factory.mktemp("elsewhere") / "reviews.csv")
    write_params(Project.open(project))
    made = scaffold.scaffold(words(source=str(source), text="body", label="stars"), Project.open(project))
    assert (made.rows, made.classes) == (400, ("bad", "good"))
    assert made.lines[0].startswith("reviews: 400 rows, classes bad, good")
    refuse_stale_params(Project.open(project))
    problem, settings, paths = Project.open(project).load("reviews", "ingest", IngestSettings)
    assert problem.classes == ("bad", "good")
    assert (settings.key, settings.text, settings.gold) == ("id", "body", "stars")
    batches.bring_in(problem, settings, paths)
    raw = pl.read_parquet(paths.raw / "reviews.parquet")
    dev = pl.read_parquet(paths.dev / "reviews.parquet")
    functions = load_functions(paths.functions, classes=problem.classes)
    assert len(functions) >= 2
    joined = raw.join(dev, on="row_id")
    for function in functions:
        votes = joined.with_columns(vote=function.expression())
        spoken = votes.filter(pl.col("vote") >= 0)
        assert (spoken["vote"] == spoken["gold"]).mean() > 0.75
    assert read_json(paths.champion) == {"version": None}


def test_the_other_problems_and_every_comment_stay_as_they_were(project: Path) -> None:
    before = {name: Path(name).read_text() for name in ("conf/config.yaml", "dvc.yaml")}
    scaffold.scaffold(
        words(source=str(reviews(project / "reviews.csv")), text="body", label="stars"), Project.open(project)
    )
    for name, text in before.items():
        now = Path(name).read_text()
        added = [line for line in now.splitlines() if line not in text.splitlines()]
        removed = [line for line in text.splitlines() if line not in now.splitlines()]
        assert all("reviews" in line for line in added)
        assert all(line.startswith("problems:") for line in removed)
    assert "reviews" in compose(conf=Path("conf"))["problems"]
    assert yaml.safe_load(Path("dvc.yaml").read_text())["artifacts"]["reviews"]["path"] == "models/reviews/candidate"


def test_a_file_in_the_project_is_named_where_it_is(project: Path) -> None:
    source = reviews(project / "mine" / "first.csv")
    scaffold.scaffold(words(source=str(source), text="body", label="stars"), Project.open(project))
    assert read_json(Path("data/reviews/batches.json"))["batches"][0]["source"] == "mine/first.csv"
    assert not Path("data/incoming").exists()


def test_without_labels_the_classes_are_given_and_two_functions_run(project: Path) -> None:
    source = project / "r.jsonl"
    source.write_text(
        "".join(json.dumps({"body": f"{'word ' * (n % 7 + 1)}number {chr(97 + n)}"}) + "\n" for n in range(20))
    )
    scaffold.scaffold(words(source=str(source), text="body", classes="no, yes"), Project.open(project))
    functions = load_functions(Path("src/problems/reviews"), classes=("no", "yes"))
    assert [function.name for function in functions] == ["is_long", "is_short"]
    assert "arbitrary: replace them" in Path("src/problems/reviews/functions.yaml").read_text()
    assert compose(conf=Path("conf"))["reviews"]["ingest"]["key"] is None


def test_classes_that_look_like_numbers_or_booleans_stay_text(project: Path) -> None:
    source = reviews(project / "r.csv", labels=("1", "yes"))
    scaffold.scaffold(words(source=str(source), text="body", label="stars"), Project.open(project))
    assert compose(conf=Path("conf"))["reviews"]["problem"]["classes"] == ["1", "yes"]
    assert load_functions(Path("src/problems/reviews"), classes=("1", "yes"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "spam"}, "there is a problem 'spam' already"),
        ({"name": "2nd"}, "cannot be a problem's name"),
        ({"name": "train"}, "cannot be a problem's name"),
        ({"name": "../up"}, "cannot be a problem's name"),
        ({"source": None}, "say where the data is"),
        ({"images": "."}, "say where the data is"),
        ({"source": "lost.csv"}, "is not there"),
        ({"source": None, "images": "r.csv"}, "is a file: use --from"),
        ({"source": "."}, "is a folder: use --images"),
        ({"text": None}, "say which column holds the text: --text COLUMN; r.csv has id, body, stars, author"),
        ({"text": "bodi"}, "--text 'bodi' is no column; did you mean 'body'?"),
        ({"label": "star"}, "--label 'star' is no column; did you mean 'stars'?"),
        ({"label": None}, "name them, --classes good,bad"),
        ({"label": "author"}, "the classes are x; a problem needs at least two"),
        ({"label": "id"}, "holds 40 different values"),
        ({"classes": "good,bad,good"}, "at least two different ones"),
        ({"classes": "good,ugly"}, "line 2: column 'stars' is 'bad', not a class"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(project: Path, changes: dict[str, Any], told: str) -> None:
    reviews(project / "r.csv", 40)
    before = sorted(str(path) for path in project.rglob("*"))
    with pytest.raises((ConfigError, DataError)) as error:
        scaffold.scaffold(
            words(**({"source": "r.csv", "text": "body", "label": "stars"} | changes)), Project.open(project)
        )
    assert isinstance(error.value, TidemillError)
    assert told in str(error.value)
    assert sorted(str(path) for path in project.rglob("*")) == before


def test_a_folder_of_images_becomes_a_problem_with_functions_of_pixels(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("tidemill.label.image_statistics.pixels", reason="the label package decodes images")
    folder = tmp_path_factory.mktemp("elsewhere") / "cells"
    for number in range(120):
        shade = number if number % 2 else 255 - number
        write(folder / ("bright", "dark")[number % 2] / f"{number}.png", png(shade, size=(32, 32)))
    scaffold.scaffold(words(name="cells", images=str(folder)), Project.open(project))
    here = Project.open(project)
    problem, settings = load("cells", "ingest", IngestSettings, params=here.compose())
    paths = here.paths("cells")
    assert (problem.modality, problem.classes) == ("image", ("bright", "dark"))
    assert read_json(paths.manifest)["batches"][0]["source"] == "data/incoming/cells/cells"
    batches.bring_in(problem, settings, paths)
    assert pl.read_parquet(paths.raw / "cells.parquet").height == 120
    assert len(load_functions(paths.functions, classes=problem.classes)) >= 2


def test_thresholds_are_cut_where_a_class_is_found_best() -> None:
    table = pl.DataFrame({"light": [float(n) for n in range(100)], "noise": [float(n * 37 % 100) for n in range(100)]})
    gold = pl.Series([int(n >= 70) for n in range(100)]).to_numpy()
    entries = threshold_functions(table, gold, ("dark", "light"))
    best = next(entry for entry in entries if entry["vote"] == "light")
    assert best["column"] == "image.light"
    assert best["above"] >= 69  # every row from 70 on is of the class
