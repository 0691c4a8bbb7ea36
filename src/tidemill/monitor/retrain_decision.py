"""The decision to train, retrain or keep, from the findings of the new batches, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from tidemill.monitor.settings import MonitorSettings
from tidemill.reports.monitor import BatchDrift, Drift, StreamDrift

Decision = Literal["train", "retrain", "keep"]

TRAIN: Final[Decision] = "train"
RETRAIN: Final[Decision] = "retrain"
KEEP: Final[Decision] = "keep"


def without_champion() -> Drift:
    """Decide where there is nothing to compare with: train.

    Returns
    -------
    Drift
    """
    reason = "there is no champion yet: train one and promote it"
    return _report(TRAIN, [reason], champion=None, batches={})


def without_news(champion: str, known: Sequence[str]) -> Drift:
    """Decide where the champion was trained on all batches there are: keep.

    Parameters
    ----------
    champion
        Its version.
    known
        Batches that it was trained on.

    Returns
    -------
    Drift
    """
    reason = f"no batch has arrived since the champion {champion} was trained on {', '.join(known)}"
    return _report(KEEP, [reason], champion=champion, batches={})


def retrain_decision(
    champion: str, findings: Mapping[str, BatchDrift], stream: StreamDrift, settings: MonitorSettings
) -> Drift:
    """Decide by what was found of all new batches as one stream, and by the harm of each.

    ``retrain_on: harm`` retrains when any batch is harmed; ``drift`` when the stream has alarmed or a batch is harmed;
    ``arrival`` always.

    Parameters
    ----------
    champion
        Its version.
    findings
        Of each new batch by itself, by name.
    stream
        Of all new batches together.
    settings
        Of the stage.

    Returns
    -------
    Drift
    """
    harmed = [name for name, finding in findings.items() if finding.harm]
    asked = {"harm": bool(harmed), "drift": bool(harmed) or stream.drift, "arrival": bool(findings)}[
        settings.retrain_on
    ]
    decision: Decision = RETRAIN if asked else KEEP
    reasons = [_first(decision, harmed, stream, settings.retrain_on), *_stream_reasons(stream)]
    reasons += [f"{name}: {reason}" for name, finding in findings.items() for reason in finding.reasons]
    return _report(decision, reasons, champion=champion, batches=dict(findings), stream=stream)


def _first(decision: Decision, harmed: list[str], stream: StreamDrift, retrain_on: str) -> str:
    if harmed:
        return f"{decision}: {_names(harmed)} harm{'s' if len(harmed) == 1 else ''} the champion"
    if stream.drift:
        return f"{decision}: drift without harm that can be seen (retrain_on is {retrain_on})"
    return f"{decision}: no drift and no harm (retrain_on is {retrain_on})"


def _stream_reasons(stream: StreamDrift) -> list[str]:
    if stream.alarm is None:
        message = f"no drift in {stream.batches} batches of {stream.rows} rows together: they look like the reference"
        return [message, *stream.warnings]
    alarm = stream.alarm
    cause = [] if stream.cause is None else [f"drift: {stream.cause.sentence}"]
    where = "" if alarm.rows == "all rows" else f", among rows of {alarm.rows}"
    message = (
        f"alarm: {alarm.says}{where}, since {alarm.since}; raised at {alarm.batch} "
        f"after {alarm.changed_rows} rows, log-evidence {alarm.log_evidence:.1f} of {alarm.log_threshold:.1f}"
    )
    remedy = (
        "the alarm stays until a model is promoted; if it is harmless, `tidemill accept-drift` takes a new reference"
    )
    return [*cause, message, remedy, *stream.warnings]


def _names(names: list[str]) -> str:
    return ", ".join(names)


def _report(
    decision: Decision,
    reasons: list[str],
    *,
    champion: str | None,
    batches: dict[str, BatchDrift],
    stream: StreamDrift | None = None,
) -> Drift:
    return Drift(
        decision=decision,
        reasons=tuple(reasons),
        champion=champion,
        relabel=tuple(name for name, finding in batches.items() if finding.relabel),
        batches=batches,
        stream=stream,
    )
