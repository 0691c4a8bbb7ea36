"""Notifications: off by default, sent to the blocks that are named, and no reason for a run to fail."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.blocks.core import Block

from tests.monitor.test_retrain_decision import stream
from tidemill.flows.notifications import (
    ALARM,
    FAILURE,
    PROMOTION,
    notify,
    notify_alarm,
    notify_decision,
    notify_failure,
    tell_from_command,
)
from tidemill.project.project import Project
from tidemill.reports.monitor import Drift

Sent = list[tuple[str, str, str]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Blocks in place of Prefect's database; the one called `broken` fails."""
    received: Sent = []

    def load(name: str) -> Any:
        def told(body: str, subject: str) -> None:
            if name == "webhook/broken":
                raise OSError("no route to host")
            received.append((name, subject, body))

        return SimpleNamespace(notify=told)

    monkeypatch.setattr(Block, "load", load)
    return received


def project_of(folder: Path, *blocks: str, events: str = "[alarm, promotion, failure]") -> Project:
    (folder / "conf").mkdir()
    text = f"notifications: {{blocks: [{', '.join(blocks)}], events: {events}}}\n"
    (folder / "conf" / "flows.yaml").write_text(text)
    return Project.open(folder)


def test_without_settings_nobody_is_notified_and_no_server_is_started(inside: Path, sent: Sent):
    assert notify(Project.open(inside), PROMOTION, "spam", "v1.0.0") == []
    tell_from_command(Project.open(inside), PROMOTION, "spam", "v1.0.0")
    assert sent == []
    assert not (inside / ".tidemill" / "prefect").exists()


def test_the_blocks_that_are_named_are_notified_of_the_events_that_are(inside: Path, sent: Sent):
    project = project_of(inside, "webhook/a", "webhook/b", events="[promotion]")
    assert notify(project, PROMOTION, "spam", "v1.0.0 is the champion") == ["webhook/a", "webhook/b"]
    assert notify(project, ALARM, "spam", "a drift") == []
    assert sent == [(name, "spam: promotion", "v1.0.0 is the champion") for name in ("webhook/a", "webhook/b")]


def test_a_block_that_fails_is_logged_and_the_others_are_notified(
    inside: Path, sent: Sent, caplog: pytest.LogCaptureFixture
):
    project = project_of(inside, "webhook/broken", "webhook/b")
    with caplog.at_level(logging.WARNING):
        assert notify(project, PROMOTION, "spam", "v1.0.0") == ["webhook/b"]
    assert "notification webhook/broken was not sent: OSError: no route to host" in caplog.text


def test_a_flow_run_that_failed_is_told_with_its_message(inside: Path, sent: Sent):
    project_of(inside, "webhook/a")
    run: Any = SimpleNamespace(name="refresh spam", parameters={"root": str(inside), "problem": "spam"})
    flow: Any = SimpleNamespace(name="refresh-problem")
    state: Any = SimpleNamespace(name="Failed", message="stage train@spam: no rows")
    notify_failure(flow, run, state)
    (told,) = sent
    assert told[1:] == (f"spam: {FAILURE}", "refresh-problem refresh spam ended as Failed: stage train@spam: no rows")


def drift(champion: str = "spam@v1.0.0", *, alarmed: bool = True) -> Drift:
    return Drift(
        decision="ask",
        reasons=("lf_3 decayed",),
        champion=champion,
        relabel=(),
        batches={},
        stream=stream(drift=alarmed),
    )


def test_an_alarm_that_stays_is_told_once_for_each_champion(inside: Path, sent: Sent):
    project = project_of(inside, "webhook/a")
    notify_alarm(project, "spam", drift(alarmed=False), None)
    assert sent == []
    notify_alarm(project, "spam", drift(), None, drift(alarmed=False))
    notify_alarm(project, "spam", drift(), None, drift())
    assert sent == [("webhook/a", "spam: alarm", "lf_3 decayed")]
    notify_alarm(project, "spam", drift("spam@v1.1.0"), drift())
    assert len(sent) == 2


def test_of_decisions_those_that_a_person_carries_out_are_told(inside: Path, sent: Sent):
    project = project_of(inside, "webhook/a", events="[ask, stop]")
    for decision in ("ask", "retrain", "stop", "nothing"):
        notify_decision(project, "spam", decision, [f"because of {decision}"])
    assert sent == [("webhook/a", f"spam: {name}", f"because of {name}") for name in ("ask", "stop")]
