"""What a wrong command line is answered with, and how a program ends."""

import importlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tests.cli.factories import COMMANDS, tidemill
from tidemill.apps.predict.prediction import PredictionCounts
from tidemill.cli.flows import flow, tells_something_new, without_traceback
from tidemill.cli.grammar import RENAMED_COMMANDS, RENAMED_OPTIONS
from tidemill.common.failures import as_line
from tidemill.contracts import ConfigError, DataError, RunError
from tidemill.project.project import Project


def said(*words):
    with pytest.raises(typer.TyperException) as error:
        tidemill(*words)
    assert error.value.exit_code == 2
    return error.value.format_message()


def run(*words, folder, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tidemill", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **environment},
        check=False,
    )


@pytest.fixture
def small(tmp_path):
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "params.yaml").write_text("problems: [spam, solar]\n")
    return tmp_path


def test_an_unknown_command_names_the_nearest():
    assert said("modles", "spam") == "there is no command 'modles'; did you mean models?"
    assert said("lf", "lits") == "there is no command 'lits'; did you mean list?"
    assert said("zzz").startswith("there is no command 'zzz'; valid are accept-drift, approve, arrive, class, compose")


def test_an_unknown_option_names_the_nearest():
    assert said("denoise", "v.csv", "--clases", "2") == "there is no option --clases; did you mean --classes?"
    assert said("lf", "list", "--jsno") == "there is no option --jsno; did you mean --json?"
    assert said("--verison") == "there is no option --verison; did you mean --version?"


@pytest.mark.parametrize(("path", "old"), RENAMED_OPTIONS)
def test_a_renamed_option_is_answered_with_its_new_name(path, old):
    new = RENAMED_OPTIONS[path, old]
    words = path.split()[1:]
    assert said(*words, old, "1") == f"{old} is now {new}."
    command = COMMANDS[words[0]] if len(words) == 1 else COMMANDS[words[0]].commands[words[1]]
    assert new in {word for option in command.params for word in option.opts}


@pytest.mark.parametrize("old", RENAMED_COMMANDS)
def test_a_renamed_command_is_answered_with_its_new_name(old):
    new = RENAMED_COMMANDS[old]
    assert said(old, "spam") == f"`tidemill {old}` is now `tidemill {new}`."
    assert new in COMMANDS


def test_an_unknown_problem_names_the_nearest_whatever_the_command(small, monkeypatch):
    for words in (["models", "spma"], ["lf", "list", "spma"], ["predict", "spma", "x.csv", "--out", "y.csv"]):
        monkeypatch.chdir(small)
        with pytest.raises(ConfigError, match="there is no problem 'spma'; did you mean spam"):
            tidemill(*words)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="has no folder that takes no files")
@pytest.mark.parametrize("option", ["--out", "--save", "--report", "--plots", "--explanations"])
@pytest.mark.parametrize("place", ["/proc/new.csv", "/proc/new/a.csv", "votes.csv/a.csv"])
def test_a_place_that_cannot_be_written_is_one_line(tmp_path, monkeypatch, option, place):
    monkeypatch.chdir(tmp_path)
    Path("votes.csv").write_text("row_id,f,g,h\na,0,0,1\nb,1,1,-1\nc,0,1,0\n")
    words = ["denoise", "votes.csv", "--classes", "ham,spam", "--model", "majority"]
    with pytest.raises(OSError, match=r"new|votes") as error:
        tidemill(*words, *(() if option == "--out" else ("--out", "labels.csv")), option, place)
    assert as_line(error.value).endswith(("choose another place", "move it away"))


def test_outside_of_a_project_the_commands_that_need_one_say_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["models", "spam"], ["lf", "list"], ["compose"]):
        with pytest.raises(ConfigError, match="this is no Tidemill project"):
            tidemill(*words)


@pytest.mark.slow
def test_a_program_exits_with_1_on_an_error_that_it_names_and_with_2_on_a_wrong_word(small):
    wrong = run("models", "spma", folder=small)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "error: there is no problem 'spma'; did you mean spam?\n"
    wrong = run("modles", folder=small)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean models?" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.slow
def test_a_traceback_is_there_where_it_is_asked_for(small):
    by_option = run("--debug", "models", "spma", folder=small)
    by_environment = run("models", "spma", folder=small, TIDEMILL_DEBUG="1")
    for done in (by_option, by_environment):
        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert "ConfigError: there is no problem 'spma'" in done.stderr
    assert "Traceback" not in run("models", "spma", folder=small, TIDEMILL_DEBUG="0").stderr


@pytest.mark.parametrize(
    ("error", "debug", "shown"),
    [(DataError("x is missing"), "0", False), (DataError("x is missing"), "1", True), (KeyError("x"), "0", True)],
)
def test_a_run_shows_no_traceback_of_an_error_that_a_person_can_mend(error, debug, shown, monkeypatch):
    monkeypatch.setenv("TIDEMILL_DEBUG", debug)
    record = logging.LogRecord("prefect.flow_runs", logging.ERROR, "", 0, "failed", (), (type(error), error, None))
    assert without_traceback(record)
    assert (record.exc_info is not None) is shown


@pytest.mark.parametrize(
    ("message", "error", "shown"),
    [
        ("Finished in state NotReady(\"Upstream task run 'x' did not reach a 'COMPLETED' state.\")", None, False),
        ("Finished in state Failed('Task run encountered an exception RunError: no column')", None, False),
        ("Encountered exception during execution: RunError('no column')", RunError("no column"), False),
        ("Encountered exception during execution: KeyError('x')", KeyError("x"), True),
        ("Task run failed with exception: RunError('no column')", RunError("no column"), True),
        ("Finished in state Completed('label@mail: done')", None, True),
    ],
)
def test_an_error_of_a_stage_stands_once_in_the_log_of_a_run_and_at_its_end(message, error, shown, monkeypatch):
    monkeypatch.setenv("TIDEMILL_DEBUG", "0")
    about = None if error is None else (type(error), error, None)
    record = logging.LogRecord("prefect.task_runs", logging.ERROR, "", 0, message, (), about)
    assert without_traceback(record)
    assert tells_something_new(record) is shown
    monkeypatch.setenv("TIDEMILL_DEBUG", "1")
    assert tells_something_new(record)


def test_a_project_without_its_flows_is_told_so(small):
    with pytest.raises(ConfigError, match=r"flows/refresh\.py is missing"):
        flow("refresh", Project.open(small))


def test_a_dash_is_standard_input_and_output_and_other_paths_are_where_the_person_stands(monkeypatch, tmp_path):
    asked = []

    def predict_files(_project, _problem, sources, out, **_):
        asked.append((sources, out))
        return PredictionCounts("v", 0, {})

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tidemill.cli.predict.open_project", lambda _problem: None)
    monkeypatch.setattr("tidemill.apps.predict.prediction.predict_files", predict_files)
    tidemill("predict", "spam", "-", "a/../new.csv", "--out", "-")
    tidemill("predict", "spam", "-", "--out", "said.csv")
    assert asked == [
        ([Path("-"), tmp_path / "new.csv"], Path("-")),
        ([Path("-")], tmp_path / "said.csv"),
    ]


def test_a_pipe_is_named_as_it_was_typed_where_problems_are_made_and_labels_added(monkeypatch):
    read, _ = os.pipe()
    asked = []
    monkeypatch.setattr("tidemill.cli.new.open_project", lambda: None)
    monkeypatch.setattr(importlib.import_module("tidemill.cli.gold.add"), "open_for_rows", lambda _problem: None)
    monkeypatch.setattr(
        "tidemill.apps.onboarding.new_problem.create_problem", lambda wanted, _: asked.append(wanted.source)
    )
    monkeypatch.setattr(
        "tidemill.apps.gold.add.add_labels", lambda _project, _problem, file, *_, **__: asked.append(file)
    )
    for words in (("new", "third", "--from"), ("gold", "add", "spam")):
        with pytest.raises(AttributeError):  # nothing is made
            tidemill(*words, f"/dev/fd/{read}")
    assert asked == [Path(f"/dev/fd/{read}")] * 2
