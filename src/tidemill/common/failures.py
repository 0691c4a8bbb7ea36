"""How a program of Tidemill ends on an error: one line with the remedy, or a traceback on request."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tidemill.common.extras import remedy

DEBUG: Final = "TIDEMILL_DEBUG"
"""Environment variable that asks for tracebacks."""


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
        try:
            main()
        except Exception as error:
            line = as_line(error)
            if line is None or os.environ.get(DEBUG, "0") not in {"", "0"}:
                raise
            print(f"error: {_as_seen_from(line, Path.cwd())}", file=sys.stderr)
            raise SystemExit(1) from error

    return wrapped


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
    from tidemill.contracts import TidemillError

    if isinstance(error, TidemillError):
        return str(error)
    return remedy(error) if isinstance(error, ModuleNotFoundError) else None
