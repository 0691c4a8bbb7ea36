"""Objects of DVC's cache that results and versions need: damaged ones, and champions of which some are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.runs.dvc_cache import damaged_objects, missing_objects, outputs, read_lock
from tidemill.runs.dvc_config import cache_folder
from tidemill.runs.model_registry import problems_in, read_registry
from tidemill.runs.pending import locked_outputs
from tidemill.runs.tags import read_tags


def damaged_results(project: Project) -> dict[Path, str]:
    """Find damaged objects of the results in ``dvc.lock`` and of all versions, which a rollback could choose.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    dict
        File of an object to the result that it belongs to, such as ``data/spam/raw``.
    """
    cache = cache_folder(project.shared)
    digests = {digest: path for path, digest in outputs(read_lock(project.shared))}
    for version, digest, _ in _models(project):
        digests.setdefault(digest, f"the model of {version}")
    return {path: result for digest, result in digests.items() for path in damaged_objects(cache, digest)}


def lost_champions(project: Project) -> list[str]:
    """Find champions of which an object is in no cache and that no command has fetched.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        Tags of their versions.
    """
    cache, kept = cache_folder(project.shared), project.state / "models"
    return [
        version
        for version, digest, is_champion in _models(project)
        if is_champion and any(missing_objects(cache, digest)) and not (kept / version).exists()
    ]


def _models(project: Project) -> Iterator[tuple[str, str, bool]]:
    """Tag of each version, MD5 of its model's folder, and whether it is the champion."""
    for problem in problems_in(read_tags(project.shared)):
        registry, model = read_registry(project, problem), Paths.within(problem).model.as_posix()
        for version, commit in registry.versions.items():
            held = dict(locked_outputs(project, problem, commit))
            if model in held:
                yield version, held[model], version == registry.champion
