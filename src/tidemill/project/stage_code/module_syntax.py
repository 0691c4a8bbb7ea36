"""The top-level statements of a module: what each defines, what it uses, and a digest of its normalised syntax.

Nothing is imported or run. The digest leaves out comments, formatting, docstrings and annotations of functions, and is
the same under every version of Python that can parse the file.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

from tidemill.common.python_syntax import parse_python

FORMAT: Final = 1
"""Raised where what is read of a module changes, so that summaries kept in a cache are made again."""

_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS: Final = (ast.Import, ast.ImportFrom)
REACHES_ALL: Final = frozenset({"globals", "vars", "eval", "exec", "__file__"})
"""Names by which a statement may reach all of its module."""


@dataclass(frozen=True)
class Statement:
    """One top-level statement.

    Attributes
    ----------
    kind
        ``definition`` (a function or class), ``value`` (names bound to a value) or ``action`` (anything else: it runs
        when the module is imported, whether or not a name of it is used).
    names
        The names that it binds.
    lines
        First and last line.
    digest
        Hash of its normalised syntax and of the imports that its names stand for.
    uses
        Dotted names that it reads, such as ``pl.col`` and ``Paths``.
    imports
        Imports inside it: the local name and ``module:attribute``.
    strings
        Constants that could name a module or a file of the package.
    applied
        Dotted names of what is called when the statement runs: decorators, bases, functions in a bound value.
    registers
        Whether it is a class that acts when a class inherits from it.
    """

    kind: str
    names: tuple[str, ...]
    lines: tuple[int, int]
    digest: str
    uses: tuple[str, ...] = ()
    imports: tuple[tuple[str, str], ...] = ()
    strings: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    registers: bool = False


@dataclass(frozen=True)
class ModuleSyntax:
    """A module: its statements, and what its top-level imports bind and run.

    Attributes
    ----------
    imports
        Local name and ``module:attribute``; the attribute is empty where the name stands for the module.
    runs
        Modules that are imported with it.
    stars
        Modules all of whose names are imported.
    is_package
        Whether it is the ``__init__`` of a package.
    """

    statements: tuple[Statement, ...]
    imports: dict[str, str] = field(default_factory=dict)
    runs: tuple[str, ...] = ()
    stars: tuple[str, ...] = ()
    is_package: bool = False


@functools.cache
def read_module(source: bytes, name: str, *, is_package: bool) -> ModuleSyntax:
    """Read the source of a module; a process reads the same source once.

    Parameters
    ----------
    source
        The file's bytes.
    name
        Dotted name of the module, against which relative imports are resolved.
    is_package
        Whether the file is an ``__init__.py``.

    Returns
    -------
    ModuleSyntax
        Its statements, without docstrings and annotations, and its imports.
    """
    package = name if is_package else name.rpartition(".")[0]
    body = [node for node in _run_statements(parse_python(source).body) if not _is_text(node)]
    for node in body:
        _drop_annotations(node)
    run = [node for node in body if not isinstance(node, _DEFINITIONS)]
    results = [item for node in run for item in _inside(node, package)]
    imports = {local: target for local, target in results if local not in {"", "*"}}
    others = [node for node in body if not isinstance(node, _IMPORTS)]
    known = imports.keys() | {item for node in others for item in _names(node)[0]} | REACHES_ALL | {"__name__"}
    return ModuleSyntax(
        statements=tuple(_statement(node, imports, known, package) for node in others),
        imports=imports,
        runs=tuple(dict.fromkeys(_modules(results))),
        stars=tuple(target.rstrip(":") for local, target in results if local == "*"),
        is_package=is_package,
    )


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _drop_annotations(node: ast.AST) -> None:
    """Drop annotations inside functions, and those of functions that no decorator could read."""
    for function in ast.walk(node):
        if not isinstance(function, _FUNCTIONS):
            continue
        for inner in ast.walk(function):
            if isinstance(inner, ast.AnnAssign):
                inner.annotation = ast.Constant(None)
        if not function.decorator_list:
            function.returns = None
            for inner in ast.walk(function.args):
                if isinstance(inner, ast.arg):
                    inner.annotation = None


def _modules(bindings: Sequence[tuple[str, str]]) -> Iterator[str]:
    for local, target in bindings:
        module, _, attribute = target.partition(":")
        yield module
        if attribute and local != "*":
            yield f"{module}.{attribute}"  # where it is a submodule


def _run_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements that run: of those for type checkers, what stands under ``else``."""
    for node in body:
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            yield from node.orelse
        else:
            yield node


def _bindings(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield ("", f"{alias.name}:")  # it runs, whatever name is bound
            yield (alias.asname, f"{alias.name}:") if alias.asname else (top, f"{top}:")
        return
    base = package.rsplit(".", node.level - 1)[0] if node.level else ""
    module = ".".join(part for part in (base, node.module) if part)
    for alias in node.names:
        yield ("*", f"{module}:") if alias.name == "*" else (alias.asname or alias.name, f"{module}:{alias.name}")


def _inside(node: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    for inner in ast.walk(node):
        if isinstance(inner, _IMPORTS):
            yield from _bindings(inner, package)


def _statement(node: ast.stmt, imports: dict[str, str], known: AbstractSet[str], package: str) -> Statement:
    inside = tuple(dict.fromkeys(_inside(node, package)))
    bound = known | {local for local, _ in inside}
    uses = tuple(use for use in dict.fromkeys(_chains(node)) if use.partition(".")[0] in bound)
    means = sorted({f"{root}={imports[root]}" for use in uses if (root := use.partition(".")[0]) in imports})
    names, kind = _names(node)
    return Statement(
        kind=kind,
        names=names,
        lines=(
            min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))]),
            node.end_lineno or 0,
        ),
        digest=hashlib.blake2b("\n".join([*_dump(node), *means]).encode(), digest_size=16).hexdigest(),
        uses=uses,
        imports=inside,
        strings=tuple(dict.fromkeys(_strings(node))),
        applied=tuple(dict.fromkeys(_applied(node))),
        registers=isinstance(node, ast.ClassDef) and _registers(node),
    )


def _registers(node: ast.ClassDef) -> bool:
    methods = {item.name for item in node.body if isinstance(item, _FUNCTIONS)}
    return "__init_subclass__" in methods or any(item.arg == "metaclass" for item in node.keywords)


def _names(node: ast.stmt) -> tuple[tuple[str, ...], str]:
    """Give the names that a statement binds, and its kind."""
    if isinstance(node, _DEFINITIONS):
        return (node.name,), "definition"
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        flat = [item for target in targets for item in (target.elts if isinstance(target, ast.Tuple) else [target])]
        if all(isinstance(item, ast.Name) for item in flat):
            return tuple(item.id for item in flat if isinstance(item, ast.Name)), "value"
    bound = [item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)]
    defined = [item.name for item in ast.walk(node) if isinstance(item, _DEFINITIONS)]
    return tuple(dict.fromkeys([*bound, *defined])), "action"


def _chains(node: ast.AST) -> Iterator[str]:
    """Give every dotted name that is read, the longest form of each."""
    if isinstance(node, ast.Attribute):
        parts, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            yield ".".join([inner.id, *reversed(parts)])
            return
    if isinstance(node, ast.Name):
        yield node.id
    for child in _children(node):
        yield from _chains(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for _, value in _fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield item


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Give a node's fields that decide what runs, and that every version of Python has.

    Docstrings and other strings that stand alone are left out, and the annotations of a function that no decorator reads.
    """
    for name, value in ast.iter_fields(node):
        if value is None or value == [] or name in {"kind", "type_comment", "ctx"}:
            continue
        if isinstance(node, ast.Constant) or not isinstance(value, list):
            yield name, value
        else:
            yield name, [item for item in value if not _is_text(item)]


def _dump(node: ast.AST) -> Iterator[str]:
    yield type(node).__name__
    for name, value in _fields(node):
        yield f".{name}"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, ast.AST):
                yield from _dump(item)
            else:
                yield repr(item)
    yield ";"


def _strings(node: ast.AST) -> Iterator[str]:
    for inner in _walk(node):
        if (
            isinstance(inner, ast.Constant)
            and isinstance(inner.value, str)
            and "." in inner.value
            and " " not in inner.value
        ):
            yield inner.value


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in _children(node):
        yield from _walk(child)


def _applied(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, _DEFINITIONS):
        called = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
        called += [*node.bases, *(item.value for item in node.keywords)] if isinstance(node, ast.ClassDef) else []
    else:
        called = [item.func for item in _walk(node) if isinstance(item, ast.Call)]
    for item in called:
        yield from list(_chains(item))[:1]
