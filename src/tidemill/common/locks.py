"""Locks of the kernel: one at a time on this machine, and whether the owner of something is alive.

The kernel lets go of them when a process ends, however it ends; no process id is compared, which another process may have
by now, or in another container.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from filelock import BaseFileLock

CLAIM: Final = ".claim"
"""Suffix of the files that mark ownership; the owner holds their lock."""


@contextmanager
def locked(path: Path, *, waits: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock while the block lasts; the lock is the kernel's, so a process that is killed does not keep it.

    Parameters
    ----------
    path
        File that stands for the lock; its folder is made where it is missing.
    waits
        Called once where another process has the lock, before it is waited for.
    """
    from filelock import Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waits()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Own something while the block lasts, or this process.

    Parameters
    ----------
    path
        File that stands for the claim, which nobody has made before; it is gone after the block.
    """
    with locked(path):
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def is_held(path: Path) -> bool:
    """Tell whether another process, or another part of this one, holds a lock.

    Parameters
    ----------
    path
        File that stands for the lock; it need not exist.

    Returns
    -------
    bool
    """
    if not path.exists():
        return False
    lock = _taken(path)
    if lock is not None:
        lock.release()
    return lock is None


def hold(path: Path) -> None:
    """Own something for as long as this process lasts.

    Parameters
    ----------
    path
        File that stands for the claim, which nobody has made before; it stays for ``abandoned`` to find.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _lock(path)
    lock.acquire()
    _HELD.append(lock)


_HELD: Final[list[BaseFileLock]] = []
"""A lock is let go of when its object is."""


def are_abandoned(folder: Path) -> list[Path]:
    """List the claims in a folder whose owners have ended without giving them up; they stay as they are.

    Parameters
    ----------
    folder
        It may be missing.

    Returns
    -------
    list of Path
        Files of claims, sorted.
    """
    results = []
    for path in sorted(folder.glob(f"*{CLAIM}")):
        lock = _taken(path)
        if lock is not None:
            results.append(path)
            lock.release()
    return results


def abandoned(folder: Path) -> Iterator[Path]:
    """Find the claims in a folder whose owners have ended without giving them up.

    Parameters
    ----------
    folder
        It may be missing.

    Yields
    ------
    Path
        The file of a claim, held while the caller clears up what it stands for, and removed then.
    """
    for path in sorted(folder.glob(f"*{CLAIM}")):
        lock = _taken(path)
        if lock is None:
            continue
        try:
            yield path
            path.unlink(missing_ok=True)
        finally:
            lock.release()


def _taken(path: Path) -> BaseFileLock | None:
    """None where somebody has it."""
    from filelock import Timeout

    lock = _lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def _lock(path: Path) -> BaseFileLock:
    from filelock import FileLock

    return FileLock(path, fallback_to_soft=False)  # a soft lock would outlive a process that is killed
