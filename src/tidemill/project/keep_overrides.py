"""Settings of a command line, written into the configuration of the problems that they are of."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any, Final

from tidemill.common.files import atomic_write
from tidemill.errors import ConfigError
from tidemill.project.compose import EXPERIMENT, compose
from tidemill.project.project import Project

_ON_LINE: Final = 2
"""Place, among the comments that ruamel.yaml keeps of a key, of the one at the end of its line."""
_WRITTEN: Final = "written of"


def keep_overrides(project: Project, overrides: Sequence[str]) -> list[Path]:
    """Write overrides into ``conf/problem/``, where they hold for every run.

    Comments and all other lines stay as they are; a comment on the line of a value that changes says of which value it was written.

    Parameters
    ----------
    project
        The project.
    overrides
        In Hydra's grammar, each of one problem, as ``expand`` gives them.

    Returns
    -------
    list of Path
        Files that were written.

    Raises
    ------
    ConfigError
        An override cannot be kept: it chooses an experiment, adds or deletes a key, or a problem's file is elsewhere. Nothing is
        written then.
    """
    files: dict[Path, Any] = {}
    before = {}
    for override in overrides:
        path = project.conf / "problem" / f"{_problem_of(override)}.yaml"
        if path not in files:
            if not path.exists():
                raise ConfigError(f"--save: {override} cannot be kept, since {path} is missing")
            before[path] = path.read_text(encoding="utf-8")
            files[path] = _editor().load(before[path])
        _set(files[path], override)
    wanted = compose(overrides, conf=project.conf)
    for path, content in files.items():
        _write(path, _dumped(content))
    if compose(conf=project.conf) | {"overrides": None} != wanted | {"overrides": None}:
        for path, text in before.items():
            _write(path, text)
        raise ConfigError(
            f"--save: {' '.join(overrides)} means something else in a file: write it into conf/problem/ by hand"
        )
    return list(files)


def _problem_of(override: str) -> str:
    key = override.partition("=")[0]
    if override.startswith(("+", "~")) or key.partition("@")[0] == EXPERIMENT:
        raise ConfigError(f"--save: {override} cannot be kept: write what it sets into conf/problem/ by hand")
    return key.partition("@")[2].partition(".")[0] if "@" in key else key.partition(".")[0]


def _set(content: Any, override: str) -> None:
    key, _, value = override.partition("=")
    if "@" in key:
        group, _, package = key.partition("@")
        _choose(content["defaults"], f"{group}@{package.partition('.')[2]}", value)
        return
    *parents, last = key.split(".")[1:]
    held = [content]
    for name in parents:
        content = content.setdefault(name, {})
        if not isinstance(content, dict):
            raise ConfigError(f"--save: {override} cannot be kept: {name} is no group of settings in the file")
        held.append(content)
    value = _parsed(override)
    if content.get(last, value) != value:
        _date_comment(held, [*parents, last], content[last])
    content[last] = value


def _choose(defaults: list[Any], wanted: str, option: str) -> None:
    """``train@msgs.train=auto`` is ``/train@train: auto`` in the problem's own list."""
    for item in defaults:
        for name in item if isinstance(item, dict) else ():
            if name.lstrip("/") == wanted:
                if item[name] != option:
                    _date_comment([item], [name], item[name])
                item[name] = option
                return
    raise ConfigError(f"--save: {option} cannot be kept: the problem's defaults have no line for {wanted}")


def _date_comment(held: Sequence[Any], keys: Sequence[str], old: Any) -> None:
    """Add to the comment on a value's line of which value it was written: its reasons may be none for the next.

    ``held`` are the mappings that hold the keys; the comment of one in braces stands with the mapping around it.
    """
    for content, key in zip(reversed(held), reversed(keys), strict=True):
        comment = content.ca.items.get(key) if hasattr(content, "ca") else None
        if comment is not None and comment[_ON_LINE] is not None:
            first, line_break, rest = comment[_ON_LINE].value.partition("\n")
            if first and _WRITTEN not in first:
                comment[_ON_LINE].value = f"{first} ({_WRITTEN} {_shown(old)}){line_break}{rest}"
            return
        if not (hasattr(content, "fa") and content.fa.flow_style()):
            return


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "none" if value is None else shorten(str(value), 40)


def _parsed(override: str) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_override(override).value()


def _editor() -> Any:
    from ruamel.yaml import YAML

    editor = YAML()
    editor.indent(mapping=2, sequence=4, offset=2)
    editor.width = 10**6
    editor.preserve_quotes = True
    return editor


def _dumped(content: Any) -> str:
    file = io.StringIO()
    _editor().dump(content, file)
    return file.getvalue()


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as part:
        part.write_text(text, encoding="utf-8")
