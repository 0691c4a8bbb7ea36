"""What holds a retrain back that nobody asked for by hand: a cool-down and a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidemill.monitor.settings import RetrainSettings

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR


@dataclass(frozen=True)
class Retrain:
    """A retrain that was published.

    Attributes
    ----------
    time
        Of its commit, in seconds since 1970.
    batches
        How many had arrived by then.
    """

    time: float
    batches: int


def has_grown(learned: int, arrived: int, settings: RetrainSettings) -> bool:
    """Tell whether so many rows have arrived that a model of all of them is worth its training.

    The error that comes of few rows falls with the root of their number, so four times as many halve it.

    Parameters
    ----------
    learned
        Rows that the last model was trained on, since the last change where there was one.
    arrived
        Rows that have arrived since.
    settings
        The limits.

    Returns
    -------
    bool

    Examples
    --------
    >>> limits = RetrainSettings(harm_checks=1, cooldown_checks=3, cooldown_hours=0, budget=2, budget_days=30, growth=4, new_labels=9)
    >>> [has_grown(300, arrived, limits) for arrived in (899, 900)]
    [False, True]
    """
    return learned > 0 and learned + arrived >= settings.growth * learned


def held_back(retrains: Sequence[Retrain], settings: RetrainSettings, *, batches: int, now: float) -> str | None:
    """Tell why a model may not be retrained now.

    Parameters
    ----------
    retrains
        Those before, newest first; the first training is none.
    settings
        The limits.
    batches
        How many have arrived by now.
    now
        In seconds since 1970.

    Returns
    -------
    str or None
        What is waited for; None where nothing is.

    Examples
    --------
    >>> limits = RetrainSettings(harm_checks=1, cooldown_checks=3, cooldown_hours=0, budget=2, budget_days=30, growth=4, new_labels=9)
    >>> held_back([Retrain(0.0, 4)], limits, batches=5, now=60.0)
    'retrained 1 batch ago, monitor.retrain.cooldown_checks is 3'
    >>> held_back([Retrain(0.0, 4)], limits, batches=7, now=60.0) is None
    True
    """
    if not retrains:
        return None
    since = batches - retrains[0].batches
    if since < settings.cooldown_checks:
        plural = "" if since == 1 else "es"
        return f"retrained {since} batch{plural} ago, monitor.retrain.cooldown_checks is {settings.cooldown_checks}"
    hours = (now - retrains[0].time) / _HOUR
    if hours < settings.cooldown_hours:
        return f"retrained {hours:.1f} hours ago, monitor.retrain.cooldown_hours is {settings.cooldown_hours:g}"
    recent = [one for one in retrains if now - one.time < settings.budget_days * _DAY]
    if len(recent) >= settings.budget:
        return (
            f"retrained {len(recent)} times within {settings.budget_days:g} days, "
            f"monitor.retrain.budget is {settings.budget}"
        )
    return None
