"""What a worker process is confined to, before it imports anything of labeling functions.

The kernel refuses files (``landlock``) and system calls (``seccomp``) where it can. What it refuses, Python's audit hook refuses
first where it sees it, in words that say why; where the kernel cannot, the hook is all there is.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import re
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from tidemill.label.engine.landlock import restrict
from tidemill.label.engine.protocol import memory
from tidemill.label.engine.readable import is_within, readable_files
from tidemill.label.engine.seccomp import refuse_calls

HINT: Final = (
    "A labeling function may read Python's files and its own folder; what else it needs, such as a model, "
    "is named in label.readable_folders (--readable)."
)
WRITE_HINT: Final = (
    "A labeling function may write no file and make no folder: keep in memory what it keeps, let it log nothing, and write what "
    "it reads before it runs; label.confined: false (--no-confined) allows everything."
)
_NO_PROCESSES: Final = (
    "A labeling function starts no processes, and so has no pools of them: rows are shared out among processes already "
    "(label.processes, --processes)."
)
_OPEN: Final = (
    "labeling functions in Python are not confined (label.confined: false): they can read gold, use the network and "
    "start processes"
)
_WRITES: Final = ("No usable temporary directory found", "attempt to write a readonly database")
"""What Python and SQLite say, without a path, where nothing may be written."""
_REFUSED: Final = re.compile(r"PermissionError: .*?(?:'([^']+)'|\"([^\"]+)\"|\(os error 13\): (\S+))")
_TRIES: Final = 3
_READS: Final = frozenset({"open", "os.listdir", "os.scandir"})
_PROCESSES: Final = frozenset(
    {"os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"}
)
_NETWORK: Final = frozenset(
    {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
)
_MEGABYTE: Final = 1 << 20
_SPARE_FILES: Final = 32
"""Files that a worker may open when labeling functions hold as many open as they may."""
_AT_HAND: Final = 512
"""Megabytes that threads and allocators may reserve beyond what a function may take; what is used is measured from outside."""


@dataclass(frozen=True)
class Confinement:
    """What a worker may reach.

    Parameters
    ----------
    readable
        Folders and files besides those of Python.
    closed
        Files and folders that are refused wherever they lie.
    enforced
        Whether anything is refused; else the worker may do what its parent may.
    """

    readable: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    enforced: bool = True

    def dump(self) -> str:
        """Write it as JSON.

        Returns
        -------
        str
            What ``parse`` reads.
        """
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, text: str) -> Confinement:
        """Read it from JSON.

        Parameters
        ----------
        text
            What ``dump`` wrote.

        Returns
        -------
        Confinement
            Equal to the one that was written.
        """
        content = json.loads(text)
        return cls(tuple(content["readable"]), tuple(content["closed"]), content["enforced"])


@dataclass(frozen=True)
class Confined:
    """What the kernel refuses a worker.

    Parameters
    ----------
    landlock
        Version of Landlock; 0: files are refused by Python alone.
    calls
        Whether system calls that start processes and open sockets are refused.
    """

    landlock: int = 0
    calls: bool = False


@dataclass
class State:
    """How this process is confined; set once, when it starts."""

    confined: Confined = field(default_factory=Confined)
    enforced: bool = False
    closed: tuple[str, ...] = ()
    watched: bool = False
    open_files: int | None = None


STATE: Final = State()


def confine(confinement: Confinement) -> Confined:
    """Confine this process, for good.

    Parameters
    ----------
    confinement
        What it may reach.

    Returns
    -------
    Confined
    """
    if not confinement.enforced:
        return STATE.confined
    read, listed = readable_files(confinement.readable, confinement.closed)
    version = _as_far_as_possible(lambda: restrict(read=read, write=["/dev/null"], list_only=listed))
    STATE.confined = Confined(version, bool(_as_far_as_possible(refuse_calls)))
    STATE.enforced, STATE.closed = True, tuple(map(os.path.realpath, confinement.closed))
    return STATE.confined


def watch() -> None:
    """Have Python refuse, too, what this process is confined from, before labeling functions are loaded.

    Earlier it would be asked of every file that libraries open as they are imported.
    """
    if STATE.enforced and not STATE.watched:
        STATE.watched = True
        sys.addaudithook(_guard(STATE.closed))


def _as_far_as_possible(refuse: Callable[[], int]) -> int:
    try:
        return refuse()
    except OSError:
        return 0


def notes(confined: Confined, *, enforced: bool) -> list[str]:
    """Say what labeling functions in Python are not kept from.

    Parameters
    ----------
    confined
        What the kernel refuses a worker.
    enforced
        Whether it was asked to.

    Returns
    -------
    list of str
        Empty where everything is refused.
    """
    if not enforced:
        return [_OPEN]
    lines = []
    if not confined.landlock:
        lines.append(
            "this system has no Landlock: only Python's own functions are kept from files, a library in another language "
            "could read gold"
        )
    if not confined.calls:
        lines.append(
            "this system cannot filter system calls: only Python's own functions are kept from the network and from "
            "starting processes"
        )
    return lines


def explained(reason: str) -> str:
    """Add to a reason what a labeling function may read or take, where the kernel has refused it something.

    Parameters
    ----------
    reason
        Why a function failed, with its traceback.

    Returns
    -------
    str
        The reason, and below it what helps.
    """
    if "MemoryError" in reason:
        return f"{reason}\nIts process may grow by label.memory_limit_mb (--megabytes)."
    if not STATE.enforced:
        return reason
    if "SemLock" in reason and "PermissionError" in reason:
        return f"{reason}\n{_NO_PROCESSES}"
    if STATE.confined.landlock and _is_of_writing(reason):
        return f"{reason}\n{WRITE_HINT}"
    return f"{reason}\n{HINT}" if "PermissionError" in reason else reason


def _is_of_writing(reason: str) -> bool:
    """Whether the kernel has refused to write: it says the same as where it refuses to read.

    Nobody is refused to read what is not there, nor what can be read now.
    """
    paths = [next(filter(None, found)) for found in _REFUSED.findall(reason)]
    if not paths:
        return any(text in reason for text in _WRITES)
    try:
        with spare_files():
            os.close(os.open(paths[-1], os.O_RDONLY | os.O_NONBLOCK))
    except OSError as error:
        return error.errno == errno.ENOENT
    return True


def limit_memory(megabytes: float) -> None:
    """Limit what this process may add to its private memory from now on, beyond what threads and allocators reserve.

    Parameters
    ----------
    megabytes
        As many more than now.
    """
    if not sys.platform.startswith("linux"):
        return
    size = int((_private_memory() + megabytes + _AT_HAND) * _MEGABYTE)
    _lower(resource.RLIMIT_DATA, size)


def hold_back_files() -> None:
    """Leave labeling functions fewer open files than this process may have, so that ``spare_files`` has some to give."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft > 2 * _SPARE_FILES:
        STATE.open_files = soft
        resource.setrlimit(resource.RLIMIT_NOFILE, (_for_functions(soft), hard))


@contextlib.contextmanager
def spare_files() -> Iterator[None]:
    """Let the block, which runs no labeling function, open files where functions hold on to all that they may open.

    Yields
    ------
    None
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if STATE.open_files is None or soft != _for_functions(STATE.open_files):  # a function has set a limit of its own
        yield
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (STATE.open_files, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _for_functions(limit: int) -> int:
    return limit if limit == resource.RLIM_INFINITY else limit - _SPARE_FILES


def own_memory() -> float:
    """Measure the resident memory of this process, whatever its labeling functions hold open.

    Returns
    -------
    float
        Megabytes.
    """
    with spare_files():
        return memory()


def limit_seconds(seconds: float) -> None:
    """Limit the processor time that this process may take from now on; it ends when it has taken it.

    Parameters
    ----------
    seconds
        As many more than now.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)


def _lower(name: int, limit: int) -> None:
    hard = resource.getrlimit(name)[1]
    resource.setrlimit(name, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def _private_memory() -> float:
    with spare_files():
        status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("VmData")), "0")
    return int(kilobytes) / 1024


def _guard(closed: tuple[str, ...]) -> Callable[[str, tuple[Any, ...]], None]:
    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _READS:
            if not closed or not isinstance(arguments[0], str | bytes):
                return
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if is_within(path, closed):
                raise PermissionError(f"a labeling function may not read {path}: it sees its row alone")
        elif event in _PROCESSES:
            raise PermissionError("a labeling function may not start a process (label.confined)")
        elif event in _NETWORK:
            raise PermissionError("a labeling function may not use the network (label.confined)")

    return refuse


def find_leaking_function(number: int, ask_alone: Callable[[int], object]) -> int | None:
    """Find the function that makes for most of what memory grows by.

    Parameters
    ----------
    number
        Number of functions.
    ask_alone
        Asks one of them, by its index, of some rows.

    Returns
    -------
    int or None
        Its index; None where none makes for more than half.
    """
    grown = [0.0] * number
    for _ in range(_TRIES):
        for j in range(number):
            gc.collect()
            before = own_memory()
            ask_alone(j)
            gc.collect()
            grown[j] += max(0.0, own_memory() - before)
    worst = max(range(number), key=grown.__getitem__)
    return worst if grown[worst] > sum(grown) / 2 else None
