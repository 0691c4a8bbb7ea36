"""Small wrong versions of a Python module, one change each, for `benchmarks/mutants.py`.

A change is what a slip of the pen would be: a bound that is off by one, a condition turned round or left out, a sign, a
constant. Docstrings, messages, annotations and the text of exceptions are left alone: no test should hold their wording. So
are digits that are shown, numbers below a hundred-thousandth, which keep logarithms and quotients from breaking, and what
changes time, memory or chance alone: how often and how long is tried, how much is worked on at once, what a generator is seeded with.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeGuard

COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SWAPPED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
NAMES: Final = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
}
SMALL: Final = 1e-5
HASHES: Final = 1 << 32
"""Whole numbers from here on are multipliers of hashes, of which one is as good as the next."""
UNTOUCHED: Final = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.JoinedStr)
KEYWORDS: Final = frozenset(
    {
        *("slots", "frozen", "strict", "encoding", "description", "stacklevel", "copy"),
        *("enable_progress_bar", "enable_model_summary"),
    }
)
"""Arguments that no result depends on."""
EFFORT: Final = frozenset(
    {
        *("iterations", "tolerance", "draws", "budget", "most", "rounds", "maxiter", "maxcor", "ftol", "gtol"),
        *("BLOCK", "_CELLS", "_AT_ONCE", "_CHUNK", "_SIEVE", "_TRIES"),
    }
)
"""Numbers of these names change time, memory and the last digits."""


@dataclass(frozen=True)
class Mutant:
    """One change of a module: the line, the code there as it was and as it is, and where in the tree it stands."""

    line: int
    before: str
    after: str
    node: int
    change: int

    def __str__(self) -> str:
        """Line, code before and after."""
        return f"line {self.line}: {self.before} => {self.after}"

    def tree(self, source: str) -> ast.Module:
        """Make the tree of the changed module.

        Parameters
        ----------
        source : str
            Text of the module.

        Returns
        -------
        ast.Module
        """
        tree = ast.parse(source)
        node = list(ast.walk(tree))[self.node]
        old, new = list(_changes(node))[self.change]
        _replace(tree, old, new)
        return ast.fix_missing_locations(tree)


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines.

    Parameters
    ----------
    source : str
        Text of the module.

    Returns
    -------
    list of Mutant
    """
    tree = ast.parse(source)
    skipped = {id(child) for node in ast.walk(tree) for untouched in _untouched(node) for child in ast.walk(untouched)}
    results = []
    for index, node in enumerate(ast.walk(tree)):
        if id(node) not in skipped:
            results += [
                Mutant(getattr(old, "lineno", 1), _shown(old), _shown(new), index, change)
                for change, (old, new) in enumerate(_changes(node))
            ]
    return sorted(results, key=lambda one: (one.line, one.before, one.after, one.node))


def _untouched(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, UNTOUCHED) or (isinstance(node, ast.Expr) and _is_call(node.value, "print")):
        yield node
    if isinstance(node, ast.Call):
        yield from _untouched_arguments(node)
    if isinstance(node, ast.FunctionDef):
        yield from (*node.decorator_list, *filter(None, [node.returns]))
    if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        yield node.annotation
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_call(node.right, "where"):
        yield from node.right.args[2:]  # stands in for a divisor of zero, and its quotient is not used
    yield from (value for name, value in _named_values(node) if name in EFFORT)


def _untouched_arguments(node: ast.Call) -> Iterator[ast.AST]:
    if _called(node) == "round":
        yield from node.args[-1:] if len(node.args) > isinstance(node.func, ast.Name) else []
    if _called(node) == "default_rng":
        yield from node.args
    yield from (keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS)


def _named_values(node: ast.AST) -> Iterator[tuple[object, ast.AST]]:
    """Values that a statement, an argument or a key gives a name."""
    if isinstance(node, ast.FunctionDef):
        defaults = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        yield from ((argument.arg, default) for argument, default in defaults if default is not None)
    if isinstance(node, ast.keyword):
        yield node.arg, node.value
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from ((key.value, value) for key, value in pairs if isinstance(key, ast.Constant))
    if isinstance(node, ast.AnnAssign | ast.Assign) and node.value is not None:
        targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
        yield from ((target.id, node.value) for target in targets if isinstance(target, ast.Name))


def _is_call(node: ast.expr, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and _called(node) == name


def _changes(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Node to replace and its replacement, for every change that begins at a node."""
    if isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield node, ast.copy_location(ast.BoolOp(other, node.values), node)
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPPED and not _is_text(node):
        yield node, ast.copy_location(ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right), node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield node, node.operand
    elif isinstance(node, ast.Constant):
        yield from ((node, ast.copy_location(ast.Constant(value), node)) for value in _constants(node.value))
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from _renamed(node)
    else:
        yield from _guards(node)


def _compared(node: ast.Compare) -> Iterator[tuple[ast.AST, ast.AST]]:
    for place, op in enumerate(node.ops):
        for other in COMPARED[type(op)]:
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield node, ast.copy_location(ast.Compare(node.left, ops, node.comparators), node)


def _constants(value: object) -> Iterator[bool | int | float]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        if value < HASHES:
            yield value + 1
    elif isinstance(value, float) and (value == 0 or abs(value) >= SMALL):
        yield value * 2 if value else 1.0


def _renamed(node: ast.Name | ast.Attribute) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield node, ast.copy_location(ast.Name(NAMES[node.id], node.ctx), node)
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield node, ast.copy_location(ast.Attribute(node.value, NAMES[node.attr], node.ctx), node)


def _guards(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Conditions that always or never hold, and statements left out."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        if not isinstance(node, ast.While):
            yield node.test, ast.copy_location(ast.Constant(value=True), node.test)
        yield node.test, ast.copy_location(ast.Constant(value=False), node.test)
    if isinstance(node, ast.comprehension):
        yield from ((test, ast.copy_location(ast.Constant(value=True), test)) for test in node.ifs)
    if isinstance(node, ast.AugAssign | ast.Continue | ast.Break) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield node, ast.copy_location(ast.Pass(), node)


def _called(node: ast.Call) -> str:
    return (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.JoinedStr) or _is_string(side) for side in (node.left, node.right))


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
                return
            if isinstance(value, list) and any(item is old for item in value):
                value[:] = [new if item is old else item for item in value]
                return


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:100]
