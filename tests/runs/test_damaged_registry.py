"""A registry whose tags were deleted, torn or moved by hand: what is whole is read, the rest is named and put back."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

import polars as pl
import pytest

from tests.runs.test_model_registry import commit, tag
from tidemill.apps.models import model
from tidemill.apps.models.registry_table import model_lines, problem_models
from tidemill.errors import ConfigError, PublishError
from tidemill.project.project import Project
from tidemill.runs.doctor.examine import examine, mend_all
from tidemill.runs.git import git
from tidemill.runs.model_registry import Registry, read_registry
from tidemill.runs.promotion_record import promotion_tags
from tidemill.runs.rollback import rollback
from tidemill.runs.tags_being_set import tags_are_set

TORN = {"empty": "", "half": "2f01a", "zeros": "0" * 40 + "\n"}


@pytest.fixture
def repository(inside: Path) -> Path:
    """Three promoted versions of spam, each on a commit of its own; a second problem beside it."""
    git("init", "-q", "-b", "main", folder=inside)
    git("config", "user.name", "T", folder=inside)
    git("config", "user.email", "t@localhost", folder=inside)
    for number in range(3):
        where = commit(inside, str(number))
        tag(inside, f"spam@v1.{number}.0", where)
        tag(inside, f"spam#prod#{number + 1}", where)
    tag(inside, "solar@v1.0.0", where)
    return inside


def registry(folder: Path) -> Registry:
    return read_registry(Project.open(folder), "spam")


def told(folder: Path) -> str:
    return "\n".join(map(str, examine(Project.open(folder))))


def mended(folder: Path) -> list[str]:
    """What the doctor did; nothing is left after it."""
    done = mend_all(Project.open(folder))
    assert told(folder) == ""
    return done


def promotion(folder: Path) -> str:
    git("commit", "-q", "--allow-empty", "-m", "spam: promote\n\nit is better", folder=folder)
    return git("rev-parse", "HEAD", folder=folder)


def test_how_a_person_lets_git_print_damages_nothing(repository: Path, monkeypatch):
    settings = {"color.ui": "always", "column.ui": "always", "log.showSignature": "true", "core.abbrev": "40"}
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    assert told(repository) == ""
    assert list(registry(repository).versions) == ["spam@v1.0.0", "spam@v1.1.0", "spam@v1.2.0"]


def test_promotions_in_the_history_whose_tags_are_gone_are_told_and_their_names_not_given_again(repository: Path):
    for _ in range(3):
        where = promotion(repository)
    git("commit", "-q", "--allow-empty", "-m", "spam: promote it by hand", folder=repository)
    head = git("rev-parse", "HEAD", folder=repository)
    assert problem_models(Project.open(repository), "spam").damaged == ()
    for name in git("tag", "-l", "spam*", folder=repository).splitlines():
        git("tag", "-d", name, folder=repository)
    git("prune", folder=repository)  # as in a clone without tags
    (repository / "params.yaml").write_text("problems: [spam]\n")  # no tag names the problem any more
    (said,) = problem_models(Project.open(repository), "spam").damaged
    assert said.startswith(
        "spam: the history has 3 promotions, and there are 0 versions, so nothing counts as the champion; `git fetch"
    )
    assert said.partition(";")[0] in told(repository)
    with pytest.raises(ConfigError, match="the history has 3 promotions, and there are 0 versions"):
        model._version(Project.open(repository), "spam", None)
    assert promotion_tags(Project.open(repository), "spam", head, "again")[0] == "spam@v1.3.0"
    assert promotion_tags(Project.open(repository), "spam", where, "again")[0] == "spam@v1.2.0"
    tag(repository, "spam@v1.0.0", where)
    assert promotion_tags(Project.open(repository), "spam", head, "again")[0] == "spam@v1.3.0"
    assert (
        "3 promotions, and there is 1 version, so nothing"
        in problem_models(Project.open(repository), "spam").damaged[0]
    )


def test_the_name_of_a_version_that_was_deleted_is_not_given_to_another_model(repository: Path, capsys):
    for name in ("spam@v1.2.0", "spam#prod#3"):
        git("tag", "-d", name, folder=repository)
    head = git("rev-parse", "HEAD", folder=repository)
    names = [line.split()[1] for line in promotion_tags(Project.open(repository), "spam", head, "again")[1]]
    assert names == ["refs/tags/spam@v1.3.0", "refs/tags/spam#prod#4"]
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(", ")[0] for line in told] == [
        "warning: spam#prod#3: it was deleted",
        "warning: spam@v1.2.0: it was deleted; `tidemill doctor --fix` puts it back; git forgets it in some weeks",
    ]


def test_a_whole_registry_has_no_damage(repository: Path):
    assert registry(repository).damages == ()
    assert examine(Project.open(repository)) == []
    assert mend_all(Project.open(repository)) == []


@pytest.mark.slow
def test_a_deleted_version_that_is_assigned_is_named_and_put_back(repository: Path):
    before = git("for-each-ref", folder=repository)
    git("tag", "-d", "spam@v1.2.0", folder=repository)
    found = registry(repository)
    assert found.champion == "spam@v1.1.0"
    assert [one.tag for one in found.damages] == ["spam#prod#3"]
    assert "no version names, so spam@v1.1.0 counts as the champion" in str(found.damages[0])
    assert mended(repository) == ["spam@v1.2.0: put back as it was"]
    assert git("for-each-ref", folder=repository) == before


def test_whoever_takes_the_champion_is_warned_that_another_may_be_meant(
    repository: Path, capsys: pytest.CaptureFixture[str]
):
    git("tag", "-d", "spam@v1.2.0", folder=repository)
    assert model._version(Project.open(repository), "spam", None) == "spam@v1.1.0"
    assert capsys.readouterr().err.startswith("warning: spam#prod#3: it assigns commit")
    assert model._version(Project.open(repository), "spam", "v1.0.0") == "spam@v1.0.0"
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_with_every_version_gone_there_is_no_champion_and_a_rollback_says_so(repository: Path):
    for number in range(3):
        git("tag", "-d", f"spam@v1.{number}.0", folder=repository)
    assert registry(repository).champion is None
    with pytest.raises(ConfigError, match="spam has no version to go back to"):
        rollback(Project.open(repository), "spam", None)
    assert len(mended(repository)) == 3
    assert registry(repository).champion == "spam@v1.2.0"


def test_a_deleted_assignment_leaves_a_gap_that_is_no_obstacle(repository: Path):
    git("tag", "-d", "spam#prod#2", folder=repository)
    assert registry(repository).next_assignment() == "spam#prod#4"
    assert rollback(Project.open(repository), "spam", "v1.0.0") == "spam@v1.0.0"
    assert registry(repository).champion == "spam@v1.0.0"
    assert mended(repository) == ["spam#prod#2: put back as it was"]
    assert registry(repository).champion == "spam@v1.0.0"


@pytest.mark.parametrize(
    "gone",
    [
        ["spam#prod#3"],
        ["spam@v1.2.0", "spam#prod#3"],
        [name for number in range(3) for name in (f"spam@v1.{number}.0", f"spam#prod#{number + 1}")],
    ],
)
def test_deleted_assignments_are_named_with_the_champion_that_counts_instead_and_put_back(
    repository: Path, gone: list[str]
):
    before = git("for-each-ref", folder=repository)
    git("tag", "-d", *gone, folder=repository)
    instead = registry(repository).champion
    assert instead != "spam@v1.2.0"
    counts = f"so {instead} counts as the champion" if instead else "so there is no champion"
    assert f"spam#prod#3: it was deleted, {counts}: `tidemill doctor --fix` puts it back" in told(repository)
    assert sorted(mended(repository)) == sorted(f"{tag}: put back as it was" for tag in gone)
    assert git("for-each-ref", folder=repository) == before


def test_tags_that_a_clone_has_not_fetched_are_told_with_how_to_fetch_them(repository: Path):
    clone = repository.with_name(f"{repository.name}-clone")
    git(
        "clone", "-q", "--no-tags", str(repository), str(clone), folder=repository.parent
    )  # with all objects, as it is local
    line = "spam@v1.2.0: it was deleted or never fetched: `git fetch --tags` brings it if a remote has it; else `tidemill doctor --fix` puts"
    assert line in told(clone)
    git("fetch", "-q", "--tags", folder=clone)
    assert "never fetched" not in told(clone)


def test_a_deleted_assignment_is_not_put_back_over_one_that_was_made_later(
    repository: Path, monkeypatch: pytest.MonkeyPatch
):
    git("tag", "-d", "spam#prod#2", "spam#prod#3", folder=repository)
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2090-01-01T00:00:00Z")
    assert rollback(Project.open(repository), "spam", "v1.0.0") == "spam@v1.0.0"
    line = "spam#prod#3: it was deleted, and spam#prod#2, which was made later, assigns spam@v1.0.0: nothing, if"
    assert line in told(repository)
    assert mend_all(Project.open(repository)) == []
    assert registry(repository).champion == "spam@v1.0.0"


def test_of_a_deleted_tag_with_two_objects_both_are_named_and_none_is_chosen(repository: Path):
    for number in (2, 1):  # the first of them is left beside the one that the fixture made
        git("tag", "-d", "spam#prod#3", folder=repository)
        tag(repository, "spam#prod#3", git("rev-parse", f"HEAD~{number}", folder=repository))
    git("tag", "-d", "spam#prod#3", folder=repository)
    assert "spam#prod#3: it was deleted, so spam@v1.1.0 counts as the champion, and git has 3 objects" in told(
        repository
    )
    assert mend_all(Project.open(repository)) == []


def test_tags_of_a_promotion_that_was_killed_before_they_were_set_were_never_deleted(repository: Path):
    where = git("rev-parse", "HEAD", folder=repository)
    version, lines = promotion_tags(Project.open(repository), "spam", where, "spam: promote")
    assert told(repository) == ""
    git("update-ref", "--stdin", folder=repository, stdin="\n".join([*lines, ""]))
    tags_are_set(lines, repository)
    git("tag", "-d", version, folder=repository)
    assert mended(repository) == [f"{version}: put back as it was"]


def test_where_no_assignment_is_left_the_list_says_that_there_is_no_champion_and_how_to_name_one(repository: Path):
    listed = "\n".join(model_lines("spam", problem_models(Project.open(repository), "spam")))
    assert "no champion" not in listed
    git("tag", "-d", *(f"spam#prod#{number}" for number in (1, 2, 3)), folder=repository)
    listed = "\n".join(model_lines("spam", problem_models(Project.open(repository), "spam")))
    assert "spam has versions and no champion: `tidemill rollback spam v1.2.0` makes one of them so" in listed
    assert rollback(Project.open(repository), "spam", "v1.2.0") == "spam@v1.2.0"
    assert registry(repository).champion == "spam@v1.2.0"


def test_the_number_of_a_version_whose_tag_is_damaged_is_not_given_again(repository: Path):
    (repository / ".git/refs/tags/spam@v1.2.0").write_text("")
    assert registry(repository).next_tags() == ("spam@v1.3.0", "spam#prod#4")


@pytest.mark.slow
def test_marks_of_deprecation_that_gto_sets_are_named(repository: Path):
    where = git("rev-parse", "spam@v1.2.0^{commit}", folder=repository)
    for mark in ("spam@v1.2.0!", "spam@deprecated#9", "spam#prod!#2", "spam#prod!#7", "solar@v1.0.0!#3"):
        tag(repository, mark, where)
    marked = [damage.tag for damage in registry(repository).damages]
    assert marked == ["spam#prod!#7", "spam@deprecated#9", "spam@v1.2.0!"]  # what was assigned after #2 is #3
    assert (
        "spam@v1.2.0!: a mark by `gto deprecate`, which `gto show` follows and Tidemill does not: the champion is"
        in told(repository)
    )
    assert "solar@v1.0.0!#3: a mark" in told(repository)
    assert registry(repository).champion == "spam@v1.2.0"


@pytest.mark.parametrize("torn", TORN)
def test_a_torn_tag_is_named_and_put_back_from_what_git_keeps(repository: Path, torn: str):
    before = git("for-each-ref", folder=repository)
    (repository / ".git/refs/tags/spam@v1.1.0").write_text(TORN[torn])
    found = registry(repository)
    assert found.champion == "spam@v1.2.0"
    assert list(found.versions) == ["spam@v1.0.0", "spam@v1.2.0"]
    assert "spam@v1.1.0: its file in .git is torn" in told(repository)
    with pytest.raises(ConfigError, match=r"no version spam@v1\.1\.0; there are .*its file in \.git is torn"):
        rollback(Project.open(repository), "spam", "v1.1.0")
    assert mended(repository) == ["spam@v1.1.0: put back as it was"]
    assert git("for-each-ref", folder=repository) == before


def test_of_a_torn_tag_that_git_has_packed_the_packed_one_counts_again(repository: Path):
    before = git("for-each-ref", folder=repository)
    git("pack-refs", "--all", folder=repository)
    (repository / ".git/refs/tags/spam#prod#3").write_text("")
    assert registry(repository).champion == "spam@v1.1.0"
    assert mended(repository) == ["spam#prod#3: put back as it was"]
    assert git("for-each-ref", folder=repository) == before


def test_a_torn_tag_of_which_two_objects_are_left_is_not_guessed(repository: Path):
    where = git("rev-parse", "HEAD~2", folder=repository)
    git("update-ref", "-d", "refs/tags/spam#prod#3", folder=repository)
    tag(repository, "spam#prod#3", where)  # a second object of that name
    (repository / ".git/refs/tags/spam#prod#3").write_text("")
    (line,) = mend_all(Project.open(repository))
    assert "its torn file is removed" in line
    assert registry(repository).champion == "spam@v1.1.0"


def test_a_version_whose_commit_is_not_here_is_named(repository: Path):
    (repository / ".git/refs/tags/spam@v1.3.0").write_text("1" * 40 + "\n")
    assert registry(repository).champion == "spam@v1.2.0"
    assert "spam@v1.3.0: it names a commit that is not in this repository" in told(repository)
    assert registry(repository).next_tags()[0] == "spam@v1.4.0"


def test_a_tag_of_another_problem_or_purpose_does_no_harm(repository: Path):
    (repository / ".git/refs/tags/release-2").write_text("")
    git("tag", "blob", git("hash-object", "-w", "--stdin", folder=repository, stdin="x"), folder=repository)
    git("tag", "spam@v1.9", folder=repository)
    assert registry(repository).champion == "spam@v1.2.0"
    assert registry(repository).damages == ()
    assert mend_all(Project.open(repository)) == []
    assert (repository / ".git/refs/tags/release-2").exists()


def by_hand(repository: Path, name: str, commit: str, *words: str) -> None:
    git("-c", "user.name=T", "-c", "user.email=t@localhost", "tag", *words, name, commit, folder=repository)


@pytest.mark.parametrize("words", [(), ("-am", "the best so far")])
@pytest.mark.parametrize("version", ["spam@v1.2.0", "spam@v1.0.0"])
def test_a_version_set_by_hand_is_named_and_changes_nothing(repository: Path, words: tuple[str, ...], version: str):
    by_hand(repository, "spam@v1.9.0", f"{version}^{{commit}}", *words)
    assert registry(repository).champion == "spam@v1.2.0"
    line = "spam@v1.9.0: it says nothing of a promotion, as a tag that was set by hand, and counts as no version; `git tag -d spam@v1.9.0`"
    listed = "\n".join(model_lines("spam", problem_models(Project.open(repository), "spam")))
    assert f"damaged: {line}" in listed
    assert line.partition(";")[0] in told(repository)
    with pytest.raises(
        ConfigError, match=r"spam has no version spam@v1\.9\.0; there are .*it says nothing of a promotion"
    ):
        rollback(Project.open(repository), "spam", "v1.9.0")
    assert rollback(Project.open(repository), "spam", None) == "spam@v1.1.0"
    assert registry(repository).champion == "spam@v1.1.0"
    assert registry(repository).next_tags()[0] == "spam@v1.10.0"


def test_tags_of_others_of_the_same_form_are_none_of_this_project(repository: Path):
    by_hand(repository, "tokenizer@v3.0.0", "HEAD")
    by_hand(repository, "tokenizer@v3.1.0", "HEAD", "-am", "Release 3.1")
    by_hand(repository, "tokenizer#prod#1", "HEAD", "-am", "Assigning stage prod")
    assert told(repository) == ""
    (repository / "conf/problem").mkdir(parents=True)
    (repository / "conf/problem/tokenizer.yaml").touch()
    assert "tokenizer@v3.0.0: it says nothing of a promotion" in told(repository)
    git("add", "conf", folder=repository)
    git("commit", "-q", "-m", "a problem of that name", folder=repository)
    by_hand(repository, "tokenizer@v3.2.0", "HEAD")
    git("rm", "-q", "conf/problem/tokenizer.yaml", folder=repository)
    assert "tokenizer@v3.2.0: it says nothing of a promotion" in told(repository)


def test_a_version_set_by_hand_where_there_is_no_model_is_named_and_never_the_champion(repository: Path):
    git("read-tree", "--empty", folder=repository)
    bare = git("commit-tree", git("write-tree", folder=repository), "-m", "no model", folder=repository)
    git("read-tree", "HEAD", folder=repository)
    for name in ("spam@v1.1.5", "solar@v2.0.0"):
        by_hand(repository, name, bare, "-am", "spam: promote")
    line = f"spam@v1.1.5: it names commit {bare[:12]}, which holds no model of spam"
    listed = "\n".join(model_lines("spam", problem_models(Project.open(repository), "spam")))
    assert f"damaged: {line}; `git tag -d spam@v1.1.5` if it was set by hand" in listed
    assert line in told(repository)
    assert "solar@v2.0.0: it names commit" in told(repository)
    with pytest.raises(ConfigError, match=r"holds no model of spam.*Nothing was changed"):
        rollback(Project.open(repository), "spam", "v1.1.5")
    assert rollback(Project.open(repository), "spam", None) == "spam@v1.1.0"
    git("tag", "-d", "spam@v1.1.5", "solar@v2.0.0", folder=repository)
    assert told(repository) == ""


def test_a_truncated_model_in_the_cache_is_named_and_removed_for_the_next_run(repository: Path):
    (path,) = (
        item for item in (repository / ".dvc" / "cache").rglob("*") if item.is_file() and item.read_text() == "2"
    )
    path.write_text("")
    assert f"{path} in DVC's cache is damaged" in told(repository)
    (line,) = mend_all(Project.open(repository))
    assert line.startswith(f"{path}: removed; the next run fetches models/s")
    assert "files of the champion spam@v1.2.0 are not in DVC's cache" in told(repository)


def test_a_truncated_model_of_an_older_version_is_found_before_a_rollback_chooses_it(repository: Path):
    (path,) = (
        item for item in (repository / ".dvc" / "cache").rglob("*") if item.is_file() and item.read_text() == "1"
    )
    path.write_text("")
    assert f"{path} in DVC's cache is damaged" in told(repository)
    assert "part of the model of spam@v1.1.0" in told(repository)


@pytest.mark.slow
def test_a_lock_that_a_killed_git_left_is_named_and_removed(repository: Path):
    lock = repository / ".git/refs/tags/spam#prod#4.lock"
    lock.write_text("")
    with pytest.raises(
        PublishError, match=r"#prod#4\.lock is there: another git command is at work, or one was killed"
    ):
        rollback(Project.open(repository), "spam", None)
    assert f"{lock} is there: a git command may be at work" in told(repository)
    assert mend_all(Project.open(repository)) == []
    old = time.time() - 3600
    os.utime(lock, (old, old))
    assert f"a killed git command left {lock}" in told(repository)
    assert mended(repository) == [f"{lock}: removed"]
    assert rollback(Project.open(repository), "spam", None) == "spam@v1.1.0"


@pytest.mark.slow
def test_a_torn_branch_is_set_to_the_commit_that_its_log_names(repository: Path):
    head = git("rev-parse", "HEAD", folder=repository)
    (repository / ".git/refs/heads/main").write_text("")
    assert "the file of branch main in .git is torn" in told(repository)
    assert mended(repository) == [f"branch main: set to {head[:12]}, as its log says"]
    assert git("rev-parse", "HEAD", folder=repository) == head


def test_copies_of_refs_that_programs_have_named_are_told_and_kept(repository: Path):
    refs, before = repository / ".git/refs", registry(repository)
    head = git("rev-parse", "HEAD", folder=repository)
    copies = [refs / "heads/main (1)", refs / "tags/spam@v1.2.0 (conflicted copy 2026-11-29)"]
    for copy in copies:
        copy.write_text(f"{head}\n")
    (refs / "tags/odd~name").write_text("no commit\n")
    (refs / "tags/.DS_Store").write_bytes(b"\0Bud1")
    found = [str(item) for item in examine(Project.open(repository))]
    assert [line.partition(": git passes over it")[0] for line in found] == [
        str(copies[0]),
        str(refs / "tags/odd~name"),
        str(copies[1]),
    ]
    assert [f"git log HEAD..{head[:12]}" in line for line in found] == [True, False, True]
    assert mend_all(Project.open(repository)) == []
    assert all(copy.exists() for copy in copies)
    assert registry(repository) == before


def test_a_torn_head_is_told_with_what_puts_it_right(repository: Path):
    (repository / ".git/HEAD").write_text("")
    with pytest.raises(PublishError, match=r"HEAD or config in it is torn.*echo 'ref: refs/heads/BRANCH'"):
        registry(repository)
    assert "HEAD or config in it is torn" in told(repository)


@pytest.mark.parametrize("content", [b"", b"PA", b"PAR1 and no end"])
def test_a_torn_table_is_told_by_its_path(repository: Path, content: bytes):
    (repository / "conf/problem").mkdir(parents=True, exist_ok=True)
    (repository / "conf/problem/spam.yaml").write_text("")
    raw = repository / "data/spam/raw"
    raw.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"row_id": ["a"]}).write_parquet(raw / "whole.parquet")
    (raw / "torn.parquet").write_bytes(content)
    found = [line for line in told(repository).splitlines() if ".parquet" in line]
    assert len(found) == 1
    assert "raw/torn.parquet is torn: remove it, and `dvc checkout`" in found[0]


@pytest.mark.parametrize("content", [b"xx", b"XXXX" + bytes(100)])
def test_a_torn_index_is_told_with_what_makes_it_anew(repository: Path, content: bytes):
    git("add", "-A", folder=repository)
    (repository / ".git/index").write_bytes(content)
    assert "index && git reset` makes it anew" in told(repository)


def test_files_that_a_sparse_checkout_leaves_out_are_told(repository: Path):
    for name in ("flows/day.py", "src/spam/rules.py"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("")
    git("add", "flows", "src", folder=repository)
    git("commit", "-q", "-m", "code", folder=repository)
    git("sparse-checkout", "set", "flows", folder=repository)
    assert "src/spam/rules.py: committed, and left out of this sparse checkout: `git sparse-checkout disable`" in told(
        repository
    )


@pytest.mark.slow
def test_settings_and_code_that_were_cut_off_and_are_whole_yaml_are_told(repository: Path, root: Path):
    for name in ("conf", "params.yaml", "code.yaml"):
        (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, repository / name)
    assert "settings:" not in told(repository)
    for name, said in (
        ("code.yaml", r"settings: code\.yaml is stale: the code of stages .* Run `tidemill compose`"),
        (
            "params.yaml",
            r"settings: params\.yaml is stale: spam is None there and .*… in conf/\. Run `tidemill compose`",
        ),
    ):
        lines = (repository / name).read_text().splitlines(keepends=True)
        (repository / name).write_text("".join(lines[: len(lines) // 2]))
        assert re.search(said, told(repository))
    assert max(map(len, told(repository).splitlines())) < 700


def test_torn_lists_of_batches_gold_and_settings_are_named_with_what_brings_them_back(repository: Path):
    data = repository / "data" / "spam"
    data.mkdir(parents=True, exist_ok=True)
    (data / "batches.json").write_text('{"batches": [')
    (data / "gold_history.jsonl").write_text('{"row_id": "x"')
    (repository / "params.yaml").write_text("<<<<<<< HEAD\nproblems: [spam]\n=======\n")
    (repository / "conf" / "problem").mkdir(parents=True, exist_ok=True)
    (repository / "conf" / "problem" / "spam.yaml").write_text("")
    found = told(repository)
    assert "batches.json is not JSON" in found
    assert "gold_history.jsonl, line 1" in found
    assert "params.yaml, line 2 is not YAML: after a merge with conflicts `git checkout --ours params.yaml`" in found


def test_both_sides_of_a_merge_in_files_that_git_keeps_are_told_with_what_belongs_in_each(repository: Path):
    (repository / "params.yaml").write_text("problems: [spam]\n")
    files = (
        "data/spam/batches.json",
        "data/spam/gold_history.jsonl",
        "data/spam/certificate.json",
        "models/spam/champion.json",
    )
    for name in files:
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> theirs\n")
    found = told(repository)
    for name in files:
        assert found.count(f"{name}, line 1: a merge has left both sides here: ") == 1, found
    assert "the batches of both belong in it" in found
    assert "the lines of both belong in it" in found


def test_labels_of_people_that_a_merge_or_a_deletion_has_lost_are_told(repository: Path):
    (repository / "params.yaml").write_text("problems: [spam]\n")
    path = repository / "data/spam/gold_history.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        '{"format": 1}\n',
        *(f'{{"row_id": "{row}", "label": "ham", "who": "r1", "when": "{row}"}}\n' for row in "abc"),
    ]
    for number in (2, 3, 4):
        path.write_text("".join(lines[:number]))
        git("add", str(path), folder=repository)
        git("commit", "-q", "-m", "labels", folder=repository)
    assert "missing that commits have" not in told(repository)
    path.write_text("".join(lines[:2]))
    git("commit", "-q", "-a", "-m", "a merge that kept one side", folder=repository)
    assert "data/spam/gold_history.jsonl: 2 lines are missing that commits have" in told(repository)
    path.unlink()
    assert "data/spam/gold_history.jsonl: 4 lines are missing" in told(repository)
    path.write_text("".join([lines[0], *reversed(lines[1:])]).replace("\n", "\r\n"))
    assert "missing that commits have" not in told(repository)
