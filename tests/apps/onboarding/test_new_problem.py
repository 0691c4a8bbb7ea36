"""A file or folder becomes a problem whose functions run and whose configuration composes."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from tests.ingest.factories import png, write
from tests.readers.workbooks import workbook
from tidemill.apps.gold.add import FileOptions, add_labels
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.onboarding import new_problem
from tidemill.apps.onboarding.problem_files import all_or_nothing, check_name
from tidemill.apps.onboarding.starter_functions import threshold_functions
from tidemill.common.locks import is_held
from tidemill.contracts import ConfigError, DataError, TidemillError
from tidemill.ingest.settings import IngestSettings
from tidemill.label.functions.loading import load_functions
from tidemill.project import batches
from tidemill.project.compose import compose, refuse_stale_params, write_params
from tidemill.project.config import load
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.project.row_names import RowNames
from tidemill.project.unfinished_problems import begin_problem, clear_unfinished_problems, unfinished_problems
from tidemill.readers.options import ReadOptions
from tidemill.reports.project import ChampionPin, Manifest

GOOD = ["great", "lovely", "superb", "charming", "delightful"]
BAD = ["awful", "broken", "dreadful", "boring", "horrible"]
NEUTRAL = ["film", "book", "plot", "actor", "story", "music", "scene", "ending", "camera", "chapter"]


@pytest.fixture
def project(inside: Path, root: Path) -> Path:
    shutil.copytree(root / "conf", "conf")
    shutil.copy(root / "dvc.yaml", "dvc.yaml")
    return inside


def words(**changes: Any) -> new_problem.NewProblem:
    given = {"name": "reviews"} | changes
    paths = {name: Path(value) for name, value in given.items() if name in {"source", "images"} and value}
    return new_problem.NewProblem(**(given | paths))


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


def through_a_pipe(content: bytes) -> Path:
    """What the shell passes for `<(command)`."""
    read, write_end = os.pipe()
    with os.fdopen(write_end, "wb") as file:
        file.write(content)
    return Path(f"/dev/fd/{read}")


def test_rows_that_cannot_be_read_are_told_before_what_the_others_seem_to_hold(project: Path) -> None:
    write(project / "new.jsonl", '{"body": "one", "stars": "good"\n' * 20 + '{"body": "two", "stars": "good"}\n')
    wanted = words(source="new.jsonl", text="body", label="stars", reading=ReadOptions(bad_rows="quarantine"))
    told = r"new\.jsonl: 20 of 21 rows cannot be taken, more than ingest\.max_bad_rows 0\.05 allows \(line 1: not JSON"
    with pytest.raises(DataError, match=told):
        new_problem.create_problem(wanted, Project.open(project))


def test_rows_that_come_through_a_pipe_are_kept_as_the_first_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = reviews(project / "outside.csv").read_bytes()
    for name, source in (("first", through_a_pipe(content)), ("second", Path("-"))):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        made = new_problem.create_problem(
            words(name=name, source=source, text="body", label="stars"), Project.open(project)
        )
        kept = Path(f"data/incoming/{name}/{name}.csv")
        assert made.lines[0] == f"note: what came through the pipe is kept in {kept}"
        assert kept.read_bytes() == content
        assert [entry.source for entry in Manifest.read(Paths.within(name).manifest).batches] == [str(kept)]
        assert not list(Path(".tidemill").glob("tmp*"))
    with pytest.raises(DataError, match="a pipe through which nothing came"):
        new_problem.create_problem(words(name="third", source=through_a_pipe(b""), text="body"), Project.open(project))
    with pytest.raises(ConfigError, match=r"/dev/fd/\d+ is a pipe, beside which no images lie: save its rows"):
        new_problem.create_problem(
            words(name="third", source=through_a_pipe(content), image="body"), Project.open(project)
        )


@pytest.mark.slow
def test_a_csv_with_labels_becomes_a_problem_that_composes_ingests_and_votes_well(
    project: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    source = reviews(tmp_path_factory.mktemp("elsewhere") / "reviews.csv")
    write_params(Project.open(project))
    made = new_problem.create_problem(words(source=str(source), text="body", label="stars"), Project.open(project))
    assert (made.rows, made.classes) == (400, ("bad", "good"))
    assert made.lines[0].startswith("reviews: 400 rows, classes bad, good")
    told = (
        "of 400 labels 270 can teach (dev 135, train 135), 65 decide what is promoted (valid), 65 measure scores (test)"
    )
    assert told in "\n".join(made.lines)
    refuse_stale_params(Project.open(project))
    problem, settings, paths = Project.open(project).load("reviews", "ingest", IngestSettings)
    assert problem.classes == ("bad", "good")
    assert (settings.key, settings.text, settings.gold) == (("source", "id"), "body", "stars")
    assert settings.split.by == "labels"
    batches.add_batches(problem, settings, paths)
    assert f"ingest: {told}" in capsys.readouterr().err
    raw = pl.read_parquet(paths.raw / "reviews.parquet")
    dev = pl.read_parquet(paths.dev / "reviews.parquet")
    functions = load_functions(paths.functions, classes=problem.classes)
    assert len(functions) >= 2
    joined = raw.join(dev, on="row_id")
    for function in functions:
        votes = joined.with_columns(vote=function.expression())
        voted = votes.filter(pl.col("vote") >= 0)
        assert (voted["vote"] == voted["gold"]).mean() > 0.75
    assert ChampionPin.read(paths.champion).version is None


def test_the_other_problems_and_every_comment_stay_as_they_were(project: Path) -> None:
    before = {name: Path(name).read_text() for name in ("conf/config.yaml", "dvc.yaml")}
    new_problem.create_problem(
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


def test_a_new_problem_has_the_recipe_that_the_docs_recommend(project: Path, root: Path) -> None:
    source = reviews(project / "reviews.csv")
    new_problem.create_problem(words(source=str(source), text="body", label="stars"), Project.open(project))
    train = compose(conf=Path("conf"))["reviews"]["train"]
    assert [recipe["name"] for recipe in train["recipes"]][:2] == ["cotrained", "mixed"]  # train=auto
    assert "which `tidemill new` writes" in (root / "docs/train.md").read_text(encoding="utf-8")


def test_a_file_in_the_project_is_named_where_it_is(project: Path) -> None:
    source = reviews(project / "mine" / "first.csv")
    new_problem.create_problem(words(source=str(source), text="body", label="stars"), Project.open(project))
    assert Manifest.read(Path("data/reviews/batches.json")).batches[0].source == "mine/first.csv"
    assert not Path("data/incoming").exists()


def test_without_labels_the_classes_are_given_and_two_functions_run(project: Path) -> None:
    source = project / "r.jsonl"
    source.write_text(
        "".join(json.dumps({"body": f"{'word ' * (n % 7 + 1)}number {chr(97 + n)}"}) + "\n" for n in range(20))
    )
    new_problem.create_problem(words(source=str(source), text="body", classes="no, yes"), Project.open(project))
    functions = load_functions(Path("src/problems/reviews"), classes=("no", "yes"))
    assert [function.name for function in functions] == ["is_long", "is_short"]
    assert "arbitrary: replace them" in Path("src/problems/reviews/functions.yaml").read_text()
    assert compose(conf=Path("conf"))["reviews"]["ingest"]["key"] is None


@pytest.mark.parametrize(
    ("column", "values", "is_key"),
    [
        ("nr", "m{}", True),
        ("mailId", "{}", True),
        ("ticket_no", "{}", True),
        ("nr", "same", False),
        ("row_id", "{}", False),
        ("piano", "{}", False),
    ],
)
def test_rows_are_named_by_a_column_of_ids_by_which_labels_come_back(
    project: Path, column: str, values: str, *, is_key: bool
) -> None:
    source = project / "r.jsonl"
    rows = [{"body": f"{'word ' * (n % 7 + 1)}{chr(97 + n)}", column: values.format(n)} for n in range(20)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    new_problem.create_problem(words(source=str(source), text="body", classes="no, yes"), Project.open(project))
    assert compose(conf=Path("conf"))["reviews"]["ingest"]["key"] == (["source", column] if is_key else None)
    told = Path("conf/problem/reviews.yaml").read_text(encoding="utf-8")
    assert ("in `tidemill gold add` too" in told) is not is_key


def test_classes_that_look_like_numbers_or_booleans_stay_text(project: Path) -> None:
    source = reviews(project / "r.csv", labels=("1", "yes"))
    new_problem.create_problem(words(source=str(source), text="body", label="stars"), Project.open(project))
    assert compose(conf=Path("conf"))["reviews"]["problem"]["classes"] == ["1", "yes"]
    assert load_functions(Path("src/problems/reviews"), classes=("1", "yes"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": "spam"}, "there is a problem 'spam' already"),
        ({"name": "2nd"}, "cannot be a problem's name"),
        ({"name": "train"}, "cannot be a problem's name"),
        *(
            ({"name": name}, "cannot be a problem's name: YAML reads it")
            for name in ("on", "no", "null", "true", "nan")
        ),
        ({"name": "../up"}, "cannot be a problem's name"),
        ({"source": None}, "say where the data is"),
        ({"images": "."}, "say which column of the file names the images"),
        ({"source": "lost.csv"}, "is not there"),
        ({"source": None, "images": "r.csv"}, "is a file: use --from"),
        ({"source": "."}, "is a folder: use --images"),
        (
            {"text": None},
            "say which column holds the text: --text COLUMN (or --image COLUMN: its path); r.csv has id, body, stars, author",
        ),
        ({"text": "bodi"}, "--text 'bodi' is no column; did you mean 'body'?"),
        ({"label": "star"}, "--label 'star' is no column; did you mean 'stars'?"),
        ({"label": None}, "name them, --classes good,bad"),
        ({"label": "body"}, "--text and --label: column 'body' cannot be both"),
        ({"label": "author"}, "the classes are x; a problem needs at least two"),
        ({"label": "id"}, "holds 40 different values"),
        ({"classes": "good,bad,good"}, "'good' is there twice"),
        ({"classes": "good,ugly"}, "line 2: column 'stars' is 'bad', not a class"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(project: Path, changes: dict[str, Any], told: str) -> None:
    reviews(project / "r.csv", 40)
    before = sorted(str(path) for path in project.rglob("*"))
    with pytest.raises((ConfigError, DataError)) as error:
        new_problem.create_problem(
            words(**({"source": "r.csv", "text": "body", "label": "stars"} | changes)), Project.open(project)
        )
    assert isinstance(error.value, TidemillError)
    assert told in str(error.value)
    assert sorted(str(path) for path in project.rglob("*")) == before


@pytest.mark.slow
def test_a_folder_of_images_becomes_a_problem_with_functions_of_pixels(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("tidemill.label.image_statistics.pixels", reason="the label package decodes images")
    folder = tmp_path_factory.mktemp("elsewhere") / "cells"
    for number in range(120):
        shade = number if number % 2 else 255 - number
        write(folder / ("bright", "dark")[number % 2] / f"{number}.png", png(shade, size=(32, 32)))
    new_problem.create_problem(words(name="cells", images=str(folder)), Project.open(project))
    here = Project.open(project)
    problem, settings = load("cells", "ingest", IngestSettings, params=here.compose())
    paths = here.paths("cells")
    assert (problem.modality, problem.classes) == ("image", ("bright", "dark"))
    assert Manifest.read(paths.manifest).batches[0].source == "data/incoming/cells/cells"
    batches.add_batches(problem, settings, paths)
    assert pl.read_parquet(paths.raw / "cells.parquet").height == 120
    assert len(load_functions(paths.functions, classes=problem.classes)) >= 2


def test_thresholds_are_cut_where_a_class_is_found_best() -> None:
    table = pl.DataFrame({"light": [float(n) for n in range(100)], "noise": [float(n * 37 % 100) for n in range(100)]})
    gold = pl.Series([int(n >= 70) for n in range(100)]).to_numpy()
    entries = threshold_functions(table, gold, ("dark", "light"))
    best = next(entry for entry in entries if entry["vote"] == "light")
    assert best["column"] == "image.light"
    assert best["above"] >= 69  # every row from 70 on is of the class


def rows_of(labels: list[str], count: int = 60) -> str:
    draw = random.Random(1)
    lines = [
        f"{k},{' '.join(draw.sample(NEUTRAL, 5))} {'abcdefghij'[k % 10] * (k % 13 + 3)} {k},{labels[k % len(labels)]}"
        for k in range(count)
    ]
    return "id,body,kind\n" + "\n".join(lines) + "\n"


def made(project: Path, content: str | bytes, name: str = "new.csv", **changes: Any) -> new_problem.CreatedProblem:
    path = write(project / "elsewhere" / name, content)
    return new_problem.create_problem(
        words(source=str(path), text="body", label="kind", **changes), Project.open(project)
    )


def test_labels_that_differ_by_case_or_form_are_one_class_and_that_is_told(project: Path) -> None:
    done = made(project, rows_of(["café", "cafe\u0301", "Café", "bar", "bar", "bar"]))
    assert done.classes == ("bar", "café")
    assert any(r"'Café', 'cafe\u0301', 'café' are one class, 'café'" in line for line in done.lines)


def test_how_labels_that_differ_by_case_alone_stay_classes_is_told(project: Path) -> None:
    told = "labels that differ in letter case are several classes where --classes names them all: --classes "
    with pytest.raises(DataError, match=f"at least two different ones; .*{told}CO,Co,co"):
        made(project, rows_of(["Co", "CO", "co"]))
    done = made(project, rows_of(["mW", "MW", "kW", "W"]))
    assert len(done.classes) == 3
    assert sum(f"{told}MW,W,kW,mW" in line for line in done.lines) == 1


def test_labels_that_differ_by_case_alone_are_classes_where_all_are_named(project: Path) -> None:
    done = made(project, rows_of(["Co", "CO", "co"]), classes="CO,Co,co")
    assert done.classes == ("CO", "Co", "co")
    assert not any("differ in letter case" in line for line in done.lines)


def test_letters_of_turkish_do_not_tell_classes_apart_or_are_told(project: Path) -> None:
    done = made(project, rows_of(["iyi", "\u0130yi", "\u0130Y\u0130", "KIRIK", "k\u0131r\u0131k"]))
    assert done.classes == ("KIRIK", "iyi", "k\u0131r\u0131k")
    assert any("'KIRIK' ('KIRIK') and 'k\u0131r\u0131k'" in line and "look alike" in line for line in done.lines)


def test_class_names_that_differ_in_accents_are_noted(project: Path) -> None:
    done = made(project, rows_of(["\u039a\u0391\u039b\u039f", "\u03ba\u03b1\u03bb\u03cc", "b"]))
    assert len(done.classes) == 3
    assert sum("look alike" in line for line in done.lines) == 1


def test_words_for_no_label_are_no_class_and_that_is_told(project: Path) -> None:
    done = made(project, rows_of(["good", "bad", "NA", "-1"]))
    assert done.classes == ("bad", "good")
    assert any(
        "'-1', 'NA' are taken for no label (30 rows); name the classes with --classes" in line for line in done.lines
    )


def test_the_null_of_a_databases_export_is_no_label_and_that_is_told(project: Path) -> None:
    done = made(project, rows_of(["good", "bad", "\\N"]))
    assert done.classes == ("bad", "good")
    assert sum(r"'\\N' is taken for no label (20 rows)" in line for line in done.lines) == 1


@pytest.mark.parametrize("both", ["good;bad", "bad, good", "['good', 'bad']", "Good|bad", "good + bad", "[good][bad]"])
def test_a_cell_that_holds_several_labels_is_asked_about(project: Path, both: str) -> None:
    content = rows_of(["good", "bad", f'"{both}"'])
    if both == "[good][bad]":  # a name as any other
        assert len(made(project, content).classes) == 3
        return
    with pytest.raises(
        DataError, match=r"\(20 rows\), where '.*' and '.*' are labels too: .*name all classes with --classes"
    ):
        made(project, content)
    assert len(made(project, content, classes=["good", "bad", f"{both}"]).classes) == 3


def test_a_list_of_one_label_that_is_text_is_that_label_and_several_are_refused(project: Path) -> None:
    with pytest.raises(DataError, match=r"""holds "\['good', 'quick'\]" \(20 rows\), a list of several labels"""):
        made(project, rows_of(["['good']", "['bad']", "\"['good', 'quick']\""]), "other.csv")
    done = made(project, rows_of(["['good']", '"[""bad""]"', "[]"]))
    assert done.classes == ("bad", "good")
    assert any("lists of one label, such as \"['good']\", are read as that label" in line for line in done.lines)
    assert any("'[]' is taken for no label" in line for line in done.lines)
    assert any("of 40 labels" in line for line in done.lines)


def test_a_label_of_one_row_among_many_is_told(project: Path) -> None:
    done = made(project, rows_of(["good", "bad"]) + "99,all of them,TOTAL\n")
    told = [line for line in done.lines if "TOTAL" in line and "note" in line]
    assert len(told) == 2  # as a label of one row, and as a row of totals
    assert any("'TOTAL' is the label of one row (a total, a second header, a slip?): mend the file" in t for t in told)


def test_several_words_for_true_are_told(project: Path) -> None:
    done = made(project, rows_of(["yes", "Y", "no", "off?"]))
    assert [line for line in done.lines if "may mean the same" in line] == [
        "note: column 'kind': the classes 'yes', 'Y' may mean the same: give them one spelling in the file"
    ]


def test_names_that_are_put_together_and_whose_parts_are_no_labels_are_classes(project: Path) -> None:
    assert made(project, rows_of(["C", "C++", "ja/nein", "nein"])).classes == ("C", "C++", "ja/nein", "nein")


def test_emoji_in_colours_and_in_outline_are_one_class(project: Path) -> None:
    done = made(project, rows_of(["\u2764", "\u2764\ufe0f", "\u2764\ufe0f", "\U0001f494"]))
    assert done.classes == ("\u2764\ufe0f", "\U0001f494")
    assert any("are one class" in line for line in done.lines)


def test_class_names_that_differ_in_marks_around_them_are_noted(project: Path) -> None:
    done = made(project, rows_of(["good", "good.", "'bad'", "bad"]))
    assert len(done.classes) == 4
    assert any("'good' ('good') and 'good.' ('good.') look alike" in line for line in done.lines)
    assert any("look alike" in line and "bad" in line for line in done.lines)


@pytest.mark.parametrize("word", ["(blank)", "(Empty)", ".."])
def test_signs_of_an_empty_cell_are_no_label_and_that_is_told(project: Path, word: str) -> None:
    done = made(project, rows_of(["good", "bad", word]))
    assert done.classes == ("bad", "good")
    assert any(f"{word!r} is taken for no label (20 rows)" in line for line in done.lines)


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u3000"])
def test_spaces_that_do_not_break_are_spaces_of_names(project: Path, space: str) -> None:
    done = made(project, rows_of([f"very{space}good", "bad"]))
    assert done.classes == ("bad", "very good")
    assert any(f"{f'very{space}good'!r} is the class 'very good'" in line for line in done.lines)


def test_nan_is_no_label_and_that_is_told(project: Path) -> None:
    done = made(project, rows_of(["good", "bad", "nan"]))
    assert done.classes == ("bad", "good")
    assert any("'nan' is taken for no label (20 rows)" in line for line in done.lines)


def test_nan_that_is_named_is_a_class(project: Path) -> None:
    assert made(project, rows_of(["naan", "nan"]), classes=["naan", "nan"]).classes == ("naan", "nan")


def test_whole_numbers_and_fractions_of_zeros_are_one_class_and_that_is_told(project: Path) -> None:
    done = made(project, rows_of(["1", "0", "1", "0", "1.0", "0.0"]))
    assert done.classes == ("0", "1")
    assert any("'1', '1.0' are one class, '1'" in line for line in done.lines)


@pytest.mark.parametrize(
    "word", ["unknown", "TBD", "Abstain", "_to_review", "unsorted", "Not Set", "-- Select --", "k.A.", "-999", "blank"]
)
def test_a_word_that_may_be_a_class_or_no_label_is_asked_about(project: Path, word: str) -> None:
    content = rows_of(["good", "bad", word])
    with pytest.raises(
        DataError, match=rf"is '{word}' a class, .* \(20 of 60 rows\)\? A class: --classes \"?good,bad,{word}"
    ):
        made(project, content)
    done = made(project, content, classes=["good", "bad"])
    assert any(f"{word!r} is taken for no label (20 rows)" in line for line in done.lines)


def test_an_asked_word_that_is_named_is_a_class(project: Path) -> None:
    assert made(project, rows_of(["a", "unknown"]), classes=["a", "unknown"]).classes == ("a", "unknown")


def test_numbers_among_names_of_classes_are_told(project: Path) -> None:
    done = made(project, rows_of(["spam", "ham", "0", "1"]))
    assert any("the classes 0, 1 are numbers and ham, spam are names" in line for line in done.lines)


def test_a_word_for_no_label_that_is_named_is_a_class(project: Path) -> None:
    assert made(project, rows_of(["good", "NA"]), classes=["good", "NA"]).classes == ("good", "NA")


def test_joined_emoji_and_words_with_joiners_are_classes(project: Path) -> None:
    names = ("\U0001f3f3\ufe0f\u200d\U0001f308", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
    assert set(made(project, rows_of(list(names))).classes) == set(names)


def test_rows_that_are_one_text_are_told_to_be_too_few(project: Path) -> None:
    content = "body,kind\n" + "connection lost,bad\nlogin ok,good\n" * 150
    assert any("2 different rows are too few to train" in line for line in made(project, content).lines)


def test_many_classes_of_several_rows_each_are_classes(project: Path) -> None:
    assert len(made(project, rows_of([f"intent_{k}" for k in range(77)], 77 * 4)).classes) == 77


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([f"{k}" for k in range(60)], "60 different values in 60 rows"),
        (["row_id", "b"], "class 'row_id' is a name of Tidemill's own tables"),
        (["None_of_the_above", "b"], "class 'None_of_the_above' is a name of Tidemill's own tables"),
        (['"a\nb"', "c"], "has a line break or a control character"),
        (["${price}", "b"], "class '${price}' holds ${, by which settings name other settings"),
        (["a"], "needs at least two different ones"),
    ],
)
def test_labels_that_make_no_classes_are_refused_with_the_reason(project: Path, labels: list[str], told: str) -> None:
    with pytest.raises(DataError) as error:
        made(project, rows_of(labels))
    assert told in str(error.value)


def test_several_labels_of_a_row_are_refused(project: Path) -> None:
    rows = [{"id": k, "body": f"text {k}", "kind": ["a", "b"]} for k in range(4)]
    with pytest.raises(DataError, match="several labels of one row"):
        made(project, "\n".join(map(json.dumps, rows)), "new.jsonl")


def test_lists_of_one_label_are_labels_beside_lists_of_several_which_can_be_set_aside(project: Path) -> None:
    kinds = [["a"], ["b"], ["a", "b"], [], *([["a"], ["b"]] * 20)]
    rows = [{"id": k, "body": f"{NEUTRAL[k % 7]} {NEUTRAL[k % 5]} {k}", "kind": kind} for k, kind in enumerate(kinds)]
    content = "\n".join(map(json.dumps, rows))
    with pytest.raises(DataError, match=r"holds \['a', 'b'\], several labels of one row \(as 1 of 44 rows have\)"):
        made(project, content, "new.jsonl")
    done = made(project, content, "new.jsonl", classes="a,b", reading=ReadOptions(bad_rows="quarantine"))
    assert done.rows == 43
    assert any("the first is line 3: column 'kind' is ['a', 'b'], several labels" in line for line in done.lines)


@pytest.mark.parametrize(("common", "told"), [(20, "1 of 21 classes have"), (8, "the rarest class has 3 labels")])
def test_a_tail_of_rare_classes_leaves_the_others_the_usual_split(project: Path, common: int, told: str) -> None:
    labels = [f"c{k}" for k in range(common)]
    done = made(project, rows_of(labels, 20 * common) + "".join(f"x{k},rare {NEUTRAL[k]},odd\n" for k in range(3)))
    assert any(line.startswith(f"caution: {told}") for line in done.lines)
    write_params(Project.open(project))
    split = Project.open(project).load("reviews", "ingest", IngestSettings)[1].split
    assert split.by == ("labels" if common == 20 else "hash")


def test_functions_that_nothing_is_known_of_are_told_to_be_arbitrary(project: Path) -> None:
    source = write(project / "r.csv", "body\n" + "".join(f"{'word ' * (n % 7 + 1)}{n}\n" for n in range(20)))
    done = new_problem.create_problem(words(source=str(source), text="body", classes="no,yes"), Project.open(project))
    assert any("functions.yaml" in line and "they are arbitrary" in line for line in done.lines)


def test_how_a_file_is_read_is_kept_for_its_batches(project: Path) -> None:
    from tidemill.readers.options import ReadOptions

    content = rows_of(["gut", "schlecht"]).replace(",", "|").replace("camera", "kamérä").encode("cp1252") + b"1|2\n"
    done = made(project, content, reading=ReadOptions("cp1252", "|", bad_rows="quarantine"))
    write_params(Project.open(project))
    settings = Project.open(project).load("reviews", "ingest", IngestSettings)[1]
    assert (settings.encoding, settings.delimiter, settings.bad_rows) == ("cp1252", "|", "quarantine")
    assert any(line.startswith("note: new.csv: 1 row is set aside, the first is line 62: ") for line in done.lines)


def test_what_was_guessed_of_a_file_is_told(project: Path) -> None:
    done = made(project, rows_of(["a", "b"]).replace(",", ";"))
    assert done.lines[0] == "note: new.csv: cells are separated by ';'; another with --delimiter (ingest.delimiter)"


def images(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        write(folder / name, png(number * 7 % 250, size=(4 + number, 5)))
    return folder


def test_folders_named_as_splits_are_asked_about(project: Path) -> None:
    names = [f"{split}/{kind}/{k}.png" for split in ("train", "val") for kind in ("cat", "dog") for k in range(3)]
    folder = images(project / "elsewhere/pets", *names)
    with pytest.raises(DataError, match=r"are its folders train, val splits, .* --ignore-splits"):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))
    done = new_problem.create_problem(words(images=str(folder), ignore_splits=True), Project.open(project))
    assert (done.rows, done.classes) == (12, ("cat", "dog"))
    write_params(Project.open(project))
    assert Project.open(project).load("reviews", "ingest", IngestSettings)[1].class_folder == "last"


def test_numbered_folders_with_the_same_folders_below_are_asked_about(project: Path) -> None:
    names = [f"{fold}/{kind}/{k}.png" for fold in ("Fold 1", "fold_2") for kind in ("cat", "dog") for k in range(3)]
    folder = images(project / "elsewhere/pets", *names)
    with pytest.raises(DataError, match=r"are its folders Fold 1, fold_2 splits or sites, .* --ignore-splits"):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))
    done = new_problem.create_problem(words(images=str(folder), ignore_splits=True), Project.open(project))
    assert (done.rows, done.classes) == (12, ("cat", "dog"))


def test_sites_with_the_same_folders_below_are_asked_about(project: Path) -> None:
    names = [
        f"{site}/{kind}/{site}{kind}{k}.png" for site in ("north", "south") for kind in ("ok", "bad") for k in (1, 2)
    ]
    folder = images(project / "elsewhere/sites", *names, "north/new/1.png", "south/overview.png")
    with pytest.raises(
        DataError, match=r"are its folders north, south splits or sites, .* --ignore-splits .* --classes north,south"
    ):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))
    done = new_problem.create_problem(words(images=str(folder), classes=["north", "south"]), Project.open(project))
    assert done.classes == ("north", "south")
    kinds = images(
        project / "elsewhere/kinds", "cat/indoor/1.png", "cat/tabby/2.png", "dog/indoor/3.png", "dog/poodle/4.png"
    )
    done = new_problem.create_problem(words(name="kinds", images=str(kinds)), Project.open(project))
    assert done.classes == ("cat", "dog")
    assert any(
        "4 folders lie within others, such as cat/indoor, and their images are of the class" in line
        for line in done.lines
    )


def test_one_folder_around_those_of_the_classes_is_told(project: Path) -> None:
    folder = images(project / "elsewhere/download", "dataset/good/1.png", "dataset/bad/2.png")
    with pytest.raises(
        DataError,
        match=r"lie in the folder dataset, which holds bad, good: give --images that inner folder \(download/dataset\)",
    ):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))


def test_numbered_folders_below_the_classes_are_no_classes(project: Path) -> None:
    names = [f"{kind}/p{k}/v1/{k}.png" for kind in ("grade1", "grade2") for k in range(3)]
    folder = images(project / "elsewhere/scans", *names)
    assert new_problem.create_problem(words(images=str(folder)), Project.open(project)).classes == ("grade1", "grade2")


def test_splits_without_folders_below_are_classes(project: Path) -> None:
    folder = images(project / "elsewhere/moves", "train/1.png", "train/2.png", "test/3.png", "test/4.png")
    assert new_problem.create_problem(words(images=str(folder)), Project.open(project)).classes == ("test", "train")


@pytest.mark.parametrize(
    "odd", ["Validation/3.png", "val/cat/3.png", "masks/3.png", "test_images/3.png", "Review/3.png"]
)
def test_a_folder_beside_the_classes_that_is_named_as_splits_or_masks_are_is_asked_about(
    project: Path, odd: str
) -> None:
    folder = images(project / "elsewhere/pets", "cat/1.png", "dog/2.png", odd)
    name = odd.split("/", maxsplit=1)[0]
    with pytest.raises(DataError, match=rf"{name} beside cat, dog: .* --classes"):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))
    classes = ["cat", "dog", name]
    assert set(
        new_problem.create_problem(words(images=str(folder), classes=classes), Project.open(project)).classes
    ) == set(classes)


@pytest.mark.parametrize("odd", ["rejected", "_originals", "Backup (2)", "old"])
def test_a_folder_of_images_that_were_put_away_is_asked_about_beside_several(project: Path, odd: str) -> None:
    folder = images(project / "elsewhere/pets", "cat/1.png", "dog/2.png", f"{odd}/3.png")
    with pytest.raises(DataError, match=f"beside cat, dog, is {re.escape(odd)} a class, or does it hold .* --classes "):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))
    asked = words(images=str(folder), classes=["cat", "dog", odd])
    assert new_problem.create_problem(asked, Project.open(project)).classes == ("cat", "dog", odd)


def test_of_two_folders_both_are_classes_and_so_are_such_words_in_a_column(project: Path) -> None:
    folder = images(project / "elsewhere/parts", "accepted/1.png", "rejected/2.png")
    asked = words(name="parts", images=str(folder))
    assert new_problem.create_problem(asked, Project.open(project)).classes == ("accepted", "rejected")
    assert made(project, rows_of(["good", "bad", "broken"])).classes == ("bad", "broken", "good")


def test_a_folder_that_is_named_as_no_label_has_images_without_one_and_another_is_refused(project: Path) -> None:
    folder = images(project / "elsewhere/pets", "cat/1.png", "dog/2.png", "_unlabeled/3.png")
    done = new_problem.create_problem(words(images=str(folder)), Project.open(project))
    assert (done.rows, done.classes) == (3, ("cat", "dog"))
    assert any("'_unlabeled' is taken for no label (1 row)" in line for line in done.lines)
    folder = images(project / "elsewhere/more", "cat/1.png", "dog/2.png", "trash/3.png")
    with pytest.raises(DataError, match=r"'trash', not a class.*; move the folder elsewhere, or add the class"):
        new_problem.create_problem(
            words(name="more", images=str(folder), classes=["cat", "dog"]), Project.open(project)
        )


def test_a_split_beside_the_classes_is_one_with_them_where_splits_are_ignored(project: Path) -> None:
    folder = images(project / "elsewhere/pets", "cat/1.png", "dog/2.png", "val/cat/3.png")
    done = new_problem.create_problem(words(images=str(folder), ignore_splits=True), Project.open(project))
    assert (done.rows, done.classes) == (3, ("cat", "dog"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u06a9\u06cc\u0641", "\u0643\u064a\u0641"),  # Persian letters, Arabic ones
        ("\u062c\u064a\u062f", "\u062c\u064a\u0640\u062f"),  # a line that draws the word out
        ("\u0e19\u0e49\u0e33", "\u0e19\u0e4d\u0e49\u0e32"),  # a tone mark before a vowel, and behind it
    ],
)
def test_class_names_that_look_alike_in_other_scripts_are_noted(project: Path, one: str, other: str) -> None:
    done = made(project, rows_of([one, other, "dog"]))
    assert len(done.classes) == 3
    assert any(one in line and other in line and "look alike" in line for line in done.lines)


@pytest.mark.parametrize("mark", ["\u200b", "\u00ad", "\u200f", "\ufeff"])
def test_marks_that_nobody_sees_are_no_part_of_names(project: Path, mark: str) -> None:
    done = made(project, rows_of([f"good{mark}", f"good{mark}", "good", f"bad{mark}"]))
    assert done.classes == ("bad", "good")
    assert any(f"{f'bad{mark}'!r} is the class 'bad'" in line for line in done.lines)


def test_class_names_of_two_scripts_that_look_alike_are_noted(project: Path) -> None:
    done = made(project, rows_of(["cat", "\u0441at", "dog"]))
    assert len(done.classes) == 3
    assert any("('cat') and '\u0441at' ('\\u0441at') look alike" in line for line in done.lines)


@pytest.mark.parametrize("other", ["non\u2013fiction", "non_fiction", "Non fiction", "non\u2010fiction"])
def test_class_names_that_differ_in_a_dash_or_a_space_are_noted(project: Path, other: str) -> None:
    done = made(project, rows_of(["non-fiction", other, "poem"]))
    assert any("'non-fiction'" in line and f"{other!r}" in line and "look alike" in line for line in done.lines)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Billing > Refund", "Billing>Refund"),
        ("Billing> Refund", "billing  >refund"),
        ("A (new)", "A(new)"),
        ("5 \u20ac", "5\u20ac"),
    ],
)
def test_class_names_that_differ_in_spaces_around_signs_are_noted(project: Path, one: str, other: str) -> None:
    done = made(project, rows_of([one, other, "poem"]))
    assert any(f"{one!r}" in line and f"{other!r}" in line and "look alike" in line for line in done.lines)


def test_class_names_with_and_without_a_sign_or_with_vowel_signs_do_not_look_alike(project: Path) -> None:
    names = ["A > B", "A B", "A < B", "\u0915\u0940 \u092c", "\u0915\u0940\u092c"]
    assert not any("look alike" in line for line in made(project, rows_of(names)).lines)


def test_grades_with_a_minus_do_not_look_alike(project: Path) -> None:
    assert not any("look alike" in line for line in made(project, rows_of(["A-", "A", "B+"])).lines)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (("9223372036854775808", "9223372036854775809"), "string"),
        (("4929123412341234567", "1"), "string"),
        (("1E05", "1E06"), "string"),
        (("1E5", "2E3"), "string"),
        (("1e5", "1E+06"), "float"),
        (("12e3", "78e1"), "string"),
        (("5e-3", "1e-4"), "float"),
        (("1.5E5", "2"), "float"),
        (("1.10", "1.9"), "string"),
        (("12.50", "9.99"), "float"),
        (("12345678901234", "2"), "int"),
        (("0.1234567890123456789", "2"), "float"),
    ],
)
def test_numbers_that_would_be_others_as_numbers_are_texts(project: Path, cells: tuple[str, str], kind: str) -> None:
    lines = "".join(f"text {k},{'ab'[k % 2]},{cells[k % 2]}\n" for k in range(8))
    source = write(project / "r.csv", "body,kind,account\n" + lines)
    asked = words(source=str(source), text="body", label="kind", meta=["account"])
    new_problem.create_problem(asked, Project.open(project))
    write_params(Project.open(project))
    assert Project.open(project).load("reviews", "ingest", IngestSettings)[1].meta == {"account": kind}


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (("0,85", "12"), "holds numbers as '0,85', which are read as text"),
        (("85 %", "90 %"), "holds numbers as '85 %'"),
        (("$1,200.50", "$3"), "holds numbers as '$1,200.50'"),
        (("1.234", "2.345"), "is read as fractions, such as '1.234', though 'share' has commas before fractions"),
        (("1.5", "2"), None),
        (("2.0", "1.75"), None),
        (("1e-05", "2"), None),
        (("12e3", "44"), "is read as text, for '12e3' may be a name, such as a version or a code"),
        (("5e-3", "1e-4"), "'5e-3' of column 'amount' is read as the number 0.005"),
        (("-0", "1"), "'-0' of column 'amount' is read as the number 0"),
        (("12.50", "9.99"), "'12.50' of column 'amount' is read as the number 12.5: functions find no other spelling"),
        (("1.10", "1.9"), "is read as text, for '1.10' may be a name"),
        (("12.03.2024", "13.03.2024"), None),
        (("03,1", "0301"), None),
        (("a", "1,5"), None),
    ],
)
def test_numbers_that_are_written_otherwise_are_told(project: Path, cells: tuple[str, str], told: str | None) -> None:
    lines = "".join(f"text {k};{'ab'[k % 2]};{cells[k % 2]};0,{k}5\n" for k in range(8))
    source = write(project / "r.csv", "body;kind;amount;share\n" + lines)
    asked = words(source=str(source), text="body", label="kind", meta=["amount"])
    found = [line for line in new_problem.create_problem(asked, Project.open(project)).lines if "'amount'" in line]
    assert (told is None and not found) or (len(found) == 1 and str(told) in found[0])


def test_numbers_of_json_that_are_no_integers_of_64_bits_are_texts(project: Path) -> None:
    lines = [{"body": f"text {k}", "kind": "ab"[k % 2], "account": 2**63 + k} for k in range(8)]
    source = write(project / "r.jsonl", "\n".join(map(json.dumps, lines)))
    asked = words(source=str(source), text="body", label="kind", meta=["account"])
    new_problem.create_problem(asked, Project.open(project))
    write_params(Project.open(project))
    assert Project.open(project).load("reviews", "ingest", IngestSettings)[1].meta == {"account": "string"}


def test_ids_that_are_objects_are_passed_over_and_told(project: Path) -> None:
    lines = [
        {"_id": {"$oid": f"65a1{k:04x}"}, "id": {"n": k}, "body": f"text {k}", "kind": "ab"[k % 2]} for k in range(8)
    ]
    source = write(project / "r.jsonl", "\n".join(map(json.dumps, lines)))
    done = new_problem.create_problem(words(source=str(source), text="body", label="kind"), Project.open(project))
    assert any("column 'id' holds objects, and so does not name the rows" in line for line in done.lines)


def test_a_label_that_is_an_object_says_how_to_name_what_is_in_it(project: Path) -> None:
    lines = [{"body": f"text {k}", "kind": {"value": "ab"[k % 2], "by": 1}} for k in range(8)]
    source = write(project / "r.jsonl", "\n".join(map(json.dumps, lines)))
    with pytest.raises(DataError, match=r"an object of value, by: name the one inside"):
        new_problem.create_problem(words(source=str(source), text="body", label="kind"), Project.open(project))


@pytest.mark.parametrize("name", ["age_group_of", "brand_name_match"])
def test_a_name_with_a_word_that_hydra_replaces_is_refused(project: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="Hydra replaces"):
        check_name(name, project)


def test_a_label_with_a_decimal_comma_among_numbers_is_asked_about(project: Path) -> None:
    lines = "".join(f"text {k},{('1', '2', '5', '2.5', chr(34) + '2,5' + chr(34))[k % 5]}\n" for k in range(20))
    source = write(project / "r.csv", "body,stars\n" + lines)
    with pytest.raises(DataError, match=r"holds '2,5' \(4 rows\): is it '2\.5' with a comma"):
        new_problem.create_problem(words(source=str(source), text="body", label="stars"), Project.open(project))


def test_classes_of_several_words_are_shown_as_a_shell_takes_them(project: Path) -> None:
    lines = "".join(f"text {k},{('spam', 'not spam', 'unsure')[k % 3]}\n" for k in range(12))
    source = write(project / "r.csv", "body,kind\n" + lines)
    with pytest.raises(
        DataError, match='A class: --classes "spam,not spam,unsure"; no label: --classes "spam,not spam"'
    ):
        new_problem.create_problem(words(source=str(source), text="body", label="kind"), Project.open(project))
    asked = words(source=str(source), text="body", label="kind", classes="not spam,spam,unsure")
    told = new_problem.create_problem(asked, Project.open(project)).lines
    assert any("'not spam' is a class, so that `vote: not spam` is for it" in line for line in told)


def test_a_folder_of_unlabeled_images_is_no_class(project: Path) -> None:
    folder = images(project / "elsewhere/pets", "cat/1.png", "dog/2.png", "unlabeled/3.png")
    done = new_problem.create_problem(words(images=str(folder)), Project.open(project))
    assert (done.rows, done.classes) == (3, ("cat", "dog"))
    assert any("'unlabeled' is taken for no label (1 row)" in line for line in done.lines)


def test_a_folder_behind_a_link_where_data_arrives_is_taken_where_it_is(project: Path) -> None:
    share = project.with_name(f"{project.name}-share")
    images(share / "may", "cat/1.png", "dog/2.png")
    place = Path("data/incoming/reviews")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(share)
    new_problem.create_problem(words(images=str(place / "may")), Project.open(project))
    (entry,) = Manifest.read(Paths.within("reviews").manifest).batches
    assert entry.source == "data/incoming/reviews/may"


def test_a_table_that_names_images_becomes_a_problem_of_images(project: Path) -> None:
    folder = images(project / "elsewhere", *(f"shots/{k}.png" for k in range(6)))
    listed = write(folder / "list.csv", "file,kind\n" + "".join(f"shots\\{k}.png,{'ab'[k % 2]}\n" for k in range(6)))
    done = new_problem.create_problem(words(source=str(listed), image="file", label="kind"), Project.open(project))
    assert (done.rows, done.classes) == (6, ("a", "b"))


def test_images_beside_those_that_a_table_names_are_counted(project: Path) -> None:
    folder = images(project / "elsewhere", *(f"shots/{k}.png" for k in range(8)))
    listed = write(folder / "list.csv", "file,kind\n" + "".join(f"shots\\{k},{'ab'[k % 2]}\n" for k in range(6)))
    done = new_problem.create_problem(words(source=str(listed), image="file", label="kind"), Project.open(project))
    (told,) = [line for line in done.lines if "stand in no line" in line]
    assert "list.csv: 2 of 8 images in " in told
    assert "such as 6.png, and are no rows" in told


def test_the_images_that_a_table_names_may_be_in_a_folder_of_their_own(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = images(tmp_path_factory.mktemp("away"), *(f"pics/{k}.png" for k in range(6)))
    listed = write(away / "list.csv", "id,kind\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(6)))
    asked = words(source=str(listed), image="id", images=str(away / "pics"), label="kind")
    assert new_problem.create_problem(asked, Project.open(project)).rows == 6
    write_params(Project.open(project))
    assert Project.open(project).load("reviews", "ingest", IngestSettings)[1].image_folder == "pics"
    assert len(list((project / "data/incoming/reviews/pics").iterdir())) == 6


def test_damaged_images_of_a_folder_are_set_aside_where_that_is_asked_for(project: Path) -> None:
    folder = images(project / "elsewhere/pets", *(f"{kind}/{k}.png" for kind in ("cat", "dog") for k in range(12)))
    (folder / "cat/3.png").write_bytes(b"")
    done = new_problem.create_problem(
        words(images=str(folder), reading=ReadOptions(bad_rows="quarantine")), Project.open(project)
    )
    assert done.rows == 23
    write_params(Project.open(project))
    assert Project.open(project).load("reviews", "ingest", IngestSettings)[1].bad_rows == "quarantine"


@pytest.mark.parametrize("column", ["body", "stars"])
def test_a_column_of_formulas_without_a_value_is_refused(project: Path, column: str) -> None:
    source = project / "r.xlsx"
    source.write_bytes(workbook(("body", "stars"), *(("hello", "=A1") if column == "stars" else ("=B1", "x"),) * 3))
    with pytest.raises(
        DataError, match=rf"3 cells of column '{column}' are formulas whose value the file does not hold"
    ):
        new_problem.create_problem(words(source=str(source), text="body", label="stars"), Project.open(project))


def test_a_header_that_is_taken_for_a_row_is_told_where_a_column_is_missing(project: Path) -> None:
    source = write(project / "r.tsv", "".join(f"{'ab'[k % 2]}\ttext {k}\n" for k in range(30)))
    with pytest.raises(DataError, match=r"--text 'text' is no column.*\n.*the first line is taken for a row"):
        new_problem.create_problem(words(source=str(source), text="text", label="label"), Project.open(project))


def test_a_header_that_is_taken_for_a_row_is_told_where_no_column_is_named(project: Path) -> None:
    source = write(project / "r.tsv", "".join(f"{'ab'[k % 2]}\ttext {k}\n" for k in range(30)))
    with pytest.raises(ConfigError, match=r"r.tsv has column_1, column_2\n.*the first line is taken for a row"):
        new_problem.create_problem(words(source=str(source)), Project.open(project))


def test_a_folder_of_images_without_subfolders_is_told_how_a_table_names_their_labels(project: Path) -> None:
    folder = images(project / "elsewhere/flat", *(f"{k}.png" for k in range(6)))
    with pytest.raises(ConfigError, match=r"^flat: no image lies in a subfolder .* --from FILE --image COLUMN"):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))


def test_images_that_a_table_names_come_with_it_into_the_project(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = images(tmp_path_factory.mktemp("away"), *(f"in/shots/{k}.png" for k in range(6)), "beside.png")
    lines = "".join(f"shots/{k}.png,{'ab'[k % 2]}\n" for k in range(6))
    listed = write(away / "in/list.csv", f"file,kind\n{lines}")
    asked = words(source=str(listed), image="file", label="kind")
    write(away / "in/bad.csv", f"file,kind\n{lines}../beside.png,a\n")
    with pytest.raises(DataError, match=r"bad\.csv, line 8: column 'file': image '\.\./beside\.png' lies outside of"):
        new_problem.create_problem(
            words(source=str(away / "in/bad.csv"), image="file", label="kind"), Project.open(project)
        )
    new_problem.create_problem(asked, Project.open(project))
    write_params(Project.open(project))
    problem, settings, paths = Project.open(project).load("reviews", "ingest", IngestSettings)
    shutil.rmtree(away)
    batches.add_batches(problem, settings, paths)
    assert pl.read_parquet(paths.raw / "list.parquet").height == 6


def test_paths_of_images_that_are_taken_for_texts_are_told(project: Path) -> None:
    source = write(project / "r.csv", "file,kind\n" + "".join(f"shots/{k}.png,{'ab'[k % 2]}\n" for k in range(30)))
    done = new_problem.create_problem(words(source=str(source), text="file", label="kind"), Project.open(project))
    assert "note: r.csv: column 'file' holds paths of images; with --image file the rows are the images" in done.lines


def test_forms_of_unicode_of_one_name_are_one_class_and_told_apart_in_the_note(project: Path) -> None:
    names = ("caf\u00e9", "cafe\u0301", "tea")
    source = write(project / "r.csv", "body,drink\n" + "".join(f"text number {k},{names[k % 3]}\n" for k in range(30)))
    done = new_problem.create_problem(words(source=str(source), text="body", label="drink"), Project.open(project))
    assert done.classes == ("caf\u00e9", "tea")
    assert any(r"'cafe\u0301', 'café' are one class" in line for line in done.lines)


def test_numbers_and_truth_values_of_a_csv_are_no_text(project: Path) -> None:
    lines = [f"text number {k},{'ab'[k % 2]},{k},{k / 8},{('True', 'false')[k % 2]},00{k},{k}.5e5" for k in range(30)]
    source = write(project / "r.csv", "body,kind,links,share,html,zip,sum\n" + "\n".join(lines) + "\n")
    asked = words(source=str(source), text="body", label="kind", meta=["links,share,html,zip,sum"])
    new_problem.create_problem(asked, Project.open(project))
    settings = yaml.safe_load(Path("conf/problem/reviews.yaml").read_text())["ingest"]
    assert settings["meta"] == {"links": "int", "share": "float", "html": "bool", "zip": "string", "sum": "float"}


@pytest.mark.slow
def test_columns_of_a_table_in_the_folder_and_files_are_metadata_where_they_are_named(project: Path) -> None:
    write_params(Project.open(project))
    folder = images(project / "elsewhere/pets", *(f"{kind}/{k}.png" for kind in ("cat", "dog") for k in range(12)))
    lines = [f"{kind}/{k}.png,{('hall', 'yard')[k % 2]},{k}" for kind in ("cat", "dog") for k in range(12)]
    write(folder / "metadata.csv", "file_name,camera,year\n" + "\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match=r"--meta cam: pets has no such column; did you mean 'camera'\?"):
        new_problem.create_problem(words(images=str(folder), meta=["cam"]), Project.open(project))
    with pytest.raises(ConfigError, match="--meta folder: labeling functions would see the labels"):
        new_problem.create_problem(words(images=str(folder), meta=["folder"]), Project.open(project))
    new_problem.create_problem(words(images=str(folder), meta=["camera,file_name", "exif_iso"]), Project.open(project))
    text = Path("conf/problem/reviews.yaml").read_text()
    assert "int, float or bool: file_folder, year, exif_model" in text
    problem, settings, paths = Project.open(project).load("reviews", "ingest", IngestSettings)
    assert settings.meta == {"camera": "string", "file_name": "string", "exif_iso": "string"}
    batches.add_batches(problem, settings, paths)
    raw = pl.read_parquet(paths.raw / "pets.parquet")
    assert dict(raw.select("key", "camera").iter_rows())["pets/dog/3.png"] == "yard"
    assert raw["exif_iso"].null_count() == raw.height


def test_labels_may_be_a_column_of_the_table_in_the_folder(project: Path) -> None:
    folder = images(project / "elsewhere/pets", *(f"{k}.png" for k in range(8)))
    with pytest.raises(ConfigError, match=r"leave out --label, or put a metadata\.csv"):
        new_problem.create_problem(words(images=str(folder), label="kind", classes="cat,dog"), Project.open(project))
    lines = [f"{k}.png,{('cat', 'dog')[k % 2]}" for k in range(6)]
    write(folder / "metadata.csv", "file_name,kind\n" + "\n".join(lines) + "\n")
    made = new_problem.create_problem(words(images=str(folder), label="kind"), Project.open(project))
    assert (made.rows, made.classes) == (8, ("cat", "dog"))


@pytest.mark.slow
def test_images_of_a_table_without_ids_are_called_by_their_files(project: Path) -> None:
    write_params(Project.open(project))
    images(project / "elsewhere", *(f"shots/{k}.png" for k in range(6)))
    lines = [f"shots/{k}.png,{('cat', 'dog')[k % 2]}" for k in range(6)]
    listed = write(project / "elsewhere/list.csv", "file,kind\n" + "\n".join(lines) + "\n")
    new_problem.create_problem(words(source=str(listed), image="file", label="kind"), Project.open(project))
    problem, settings, paths = Project.open(project).load("reviews", "ingest", IngestSettings)
    assert settings.key == ("source", "file")
    batches.add_batches(problem, settings, paths)
    write(project / "labels.csv", "file,label\n3.png,cat\nshots/4.png,dog\n")
    add_labels(Project.open(project), "reviews", project / "labels.csv", FileOptions())
    rows = problem_rows(Project.open(project), "reviews").table
    gold = {key: problem.classes[label] for key, label in rows.select("key", "gold").iter_rows()}
    assert (gold["list/shots/3.png"], gold["list/shots/4.png"], gold["list/shots/5.png"]) == ("cat", "dog", "dog")


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, ("source", "number")])
def test_images_of_a_table_are_found_by_their_files_whatever_their_key_is(project: Path, key: Any) -> None:
    write_params(Project.open(project))
    images(project / "elsewhere", *(f"shots/{k}.png" for k in range(6)))
    lines = [f"{9 - k},shots/{k}.png,{('cat', 'dog')[k % 2]}" for k in range(6)]
    listed = write(project / "elsewhere/list.csv", "number,file,kind\n" + "\n".join(lines) + "\n")
    new_problem.create_problem(words(source=str(listed), image="file", label="kind"), Project.open(project))
    problem, settings, paths = Project.open(project).load("reviews", "ingest", IngestSettings)
    settings = settings.model_copy(update={"key": key})
    batches.add_batches(problem, settings, paths)
    table = pl.read_parquet(paths.raw / "list.parquet")
    names = RowNames(table.select("row_id", "key", "batch"), settings, paths)
    for k in range(6):
        place = names.find(f"{k}.png")
        assert table["image"][place] == (project / f"elsewhere/shots/{k}.png").read_bytes()
    with pytest.raises(DataError, match=r"there is no row '7\.png'"):
        names.find("7.png")


def test_a_table_that_is_called_txt_is_not_taken_for_one_document(project: Path) -> None:
    with pytest.raises(
        DataError, match=r"looks like a table of 60 rows \(id, body, kind\), and would be one document: name it"
    ):
        made(project, rows_of(["good", "bad"]), "new.txt")


def test_a_folder_with_a_link_back_to_itself_and_one_elsewhere_is_brought_whole(
    project: Path, tmp_path_factory
) -> None:
    folder, other = tmp_path_factory.mktemp("outside") / "cells", tmp_path_factory.mktemp("other")
    for number in range(40):
        write(folder / ("crack", "fine")[number % 2] / f"{number}.png", png(6 * number, size=(4 + number % 8, 5)))
    write(other / "40.png", png(250))
    (folder / "crack" / "more").symlink_to(other, target_is_directory=True)
    (folder / "fine" / "again").symlink_to(folder, target_is_directory=True)
    done = new_problem.create_problem(words(images=str(folder)), Project.open(project))
    brought = Path("data/incoming/reviews/cells")
    assert done.rows == 41
    assert len([*brought.rglob("*.png")]) == 41
    assert (brought / "crack/more/40.png").is_file()
    assert not (brought / "fine/again").exists()


def test_one_problem_is_made_at_a_time_and_a_name_that_was_taken_meanwhile_is_refused(project: Path) -> None:
    opened = Project.open(project)
    with all_or_nothing(Paths.within("first"), project / "elsewhere", opened):
        assert is_held(opened.state / "locks/problems.lock")
        write(project / "conf/problem/first.yaml", "")
    with pytest.raises(ConfigError, match="already"), all_or_nothing(Paths.within("first"), project, opened):
        pass
    assert (project / "conf/problem/first.yaml").exists()


def test_what_a_killed_command_had_made_is_removed_by_the_next(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Project.open(project)
    write(project / "data/incoming/reviews/earlier.csv", "text\n")
    kept = [project / "data/incoming/reviews/earlier.csv"]
    begin_problem(opened, "reviews", kept)  # and then a kill at any place of what follows
    for path in ("conf/problem/reviews.yaml", "src/problems/reviews/functions.yaml", "data/reviews/batches.json"):
        write(project / path, "")
    write(project / "data/incoming/reviews/reviews.csv", "text\n")
    assert unfinished_problems(opened) == ["reviews"]
    done = new_problem.create_problem(words(source=str(reviews(project / "r.csv")), text="body", label="stars"), opened)
    assert done.classes == ("bad", "good")
    assert "reviews: what `tidemill new` had made of it when it was killed is removed" in capsys.readouterr().err
    assert unfinished_problems(opened) == []
    assert kept[0].exists()
    assert not (project / "data/incoming/reviews/reviews.csv").exists()
    begin_problem(opened, "reviews", [])  # killed when all was written
    assert clear_unfinished_problems(opened) == []
    assert (project / "conf/problem/reviews.yaml").exists()


def test_a_setting_that_is_wrong_as_a_whole_is_told_without_words_of_pydantic(project: Path) -> None:
    source = write(project / "r.csv", "text,kind\n" + "".join(f"text {k},{'ab'[k % 2]}\n" for k in range(8)))
    asked = words(source=str(source), text="text", label="kind", meta=["text"])
    with pytest.raises(ConfigError, match=r"^reviews\.ingest: '?[a-z]"):
        new_problem.create_problem(asked, Project.open(project))


def test_a_pipe_among_images_that_are_set_aside_is_named(project: Path) -> None:
    folder = images(project.parent / "outside/pets", *(f"{kind}/{k}.png" for kind in ("cat", "dog") for k in range(15)))
    os.mkfifo(folder / "cat/pipe.png")
    with pytest.raises(DataError, match=r"pipe\.png.* is a named pipe\)"):
        new_problem.create_problem(
            words(images=str(folder), reading=ReadOptions(bad_rows="quarantine")), Project.open(project)
        )


def test_a_file_that_cannot_be_copied_is_named_and_no_part_stays(project: Path, tmp_path_factory, monkeypatch) -> None:
    folder = tmp_path_factory.mktemp("outside") / "cells"
    for number in range(40):
        write(folder / ("crack", "fine")[number % 2] / f"{number}.png", png(6 * number, size=(4 + number % 8, 5)))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", str(folder / "crack" / "0.png"))

    monkeypatch.setattr(shutil, "copy2", full)
    with pytest.raises(DataError, match=r"0\.png cannot be copied into the project \(No space left on device\)"):
        new_problem.create_problem(words(images=str(folder)), Project.open(project))
    assert [*Path("data/incoming").rglob("*")] in ([], [Path("data/incoming/reviews")])


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("1", "new.csv, line 3: column 'id' has '1' a second time, and so does not name the rows; their content does"),
        ("", "new.csv, line 3: column 'id' is empty, and so does not name the rows; their content does"),
    ],
)
def test_ids_that_do_not_name_the_rows_are_told(project: Path, second: str, said: str) -> None:
    lines = ["id,body,kind", "1,a film one likes,a", f"{second},a film one leaves,b", "3,nothing to say of it,a"]
    assert f"note: {said}" in made(project, "\n".join(lines) + "\n").lines


@pytest.mark.parametrize(
    ("odd", "what", "shown"),
    [
        ("cat/1_mask.png", "is named as another is, with a word for a mask", "cat/1_mask.png"),
        ("dog/thumb/2.png", "lies in a folder of masks or thumbnails", "dog/thumb/2.png"),
    ],
)
def test_images_that_are_masks_or_thumbnails_of_others_are_told(project: Path, odd: str, what: str, shown: str) -> None:
    folder = images(project / "elsewhere/pets", "cat/1.png", "dog/2.png", "dog/mask.png", "dog/3_gt.png", odd)
    done = new_problem.create_problem(words(images=str(folder)), Project.open(project))
    told = [line for line in done.lines if "a row of its own" in line]
    assert len(told) == 1
    assert told[0].startswith(f"note: pets: 1 image {what}, such as {shown}: each is a row of its own")


def test_labels_that_all_have_a_decimal_comma_are_names(project: Path) -> None:
    lines = "".join(f'text {k},"{("0,5", "1,5", "2,5")[k % 3]}"\n' for k in range(24))
    source = write(project / "r.csv", "body,stars\n" + lines)
    done = new_problem.create_problem(words(source=str(source), text="body", label="stars"), Project.open(project))
    assert done.classes == ("0,5", "1,5", "2,5")
