"""How a program of Tidemill ends on an error: one line with the remedy, or a traceback on request."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from tidemill.common.extras import remedy
from tidemill.common.files import system_error

DEBUG: Final = "TIDEMILL_DEBUG"
"""Environment variable that asks for tracebacks."""

_NO_SCRATCH: Final = "No usable temporary directory"
"""How Python begins its message where a temporary file can be written nowhere."""
_NO_PARQUET: Final = "parquet: File out of specification"
_REMEDIES: Final = {
    errno.ENOSPC: "the disk is full, and {place} could not be written: make room and try again",
    errno.EDQUOT: "your share of the disk is used up, and {place} could not be written: make room and try again",
    errno.EFBIG: "{place} may not grow as large as it has to (`ulimit -f`): raise the limit and try again",
    errno.EROFS: "{place} is on a read-only file system, and has to be written: copy the project to where you may write",
    errno.EOPNOTSUPP: "{place} cannot be made: no new file or folder can be there: choose another place",
    errno.EACCES: "{place} may not be read or written by you: see to whom it belongs (`ls -l`)",
    errno.EPERM: "{place} may not be changed by you: see to whom it belongs (`ls -l`)",
    errno.ENAMETOOLONG: "the name {place} is too long for this file system: choose a shorter one",
    errno.ENOTDIR: "{place} lies below a file, where only a folder can hold it: choose another place",
    errno.EEXIST: "{place} is there already, and is no folder: choose another place, or move it away",
    errno.ELOOP: "{place} is a symbolic link that leads back to itself: put the file or folder itself in its place",
    errno.EMFILE: "too many files are open at once for {place} (`ulimit -n`): raise the limit and try again",
    errno.EIO: "the disk could not read or write {place}: look whether it is damaged, or the network drive is there",
    errno.ESTALE: "{place} is gone from the network drive that it was on: change out of the folder and back in",
    errno.EISDIR: "{place} is a folder, and a file is needed: name a file",
}
"""Error numbers for which the machine or a path, not the program, is the cause."""


def says_errors(main: Callable[[], None]) -> Callable[[], None]:
    """Make a program print an error that the user can correct in one line, and exit with 1.

    Parameters
    ----------
    main
        The program.

    Returns
    -------
    callable
        The same program. With ``TIDEMILL_DEBUG=1`` its errors keep their traceback, as do errors of the program itself.
    """

    @functools.wraps(main)
    def wrapped() -> None:
        _open_closed_streams()
        _print_any_character()
        try:
            main()
        except SystemExit as ending:
            if _is_closed_pipe(ending.__context__):
                _end_quietly(ending.__context__)
            if line := _torn_bytecode(ending):
                print(f"error: {line}", file=sys.stderr, flush=True)
            raise
        except Exception as error:
            if _is_closed_pipe(error):
                _end_quietly(error)
            line = as_line(error)
            if line is None or wants_tracebacks():
                raise
            with contextlib.suppress(OSError):
                print(f"error: {_as_seen_from(line, _here())}", file=sys.stderr, flush=True)
            _drop_unwritten()
            raise SystemExit(1) from error

    return wrapped


def wants_tracebacks() -> bool:
    """Whether errors that the user can correct are to keep their traceback.

    Returns
    -------
    bool
        True after ``--debug``, and in what it starts.
    """
    return os.environ.get(DEBUG, "0") not in {"", "0"}


def _here() -> Path:
    """The current folder; where it has been removed, the root, below which nothing is shortened."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path("/")


def _as_seen_from(text: str, folder: Path) -> str:
    """Shorten the paths in a text that lie below a folder, for the person who stands in it.

    Examples
    --------
    >>> _as_seen_from("/home/ann/spam/words.yaml:4: unknown key", Path("/home/ann"))
    'spam/words.yaml:4: unknown key'
    """
    return text if folder == folder.parent else text.replace(f"{folder}{os.sep}", "")


def as_line(error: Exception) -> str | None:
    """Word an error for the user.

    Parameters
    ----------
    error
        What was raised.

    Returns
    -------
    str or None
        Its message, with the command that installs what is missing; None where only a programmer can mend it.
    """
    from tidemill.errors import TidemillError

    if isinstance(error, TidemillError):
        return str(error)
    return (
        remedy(error)
        if isinstance(error, ModuleNotFoundError)
        else _machine_at_fault(error) or _torn_table(error) or _torn_bytecode(error)
    )


def _torn_table(error: Exception) -> str | None:
    """Polars says that a Parquet file is torn, and not which."""
    if type(error).__module__.startswith("polars") and str(error).startswith(_NO_PARQUET):
        return f"a table that is read is torn ({str(error).splitlines()[0]}): `tidemill doctor` names it"
    return None


def _torn_bytecode(error: BaseException | None) -> str | None:
    """Python keeps a part of a file where the disk was full as it compiled a module, and cannot read it from then on.

    Typer takes that end of a file for a person's and says "Aborted!" alone.
    """
    while error is not None:
        *_, last = [None, *(frame for frame, _ in traceback.walk_tb(error.__traceback__))]
        if last is not None and last.f_code.co_name == "_compile_bytecode":  # of importlib
            path = Path(last.f_locals["bytecode_path"])
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            done = "remove it and" if path.exists() else "and is removed:"
            return f"{path} was torn, as a full disk leaves it, {done} run the command again"
        error = error.__cause__ or error.__context__
    return None


def _machine_at_fault(error: Exception) -> str | None:
    """Of errors of a disk; a library may have put the system's answer into its own words."""
    if isinstance(error, FileNotFoundError) and str(error.strerror).startswith(_NO_SCRATCH):
        return "no folder for temporary files can be written: make room, or set TMPDIR to a folder that can"
    if isinstance(error, FileNotFoundError) and error.filename is None and _here() == Path("/"):
        return "the folder that you are in has been removed: change into another (`cd`)"
    number = system_error(error)
    name = getattr(error, "filename2", None) or getattr(error, "filename", None)
    return _REMEDIES[number].format(place=name or "the output") if number in _REMEDIES else None


def _open_closed_streams() -> None:
    """Or the first files that are opened get the numbers of closed streams, and what libraries and children print goes into them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, PTH123 - open as long as the program
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _print_any_character() -> None:
    """Where the terminal's encoding lacks a character, its code is printed: LANG=C is no reason to fail."""
    for stream in (sys.stdout, sys.stderr):
        is_unicode = str(stream.encoding).lower().startswith("utf")
        if hasattr(stream, "reconfigure") and (stream.errors == "strict" or not is_unicode):
            stream.reconfigure(errors="backslashreplace")


def _is_closed_pipe(error: BaseException | None) -> bool:
    """Whether the reader of what is printed has seen enough, such as ``head``; pipes to other programs are another matter."""
    if not isinstance(error, OSError) or error.errno != errno.EPIPE:
        return False
    return any(_has_no_reader(stream) for stream in (sys.__stdout__, sys.__stderr__))


def _has_no_reader(stream: Any) -> bool:
    import select

    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (OSError, ValueError, AttributeError):  # closed, not a file, or a system without poll
        return False


def _drop_unwritten() -> None:
    """Python would complain once more when it flushes at the end."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None:
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _end_quietly(error: BaseException | None) -> NoReturn:
    """With the status of an error where an error message could not be printed."""
    _drop_unwritten()
    raise SystemExit(int(error is not None and error.__context__ is not None)) from error
