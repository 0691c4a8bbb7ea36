"""Landlock: the Linux kernel refuses a process and its threads and children all files but those that are named.

The system calls are made through ctypes, for neither Python nor the C library wraps them. What a kernel can refuse depends on
its version of the interface; ``man 7 landlock`` lists them.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Sequence
from typing import Any, Final

_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_ASKS_VERSION: Final = 1
_PATH_BENEATH: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
_WRITE_FILE: Final = 1 << 1
_READ_FILE: Final = 1 << 2
_READ_DIR: Final = 1 << 3
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights on files there are, by the version that brought the last of them."""
_NETWORK_SINCE: Final = 4
_TCP: Final = 0b11
_SCOPES_SINCE: Final = 6
_SIGNALS_AND_SOCKETS: Final = 0b11


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Ask the kernel for the version of its Landlock.

    Returns
    -------
    int
        0 where there is none: another system, an old kernel, or one that was started without it.
    """
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, _call(_CREATE_RULESET, None, 0, _ASKS_VERSION))


def restrict(*, read: Sequence[str], write: Sequence[str] = (), list_only: Sequence[str] = ()) -> int:
    """Take from this thread, and from those that it starts, all files but these, for good.

    No file may be executed, made, renamed or removed, no TCP connection made, and from version 6 on no process outside may
    be sent signals. What is open already stays open.

    Parameters
    ----------
    read
        Files, and folders with all below them, that may be read; those that do not exist are passed over.
    write
        Files that may be read and written.
    list_only
        Folders whose names may be listed, and those of all folders below.

    Returns
    -------
    int
        Version of Landlock; 0: the kernel has none, and nothing is restricted.

    Raises
    ------
    OSError
        The kernel has Landlock and refuses to restrict.
    """
    known = version()
    if not known:
        return 0
    every = (1 << max(bits for since, bits in _RIGHTS.items() if since <= known)) - 1
    attributes = _Ruleset(every, _TCP if known >= _NETWORK_SINCE else 0, _SIGNALS_AND_SOCKETS)
    size = 24 if known >= _SCOPES_SINCE else 16 if known >= _NETWORK_SINCE else 8
    ruleset = _checked(_call(_CREATE_RULESET, ctypes.byref(attributes), size, 0))
    try:
        for paths, rights in (
            (read, _READ_FILE | _READ_DIR),
            (write, _READ_FILE | _WRITE_FILE),
            (list_only, _READ_DIR),
        ):
            for path in paths:
                _allow(ruleset, path, rights)
        no_new_privileges()
        _checked(_call(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return known


def no_new_privileges() -> None:
    """Give up gaining rights by executing a file; the kernel asks for it before it takes restrictions from just anybody.

    Raises
    ------
    OSError
        The kernel refuses.
    """
    _checked(prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def prctl(*arguments: int) -> int:
    """Call ``prctl`` of the C library.

    Parameters
    ----------
    arguments
        Its five arguments.

    Returns
    -------
    int
        Its answer; below zero where it fails.
    """
    return int(_libc().prctl(*map(ctypes.c_ulong, arguments)))


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - pathlib would be one more module to import before a worker begins
            rights &= ~_READ_DIR
        if rights:
            _checked(_call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(_PathRule(rights, opened)), 0))
    finally:
        os.close(opened)


def _call(number: int, *arguments: Any) -> int:
    wide = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    return int(_libc().syscall(ctypes.c_long(number), *wide))


@functools.cache
def _libc() -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _checked(answer: int) -> int:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return answer
