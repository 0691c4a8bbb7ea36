"""findings of the new batches -> train, retrain or keep, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tidemill.monitor.settings import MonitorSettings

TRAIN: Final = "train"
RETRAIN: Final = "retrain"
KEEP: Final = "keep"


def without_champion() -> dict[str, Any]:
    """Nothing to compare with -> train."""
    reason = "there is no champion yet: train one and promote it"
    return _told(TRAIN, [reason], champion=None, batches={})


def without_news(champion: str, known: Sequence[str]) -> dict[str, Any]:
    """Champion and the batches it was trained on, which are all -> keep."""
    reason = f"no batch has arrived since the champion {champion} was trained on {', '.join(known)}"
    return _told(KEEP, [reason], champion=champion, batches={})


def decide(champion: str, findings: Mapping[str, dict[str, Any]], settings: MonitorSettings) -> dict[str, Any]:
    """Champion and batch -> finding -> decision, reasons (a sentence per batch and cause), findings.

    ``retrain_on: harm`` retrains when any batch is harmed; ``drift`` when any drifted or is harmed; ``arrival`` always.
    """
    harmed = [name for name, finding in findings.items() if finding["harm"]]
    drifted = [name for name, finding in findings.items() if finding["drift"]]
    asked = {"harm": bool(harmed), "drift": bool(harmed or drifted), "arrival": bool(findings)}[settings.retrain_on]
    decision = RETRAIN if asked else KEEP
    reasons = [_first(decision, harmed, drifted, settings.retrain_on)]
    reasons += [f"{name}: {reason}" for name, finding in findings.items() for reason in finding["reasons"]]
    return _told(decision, reasons, champion=champion, batches=dict(findings))


def _first(decision: str, harmed: list[str], drifted: list[str], retrain_on: str) -> str:
    if harmed:
        return f"{decision}: {_names(harmed)} harm{'s' if len(harmed) == 1 else ''} the champion"
    if drifted:
        return f"{decision}: {_names(drifted)} drifted without harm that can be seen (retrain_on is {retrain_on})"
    return f"{decision}: no drift and no harm (retrain_on is {retrain_on})"


def _names(names: list[str]) -> str:
    return ", ".join(names)


def _told(decision: str, reasons: list[str], *, champion: str | None, batches: dict[str, Any]) -> dict[str, Any]:
    relabel = [name for name, finding in batches.items() if finding["relabel"]]
    return {
        "decision": decision,
        "reasons": reasons,
        "champion": champion,
        "relabel": relabel,
        "batches": batches,
    }
