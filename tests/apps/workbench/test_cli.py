import json
import subprocess
import sys

import pytest

from tidemill import cli


def run(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["tidemill", *words])
    cli.main()


def test_the_schema_needs_no_project(inside, monkeypatch, capsys):
    run(monkeypatch, "lf", "schema")
    assert json.loads(capsys.readouterr().out)["title"] == "Tidemill labeling functions"


def test_outside_of_a_project_the_other_commands_say_so(inside, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        run(monkeypatch, "lf", "list")
    assert "this is no Tidemill project" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["lf", "--help"], ["lf", "try", "--help"]])
def test_help_tells_of_it_everywhere(inside, monkeypatch, capsys, words):
    with pytest.raises(SystemExit) as ended:
        run(monkeypatch, *words)
    assert ended.value.code == 0
    assert "labeling function" in capsys.readouterr().out


def test_a_reader_that_has_seen_enough_is_no_error():
    program = "from tidemill.apps.workbench.command import command; command(['schema'])"
    lines = f'{sys.executable} -c "{program}" | head -1'
    done = subprocess.run(["bash", "-o", "pipefail", "-c", lines], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("{\n", "")
