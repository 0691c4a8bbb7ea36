"""What was computed of which batches and when, read from the commits of ``dvc.lock``: nothing else has to be kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tidemill.monitor.retrain_limits import Retrain
from tidemill.project.gold_history import GoldHistory
from tidemill.project.layout import Paths
from tidemill.reports.project import Manifest
from tidemill.runs.git import git, succeeds

LOCK: Final = "dvc.lock"


def published(root: Path, problem: str) -> str:
    """Name the commit with a problem's newest results.

    Parameters
    ----------
    root
        The user's checkout.
    problem
        Name of the problem.

    Returns
    -------
    str
        ``HEAD``, or the branch of a problem's own where its results are until a person merges them.
    """
    branch = f"refs/heads/tidemill/{problem}"
    there = succeeds("rev-parse", "--verify", "-q", branch, folder=root)
    ahead = there and not succeeds("merge-base", "--is-ancestor", branch, "HEAD", folder=root)
    return branch if ahead else "HEAD"


def learned_batches(root: Path, problem: str, stage: str) -> frozenset[str]:
    """List the batches that a stage's published results are made of.

    Parameters
    ----------
    root
        The user's checkout.
    problem
        Name of the problem.
    stage
        Such as ``train``.

    Returns
    -------
    frozenset of str
        Names; empty where the stage has not run on all batches of the published manifest.
    """
    ref = published(root, problem)
    manifest, text = manifest_at(root, ref, problem), _show(root, ref, Paths.within(problem).manifest.as_posix())
    if manifest is None or _made_of(_lock(root, ref), stage, problem) not in _digests(text):
        return frozenset()
    return frozenset(arrival.batch for arrival in manifest.batches)


def retrains(root: Path, problem: str, *, since: float) -> list[Retrain]:
    """List the published retrains of a problem; its first training is none.

    Parameters
    ----------
    root
        The user's checkout.
    problem
        Name of the problem.
    since
        In seconds since 1970: the list ends with the first retrain before.

    Returns
    -------
    list of Retrain
        Newest first.
    """
    result: list[Retrain] = []
    for commit, time in _changes(root, problem):
        manifest = manifest_at(root, commit, problem)
        result.append(Retrain(time, 0 if manifest is None else len(manifest.batches)))
        if time < since:
            break
    return result


def manifest_at(root: Path, ref: str, problem: str) -> Manifest | None:
    """Read a problem's manifest as it is in a commit.

    Parameters
    ----------
    root
        The user's checkout.
    ref
        The commit.
    problem
        Name of the problem.

    Returns
    -------
    Manifest or None
        None where there is none.
    """
    path = Paths.within(problem).manifest.as_posix()
    text = _show(root, ref, path)
    return Manifest.parse(text, where=f"{ref}:{path}") if text else None


def history_at(root: Path, ref: str, problem: str) -> GoldHistory:
    """Read the history of a problem's gold as it is in a commit.

    Parameters
    ----------
    root
        The user's checkout.
    ref
        The commit.
    problem
        Name of the problem.

    Returns
    -------
    GoldHistory
        Empty where there is none.
    """
    path = Paths.within(problem).gold_history.as_posix()
    return GoldHistory.parse(_show(root, ref, path), where=f"{ref}:{path}")


def learned_history(root: Path, problem: str) -> GoldHistory:
    """Read the history of gold that the newest published model was trained and judged with.

    Parameters
    ----------
    root
        The user's checkout.
    problem
        Name of the problem.

    Returns
    -------
    GoldHistory
        Empty where there is no such model.
    """
    path = Paths.within(problem).gold_history.as_posix()
    words = ["log", "--first-parent", "--format=%H", published(root, problem), "--", LOCK]
    for commit in git(*words, folder=root).splitlines():
        stages = _lock(root, commit)
        text = _show(root, commit, path)
        if _knows_ingest(stages, problem) and _md5(stages, "ingest", "deps", problem, path) in _digests(text):
            return GoldHistory.parse(text, where=f"{commit}:{path}")
    return GoldHistory()


def _knows_ingest(stages: dict[str, Any], problem: str) -> bool:
    """Whether the candidate was judged with the labels that ingest made last: a relabeling runs ingest alone."""
    paths = Paths.within(problem)
    return all(
        _md5(stages, "ingest", "outs", problem, folder.as_posix())
        == _md5(stages, "evaluate", "deps", problem, folder.as_posix())
        for folder in (paths.dev, paths.train_gold, paths.gold)
    )


def _changes(root: Path, problem: str) -> Iterator[tuple[str, float]]:
    """Commits in which another model replaced an older one."""
    words = ["log", "--first-parent", "--format=%H %ct", published(root, problem), "--", LOCK]
    later: tuple[str, float] | None = None
    model: object = None
    for line in git(*words, folder=root).splitlines():
        commit, time = line.split()
        trained = _entry(_lock(root, commit), "train", problem).get("outs")
        if later is not None and trained is not None and trained != model:
            yield later
        if trained is None:
            if later is not None:
                return
            continue
        later, model = (commit, float(time)), trained


def _lock(root: Path, ref: str) -> dict[str, Any]:
    content = yaml.load(_show(root, ref, LOCK) or "{}", Loader=yaml.CSafeLoader)
    stages = content.get("stages") if isinstance(content, dict) else None
    return stages if isinstance(stages, dict) else {}


def _entry(stages: dict[str, Any], stage: str, problem: str) -> dict[str, Any]:
    entry = stages.get(f"{stage}@{problem}")
    return entry if isinstance(entry, dict) else {}


def _digests(text: str) -> set[str]:
    """What DVC calls a file of this text, whose last line break git's output lacks."""
    return {hashlib.md5(whole.encode(), usedforsecurity=False).hexdigest() for whole in (text, f"{text}\n")}


def _made_of(stages: dict[str, Any], stage: str, problem: str) -> str | None:
    return _md5(stages, stage, "deps", problem, Paths.within(problem).manifest.as_posix())


def _md5(stages: dict[str, Any], stage: str, kind: str, problem: str, path: str) -> str | None:
    """Of a file or folder among a stage's ``deps`` or ``outs``."""
    found = (item.get("md5") for item in _entry(stages, stage, problem).get(kind, []) if item.get("path") == path)
    return next(found, None)


def _show(root: Path, ref: str, path: str) -> str:
    place = f"{ref}:{path}"
    return git("show", place, folder=root) if succeeds("cat-file", "-e", place, folder=root) else ""
