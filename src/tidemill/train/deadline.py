"""a moment -> work that ends when it has come, wherever it is: what a search needs to keep its budget."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from tidemill.contracts import TidemillError

_DEADLINE: Final[ContextVar[float]] = ContextVar("deadline", default=math.inf)


class OutOfTimeError(TidemillError):
    """The moment has come until which work was given time."""


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Moment of ``time.monotonic()`` -> a block in which ``in_time`` raises when it has come, or an outer one has.

    >>> with until(0.0):
    ...     in_time()
    Traceback (most recent call last):
    ...
    tidemill.train.deadline.OutOfTimeError: out of time
    """
    token = _DEADLINE.set(min(moment, _DEADLINE.get()))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def left() -> float:
    """Nothing -> seconds until the deadline; infinite where there is none."""
    return _DEADLINE.get() - time.monotonic()


def in_time() -> None:
    """Nothing -> nothing, as long as there is time.

    Raises
    ------
    OutOfTimeError
        The deadline of the block has come.
    """
    if left() <= 0:
        raise OutOfTimeError("out of time")
