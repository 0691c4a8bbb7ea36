"""Which day brings what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tidemill.errors import ConfigError

LEAST_DAYS: Final = 2
_WEEK: Final = 7
_WEEKEND: Final = (5, 6)
_BROKEN: Final = 1
_LATER: Final = 0.9


@dataclass(frozen=True)
class Day:
    """What a day brings.

    Attributes
    ----------
    number
        From 1 on.
    later
        Share of its rows that are of the later source, such as email.
    broken
        Whether its metadata are lost; the file is mended a day later.
    accidents
        Whether no automation takes the event of this day, and the run that does the work later is killed.
    """

    number: int
    later: float
    broken: bool = False
    accidents: bool = False

    @property
    def batch(self) -> str:
        """Name of its batch."""
        return f"day-{self.number:02d}"

    @property
    def weekend(self) -> bool:
        """Whether its classes are mixed as on weekends."""
        return is_weekend(self.number)


def is_weekend(number: int) -> bool:
    """Whether a day is on a weekend.

    Parameters
    ----------
    number
        Of the day; those before the first are 0 and less.

    Returns
    -------
    bool

    Examples
    --------
    >>> [number for number in range(-7, 8) if is_weekend(number)]
    [-2, -1, 5, 6]
    """
    return number % _WEEK in _WEEKEND


def plan_days(days: int) -> list[Day]:
    """Plan the days: a season throughout, a broken batch on the first day, and a drift with its accidents after a third.

    Parameters
    ----------
    days
        How many there are.

    Returns
    -------
    list of Day

    Raises
    ------
    ConfigError
        Too few for all of it.

    Examples
    --------
    >>> [(day.number, day.later, day.broken, day.accidents) for day in plan_days(3)]
    [(1, 0.0, True, False), (2, 0.9, False, True), (3, 0.9, False, False)]
    """
    if days < LEAST_DAYS:
        raise ConfigError(f"{days} days are too few for a broken batch and a drift: take {LEAST_DAYS} or more")
    drift = max(LEAST_DAYS, days // 3)
    return [
        Day(number, _LATER if number >= drift else 0.0, broken=number == _BROKEN, accidents=number == drift)
        for number in range(1, days + 1)
    ]
