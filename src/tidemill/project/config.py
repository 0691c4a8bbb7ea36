"""Typed settings of a problem and a stage, read from params.yaml; an unknown key is an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from tidemill.common.spelling import did_you_mean
from tidemill.errors import ConfigError
from tidemill.project.renamed_settings import refuse_renamed

if TYPE_CHECKING:  # see Project
    from tidemill.contracts import Problem, Settings

S = TypeVar("S", bound="Settings")


def load_params(path: Path) -> dict[str, Any]:
    """Read params.yaml.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        Content of the file.

    Raises
    ------
    ConfigError
        The file is missing, no YAML, or not a mapping.
    """
    if not path.exists():
        raise ConfigError(f"{path} is missing: run `tidemill compose` in the project's top folder")
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        line = "" if place is None else f", line {place.line + 1}"
        raise ConfigError(
            f"{path}{line} is not YAML: after a merge with conflicts `git checkout --ours {path.name}`, else "
            f"`git checkout HEAD {path.name}`, then `tidemill compose`"
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} is not a mapping: run `tidemill compose`")
    return content


def load(name: str, stage: str, settings: type[S], *, params: dict[str, Any]) -> tuple[Problem, S]:
    """Read a problem and the settings of one of its stages from the content of params.yaml.

    Parameters
    ----------
    name
        Name of the problem.
    stage
        Name of the stage.
    settings
        Class of the stage's settings.
    params
        Content of params.yaml.

    Returns
    -------
    problem : Problem
    settings : S
        An instance of the class.

    Raises
    ------
    ConfigError
        The problem, a key or a value is not what the settings promise; the nearest valid name is given.
    """
    from tidemill.contracts import Problem

    section = problem_section(name, params)
    for part in ("problem", stage):
        if section.get(part) is None:
            raise ConfigError(
                f"{name}.{part} is missing: write it into conf/problem/{name}.yaml, and run `tidemill compose`"
            )
    problem = parse(Problem, section["problem"], f"{name}.problem")
    return problem, parse(settings, section[stage], f"{name}.{stage}")


def has_setting(path: Path, name: str, stage: str, key: str) -> bool:
    """Tell whether a problem has a setting, without importing what describes settings.

    Parameters
    ----------
    path
        params.yaml.
    name
        Name of the problem.
    stage, key
        Of the setting.

    Returns
    -------
    bool
        False where it is null or not there.
    """
    return problem_section(name, load_params(path)).get(stage, {}).get(key) is not None


def problem_section(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """Take a problem's section from the content of params.yaml.

    Parameters
    ----------
    name
        Name of the problem.
    params
        The content.

    Returns
    -------
    dict
        Stage to its settings, and the problem itself.

    Raises
    ------
    ConfigError
        There is no such problem; the nearest name is given.
    """
    if name not in params.get("problems", []):
        raise ConfigError(f"unknown problem {name!r}{did_you_mean(name, params.get('problems', []))}")
    section: dict[str, Any] = params[name]
    return section


def parse(settings: type[S], section: dict[str, Any], where: str) -> S:
    """Check one section of params.yaml.

    Parameters
    ----------
    settings
        What the section promises.
    section
        Its content.
    where
        Where it stands, such as ``spam.train``, for the error.

    Returns
    -------
    Settings

    Raises
    ------
    ConfigError
        A key is unknown or has been renamed, or a value is not what it may be.
    """
    from pydantic import ValidationError

    refuse_renamed(where.rpartition(".")[2], section, where)
    try:
        return settings.model_validate(section)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        hint = did_you_mean(key, list(settings.model_fields)) if first["type"] == "extra_forbidden" else ""
        message = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
        if first["type"] == "string_type":
            why = "YAML reads yes and no, on and off as truth values: " if isinstance(first["input"], bool) else ""
            message = f"{first['input']!r} is not text; {why}put it between quotes where it was written"
        raise ConfigError(f"{where}{key and f'.{key}'}: {message}{hint}") from error
