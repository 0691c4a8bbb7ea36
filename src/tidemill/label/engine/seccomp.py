"""Seccomp: the Linux kernel refuses a process the system calls that evaluating a row never needs.

These are calls that start processes, open sockets, change what Landlock does not cover (owners and modes of files), look
into other processes, or hold memory that no limit counts. A refused call fails with EPERM, and so raises PermissionError in Python.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Iterable
from typing import Final

from tidemill.label.engine.landlock import no_new_privileges, prctl

_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_LOAD: Final = 0x20
_EQUALS: Final = 0x15
_AT_LEAST: Final = 0x35
_HAS_BITS: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_FAIL: Final = 0x00050000
_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_FIRST: Final = 16
_FIFTH: Final = 48
_THREAD: Final = 0x00010000
_X32: Final = 0x40000000

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED: Final[dict[str, tuple[int, int]]] = {
    # name: number on x86_64, on aarch64; -1 where there is no such call
    "fork": (57, -1),
    "vfork": (58, -1),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "lchown": (94, -1),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "mount": (165, 40),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
}
_ABSENT: Final = {"clone3": (435, 435), "io_uring_setup": (425, 425)}
"""Calls that are answered as by a kernel without them, so that the C library turns to older ones."""
_CLONE: Final = (56, 220)
_SENDTO: Final = (44, 206)
_SIGNALS: Final = ((62, 129), (234, 131))
"""kill and tgkill: a program that aborts sends itself a signal."""

_Instruction = tuple[int, int, int, int]


def refuse_calls() -> bool:
    """Take from this thread, and from those that it starts, the system calls that evaluating a row never needs.

    Returns
    -------
    bool
        Whether they are refused: not on another system than Linux, on another processor than x86_64 and aarch64, or
        where the kernel has no filters.
    """
    machine = os.uname().machine
    if not sys.platform.startswith("linux") or machine not in _ARCHITECTURES:
        return False
    instructions = [struct.pack("HBBI", *item) for item in program(machine, os.getpid())]
    content = ctypes.create_string_buffer(b"".join(instructions))
    about = struct.pack("HxxxxxxP", len(instructions), ctypes.addressof(content))
    no_new_privileges()
    address = ctypes.cast(ctypes.c_char_p(about), ctypes.c_void_p).value
    return prctl(_SET_SECCOMP, _FILTER, address or 0, 0, 0) == 0


def program(machine: str, process: int) -> list[_Instruction]:
    """Write the filter as instructions of classic BPF: code, jumps where true and false, operand.

    Parameters
    ----------
    machine
        ``x86_64`` or ``aarch64``.
    process
        Number of the process that may send signals to itself.

    Returns
    -------
    list of tuple
    """
    place = list(_ARCHITECTURES).index(machine)
    lines: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUALS, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _FAIL | errno.EPERM)]
    lines += _returning(errno.ENOSYS, (numbers[place] for numbers in _ABSENT.values()))
    lines += _returning(errno.EPERM, (numbers[place] for numbers in _REFUSED.values()))
    lines += _unless(_CLONE[place], _FIRST, (_HAS_BITS, _THREAD))
    lines += _unless(_SENDTO[place], _FIFTH, (_EQUALS, 0))  # without an address: between two ends of a pair of sockets
    for numbers in _SIGNALS:
        lines += _unless(numbers[place], _FIRST, (_EQUALS, process))
    return [*lines, (_RETURN, 0, 0, _ALLOW)]


def _returning(number: int, calls: Iterable[int]) -> list[_Instruction]:
    return [line for call in calls if call >= 0 for line in ((_EQUALS, 0, 1, call), (_RETURN, 0, 0, _FAIL | number))]


def _unless(call: int, argument: int, test: tuple[int, int]) -> list[_Instruction]:
    """Refuse a call unless a test of the low half of one of its arguments holds; then it is allowed."""
    return [
        (_EQUALS, 0, 4, call),
        (_LOAD, 0, 0, argument),
        (test[0], 0, 1, test[1]),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
    ]
