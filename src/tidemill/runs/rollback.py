"""An older version made the champion again."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from tidemill.errors import ConfigError, PublishError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.runs.dvc_cache import damaged_objects, missing_objects, outputs
from tidemill.runs.dvc_config import cache_folder, default_remote
from tidemill.runs.git import git
from tidemill.runs.model_registry import Registry, file_at_version, read_registry, without_model
from tidemill.runs.promotion_record import PERSON, signed
from tidemill.runs.tags_being_set import noted_tag, tags_are_set

_CACHE: Final = Path(".dvc") / "cache"


def rollback(project: Project, problem: str, version: str | None, reason: str = "") -> str:
    """Make an old version the champion again by one new tag; no network is needed.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    version
        Tag such as ``spam@v1.4.0``, or ``v1.4.0`` alone; None: the version before the champion.
    reason
        Why; it becomes part of the tag.

    Returns
    -------
    str
        Tag of the new champion.

    Raises
    ------
    ConfigError
        There is no such version, it holds no model, or there is none before the champion.
    PublishError
        A file of its model is damaged in DVC's cache, or gone without a remote.
    """
    registry, folder = read_registry(project, problem), project.shared
    hollow = {damage.tag: damage for damage in without_model(project, registry)}
    target = version if version is None or "@" in version else f"{problem}@{version}"
    if target is None:
        target = _before_champion(registry, hollow)
    if target not in registry.versions:
        damaged = "".join(f". {damage}" for damage in registry.damages if damage.tag == target)
        there = ", ".join(registry.versions) or "none"
        raise ConfigError(f"{problem} has no version {target}; there are {there}{damaged}")
    if target in hollow:
        raise ConfigError(f"{hollow[target]}. Nothing was changed")
    _refuse_damaged(project, problem, target, registry.versions[target])
    message = signed(f"Roll {problem} back to {target}\n\n{reason}", PERSON)
    tag = noted_tag(registry.next_assignment(), registry.versions[target], message, folder)
    git("update-ref", f"refs/tags/{registry.next_assignment()}", tag, "0" * 40, folder=folder)
    tags_are_set([tag], folder)
    return target


def _refuse_damaged(project: Project, problem: str, version: str, commit: str) -> None:
    """Files that are missing may be at a remote, if there is one; damaged ones would be served."""
    import yaml  # DVC, and what reads its numbers exactly, take a second to be imported

    model, root = Paths.within(problem).model.parent, project.shared
    cache = root / _CACHE if _is_usual(root) else cache_folder(root)
    content = yaml.load(file_at_version(project, Path("dvc.lock"), commit) or "", Loader=yaml.CSafeLoader)
    stages = content.get("stages", {}) if isinstance(content, dict) else {}
    for path, digest in outputs(stages):
        if Path(path).is_relative_to(model):
            for lost in damaged_objects(cache, digest):
                raise PublishError(
                    f"object {lost} of {path} of {version} is damaged; nothing was changed. `tidemill doctor --fix` removes it, "
                    "`dvc pull` brings it from a remote"
                )
            gone = next(missing_objects(cache, digest), None)
            if gone is not None and not (project.state / "models" / version).exists() and default_remote(root) is None:
                raise PublishError(
                    f"object {gone} of {path} of {version} is gone, and no DVC remote is set that could have it; nothing was changed. "
                    f"`tidemill rollback {problem} VERSION` goes to another version"
                )


def _is_usual(root: Path) -> bool:
    """Whether the project's settings of DVC name no other cache, so that DVC need not be asked."""
    files = [root / ".dvc" / name for name in ("config", "config.local")]
    return not any("cache" in file.read_text(encoding="utf-8", errors="replace") for file in files if file.exists())


def _before_champion(registry: Registry, hollow: Collection[str]) -> str:
    names = [name for name in registry.versions if name not in hollow or name == registry.champion]
    if not names:
        raise ConfigError(f"{registry.problem} has no version to go back to: tidemill run problem={registry.problem}")
    if registry.champion is None:
        raise ConfigError(f"{registry.problem} has no champion to go back from: name one of {', '.join(names)}")
    place = names.index(registry.champion)
    if place == 0:
        raise ConfigError(f"{registry.problem} has no version before {registry.champion}; `tidemill models` lists them")
    return names[place - 1]
