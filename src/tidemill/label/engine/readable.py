"""Which files a worker may read: those of Python and its libraries, of the system's, and of the labeling functions."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

_SYSTEM: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/kernel",
    "/proc/sys/vm",
    "/sys/devices/system",
    "/sys/kernel/mm",
)
_OF_PYTHON: Final = ("stdlib", "platstdlib", "purelib", "platlib")
_OF_A_PREFIX: Final = ("lib", "lib64", "share", "pyvenv.cfg")
_PROBLEMS: Final = "problems"


def readable_files(folders: Sequence[str], closed: Sequence[str]) -> tuple[list[str], list[str]]:
    """List what a worker may read.

    Parameters
    ----------
    folders
        Folders and files of labeling functions, and what else they are allowed.
    closed
        Files and folders that stay closed wherever they lie: the pipeline's tables, gold among them.

    Returns
    -------
    read : list of str
        Files, and folders with all below them. They hold nothing that is closed.
    list_only : list of str
        Folders that hold both, of which the names may be listed.
    """
    barred = tuple(os.path.realpath(path) for path in closed)
    opened: dict[str, None] = {}
    listed: dict[str, None] = {}
    for root in (*_SYSTEM, *_python(), *_search_path(barred), *(_with_packages(folder) for folder in folders)):
        _open(root if root.startswith("/proc/") else os.path.realpath(root), barred, opened, listed)
    return list(opened), list(listed)


def is_within(path: str, others: Iterable[str]) -> bool:
    """Check whether a path is one of the others or lies below one.

    Parameters
    ----------
    path
        Absolute, without links.
    others
        Files and folders, absolute, without links.

    Returns
    -------
    bool
        True where it is or does.
    """
    return any(path == other or path.startswith(other.rstrip(os.sep) + os.sep) for other in others)


def _open(root: str, closed: Sequence[str], opened: dict[str, None], listed: dict[str, None]) -> None:
    if is_within(root, closed):
        return
    if not any(is_within(item, [root]) for item in closed):
        opened[root] = None
        return
    listed[root] = None
    for entry in _entries(root):
        _open(os.path.realpath(entry.path) if entry.is_symlink() else entry.path, closed, opened, listed)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda result: result.name)
    except OSError:  # it may not be looked at, and so its content is not to be read either
        return []


def _python() -> Iterator[str]:
    yield sys.executable
    paths = sysconfig.get_paths()
    yield from (paths[name] for name in _OF_PYTHON if name in paths)
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)):
        yield from (str(Path(prefix, name)) for name in _OF_A_PREFIX)
    yield from filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))


def _search_path(closed: Sequence[str]) -> Iterator[str]:
    """Where modules are found; of a folder that holds more, such as the working directory, modules and packages alone."""
    around = (os.path.realpath(Path.cwd()), *closed)
    for entry in sys.path:
        root = os.path.realpath(entry or Path.cwd())
        if not any(is_within(item, [root]) for item in around):
            yield root
        elif os.path.isdir(root):  # noqa: PTH112 - entries of the search path are strings
            yield from (result.path for result in _entries(root) if _is_module(result))


def _is_module(entry: os.DirEntry[str]) -> bool:
    if entry.is_dir():
        return os.path.isfile(os.path.join(entry.path, "__init__.py"))  # noqa: PTH113, PTH118 - False where it may not be looked at
    return entry.name.endswith(tuple(importlib.machinery.all_suffixes()))


def _with_packages(folder: str) -> str:
    """Functions of a project may import from the folders of its other problems."""
    parent = Path(os.path.realpath(folder)).parent
    return str(parent) if parent.name == _PROBLEMS else folder
