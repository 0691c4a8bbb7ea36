"""Constants that name a class and are the number of another, as ``GOOD, BAD = 0, 1`` where the classes are bad and good."""

from __future__ import annotations

import ast
import enum
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

import numpy as np

from tidemill.common.class_names import fold
from tidemill.common.python_syntax import parse_python
from tidemill.contracts import ABSTAIN
from tidemill.errors import FunctionError

_ABSTAIN: Final = "abstain"


def refuse_other_numbers(module: ModuleType, path: Path, classes: Sequence[str]) -> None:
    """Refuse a file whose functions use a constant that has the name of one class and the number of another, or an ABSTAIN that votes.

    Other numbers may be thresholds, such as ``HIGH = 80`` where a class is high.

    Parameters
    ----------
    module
        The file as a module.
    path
        The file.
    classes
        Names of the classes, in the order of their numbers; without names nothing is refused.

    Raises
    ------
    FunctionError
        Names the constant, its number, that of its class, and what to write.
    """
    known = _numbers(classes)
    found = [(name, value) for name, value in _constants(module) if known.get(_plain(name), value) != value]
    voting = [(name, value) for name, value in found if 0 <= value < len(classes)]
    lines = _used_names(path) if voting else {}
    for name, value in voting:
        if name in lines:
            number = known[_plain(name)]
            numbered = ", ".join(f"{place} is {one}" for place, one in enumerate(classes))
            remedy = f"write {name} = {number}, or return the name of the class; rename it if it is something else"
            if number == ABSTAIN:
                remedy = "`from tidemill.label import ABSTAIN` brings the number that abstains, -1"
            raise FunctionError(
                f"{path}:{lines[name]}: {name} is {value}, which votes for {classes[value]!r} ({numbered}); {remedy}"
            )


def _numbers(classes: Sequence[str]) -> dict[str, int]:
    """Number by name, as constants spell it; names that come out alike are left out."""
    plain = [_plain(name) for name in classes]
    times = Counter(plain)
    return {_ABSTAIN: ABSTAIN} | {name: place for place, name in enumerate(plain) if times[name] == 1}


def _plain(name: str) -> str:
    return "".join(letter for letter in fold(name.rpartition(".")[2]) if letter.isalnum())


def _constants(module: ModuleType) -> Iterator[tuple[str, int]]:
    """Whole numbers of the module by name, members of its enumerations as ``Label.GOOD``."""
    for name, value in vars(module).items():
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            yield name, int(value)
        elif isinstance(value, type) and issubclass(value, enum.Enum):
            for member in value:
                if isinstance(member.value, int) and not isinstance(member.value, bool):
                    yield f"{name}.{member.name}", member.value


def _used_names(path: Path) -> dict[str, int]:
    """Names and attributes of names that functions of the file read, with their lines."""
    tree = parse_python(path.read_bytes())
    bodies = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))
    results: dict[str, int] = {}
    for node in (inner for body in bodies for inner in ast.walk(body)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            results.setdefault(node.id, node.lineno)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            results.setdefault(f"{node.value.id}.{node.attr}", node.lineno)
    return results
