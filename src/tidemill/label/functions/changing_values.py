"""Values that a file of labeling functions computes anew each time it is loaded: the time of day, and chance without a seed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tidemill.common.python_syntax import parse_python

_TIMES: Final = frozenset(
    {
        *(f"datetime.datetime.{name}" for name in ("now", "today", "utcnow")),
        "datetime.date.today",
        *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "monotonic", "perf_counter")),
        "pandas.Timestamp.now",
        "pandas.Timestamp.today",
    }
)
_CHANCE: Final = ("random.", "numpy.random.", "secrets.", "os.urandom", "uuid.uuid1", "uuid.uuid4")
_SEEDED: Final = frozenset(
    {"random.seed", "random.Random", "numpy.random.seed", "numpy.random.default_rng", "numpy.random.RandomState"}
)
"""Calls after which, or of which, chance is the same each time, where they are given a number."""


def changing_values(files: Sequence[Path]) -> list[str]:
    """Tell which files compute something as they are loaded that is different the next time.

    Parameters
    ----------
    files
        Files of labeling functions; those that are not Python are skipped.

    Returns
    -------
    list of str
        A note on each file with such calls; calls within functions are no matter of loading.
    """
    return [note for file in files if file.suffix == ".py" and (note := _note(file)) is not None]


def _note(file: Path) -> str | None:
    try:
        tree = parse_python(file.read_bytes())
    except (SyntaxError, ValueError):  # loading the file says what is wrong
        return None
    names = dict(_imported(tree))
    calls = [(node, _called(node, names)) for node in _at_load(tree) if isinstance(node, ast.Call)]
    seeded = {name.rpartition(".")[0] for node, name in calls if name.endswith(".seed") and node.args}
    found = [(node, name) for node, name in calls if _changes(node, name, seeded)]
    if not found:
        return None
    places = ", ".join(f"{ast.unparse(node.func)}() on line {node.lineno}" for node, _ in found)
    verb = "is" if len(found) == 1 else "are"
    return (
        f"{file.name}: {places} {verb} computed when the file is loaded, so that votes may change from one run to the next, with the same rows "
        "and functions: write the value down, or give chance a seed"
    )


def _changes(node: ast.Call, name: str, seeded: set[str]) -> bool:
    if name in _SEEDED:
        return not (node.args or node.keywords) and not name.endswith(".seed")
    return name in _TIMES or (name.startswith(_CHANCE) and name.rpartition(".")[0] not in seeded)


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
                yield (
                    alias.asname or alias.name.partition(".")[0],
                    alias.name if alias.asname else alias.name.partition(".")[0],
                )
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
