"""YAML files with the line of every part, so that an error can name it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tidemill.contracts import ConfigError

Location = Sequence[str | int]
_NUMBERS: Final = frozenset({"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"})
_OF_OTHER_BASE: Final = re.compile(r"[-+]?(0[0-7_]*[0-7][0-7_]*|\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?)")
_OF_CLASSES: Final = frozenset({"vote", "votes", "classes"})


@dataclass(frozen=True)
class YamlFile:
    """A YAML file's content and the line of each part."""

    path: Path
    content: Any
    root: yaml.Node | None

    def line(self, location: Location) -> int:
        """Find the line of a part.

        Parameters
        ----------
        location
            Keys and indices from the top; parts that the file does not have are passed over.

        Returns
        -------
        int
            Line number, from 1.
        """
        node, line = self.root, 1
        for part in location:
            child = _child(node, part)
            if child is not None:
                line, node = child
        return line

    def error(self, location: Location, message: str) -> ConfigError:
        """Make an error that names file and line of a part.

        Parameters
        ----------
        location
            Keys and indices from the top of the file.
        message
            What is wrong with that part, and the remedy.

        Returns
        -------
        ConfigError
            To be raised by the caller.
        """
        return ConfigError(f"{self.path}:{self.line(location)}: {message}")


def read_yaml(path: Path) -> YamlFile:
    """Read a YAML file of plain data; tags that build other objects are refused.

    Parameters
    ----------
    path
        File in UTF-8.

    Returns
    -------
    YamlFile
        Content, and the line of every part.

    Raises
    ------
    ConfigError
        The file is not UTF-8, is not YAML, a mapping has a key twice, or a number is another to YAML than to its reader.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: this is not YAML in UTF-8: {error}") from error


def parse_yaml(text: str, path: Path) -> YamlFile:
    """Parse the text of a YAML file, which need not be on disk.

    Parameters
    ----------
    text
        The whole text.
    path
        File that it is to be of, for errors and for files that it names.

    Returns
    -------
    YamlFile
        Content, and the line of every part.

    Raises
    ------
    ConfigError
        It is not YAML, a mapping has a key twice, or a number is another to YAML than to its reader.
    """
    try:
        loader = yaml.CSafeLoader(text)
        root = loader.get_single_node()
        _refuse_doubles(root, path, set())
        _refuse_other_numbers(root, path)
        content = loader.construct_document(root) if root is not None else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        tab = text.splitlines()[line - 1 :][:1]
        hint = "; lines are indented by spaces, and this one by a tab" if tab and "\t" in _indent(tab[0]) else ""
        if "unknown escape" in str(error.problem):
            hint = "; a backslash between double quotes begins an escape of YAML: put the pattern between single quotes"
        raise ConfigError(f"{path}:{line}: this is not YAML: {error.problem}{hint}") from error
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{path}:{_misread(yaml.SafeLoader(''), _scalars(root))}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: this is not YAML of plain data: it is nested too deeply") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: this is not YAML in UTF-8: {error}") from error
    return YamlFile(path, content, root)


def _misread(loader: Any, nodes: Iterable[yaml.Node]) -> str:
    """Say which value is none of its kind, such as the date 2026-02-30, and on which line."""
    for node in nodes:
        try:
            loader.construct_object(node)
        except (ValueError, OverflowError) as error:
            return f"{node.start_mark.line + 1}: this is not YAML: {node.value!r} is no {node.tag.rpartition(':')[2]} ({error})"
    return "1: this is not YAML"


def _scalars(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _scalars(child)
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            for child in pair:
                yield from _scalars(child)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _child(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        pairs = ((key, value) for key, value in reversed(node.value) if key.value == str(part))
        return next(
            ((key.start_mark.line + 1, value) for key, value in pairs), None
        )  # the last: << puts what it merges first
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child = node.value[part]
        return child.start_mark.line + 1, child
    return None


def _refuse_folded_pattern(key: yaml.ScalarNode, node: yaml.Node, path: Path) -> None:
    """A pattern on several lines below `>`: these are joined by spaces, which nobody means."""
    is_folded = isinstance(node, yaml.ScalarNode) and node.style == ">"
    if (
        key.value == "pattern"
        and is_folded
        and " " in node.value.strip()
        and node.end_mark.line > node.start_mark.line + 2
    ):
        raise ConfigError(
            f"{path}:{key.start_mark.line + 1}: > joins the lines of the pattern by spaces, which become part of it: write it on one line"
        )


def _refuse_other_numbers(node: yaml.Node | None, path: Path) -> None:
    """A zero in front makes a number octal to YAML, and colons make it one of base 60; in the name of a class each sign counts."""
    loader = yaml.SafeLoader("")
    for scalar in _scalars(node):
        if scalar.tag in _NUMBERS and _OF_OTHER_BASE.fullmatch(scalar.value):
            _refuse_number(scalar, loader.construct_object(scalar), path)
    for name in _names_of_classes(node, set()):
        if name.tag in _NUMBERS and str(read := loader.construct_object(name)) != name.value:
            _refuse_number(name, read, path)


def _refuse_number(node: yaml.Node, read: float, path: Path) -> None:
    raise ConfigError(
        f"{path}:{node.start_mark.line + 1}: {node.value} is the number {read} to YAML: put it in quotes ('{node.value}') where it is a name or a code"
    )


def _names_of_classes(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.Node]:
    """Scalars that stand for classes: below ``vote``, ``votes`` and ``classes``, wherever these keys are."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            yield from _names_of_classes(child, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in _OF_CLASSES:
                yield from _leaves(child)
            yield from _names_of_classes(child, seen)


def _leaves(node: yaml.Node) -> Iterator[yaml.Node]:
    """Scalars of a value, of a list's items and of a mapping's values."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        yield from (child for child in node.value if isinstance(child, yaml.ScalarNode))
    elif isinstance(node, yaml.MappingNode):
        yield from (child for _, child in node.value if isinstance(child, yaml.ScalarNode))


def _refuse_doubles(node: yaml.Node | None, path: Path, seen: set[int]) -> None:
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_doubles(child, path, seen)
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, child in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in names:
                    raise ConfigError(f"{path}:{key.start_mark.line + 1}: {key.value!r} stands twice")
                names.add(key.value)
                _refuse_folded_pattern(key, child, path)
            _refuse_doubles(child, path, seen)
