"""The text of single labeling functions in a YAML file, replaced without touching a character of the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from tidemill.contracts import ConfigError
from tidemill.label.functions.yaml_lines import YamlFile, parse_yaml

EMPTY: Final = "functions:\n"
_BREAK: Final = re.compile("\\r\\n|[\\n\\r\\x85\\u2028\\u2029]")  # YAML's
_HEAD: Final = re.compile(r"^(functions:)([ \t]*(?:#[^\r\n]*)?\r?)$", re.MULTILINE)
_EMPTY_LIST: Final = re.compile(r"^functions:[ \t]*\[\][ \t]*\r?(\n|\Z)", re.MULTILINE)
_COMMENT: Final = re.compile(r"[ \t]+#[^\r\n]*")


@dataclass(frozen=True)
class Entry:
    """One item of the list ``functions``.

    Attributes
    ----------
    name
        Of the function, or of a template with ``*``.
    text
        As it stands in the file, without the dash and its indentation; no line break at the end.
    line
        First line, from 1.
    column
        Columns before the text, the dash and its space among them.
    start, end
        Offsets in the file, in characters.
    top
        Offset at which its first line begins, or that of the comment that stands right above it, with no empty line between.
    comment
        That comment, without its indentation; empty where there is none.
    """

    name: str
    text: str
    line: int
    column: int
    start: int
    end: int
    top: int
    comment: str


def entries(text: str, path: Path) -> list[Entry]:
    """Locate the labeling functions of a file.

    Parameters
    ----------
    text
        Text of the file.
    path
        The file, for errors.

    Returns
    -------
    list of Entry
        In the order of the file.

    Raises
    ------
    ConfigError
        It is not YAML, the list is written in one pair of brackets, or functions share text.
    """
    file = parse_yaml(text, path)
    listed = _functions(file)
    if listed is None:
        return []
    if listed.flow_style:
        raise file.error(("functions",), "the list is in brackets: give each function a line that begins with a dash")
    _refuse_aliases(listed, file, set())
    offsets = _line_offsets(text)
    found: list[Entry] = []
    for node in listed.value:
        found.append(_entry(node, text, offsets, after=found[-1].end if found else 0))
    return found


def _functions(file: YamlFile) -> yaml.SequenceNode | None:
    if not isinstance(file.root, yaml.MappingNode):
        return None
    found = next((value for key, value in file.root.value if key.value == "functions"), None)
    return found if isinstance(found, yaml.SequenceNode) and found.value else None


def _line_offsets(text: str) -> list[int]:
    return [0, *(found.end() for found in _BREAK.finditer(text))]


def _entry(node: yaml.Node, text: str, offsets: list[int], after: int) -> Entry:
    """What follows the entry that ends at ``after``."""
    begin, finish = node.start_mark, _end_mark(node)
    start = offsets[begin.line] + begin.column
    end = offsets[finish.line] + finish.column
    if not node.flow_style:
        end = found.end() if (found := _COMMENT.match(text, end)) else end
    end = start + len(text[start:end].rstrip())
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    name = next((str(value.value) for key, value in pairs if key.value == "name"), "")
    top, comment = _comment_above(text, text.rfind("\n", 0, text.rindex("-", 0, start)) + 1, after)
    own = _dedented(text[start:end], begin.column)
    return Entry(name, own, begin.line + 1, begin.column, start, end, top, comment)


def _comment_above(text: str, top: int, after: int) -> tuple[int, str]:
    """Lines of comment right above the line that begins at ``top``; text up to ``after`` is of another function."""
    lines: list[str] = []
    while (begin := text.rfind("\n", 0, max(top - 1, 0)) + 1) >= after:
        line = text[begin:top].strip()
        if not line.startswith("#"):
            break
        lines.insert(0, line)
        top = begin
    return top, "\n".join(lines)


def _end_mark(node: yaml.Node) -> yaml.Mark:
    """The mark that YAML gives a block is that of what follows, after comments that are none of its own."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return node.end_mark
    last = node.value[-1]
    return _end_mark(last[1] if isinstance(last, tuple) else last)


def _refuse_aliases(node: yaml.Node, file: YamlFile, seen: set[int]) -> None:
    if id(node) in seen:
        raise ConfigError(f"{file.path}: it has an alias (*): functions that share text are edited in the file itself")
    seen.add(id(node))
    children = [] if isinstance(node, yaml.ScalarNode) else node.value
    for child in children:
        for part in child if isinstance(child, tuple) else (child,):
            _refuse_aliases(part, file, seen)


def _dedented(text: str, column: int) -> str:
    first, *others = _BREAK.sub("\n", text).split("\n")
    margin = " " * column
    return "\n".join([first, *(line[column:] if line.startswith(margin) else line.lstrip() for line in others)])


def indented(text: str, column: int) -> str:
    """Indent all lines of a function but the first.

    Parameters
    ----------
    text
        YAML of one function.
    column
        Columns before its first line.

    Returns
    -------
    str
        Without a line break at the end.
    """
    first, *others = text.strip("\n").rstrip().split("\n")
    return "\n".join([first, *(f"{' ' * column}{line}" if line.strip() else "" for line in others)])


def replaced(text: str, entry: Entry, new: str) -> str:
    """Replace one function.

    Parameters
    ----------
    text
        Text of the file.
    entry
        The function to replace.
    new
        YAML of the function in its place.

    Returns
    -------
    str
        Text of the file; all before and after the function is as it was.
    """
    return text[: entry.start] + _breaking_as(text, indented(new, entry.column)) + text[entry.end :]


def _breaking_as(text: str, new: str) -> str:
    return new.replace("\n", "\r\n") if "\r\n" in text else new


def appended(text: str, path: Path, new: str) -> str:
    """Add a function at the end of the list.

    Parameters
    ----------
    text
        Text of the file; may be empty.
    path
        The file, for errors.
    new
        YAML of the function.

    Returns
    -------
    str
        Text of the file.

    Raises
    ------
    ConfigError
        The file is not a list of functions, each on lines of its own.
    """
    known = entries(text, path)
    if not known:
        text, file = _without_empty_list(text), parse_yaml(text, path)
        if file.root is not None and file.content != {"functions": []}:
            raise ConfigError(f"{path}: there is no function to add another to: choose another file")
        return f"{text}{EMPTY}  - {indented(new, 4)}\n"
    last = known[-1]
    dash = text.rindex("-", 0, last.start)
    column = dash - (text.rfind("\n", 0, dash) + 1)
    added = _breaking_as(text, f"\n\n{' ' * column}- {indented(new, column + 2)}")
    return text[: last.end] + added + (text[last.end :] or "\n")


def removed(text: str, entry: Entry, path: Path) -> str:
    """Take one function away, with the comment right above it; an empty list stays where it was the last.

    Parameters
    ----------
    text
        Text of the file.
    entry
        The function.
    path
        The file, for errors.

    Returns
    -------
    str
        Text of the file; all else is as it was.
    """
    end = text.find("\n", entry.end)
    rest = text[: entry.top] + (text[end + 1 :] if end >= 0 else "")
    if len(entries(text, path)) > 1:
        return rest
    return _HEAD.sub(lambda found: f"{found[1]} []{found[2]}", rest, count=1)


def _without_empty_list(text: str) -> str:
    """The file without its empty list, to whose end a first function is added."""
    found = _EMPTY_LIST.search(text)
    return text if found is None else text[: found.start()] + text[found.end() :]


def one_function(new: str, path: Path, line: int = 2) -> YamlFile:
    """Parse the YAML of one function as a file that holds nothing else, whose lines count as in the whole file.

    Parameters
    ----------
    new
        YAML of the function.
    path
        File that it is to stand in.
    line
        Line at which it is to stand.

    Returns
    -------
    YamlFile

    Raises
    ------
    ConfigError
        It is not the YAML of one function.
    """
    above = "\n" * max(line - 2, 0) + EMPTY
    file = parse_yaml(f"{above}- {indented(new, 2)}\n", path)
    content = file.content.get("functions") if isinstance(file.content, dict) and len(file.content) == 1 else None
    if not isinstance(content, list) or len(content) != 1 or not isinstance(content[0], dict):
        raise ConfigError(f"{path}:{line}: this is not one labeling function: give name, kind and vote, a line each")
    return file
