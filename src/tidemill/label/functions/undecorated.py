"""Functions that look like labeling functions and lack the decorator that makes them vote."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from tidemill.common.python_syntax import parse_python


def undecorated_functions(files: Sequence[Path]) -> list[str]:
    """Tell which functions are meant as labeling functions, maybe, and do not vote.

    These are the public functions of one argument that have no decorator and that nothing in the files uses.

    Parameters
    ----------
    files
        Files of labeling functions; those that are not Python are skipped.

    Returns
    -------
    list of str
        A note on each file with such functions.
    """
    trees = {file: tree for file in files if file.suffix == ".py" and (tree := _tree(file)) is not None}
    used = {name for tree in trees.values() for name in _used(tree)}
    return [_note(file, found) for file, tree in trees.items() if (found := list(_candidates(tree, used)))]


def _tree(file: Path) -> ast.Module | None:
    try:
        return parse_python(file.read_bytes())
    except (SyntaxError, ValueError):  # loading the file says what is wrong
        return None


def _used(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def _candidates(tree: ast.Module, used: set[str]) -> Iterator[ast.FunctionDef]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or node.decorator_list or node.name.startswith("_"):
            continue
        arguments = node.args
        required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
        others = arguments.vararg or None in arguments.kw_defaults  # None: a keyword without a default
        if required == 1 and not others and node.name not in used:
            yield node


def _note(file: Path, found: Sequence[ast.FunctionDef]) -> str:
    names = ", ".join(f"{node.name} (line {node.lineno})" for node in found)
    verb, them = ("does", "it") if len(found) == 1 else ("do", "them")
    return (
        f"{file.name}: {names} {verb} not vote, for want of a decorator: write @labeling_function() above {them}, "
        "or begin the name with _ if it is a helper"
    )
