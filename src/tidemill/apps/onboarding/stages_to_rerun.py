"""Which stages run again with the installed version, and why: ``dvc.lock`` compared with the present."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from tidemill.project.compose import compose, compose_code
from tidemill.project.config import load_params
from tidemill.project.project import Project
from tidemill.project.stage_code.stage_fingerprints import changed_files, package_seen_from, read_code
from tidemill.runs.dvc_cache import read_lock
from tidemill.runs.outdated import Outdated, outdated


def stages_to_rerun(project: Project, pipeline: str) -> list[Outdated]:
    """List the stages that have run with other settings, code, command or dependencies. Nothing is written.

    Stages that read what these make are not listed: they run again where it differs from before.

    Parameters
    ----------
    project
        The project.
    pipeline
        Content of its ``dvc.yaml`` after the upgrade.

    Returns
    -------
    list of Outdated
        In the order of ``dvc.lock``.
    """
    written = load_params(project.params) if project.params.exists() else {}
    params = compose(written.get("overrides", []), conf=project.conf)
    code = compose_code(project, package_seen_from(project.root))
    listed = outdated(project.root, changed_files(read_code(project.root), code), code, params=params)
    reasons = {item.address: [item.reason] for item in listed}
    stages, result = yaml.safe_load(pipeline)["stages"], []
    for address, entry in read_lock(project.root).items():
        name, _, problem = address.partition("@")
        why = [*_wiring(entry, _filled(stages.get(name), problem)), *reasons.get(address, [])]
        if why:
            result.append(Outdated(address, "; ".join(why)))
    return result


def _filled(stage: Any, problem: str) -> Any:
    """Put a problem's name where ``dvc.yaml`` has a place for it."""
    if isinstance(stage, dict):
        return {_filled(key, problem): _filled(value, problem) for key, value in stage.items()}
    if isinstance(stage, list):
        return [_filled(item, problem) for item in stage]
    return stage.replace("${item.problem}", problem) if isinstance(stage, str) else stage


def _wiring(entry: Mapping[str, Any], stage: Mapping[str, Any] | None) -> Iterator[str]:
    if stage is None:
        return
    if entry["cmd"] != stage["cmd"]:
        yield f"its command is `{stage['cmd']}`, was `{entry['cmd']}`"
    before, now = {str(item["path"]) for item in entry.get("deps", [])}, set(map(str, stage.get("deps", [])))
    for word, paths in (("reads", now - before), ("no longer reads", before - now)):
        if paths:
            yield f"it {word} {', '.join(sorted(paths))}"
