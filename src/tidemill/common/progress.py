"""Progress on everything that takes more than two seconds: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_SILENT_SECONDS = 2.0
_LOG_SECONDS = 10.0


def progress(items: Iterable[T], *, total: int, name: str, unit: str = "rows", size: int = 1) -> Iterator[T]:
    """Pass items on, and report on standard error how far they are.

    Parameters
    ----------
    items
        What is passed on.
    total
        How many units there are in all.
    name
        What is being done, in the words of the stage.
    unit
        What is counted, in the plural.
    size
        Units per item (rows in a mini-batch; the last one may hold fewer).

    Yields
    ------
    object
        The items.
    """
    if sys.stderr.isatty():
        yield from _bar(items, total, name, unit, size)
    else:
        yield from _lines(items, total, name, unit, size)


def _bar(items: Iterable[T], total: int, name: str, unit: str, size: int) -> Iterator[T]:
    from tqdm import tqdm

    with tqdm(total=total, desc=name, unit=f" {unit}", leave=False, delay=_SILENT_SECONDS) as bar:
        for item in items:
            yield item
            bar.update(min(size, total - bar.n))


def _lines(items: Iterable[T], total: int, name: str, unit: str, size: int) -> Iterator[T]:
    start = time.monotonic()
    due = start + _SILENT_SECONDS
    for count, item in enumerate(items, start=1):
        yield item
        now = time.monotonic()
        if now >= due:
            due = now + _LOG_SECONDS
            done = min(count * size, total)
            rate = done / max(now - start, 1e-9)
            left = (total - done) / max(rate, 1e-9)
            print(f"{name}: {done}/{total} {unit}, {rate:.0f} a second, {left:.0f} s left", file=sys.stderr, flush=True)
