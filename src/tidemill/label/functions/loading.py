"""Load the labeling functions of a folder of ``*.py`` and ``*.yaml`` files."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.machinery
import importlib.util
import inspect
import io
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final, Protocol

from tidemill.contracts import FunctionError, TidemillError
from tidemill.label.functions.class_constants import refuse_names_as_numbers, refuse_other_numbers
from tidemill.label.functions.declared import AnyFunction, DeclaredLabelingFunction, declared_functions
from tidemill.label.functions.labeling_function import BatchLabelingFunction, LabelingFunction, functions_made
from tidemill.label.functions.undecorated import undecorated_functions
from tidemill.label.functions.yaml_lines import read_yaml

_TAKEN: Final = frozenset({"row_id", "batch", "split"})
_PROBLEMS: Final = "problems"
_SUFFIXES: Final = frozenset({".py", ".yaml", ".yml"})


def load_functions(folder: Path | str, *, classes: Sequence[str]) -> list[AnyFunction]:
    """Load a folder of labeling functions, by file name and then by name.

    Files that begin with ``_`` hold helpers: they are not searched, but the others may import them.

    Parameters
    ----------
    folder
        Folder of a problem, or one file.
    classes
        Names of the classes.

    Returns
    -------
    list
        Labeling functions of all kinds.

    Raises
    ------
    FunctionError
        There is no function, a Python file raises, or two functions share a name.
    ConfigError
        A YAML file is wrong; file and line are named.
    """
    folder = Path(folder)
    files = [folder] if folder.is_file() else files_of(folder)
    functions = [function for path in files for function in load_file(path, classes=classes)]
    refuse_bad_names(functions, folder)
    return functions


def files_of(folder: Path) -> list[Path]:
    """List a folder's files of labeling functions.

    Parameters
    ----------
    folder
        Folder of ``*.py`` and YAML files; names that begin with ``_`` are left out.

    Returns
    -------
    list of Path
        In alphabetical order.

    Raises
    ------
    FunctionError
        There is no such folder.
    """
    if not folder.is_dir():
        raise FunctionError(f"there is no folder {folder}: make it and write labeling functions there (*.py or *.yaml)")
    return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and not path.name.startswith("_"))


def unread_files_of(folder: Path) -> list[str]:
    """Tell which files of a folder may be meant as labeling functions and are not read.

    Parameters
    ----------
    folder
        Folder of labeling functions.

    Returns
    -------
    list of str
        A note on files whose suffix is in capital letters, and one on YAML files in folders below.
    """
    capital = [path for path in folder.iterdir() if path.suffix not in _SUFFIXES and path.suffix.lower() in _SUFFIXES]
    below = [path for path in folder.rglob("*") if path.parent != folder and path.suffix.lower() in _SUFFIXES - {".py"}]
    shown = [path for path in below if not any(part.startswith((".", "_")) for part in path.relative_to(folder).parts)]
    told = (
        (capital, "not read: write the suffix in small letters"),
        (shown, "in a folder below, and not read: move it beside the other files of labeling functions"),
    )
    return [
        f"{', '.join(str(path.relative_to(folder)) for path in sorted(paths))} is {what}"
        for paths, what in told
        if paths
    ]


def load_file(path: Path, *, classes: Sequence[str], closed: Sequence[Path] = ()) -> list[AnyFunction]:
    """Load the labeling functions of one file, by name.

    Parameters
    ----------
    path
        Python or YAML file.
    classes
        Names of the classes.
    closed
        Files and folders that no function of a YAML file may read, besides all outside the file's folder.

    Returns
    -------
    list
        Labeling functions of all kinds.

    Raises
    ------
    FunctionError
        The Python file raises, defines a function that a later one of its name or of its loop puts out, has a constant that is
        named as a class and is the number of another, or votes with a number that is the name of another class.
    ConfigError
        The YAML file is wrong; file and line are named.
    """
    if path.suffix == ".py":
        with functions_made() as made:
            module = run_file(path)
        found = list(_collect(module, path))
        _refuse_lost(found, made)
        refuse_other_numbers(module, path, classes)
        refuse_names_as_numbers(module, path, classes)
        functions = (_named(function, classes) for function in found)
        return sorted(functions, key=lambda function: function.name)
    return sorted(declared_functions(read_yaml(path), classes, closed), key=lambda function: function.name)


def _named(function: AnyFunction, classes: Sequence[str]) -> AnyFunction:
    return function if isinstance(function, DeclaredLabelingFunction) else function.with_classes(classes)


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles the source as it stands; a stale or new ``__pycache__`` plays no part."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader protocol's signature
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


class _Finder:
    """Finds helpers of one folder before others do but Python's own modules, for that loader: an edit within the second is seen too.

    A folder of a project's ``problems`` is found by that name, too, whichever other project's is on Python's path.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder.parent if folder.parent.name == _PROBLEMS else None

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002 - the finder protocol's signature
    ) -> ModuleSpec | None:
        """Find a module of the folder; None where it is none of the folder's, or has the name of one of Python's own."""
        if fullname.partition(".")[0] in sys.stdlib_module_names:  # libraries that a file imports ask for it too
            return None
        if self.packages is not None and fullname == _PROBLEMS:
            return _package_spec(fullname, self.packages)
        for entry in [str(self.folder)] if path is None else path:
            if Path(entry).is_relative_to(self.packages or self.folder):
                spec = self._find(entry, fullname, namespace=self.packages is not None and path is not None)
                if spec is not None:
                    return spec
        return None

    def _find(self, entry: str, fullname: str, *, namespace: bool) -> ModuleSpec | None:
        spec = importlib.machinery.FileFinder(entry, (_Loader, [".py"])).find_spec(fullname)
        if spec is None or (spec.loader is None and not namespace):
            return None
        return spec


def _package_spec(name: str, folder: Path) -> ModuleSpec:
    """The folder above is not listed: a confined worker may not look at what stands beside ``problems``."""
    initial = folder / "__init__.py"
    if initial.is_file():
        spec = importlib.util.spec_from_file_location(
            name, initial, loader=_Loader(name, str(initial)), submodule_search_locations=[str(folder)]
        )
        if spec is not None:
            return spec
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec


def run_file(path: Path) -> ModuleType:
    """Run a Python file of a problem; no compiled copy is read or written.

    Parameters
    ----------
    path
        Python file.

    Returns
    -------
    ModuleType
        Its module.

    Raises
    ------
    FunctionError
        It raises; its own lines of the traceback are shown.
    """
    name = f"labeling_functions_in_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    if spec is None or spec.loader is None:
        raise FunctionError(f"{path} cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    with _isolated(path.parent.resolve(), module), _usage_held_back():
        try:
            spec.loader.exec_module(module)
        except TidemillError:
            raise
        except SystemExit as error:
            raise FunctionError(_about_exit(error, path)) from error
        except Exception as error:
            raise FunctionError(f"{path} cannot be loaded:\n{_user_lines(error, path)}{_hint(error, path)}") from error
    return module


@contextlib.contextmanager
def _isolated(folder: Path, module: ModuleType) -> Iterator[None]:
    """Helpers in the folder can be imported, and nothing of it stays behind in ``sys``."""
    finder = _Finder(folder)
    others = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == _PROBLEMS}
    before = set(sys.modules)
    sys.modules[module.__name__] = module  # dataclasses look themselves up there
    sys.meta_path.insert(0, finder)
    sys.path.append(str(folder))  # for folders without __init__.py, which only the path can tell from other packages
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            is_of_folder = file is not None and Path(file).is_relative_to(finder.packages or folder)
            if name == module.__name__ or is_of_folder or name.partition(".")[0] == _PROBLEMS:
                del sys.modules[name]
        sys.modules.update(others)


@contextlib.contextmanager
def _usage_held_back() -> Iterator[None]:
    """What a file writes on standard error is let through, but not where it ends the program: usage of another program."""
    held, ended = io.StringIO(), False
    try:
        with contextlib.redirect_stderr(held):
            yield
    except FunctionError as error:
        ended = isinstance(error.__cause__, SystemExit)
        raise
    finally:
        if not ended:
            sys.stderr.write(held.getvalue())


def _about_exit(error: SystemExit, path: Path) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if Path(frame.filename).resolve() == path.resolve()), 1)
    what = "reads the command line" if any(frame.name == "parse_args" for frame in frames) else "ends the program"
    return (
        f"{path} cannot be loaded: line {line} {what} (SystemExit), and it is another program that loads labeling functions: put "
        'what the file does as a program below `if __name__ == "__main__":`'
    )


def _hint(error: Exception, path: Path) -> str:
    module = getattr(error, "name", None) or ""
    beside = path.parent / f"{module}.py"
    if isinstance(error, ImportError) and beside.is_file() and module in sys.stdlib_module_names:
        return f"\n{beside.name} beside it has the name of a module of Python, which is imported in its place: rename it, as in _{beside.name}"
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "snorkel":
        return "\nA file written for Snorkel imports from tidemill.label in place of snorkel.labeling; docs/from_snorkel.md"
    return ""


def _user_lines(error: BaseException, path: Path) -> str:
    trace = error.__traceback__
    while trace is not None and Path(trace.tb_frame.f_code.co_filename).resolve() != path.resolve():
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def _collect(module: ModuleType, path: Path) -> Iterable[AnyFunction]:
    functions = {id(function): function for value in vars(module).values() for function in _flat(value)}
    for function in functions.values():
        if isinstance(function, DeclaredLabelingFunction):
            yield dataclasses.replace(function, where=str(path))
        else:
            yield function


def _refuse_lost(found: Sequence[AnyFunction], made: Sequence[LabelingFunction | BatchLabelingFunction]) -> None:
    """Refuse a file where a function is defined over another, which nothing would show: Python keeps the last."""
    kept = {id(function) for function in found}
    of_name = {function.name: function for function in found}
    of_line = {function.where: function for function in found}
    for function in made:
        if id(function) in kept or not function.where:
            continue
        other = of_name.get(function.name)
        if other is not None and other.where and other.where != function.where:
            raise FunctionError(
                f"two labeling functions are named {function.name!r}: {function.where} and {other.where}, and the second takes the "
                "place of the first; rename one"
            )
        last = of_line.get(function.where)
        if isinstance(last, LabelingFunction | BatchLabelingFunction) and inspect.unwrap(last.f) is not inspect.unwrap(
            function.f
        ):
            each = (
                f'give each a name, as in @labeling_function(name=f"{last.name}_{{word}}"), and '
                if last.name == function.name
                else ""
            )
            raise FunctionError(
                f"{function.where}: {function.name} is lost, as {last.name} of the same loop takes its place; {each}keep all of them in "
                "a list, as in `functions.append(...)`"
            )


def _flat(value: Any) -> Iterator[AnyFunction]:
    if isinstance(value, LabelingFunction | BatchLabelingFunction | DeclaredLabelingFunction):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _flat(item)
    elif isinstance(value, dict):
        yield from _flat(list(value.values()))


class Named(Protocol):
    """What has a name and a place in a file."""

    @property
    def name(self) -> str:
        """Its name, which becomes a column's."""

    @property
    def where(self) -> str:
        """``file:line``."""


def refuse_bad_names(functions: Sequence[Named], folder: Path) -> None:
    """Refuse a folder without functions, and a name that occurs twice or cannot be a column's.

    Parameters
    ----------
    functions
        Functions of the folder.
    folder
        The folder, for the error.

    Raises
    ------
    FunctionError
        Names the function and where it stands.
    """
    if not functions:
        files = files_of(folder) if folder.is_dir() else [folder] if folder.is_file() else []
        what = f"{folder} holds no labeling function: write one in Python or YAML"
        raise FunctionError("; ".join([what, *undecorated_functions(files)]))
    seen: dict[str, Named] = {}
    for function in functions:
        name = function.name
        if name in _TAKEN or not name.isprintable() or name != name.strip() or not name:
            raise FunctionError(f"{function.where}: {name!r} cannot be the name of a labeling function; choose another")
        if name in seen:
            remedy = "rename one"
            if seen[name].where == function.where:
                remedy = 'made in a loop, each needs its own: @labeling_function(name=f"says_{word}")'
            raise FunctionError(
                f"two labeling functions are named {name!r}: {seen[name].where} and {function.where}; {remedy}"
            )
        seen[name] = function
