"""Docstrings of the package: NumPy's sections, no arrows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src" / "tidemill").rglob("*.py"))
ARRAYS = {"Array", "Features", "Gold", "Ints", "Mask", "NDArray", "Probabilities", "Votes"}
ARROW = re.compile(r"→|^(?!\s*def ).*(?<![-<])->", re.MULTILINE)  # an example may define a function
Documented = ast.Module | ast.ClassDef | ast.FunctionDef


def documented(path: Path) -> Iterator[tuple[str, Documented, str]]:
    """Where each docstring stands, what it belongs to, and the docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in [tree, *definitions(tree)]:
        name = "module" if isinstance(node, ast.Module) else node.name
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)} {name}"
        yield where, node, ast.get_docstring(node) or ""


def definitions(node: ast.AST, *, public: bool = False) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """Classes and functions below a node, but for functions within functions; ``public`` leaves out names with _."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            if public and child.name.startswith("_"):
                continue
            yield child
        if not isinstance(child, ast.FunctionDef):
            yield from definitions(child, public=public)


def reads_arrays(function: ast.FunctionDef) -> bool:
    """Whether an argument is annotated as an array; methods of a class are functions too."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = [
        part.id if isinstance(part, ast.Name) else part.attr
        for argument in arguments
        if argument.annotation is not None
        for part in ast.walk(argument.annotation)
        if isinstance(part, ast.Name | ast.Attribute)
    ]
    return bool(ARRAYS & set(names))


def test_the_walk_finds_arrays_and_arrows():
    source = 'def f(votes: Votes) -> int:\n    """Votes -> number."""\n\n\ndef g(n: int) -> int:\n    """Count."""\n'
    first, second = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    assert (reads_arrays(first), reads_arrays(second)) == (True, False)
    assert [bool(ARROW.search(ast.get_docstring(node) or "")) for node in (first, second)] == [True, False]


@pytest.mark.parametrize("package", sorted({path.relative_to(ROOT / "src/tidemill").parts[0] for path in FILES}))
def test_no_docstring_has_an_arrow(package: str):
    found = [
        where
        for path in FILES
        if path.relative_to(ROOT / "src/tidemill").parts[0] == package
        for where, _, text in documented(path)
        if ARROW.search(text)
    ]
    assert found == []


def test_public_functions_of_arrays_have_parameters_and_returns():
    lacking = []
    for path in FILES:
        for node in definitions(ast.parse(path.read_text(encoding="utf-8")), public=True):
            if not isinstance(node, ast.FunctionDef) or not reads_arrays(node):
                continue
            gives_none = isinstance(node.returns, ast.Constant) and node.returns.value is None
            sections = ["Parameters\n---"] if gives_none else ["Parameters\n---", "Returns\n---"]
            text = ast.get_docstring(node) or ""
            lacking += [
                f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: no {section.partition(chr(10))[0]}"
                for section in sections
                if section not in text
            ]
    assert lacking == []


def named_parameters(text: str) -> list[str]:
    """Names in the section Parameters of a docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\S[^\n]*\n-{3,}$|\Z)", text, re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^(\S.*)$", section[1], re.MULTILINE) if section else []
    return [name.strip().lstrip("*") for head in heads for name in head.split(" : ")[0].split(",")]


def test_parameters_are_read_from_a_section():
    text = "Do.\n\nParameters\n----------\nvotes : (n_rows,)\n    Of rows.\na, b\n\nReturns\n-------\nint\n"
    assert named_parameters(text) == ["votes", "a", "b"]
    assert named_parameters("Do.") == []


def test_a_section_of_parameters_names_those_that_the_function_has():
    wrong = []
    for path in FILES:
        for node in definitions(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                own = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
                strange = sorted(set(named_parameters(ast.get_docstring(node) or "")) - own)
                wrong += (
                    [f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {', '.join(strange)}"] if strange else []
                )
    assert wrong == []
