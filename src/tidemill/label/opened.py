"""A folder or file of labeling functions → the functions, declared ones here and Python ones in worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tidemill.label.declared import DeclaredLabelingFunction
from tidemill.label.fingerprint import fingerprint
from tidemill.label.folder import files_of, load_file, refuse_bad_names
from tidemill.label.workers import Limits, Remote, Workers

Voter = DeclaredLabelingFunction | Remote


@dataclass
class Voters:
    """Labeling functions in their order, and the workers that hold the Python ones, started when they are needed."""

    functions: list[Voter]
    classes: tuple[str, ...]
    limits: Limits
    processes: int
    workers: Workers | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.workers is not None:
            self.workers.close()

    def start(self, files: Sequence[Path] = (), *, closed: Sequence[Path] = ()) -> list[list[Remote]]:
        """Start workers → the functions of each Python file."""
        self.workers = Workers(self.processes)
        return self.workers.load(files, self.classes, self.limits, closed=closed)


def open_functions(
    path: Path,
    classes: Sequence[str],
    limits: Limits,
    *,
    processes: int = 0,
    closed: Sequence[Path] = (),
) -> Voters:
    """Folder, or one file, of labeling functions → the functions, as ``load_functions`` orders them.

    Parameters
    ----------
    processes
        How many worker processes there may be; 0: one per core.
    closed
        Folders that no Python labeling function may read.

    Raises
    ------
    FunctionError, ConfigError
        As ``load_functions``.
    """
    files = files_of(path) if path.is_dir() or not path.is_file() else [path]
    python = [file for file in files if file.suffix == ".py"]
    voters = Voters([], tuple(classes), limits, processes)
    try:
        found: dict[Path, list[Any]] = (
            dict(zip(python, voters.start(python, closed=closed), strict=True)) if python else {}
        )
        found |= {file: load_file(file, classes=classes) for file in files if file not in found}
        voters.functions = [function for file in files for function in found[file]]
        refuse_bad_names(voters.functions, path)
    except BaseException:
        voters.__exit__()
        raise
    return voters


def fingerprint_of(function: Voter) -> str:
    """Labeling function → its fingerprint; empty where its votes cannot be kept."""
    return function.fingerprint if isinstance(function, Remote) else fingerprint(function)
