"""What a worker process looks after itself: files that it may not read, and functions that hold on to memory."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tidemill.label.process import memory

_TRIES: Final = 3


def forbid(folders: Sequence[str]) -> None:
    """Refuse this process, from now on, to open files in these folders: the pipeline's tables, gold among them."""
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


def who_leaks(number: int, ask_alone: Callable[[int], object]) -> int | None:
    """Number of functions and how to ask one alone → the one that makes for most of what memory grows by, if any."""
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
