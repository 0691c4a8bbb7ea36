"""The settings that come with Tidemill: config groups named as stages, and the options of each."""

from __future__ import annotations

from tidemill.common.spelling import did_you_mean
from tidemill.errors import ConfigError
from tidemill.project.compose import DEFAULTS


def list_defaults(group: str | None = None) -> dict[str, list[str]]:
    """List config groups and their options.

    Parameters
    ----------
    group
        One of them, such as ``train``; None for all.

    Returns
    -------
    dict
        Group to names of its options.

    Raises
    ------
    ConfigError
        There is no such group.
    """
    results: dict[str, list[str]] = {}
    for file in sorted(DEFAULTS.glob("*/*.yaml")):
        results.setdefault(file.parent.name, []).append(file.stem)
    if group is not None and group not in results:
        raise ConfigError(f"no settings of {group!r} come with Tidemill{did_you_mean(group, list(results))}")
    return results if group is None else {group: results[group]}


def default_text(name: str) -> str:
    """Read one option's file.

    Parameters
    ----------
    name
        Group and option, such as ``train/head``.

    Returns
    -------
    str
        YAML, with comments.

    Raises
    ------
    ConfigError
        There is no such option.
    """
    group, _, option = name.partition("/")
    options = list_defaults(group)[group]
    if option not in options:
        raise ConfigError(f"no option {name!r} comes with Tidemill{did_you_mean(option, options)}")
    return (DEFAULTS / group / f"{option}.yaml").read_text(encoding="utf-8")
