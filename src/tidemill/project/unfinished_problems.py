"""Problems whose making was killed: which files it had made, so that they are removed before another is made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.project.config import load_params
from tidemill.project.layout import CONF, Paths
from tidemill.project.packages import INCOMING
from tidemill.project.project import Project


def lock_of_problems(project: Project) -> Path:
    """Name the lock that is held while a problem is made: one at a time.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Path
    """
    return project.state / "locks" / "problems.lock"


def files_of_problem(name: str, root: Path) -> list[Path]:
    """List what is there of a problem that is made, or could be: its configuration, folders, and files that have arrived.

    Parameters
    ----------
    name
        Name of the problem.
    root
        The project's folder.

    Returns
    -------
    list of Path
        Those that exist.
    """
    paths, arrived = Paths.within(name), root / INCOMING / name
    own = [
        root / CONF / "problem" / f"{name}.yaml",
        *(root / one for one in (paths.functions, paths.data, paths.model.parent)),
    ]
    return [path for path in (*own, *(arrived.iterdir() if arrived.is_dir() else ())) if path.exists()]


def begin_problem(project: Project, name: str, kept: Collection[Path]) -> Path:
    """Note that a problem is being made; the lock is held.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    kept
        What was there before, and stays where making it fails.

    Returns
    -------
    Path
        The note, which is removed when the problem is made, or nothing of it is left.
    """
    note = project.state / "new" / f"{name}.json"
    with atomic_write(note) as part:
        part.write_text(json.dumps([str(path) for path in kept]), encoding="utf-8")
    return note


def remove_problem(name: str, root: Path, kept: Collection[Path]) -> None:
    """Remove what was made of a problem.

    Parameters
    ----------
    name
        Name of the problem.
    root
        The project's folder.
    kept
        What was there before.
    """
    for path in files_of_problem(name, root):
        if path not in kept:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    arrived = root / INCOMING / name
    if arrived.is_dir() and not any(arrived.iterdir()):
        arrived.rmdir()


def unfinished_problems(project: Project) -> list[str]:
    """List problems whose making was killed, or goes on.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        Names.
    """
    return sorted(note.stem for note in _notes(project))


def clear_unfinished_problems(project: Project) -> list[str]:
    """Remove what is there of problems whose making was killed before the project's lists named them; one that is being made is waited for.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        A line for each.
    """
    if not any(_notes(project)):
        return []
    lines = []
    with locked(lock_of_problems(project)):
        for note in _notes(project):
            if note.stem not in _known(project.root):
                kept = [Path(path) for path in json.loads(note.read_text(encoding="utf-8"))]
                remove_problem(note.stem, project.root, kept)
                lines.append(f"{note.stem}: what `tidemill new` had made of it when it was killed is removed")
            note.unlink()
    return lines


def _notes(project: Project) -> Iterator[Path]:
    return (project.state / "new").glob("*.json")


def _known(root: Path) -> list[str]:
    """Problems of the project's list, which is written when all else of a problem is there."""
    return list(load_params(root / CONF / "config.yaml").get("problems") or [])
