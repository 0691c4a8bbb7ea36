"""What the monitor has decided is found once, until it has happened, is overtaken, or was tried in vain."""

from pathlib import Path

import pytest
import yaml

from tests.monitor.factories import settings
from tests.runs.published import Published, answers_of, digest_of
from tidemill.flows.decisions import decision_key, find_due, gave_up, note_start
from tidemill.project.gold_history import append_answers
from tidemill.project.project import Project
from tidemill.reports.monitor import BatchDrift, Drift

QUIET = BatchDrift(rows=9, judged=True, harm=False, relabel=False, moved=(), reasons=())
LIMITS = {"cooldown_checks": 2, "cooldown_hours": 0, "budget": 9, "budget_days": 30, "harm_checks": 1, "growth": 4} | {
    "new_labels": 3
}


class Place:
    """A project whose champion was trained on batch a, and what the last look said of b."""

    def __init__(self, folder: Path) -> None:
        self.project, self.published = Project.open(folder), Published(folder)
        content = {
            "problem": {"name": "spam", "modality": "text", "classes": ["ham", "spam"]},
            "monitor": settings(retrain=LIMITS).model_dump(mode="json"),
        }
        (folder / "params.yaml").write_text(yaml.safe_dump({"problems": ["spam"], "spam": content}))
        self.published.run("a", time=100, model="first")
        self.published.promote("v1.0.0", 1)

    def decided(self, decision: str, *batches: str, champion: str | None = "spam@v1.0.0") -> Drift:
        arrived = digest_of("a", *batches)
        found = dict.fromkeys(batches, QUIET)
        drift = Drift.model_validate(
            {"decision": decision, "reasons": ("why",), "champion": champion, "relabel": (), "batches": found}
            | {"arrived": arrived}
        )
        drift.write(self.project.paths("spam").last_drift)
        return drift


@pytest.fixture
def place(inside: Path) -> Place:
    return Place(inside)


@pytest.mark.parametrize("decision", ["nothing", "ask", "stop"])
def test_what_no_run_can_do_is_never_due(place: Place, decision: str):
    place.decided(decision, "b")
    assert find_due(place.project, "spam") is None


def test_without_a_look_or_with_a_torn_report_nothing_is_due(place: Place):
    assert find_due(place.project, "spam") is None
    file = place.project.paths("spam").last_drift
    file.parent.mkdir(parents=True)
    file.write_text("{")
    assert find_due(place.project, "spam") is None


@pytest.mark.parametrize(
    ("decision", "insufficient", "sufficient"),
    [
        ("retrain", {"stages": ("denoise",)}, {"model": "second"}),
        ("relabel", {}, {"stages": ("denoise",)}),
        ("reestimate_balance", {}, {"model": "second"}),
    ],
)
def test_a_decision_is_due_until_its_stage_has_run_on_the_batches(place: Place, decision, insufficient, sufficient):
    drift = place.decided(decision, "b")
    due = find_due(place.project, "spam")
    assert due is not None
    assert (due.decision, due.key, due.held) == (decision, decision_key(drift), None)
    place.published.run("a", "b", time=200, **insufficient)
    assert find_due(place.project, "spam") is not None
    place.published.run("a", "b", "c", time=300, **sufficient)  # c arrived meanwhile
    assert find_due(place.project, "spam") is None


def test_a_decision_about_another_champion_is_not_due(place: Place):
    place.decided("retrain", "b")
    place.published.promote("v1.1.0", 2)
    assert find_due(place.project, "spam") is None


def test_a_first_training_is_due_once_even_if_the_gate_promotes_nothing(inside: Path):
    place = Place(inside)
    for name in ("spam@v1.0.0", "spam#prod#1"):
        (inside / ".git" / "refs" / "tags" / name).unlink()
    place.published.stages.clear()
    place.published.run("a", time=150)
    place.decided("train", champion=None)
    due = find_due(place.project, "spam")
    assert due is not None
    assert due.decision == "train"
    place.published.run("a", time=200, model="first")
    assert find_due(place.project, "spam") is None


def test_the_same_decision_about_the_same_batches_has_the_same_key(place: Place):
    keys = {
        decision_key(place.decided(decision, *batches, champion=champion))
        for decision in ("retrain", "relabel")
        for batches in (("b",), ("b", "c"))
        for champion in ("spam@v1.0.0", "spam@v1.1.0")
        for _ in range(2)
    }
    assert len(keys) == 8


def test_a_retrain_within_the_cool_down_is_held_back_and_a_relabeling_is_not(place: Place):
    place.published.run("a", "b", time=200, model="second")
    place.decided("retrain", "b", "c")
    due = find_due(place.project, "spam")
    assert due is not None
    assert due.held is not None
    assert "retrained 1 batch ago" in due.held
    place.decided("relabel", "b", "c")
    due = find_due(place.project, "spam")
    assert due is not None
    assert due.held is None
    place.decided("retrain", "b", "c", "d")
    due = find_due(place.project, "spam")
    assert due is not None
    assert due.held is None


def test_what_was_started_three_times_in_vain_is_left_to_a_person_and_a_new_batch_is_another_decision(place: Place):
    key = decision_key(place.decided("retrain", "b"))
    file = place.project.state / "drift" / "spam.starts.jsonl"
    for n in range(3):
        assert gave_up(place.project, "spam") is None, n
        assert find_due(place.project, "spam") is not None
        note_start(place.project, "spam", key)
    assert find_due(place.project, "spam") is None
    assert "started 3 times" in str(gave_up(place.project, "spam"))
    with file.open("a") as lines:
        lines.write('{"key": "')  # torn
    assert find_due(place.project, "spam") is None
    kept = file.read_bytes()
    file.unlink()  # its loss costs further attempts, nothing else
    assert find_due(place.project, "spam") is not None
    file.write_bytes(kept)
    place.decided("retrain", "b", "c")
    assert find_due(place.project, "spam") is not None
    assert gave_up(place.project, "spam") is None


def test_rows_that_a_candidate_in_vain_has_learned_from_are_not_more_rows_for_the_next(place: Place):
    """The champion was trained on 10 rows of a; 36 more are enough, unless a model of 10 + 9 of them was not promoted."""
    drift = place.decided("retrain", "b", "c", "d", "e")
    grown = drift.model_copy(update={"rule": "more_rows", "learned_rows": 10})
    grown.write(place.project.paths("spam").last_drift)
    assert find_due(place.project, "spam").held is None
    place.published.run("a", "b", time=200, model="second")
    held = find_due(place.project, "spam").held
    assert held == "46 rows, 19 of which the last model was trained on; monitor.retrain.growth is 4"
    drift.write(place.project.paths("spam").last_drift)
    assert find_due(place.project, "spam").held is None  # of harm it is not asked


def test_labels_are_due_until_a_run_has_learned_from_them_and_those_of_a_candidate_in_vain_are_not_new(place: Place):
    project, paths = place.project, place.project.paths("spam")
    decided = {"rule": "new_labels", "new_labels": 3, "labels_as_of": answers_of("xyz")[-1].when}
    drift = place.decided("retrain").model_copy(update=decided)
    drift.write(paths.last_drift)
    append_answers(paths, answers_of("xyz"))
    place.published.commit(time=150)
    due = find_due(project, "spam")
    assert due is not None
    assert due.held is None
    assert due.key != decision_key(drift.model_copy(update={"labels_as_of": "2026-01-02"}))
    place.published.run("a", time=200, model="second")
    assert find_due(project, "spam") is None

    append_answers(paths, answers_of("vw", day=2))
    later = {"rule": "new_labels", "new_labels": 5, "labels_as_of": answers_of("vw", day=2)[-1].when}
    place.decided("retrain").model_copy(update=later).write(paths.last_drift)
    held = find_due(project, "spam")
    assert held is not None
    assert held.held == "retrained 0 batches ago, monitor.retrain.cooldown_checks is 2"
