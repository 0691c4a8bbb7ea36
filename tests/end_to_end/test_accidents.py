"""What goes wrong in real life: nothing is lost, nothing half-done is published, and a plain re-run mends it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.conftest import BIN, run, write_reviews
from tidemill.contracts import STAGES
from tidemill.runs.dvc_cache import read_lock
from tidemill.runs.git import git
from tidemill.runs.repair_dvc_files import repair_dvc_files

pytestmark = pytest.mark.slow
TARGETS = ("evaluate@tiny", "monitor@tiny", "search@tiny")


def killed_at(stages: set[str], folder: Path, *command: str) -> str | None:
    """Stages and a command → the first of these stages that ran; the command was killed with all its children then.

    All are stopped before the first is killed, as when a machine goes down: none sees another die.
    None: the command ended well before any of them ran.
    """
    environment = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(folder / "src")}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            running = re.search(r"Running stage '(\w+)@tiny'", line)
            if running and running[1] in stages:
                time.sleep(0.7)
                kill_all(psutil.Process(process.pid))
                return running[1]
    assert process.returncode == 0, "".join(said)
    return None


def kill_all(top: psutil.Process) -> None:
    """A process → it and its descendants are gone."""
    top.send_signal(signal.SIGSTOP)
    family = [top, *top.children(recursive=True)]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(number)


def test_a_kill_in_any_stage_is_mended_by_a_plain_rerun(sprout: Callable[[str], Path], reproduced: Path):
    folder = sprout("killed")
    left = set(STAGES) - {"facts"}  # of relations alone
    while (killed := killed_at(left, folder, "dvc", "repro", *TARGETS)) is not None:
        left.remove(killed)
        repair_dvc_files(folder, print)  # as every command does first: a kill in DVC's own write would stop DVC
    assert left == set()
    run("dvc", "repro", *TARGETS, folder=folder)
    assert not list(folder.glob("data/tiny/**/*.part"))
    assert read_lock(folder) == read_lock(reproduced)


def test_a_killed_flow_publishes_nothing_and_the_next_one_everything(
    unpublished: Path, reproduced: Path, tmp_path: Path
):
    folder = tmp_path / "project"
    shutil.copytree(unpublished, folder, symlinks=True)
    before = git("for-each-ref", folder=folder)
    assert killed_at({"monitor"}, folder, "tidemill", "run", "problem=tiny") == "monitor"
    assert git("for-each-ref", folder=folder) == before
    run("tidemill", "run", "problem=tiny", folder=folder)
    assert read_lock(folder) == read_lock(reproduced)
    assert git("worktree", "list", folder=folder).count("\n") == 0


def test_a_stale_params_file_is_refused(sprout: Callable[[str], Path]):
    folder = sprout("stale")
    path = folder / "src/tidemill/conf/train/base.yaml"
    path.write_text(path.read_text().replace("seed: ", "seed: 1"))
    said = run("dvc", "repro", *TARGETS, folder=folder, fails=True)
    assert "params.yaml is stale" in said
    assert "tidemill compose" in said
    assert not (folder / "data/tiny/raw").exists()


def test_stale_fingerprints_of_code_are_refused_and_composing_says_what_runs_again(
    sprout: Callable[[str], Path], reproduced: Path
):
    folder = sprout("edited")
    shutil.copytree(reproduced, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("packages"))
    code = folder / "src/tidemill/monitor/retrain_decision.py"
    code.write_text(re.sub(r"^( +)return ", r"\1assert True\n\1return ", code.read_text(), flags=re.MULTILINE))
    before = (folder / "dvc.lock").read_bytes()
    said = run("dvc", "repro", "monitor@tiny", folder=folder, fails=True)
    assert "code.yaml is stale: the code of stage monitor" in said
    assert "tidemill/monitor/retrain_decision.py. Run `tidemill compose`" in said
    assert (folder / "dvc.lock").read_bytes() == before
    said = run("tidemill", "compose", folder=folder)
    again = [line for line in said.splitlines() if "will run again" in line]
    assert again == ["monitor@tiny will run again: its code changed (tidemill/monitor/retrain_decision.py)"]
    said = run("dvc", "repro", *TARGETS, folder=folder)
    assert re.findall(r"Running stage '(\w+)@tiny'", said) == ["preflight", "monitor"]


def test_uncommitted_functions_are_refused_by_a_run_with_both_ways_on(sprout: Callable[[str], Path]):
    folder = sprout("uncommitted")
    (folder / "src/problems/tiny/more.yaml").write_text("functions: []\n")
    said = run("tidemill", "run", "problem=tiny", folder=folder, fails=True)
    assert "src/problems/tiny/more.yaml" in said
    assert "dvc repro" in said


def test_a_bad_batch_is_named_and_nothing_is_published(refreshed: Path):
    """One whose column is misspelt, one with a class that there is not, and one that is empty; each is set aside, and the run goes on."""
    incoming = refreshed / "data/incoming/tiny"
    for number, (old, new) in enumerate([("body", "bodi"), (",good", ",godo")], start=2):
        path = incoming / f"week-{number}.csv"
        write_reviews(path, rows=40, seed=3)
        path.write_text(path.read_text().replace(old, new, 1))
    (incoming / "week-4.csv").write_text("")
    before = git("for-each-ref", folder=refreshed)
    said = run("tidemill", "run", "problem=tiny", folder=refreshed)
    assert git("for-each-ref", folder=refreshed) == before
    wanted = {"week-2": ("'body'", "bodi"), "week-3": ("godo", "good"), "week-4": ("empty",)}
    for name, words in wanted.items():
        (incoming / f"{name}.csv").unlink()
        (line,) = (line for line in said.splitlines() if f"{name}.csv is set aside" in line)
        assert all(word in line for word in words), line


def test_a_function_that_raises_or_votes_seven_is_named(sprout: Callable[[str], Path], reproduced: Path):
    folder = sprout("functions")
    shutil.copytree(reproduced, folder, dirs_exist_ok=True, symlinks=True, ignore=shutil.ignore_patterns("packages"))
    for body, told in (("return 7", "7"), ("return row.nothing", "nothing")):
        path = folder / "src/problems/tiny/broken.py"
        path.write_text(
            f"from tidemill.label import labeling_function\n\n\n@labeling_function()\ndef broken(row):\n    {body}\n"
        )
        said = run("dvc", "repro", "label@tiny", folder=folder, fails=True)
        assert "broken" in said
        assert told in said
        assert not (folder / "data/tiny/votes.parquet").exists()
