"""Whether a run or a look has anything to do, without putting outputs in place and asking DVC.

DVC's answer is a function of the commit, of what conf/ composes to and of the code; where it was "nothing" and all three are
the same, it is the same. A look's is one of the incoming files too.
"""

from __future__ import annotations

import json
from pathlib import Path

from tidemill.common.files import atomic_write
from tidemill.errors import TidemillError
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import discover, locate, new_sources
from tidemill.monitor.retrain_decision import NOTHING
from tidemill.monitor.settings import MonitorSettings
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry
from tidemill.runs.plan import Step
from tidemill.runs.retrain_history import history_at, learned_batches, learned_history, manifest_at
from tidemill.runs.worktree import Workspace, outputs_are_whole

Files = tuple[tuple[str, int, int], ...]
"""Name, bytes and time of each incoming file."""


def incoming_files(project: Project, problem: str) -> Files:
    """List what is in a problem's place of incoming data.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    tuple of (str, int, int)
        Name, bytes and nanoseconds of change of each file; of a folder, of the newest file in it; zeros at an address.
    """
    _, settings, paths = project.load(problem, "ingest", IngestSettings)
    there = discover(settings.incoming, paths.shared, texts=settings.modality == "text")
    return tuple((source, *_stamp(locate(source, paths.shared))) for source in there)


def _stamp(location: str) -> tuple[int, int]:
    path = Path(location)
    try:
        files = [path] if path.is_file() else [item for item in path.rglob("*") if item.is_file()]
        stats = [item.stat() for item in files]
    except OSError:  # gone since it was listed
        return 0, 0
    return sum(stat.st_size for stat in stats), max((stat.st_mtime_ns for stat in stats), default=0)


def is_looked_at(project: Project, problem: str, files: Files) -> bool:
    """Whether a look at these files, with the commit and the champion of now, has been made.

    Parameters
    ----------
    project
        The user's checkout.
    problem
        Name of the problem.
    files
        Incoming files; those at an address are looked at again, for nothing tells whether they have changed.

    Returns
    -------
    bool
    """
    try:
        kept = json.loads(_looked(project, problem).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    by_address = any("://" in source for source, *_ in files)
    return bool(kept == _look_of(project, problem, files)) and not by_address


def keep_look(project: Project, problem: str, files: Files) -> None:
    """Record that a look at these files has been made.

    Parameters
    ----------
    project
        The user's checkout.
    problem
        Name of the problem.
    files
        As they were before it.
    """
    _write(_looked(project, problem), _look_of(project, problem, files))


def _look_of(project: Project, problem: str, files: Files) -> list[object]:
    tree = git("rev-parse", "HEAD^{tree}", folder=project.shared)
    return [tree, read_registry(project, problem).champion, [list(file) for file in files]]


def _looked(project: Project, problem: str) -> Path:
    return project.state / "unchanged" / f"{problem}.look.json"


def has_new_sources(project: Project, problem: str) -> bool:
    """Whether there is a source that the committed manifest lacks, be it one that is refused.

    Parameters
    ----------
    project
        The user's checkout.
    problem
        Name of the problem.

    Returns
    -------
    bool
    """
    _, settings, paths = project.load(problem, "ingest", IngestSettings)
    manifest = manifest_at(project.shared, "HEAD", problem)
    known = set() if manifest is None else {arrival.source for arrival in manifest.batches}
    return bool(new_sources(known, settings.incoming, paths.shared, texts=settings.modality == "text"))


def has_unlearned_batches(project: Project, problem: str) -> bool:
    """Whether the committed manifest has batches that no published training has seen, as after relabeling.

    Parameters
    ----------
    project
        The user's checkout.
    problem
        Name of the problem.

    Returns
    -------
    bool
        False where there is no champion that a look could compare them with.
    """
    has_champion = read_registry(project, problem).champion is not None
    return has_champion and not learned_batches(project.shared, problem, "train")


def has_new_labels(project: Project, problem: str) -> bool:
    """Whether people have answered so many rows since the newest published model that the monitor may ask for another.

    Parameters
    ----------
    project
        The user's checkout.
    problem
        Name of the problem.

    Returns
    -------
    bool
        By the committed history; False where ``monitor.actions.new_labels`` asks for nothing.
    """
    settings = project.load(problem, "monitor", MonitorSettings)[1]
    if settings.actions.get("new_labels", NOTHING) == NOTHING or read_registry(project, problem).champion is None:
        return False
    now = history_at(project.shared, "HEAD", problem)
    return now.rows_since(learned_history(project.shared, problem)) >= settings.retrain.new_labels


def unchanged_steps(work: Workspace, problem: str) -> list[Step] | None:
    """Give the steps of a composed workspace, if it is known that none of them has anything to do.

    Parameters
    ----------
    work
        Workspace, whose settings are composed.
    problem
        Name of the problem.

    Returns
    -------
    list of Step or None
        None where something is to be done, or that is not known; where an output is missing or damaged too.
    """
    try:
        kept = json.loads(_file(work, problem).read_text(encoding="utf-8"))
        if kept["of"] != _fingerprint(work, problem) or has_new_sources(work.project.main, problem):
            return None
        steps = [Step(str(address), tuple(after), changed=False) for address, after in kept["steps"]]
    except (OSError, ValueError, KeyError, TypeError, TidemillError):
        return None
    return steps if outputs_are_whole(work, problem) else None


def keep_unchanged(work: Workspace, problem: str, steps: list[Step]) -> None:
    """Record that no step of a composed workspace has anything to do.

    Parameters
    ----------
    work
        Workspace.
    problem
        Name of the problem.
    steps
        Its steps.
    """
    fingerprint = _fingerprint(work, problem)
    if fingerprint is None:
        return
    content = {"of": fingerprint, "steps": [[step.address, list(step.after)] for step in steps]}
    _write(_file(work, problem), content)


def _write(file: Path, content: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(file) as part:
        part.write_text(json.dumps(content), encoding="utf-8")


def _fingerprint(work: Workspace, problem: str) -> list[str] | None:
    """None where the workspace is not as committed: its settings or code compose to something else."""
    if git("status", "--porcelain", "--untracked-files=no", folder=work.folder):
        return None
    return [git("rev-parse", "HEAD^{tree}", folder=work.folder), str(read_registry(work.project, problem).champion)]


def _file(work: Workspace, problem: str) -> Path:
    return work.project.state / "unchanged" / f"{problem}.json"
