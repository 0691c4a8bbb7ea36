"""Scores and differences as the gate's sentences have them."""

from __future__ import annotations

from tidemill.reports.base import Estimate


def metric_label(metric: str) -> str:
    """Write a metric's name in words.

    Parameters
    ----------
    metric
        Name of the metric in the settings.

    Returns
    -------
    str
        The name with spaces.

    Examples
    --------
    >>> metric_label("balanced_accuracy")
    'balanced accuracy'
    """
    return metric.replace("_", " ")


def format_score(value: float | None) -> str:
    """Write a score with three decimals.

    Parameters
    ----------
    value
        The score; None where it is undefined.

    Returns
    -------
    str
        A dash for None.
    """
    return "-" if value is None else f"{value:.3f}"


def format_gain(interval: Estimate) -> str:
    """Write a difference with its interval.

    Parameters
    ----------
    interval
        Difference and both ends of its interval, each None where undefined.

    Returns
    -------
    str
        Signed, with three decimals; a dash for None.

    Examples
    --------
    >>> format_gain(Estimate(score=0.25, low=0.2, high=0.3))
    '+0.250 [+0.200, +0.300]'
    """
    parts = ["-" if value is None else f"{value:+.3f}" for value in (interval.score, interval.low, interval.high)]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]"
