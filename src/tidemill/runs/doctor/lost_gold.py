"""Labels by people that commits have and the gold history has no more: a merge that kept one side, or a file that was deleted."""

from __future__ import annotations

from pathlib import Path

from tidemill.runs.git import git


def lost_answers(path: Path, root: Path) -> int:
    """Count lines that a commit of this branch has added to a gold history and that are not in it now.

    Parameters
    ----------
    path
        The history, to which lines are added and in which none is edited; it may be missing.
    root
        Top folder of the repository.

    Returns
    -------
    int
    """
    changes = git(
        "log",
        "-p",
        "-m",
        "--no-ext-diff",
        "--no-textconv",
        "--unified=0",
        "--format=",
        "--",
        str(path),
        folder=root,
        check=False,
    )
    added = {line.removeprefix("+").strip() for line in changes.splitlines() if line.startswith("+{")}
    there = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return len(added - {line.strip() for line in there})
