"""The decision to train, retrain or keep, from the findings of the new batches, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from tidemill.monitor.settings import MonitorSettings
from tidemill.reports.monitor import BatchDrift, Drift

Decision = Literal["train", "retrain", "keep"]

TRAIN: Final[Decision] = "train"
RETRAIN: Final[Decision] = "retrain"
KEEP: Final[Decision] = "keep"


def without_champion() -> Drift:
    """Decide where there is nothing to compare with: train."""
    reason = "there is no champion yet: train one and promote it"
    return _told(TRAIN, [reason], champion=None, batches={})


def without_news(champion: str, known: Sequence[str]) -> Drift:
    """Decide where the champion was trained on all batches there are: keep."""
    reason = f"no batch has arrived since the champion {champion} was trained on {', '.join(known)}"
    return _told(KEEP, [reason], champion=champion, batches={})


def retrain_decision(champion: str, findings: Mapping[str, BatchDrift], settings: MonitorSettings) -> Drift:
    """Decide by what was found of each new batch.

    ``retrain_on: harm`` retrains when any batch is harmed; ``drift`` when any drifted or is harmed; ``arrival`` always.
    """
    harmed = [name for name, finding in findings.items() if finding.harm]
    drifted = [name for name, finding in findings.items() if finding.drift]
    asked = {"harm": bool(harmed), "drift": bool(harmed or drifted), "arrival": bool(findings)}[settings.retrain_on]
    decision: Decision = RETRAIN if asked else KEEP
    reasons = [_first(decision, harmed, drifted, settings.retrain_on)]
    reasons += [f"{name}: {reason}" for name, finding in findings.items() for reason in finding.reasons]
    return _told(decision, reasons, champion=champion, batches=dict(findings))


def _first(decision: Decision, harmed: list[str], drifted: list[str], retrain_on: str) -> str:
    if harmed:
        return f"{decision}: {_names(harmed)} harm{'s' if len(harmed) == 1 else ''} the champion"
    if drifted:
        return f"{decision}: {_names(drifted)} drifted without harm that can be seen (retrain_on is {retrain_on})"
    return f"{decision}: no drift and no harm (retrain_on is {retrain_on})"


def _names(names: list[str]) -> str:
    return ", ".join(names)


def _told(decision: Decision, reasons: list[str], *, champion: str | None, batches: dict[str, BatchDrift]) -> Drift:
    return Drift(
        decision=decision,
        reasons=tuple(reasons),
        champion=champion,
        relabel=tuple(name for name, finding in batches.items() if finding.relabel),
        batches=batches,
    )
