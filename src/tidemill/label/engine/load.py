"""Load a folder or file of labeling functions: declared ones here, Python ones in worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tidemill.label.engine.worker_pool import Limits, RemoteFunction, WorkerPool
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.functions.function_fingerprint import fingerprint
from tidemill.label.functions.loading import files_of, load_file, refuse_bad_names

LoadedFunction = DeclaredLabelingFunction | RemoteFunction


@dataclass
class LoadedFunctions:
    """Labeling functions in their order, and the workers that hold the Python ones, started when they are needed."""

    functions: list[LoadedFunction]
    classes: tuple[str, ...]
    limits: Limits
    processes: int
    workers: WorkerPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.workers is not None:
            self.workers.close()

    def start(self, files: Sequence[Path] = (), *, closed: Sequence[Path] = ()) -> list[list[RemoteFunction]]:
        """Start workers and load Python files there.

        Parameters
        ----------
        files
            Python files.
        closed
            Folders that no Python labeling function may read.

        Returns
        -------
        list of list of RemoteFunction
            The functions of each file.
        """
        self.workers = WorkerPool(self.processes)
        return self.workers.load(files, self.classes, self.limits, closed=closed)


def open_functions(
    path: Path,
    classes: Sequence[str],
    limits: Limits,
    *,
    processes: int = 0,
    closed: Sequence[Path] = (),
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
    closed
        Folders that no Python labeling function may read.

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
    loaded = LoadedFunctions([], tuple(classes), limits, processes)
    try:
        by_file: dict[Path, list[Any]] = (
            dict(zip(python, loaded.start(python, closed=closed), strict=True)) if python else {}
        )
        by_file |= {file: load_file(file, classes=classes) for file in files if file not in by_file}
        loaded.functions = [function for file in files for function in by_file[file]]
        refuse_bad_names(loaded.functions, path)
    except BaseException:
        loaded.__exit__()
        raise
    return loaded


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
