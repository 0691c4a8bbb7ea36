"""Fingerprints of labeling functions: a hash of all that their votes depend on besides the rows.

It covers the function's compiled code (so comments, formatting and docstrings do not count), the helpers, classes and
constants that the code reaches, in its own file and in others beside it, the contents of its resources, preprocessors,
closures and defaults, and for a declared function its condition and vote. A library counts by its version. The name of
the labeling function does not count: a renamed function votes as before.
"""

from __future__ import annotations

import ast
import builtins
import dis
import enum
import functools
import hashlib
import io
import json
import marshal
import re
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from pydantic import BaseModel

from tidemill.common.python_syntax import parse_python
from tidemill.label.functions.declared import AnyFunction, DeclaredLabelingFunction

_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
_LOOKS_UP: Final = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})
_CONSTANT: Final = frozenset({"LOAD_CONST", "RETURN_CONST"})
_HAS_DOCSTRING: Final = 0x4000000
"""Flag of Python 3.13 on code with a docstring."""
_REACHES_ALL: Final = frozenset({"globals", "vars", "eval", "exec"})
_LIBRARIES: Final = tuple(
    {str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(__file__).resolve().parents[2])}
)
_NOT_OF_A_CLASS: Final = frozenset(
    {"__doc__", "__dict__", "__weakref__", "__annotations__", "__module__", "_abc_impl", "__dataclass_fields__"}
    | {"__firstlineno__", "__static_attributes__"}  # of Python 3.13: places in the file, and names that the code holds
)


class OpaqueError(Exception):
    """A function uses something whose content cannot be read; the message names it."""


def fingerprint(function: AnyFunction) -> str:
    """Hash all that the votes of a labeling function depend on besides the rows.

    Parameters
    ----------
    function
        Labeling function of any kind.

    Returns
    -------
    str
        32 hexadecimal digits; equal where the votes on equal rows must be equal.

    Raises
    ------
    OpaqueError
        It reaches something whose content cannot be seen, such as an open file: its votes cannot be kept.

    Examples
    --------
    >>> from tidemill.label import keyword_functions
    >>> a, b, c = keyword_functions("*", {"a": ["prize"], "b": ["prize"], "c": ["prizes"]}, vote=1)
    >>> fingerprint(a) == fingerprint(b), fingerprint(a) == fingerprint(c)
    (True, False)
    """
    if isinstance(function, DeclaredLabelingFunction):
        parts: dict[str, Any] = {"condition": function.condition, "vote": function.vote}
    else:
        parts = {name: value for name, value in vars(function).items() if name != "name"}
    try:
        return _Reader().digest([type(function).__name__, parts]).hex()
    except RecursionError as error:
        raise OpaqueError("something that holds itself in a set, or is too deep to be looked into") from error
    except OpaqueError:
        raise
    except Exception as error:  # code of an object that is looked into can raise anything
        raise OpaqueError(f"something that cannot be looked into ({type(error).__name__}: {error})") from error


class _Reader:
    """Reads values part by part; what is met again is named by the order in which it was met first."""

    def __init__(self) -> None:
        self.met: dict[int, int] = {}
        self.used: set[tuple[int, types.CodeType]] = set()
        self.kept: list[Any] = []  # an id is only good for as long as its object lives

    def digest(self, value: Any) -> bytes:
        """Hash any value to 16 bytes."""
        if isinstance(value, _PLAIN) and type(value) in _PLAIN:
            return _hash("plain", type(value).__name__.encode(), repr(value).encode())
        if (fast := _marshalled(value)) is not None:
            return _hash(type(value).__name__, fast)
        if isinstance(value, type):
            return self._kind(value)
        if id(value) in self.met:
            return self._again(value)
        self._meet(value)
        return _hash(type(value).__qualname__, *self._parts(value))

    def _meet(self, value: Any) -> None:
        self.met[id(value)] = len(self.met)
        self.kept.append(value)

    def _again(self, value: Any) -> bytes:
        return _hash("met", str(self.met[id(value)]).encode())

    def _parts(self, value: Any) -> Iterator[bytes]:
        if isinstance(value, set | frozenset):
            yield from sorted(_Reader().digest(item) for item in value)  # each alone, for their order is chance
        elif isinstance(value, tuple | list) and type(value) in {tuple, list}:
            yield from map(self.digest, value)
        elif isinstance(value, dict | types.MappingProxyType):
            yield self._kind(type(value))
            for key, content in value.items():
                yield self.digest(key)
                yield self.digest(content)
        else:
            yield from self._of_object(value)

    def _of_object(self, value: Any) -> Iterator[bytes]:
        for kinds, read in self._READERS:
            if isinstance(value, kinds):
                yield from read(self, value)
                return
        yield from self._reduced(value)

    def _function(self, f: types.FunctionType) -> Iterator[bytes]:
        if _is_library(f.__code__.co_filename):
            yield _named(f.__module__, f.__qualname__)
            return
        yield from self._code(f.__code__)
        yield self.digest([f.__defaults__, f.__kwdefaults__])
        yield self.digest([_content(cell) for cell in f.__closure__ or ()])
        yield from self._reached(f)

    def _code(self, code: types.CodeType) -> Iterator[bytes]:
        """Instructions, names and constants, without places in the file and docstring."""
        is_function = (code.co_flags & 0x02 and not code.co_name.startswith("<")) or code.co_name == "<lambda>"
        says_it = any(i.arg == 0 and i.opname in _CONSTANT for i in dis.get_instructions(code))  # a docstring, returned
        constants = code.co_consts[1:] if is_function and not says_it else code.co_consts
        named = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & ~_HAS_DOCSTRING)
        yield code.co_code
        yield code.co_exceptiontable
        yield repr((named, counts)).encode()
        for constant in constants:
            if isinstance(constant, types.CodeType):
                yield from self._code(constant)
            else:
                yield self.digest(constant)

    def _reached(self, f: types.FunctionType) -> Iterator[bytes]:
        scope = f.__globals__
        for code in _nested(f.__code__):
            names = list(dict.fromkeys(i.argval for i in dis.get_instructions(code) if i.opname in _LOOKS_UP))
            if _REACHES_ALL.intersection(names):
                yield _source_of_file(Path(code.co_filename))
            for name in names:
                yield name.encode()
                if name in scope:
                    yield from self._global(scope[name], code)
                elif not hasattr(builtins, name):
                    yield b"nothing"
            for instruction in dis.get_instructions(code):
                if instruction.opname == "IMPORT_NAME":
                    yield from _imported(instruction.argval, Path(code.co_filename).parent)

    def _global(self, value: Any, code: types.CodeType) -> Iterator[bytes]:
        """Of a module beside the file, the parts that the code uses."""
        if not isinstance(value, types.ModuleType) or _is_library(getattr(value, "__file__", None) or "<built in>"):
            yield self.digest(value)
            return
        if (id(value), code) in self.used:
            return
        self.used.add((id(value), code))
        if "getattr" in code.co_names:
            yield _source_of_file(Path(str(value.__file__)))
        for name in code.co_names:
            if hasattr(value, name):
                yield name.encode()
                yield from self._global(getattr(value, name), code)

    def _module(self, module: types.ModuleType) -> Iterator[bytes]:
        if _is_library(getattr(module, "__file__", None) or "<built in>"):
            yield _named(module.__name__, "")
        else:
            yield _source_of_file(Path(str(module.__file__)))

    def _kind(self, kind: type) -> bytes:
        """The name of a class and, where it is not of a library, its bases and body."""
        file = getattr(sys.modules.get(kind.__module__), "__file__", None) or _file_of(kind)
        if file is None or _is_library(file):
            return _named(kind.__module__, kind.__qualname__)
        if id(kind) in self.met:
            return self._again(kind)
        self._meet(kind)
        body = {name: value for name, value in sorted(vars(kind).items()) if name not in _NOT_OF_A_CLASS}
        own = {name: value for name, value in body.items() if not isinstance(value, types.MemberDescriptorType)}
        return _hash(kind.__qualname__, *map(self._kind, kind.__bases__), self.digest(own))

    def _condition(self, condition: BaseModel) -> Iterator[bytes]:
        yield _named(type(condition).__module__, type(condition).__qualname__)
        yield json.dumps(condition.model_dump(mode="json"), sort_keys=True, ensure_ascii=False).encode()

    def _array(self, array: np.ndarray[Any, Any] | np.generic) -> Iterator[bytes]:
        yield f"{array.dtype.str}{array.shape}".encode()
        yield self.digest(array.tolist()) if array.dtype.hasobject else np.ascontiguousarray(array).tobytes()

    def _table(self, table: pl.DataFrame | pl.Series) -> Iterator[bytes]:
        buffer = io.BytesIO()
        (table.to_frame() if isinstance(table, pl.Series) else table).write_ipc(buffer)
        yield buffer.getvalue()

    def _expression(self, expression: pl.Expr) -> Iterator[bytes]:
        yield expression.meta.serialize()

    def _path(self, path: Path) -> Iterator[bytes]:
        yield str(path).encode()
        if not path.is_file():
            yield b"no file"
            return
        try:
            with path.open("rb") as file:
                yield hashlib.file_digest(file, "blake2b").digest()
        except OSError as error:
            raise OpaqueError(f"the file {path}, which cannot be read ({error.strerror})") from error

    def _wrapped(self, wrapped: Any) -> Iterator[bytes]:
        for name in ("__wrapped__", "__func__", "__self__", "func", "args", "keywords", "fget", "fset"):
            part = getattr(wrapped, name, None)
            if part is not None:
                yield self.digest(part)

    def _reduced(self, value: Any) -> Iterator[bytes]:
        """What an object would be made again from; nothing is pickled."""
        try:
            recipe = value.__reduce_ex__(4)
        except Exception as error:
            raise OpaqueError(f"a {type(value).__qualname__}, whose content cannot be seen") from error
        if isinstance(recipe, str):
            yield _named(str(getattr(value, "__module__", "")), recipe)
            return
        yield self._kind(type(value))
        for part in recipe:
            yield self.digest(list(part) if isinstance(part, Iterator) else part)

    _READERS: Final[tuple[tuple[Any, Callable[[_Reader, Any], Iterable[bytes]]], ...]] = (
        (types.FunctionType, _function),
        (types.ModuleType, _module),
        (BaseModel, _condition),
        (np.ndarray | np.generic, _array),
        (pl.DataFrame | pl.Series, _table),
        (pl.Expr, _expression),
        (Path, _path),
        (re.Pattern, lambda self, pattern: [self.digest((pattern.pattern, pattern.flags))]),
        (enum.Enum, lambda self, member: [self._kind(type(member)), self.digest((member.name, member.value))]),
        (types.BuiltinFunctionType, lambda _, f: [_named(str(f.__module__), f.__qualname__)]),
        (
            types.MethodType
            | functools.partial
            | functools._lru_cache_wrapper  # noqa: SLF001 - the type of functools.cache's result has no other name
            | functools.cached_property
            | property
            | staticmethod
            | classmethod,
            _wrapped,
        ),
    )


def _hash(kind: str, *parts: bytes) -> bytes:
    digest = hashlib.blake2b(kind.encode(), digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def _marshalled(value: Any) -> bytes | None:
    kind = type(value)
    if kind in {list, tuple} and all(type(item) in _PLAIN for item in value):
        return marshal.dumps(value, 0)
    if kind in {set, frozenset} and all(type(item) is str for item in value):
        return marshal.dumps(sorted(value), 0)
    if kind is dict and all(type(item) in _PLAIN for pair in value.items() for item in pair):
        return marshal.dumps(list(value.items()), 0)
    return None


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _nested(constant)


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


@functools.cache
def _is_library(file: str) -> bool:
    """Files of Python, an installed package or Tidemill; these count by their version."""
    if file.startswith("<"):
        return file.startswith(("<built in", "<frozen", "<__array_function__"))
    return str(Path(file).resolve()).startswith(_LIBRARIES) or "site-packages" in file


def _file_of(kind: type) -> str | None:
    """The file of the first method, of a class whose module is no longer in ``sys``."""
    functions = [value for value in vars(kind).values() if isinstance(value, types.FunctionType)]
    return functions[0].__code__.co_filename if functions else None if kind.__module__ in sys.modules else "<unknown>"


def _named(module: str, name: str) -> bytes:
    top = sys.modules.get(module.partition(".")[0])
    return _hash("library", module.encode(), name.encode(), str(getattr(top, "__version__", "")).encode())


def _imported(name: str, folder: Path) -> Iterator[bytes]:
    """The source of a module whose file lies beside, else its name and version."""
    file = folder / f"{name.replace('.', '/')}.py"
    yield _source_of_file(file) if file.is_file() else _named(name, "")


def _source_of_file(path: Path, seen: frozenset[Path] = frozenset()) -> bytes:
    """Syntax without docstrings, and the files beside it that it imports."""
    if not path.is_file():
        return _hash("no source", str(path).encode())
    tree = parse_python(path.read_bytes())
    imported: list[str] = []
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body.pop(0)
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module:
            imported.append(node.module)
    beside = [path.parent / f"{name}.py" for name in sorted(set(imported))]
    others = [_source_of_file(file, seen | {path}) for file in beside if file.is_file() and file not in seen | {path}]
    return _hash("source", ast.dump(tree).encode(), *others)


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
