"""The question in the Prefect UI: a real server and worker, stopped while a run waits for the answer and started again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Pending, Running

from tests.conftest import lend_database
from tests.end_to_end.conftest import free_port
from tests.end_to_end.test_ui import ask
from tests.runs.test_promotion import PIPELINE, TRAIN, ran, waiting
from tests.runs.test_subprocesses import wait_until
from tidemill.apps.onboarding.init_project import init_project
from tidemill.common.locks import CLAIM
from tidemill.flows.approval import close_questions
from tidemill.project.layout import PARAMS
from tidemill.project.project import Project
from tidemill.runs.flow_records import sweep_flow_runs
from tidemill.runs.git import git
from tidemill.runs.local_addresses import api_url
from tidemill.runs.model_registry import read_registry
from tidemill.runs.pending import read_question
from tidemill.runs.prefect_server import up
from tidemill.runs.promotion import approve

pytestmark = pytest.mark.slow
SECONDS = 180


@pytest.fixture
def project(tmp_path: Path, prefect_home: Path) -> Project:
    """A project with flows, whose only stage makes a candidate from a seed."""
    folder = tmp_path / "project"
    init_project(folder)
    lend_database(prefect_home, folder)
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "train.py").write_text(TRAIN)
    (folder / "seed.txt").write_text("0")
    (folder / PARAMS).write_text("overrides: []\nproblems: [spam]\nspam: {seed: 1}\n")
    git("config", "user.name", "Tester", folder=folder)
    git("config", "user.email", "tester@localhost", folder=folder)
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "train", folder=folder)
    return Project.open(folder)


@contextmanager
def served(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Server, deployments and worker of `tidemill ui` → the address of the API."""
    for name in [name for name in os.environ if name.startswith("PREFECT")]:
        monkeypatch.delenv(name)
    port = free_port()
    with up(project, port=port, pages_port=free_port()):
        yield api_url(port)


def asked(project: Project, api: str, text: str) -> None:
    """Start the run that asks, in a process with the project's Prefect, as a refresh is."""
    import subprocess

    code = (
        "import sys; from pathlib import Path\n"
        "from tidemill.project.project import Project\n"
        "from tidemill.flows.approval import ask_in_prefect\n"
        "from tidemill.runs.pending import read_question\n"
        "project = Project.open(Path(sys.argv[1]))\n"
        "assert ask_in_prefect(project, read_question(project, 'spam'), sys.argv[2])\n"
    )
    environment = os.environ | {"PREFECT_API_URL": api, "PREFECT_HOME": str(project.state / "prefect")}
    subprocess.run([sys.executable, "-c", code, str(project.root), text], env=environment, check=True)


def asking_runs(api: str) -> list[dict[str, Any]]:
    return list(ask(f"{api}/flow_runs/filter", {"flows": {"name": {"any_": ["approve"]}}}))


def asking_run(api: str) -> dict[str, Any]:
    runs = asking_runs(api)
    return max(runs, key=lambda run: run["created"]) if runs else {"state_type": "none", "state_name": "none"}


def form(api: str) -> list[dict[str, Any]]:
    """What the paused run shows; Prefect stores it after the state, so a run may be PAUSED and not have it yet."""
    run = asking_run(api)
    prefix = run["state"]["state_details"]["run_input_keyset"]["description"]
    return list(ask(f"{api}/flow_runs/{run['id']}/input/filter", {"prefix": prefix}))


def answer(api: str, run: dict[str, Any], **values: str) -> str:
    return str(ask(f"{api}/flow_runs/{run['id']}/resume", {"run_input": values})["status"])


def is_in(api: str, state: str) -> bool:
    return bool(wait_until(lambda: asking_run(api)["state_type"] == state, seconds=SECONDS))


def test_a_question_outlives_the_server_and_ends_by_an_answer_elsewhere_or_by_time(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    """In one test, as a server with its deployments and worker takes long to start."""
    commit = ran(project, 1, asks=True)
    with served(project, monkeypatch) as api:
        asked(project, api, "**accuracy** `<b>spam</b>`")
        asked(project, api, "the same question twice is one")
        assert is_in(api, "PAUSED")
        assert wait_until(lambda: form(api), seconds=SECONDS)
        assert len(asking_runs(api)) == 1

    monkeypatch.setenv("PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS", "1")
    with served(project, monkeypatch) as api:
        answered_in_the_form(project, api, commit)
        decided_on_the_command_line(project, api)
        never_answered(project, api)
        killed_before_its_part_began(project, api)


def answered_in_the_form(project: Project, api: str, commit: str) -> None:
    run = asking_run(api)
    assert run["state_type"] == "PAUSED"
    shown = form(api)[0]["value"]  # of the first question or the second, by when the worker began the run
    assert "<b>spam</b>" in shown or "the same question" in shown
    assert answer(api, run, decision="approve", reason="") == "REJECT"  # a decision needs a reason
    assert answer(api, run, decision="approve", reason="better on the new campaign") == "ACCEPT"
    assert is_in(api, "COMPLETED")
    assert read_question(project, "spam") is None
    registry = read_registry(project, "spam")
    assert (registry.champion, registry.versions) == ("spam@v1.0.0", {"spam@v1.0.0": commit})
    assert "better on the new campaign" in git("cat-file", "tag", "refs/tags/spam@v1.0.0", folder=project.root)


def decided_on_the_command_line(project: Project, api: str) -> None:
    """It is asked no more; the end of other runs' processes leaves a waiting run alone: it has none of its own."""
    ran(project, 2, asks=True)
    asked(project, api, "?")
    assert is_in(api, "PAUSED")
    with temporary_settings({PREFECT_API_URL: api}):
        assert sweep_flow_runs(project) == []
        assert close_questions(project, "spam") == []
        assert asking_run(api)["state_type"] == "PAUSED"
        approve(project, waiting(project), "on the command line")
        assert close_questions(project, "spam") == [asking_run(api)["id"]]
    assert asking_run(api)["state_type"] == "CANCELLED"


def never_answered(project: Project, api: str) -> None:
    """The champion stays."""
    ran(project, 3, asks=True)
    (project.conf / "flows.yaml").write_text("approval_hours: 0.0003\n")  # a second
    asked(project, api, "?")
    assert is_in(api, "FAILED")
    assert asking_run(api)["state"]["message"] == "The flow was paused and never resumed."
    assert read_registry(project, "spam").champion == "spam@v1.1.0"
    assert approve(project, waiting(project), "later, on the command line") == "spam@v1.2.0"


def killed_before_its_part_began(project: Project, api: str) -> None:
    """A part that is PENDING has no record of its process yet; it ends with the run that it is of."""

    @flow(name="whole")
    def whole() -> None:
        part()

    @flow(name="part")
    def part() -> None: ...

    @task(name="part")
    def stand_in() -> None: ...

    with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:
        run = client.create_flow_run(whole, state=Running())
        of_run = client.create_task_run(stand_in, run.id, dynamic_key="0", state=Running())
        inner = client.create_flow_run(part, parent_task_run_id=of_run.id, state=Pending())
        claim = project.state / "prefect" / "flow-runs" / f"{run.id}{CLAIM}"
        claim.touch()
        assert sweep_flow_runs(project) == [str(run.id)]
        states = [client.read_flow_run(one).state for one in (run.id, inner.id)]
    assert [state.type.value for state in states if state is not None] == ["CRASHED", "CRASHED"]
