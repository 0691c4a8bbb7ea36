"""`--json`: standard output is one JSON document, whatever else a command prints."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from tests.cli.factories import COMMANDS, every_command, tidemill
from tidemill.cli.output import answering

NONE = {("serve",), ("studio",), ("ui",), ("watch",), ("review", "label")}  # they run until they are stopped


@pytest.mark.parametrize("words", [words for words in every_command() if words not in NONE], ids=" ".join)
def test_every_command_that_ends_has_it(words):
    command = COMMANDS[words[0]] if len(words) == 1 else COMMANDS[words[0]].commands[words[1]]
    assert "--json" in {word for option in command.params for word in option.opts}


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"text": ["you win", "hello", "nothing"]}).write_csv("rows.csv")
    (tmp_path / "f.yaml").write_text(
        "functions:\n"
        "  - {name: wins, kind: keywords, words: [win], vote: spam}\n"
        "  - {name: greets, kind: keywords, words: [hello], vote: ham}\n"
    )
    return tmp_path


def test_label_tells_of_its_votes(files, capsys):
    tidemill("label", "rows.csv", "--functions", "f.yaml", "--out", "votes.parquet", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["coverage"], told["classes"]) == (3, pytest.approx(2 / 3), ["ham", "spam"])
    assert {one["function"]: one["Coverage"] for one in told["functions"]} == {
        "greets": pytest.approx(1 / 3),
        "wins": pytest.approx(1 / 3),
    }


def test_denoise_tells_of_its_labels(files, capsys):
    pl.DataFrame({"row_id": ["a", "b", "c"], "f": [0, 1, -1], "g": [0, -1, -1]}).write_csv("votes.csv")
    tidemill("denoise", "votes.csv", "--classes", "2", "--model", "majority", "--out", "l.parquet", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["coverage"]) == (3, pytest.approx(2 / 3))


def test_versions_lists_tags(files, capsys):
    (files / "dvc.yaml").write_text("stages: {}\n")
    (files / "params.yaml").write_text("problems: [spam]\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (
        ["init", "-q"],
        ["add", "f.yaml"],
        ["commit", "-qm", "x"],
        ["tag", "-am", "subject", "-m", "x", "-m", "Promoted-by: person", "spam@v1.0.0"],
        ["tag", "-am", "subject", "-m", "x", "-m", "Promoted-by: person", "spam#prod#1"],
    ):
        subprocess.run(["git", *who, *words], cwd=files, check=True)
    tidemill("models", "spam", "--json")
    told = json.loads(capsys.readouterr().out)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=files, capture_output=True, text=True, check=True).stdout
    assert told["spam"]["champion"] == "spam@v1.0.0"
    (version,) = told["spam"]["versions"]
    assert (version["version"], version["commit"], version["stage"]) == ("spam@v1.0.0", commit.strip(), "champion")
    assert (version["by"], version["who"], version["reason"], version["score"]) == ("person", "a", "x", None)
    tidemill("models", "spam")
    words = capsys.readouterr().out.splitlines()[0].split()
    assert words[:3] == ["spam@v1.0.0", commit[:12], "champion"]
    assert words[-5:] == ["-", "by", "person", "(a)", "x"]


def test_what_is_printed_meanwhile_goes_to_standard_error(capsys):
    with answering(as_json=True) as answer:
        print("a library says hello")
        answer({"share": np.float64(0.5), "counts": np.array([1, 2]), "names": pl.Series(["a"])}, ["not this"])
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"share": 0.5, "counts": [1, 2], "names": ["a"]}
    assert printed.err == "a library says hello\n"


def test_lines_are_printed_where_no_json_is_asked_for(capsys):
    with answering() as answer:
        answer({"a": 1}, ["one", "two"])
    assert capsys.readouterr().out == "one\ntwo\n"


def test_the_schema_needs_no_project(files, capsys):
    tidemill("lf", "schema")
    assert json.loads(capsys.readouterr().out)["title"] == "Tidemill labeling functions"


def test_a_file_is_written_where_the_command_was_given(files, monkeypatch):
    (files / "below").mkdir()
    monkeypatch.chdir(files / "below")
    tidemill("lf", "schema", "--out", "s.json")
    assert json.loads((files / "below/s.json").read_text())["title"] == "Tidemill labeling functions"


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error():
    lines = f"{sys.executable} -m tidemill lf schema | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", lines], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")
