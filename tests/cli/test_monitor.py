"""What `tidemill monitor` prints, and which settings it takes; what flows do is tested elsewhere."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.factories import tidemill
from tests.flows.test_decisions import Place
from tidemill.apps.reports.summary import summary
from tidemill.cli import flows
from tidemill.contracts import ConfigError
from tidemill.runs import temporary_server
from tidemill.runs.git import git
from tidemill.runs.publish import ELSEWHERE


@pytest.fixture
def place(inside: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A project whose look decided `retrain`; no server is started and no flow runs."""
    made = Place(inside)
    shutil.copytree(root / "conf", inside / "conf")
    (inside / "dvc.yaml").write_text("stages: {}\n")
    made.decided("retrain", "b")
    monkeypatch.setattr(temporary_server, "prefect_api", lambda _: lambda: None)
    monkeypatch.setattr(flows, "flow", lambda *_: lambda *_, **__: {"spam": "retrain"})
    return made


@pytest.mark.slow
def test_monitor_prints_what_a_run_prints_with_the_drift_of_its_look(place: Place, capsys: pytest.CaptureFixture[str]):
    tidemill("monitor", "problem=spam")
    lines = capsys.readouterr().out.strip().splitlines()
    expected = summary(place.project, "spam").splitlines()
    assert lines[-1] == "spam: retrain"
    assert [line for line in expected if line not in lines] == ["  drift      not looked at yet"]
    assert "  drift      RETRAIN: why" in lines
    tidemill("monitor", "problem=spam", "--json")
    assert json.loads(capsys.readouterr().out) == {"spam": "retrain"}


@pytest.mark.slow
def test_monitor_refuses_settings_that_it_would_not_use(place: Place):
    with pytest.raises(ConfigError, match=r"spam\.monitor\.alpha=0\.1: monitor takes no settings but problem=NAME"):
        tidemill("monitor", "problem=spam", "monitor.alpha=0.1")


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_run_whose_results_are_on_another_branch_says_that_the_figures_are_not_its_own(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, elsewhere: bool
):
    git("add", "-A", folder=place.project.root)
    git("-c", "user.name=T", "-c", "user.email=t@t", "commit", "-q", "-m", "all", folder=place.project.root)
    ending = f"your checkout of main has changes, so {ELSEWHERE} tidemill/spam" if elsewhere else "the champion stays"
    monkeypatch.setattr(flows, "flow", lambda *_: lambda *_: {"spam": [ending]})
    tidemill("run", "problem=spam", "train.seed=3")
    said = capsys.readouterr().out.strip()
    assert said.startswith("for this run only: train.seed=3; --save keeps settings, and so does conf/problem/")
    assert ("what follows are figures of your checkout, not of this run" in said) is elsewhere
    assert said.endswith(ending)
