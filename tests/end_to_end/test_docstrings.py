"""Docstrings of the package: NumPy's sections, no arrows."""

import ast
import builtins
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "src" / "tidemill").rglob("*.py"))
HELP_TEXTS = {"cli", "stages"}  # a command's docstring is its help, and a stage's script is run, not called
SECTIONED = [
    *(path for path in FILES if path.relative_to(ROOT / "src" / "tidemill").parts[0] not in HELP_TEXTS),
    *sorted((ROOT / "flows").glob("*.py")),
]
NOT_CALLED = {"property", "cached_property", "setter", "override", "overload"}
ARROW = re.compile(r"→|^(?!\s*def ).*(?<![-<])->", re.MULTILINE)  # an example may define a function
Documented = ast.Module | ast.ClassDef | ast.FunctionDef


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def documented(path: Path) -> Iterator[tuple[str, Documented, str]]:
    """Where each docstring stands, what it belongs to, and the docstring."""
    tree = parsed(path)
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


def test_arrows_are_found():
    source = 'def f(votes: Votes) -> int:\n    """Votes -> number."""\n\n\ndef g(n: int) -> int:\n    """Count."""\n'
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    assert [bool(ARROW.search(ast.get_docstring(node) or "")) for node in functions] == [True, False]


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


def section(text: str, name: str) -> str:
    """Content of a section of a docstring, empty where there is none."""
    found = re.search(rf"^{name}\n-+\n(.*?)(?=^\S[^\n]*\n-{{3,}}$|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def named_parameters(text: str) -> list[str]:
    """Names in the section Parameters of a docstring."""
    heads = re.findall(r"^(\S.*)$", section(text, "Parameters"), re.MULTILINE)
    return [name.strip().lstrip("*") for head in heads for name in head.split(" : ")[0].split(",")]


def undescribed_parameters(text: str) -> list[str]:
    """Heads in the section Parameters that have neither a shape nor a description below them."""
    lines = section(text, "Parameters").splitlines()
    below = [*lines[1:], ""]
    return [
        head
        for head, line in zip(lines, below, strict=False)
        if head and not head.startswith(" ") and not line.startswith(" ") and "(" not in head
    ]


def test_parameters_are_read_from_a_section():
    text = "Do.\n\nParameters\n----------\nvotes : (n_rows,)\n    Of rows.\na, b\n\nReturns\n-------\nint\n"
    assert named_parameters(text) == ["votes", "a", "b"]
    assert named_parameters("Do.") == []
    assert undescribed_parameters(text) == ["a, b"]


def test_a_section_of_parameters_names_those_that_the_function_has():
    wrong = []
    for path in FILES:
        for node in definitions(parsed(path)):
            if isinstance(node, ast.FunctionDef):
                own = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
                strange = sorted(set(named_parameters(ast.get_docstring(node) or "")) - own)
                wrong += (
                    [f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {', '.join(strange)}"] if strange else []
                )
    assert wrong == []


def decorators(function: ast.FunctionDef) -> set[str]:
    """Last names of the decorators."""
    return {ast.unparse(decorator).partition("(")[0].rpartition(".")[2] for decorator in function.decorator_list}


def returns_value(function: ast.FunctionDef) -> bool:
    """Whether a call gives something; a context manager that yields None does not."""
    annotation = "None" if function.returns is None else ast.unparse(function.returns)
    return annotation not in {"None", "Never", "NoReturn", "Iterator[None]"}


def raised(node: ast.AST) -> set[str]:
    """Names of the errors that a function raises itself, not within functions or classes that it defines."""
    names: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(child, ast.Raise) and child.exc is not None:
            error = child.exc.func if isinstance(child.exc, ast.Call) else child.exc
            names |= {error.id} if isinstance(error, ast.Name) and error.id[0].isupper() else set()
        names |= raised(child)
    return names


def lacking_sections(function: ast.FunctionDef) -> list[str]:
    """What the docstring of a public function leaves out: parameters, the result, errors raised by itself."""
    text = ast.get_docstring(function) or ""
    own = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)} - {"self", "cls"}
    lacking = [f"parameter {name}" for name in sorted(own - set(named_parameters(text)))]
    lacking += [f"description of {head}" for head in undescribed_parameters(text)]
    if returns_value(function) and not section(text, "Returns") and not section(text, "Yields"):
        lacking.append("Returns or Yields")
    return lacking + [f"Raises {name}" for name in sorted(raised(function)) if name not in section(text, "Raises")]


def test_lacking_sections_are_found():
    source = (
        "def f(n: int, *, log: Any) -> Iterator[None]:\n"
        '    """Check.\n\n    Parameters\n    ----------\n    n\n        Count.\n    """\n'
        "    if n < 0:\n        raise ValueError(n)\n    yield\n\n"
        "def g() -> int:\n"
        '    """Count.\n\n    Returns\n    -------\n    int\n    """\n'
        "    def inner() -> None:\n        raise KeyError\n    return 1\n\n"
        'def h() -> int:\n    """Count."""\n'
    )
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    expected = [["parameter log", "Raises ValueError"], [], ["Returns or Yields"]]
    assert [lacking_sections(function) for function in functions] == expected


def test_public_functions_have_their_sections():
    lacking = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {what}"
        for path in SECTIONED
        for node in definitions(parsed(path), public=True)
        if isinstance(node, ast.FunctionDef) and not decorators(node) & NOT_CALLED
        for what in lacking_sections(node)
    ]
    assert lacking == []


def identifiers(tree: ast.AST) -> set[str]:
    """Names that code defines, imports or reads, whatever its strings say."""
    nodes = list(ast.walk(tree))
    return (
        {node.id for node in nodes if isinstance(node, ast.Name)}
        | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        | {node.name for node in nodes if isinstance(node, ast.ClassDef)}
        | {(node.asname or node.name).rpartition(".")[2] for node in nodes if isinstance(node, ast.alias)}
    )


def named_classes(text: str) -> set[str]:
    """Classes at the heads of Returns, Yields and Raises, but for those with the name of their library before them."""
    heads = re.findall(
        r"^(\S.*)$", "".join(section(text, name) for name in ("Returns", "Yields", "Raises")), re.MULTILINE
    )
    return {name for head in heads for name in re.findall(r"(?<![.\w])[A-Z]\w+(?![.\w])", head)}


def test_classes_are_read_from_sections():
    text = "Do.\n\nReturns\n-------\nlist of Row or polars.DataFrame\n    Of A.\n\nRaises\n------\nDataError\n    B.\n"
    assert named_classes(text) == {"Row", "DataError"}
    assert identifiers(ast.parse('class A(B):\n    """C"""\nfrom d import E\nf.G')) >= {"A", "B", "E", "G"}
    assert "C" not in identifiers(ast.parse('class A(B):\n    """C"""'))


@pytest.mark.slow
def test_sections_name_classes_that_exist():
    trees = {path: parsed(path) for path in FILES}
    known = set(dir(builtins)).union(*(identifiers(tree) for tree in trees.values()))
    unknown = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {name}"
        for path, tree in trees.items()
        for node in definitions(tree, public=True)
        for name in sorted(named_classes(ast.get_docstring(node) or "") - known)
    ]
    assert unknown == []
