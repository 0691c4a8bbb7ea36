from pathlib import Path

import pytest

from tests.runs.published import MANIFEST, Published, answers_of, manifest_of
from tidemill.monitor.retrain_limits import Retrain
from tidemill.project.gold_history import append_answers
from tidemill.project.layout import Paths
from tidemill.runs.git import git
from tidemill.runs.retrain_history import history_at, learned_batches, learned_history, retrains


@pytest.fixture
def repository(inside: Path) -> Published:
    published = Published(inside)
    published.run("a", time=100, model="first")
    published.run("a", "b", time=200, model="second")
    published.run("a", "b", "c", time=300, stages=("denoise",))  # labels alone
    published.run("a", "b", "c", "d", time=400, model="third")
    return published


def test_retrains_are_the_commits_in_which_a_model_replaced_one_newest_first(repository: Published):
    assert retrains(repository.folder, "spam", since=0) == [Retrain(400.0, 4), Retrain(200.0, 2)]


def test_the_first_before_the_time_that_is_asked_for_is_the_last_that_is_read(repository: Published):
    assert retrains(repository.folder, "spam", since=300) == [Retrain(400.0, 4), Retrain(200.0, 2)]
    assert retrains(repository.folder, "spam", since=450) == [Retrain(400.0, 4)]


def test_of_a_problem_that_was_trained_once_or_never_there_is_none(inside: Path):
    published = Published(inside)
    assert retrains(inside, "spam", since=0) == []
    published.run("a", time=100, model="first")
    assert retrains(inside, "spam", since=0) == []
    assert retrains(inside, "solar", since=0) == []


def test_a_commit_that_changes_no_model_does_not_move_the_time_of_a_retrain(repository: Published):
    repository.run("a", "b", "c", "d", "e", time=500, stages=("denoise",))
    assert retrains(repository.folder, "spam", since=0)[0] == Retrain(400.0, 4)


def test_a_stage_has_learned_the_batches_of_the_manifest_that_it_ran_on(repository: Published):
    folder = repository.folder
    assert learned_batches(folder, "spam", "train") == {"a", "b", "c", "d"}
    repository.run("a", "b", "c", "d", "e", time=500, stages=("denoise",))
    assert learned_batches(folder, "spam", "denoise") == {"a", "b", "c", "d", "e"}
    assert learned_batches(folder, "spam", "train") == frozenset()  # of e it knows nothing
    assert learned_batches(folder, "solar", "train") == frozenset()


def test_batches_that_were_committed_after_the_runs_are_not_learned(repository: Published):
    """As after `tidemill arrive` and a commit."""
    manifest_of("a", "b", "c", "d", "e").write(repository.folder / MANIFEST)
    repository.commit(time=500)
    assert learned_batches(repository.folder, "spam", "ingest") == frozenset()
    assert learned_batches(repository.folder, "spam", "train") == frozenset()


def test_results_on_a_branch_of_their_own_count_until_they_are_merged(repository: Published):
    folder = repository.folder
    before = git("rev-parse", "HEAD", folder=folder)
    repository.run("a", "b", "c", "d", "e", time=500, model="fourth")
    git("update-ref", "refs/heads/tidemill/spam", "HEAD", folder=folder)
    git("update-ref", "refs/heads/main", before, folder=folder)
    assert "e" in learned_batches(folder, "spam", "train")
    assert retrains(folder, "spam", since=450) == [Retrain(500.0, 5), Retrain(400.0, 4)]
    git("update-ref", "refs/heads/tidemill/spam", before, folder=folder)  # it has been overtaken
    assert "e" not in learned_batches(folder, "spam", "train")


def test_a_lock_that_is_damaged_says_of_no_batch_that_it_was_learned(repository: Published):
    (repository.folder / "dvc.lock").write_text("- torn")
    repository.commit(time=600)
    assert learned_batches(repository.folder, "spam", "train") == frozenset()


def test_answers_are_learned_when_a_run_has_read_them_and_not_when_they_are_committed(repository: Published):
    folder, paths = repository.folder, Paths.within("spam")
    assert learned_history(folder, "spam").answers == ()
    append_answers(paths, answers_of("xy"))
    repository.commit(time=500)
    assert len(history_at(folder, "HEAD", "spam").answers) == 2
    assert learned_history(folder, "spam").answers == ()
    repository.run("a", "b", "c", "d", time=600, model="fourth")
    append_answers(paths, answers_of("z", day=2))
    repository.commit(time=700)
    assert [answer.row_id for answer in learned_history(folder, "spam").answers] == ["x", "y"]
    assert history_at(folder, "HEAD", "spam").rows_since(learned_history(folder, "spam")) == 1


def test_answers_that_labels_alone_were_made_with_are_not_learned(repository: Published):
    folder = repository.folder
    append_answers(Paths.within("spam"), answers_of("xy"))
    repository.run("a", "b", "c", "d", time=500, stages=("denoise",), dev="new")
    assert learned_history(folder, "spam").answers == ()
    repository.run("a", "b", "c", "d", time=600, model="fourth", dev="new")
    assert len(learned_history(folder, "spam").answers) == 2
