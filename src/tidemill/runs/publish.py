"""Publication of a run's results: objects pushed and verified, a commit, and one transaction that moves the branch and sets the tags.

A crash before the transaction leaves garbage, never half a promotion.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tidemill.common.locks import locked
from tidemill.errors import PublishError
from tidemill.project.gold_history import merged_lines
from tidemill.project.layout import Paths
from tidemill.project.stage_code.stage_fingerprints import CODE
from tidemill.reports.promotion import PendingCandidate
from tidemill.runs.checkout import current_branch, repository_state
from tidemill.runs.dvc_cache import (
    damaged_objects,
    locked_stages,
    missing_objects,
    outputs,
    parse_lock,
    read_lock,
)
from tidemill.runs.dvc_config import cache_folder, default_remote
from tidemill.runs.git import UPDATE_REFS, common_folder, git, identity, succeeds
from tidemill.runs.pending import asking, closing
from tidemill.runs.promotion_record import GATE, promotion_tags, signed
from tidemill.runs.tags_being_set import tags_are_set
from tidemill.runs.worktree import Workspace

_NOTHING = "0" * 40
_TRIES = 5
_TOLD: Final = 3
_REPLACED: Final = Path(".tidemill") / "replaced"
"""Where files go that are in the way of a run's results."""

ELSEWHERE: Final = "the results are on"
"""What the outcome of a run says that could not move the branch of the checkout."""


@dataclass(frozen=True)
class Publication:
    """The published commit, the version it promoted (or None), and a message for the user."""

    commit: str
    version: str | None
    summary: str


def publish(  # noqa: PLR0913 - what is published, where, and as what
    work: Workspace,
    problem: str,
    *,
    branch: str,
    promote: bool,
    message: str,
    say: Callable[[str], None],
    pending: PendingCandidate | None = None,
) -> Publication:
    """Publish the results of a finished run, with tags when the candidate is promoted.

    In the same transaction a question that was open is closed by a promotion, and replaced by a new one.

    Parameters
    ----------
    work
        Of the run.
    problem
        Name of the problem.
    branch
        Branch that the commit is put on.
    promote
        Whether the candidate becomes the champion.
    message
        Of the commit.
    say
        Called with a line for the person who waits.
    pending
        The candidate, where a person is asked about it.

    Returns
    -------
    Publication

    Raises
    ------
    PublishError
        An object is missing or damaged, or the branch kept moving.
    """
    _secure(work, problem, say)
    with locked(repository_state(work.root) / "publish.lock"):
        commit = _commit(work, problem, parent=work.base, source=work.folder, message=message)
        version, tags = promotion_tags(work.project, problem, commit, signed(message, GATE)) if promote else (None, [])
        tags += closing(work.project, problem) if promote else asking(work.project, pending, commit)
        if commit == work.base and not tags:
            return Publication(commit, None, "nothing to publish")
        summary = _move(work, problem, branch, commit, tags, message)
    return Publication(commit, version, summary)


def _secure(work: Workspace, problem: str, say: Callable[[str], None]) -> None:
    """Push the problem's objects where there is a remote, and see that every one is in the cache and whole."""
    stages = locked_stages(work.folder, problem)
    cache = cache_folder(work.root)
    tracked = set(git("ls-files", "-z", folder=work.folder).split("\0"))
    for path, digest in outputs(stages):
        if path in tracked or not _ignored(work.folder, path):
            continue
        for lost in [*missing_objects(cache, digest), *damaged_objects(cache, digest)]:
            raise PublishError(f"object {lost} of {path} is missing or damaged; nothing was published. Run again")
    if default_remote(work.root):
        work.dvc("push", "--quiet", *stages, say=say)


def _ignored(folder: Path, path: str) -> bool:
    return succeeds("check-ignore", "--quiet", path, folder=folder)


def _commit(work: Workspace, problem: str, *, parent: str, source: Path, message: str) -> str:
    """The parent itself where nothing differs."""
    with tempfile.TemporaryDirectory(dir=work.project.state) as scratch:
        index = Path(scratch) / "index"
        git("read-tree", parent, folder=work.root, index=index)
        for path, content in _files(work, problem, parent, source).items():
            words = ("--", str(content)) if isinstance(content, Path) else ("--stdin",)
            text = None if isinstance(content, Path) else content
            blob = git("hash-object", "-w", "--no-filters", *words, folder=work.root, stdin=text)
            git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", folder=work.root, index=index)
        tree = git("write-tree", folder=work.root, index=index)
    if tree == git("rev-parse", f"{parent}^{{tree}}", folder=work.root):
        return parent
    return git(*identity(work.root), "commit-tree", tree, "-p", parent, "-m", message, folder=work.root)


def _files(work: Workspace, problem: str, parent: str, source: Path) -> dict[str, str | Path]:
    """Everything that a run of this problem may change and git keeps."""
    paths = Paths.within(problem)
    listed = git(
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        str(paths.data),
        str(paths.reports),
        str(paths.model.parent),
        folder=source,
    )
    files: dict[str, str | Path] = {path: source / path for path in listed.split("\0") if (source / path).is_file()}
    mine, theirs = read_lock(source), parse_lock(_show(work.root, parent, "dvc.lock") or "{}").get("stages") or {}
    stages = {name: entry for name, entry in theirs.items() if not name.endswith(f"@{problem}")}
    stages |= {name: entry for name, entry in mine.items() if name.endswith(f"@{problem}")}
    files["dvc.lock"] = _lock_text(stages)
    files["params.yaml"] = _params_text(work.root, parent, source, problem)
    history = str(paths.gold_history)
    if history in files:  # answers that were committed while the run was under way stay
        own = (source / history).read_text(encoding="utf-8")
        files[history] = merged_lines(_show(work.root, parent, history), own)
    if (source / CODE).exists() and _show(work.root, parent, str(CODE)) == _show(work.root, work.base, str(CODE)):
        files[str(CODE)] = source / CODE  # else the branch has other code by now, and fingerprints of it
    return files


def _lock_text(stages: dict[str, Any]) -> str:
    """As DVC itself writes it (schema 2.0, stages by name)."""
    from dvc.utils.serialize import dumps_yaml

    text: str = dumps_yaml({"schema": "2.0", "stages": {name: stages[name] for name in sorted(stages)}})
    return text


def _params_text(root: Path, parent: str, source: Path, problem: str) -> str:
    text = (source / "params.yaml").read_text(encoding="utf-8")
    mine, theirs = yaml.safe_load(text), yaml.safe_load(_show(root, parent, "params.yaml") or "{}")
    merged = theirs | {problem: mine[problem], "overrides": _merged_overrides(theirs, mine, problem)}
    if merged == mine:
        return text
    header = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    body: str = yaml.safe_dump(merged, sort_keys=True, allow_unicode=True)
    return header + body


def _merged_overrides(theirs: dict[str, Any], mine: dict[str, Any], problem: str) -> list[str]:
    def concerns(override: str) -> bool:
        key = override.lstrip("+~").partition("=")[0]
        places = re.split("[@:]", key)[1:] or [key]  # of a group where it is put: experiment@spam, train@spam.train
        return any(place == problem or place.startswith(f"{problem}.") for place in places)

    kept = [item for item in theirs.get("overrides", []) if not concerns(item)]
    return kept + [item for item in mine.get("overrides", []) if concerns(item)]


def _show(root: Path, commit: str, path: str) -> str:
    """Empty where the file is not."""
    return (
        git("show", f"{commit}:{path}", folder=root)
        if succeeds("cat-file", "-e", f"{commit}:{path}", folder=root)
        else ""
    )


def _move(work: Workspace, problem: str, branch: str, commit: str, tags: Sequence[str], message: str) -> str:
    """Compare-and-swap the branch, set the tags in the same transaction, fast-forward the checkout when it is clean."""
    free = _is_free(work.root, branch)
    target = branch if free else f"tidemill/{problem}"
    for _ in range(_TRIES):
        seen = _tip(work.root, target)  # once: what is merged with is what may be replaced
        tip, old = seen or work.base, seen or _NOTHING
        landed = _land(work, problem, tip, commit, message)
        moves = [f"update refs/heads/{target} {landed} {old}"] if landed != old else []
        try:
            transaction = "\n".join(["start", *moves, *tags, "prepare", "commit", ""])
            git(*UPDATE_REFS, folder=work.root, stdin=transaction)
        except PublishError:
            if _tip(work.root, target) == seen:
                raise
            continue
        tags_are_set(tags, work.root)
        return _synchronise(work.root, branch, target, tip, landed)
    raise PublishError(f"branch {target} moved {_TRIES} times while publishing; run again")


def _land(work: Workspace, problem: str, tip: str, commit: str, message: str) -> str:
    """The run's commit, or a merge with the tip of the branch."""
    if succeeds("merge-base", "--is-ancestor", tip, commit, folder=work.root):
        return commit
    merged = _commit(work, problem, parent=tip, source=work.folder, message=message)
    tree = git("rev-parse", f"{merged}^{{tree}}", folder=work.root)
    who = identity(work.root)
    return git(*who, "commit-tree", tree, "-p", tip, "-p", commit, "-m", message, folder=work.root)


def _tip(root: Path, branch: str) -> str | None:
    name = f"refs/heads/{branch}"
    return (
        git("rev-parse", "--verify", name, folder=root)
        if succeeds("rev-parse", "--verify", "-q", name, folder=root)
        else None
    )


def _is_free(root: Path, branch: str) -> bool:
    """Whether the branch can move: only this checkout is on it, without changed tracked files, or none is."""
    listing = git("worktree", "list", "--porcelain", "-z", folder=root).split("\0\0")
    places = [
        Path(lines[0].removeprefix("worktree "))
        for lines in (entry.split("\0") for entry in listing)
        if f"branch refs/heads/{branch}" in lines
    ]
    own = {root.resolve(), *_listed_for(root)}
    if any(place.resolve() not in own for place in places):
        return False
    return not places or not git("status", "--porcelain", "--untracked-files=no", folder=root)


def _listed_for(root: Path) -> list[Path]:
    """What git lists in place of a main checkout whose git directory lies elsewhere (``--separate-git-dir``, a submodule): that directory."""
    shared = common_folder(root).resolve()
    own = Path(git("rev-parse", "--absolute-git-dir", folder=root)).resolve()
    return [shared] if shared == own else []


def _synchronise(root: Path, branch: str, target: str, old: str, new: str) -> str:
    if target != branch:
        why = (
            f"your checkout of {branch} has changes"
            if current_branch(root) == branch
            else f"another checkout is on {branch}"
        )
        return f"{why}, so {ELSEWHERE} {target}: git merge {target}"
    if current_branch(root) != branch:
        return f"on branch {branch}"
    moved = _move_aside(root, old, new)
    try:
        git("read-tree", "-m", "-u", old, new, folder=root)
    except PublishError as error:
        for path, place in moved.items():
            place.rename(path)
        return f"on branch {branch}; your files could not follow ({error}): git reset --keep {new[:12]}"
    if not moved:
        return f"on branch {branch}, your checkout follows"
    shown = ", ".join(str(path.relative_to(root)) for path in list(moved)[:_TOLD]) + (
        ", …" if len(moved) > _TOLD else ""
    )
    return f"on branch {branch}, your checkout follows; what was there and not in git ({shown}) is in {_REPLACED / new[:12]}"


def _move_aside(root: Path, old: str, new: str) -> dict[Path, Path]:
    """Make way for files of a commit where others are that git does not know, as `dvc repro` leaves them before a first run."""
    added = git(
        "diff", "--relative", "--name-only", "--no-renames", "--diff-filter=A", "-z", old, new, folder=root
    ).split("\0")
    results = {}
    for path in [root / name for name in added if name and os.path.lexists(root / name) and not (root / name).is_dir()]:
        place = root / _REPLACED / new[:12] / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        results[path] = path.replace(place)
    return results
