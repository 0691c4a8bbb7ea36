"""What differs between two versions of a model."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from tidemill.apps.lineage.version import version_lineage
from tidemill.contracts import ConfigError
from tidemill.project.project import Project
from tidemill.reports.lineage import ScoreChange, SettingChange, VersionDiff, VersionLineage
from tidemill.runs.model_registry import read_registry


def version_diff(project: Project, problem: str, old: str, new: str | None) -> VersionDiff:
    """Compare two versions of a problem's model.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    old
        Such as ``v1.0.0``.
    new
        None: the champion.

    Returns
    -------
    VersionDiff

    Raises
    ------
    ConfigError
        There is no such version, no champion yet, or the champion would be compared with itself.
    """
    second = read_registry(project, problem).champion if new is None else new
    if second is None:
        raise ConfigError(f"{problem} has no champion yet: tidemill run problem={problem}")
    before, after = (version_lineage(project, problem, version) for version in (old, second))
    if new is None and before.version == after.version:
        raise ConfigError(f"{before.version} is the champion: name another version to compare it with")
    return compare_versions(before, after)


def compare_versions(old: VersionLineage, new: VersionLineage) -> VersionDiff:
    """List what differs.

    Parameters
    ----------
    old, new
        The two versions.

    Returns
    -------
    VersionDiff
        Batches in the order of arrival, everything else by name.
    """
    before, after = ([entry.batch for entry in version.batches] for version in (old, new))
    return VersionDiff(
        old=old.version,
        new=new.version,
        scores=tuple(
            ScoreChange(metric=metric, old=old.scores.get(metric), new=new.scores.get(metric))
            for metric in dict.fromkeys([*old.scores, *new.scores])
        ),
        batches_added=tuple(name for name in after if name not in before),
        batches_removed=tuple(name for name in before if name not in after),
        functions_added=tuple(sorted(new.functions.keys() - old.functions.keys())),
        functions_removed=tuple(sorted(old.functions.keys() - new.functions.keys())),
        functions_changed=tuple(
            name
            for name in sorted(old.functions.keys() & new.functions.keys())
            if old.functions[name] != new.functions[name]
        ),
        settings=_settings(old.settings, new.settings),
        code=_differing(old.code, new.code),
        outputs=_differing(old.outputs, new.outputs),
    )


def diff_lines(diff: VersionDiff) -> list[str]:
    """Write a comparison as lines.

    Parameters
    ----------
    diff
        The comparison.

    Returns
    -------
    list of str
    """
    lines = [f"{diff.old} to {diff.new}"]
    lines += [f"  {score.metric:<20} {_score(score.old)} {_score(score.new)}" for score in diff.scores]
    for title, names in (
        ("batches added", diff.batches_added),
        ("batches removed", diff.batches_removed),
        ("function files added", diff.functions_added),
        ("function files removed", diff.functions_removed),
        ("function files changed", diff.functions_changed),
        ("stages with other code", diff.code),
        ("outputs that differ", diff.outputs),
    ):
        lines += [f"{title}: {', '.join(names)}"] if names else []
    lines += [f"{change.key}: {change.old} -> {change.new}" for change in diff.settings]
    return lines if diff.count else [*lines, "nothing differs but the scores" if diff.scores else "nothing differs"]


def _score(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.3f}"


def _settings(old: Mapping[str, JsonValue], new: Mapping[str, JsonValue]) -> tuple[SettingChange, ...]:
    keys = sorted(old.keys() | new.keys())
    return tuple(
        SettingChange(key=key, old=old.get(key), new=new.get(key)) for key in keys if old.get(key) != new.get(key)
    )


def _differing(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name))
