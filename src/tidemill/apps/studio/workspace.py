"""Problems of a project as they are on disk: read once, and again when a file has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.studio.image_statistics import ImageStatistics, alike, image_batches
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ConfigError
from tidemill.label.engine.failures import fail
from tidemill.label.engine.load import LoadedFunction, functions_in_file
from tidemill.label.engine.row_applier import STATISTIC, RowApplier
from tidemill.label.engine.slices import apply_slices
from tidemill.label.engine.vote_reuse import Batch
from tidemill.label.functions.loading import files_of
from tidemill.project.project import Project

T = TypeVar("T")
_KEPT: Final = 64
_TABLES: Final = ("batches", "raw", "voted", "votes", "gold", "labels", "model", "features")
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class TriedRows:
    """Rows that functions are tried on.

    Attributes
    ----------
    places : (n_rows,)
        Their indices.
    is_sample
        Whether they are the sample of `tidemill lf try`, not all rows.
    """

    places: npt.NDArray[np.intp]
    is_sample: bool


class Workspace:
    """One problem, its tables and what was computed of them.

    Attributes
    ----------
    name
        Name of the problem.
    lock
        Held while a file of functions is read, changed and written.
    images
        Statistics of the images of all rows.
    """

    def __init__(self, project: Project, name: str) -> None:
        self.project, self.name = project, name
        self.lock = threading.Lock()
        self.images = ImageStatistics()
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

    def rows(self, *, is_sample: bool = False) -> TriedRows:
        """Choose the rows that functions are tried on.

        Parameters
        ----------
        is_sample
            Whether the sample of `tidemill lf try`, or all rows.

        Returns
        -------
        TriedRows
        """
        view = self.view
        places = self.kept(("rows", is_sample), view.sample if is_sample else lambda: np.arange(view.raw.height))
        return TriedRows(places.astype(np.intp, copy=False), is_sample=is_sample)

    def table(self, rows: TriedRows) -> pl.DataFrame:
        """Select what labeling functions see of rows, without features.

        Parameters
        ----------
        rows
            The rows.

        Returns
        -------
        polars.DataFrame
        """
        view = self.view
        places = rows.places if rows.is_sample else None
        return self.kept(("table", rows.is_sample), lambda: view.table(places, features=False))

    def statistics(self, names: Iterable[str], rows: TriedRows) -> pl.DataFrame | None:
        """Look up statistics of the images of rows, or measure them: of a sample at once, of all rows beside the requests.

        Those that take as long as each other are measured together.

        Parameters
        ----------
        names
            Without ``image.``.
        rows
            The rows.

        Returns
        -------
        polars.DataFrame or None
            A column ``image.…`` for each; None while those of all rows are being measured.

        Raises
        ------
        DataError
            An image cannot be read.
        """
        wanted = list(names)
        view, batches = self.view, self._batches()
        parts = [self.images.of_all(view, batches, alike(name)) for name in wanted]
        if all(part is not None for part in parts):
            whole = _chosen(wanted, [part for part in parts if part is not None])
            return whole[rows.places] if rows.is_sample else whole
        if not rows.is_sample:
            return None
        images = self.table(rows)["row_id", "image"]
        return _chosen(wanted, [self._of_sample(alike(name), images) for name in wanted])

    def measured_share(self, names: Iterable[str]) -> float | None:
        """Tell how many of the images have been measured.

        Parameters
        ----------
        names
            Statistics that are asked for, without ``image.``.

        Returns
        -------
        float or None
            Between 0 and 1; None where those of all rows are known.
        """
        batches = self._batches()
        shares = [self.images.share(batches, alike(name)) for name in names]
        return min((share for share in shares if share is not None), default=None)

    def _batches(self) -> list[Batch]:
        view = self.view
        return self.kept("batches", lambda: image_batches(view))

    def _of_sample(self, names: tuple[str, ...], images: pl.DataFrame) -> pl.DataFrame:
        return self.kept(("statistics", names), lambda: measured(images, names))

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


def _chosen(names: Sequence[str], tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    return pl.DataFrame([table[f"{STATISTIC}{name}"] for name, table in zip(names, tables, strict=True)])


def _same_tables(before: Stamp | None, after: Stamp, tables: int) -> bool:
    return before is not None and before[:tables] == after[:tables]
