"""What a worker process guards itself against: files that it may not read, functions that hold on to memory."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tidemill.label.engine.protocol import memory

_TRIES: Final = 3


def forbid_reading(folders: Sequence[str]) -> None:
    """Refuse this process, from now on, to open files in these folders: the pipeline's tables, gold among them.

    Parameters
    ----------
    folders
        Paths of folders; what lies below them is closed too.
    """
    closed = tuple(str(Path(folder).resolve()) + os.sep for folder in folders)
    if closed:
        sys.addaudithook(_guard(closed))


def _guard(closed: tuple[str, ...]) -> Callable[[str, tuple[Any, ...]], None]:
    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in {"open", "os.listdir", "os.scandir"} or not isinstance(arguments[0], str | bytes):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if f"{path}{os.sep}".startswith(closed):
            raise PermissionError(f"a labeling function may not read {path}: it sees its row alone")

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
            before = memory()
            ask_alone(j)
            gc.collect()
            grown[j] += max(0.0, memory() - before)
    worst = max(range(number), key=grown.__getitem__)
    return worst if grown[worst] > sum(grown) / 2 else None
