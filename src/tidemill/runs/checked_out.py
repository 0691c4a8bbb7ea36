"""Outputs of a checkout against its ``dvc.lock``: after `git checkout` without `dvc checkout` they are those of another commit."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Final

from tidemill.common.files import md5_of
from tidemill.project.project import Project
from tidemill.runs.dvc_cache import locked_stages, object_path, outputs
from tidemill.runs.dvc_config import cache_folder

AFTER_INGEST: Final = ("label", "denoise", "train")
"""Stages whose outputs nothing but a run writes."""
REMEDY: Final = "`dvc checkout` brings those of this commit, `dvc repro` makes them anew"


def outputs_of_others(project: Project, problem: str, stages: Collection[str] = AFTER_INGEST) -> list[str]:
    """List outputs that are there and are not those of ``dvc.lock``.

    Every file of them is read. Of a folder whose list of files is not in DVC's cache nothing is known.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    stages
        Whose outputs are looked at.

    Returns
    -------
    list of str
        Paths below the project's folder.
    """
    entries = locked_stages(project.root, problem)
    chosen = {address: entry for address, entry in entries.items() if address.partition("@")[0] in stages}
    cache = cache_folder(project.root) if chosen else Path()
    found = [(path, digest) for path, digest in outputs(chosen) if (project.root / path).exists()]
    return [path for path, digest in found if not _is_output(project.root / path, digest, cache)]


def missing_outputs(project: Project, problem: str) -> list[str]:
    """List outputs of ``dvc.lock`` that are not there, where others of the problem are.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    list of str
        Paths below the project's folder; none in a clone into which no data was brought yet.
    """
    paths = [path for path, _ in outputs(locked_stages(project.root, problem)) if path.startswith(("data/", "models/"))]
    missing = [path for path in paths if not (project.root / path).exists()]
    return missing if len(missing) < len(paths) else []


def _is_output(path: Path, digest: str, cache: Path) -> bool:
    if not digest.endswith(".dir"):
        return path.is_file() and md5_of(path) == digest
    listing = object_path(cache, digest)
    if not listing.exists():
        return True
    try:
        wanted = {str(entry["relpath"]): str(entry["md5"]) for entry in json.loads(listing.read_text(encoding="utf-8"))}
    except (ValueError, TypeError, KeyError):  # damaged, which a run finds
        return True
    there = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    return set(there) == set(wanted) and all(md5_of(file) == wanted[name] for name, file in there.items())
