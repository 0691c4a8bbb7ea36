"""That nothing is to be done is known of one commit, one champion, whole outputs and the same incoming files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.flows.test_decisions import Place
from tests.ingest.factories import settings
from tests.runs.published import answers_of
from tidemill.flows.unchanged import (
    has_new_labels,
    has_new_sources,
    has_unlearned_batches,
    incoming_files,
    is_looked_at,
    keep_look,
    keep_unchanged,
    unchanged_steps,
)
from tidemill.project.gold_history import append_answers
from tidemill.runs.dvc_cache import object_path
from tidemill.runs.git import git
from tidemill.runs.plan import Step
from tidemill.runs.worktree import Workspace

MODEL = hashlib.md5(b"model", usedforsecurity=False).hexdigest()
STEPS = [Step("ingest@spam", (), changed=False), Step("train@spam", ("ingest@spam",), changed=False)]


class Run:
    """A place whose champion's model is in DVC's cache, and a workspace of a run."""

    def __init__(self, folder: Path) -> None:
        self.place, self.folder = Place(folder), folder
        content = yaml.safe_load((folder / "params.yaml").read_text())
        content["spam"]["ingest"] = settings(incoming="data/incoming", meta={}, slices=()).model_dump(mode="json")
        (folder / "params.yaml").write_text(yaml.safe_dump(content))
        (folder / ".gitignore").write_text("/data/incoming\n/.dvc/cache\n/models\n/.tidemill\n")
        self.put("a")
        self.model = object_path(folder / ".dvc" / "cache", MODEL)
        self.model.parent.mkdir(parents=True)
        self.model.write_bytes(b"model")
        self.publish("a", time=150)

    def publish(self, *batches: str, time: float) -> None:
        self.place.published.run(*batches, time=time, model=MODEL)
        git("reset", "-q", "--hard", folder=self.folder)

    def put(self, name: str, text: str = "x") -> None:
        path = self.folder / "data" / "incoming" / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    @property
    def work(self) -> Workspace:
        return Workspace(self.folder, self.folder, git("rev-parse", "HEAD", folder=self.folder))


@pytest.fixture
def run(inside: Path) -> Run:
    return Run(inside)


def test_steps_that_had_nothing_to_do_have_nothing_to_do_again(run: Run):
    assert unchanged_steps(run.work, "spam") is None
    keep_unchanged(run.work, "spam", STEPS)
    assert unchanged_steps(run.work, "spam") == STEPS


CHANGES: dict[str, Callable[[Run], object]] = {
    "another commit": lambda run: run.publish("a", "b", time=400),
    "settings that compose to something else": lambda run: (run.folder / "params.yaml").write_text("{}"),
    "another champion": lambda run: run.place.published.promote("v1.1.0", 2),
    "a file that has arrived": lambda run: run.put("b"),
    "a model that is not in the cache": lambda run: run.model.unlink(),
    "a model that is damaged": lambda run: run.model.write_bytes(b"m0del"),
    "a record that is torn": lambda run: (run.folder / ".tidemill/unchanged/spam.json").write_text("{"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_it_is_not_known_any_more(run: Run, change: str):
    keep_unchanged(run.work, "spam", STEPS)
    CHANGES[change](run)
    assert unchanged_steps(run.work, "spam") is None


def test_of_a_workspace_that_is_not_as_committed_nothing_is_recorded(run: Run):
    kept = (run.folder / "params.yaml").read_text()
    (run.folder / "params.yaml").write_text(kept + "# of now\n")
    keep_unchanged(run.work, "spam", STEPS)
    (run.folder / "params.yaml").write_text(kept)
    assert unchanged_steps(run.work, "spam") is None


def test_a_source_is_new_until_the_committed_manifest_has_it(run: Run):
    project = run.place.project
    assert not has_new_sources(project, "spam")
    run.put("b")
    assert has_new_sources(project, "spam")
    run.publish("a", "b", time=400)
    assert not has_new_sources(project, "spam")


def test_batches_that_training_has_not_seen_are_looked_at_though_no_file_is_new(run: Run):
    """As after relabeling, or where a batch was taken in and committed: labels of its rows may have come since."""
    project = run.place.project
    assert not has_unlearned_batches(project, "spam")
    run.place.published.run("a", "b", time=400, stages=("denoise",))
    git("reset", "-q", "--hard", folder=run.folder)
    assert has_unlearned_batches(project, "spam")
    run.publish("a", "b", time=500)
    assert not has_unlearned_batches(project, "spam")


def test_as_many_answers_as_are_configured_are_looked_at_though_no_file_is_new(run: Run):
    project = run.place.project
    for rows, day, enough in (("xy", 1, False), ("z", 2, True)):
        append_answers(project.paths("spam"), answers_of(rows, day=day))
        assert not has_new_labels(project, "spam")  # a look reads commits
        run.place.published.commit(time=400 + day)
        assert not has_new_labels(project, "spam")  # nothing asks for it
        _ask(run.folder, {"new_labels": "retrain"})
        assert has_new_labels(project, "spam") == enough
        _ask(run.folder, {})


def _ask(folder: Path, actions: dict[str, str]) -> None:
    content = yaml.safe_load((folder / "params.yaml").read_text())
    content["spam"]["monitor"]["actions"] = actions
    (folder / "params.yaml").write_text(yaml.safe_dump(content))


def test_without_a_champion_there_is_nothing_to_compare_batches_with(run: Run):
    git("tag", "-d", *git("tag", folder=run.folder).split(), folder=run.folder)
    run.place.published.run("a", "b", time=400, stages=("denoise",))
    assert not has_unlearned_batches(run.place.project, "spam")


def test_files_are_looked_at_once_with_the_same_commit_and_champion(run: Run):
    project = run.place.project
    files = incoming_files(project, "spam")
    assert not is_looked_at(project, "spam", files)
    keep_look(project, "spam", files)
    assert is_looked_at(project, "spam", files)
    run.put("a", "longer")
    assert not is_looked_at(project, "spam", incoming_files(project, "spam"))
    run.place.published.promote("v1.1.0", 2)
    assert not is_looked_at(project, "spam", files)
    keep_look(project, "spam", (("https://example.org/a.csv", 0, 0),))
    assert not is_looked_at(project, "spam", (("https://example.org/a.csv", 0, 0),))
