"""Questions about a candidate, and what a person decides: one ref transaction each, read back from the tags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs.conftest import copy_checkout, dvc
from tests.runs.test_publish import quiet
from tidemill.apps.models.registry_table import model_lines, problem_models
from tidemill.contracts import ConfigError, PublishError
from tidemill.project.project import Project
from tidemill.reports.evaluate import CleanProcessCheck, Verdict
from tidemill.reports.promotion import PendingCandidate
from tidemill.runs.dvc_cache import locked_stages, object_path
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry
from tidemill.runs.pending import candidate_digest, open_question, read_question, was_rejected
from tidemill.runs.promotion import approve, promote, reject
from tidemill.runs.promotion_record import read_promotions
from tidemill.runs.publish import publish
from tidemill.runs.rollback import rollback
from tidemill.runs.worktree import workspace

PIPELINE = """
stages:
  train:
    matrix: {problem: [spam]}
    cmd: python train.py
    deps: [train.py, seed.txt]
    outs: ["models/${item.problem}/candidate"]
"""
TRAIN = """
import pathlib
folder = pathlib.Path("models/spam/candidate")
folder.mkdir(parents=True)
(folder / "weights").write_text(pathlib.Path("seed.txt").read_text())
"""
VERDICT = Verdict(verdict="keep", blessing="NOT_BLESSED", reasons=(), metric="accuracy", rows=0, champion=None)


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def before_any_run(committed_toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose only stage makes a candidate from a seed."""
    folder = copy_checkout(committed_toy, tmp_path_factory.mktemp("promotion"))
    (folder / "dvc.yaml").write_text(PIPELINE)
    (folder / "train.py").write_text(TRAIN)
    (folder / "seed.txt").write_text("0")
    (folder / ".gitignore").write_text(".tidemill/\n/models/*/candidate/\n")
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", "train", folder=folder)
    return folder


@pytest.fixture(scope="module")
def after_a_question(before_any_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after a run that asks."""
    folder = copy_checkout(before_any_run, tmp_path_factory.mktemp("asked"))
    ran(Project.open(folder), 1, asks=True)
    return folder


@pytest.fixture(scope="module")
def after_a_promotion(before_any_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after a run that promotes."""
    folder = copy_checkout(before_any_run, tmp_path_factory.mktemp("promoted"))
    ran(Project.open(folder), 1, promotes=True)
    return folder


@pytest.fixture
def project(before_any_run: Path, inside: Path) -> Project:
    return Project.open(copy_checkout(before_any_run, inside))


@pytest.fixture
def asked(after_a_question: Path, inside: Path) -> Project:
    return Project.open(copy_checkout(after_a_question, inside))


@pytest.fixture
def promoted(after_a_promotion: Path, inside: Path) -> Project:
    return Project.open(copy_checkout(after_a_promotion, inside))


def ran(project: Project, seed: int, *, asks: bool = False, promotes: bool = False) -> str:
    """A run with another seed → its commit."""
    (project.root / "seed.txt").write_text(str(seed))
    git("commit", "-q", "-am", f"seed {seed}", folder=project.root)
    with workspace(project.root) as work:
        work.dvc("repro", "train@spam", say=quiet)
        digest = next(out["md5"] for out in locked_stages(work.folder, "spam")["train@spam"]["outs"])
        champion = read_registry(project, "spam").champion
        about = PendingCandidate(
            problem="spam", candidate=digest, champion=champion, reasons=("few rows",), flow_run="0a1b2c3d-run"
        )
        message = "spam: promote\n\nthe candidate beats the floor"
        done = publish(
            work, "spam", branch="main", promote=promotes, message=message, say=quiet, pending=about if asks else None
        )
    return done.commit


def waiting(project: Project):
    return open_question(project, "spam", ["spam"])


def test_a_question_is_read_back_and_approved(asked: Project):
    commit = git("rev-parse", "HEAD", folder=asked.root)
    question = waiting(asked)
    assert (question.commit, question.expired, question.about.reasons) == (commit, False, ("few rows",))
    assert open_question(asked, "0a1b2c3d", ["spam"]) == question == open_question(asked, commit[:8], ["spam"])
    assert read_registry(asked, "spam").champion is None

    assert approve(asked, question, "better on the new campaign") == "spam@v1.0.0"
    assert read_question(asked, "spam") is None
    (model,) = problem_models(asked, "spam").versions
    assert (model.stage, model.by, model.who, model.reason) == (
        "champion",
        "person",
        "Tester",
        "better on the new campaign",
    )
    with pytest.raises(ConfigError, match="no longer open"):
        approve(asked, question, "twice")


def test_a_rejected_candidate_is_not_asked_about_again(asked: Project):
    question = waiting(asked)
    reject(asked, question, "too few rows")
    assert read_question(asked, "spam") is None
    assert read_registry(asked, "spam").champion is None
    assert was_rejected(asked, question.about)
    assert not was_rejected(asked, question.about.model_copy(update={"candidate": "0" * 32}))


def test_a_question_expires_when_another_version_becomes_champion(promoted: Project):
    ran(promoted, 2, promotes=True)
    ran(promoted, 3, asks=True)
    rollback(promoted, "spam", None, "misses the campaign")
    question = read_question(promoted, "spam")
    assert question is not None
    assert question.expired
    with pytest.raises(ConfigError, match="another version is champion by now"):
        waiting(promoted)
    with pytest.raises(ConfigError, match="no longer open"):
        approve(promoted, question, "late")
    assert any("has expired" in line for line in model_lines("spam", problem_models(promoted, "spam")))


def test_a_promotion_by_the_gate_closes_the_question_that_was_open(asked: Project):
    ran(asked, 2, promotes=True)
    assert read_question(asked, "spam") is None
    (model,) = problem_models(asked, "spam").versions
    assert (model.by, model.reason) == ("gate", "the candidate beats the floor")


def test_a_person_promotes_what_the_gate_kept_back_and_a_rollback_takes_it_back(promoted: Project):
    ran(promoted, 2)
    assert promote(promoted, "spam", "the champion misses the campaign") == "spam@v1.1.0"
    assert rollback(promoted, "spam", None, "it was worse") == "spam@v1.0.0"
    assert not (promoted.root / ".git/logs/refs/tags").exists()  # `git gc` would call what stands there errors
    models = problem_models(promoted, "spam")
    assert [(one.stage, one.by) for one in models.versions] == [("champion", "gate"), ("", "person")]
    assert models.versions[0].rolled_back == "it was worse"
    registry = read_registry(promoted, "spam")
    assert [one.by for tag, one in read_promotions(promoted, registry).items() if "#" in tag] == [
        "gate",
        "person",
        "person",
    ]


def test_what_is_a_version_already_is_not_promoted_again(promoted: Project):
    with pytest.raises(ConfigError, match=r"is spam@v1\.0\.0, the champion, already"):
        promote(promoted, "spam", "again")
    ran(promoted, 2, promotes=True)
    ran(promoted, 1)
    with pytest.raises(ConfigError, match=r"the candidate is spam@v1\.0\.0: tidemill rollback spam v1\.0\.0"):
        promote(promoted, "spam", "again")


def test_without_a_candidate_or_a_reason_nothing_is_promoted(project: Project):
    with pytest.raises(ConfigError, match="holds no candidate of spam: tidemill run problem=spam"):
        promote(project, "spam", "because")
    ran(project, 1)
    with pytest.raises(ConfigError, match="needs a reason"):
        promote(project, "spam", " ")


def test_a_candidate_that_did_not_load_is_not_promoted_by_a_person_either(project: Project):
    ran(project, 1)
    check = CleanProcessCheck(passed=False, rows=0, reason="it does not load: no such file")
    VERDICT.model_copy(update={"clean_process": check}).write(project.paths("spam").reports / "verdict.json")
    git("add", "-A", folder=project.root)
    git("commit", "-q", "-m", "verdict", folder=project.root)
    with pytest.raises(ConfigError, match="not promoted: it does not load: no such file"):
        promote(project, "spam", "because")


def test_a_model_whose_objects_are_gone_is_not_promoted(asked: Project):
    digest = candidate_digest(asked, "spam", git("rev-parse", "HEAD", folder=asked.root))
    assert digest is not None
    folder = object_path(asked.root / ".dvc/cache", digest)
    (entry,) = json.loads(folder.read_text())
    object_path(asked.root / ".dvc/cache", entry["md5"]).unlink()
    with pytest.raises(PublishError, match=r"missing or damaged; nothing was promoted"):
        approve(asked, waiting(asked), "better")
    assert read_registry(asked, "spam").versions == {}
    assert read_question(asked, "spam") is not None


def test_questions_survive_what_git_does_to_refs(asked: Project):
    before = waiting(asked)
    git("pack-refs", "--all", folder=asked.root)
    git("gc", "-q", "--prune=now", folder=asked.root)
    assert waiting(asked) == before
    dvc("gc", "--all-commits", "--force", folder=asked.root)
    assert approve(asked, before, "better") == "spam@v1.0.0"
