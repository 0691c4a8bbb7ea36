"""Which stages run again with the installed version, and why: what ``dvc.lock`` says they ran with, beside what is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tidemill.project.compose import CONF, compose
from tidemill.project.config import PARAMS, load_params
from tidemill.runs.dvc_cache import read_lock


@dataclass(frozen=True)
class Rerun:
    """A stage that will run again.

    Attributes
    ----------
    address
        The stage, such as ``label@spam``.
    reason
        What is not as it was when it ran.
    """

    address: str
    reason: str


def stages_to_rerun(root: Path, pipeline: str) -> list[Rerun]:
    """List the stages that have run with other settings, another command or other dependencies. Nothing is written.

    Stages that read what these make are not listed: they run again where it differs from before.

    Parameters
    ----------
    root
        Top folder of the project.
    pipeline
        Content of its ``dvc.yaml`` after the upgrade.

    Returns
    -------
    list of Rerun
        In the order of ``dvc.lock``.
    """
    written = load_params(root / PARAMS) if (root / PARAMS).exists() else {}
    now = {str(PARAMS): compose(written.get("overrides", []), conf=root / CONF)}
    stages = yaml.safe_load(pipeline)["stages"]
    found = []
    for address, entry in read_lock(root).items():
        name, _, problem = address.partition("@")
        stage = _filled(stages.get(name), problem)
        reasons = [] if stage is None else [*_wiring(entry, stage), *_settings(entry, now)]
        if reasons:
            found.append(Rerun(address, "; ".join(reasons)))
    return found


def _filled(stage: Any, problem: str) -> Any:
    """Put a problem's name where ``dvc.yaml`` has a place for it."""
    if isinstance(stage, dict):
        return {_filled(key, problem): _filled(value, problem) for key, value in stage.items()}
    if isinstance(stage, list):
        return [_filled(item, problem) for item in stage]
    return stage.replace("${item.problem}", problem) if isinstance(stage, str) else stage


def _wiring(entry: Mapping[str, Any], stage: Mapping[str, Any]) -> Iterator[str]:
    if entry["cmd"] != stage["cmd"]:
        yield f"its command is `{stage['cmd']}`, was `{entry['cmd']}`"
    before, now = {str(one["path"]) for one in entry.get("deps", [])}, set(map(str, stage.get("deps", [])))
    for word, paths in (("reads", now - before), ("no longer reads", before - now)):
        if paths:
            yield f"it {word} {', '.join(sorted(paths))}"


def _settings(entry: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for file, settings in entry.get("params", {}).items():
        for key, before in settings.items():
            value: Any = now.get(file, {})
            for part in key.split("."):
                value = value.get(part) if isinstance(value, dict) else None
            yield from _differences(before, value, key)


def _differences(before: Any, now: Any, key: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted(before.keys() | now.keys()):
            yield from _differences(before.get(name), now.get(name), f"{key}.{name}")
    elif before != now:
        yield f"{key} is {now!r}, was {before!r}"
