"""Every command has help with examples that the command line understands; asking for it imports no heavy library."""

import json
import re
import shlex
import subprocess
import sys

import pytest
import typer

from tests.cli.factories import COMMANDS, every_command, tidemill

HEAVY = {
    "numpy",
    "polars",
    "scipy",
    "pandas",
    "torch",
    "dvc",
    "prefect",
    "hydra",
    "matplotlib",
    "yaml",
    "rich",
}
ALL = list(every_command())


def help_of(words, capsys):
    tidemill(*words, "--help")
    return capsys.readouterr().out


def test_there_are_the_commands_that_the_readme_tells_of(root):
    told = (root / "README.md").read_text(encoding="utf-8")
    words = {found.split()[0] for found in re.findall(r"`tidemill ([a-z][a-z-]+)", told)}
    assert words <= set(COMMANDS)
    assert {"run", "lf", "predict"} <= words


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_has_help_with_an_example_of_itself(words, capsys):
    text = help_of(words, capsys)
    examples = text.partition("Examples:\n")[2].strip().splitlines()
    assert examples
    assert all(line.strip().startswith(f"tidemill {' '.join(words)}") for line in examples)


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_example_is_understood(words, capsys):
    """Its words are parsed, nothing is run."""
    command = COMMANDS[words[0]] if len(words) == 1 else COMMANDS[words[0]].commands[words[1]]
    for line in help_of(words, capsys).partition("Examples:\n")[2].strip().splitlines():
        example = shlex.split(line)[1 + len(words) :]
        command.make_context(" ".join(words), example)


def test_every_number_has_a_least_so_that_one_below_is_refused_where_it_is_written():
    """Elsewhere it ends in a traceback, or after the work is done. An abstain may be written as any number."""
    without = [
        f"{' '.join(words)} {option.opts[0]}"
        for words in ALL
        for option in (COMMANDS[words[0]] if len(words) == 1 else COMMANDS[words[0]].commands[words[1]]).params
        if option.type_descriptor.annotation in {int, float} and option.min is None
    ]
    assert without == ["denoise --abstain"]


def test_no_summary_in_a_list_of_commands_is_cut_short(capsys):
    for words in ([], ["lf"], ["review"], ["gold"]):
        assert "..." not in help_of(words, capsys).partition("Commands:")[2]


def loaded_by(words, folder):
    """Top modules that a command has imported when it ends."""
    program = (
        "import atexit, json, sys; from tidemill.cli.main import main;"
        "atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr)); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, cwd=folder
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr)}


@pytest.mark.parametrize("words", [["--help"], ["lf", "--help"], ["denoise", "--help"], ["--version"]], ids=" ".join)
def test_help_imports_no_heavy_library(words, tmp_path):
    loaded = loaded_by(words, tmp_path)
    assert loaded & HEAVY == set()
    assert "typer" in loaded


@pytest.mark.parametrize("words", [["models", "spam"], ["rollback", "spam", "v1.0.0"], ["defaults"]], ids=" ".join)
def test_commands_that_only_look_import_no_heavy_library_but_yaml(words, tmp_path):
    """They read a list of problems, tags and the names of files; half a second is enough on a machine at rest."""
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    (tmp_path / "dvc.lock").write_text("stages: {train@spam: {outs: [path: models/spam/candidate]}}\n")
    (tmp_path / "params.yaml").write_text("problems: [spam]\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for step in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["tag", "-am", "spam: promote", "spam@v1.0.0"]):
        subprocess.run(["git", *who, *step], cwd=tmp_path, check=True)
    assert loaded_by(words, tmp_path) & HEAVY == {"yaml"}


@pytest.mark.slow
def test_the_shell_is_offered_commands_options_and_problems(tmp_path, monkeypatch):
    (tmp_path / "dvc.yaml").write_text("stages: {}")
    (tmp_path / "params.yaml").write_text("problems: [spam, solar]")
    (tmp_path / "conf/problem").mkdir(parents=True)
    (tmp_path / "conf/problem/reviews.yaml").write_text("")
    assert {"models", "lf", "label-errors"} <= offered("tidemill ", tmp_path)
    assert offered("tidemill lf su", tmp_path) == {"suggest"}
    assert offered("tidemill denoise --expl", tmp_path) == {"--explanations"}
    assert offered("tidemill models s", tmp_path) == {"spam", "solar"}
    assert offered("tidemill lf list ", tmp_path) == {"spam", "solar", "reviews"}
    assert offered("tidemill run problem=r", tmp_path) == {"problem=reviews"}


def offered(line, folder):
    environment = {"_TIDEMILL_COMPLETE": "complete_fish", "_TYPER_COMPLETE_ARGS": line, "PATH": "/usr/bin"}
    environment["_TYPER_COMPLETE_FISH_ACTION"] = "get-args"
    done = subprocess.run(
        [sys.executable, "-m", "tidemill"], capture_output=True, text=True, cwd=folder, env=environment, check=True
    )
    return {found.split("\t")[0] for found in done.stdout.splitlines() if found.strip()}


def test_an_argument_list_that_is_empty_shows_the_help(capsys):
    with pytest.raises(typer.TyperException) as error:
        tidemill("lf")
    assert "Commands:" in error.value.format_message()
