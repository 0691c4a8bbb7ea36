"""What a version of a model was made of: batches, functions, settings, code and outputs, read from its commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from tidemill.common.nested import flatten
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ConfigError, DataError
from tidemill.project.layout import PARAMS, Paths
from tidemill.project.project import Project
from tidemill.project.stage_code.stage_fingerprints import CODE
from tidemill.reports.evaluate import Metrics
from tidemill.reports.lineage import VersionLineage
from tidemill.reports.project import Arrival, Manifest
from tidemill.runs.dvc_cache import outputs, parse_lock
from tidemill.runs.git import git
from tidemill.runs.model_registry import Registry, file_at_version, read_registry


def version_lineage(project: Project, problem: str, version: str) -> VersionLineage:
    """Read what a version was made of.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    version
        Such as ``v1.0.0`` or ``spam@v1.0.0``.

    Returns
    -------
    VersionLineage

    Raises
    ------
    ConfigError
        There is no such version.
    DataError
        Its commit holds no ``dvc.lock`` of the problem.
    """
    registry = read_registry(project, problem)
    name = version_name(registry, version)
    commit, paths = registry.versions[name], Paths.within(problem)
    stages = _stages(project, problem, name, commit)
    return VersionLineage(
        version=name,
        commit=commit,
        date=git("show", "-s", "--format=%cI", commit, folder=project.root),
        assignments=tuple(tag for tag, where in registry.assignments.items() if where == commit),
        batches=_batches(project, paths, commit),
        functions=_functions(project, paths, commit),
        outputs=dict(outputs(stages)),
        settings=_settings(stages),
        code=_code(stages),
        scores=_scores(project, paths, commit),
    )


def version_name(registry: Registry, version: str) -> str:
    """Complete a version's name, such as ``v1.0.0``, by its problem.

    Parameters
    ----------
    registry
        Versions of the problem.
    version
        With or without the problem's name.

    Returns
    -------
    str
        Such as ``spam@v1.0.0``.

    Raises
    ------
    ConfigError
        The problem has no such version.
    """
    name = version if "@" in version else f"{registry.problem}@{version}"
    if name not in registry.versions:
        existing = ", ".join(registry.versions) or "none"
        hint = did_you_mean(name, list(registry.versions))
        raise ConfigError(f"{registry.problem} has no version {version}{hint}; versions: {existing}")
    return name


def _stages(project: Project, problem: str, version: str, commit: str) -> dict[str, dict[str, Any]]:
    content = parse_lock(file_at_version(project, Path("dvc.lock"), commit) or "{}")
    stages = content.get("stages") if isinstance(content, dict) else None
    own = {name: entry for name, entry in (stages or {}).items() if name.endswith(f"@{problem}")}
    if not own:
        raise DataError(f"{version}: its commit {commit[:12]} holds no dvc.lock with stages of {problem}")
    return own


def _batches(project: Project, paths: Paths, commit: str) -> tuple[Arrival, ...]:
    text = file_at_version(project, paths.manifest, commit)
    return () if text is None else Manifest.parse(text, where=f"{paths.manifest} of {commit[:12]}").batches


def _functions(project: Project, paths: Paths, commit: str) -> dict[str, str]:
    folder = paths.functions
    listing = git("ls-tree", "-r", commit, "--", f"{folder.as_posix()}/", folder=project.root)
    entries = (line.split("\t") for line in listing.splitlines())
    files = {path.rpartition("/")[2]: about.split()[2] for about, path in entries}
    return {name: digest for name, digest in files.items() if name.endswith((".py", ".yaml")) and name != "__init__.py"}


def _settings(stages: Mapping[str, Mapping[str, Any]]) -> dict[str, JsonValue]:
    merged: dict[str, JsonValue] = {}
    for entry in stages.values():
        merged |= {
            key: value
            for key, value in flatten(entry.get("params", {}).get(str(PARAMS), {}))
            if not isinstance(value, Mapping)
        }
    return dict(sorted(merged.items()))


def _code(stages: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {
        stage: fingerprint
        for entry in stages.values()
        for stage, fingerprint in entry.get("params", {}).get(str(CODE), {}).items()
    }


def _scores(project: Project, paths: Paths, commit: str) -> dict[str, float | None]:
    text = file_at_version(project, paths.reports / "metrics.json", commit)
    try:
        metrics = None if text is None else Metrics.parse(text, where=f"metrics.json of {commit[:12]}")
    except DataError:  # of a version of Tidemill whose reports are no longer read
        metrics = None
    return {} if metrics is None else metrics.scores.get("end_model", {})


def is_version(text: str) -> bool:
    """Whether a word names a version, such as ``v1.0.0`` or ``spam@v1.0.0``, and not a row.

    Parameters
    ----------
    text
        A word of the command line.

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_version(text) for text in ("v1.0.0", "spam@v1.2.0", "0a6f2c4e")]
    [True, True, False]
    """
    return re.fullmatch(r"(?:[\w-]+@)?v\d+(?:\.\d+)*", text) is not None


def version_lines(version: VersionLineage) -> list[str]:
    """Write a version's lineage as lines.

    Parameters
    ----------
    version
        Its lineage.

    Returns
    -------
    list of str
    """
    return [
        f"{version.version}  {version.commit[:12]}  {version.date}",
        f"  champion    {', '.join(version.assignments) or 'never'}",
        *(f"  batch       {entry.batch}, from {entry.source}" for entry in version.batches),
        f"  functions   {', '.join(sorted(version.functions)) or 'none'}",
        *(f"  {metric:<20}{score:.3f}" for metric, score in version.scores.items() if score is not None),
        *(f"  {digest[:12]}  {path}" for path, digest in version.outputs.items()),
    ]
