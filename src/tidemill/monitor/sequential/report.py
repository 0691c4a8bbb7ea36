"""The state of a stream as the report has it, with what is promised in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tidemill.monitor.rows import rounded
from tidemill.monitor.sequential.state import Alarm
from tidemill.monitor.sequential.stream import Stream
from tidemill.monitor.sequential.watch import EVERYTHING
from tidemill.reports.monitor import Cause, DriftAlarm, StreamDrift, Watched

_LISTED: Final = 5


def stream_report(
    stream: Stream,
    batches: Sequence[str],
    *,
    reference_rows: int,
    accepted: int,
    cause: Cause | None = None,
    warnings: Sequence[str] = (),
) -> StreamDrift:
    """Report a stream.

    Parameters
    ----------
    stream : Stream
        After its last batch.
    batches : sequence of str
        Names of its batches, in order.
    reference_rows : int
        How many rows the reference has.
    accepted : int
        Drifts that were accepted since the promotion.
    cause : Cause, optional
        Of the alarm.
    warnings : sequence of str
        What is known besides that weakens the promise.

    Returns
    -------
    StreamDrift
    """
    settings = stream.watch.settings
    few = (
        f"the reference has {reference_rows} rows, {settings.min_reference} are asked: the promise holds, "
        "but a change is found later"
    )
    return StreamDrift(
        drift=stream.alarm is not None,
        level=rounded(stream.watch.alpha),
        promise=promise(stream),
        assumption=assumption(stream),
        reference_rows=reference_rows,
        batches=stream.state.checks,
        rows=int(stream.state.rows.sum()),
        accepted=accepted,
        alarm=None if stream.alarm is None else _alarm(stream, stream.alarm, batches),
        cause=cause,
        watched=_nearest(stream),
        warnings=(*warnings, *((few,) if reference_rows < settings.min_reference else ())),
    )


def promise(stream: Stream) -> str:
    """Say what is promised.

    Parameters
    ----------
    stream
        Its level and scores count.

    Returns
    -------
    str
    """
    chance = f"{100 * stream.watch.alpha:.3g}%"
    return (
        f"while nothing changes, the chance that any of the {len(stream.watch.columns)} scores raises an alarm, at any check "
        f"from now on and however many rows a batch has, is at most {chance}"
    )


def assumption(stream: Stream) -> str:
    """Say under which assumption the promise holds, and what is found late or never.

    Parameters
    ----------
    stream
        Its strata count.

    Returns
    -------
    str
    """
    strata = ", ".join(stream.watch.settings.strata)
    within = f" of the same {strata}" if strata else ""
    mix = f"; how the rows are shared out among {strata} may move freely, that is no drift" if strata else ""
    return (
        f"rows{within} of the reference and of the batches come from one source, in an order that says nothing (they are "
        f"exchangeable){mix}; a change so slow that changed rows are soon the norm is found late or never, for every row "
        "is compared with all rows before it"
    )


def _alarm(stream: Stream, alarm: Alarm, batches: Sequence[str]) -> DriftAlarm:
    place = [column.name for column in stream.watch.columns].index(alarm.column)
    return DriftAlarm(
        score=alarm.column,
        rows=alarm.view,
        says=_says(stream, place),
        log_evidence=rounded(alarm.log_evidence),
        log_threshold=rounded(alarm.log_threshold),
        batch=batches[alarm.check],
        since=batches[alarm.change],
        changed_rows=alarm.rows,
    )


def _nearest(stream: Stream) -> tuple[Watched, ...]:
    evidence, margins = stream.log_evidence(), stream.margins()
    order = np.argsort(-margins, axis=None, kind="stable")[:_LISTED]
    places: list[tuple[Any, ...]] = [np.unravel_index(k, margins.shape) for k in order]
    return tuple(
        Watched(
            score=stream.watch.columns[column].name,
            rows=stream.watch.views[view] if stream.watch.strata else EVERYTHING,
            says=_says(stream, int(column)),
            log_evidence=rounded(evidence[view, column]),
            log_threshold=rounded(evidence[view, column] - margins[view, column]),
        )
        for view, column in places
        if np.isfinite(margins[view, column])
    )


def _says(stream: Stream, place: int) -> str:
    return stream.watch.scores[stream.watch.owners[place]].describe(stream.watch.columns[place])
