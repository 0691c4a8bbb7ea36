import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.runs.conftest import dvc
from tidemill.contracts import PublishError, RunError
from tidemill.project.made_tables import note_made_tables, table_stamps
from tidemill.project.project import Project
from tidemill.runs.dvc_cache import damaged_objects, missing_objects, outputs, read_lock
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry
from tidemill.runs.plan import plan
from tidemill.runs.publish import publish
from tidemill.runs.worktree import Workspace, refuse_uncommitted, restore, synchronise_data, workspace

pytestmark = pytest.mark.slow


def quiet(_: str) -> None:
    """Say nothing."""


def computed(work: Workspace, problem: str) -> Workspace:
    work.dvc("repro", f"double@{problem}", f"judge@{problem}", say=quiet)
    return work


def published(work: Workspace, problem: str, *, promote: bool = True) -> str | None:
    return publish(work, problem, branch="main", promote=promote, message=f"{problem} done", say=quiet).version


@pytest.fixture
def work(toy: Path) -> Iterator[Workspace]:
    with workspace(toy) as opened:
        yield opened


def test_the_plan_is_dvcs_graph_of_one_problem_in_order(toy: Path):
    steps = plan(toy, "spam")
    assert [(step.address, step.after, step.changed) for step in steps] == [
        ("double@spam", (), True),
        ("judge@spam", ("double@spam",), True),
    ]


def test_a_plan_for_an_unknown_problem_is_an_error(toy: Path):
    with pytest.raises(RunError, match="no stage for problem 'reviews'"):
        plan(toy, "reviews")


def test_after_a_run_nothing_has_changed_and_after_an_edit_what_follows_has(toy: Path):
    dvc("repro", folder=toy)
    assert not any(step.changed for step in plan(toy, "spam"))
    (toy / "data" / "spam" / "batches.json").write_text('{"one": 1, "two": 2}')
    assert all(step.changed for step in plan(toy, "spam"))
    assert not any(step.changed for step in plan(toy, "solar"))


def test_a_run_in_a_workspace_leaves_the_checkout_alone_until_it_publishes(toy: Path, work: Workspace):
    computed(work, "spam")
    assert not (toy / "dvc.lock").exists()
    assert published(work, "spam") == "spam@v1.0.0"
    assert (toy / "dvc.lock").read_text() == (work.folder / "dvc.lock").read_text()
    assert json.loads((toy / "reports/spam/verdict.json").read_text()) == {"total": 2}
    assert git("status", "--porcelain", folder=toy) == ""
    assert read_registry(Project.open(toy), "spam").champion == "spam@v1.0.0"


def test_the_lock_equals_that_of_dvc_repro(toy: Path, work: Workspace):
    published(computed(work, "spam"), "spam")
    ours = read_lock(toy)
    git("reset", "-q", "--hard", "HEAD~1", folder=toy)
    dvc("repro", "double@spam", "judge@spam", folder=toy)
    assert read_lock(toy) == ours


def test_the_objects_are_in_the_shared_cache_and_the_data_follows_the_checkout(toy: Path, work: Workspace):
    published(computed(work, "spam"), "spam")
    synchronise_data(toy, ["spam"], quiet)
    assert (toy / "data/spam/raw/one").read_text() == "2"
    assert "up to date" in dvc("status", "double@spam", "judge@spam", folder=toy)  # small numbers in params, too


def test_tables_that_a_command_made_before_the_run_make_way_and_those_of_the_user_stay_and_are_told(
    toy: Path, work: Workspace
):
    """`gold sample` makes the tables of a new batch; a label that is added to it makes those of the run others."""
    paths, told = Project.open(toy).paths("spam"), list[str]()
    paths.raw.mkdir()
    before = table_stamps(paths)
    (paths.raw / "one").write_text("without the label")
    note_made_tables(paths, before)
    published(computed(work, "spam"), "spam")
    synchronise_data(toy, ["spam"], told.append)
    assert (paths.raw / "one").read_text() == "2"
    assert "up to date" in dvc("status", "double@spam", folder=toy)
    assert told == []
    (paths.raw / "one").unlink()  # in the cache it is read-only, perhaps the same file
    (paths.raw / "one").write_text("of the user")
    synchronise_data(toy, ["spam"], told.append)
    assert (paths.raw / "one").read_text() == "of the user"
    assert told[-1].startswith("spam: files below data/ or models/ were changed here and stay")


def test_two_problems_published_from_the_same_commit_are_both_on_the_branch(toy: Path):
    with workspace(toy) as first, workspace(toy) as second:
        computed(first, "spam")
        computed(second, "solar")
        (second.folder / "params.yaml").write_text(
            "overrides: [solar.seed=2]\nproblems: [solar, spam]\nsolar: {seed: 2}\nspam: {seed: 1, tolerance: 1.0e-06}\n"
        )
        assert published(first, "spam") == "spam@v1.0.0"
        assert published(second, "solar") == "solar@v1.0.0"
    assert sorted(read_lock(toy)) == ["double@solar", "double@spam", "judge@solar", "judge@spam"]
    params = yaml.safe_load((toy / "params.yaml").read_text())
    assert params["solar"] == {"seed": 2}
    assert params["overrides"] == ["solar.seed=2"]
    # the tagged commit is what was computed, not the merge
    assert sorted(yaml.safe_load(git("show", "solar@v1.0.0:dvc.lock", folder=toy))["stages"]) == [
        "double@solar",
        "judge@solar",
    ]


def test_publishing_one_problem_leaves_the_other_unchanged(toy: Path):
    for problem in ("spam", "solar"):
        with workspace(toy) as work:
            published(computed(work, problem), problem)
    with workspace(toy) as work:
        restore(work, "spam", quiet)
        assert not any(step.changed for step in plan(work.folder, "spam"))


def test_fingerprints_of_a_run_are_published_unless_the_branch_has_others_by_then(toy: Path):
    (toy / "code.yaml").write_text("double: a1\nfiles: {}\n")
    git("add", "-A", folder=toy)
    git("commit", "-q", "-m", "code", folder=toy)
    with workspace(toy) as first, workspace(toy) as second:
        (computed(first, "spam").folder / "code.yaml").write_text("double: b2\nfiles: {}\n")
        (computed(second, "solar").folder / "code.yaml").write_text("double: c3\nfiles: {}\n")
        published(first, "spam")
        assert (toy / "code.yaml").read_text() == "double: b2\nfiles: {}\n"
        published(second, "solar")
    assert (toy / "code.yaml").read_text() == "double: b2\nfiles: {}\n"


def test_labels_committed_while_a_run_was_under_way_are_kept_beside_the_runs_own(toy: Path):
    file = "data/spam/gold_history.jsonl"
    with workspace(toy) as work:
        (work.folder / file).write_text('{"line": "of the run"}\n')
        (toy / file).write_text('{"line": "of a person"}\n')
        git("add", file, folder=toy)
        git("commit", "-q", "-m", "label", folder=toy)
        published(computed(work, "spam"), "spam", promote=False)
    assert git("show", f"HEAD:{file}", folder=toy).splitlines() == ['{"line": "of a person"}', '{"line": "of the run"}']


def test_a_stage_that_always_runs_makes_none_after_it_run(toy: Path):
    pipeline = toy / "dvc.yaml"
    pipeline.write_text(
        pipeline.read_text().replace("    cmd: python double.py", "    always_changed: true\n    cmd: python double.py")
    )
    git("commit", "-q", "-a", "-m", "always", folder=toy)
    with workspace(toy) as work:
        computed(work, "spam")
        assert [step.changed for step in plan(work.folder, "spam")] == [False, False]
        (work.folder / "data/spam/batches.json").write_text('{"one": 2}')
        assert [step.changed for step in plan(work.folder, "spam")] == [True, True]


def test_a_checkout_with_changes_is_left_alone_and_told_how_to_merge(toy: Path, work: Workspace):
    (toy / "judge.py").write_text("# mine\n")
    before = git("rev-parse", "main", folder=toy)
    done = publish(computed(work, "spam"), "spam", branch="main", promote=True, message="m", say=quiet)
    assert "git merge tidemill/spam" in done.summary
    assert git("rev-parse", "main", folder=toy) == before
    assert (toy / "judge.py").read_text() == "# mine\n"
    assert read_registry(Project.open(toy), "spam").champion == "spam@v1.0.0"
    git("stash", "-q", folder=toy)
    git("merge", "-q", "tidemill/spam", folder=toy)


def test_a_missing_object_stops_the_publication_before_any_ref_moves(toy: Path, work: Workspace):
    computed(work, "spam")
    refs = git("for-each-ref", folder=toy)
    digest = next(md5 for path, md5 in outputs(read_lock(work.folder)) if path == "data/spam/raw")
    cache = toy / ".dvc" / "cache"
    assert list(missing_objects(cache, digest)) == []
    (cache / "files" / "md5" / digest[:2] / digest[2:]).unlink()
    assert len(list(missing_objects(cache, digest))) == 1
    with pytest.raises(PublishError, match="of data/spam/raw is missing or damaged; nothing was published"):
        published(work, "spam")
    assert git("for-each-ref", folder=toy) == refs


def test_a_damaged_object_stops_the_publication_before_any_ref_moves(toy: Path, work: Workspace):
    computed(work, "spam")
    refs = git("for-each-ref", folder=toy)
    digest = next(md5 for path, md5 in outputs(read_lock(work.folder)) if path == "data/spam/raw")
    cache = toy / ".dvc" / "cache"
    listing = json.loads((cache / "files" / "md5" / digest[:2] / digest[2:]).read_text())
    torn = cache / "files" / "md5" / listing[0]["md5"][:2] / listing[0]["md5"][2:]
    torn.chmod(0o644)
    torn.write_text("3")
    assert list(missing_objects(cache, digest)) == []
    with pytest.raises(PublishError, match="of data/spam/raw is missing or damaged; nothing was published"):
        published(work, "spam")
    assert git("for-each-ref", folder=toy) == refs


def test_a_flipped_bit_in_the_cache_is_found_and_made_again(toy: Path):
    with workspace(toy) as work:
        published(computed(work, "spam"), "spam")
    digest = next(md5 for path, md5 in outputs(read_lock(toy)) if path == "data/spam/raw")
    cache = toy / ".dvc" / "cache"
    listing = json.loads((cache / "files" / "md5" / digest[:2] / digest[2:]).read_text())
    torn = cache / "files" / "md5" / listing[0]["md5"][:2] / listing[0]["md5"][2:]
    torn.chmod(0o644)
    torn.write_text("3")
    assert list(damaged_objects(cache, digest)) == [torn]
    listed = cache / "files" / "md5" / digest[:2] / digest[2:]
    whole = listed.read_text()
    listed.chmod(0o644)
    listed.write_text(whole[:9])  # the folder's list itself, which then names nothing that could be looked for
    assert (list(damaged_objects(cache, digest)), list(missing_objects(cache, digest))) == ([listed], [])
    listed.write_text(whole)
    said: list[str] = []
    with workspace(toy) as work:
        restore(work, "spam", said.append)
        assert "damaged" in said[0]
        assert plan(work.folder, "spam")[0].changed
        computed(work, "spam")
        assert (work.folder / "data/spam/raw/one").read_text() == "2"


def test_a_remote_gets_the_objects_and_gives_them_back(toy: Path, tmp_path_factory: pytest.TempPathFactory):
    remote = tmp_path_factory.mktemp("remote")
    dvc("remote", "add", "-q", "-d", "storage", str(remote), folder=toy)
    git("commit", "-q", "-a", "-m", "remote", folder=toy)
    with workspace(toy) as work:
        published(computed(work, "spam"), "spam")
    subprocess.run(["rm", "-rf", str(toy / ".dvc" / "cache")], check=True)
    with workspace(toy) as work:
        restore(work, "spam", quiet)
        assert (work.folder / "data/spam/raw/one").read_text() == "2"
        assert not any(step.changed for step in plan(work.folder, "spam"))


def test_an_empty_or_torn_lock_means_that_nothing_is_known(toy: Path):
    for text in ("", "stages: {double@spam: [", "- no mapping\n"):
        (toy / "dvc.lock").write_text(text)
        assert read_lock(toy) == {}


def test_a_failing_stage_is_told_in_its_own_words(toy: Path):
    (toy / "data" / "spam" / "batches.json").write_text('{"fail": 1}')
    git("commit", "-q", "-a", "-m", "fail", folder=toy)
    with workspace(toy) as work, pytest.raises(RunError, match="the stage was told to fail"):
        computed(work, "spam")
    assert "runs" not in git("worktree", "list", folder=toy)


def test_uncommitted_inputs_are_refused_with_the_remedy(toy: Path):
    refuse_uncommitted(toy)
    (toy / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(RunError, match=r"1 file is not committed \(dvc\.yaml\)"):
        refuse_uncommitted(toy)
    assert (toy / "dvc.yaml").read_text() == "stages: {}\n"


def test_new_files_are_found_whatever_a_persons_settings_say(toy, tmp_path, monkeypatch):
    (tmp_path / "config").write_text("[status]\n    showUntrackedFiles = no\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    (toy / "src").mkdir(exist_ok=True)
    (toy / "src" / "late.py").write_text("LIMIT = 3\n")
    with pytest.raises(RunError, match=r"1 file is not committed \(src"):
        refuse_uncommitted(toy)


def test_a_killed_run_leaves_no_lock_and_its_worktree_is_swept(toy: Path):
    code = (
        "import pathlib, time\nfrom tidemill.runs.worktree import workspace\n"
        "with workspace(pathlib.Path('.').resolve()) as work:\n    print(work.folder, flush=True)\n    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=toy, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        left = Path(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
    assert left.exists()
    time.sleep(0.1)
    with workspace(toy) as work:
        assert not left.exists()
        assert published(computed(work, "spam"), "spam") == "spam@v1.0.0"
    assert list((toy / ".tidemill" / "runs").iterdir()) == []


def test_a_run_in_a_linked_worktree_is_of_its_branch_and_publishes_there(toy: Path):
    own = toy.parent / f"{toy.name}-own"
    git("worktree", "add", "-q", "-b", "feature", str(own), folder=toy)
    (own / "data/spam/batches.json").write_text('{"one": 5}')
    git("commit", "-q", "-a", "-m", "five", folder=own)
    main = git("rev-parse", "main", folder=toy)
    with workspace(own) as work:
        assert (work.base, work.branch) == (git("rev-parse", "feature", folder=toy), "feature")
        done = publish(computed(work, "spam"), "spam", branch="feature", promote=True, message="m", say=quiet)
    assert json.loads((own / "reports/spam/verdict.json").read_text()) == {"total": 10}
    assert done.summary == "on branch feature, your checkout follows"
    assert git("rev-parse", "main", folder=toy) == main
    assert git("status", "--porcelain", folder=toy) == git("status", "--porcelain", folder=own) == ""
    assert (toy / ".dvc/cache/files/md5").exists()  # the model outlives the worktree
    assert read_registry(Project.open(toy), "spam").champion == "spam@v1.0.0"


def test_a_branch_that_another_checkout_is_on_is_left_alone(toy: Path, work: Workspace):
    git("switch", "-q", "-c", "other", folder=toy)
    own = toy.parent / f"{toy.name}-own"
    git("worktree", "add", "-q", str(own), "main", folder=toy)
    before = git("rev-parse", "main", folder=toy)
    done = publish(computed(work, "spam"), "spam", branch="main", promote=False, message="m", say=quiet)
    assert done.summary == "another checkout is on main, so the results are on tidemill/spam: git merge tidemill/spam"
    assert git("rev-parse", "main", folder=toy) == before
    assert git("status", "--porcelain", folder=own) == ""


def test_results_go_to_the_branch_that_the_run_began_on(toy: Path, work: Workspace):
    git("switch", "-q", "-c", "other", folder=toy)
    assert work.branch == "main"
    done = publish(computed(work, "spam"), "spam", branch="main", promote=False, message="m", say=quiet)
    assert done.summary == "on branch main"
    assert git("rev-parse", "main", folder=toy) == done.commit != git("rev-parse", "other", folder=toy)


def test_without_a_name_for_git_a_run_publishes_under_its_own(toy: Path, monkeypatch: pytest.MonkeyPatch):
    for key in ("user.name", "user.email"):
        git("config", "--unset", key, folder=toy)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    with workspace(toy) as work:
        assert published(computed(work, "spam"), "spam") == "spam@v1.0.0"
    assert git("log", "-1", "--format=%an", folder=toy) == "Tidemill"


def test_files_are_published_whatever_script_their_names_are_in(toy: Path, work: Workspace):
    computed(work, "spam")
    name = "reports/spam/größe „ß“ ключ.json"
    (work.folder / name).write_text("{}")
    published(work, "spam")
    assert (toy / name).read_text() == "{}"
    assert git("status", "--porcelain", folder=toy) == ""


def test_worktrees_of_runs_that_have_ended_are_swept_whatever_their_names(toy: Path):
    runs = toy / ".tidemill/runs"
    for name in ("1-a", "x-y"):  # process 1 is alive, and is no run; x is no process
        (runs / name).mkdir(parents=True)
    with workspace(toy) as work, workspace(toy):
        assert len([path for path in runs.iterdir() if path.is_dir()]) == 2
        assert work.folder.exists()
