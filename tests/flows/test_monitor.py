"""A look carries out what is open, once, whoever else is told of it."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flows.test_decisions import Place
from tidemill.flows import events, monitor, problem_cycle
from tidemill.flows.decisions import STAGE_OF, Due, decision_key, find_due
from tidemill.project.project import Project

LOG = logging.getLogger("look")


class Looked:
    """A look at `spam` whose monitor decides what the test says, and what was refreshed because of what."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, before: Due | None, after: Due | None) -> None:
        self.refreshed: list[str] = []
        self.order: list[str] = []
        self.open = before
        self.after = after
        monkeypatch.setattr(monitor, "get_run_logger", lambda: LOG)
        monkeypatch.setattr(monitor, "find_due", lambda *_: self.open)
        monkeypatch.setattr(monitor, "gave_up", lambda *_: None)
        monkeypatch.setattr(monitor, "check_drift", self._check)

    def _check(self, *_: str) -> str:
        self.order.append("look")
        self.open = self.after
        return "decided"

    def refresh(self, problem: str, *, because: str) -> None:
        assert problem == "spam"
        self.order.append(f"refresh {because}")
        self.open = None

    def run(self, *, trigger: bool = True) -> list[str]:
        monitor._look(Project.open(Path.cwd()), "spam", self.refresh if trigger else None)
        return self.order


def due(key: str, *, held: str | None = None) -> Due:
    return Due("spam", "retrain", key, held)


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        (None, None, ["look"]),
        (None, due("new"), ["look", "refresh new"]),
        (due("old"), None, ["refresh old", "look"]),
        (due("old"), due("new"), ["refresh old", "look", "refresh new"]),
        (due("old"), due("old"), ["refresh old", "look"]),  # it failed: the next look tries again
        (None, due("new", held="too early"), ["look"]),
        (due("old", held="too early"), due("old", held="too early"), ["look"]),
    ],
)
def test_by_hand_what_is_open_is_done_before_the_look_and_what_is_new_after_it(
    inside: Path, monkeypatch: pytest.MonkeyPatch, before: Due | None, after: Due | None, order: list[str]
):
    assert Looked(monkeypatch, before, after).run() == order


def test_in_a_deployment_what_is_new_is_left_to_the_automation_and_what_is_old_is_not(
    inside: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", "a-deployment")
    assert Looked(monkeypatch, due("old"), due("new")).run() == ["refresh old", "look"]


def test_without_a_trigger_nothing_is_done(inside: Path, monkeypatch: pytest.MonkeyPatch):
    assert Looked(monkeypatch, due("old"), due("new")).run(trigger=False) == ["look"]


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events, in place of a server that receives them."""
    received: list[dict[str, Any]] = []
    monkeypatch.setattr(events, "emit_event", lambda name, **about: received.append({"event": name, **about}))
    return received


def test_a_decision_is_one_event_however_often_it_is_made(inside: Path, emitted: list[dict[str, Any]]):
    place = Place(inside)
    drift = place.decided("retrain", "b")
    monitor._emit(place.project, "spam", drift, None)
    monitor._emit(place.project, "spam", drift, drift)
    assert [one["event"] for one in emitted] == ["tidemill.retrain"]
    assert emitted[0]["payload"] == {"problem": "spam", "key": decision_key(drift), "reasons": ["why"]}
    monitor._emit(place.project, "spam", drift, None)  # its report was lost: the server knows the event by its id
    assert emitted[1]["id"] == emitted[0]["id"]


def test_what_is_held_back_is_no_event_and_what_a_person_is_asked_is_one(inside: Path, emitted: list[dict[str, Any]]):
    place = Place(inside)
    place.published.run("a", "b", time=200, model="second")
    monitor._emit(place.project, "spam", place.decided("retrain", "b", "c"), None)
    assert emitted == []
    monitor._emit(place.project, "spam", place.decided("ask", "b", "c"), None)
    assert [one["event"] for one in emitted] == ["tidemill.ask"]


@pytest.mark.slow
def test_of_triggers_that_come_twice_late_or_too_early_one_is_carried_out(inside: Path):
    place = Place(inside)
    drift = place.decided("relabel", "b")
    key = decision_key(drift)
    assert problem_cycle._begin(place.project, "spam", "another", log=LOG) is None
    assert problem_cycle._begin(place.project, "spam", key, log=LOG) == "denoise"
    place.published.run("a", "b", time=200, stages=("denoise",))
    assert problem_cycle._begin(place.project, "spam", key, log=LOG) is None
    key = decision_key(place.decided("retrain", "b"))
    assert problem_cycle._begin(place.project, "spam", key, log=LOG) == "train"
    place.published.run("a", "b", time=300, model="second")
    place.decided("retrain", "b", "c")
    held = find_due(place.project, "spam")
    assert held is not None
    assert held.held is not None
    assert problem_cycle._begin(place.project, "spam", held.key, log=LOG) is None


def test_the_automation_listens_to_what_a_run_can_carry_out_and_passes_the_key_on(root: Path):
    text = (root / "prefect.yaml").read_text()
    refresh = next(one for one in yaml.safe_load(text)["deployments"] if one["name"] == "refresh")
    (trigger,) = refresh["triggers"]
    assert set(trigger["expect"]) == {f"tidemill.{decision}" for decision in STAGE_OF}
    assert trigger["parameters"] == {"problem": "{{ event.payload.problem }}", "because": "{{ event.payload.key }}"}
    assert text == (root / "src/tidemill/templates/project/prefect.yaml.template").read_text()
