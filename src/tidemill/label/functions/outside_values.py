"""What a file of labeling functions takes from outside of its rows: the time of day, chance without a seed, the environment."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tidemill.common.python_syntax import parse_python

_DAYS: Final = frozenset(
    {
        *(f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")),
        "datetime.date.today",
        *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime")),
        *(f"pandas.Timestamp.{name}" for name in ("now", "today", "utcnow")),
    }
)
_CLOCKS: Final = frozenset({"time.monotonic", "time.perf_counter"})
"""Functions may well measure how long they take; a file that does as it is loaded keeps the result."""
_CHANCE: Final = ("random.", "numpy.random.", "secrets.", "os.urandom", "uuid.uuid1", "uuid.uuid4")
_SEEDED: Final = frozenset(
    {"random.seed", "random.Random", "numpy.random.seed", "numpy.random.default_rng", "numpy.random.RandomState"}
)
"""Calls after which, or of which, chance is the same each time, where they are given a number."""
_VARIABLES: Final = frozenset({"os.getenv", "os.environ.get"})


@dataclass
class _Found:
    """Places in a file, as ``datetime.now() on line 3``, and names of variables with their lines."""

    at_load: list[str] = field(default_factory=list)
    while_voting: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)


def outside_values(files: Sequence[Path], hidden: Collection[str] = ()) -> list[str]:
    """Tell which files take something from outside of rows that votes then depend on.

    Chance while functions vote is no matter of this: it is found by asking them again.

    Parameters
    ----------
    files
        Files of labeling functions and of helpers; those that are not Python are skipped.
    hidden
        Names of variables of the environment that are set here, and that functions do not see.

    Returns
    -------
    list of str
        A note on each file and kind.
    """
    return [note for file in files if file.suffix == ".py" for note in _notes(file.name, _found(file, hidden))]


def _notes(name: str, found: _Found) -> Iterator[str]:
    if found.at_load:
        yield (
            f"{name}: {_are(found.at_load)} computed when the file is loaded, so that votes may change from one run to the next, with the same "
            "rows and functions: write the value down, or give chance a seed"
        )
    if found.while_voting:
        yield (
            f"{name}: {_are(found.while_voting)} asked while functions vote, and votes that are kept do not follow it: write the day down, or "
            "compare columns of the row with one another"
        )
    if found.variables:
        yield (
            f"{name}: the environment has {', '.join(found.variables)}, which labeling functions do not see, so that their default counts: write "
            "the value into the file"
        )


def _are(places: Sequence[str]) -> str:
    return f"{', '.join(places)} {'is' if len(places) == 1 else 'are'}"


def _found(file: Path, hidden: Collection[str]) -> _Found:
    result = _Found()
    try:
        tree = parse_python(file.read_bytes())
    except (SyntaxError, ValueError):  # loading the file says what is wrong
        return result
    names = dict(_imported(tree))
    every = [(node, _called(node, names)) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    at_load = set(_at_load(tree))
    seeded = {
        name.rpartition(".")[0] for node, name in every if node in at_load and name.endswith(".seed") and node.args
    }
    for node, name in sorted(every, key=lambda pair: pair[0].lineno):
        if node in at_load and _changes(node, name, seeded):
            result.at_load.append(_place(node))
        elif node not in at_load and name in _DAYS:
            result.while_voting.append(_place(node))
        elif name in _VARIABLES and (variable := _first_text(node)) in hidden:
            result.variables.append(f"{variable} (line {node.lineno})")
    return result


def _first_text(node: ast.Call) -> str:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _place(node: ast.Call) -> str:
    return f"{ast.unparse(node.func)}() on line {node.lineno}"


def _changes(node: ast.Call, name: str, seeded: set[str]) -> bool:
    if name in _SEEDED:
        return not (node.args or node.keywords) and not name.endswith(".seed")
    return name in _DAYS | _CLOCKS or (name.startswith(_CHANCE) and name.rpartition(".")[0] not in seeded)


def _at_load(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that loading evaluates: of functions, their decorators and defaults alone."""
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        inside: list[ast.AST] = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
    elif isinstance(node, ast.Lambda):
        inside = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    else:
        inside = list(ast.iter_child_nodes(node))
    for child in inside:
        yield from _at_load(child)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Names of the file, and what they are of other modules."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (first, first)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _called(node: ast.Call, names: dict[str, str]) -> str:
    """Full name of what is called; empty where it is not of another module."""
    parts: list[str] = []
    callee: ast.expr = node.func
    while isinstance(callee, ast.Attribute):
        parts.append(callee.attr)
        callee = callee.value
    if not isinstance(callee, ast.Name) or callee.id not in names:
        return ""
    return ".".join([names[callee.id], *reversed(parts)])
