"""About which candidate a person is asked: one that is new, once."""

from pathlib import Path

import pytest

from tests.runs.published import Published
from tidemill.flows.problem_cycle import _pending
from tidemill.project.project import Project
from tidemill.reports.evaluate import Verdict
from tidemill.reports.promotion import PendingCandidate
from tidemill.runs.git import git
from tidemill.runs.pending import answer_since, asking, closing, read_question, rejecting, transact
from tidemill.runs.worktree import Workspace

FIRST, SECOND = "0" * 32, "1" * 32


class Asked:
    """A champion, and a run whose candidate is the one that `dvc.lock` names."""

    def __init__(self, folder: Path) -> None:
        (folder / "dvc.yaml").write_text("stages: {}\n")
        (folder / "params.yaml").write_text("problems: [spam]\n")
        self.project, self.published = Project.open(folder), Published(folder)
        self.published.run("a", time=100, model=FIRST)
        self.published.promote("v1.0.0", 1)

    def of(self, champion: str = "spam@v1.0.0") -> PendingCandidate | None:
        root = self.project.root
        verdict = Verdict(
            verdict="ask", blessing="NOT_BLESSED", reasons=("few rows",), metric="accuracy", rows=9, champion=champion
        )
        return _pending(Workspace(root, root, git("rev-parse", "HEAD", folder=root)), "spam", verdict)

    def ask(self, *batches: str) -> PendingCandidate:
        commit = self.published.run("a", *batches, time=200, model=SECOND)
        about = self.of()
        assert about is not None
        transact(asking(self.project, about, commit), self.project.root)
        return about


@pytest.fixture
def asked(inside: Path) -> Asked:
    return Asked(inside)


def test_a_candidate_that_is_the_champion_is_nothing_to_ask_about(asked: Asked):
    assert asked.of() is None


def test_a_new_candidate_is_asked_about_until_it_is_open_and_again_once_it_is_closed(asked: Asked):
    about = asked.ask("b")
    assert (about.candidate, about.champion, about.reasons) == (SECOND, "spam@v1.0.0", ("few rows",))
    assert asked.of() is None
    transact(closing(asked.project, "spam"), asked.project.root)
    assert asked.of() == about


def test_a_candidate_that_was_rejected_is_asked_about_again_for_another_champion_only(asked: Asked):
    asked.ask("b")
    question = read_question(asked.project, "spam")
    assert question is not None
    transact(rejecting(asked.project, question, "too few rows"), asked.project.root)
    assert asked.of() is None
    asked.published.run("a", "c", time=300, model="2" * 32)
    asked.published.promote("v1.1.0", 2)
    asked.published.run("a", "b", time=400, model=SECOND)
    assert asked.of("spam@v1.1.0") is not None


def test_a_question_that_has_expired_does_not_keep_a_new_one_from_being_asked(asked: Asked):
    asked.ask("b")
    asked.published.run("a", "c", time=300, model="2" * 32)
    asked.published.promote("v1.1.0", 2)
    asked.published.run("a", "b", time=400, model=SECOND)
    assert asked.of("spam@v1.1.0") is not None


def test_what_has_become_of_a_question_is_known_from_git(asked: Asked):
    asked.ask("b")
    assert answer_since(asked.project, "spam", "spam@v1.0.0") is None
    question = read_question(asked.project, "spam")
    assert question is not None
    transact(rejecting(asked.project, question, "too few rows"), asked.project.root)
    assert answer_since(asked.project, "spam", "spam@v1.0.0") == "rejected by a person, spam@v1.0.0 stays"
    asked.published.promote("v1.1.0", 2)
    assert answer_since(asked.project, "spam", "spam@v1.0.0") == "spam@v1.1.0 is the champion since"
