"""Load a folder or file of labeling functions: declared ones here, Python ones in worker processes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tidemill.contracts import ConfigError
from tidemill.label.conditions.generated import Generated
from tidemill.label.engine.process import confinement_of, hidden_variables
from tidemill.label.engine.readable import is_within
from tidemill.label.engine.sandbox import Confinement
from tidemill.label.engine.worker_pool import Limits, RemoteFunction, WorkerPool
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.functions.function_fingerprint import fingerprint
from tidemill.label.functions.loading import files_of, load_file, refuse_bad_names, unread_files_of
from tidemill.label.functions.outside_values import outside_values
from tidemill.label.functions.undecorated import undecorated_functions
from tidemill.label.settings import LabelSettings

LoadedFunction = DeclaredLabelingFunction | RemoteFunction


@dataclass(frozen=True)
class Access:
    """What labeling functions may read.

    Parameters
    ----------
    closed
        Files and folders that no function may read, YAML's files included.
    readable
        What Python functions may read besides Python's files and the folder of functions.
    confined
        Whether the kernel holds Python functions to that, and refuses them the network and processes of their own.
    """

    closed: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    confined: bool = True

    @classmethod
    def configured(cls, settings: LabelSettings, closed: Sequence[Path]) -> Self:
        """Take from a problem's settings what its functions may read.

        Parameters
        ----------
        settings
            Settings of the label stage.
        closed
            Files and folders that no function may read.

        Returns
        -------
        Access
        """
        return cls(tuple(closed), tuple(map(Path, settings.readable_folders)), settings.confined)


@dataclass
class LoadedFunctions:
    """Labeling functions in their order, and the workers that hold the Python ones, started when they are needed."""

    functions: list[LoadedFunction]
    classes: tuple[str, ...]
    limits: Limits
    processes: int
    confinement: Confinement = field(default_factory=Confinement)
    workers: WorkerPool | None = None
    unread: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.workers is not None:
            self.workers.close()

    @property
    def notes(self) -> list[str]:
        """What Python functions are not kept from, and which files and functions are left out."""
        return [*self.unread, *([] if self.workers is None else self.workers.notes)]

    def generated(self) -> list[DeclaredLabelingFunction]:
        """List the functions whose votes are generated for all rows at once.

        Returns
        -------
        list of DeclaredLabelingFunction
        """
        declared = (function for function in self.functions if isinstance(function, DeclaredLabelingFunction))
        return [function for function in declared if isinstance(function.condition, Generated)]

    def asked_of_rows(self) -> LoadedFunctions:
        """Leave out the functions whose votes are generated.

        Returns
        -------
        LoadedFunctions
            The same workers; these functions themselves where nothing is generated.
        """
        generated = {function.name for function in self.generated()}
        if not generated:
            return self
        others = [function for function in self.functions if function.name not in generated]
        return dataclasses.replace(self, functions=others)

    def start(self, files: Sequence[Path] = ()) -> list[list[RemoteFunction]]:
        """Start workers and load Python files there.

        Parameters
        ----------
        files
            Python files.

        Returns
        -------
        list of list of RemoteFunction
            The functions of each file.
        """
        self.workers = WorkerPool(self.processes, self.confinement)
        return self.workers.load(files, self.classes, self.limits)


def open_functions(
    path: Path,
    classes: Sequence[str],
    limits: Limits,
    *,
    processes: int = 0,
    access: Access = Access(),
) -> LoadedFunctions:
    """Load labeling functions, in the order of ``load_functions``.

    Parameters
    ----------
    path
        Folder, or one file.
    classes
        Names of the classes.
    limits
        What a Python function may take.
    processes
        How many worker processes there may be; 0: one per core.
    access
        What functions may read.

    Returns
    -------
    LoadedFunctions
        A context manager that ends the workers.

    Raises
    ------
    FunctionError, ConfigError
        As ``load_functions``.
    """
    files = files_of(path) if path.is_dir() or not path.is_file() else [path]
    python = [file for file in files if file.suffix == ".py"]
    confinement = confine_to(path if path.is_dir() else path.parent, access)
    loaded = LoadedFunctions([], tuple(classes), limits, processes, confinement)
    helpers = sorted((path if path.is_dir() else path.parent).rglob("_*.py")) if python else []
    loaded.unread = [
        *(unread_files_of(path) if path.is_dir() else []),
        *undecorated_functions(files),
        *outside_values([*files, *helpers], hidden_variables()),
    ]
    try:
        by_file: dict[Path, list[Any]] = dict(zip(python, loaded.start(python), strict=True)) if python else {}
        by_file |= {
            file: load_file(file, classes=classes, closed=access.closed) for file in files if file not in by_file
        }
        loaded.functions = [function for file in files for function in by_file[file]]
        refuse_bad_names(loaded.functions, path)
    except BaseException:
        loaded.__exit__()
        raise
    return loaded


def functions_in_file(path: Path, classes: Sequence[str], limits: Limits, access: Access) -> list[LoadedFunction]:
    """Look what functions a file holds; those in Python cannot be applied, since their worker has ended.

    Parameters
    ----------
    path
        File of labeling functions, or of slicing functions alone.
    classes
        Names of the classes.
    limits
        What a Python file may take.
    access
        What functions may read.

    Returns
    -------
    list of LoadedFunction
        By name.

    Raises
    ------
    FunctionError, ConfigError
        As ``load_file``.
    """
    if path.suffix != ".py":
        functions: list[Any] = load_file(path, classes=classes, closed=access.closed)
        return functions
    with LoadedFunctions([], tuple(classes), limits, 1, confine_to(path.parent, access)) as loaded:
        return list(loaded.start([path])[0])


def confine_to(folder: Path, access: Access) -> Confinement:
    """Confine workers to the folder of functions and to what else is readable.

    Parameters
    ----------
    folder
        Folder of functions.
    access
        What functions may read.

    Returns
    -------
    Confinement

    Raises
    ------
    ConfigError
        A readable folder is missing, or holds what is closed.
    """
    closed = tuple(map(os.path.realpath, access.closed))
    for other in access.readable:
        if not other.exists():
            raise ConfigError(f"label.readable_folders: there is no {other}")
        if is_within(os.path.realpath(other), closed):
            raise ConfigError(
                f"label.readable_folders: {other} is where tables of the pipeline are, gold among them, and stays closed: put what functions read beside them"
            )
    return confinement_of([folder, *access.readable], access.closed, enforced=access.confined)


def fingerprint_or_empty(function: LoadedFunction) -> str:
    """Look up or compute the fingerprint of a function.

    Parameters
    ----------
    function
        Labeling function as loaded, in this process or in a worker.

    Returns
    -------
    str
        Fingerprint; empty where the votes of the function must not be cached.
    """
    return function.fingerprint if isinstance(function, RemoteFunction) else fingerprint(function)
