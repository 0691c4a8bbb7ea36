"""Numbers that vote for another class than they seem to: ``GOOD, BAD = 0, 1`` where the classes are bad and good, 1 where they are 1 to 5."""

from __future__ import annotations

import ast
import enum
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Final

import numpy as np

from tidemill.common.class_names import fold
from tidemill.common.python_syntax import parse_python
from tidemill.contracts import ABSTAIN
from tidemill.errors import FunctionError

_ABSTAIN: Final = "abstain"
_CHOOSING: Final = ("then", "otherwise")
"""Methods of Polars whose arguments are votes of a function of a table."""


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
    numbers = [*_constants(module), *_attributes(module)]
    found = [(name, value) for name, value in numbers if known.get(_plain(name), value) != value]
    voting = [(name, value) for name, value in found if 0 <= value < len(classes)]
    attributes = {name for name, _ in _attributes(module)}
    lines = {name: line for name, line in _used_names(path).items() if name not in attributes} if voting else {}
    lines |= _returned_names(path) if voting else {}
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


def refuse_names_as_numbers(module: ModuleType, path: Path, classes: Sequence[str]) -> None:
    """Refuse a file in which a written number votes, where it is the name of one class and the place of another, or abstains.

    Stars from 1 to 5 are the numbers 0 to 4, and of moods -1, 0 and 1 the first would abstain. A constant of the file counts as its number,
    but for one named ABSTAIN.

    Parameters
    ----------
    module
        The file as a module.
    path
        The file.
    classes
        Names of the classes, in the order of their numbers.

    Raises
    ------
    FunctionError
        Names the line, what the number votes for and what to write.
    """
    if all(fold(name) == str(place) for place, name in enumerate(classes) if _is_number(name)):
        return
    constants = {name: value for name, value in _constants(module) if _plain(name) != _ABSTAIN}
    for number, line in _written_votes(path, constants):
        if str(number) in classes and (number < 0 or classes[number : number + 1] != [str(number)]):
            meant = "abstains" if number == ABSTAIN else "is no class"
            meant = f"votes for {classes[number]!r}, the class of that place" if 0 <= number < len(classes) else meant
            raise FunctionError(
                f"{path}:{line}: {number} {meant}, and {str(number)!r} is the name of another (numbers count the classes "
                f"{', '.join(classes)} from 0): write the name between quotes, as in {str(number)!r}, or ABSTAIN"
            )


def _is_number(name: str) -> bool:
    return name.removeprefix("-").isdecimal()


def _written_votes(path: Path, constants: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    """Numbers that labeling functions return, or that are the vote of a declared one, with their lines."""
    for node in ast.walk(parse_python(path.read_bytes())):
        if isinstance(node, ast.FunctionDef) and any(
            "labeling_function" in ast.unparse(one) for one in node.decorator_list
        ):
            for inner in _own_nodes(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield from _whole_numbers(inner.value, constants)
                elif isinstance(inner, ast.Call) and getattr(inner.func, "attr", None) in _CHOOSING:
                    yield from (found for argument in inner.args for found in _whole_numbers(argument, constants))
        elif isinstance(node, ast.Call):
            yield from (
                found for word in node.keywords if word.arg == "vote" for found in _whole_numbers(word.value, constants)
            )
            if "labeling_function" in ast.unparse(node.func):
                lambdas = (argument.body for argument in node.args if isinstance(argument, ast.Lambda))
                yield from (found for body in lambdas for found in _whole_numbers(body, constants))


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function, but for functions within it, whose numbers are no votes."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def _whole_numbers(value: ast.expr, constants: Mapping[str, int]) -> Iterator[tuple[int, int]]:
    if isinstance(value, ast.IfExp):
        yield from _whole_numbers(value.body, constants)
        yield from _whole_numbers(value.orelse, constants)
    elif isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        yield from ((-number, line) for number, line in _whole_numbers(value.operand, constants))
    elif isinstance(value, ast.Constant) and type(value.value) is int:
        yield value.value, value.lineno
    elif isinstance(value, ast.Name | ast.Attribute) and (name := ast.unparse(value)) in constants:
        yield constants[name], value.lineno


def _numbers(classes: Sequence[str]) -> dict[str, int]:
    """Number by name, as constants spell it; names that come out alike are left out."""
    plain = [_plain(name) for name in classes]
    times = Counter(plain)
    return {_ABSTAIN: ABSTAIN} | {name: place for place, name in enumerate(plain) if times[name] == 1}


def _plain(name: str) -> str:
    last = name.partition("[")[2] if name.endswith("]") else name.rpartition(".")[2]
    return "".join(letter for letter in fold(last) if letter.isalnum())


def _constants(module: ModuleType) -> Iterator[tuple[str, int]]:
    """Whole numbers of the module by name, members of its enumerations as ``Label.GOOD``."""
    for name, value in vars(module).items():
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            yield name, int(value)
        elif isinstance(value, type) and issubclass(value, enum.Enum):
            for member in value:
                if isinstance(member.value, int) and not isinstance(member.value, bool):
                    yield f"{name}.{member.name}", member.value


def _attributes(module: ModuleType) -> Iterator[tuple[str, int]]:
    """Whole numbers of plain classes, named tuples and dictionaries of the module: ``Label.GOOD``, ``LABELS['good']``."""
    for name, value in vars(module).items():
        form = f"{name}.{{}}"
        if isinstance(value, dict):
            members, form = value, f"{name}[{{!r}}]"
        elif isinstance(value, tuple) and hasattr(value, "_asdict"):
            members = value._asdict()
        elif isinstance(value, SimpleNamespace) or (isinstance(value, type) and value.__module__ == module.__name__):
            members = vars(value)
        else:
            continue
        for key, number in members.items():
            if isinstance(key, str) and isinstance(number, int) and not isinstance(number, bool):
                yield form.format(key), number


def _returned_names(path: Path) -> dict[str, int]:
    """What labeling functions return by name, with its lines; elsewhere such numbers may be anything."""
    results: dict[str, int] = {}
    for node in ast.walk(parse_python(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            returned = (
                [node.body]
                if isinstance(node, ast.Lambda)
                else [
                    inner.value
                    for inner in _own_nodes(node)
                    if isinstance(inner, ast.Return) and inner.value is not None
                ]
            )
            for value in returned:
                for part in _choices(value):
                    results.setdefault(ast.unparse(part), part.lineno)
    return results


def _choices(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.IfExp):
        yield from _choices(value.body)
        yield from _choices(value.orelse)
    else:
        yield value


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
