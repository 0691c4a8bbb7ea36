"""The UI as a person meets it: a real server, a run started there, and the pages in a real browser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import BIN, free_port
from tidemill.project.project import Project
from tidemill.runs.dvc_cache import read_lock
from tidemill.runs.model_registry import read_registry

pytestmark = pytest.mark.slow
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def ask(url: str, body: Any = None) -> Any:
    """Address on loopback and a JSON body → the JSON answer, asked for again while SQLite is busy, as Prefect's client does."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})  # noqa: S310
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > end:
                raise
            time.sleep(1)


class Ui:
    """A project whose `tidemill ui` is up."""

    def __init__(self, folder: Path, port: int, pages: int, studio: int) -> None:
        self.folder, self.port, self.pages, self.studio = folder, port, pages, studio
        self.api = f"http://127.0.0.1:{port}/api"

    def start(self, deployment: str, parameters: dict[str, Any]) -> str:
        """Deployment and the form's values → the state in which the run ended."""
        found = ask(f"{self.api}/deployments/name/{deployment}")
        run = ask(f"{self.api}/deployments/{found['id']}/create_flow_run", {"parameters": parameters})
        end = time.monotonic() + 600
        while time.monotonic() < end:
            state = ask(f"{self.api}/flow_runs/{run['id']}")["state"]
            if state["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"):
                return f"{state['type']}: {state['message']}"
            time.sleep(1)
        return "it did not end within ten minutes"


@pytest.fixture(scope="module")
def ui(sprout: Callable[[str], Path]) -> Iterator[Ui]:
    """A copy of the project with its UI up on free ports, and files in it that are named as modules of Python are."""
    folder, port, pages, studio = sprout("ui"), free_port(), free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PREFECT"))}
    environment |= {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder / "src"),
    }
    for name in ("email", "random", "types"):
        (folder / f"{name}.py").write_text("raise RuntimeError('a file of the project in the place of a module')\n")
    command = [sys.executable, "-P", "-m", "tidemill", "ui", "--port", str(port), "--pages-port", str(pages)]
    command += ["--studio-port", str(studio)]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("Ctrl-C" in line for line in process.stdout), "the UI did not come up"
            yield Ui(folder, port, pages, studio)
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="module")
def ran(ui: Ui) -> str:
    """State in which the run that was started in the UI ended."""
    return ui.start("refresh/refresh", {"problem": "tiny", "overrides": []})


def test_the_form_offers_the_problems_and_the_overrides(ui: Ui):
    schema = ask(f"{ui.api}/deployments/name/refresh/refresh")["parameter_openapi_schema"]["properties"]
    assert schema["problem"]["enum"] == ["all", "solar", "spam", "tiny"]
    assert schema["overrides"]["type"] == "array"
    assert schema["problem"]["default"] == "all"


def test_both_deployments_have_a_schedule(ui: Ui):
    for name in ("refresh/refresh", "monitor/monitor"):
        assert len(ask(f"{ui.api}/deployments/name/{name}")["schedules"]) == 1


def test_a_run_started_in_the_ui_does_what_dvc_repro_does(ui: Ui, ran: str, reproduced: Path):
    assert ran.startswith("COMPLETED"), ran
    assert read_lock(ui.folder) == read_lock(reproduced)
    assert read_registry(Project.open(ui.folder), "tiny").champion == "tiny@v1.0.0"


def test_there_is_one_task_run_per_stage_and_a_second_run_skips_them_all(ui: Ui, ran: str):
    assert ran.startswith("COMPLETED")
    stages = {f"{name.partition('@')[0]}@tiny" for name in read_lock(ui.folder)}
    assert {task["name"] for task in ask(f"{ui.api}/task_runs/filter", {}) if "@" in task["name"]} == stages
    assert ui.start("refresh/refresh", {"problem": "tiny", "overrides": []}).startswith("COMPLETED")
    skipped = [task for task in ask(f"{ui.api}/task_runs/filter", {}) if task["state_name"] == "Skipped"]
    assert {task["name"] for task in skipped} == stages


def test_a_typo_in_the_form_fails_the_run_with_the_nearest_key(ui: Ui):
    said = ui.start("refresh/refresh", {"problem": "tiny", "overrides": ["train.optimizer.max_epoch=3"]})
    assert said.startswith("FAILED")
    assert "max_epochs" in said


def test_the_artifacts_show_functions_scores_drift_and_data_docs(ui: Ui, ran: str):
    assert ran.startswith("COMPLETED")
    artifacts = {artifact["key"]: artifact for artifact in ask(f"{ui.api}/artifacts/latest/filter", {})}
    keys = artifacts.keys()
    assert f"http://127.0.0.1:{ui.studio}/#/tiny/runs" in artifacts["tiny-studio"]["data"]
    assert {"tiny-labeling-functions", "tiny-metrics", "tiny-verdict", "tiny-drift"} <= keys
    assert {"tiny-raw-data-docs", "tiny-votes-data-docs", "tiny-labels-data-docs"} <= keys


def test_a_person_sees_the_run_and_the_report_in_a_browser(ui: Ui, ran: str, tmp_path: Path):
    assert ran.startswith("COMPLETED")
    assert CHROMIUM is not None, "install chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"http://127.0.0.1:{ui.port}/runs", wait_until="networkidle")
        page.get_by_text("refresh tiny").first.wait_for(timeout=30_000)
        page.screenshot(path=str(tmp_path / "runs.png"))
        page.goto(f"http://127.0.0.1:{ui.port}/deployments", wait_until="networkidle")
        page.get_by_text("monitor").first.wait_for(timeout=30_000)
        page.goto(f"http://127.0.0.1:{ui.pages}/index.html", wait_until="load")
        assert "tiny" in page.inner_text("body")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        page.goto(f"http://127.0.0.1:{ui.pages}/data_docs/tiny/votes/latest.html", wait_until="load")
        page.get_by_text("tiny_votes").first.wait_for(timeout=30_000)
        page.goto(f"http://127.0.0.1:{ui.studio}/#/tiny/runs")
        page.locator("[data-version='v1.0.0']").wait_for(timeout=30_000)
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Run in Prefect").click()
        opened.value.get_by_text("refresh tiny").first.wait_for(timeout=30_000)
        browser.close()
