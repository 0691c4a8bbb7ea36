"""Repair of what a kill in the middle of a write leaves of DVC's own files, before DVC reads them.

DVC writes ``.dvc/tmp/rwlock`` (locks) and ``dvc.lock`` in place. Damaged, either stops every later command.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml

from tidemill.common.files import atomic_write
from tidemill.runs.git import git, succeeds

_LOCK = "dvc.lock"


def repair_dvc_files(root: Path, say: Callable[[str], None]) -> None:
    """Make ``rwlock`` and ``dvc.lock`` of a checkout readable, and report what was removed or restored.

    Parameters
    ----------
    root
        Checkout.
    say
        Called with a line for the person who waits.
    """
    rwlock = root / ".dvc" / "tmp" / "rwlock"
    if _is_torn(rwlock, json.loads) and _removed(rwlock):
        say("a killed command left a torn .dvc/tmp/rwlock: removed")
    lock = root / _LOCK
    if _is_torn(lock, _parse):
        _put_back(lock, root)
        say(f"a killed command left a torn {_LOCK}: put back as it was committed; what ran since runs again")


def _parse(text: str) -> object:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _is_torn(path: Path, parse: Callable[[str], object]) -> bool:
    """There, and no mapping."""
    try:
        return path.exists() and not isinstance(parse(path.read_text(encoding="utf-8")), dict)
    except (ValueError, yaml.YAMLError):
        return True


def _removed(rwlock: Path) -> bool:
    """Left where a command that is alive was writing it just now."""
    from dvc.lock import make_lock

    with make_lock(str(rwlock.with_name("rwlock.lock")), tmp_dir=str(rwlock.parent)):
        torn = _is_torn(rwlock, json.loads)
        if torn:
            rwlock.unlink()
        return torn


def _put_back(lock: Path, root: Path) -> None:
    if not succeeds("cat-file", "-e", f"HEAD:{_LOCK}", folder=root):
        lock.unlink()
        return
    with atomic_write(lock) as path:
        path.write_text(git("show", f"HEAD:{_LOCK}", folder=root) + "\n", encoding="utf-8")
