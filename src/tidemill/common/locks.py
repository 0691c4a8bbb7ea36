"""One at a time on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


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
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, fallback_to_soft=False)  # a soft lock would outlive a process that is killed
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waits()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
