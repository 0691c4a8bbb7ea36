"""The temporary project: one packaged problem, quick settings, no champion."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tidemill.errors import RunError
from tidemill.flows.simulation.rows import WEEKEND
from tidemill.project.layout import CONF, Paths
from tidemill.project.packages import FOLDER
from tidemill.project.project import Project
from tidemill.reports.project import ChampionPin, Manifest
from tidemill.runs.git import git, identity

_SETTINGS: Final[dict[str, Any]] = {
    "ingest": {"meta": {WEEKEND: "string"}, "split": {"train": 0.4, "dev": 0.1, "valid": 0.3, "test": 0.2, "seed": 7}},
    "label": {"suite": {"min_coverage": 0.0, "max_conflict": 1.0, "min_functions_per_class": 1}},
    "monitor": {
        "sequential": {"strata": [WEEKEND]},
        "actions": dict.fromkeys(["function_decayed", "function_silent", "harm_undecided", "new_cluster"], "retrain"),
    },
}
"""What the simulation changes: the season has a name, nobody is there to be asked, and there is enough gold for the gate."""

_QUICK: Final = {"denoise": "majority", "train": "head"}


def environment_without(names: tuple[str, ...] = ("PREFECT", "GIT_", "DVC_", "PYTEST")) -> dict[str, str]:
    """Give the environment of a command of another project.

    Parameters
    ----------
    names
        How variables begin that it may not see.

    Returns
    -------
    dict of str to str
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(names)}
    return kept | {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}


def tidemill(folder: Path, *words: str) -> str:
    """Run a command of Tidemill in a project.

    Parameters
    ----------
    folder
        The project.
    *words
        Words of the command.

    Returns
    -------
    str
        What it printed.

    Raises
    ------
    RunError
        It failed.
    """
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "tidemill", *words],
        cwd=folder,
        env=environment_without(),
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if answer.returncode:
        raise RunError(f"`tidemill {' '.join(words)}` failed in {folder}: {answer.stderr[-2000:]}")
    return answer.stdout


def make_project(origin: Project, problem: str, folder: Path) -> Project:
    """Make the project and commit it.

    Parameters
    ----------
    origin
        The project that has the packaged problem.
    problem
        Its name.
    folder
        Where; it must not exist.

    Returns
    -------
    Project
    """
    tidemill(folder.parent, "init", folder.name)
    (folder / FOLDER).parent.mkdir(parents=True, exist_ok=True)
    (folder / FOLDER).symlink_to((origin.shared / FOLDER).resolve())
    paths = Paths.within(problem)
    shutil.copytree(
        origin.root / paths.functions, folder / paths.functions, ignore=shutil.ignore_patterns("__pycache__")
    )
    _write(
        folder / CONF / "problem" / f"{problem}.yaml", _quick(_read(origin.root / CONF / "problem" / f"{problem}.yaml"))
    )
    _write(folder / CONF / "config.yaml", _with_problem(_read(folder / CONF / "config.yaml"), problem))
    Manifest(batches=()).write(folder / paths.manifest)
    ChampionPin(version=None).write(folder / paths.champion)
    (folder / "data" / "incoming" / problem).mkdir(parents=True)
    tidemill(folder, "compose")
    git("add", "-A", folder=folder)
    git(*identity(folder), "commit", "-q", "-m", f"Simulate {problem}", folder=folder)
    return Project.open(folder)


def _quick(content: dict[str, Any]) -> dict[str, Any]:
    defaults = []
    for entry in content["defaults"]:
        (group, option), *_ = entry.items() if isinstance(entry, dict) else ((entry, None),)
        stage = group.partition("@")[2]
        defaults.append({group: _QUICK.get(stage, option)} if option is not None else entry)
    kept = {key: value for key, value in content.items() if key not in _QUICK}  # their options have other settings
    return _merged(kept, _SETTINGS) | {"defaults": defaults}


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(one)
    for key, value in other.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(result[key], value) if both else value
    return result


def _with_problem(content: dict[str, Any], problem: str) -> dict[str, Any]:
    defaults = [{f"problem@{problem}": problem}, *content["defaults"]]
    return content | {"defaults": defaults, "problems": [problem]}


def _read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
