"""Work that ends when its time is over, wherever it is: what a search needs to keep its budget."""

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
    """The time that work was given is over."""


@contextmanager
def time_limit(moment: float) -> Iterator[None]:
    """Limit the time of a block: ``check_deadline`` raises once its deadline, or that of an outer block, has passed.

    Parameters
    ----------
    moment
        Of ``time.monotonic()``, in seconds.

    Examples
    --------
    >>> with time_limit(0.0):
    ...     check_deadline()
    Traceback (most recent call last):
    ...
    tidemill.train.deadline.OutOfTimeError: out of time
    """
    token = _DEADLINE.set(min(moment, _DEADLINE.get()))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def seconds_left() -> float:
    """Compute the seconds until the deadline.

    Returns
    -------
    float
        Infinite where there is no deadline; negative once it has passed.
    """
    return _DEADLINE.get() - time.monotonic()


def check_deadline() -> None:
    """Raise once the deadline has passed.

    Raises
    ------
    OutOfTimeError
        The deadline of the block has come.
    """
    if seconds_left() <= 0:
        raise OutOfTimeError("out of time")
