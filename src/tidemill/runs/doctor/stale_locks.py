"""Lock files that a killed git command has left: git itself never removes them, and refuses to write where one is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tidemill.runs.git import common_folder

_QUIET_SECONDS: Final = 60
"""A lock file that is younger may be of a command that has just ended or is starting."""
_KEPT_OPEN: Final = ("objects", "lfs", "annex", "modules", "tidemill")
"""Folders of a repository whose lock files are not git's own, or are another repository's."""


def lock_files(root: Path) -> dict[Path, bool]:
    """Find the lock files of a repository, and whether each is stale.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    dict
        File to whether no command holds it: it is older than a minute, and no git command runs in the repository.
    """
    result = list(_locks(root))
    is_quiet = bool(result) and not _git_is_at_work(root)
    return {path: is_quiet and _age(path) > _QUIET_SECONDS for path in result}


def _locks(root: Path) -> Iterator[Path]:
    common = common_folder(root)
    for path in sorted(common.rglob("*.lock")):
        if path.relative_to(common).parts[0] not in _KEPT_OPEN:
            yield path


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # its command has just ended
        return 0.0


def _git_is_at_work(root: Path) -> bool:
    import psutil

    for process in psutil.process_iter(["name", "cwd"]):
        name, folder = process.info["name"] or "", process.info["cwd"]
        if name.startswith("git") and (folder is None or Path(folder).is_relative_to(root)):
            return True
    return False
