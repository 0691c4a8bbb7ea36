"""Which stages will run again, and why: ``dvc.lock`` compared with the present settings and code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tidemill.project.config import load_params
from tidemill.project.layout import PARAMS
from tidemill.project.stage_code.stage_fingerprints import CODE, StageCode, listed
from tidemill.runs.dvc_cache import read_lock

_LONGEST: Final = 100
"""Characters of a value in a reason; a whole problem has thousands."""


@dataclass(frozen=True)
class Outdated:
    """A stage that will run again.

    Attributes
    ----------
    address
        The stage, such as ``label@spam``.
    reason
        What has changed since it ran.
    """

    address: str
    reason: str


def outdated(
    folder: Path,
    changed: Mapping[str, tuple[str, ...]],
    code: StageCode,
    *,
    params: Mapping[str, Any] | None = None,
) -> list[Outdated]:
    """List the stages that have run with other settings or other code.

    Stages that read what these make are not listed: they run again where it differs from before.

    Parameters
    ----------
    folder
        The project.
    changed
        Stages whose code has changed since ``code.yaml`` was composed before, with the files.
    code
        Fingerprints of now.
    params
        Settings of now; None for those of ``params.yaml``.

    Returns
    -------
    list of Outdated
        Stages with their reasons, in the order of dvc.lock.
    """
    params = load_params(folder / PARAMS) if params is None else params
    results = []
    for address, entry in read_lock(folder).items():
        stage, ran_with = address.partition("@")[0], entry.get("params", {})
        reasons = list(_settings(ran_with.get(str(PARAMS), {}), params))
        recorded = ran_with.get(str(CODE), {}).get(stage)
        if stage in code.stages and recorded != code.stages[stage]:
            reasons.append(_code(recorded, changed.get(stage, ())))
        if reasons:
            results.append(Outdated(address, "; ".join(reasons)))
    return results


def _settings(ran_with: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[str]:
    for key, before in ran_with.items():
        now: Any = params
        for part in key.split("."):
            now = now.get(part) if isinstance(now, dict) else None
        yield from _differences(before, now, key)


def _differences(before: Any, now: Any, key: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted(before.keys() | now.keys()):
            yield from _differences(before.get(name), now.get(name), f"{key}.{name}")
    elif before != now:
        yield f"{key} is {_shortened(now)}, was {_shortened(before)}"


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _code(recorded: str | None, files: tuple[str, ...]) -> str:
    if recorded is None:
        return "it ran before fingerprints of code were kept"
    return f"its code changed ({listed(files)})" if files else "its code changed"
