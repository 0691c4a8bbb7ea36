"""What the monitor stage counts as labels by people since the champion's run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from tests.apps.gold.conftest import PATHS, project
from tidemill.apps.gold.rows import problem_rows
from tidemill.project.gold_history import Answer, append_answers
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.stages.monitor import _new_labels

__all__ = ["project"]


def test_a_label_that_is_new_or_corrected_counts_and_one_that_is_confirmed_does_not(project: Project) -> None:
    folder = project.root
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "a run"], ["tag", "spam@v1.0.0"]):
        git("-c", "user.name=T", "-c", "user.email=t@localhost", *words, folder=folder)
    champion = cast("Any", SimpleNamespace(project=project, version="spam@v1.0.0"))
    assert _new_labels(champion, PATHS).rows == 0
    rows = problem_rows(project, "spam").table["row_id"]
    known = dict(problem_rows(project, "spam").table.filter(own=1).select("row_id", "own").iter_rows())
    (spam,) = known  # came with the label spam
    silent = [row for row in rows if row not in known][5:7]
    said = {spam: "spam", silent[0]: "ham"}
    append_answers(PATHS, [_answer(row, label, day=1) for row, label in said.items()])
    assert _new_labels(champion, PATHS).rows == 1
    append_answers(PATHS, [_answer(spam, "ham", day=2)])
    found = _new_labels(champion, PATHS)
    assert (found.rows, found.as_of) == (2, "2026-01-02T00:00:00.000000Z")


def _answer(row_id: str, label: str, *, day: int) -> Answer:
    return Answer(row_id=row_id, label=label, who="r1", when=f"2026-01-0{day}T00:00:00.000000Z", source="test")
