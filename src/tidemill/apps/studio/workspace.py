"""Problems of a project as they are on disk: read once, and again when a file has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl

from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ConfigError
from tidemill.label.engine.failures import fail
from tidemill.label.engine.load import LoadedFunction, functions_in_file
from tidemill.label.engine.row_applier import STATISTIC, RowApplier
from tidemill.label.engine.slices import apply_slices
from tidemill.label.functions.loading import files_of
from tidemill.project.project import Project

T = TypeVar("T")
_KEPT: Final = 64
_OF_LINES: Final = ("line_depth", "line_contrast")
_TABLES: Final = ("batches", "raw", "voted", "votes", "gold", "labels", "model", "features")
Stamp = tuple[tuple[str, int, int], ...]


class Workspace:
    """One problem, its tables and what was computed of them.

    Attributes
    ----------
    name
        Name of the problem.
    lock
        Held while a file of functions is read, changed and written.
    """

    def __init__(self, project: Project, name: str) -> None:
        self.project, self.name = project, name
        self.lock = threading.Lock()
        self._reading = threading.RLock()
        self._stamp: Stamp | None = None
        self._view: ProblemView | None = None
        self._kept: dict[Hashable, Any] = {}

    @property
    def view(self) -> ProblemView:
        """The problem as its files are now."""
        with self._reading:
            paths = self.project.paths(self.name)
            tables = (self.project.params, paths.manifest, paths.votes, paths.labels, paths.label_model)
            stamp = stamp_of(*tables, *sorted(paths.functions.glob("*")))
            if self._view is None or stamp != self._stamp:
                before = self._view if _same_tables(self._stamp, stamp, len(tables)) else None
                self._kept = self._kept if before else {}
                self._view, self._stamp = ProblemView(self.project, self.name), stamp
                if before:  # cached properties are attributes
                    vars(self._view).update({name: vars(before)[name] for name in _TABLES if name in vars(before)})
            return self._view

    def kept(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Compute something of the problem's tables once, until they change.

        Parameters
        ----------
        key
            What it is, and of what.
        compute
            Called where it is not known.

        Returns
        -------
        T
            What ``compute`` returned.
        """
        with self._reading:
            value: T = self._kept.pop(key) if key in self._kept else compute()
            self._kept[key] = value  # what was asked for last goes last
            if len(self._kept) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
            return value

    @property
    def table(self) -> pl.DataFrame:
        """What labeling functions see of all rows, or of a sample of images."""
        view = self.view
        return self.kept("table", lambda: view.table(self.rows))

    def statistics(self, names: Iterable[str]) -> pl.DataFrame:
        """Measure statistics of the images of ``rows`` once, those that take as long as each other together.

        Parameters
        ----------
        names
            Without ``image.``.

        Returns
        -------
        polars.DataFrame
            A column ``image.…`` for each.
        """
        images = self.table["row_id", "image"]
        found = {name: self._measured(_alike(name), images)[f"{STATISTIC}{name}"] for name in names}
        return pl.DataFrame(list(found.values()))

    def _measured(self, names: tuple[str, ...], images: pl.DataFrame) -> pl.DataFrame:
        return self.kept(("statistics", names), lambda: measured(images, names))

    @property
    def rows(self) -> np.ndarray[Any, np.dtype[np.intp]]:
        """(n_rows,) indices of the rows that functions are previewed on."""
        view = self.view
        return view.sample() if view.problem.modality == "image" else np.arange(view.raw.height, dtype=np.intp)

    def functions_in(self, path: Path) -> list[LoadedFunction]:
        """Look what functions a file of the problem's folder holds; Python files are run in a confined worker.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        list of LoadedFunction
            By name.
        """
        view = self.view
        key = ("file", path, stamp_of(path, *sorted(path.parent.glob("*.py"))))
        return self.kept(key, lambda: functions_in_file(path, view.classes, view.limits, view.access))

    def slices(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Apply the problem's slicing functions in a confined worker.

        Parameters
        ----------
        rows
            Raw rows; without any, the names of the slices are seen alone.

        Returns
        -------
        polars.DataFrame
            ``row_id`` and a boolean column per slice.
        """
        view = self.view
        folder = view.paths.functions
        key = ("slices", rows.height, stamp_of(*sorted(folder.glob("*.py"))))
        return self.kept(key, lambda: apply_slices(folder, [rows], view.limits, view.access)[0])

    def file(self, name: str, *, new: bool = False) -> Path:
        """Locate a YAML file of labeling functions.

        Parameters
        ----------
        name
            Name of the file in the problem's folder.
        new
            Whether it need not exist.

        Returns
        -------
        Path

        Raises
        ------
        ConfigError
            The folder has no such file, or it lies elsewhere.
        """
        folder = self.project.paths(self.name).functions
        known = {path.name: path for path in files_of(folder)} if folder.is_dir() else {}
        path = known.get(name, folder / name)
        plain = Path(name).name == name and path.suffix in {".yaml", ".yml"} and not name.startswith(("_", "."))
        if not plain or not name.isprintable() or (name not in known and not new):
            raise ConfigError(f"{folder} has no file {name!r} of labeling functions in YAML")
        if path.resolve().parent != folder.resolve():
            raise ConfigError(f"{path} is a link to another folder: edit the file that it leads to")
        return path


def _alike(name: str) -> tuple[str, ...]:
    """Statistics that cost about as much as one of them: of grey pixels, of lines, of colours."""
    from tidemill.label.image_statistics.colours import COLOURS
    from tidemill.label.image_statistics.statistics import NAMES

    slow = (_OF_LINES, tuple(COLOURS))
    rest = tuple(one for one in NAMES if not any(one in names for names in slow))
    return next(names for names in (*slow, rest) if name in names)


def measured(images: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Compute statistics of images.

    Parameters
    ----------
    images
        ``row_id`` and ``image``.
    names
        Of the statistics, without ``image.``.

    Returns
    -------
    polars.DataFrame
        A column ``image.…`` for each.
    """
    return RowApplier([], n_classes=0, on_error=fail).ask(images, statistics=names)[1]


def stamp_of(*paths: Path) -> Stamp:
    """Tell the state of files by time and size.

    Parameters
    ----------
    paths
        Files that need not exist.

    Returns
    -------
    tuple
        Different after a change.
    """
    states = [(path, path.stat()) if path.exists() else (path, None) for path in paths]
    return tuple((str(path), s.st_mtime_ns if s else 0, s.st_size if s else -1) for path, s in states)


def _same_tables(before: Stamp | None, after: Stamp, tables: int) -> bool:
    return before is not None and before[:tables] == after[:tables]
