"""What of a run is published and where to: each rule on a repository of a few files, without DVC's own runs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tidemill.contracts import PublishError
from tidemill.runs import publish as module
from tidemill.runs.checkout import current_branch
from tidemill.runs.git import git, succeeds
from tidemill.runs.publish import _merged_overrides, publish
from tidemill.runs.worktree import Workspace, workspace

pytestmark = pytest.mark.slow

PARAMS = "# written by compose\n# do not edit\noverrides: []\nsolar: {seed: 1}\nspam: {seed: 1}\n"
MISSING = "0123456789abcdef0123456789abcdef"


def quiet(_: str) -> None:
    """Say nothing."""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml").replace("_json", ".json").replace(
            "_txt", ".txt"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(folder: Path, message: str = "more") -> str:
    git("add", "-A", folder=folder)
    git("commit", "-q", "-m", message, folder=folder)
    return git("rev-parse", "HEAD", folder=folder)


def lock(**stages: dict[str, str]) -> str:
    """A dvc.lock whose stages have these outputs: path and MD5."""
    entries = {
        name.replace("__", "@"): {"cmd": name, "outs": [{"path": path, "md5": md5} for path, md5 in outs.items()]}
        for name, outs in stages.items()
    }
    return yaml.safe_dump({"schema": "2.0", "stages": entries})


def stages(text: str) -> dict[str, str]:
    return {name: entry["cmd"] for name, entry in yaml.safe_load(text)["stages"].items()}


@pytest.fixture
def root(inside: Path) -> Path:
    git("init", "-q", "-b", "main", folder=inside)
    git("config", "user.name", "Tester", folder=inside)
    git("config", "user.email", "tester@localhost", folder=inside)
    (inside / ".gitignore").write_text(".tidemill/\n/data/*/raw\n/reports/spam/kept.txt\n")
    write(inside, params_yaml=PARAMS, data__spam__batches_json="{}", data__solar__batches_json="{}", judge_txt="one\n")
    (inside / ".dvc").mkdir()
    (inside / ".dvc" / "config").write_text("")
    commit(inside, "start")
    return inside


@pytest.fixture
def work(root: Path) -> Iterator[Workspace]:
    with workspace(root) as opened:
        yield opened


def published(work: Workspace, *, promote: bool = False) -> module.Publication:
    return publish(work, "spam", branch="main", promote=promote, message="spam done", say=quiet)


def shown(root: Path, path: str, ref: str = "main") -> str:
    return git("show", f"{ref}:{path}", folder=root)


def tip(root: Path, branch: str = "main") -> str:
    return git("rev-parse", f"refs/heads/{branch}", folder=root)


# what there is to publish


def test_a_run_that_changed_nothing_publishes_nothing_and_a_promotion_tags_it_all_the_same(root: Path) -> None:
    write(root, dvc_yaml="stages: {}\n")
    (root / "dvc.lock").write_text(module._lock_text({}))
    base = commit(root)
    with workspace(root) as work:
        found = published(work)
        assert (found.commit, found.version, found.summary) == (base, None, "nothing to publish")
        assert git("tag", folder=root) == ""
        promoted = published(work, promote=True)
    assert (promoted.commit, promoted.version) == (base, "spam@v1.0.0")
    assert git("rev-parse", "spam@v1.0.0^{commit}", folder=root) == base
    assert len(git("tag", folder=root).splitlines()) == 2
    assert tip(root) == base


def test_a_change_is_published_without_a_tag_where_nothing_is_promoted(root: Path, work: Workspace) -> None:
    write(work.folder, reports__spam__metrics_json='{"accuracy": 0.9}')
    found = published(work)
    assert found.version is None
    assert tip(root) == found.commit != work.base
    assert git("tag", folder=root) == ""
    assert git("log", "-1", "--format=%s", folder=root) == "spam done"
    assert shown(root, "reports/spam/metrics.json") == '{"accuracy": 0.9}'


def test_files_of_the_problem_are_published_and_no_others(root: Path, work: Workspace) -> None:
    write(work.folder, reports__spam__metrics_json="new", models__spam__card_txt="new", judge_txt="two\n")
    write(work.folder, data__solar__batches_json="changed", data__spam__batches_json="changed")
    published(work)
    names = git("diff", "--name-only", work.base, "main", folder=root).splitlines()
    assert names == ["data/spam/batches.json", "dvc.lock", "models/spam/card.txt", "reports/spam/metrics.json"]


def test_a_file_that_the_run_removed_stays_as_it_was(root: Path, work: Workspace) -> None:
    (work.folder / "data/spam/batches.json").unlink()
    write(work.folder, reports__spam__metrics_json="new")
    published(work)
    assert shown(root, "data/spam/batches.json") == "{}"


# objects


def test_a_missing_object_stops_the_publication(root: Path, work: Workspace) -> None:
    (work.folder / "dvc.lock").write_text(lock(double__spam={"data/spam/raw": MISSING}))
    with pytest.raises(PublishError, match="of data/spam/raw is missing or damaged"):
        published(work)
    assert tip(root) == work.base


def test_outputs_that_git_holds_or_will_hold_need_no_object(root: Path) -> None:
    write(root, reports__spam__old_json="{}", reports__spam__kept_txt="{}")
    git("add", "-f", "reports/spam/kept.txt", folder=root)
    (root / ".gitignore").write_text(".tidemill/\n/data/*/raw\n/reports/spam/kept.txt\n")
    commit(root)  # one file is in git though it is ignored
    names = ("reports/spam/old.json", "reports/spam/kept.txt", "reports/spam/new.json")
    with workspace(root) as work:
        write(work.folder, reports__spam__new_json="{}")
        (work.folder / "dvc.lock").write_text(lock(judge__spam=dict.fromkeys(names, MISSING)))
        published(work)
    assert shown(root, "reports/spam/new.json") == "{}"


@pytest.mark.parametrize("remote", [True, False])
def test_objects_are_pushed_where_there_is_a_remote(
    root: Path, work: Workspace, monkeypatch: pytest.MonkeyPatch, *, remote: bool
) -> None:
    pushed: list[tuple[str, ...]] = []
    monkeypatch.setattr(Workspace, "dvc", lambda _, *words, say: pushed.append(words))  # noqa: ARG005 - of the interface
    if remote:
        (root / ".dvc" / "config").write_text("[core]\nremote = storage\n")
    (work.folder / "dvc.lock").write_text(lock(double__spam={}, double__solar={}))
    published(work)
    assert pushed == ([("push", "--quiet", "double@spam")] if remote else [])


# the lock, parameters and fingerprints of code


def test_the_lock_has_the_problems_stages_of_the_run_and_the_others_of_the_branch(root: Path) -> None:
    (root / "dvc.lock").write_text(lock(double__solar={}, gone__spam={}, double__spam={}))
    commit(root)
    with workspace(root) as work:
        (work.folder / "dvc.lock").write_text(lock(other__solar={}, double__spam={}, judge__spam={}))
        published(work)
    assert list(stages(shown(root, "dvc.lock"))) == ["double@solar", "double@spam", "judge@spam"]


def test_parameters_that_are_the_branchs_keep_their_bytes(root: Path, work: Workspace) -> None:
    text = PARAMS.replace("spam: {seed: 1}", "spam: {seed:   2}")
    write(work.folder, params_yaml=text)
    published(work)
    assert shown(root, "params.yaml") == text.rstrip("\n")


def test_parameters_of_other_problems_are_the_branchs_and_the_header_stays(root: Path) -> None:
    with workspace(root) as work:
        write(root, params_yaml=PARAMS.replace("solar: {seed: 1}", "solar: {seed: 5}"))
        commit(root)  # meanwhile
        write(work.folder, params_yaml=PARAMS.replace("spam: {seed: 1}", "spam: {seed: 2}"))
        published(work)
    text = shown(root, "params.yaml")
    assert yaml.safe_load(text) == {"overrides": [], "solar": {"seed": 5}, "spam": {"seed": 2}}
    assert text.startswith("# written by compose\n# do not edit\noverrides: []\n")
    assert shown(root, "params.yaml", "main^2") == PARAMS.replace("spam: {seed: 1}", "spam: {seed: 2}").rstrip("\n")


def test_parameters_that_the_branch_does_not_have_yet_are_the_runs(root: Path) -> None:
    git("rm", "-q", "params.yaml", folder=root)
    commit(root)
    with workspace(root) as work:
        write(work.folder, params_yaml=PARAMS)
        published(work)
    assert yaml.safe_load(shown(root, "params.yaml")) == {"overrides": [], "spam": {"seed": 1}}


def test_overrides_of_the_problem_are_the_runs_and_the_others_the_branchs() -> None:
    theirs = {"overrides": ["spam.seed=1", "solar.seed=2", "+spam.new=1", "train@spam.lr=1", "spammy.seed=4", "seed=3"]}
    mine = {"overrides": ["~spam.old", "solar.seed=9", "train@spam.lr=2", "seed=9", "++spam.a=b=c", "x=spam.y"]}
    expected = ["solar.seed=2", "spammy.seed=4", "seed=3", "~spam.old", "train@spam.lr=2", "++spam.a=b=c"]
    assert _merged_overrides(theirs, mine, "spam") == expected
    assert _merged_overrides({}, {}, "spam") == []


def test_an_experiment_of_a_run_is_among_its_overrides_and_goes_with_the_next_run() -> None:
    others = ["+experiment@solar=quick", "+experiment@spammy=quick"]
    theirs = {"overrides": ["+experiment@spam=few_gold", *others]}
    mine = {"overrides": ["train@spam.train=head", "+experiment@spam=quick", "+experiment@solar=few_gold"]}
    assert _merged_overrides(theirs, mine, "spam") == [*others, "train@spam.train=head", "+experiment@spam=quick"]
    assert _merged_overrides(theirs, {"overrides": []}, "spam") == others


@pytest.mark.parametrize("meanwhile", [False, True])
def test_fingerprints_of_code_are_the_runs_unless_the_branch_has_others_by_then(root: Path, *, meanwhile: bool) -> None:
    write(root, code_yaml="double: a\n")
    commit(root)
    with workspace(root) as work:
        write(work.folder, code_yaml="double: b\n")
        if meanwhile:
            write(root, code_yaml="double: c\n")
            commit(root)
        published(work)
    assert shown(root, "code.yaml") == ("double: c" if meanwhile else "double: b")


# the branch, and the checkout


def test_a_clean_checkout_of_the_branch_follows(root: Path, work: Workspace) -> None:
    write(work.folder, data__spam__batches_json="changed")
    assert published(work).summary == "on branch main, your checkout follows"
    assert (root / "data/spam/batches.json").read_text() == "changed"
    assert git("status", "--porcelain", folder=root) == ""


def test_a_checkout_whose_git_directory_lies_elsewhere_follows(root: Path, tmp_path_factory) -> None:
    git("init", "-q", "--separate-git-dir", str(tmp_path_factory.mktemp("git") / "own"), folder=root)
    with workspace(root) as work:
        write(work.folder, data__spam__batches_json="changed")
        assert published(work).summary == "on branch main, your checkout follows"
    assert git("status", "--porcelain", folder=root) == ""


def test_a_checkout_of_another_branch_or_of_none_stays_as_it_is(root: Path) -> None:
    for change, words in (("a", ("-b", "other")), ("b", ("--detach",))):
        git("checkout", "-q", *words, folder=root)
        with workspace(root, ref="main") as work:
            write(work.folder, data__spam__batches_json=change)
            assert published(work).summary == "on branch main"
        assert shown(root, "data/spam/batches.json") == change
        assert (root / "data/spam/batches.json").read_text() == "{}"
    assert current_branch(root) is None
    git("checkout", "-q", "other", folder=root)
    assert current_branch(root) == "other"


def test_a_checkout_with_changes_keeps_its_branch_and_results_go_to_one_of_their_own(root: Path) -> None:
    write(root, judge_txt="mine\n")
    for change in ("a", "b"):  # the second time that branch is there
        with workspace(root) as work:
            write(work.folder, data__spam__batches_json=change)
            told = published(work).summary
        assert told == "your checkout of main has changes, so the results are on tidemill/spam: git merge tidemill/spam"
        assert shown(root, "data/spam/batches.json", "tidemill/spam") == change
        assert tip(root) == work.base
        assert (root / "data/spam/batches.json").read_text() == "{}"


def test_changes_of_a_checkout_of_another_branch_are_in_nobodys_way(root: Path) -> None:
    git("checkout", "-q", "-b", "other", folder=root)
    write(root, judge_txt="mine\n")
    with workspace(root, ref="main") as work:
        write(work.folder, data__spam__batches_json="a")
        assert published(work).summary == "on branch main"
    assert not succeeds("rev-parse", "--verify", "-q", "refs/heads/tidemill/spam", folder=root)


def test_a_file_in_the_way_that_is_not_in_git_is_kept_aside(root: Path, work: Workspace) -> None:
    write(root, reports__spam__metrics_json="mine")  # not in git
    write(work.folder, reports__spam__metrics_json="new")
    told = published(work).summary
    place = Path(".tidemill") / "replaced" / tip(root)[:12]
    assert told == (
        "on branch main, your checkout follows; what was there and not in git (reports/spam/metrics.json) is in "
        + str(place)
    )
    assert (root / "reports/spam/metrics.json").read_text() == "new"
    assert (root / place / "reports/spam/metrics.json").read_text() == "mine"
    assert not git("status", "--porcelain", "--untracked-files=no", folder=root)


def test_where_files_cannot_follow_what_was_in_the_way_is_back_and_the_remedy_is_named(
    root: Path, work: Workspace
) -> None:
    write(root, reports__spam__metrics_json="mine")
    write(work.folder, reports__spam__metrics_json="new")
    index_lock = root / ".git" / "index.lock"
    index_lock.write_text("")
    told = published(work).summary
    assert told.startswith("on branch main; your files could not follow (")
    assert told.endswith(f"): git reset --keep {tip(root)[:12]}")
    assert (root / "reports/spam/metrics.json").read_text() == "mine"
    assert shown(root, "reports/spam/metrics.json") == "new"


def moving(root: Path, times: int) -> Callable[..., Any]:
    """Let somebody else move the branch between a look at its tip and the transaction."""
    own, left = module._land, [times]

    def land(*given: Any) -> str:
        landed = own(*given)
        if left[0]:
            left[0] -= 1
            write(root, judge_txt=f"{left[0]}\n")
            commit(root, "theirs")
        return landed

    return land


def test_a_branch_that_moves_meanwhile_is_merged_with(
    root: Path, work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_land", moving(root, 2))
    write(work.folder, data__spam__batches_json="changed")
    found = published(work, promote=True)
    assert git("log", "-1", "--format=%P", "main", folder=root).split()[1] == found.commit
    assert shown(root, "data/spam/batches.json") == "changed"
    assert shown(root, "judge.txt") == "0"
    assert git("rev-parse", "spam@v1.0.0^{commit}", folder=root) == found.commit  # what was computed, not the merge


def test_a_branch_that_keeps_moving_is_given_up(root: Path, work: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_land", moving(root, 99))
    write(work.folder, data__spam__batches_json="changed")
    with pytest.raises(PublishError, match="branch main moved 5 times while publishing; run again"):
        published(work)


@pytest.mark.parametrize("dirty", [False, True])
def test_a_tag_that_is_there_already_is_no_branch_that_moved(
    root: Path, work: Workspace, monkeypatch: pytest.MonkeyPatch, *, dirty: bool
) -> None:
    git("tag", "taken", folder=root)
    monkeypatch.setattr(module, "promotion_tags", lambda *_: ("taken", [f"create refs/tags/taken {work.base}"]))
    if dirty:
        write(root, judge_txt="mine\n")
    write(work.folder, data__spam__batches_json="changed")
    with pytest.raises(PublishError, match="refs/tags/taken"):
        published(work, promote=True)
    assert tip(root) == work.base
