"""Slicing functions of a folder, applied to tables in a confined worker: what they are cut by lies beside gold."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import polars as pl

from tidemill.common.machine import physical_memory
from tidemill.contracts import FunctionError
from tidemill.label.engine.load import Access, confine_to
from tidemill.label.engine.process import Bounds, DiedError, Process
from tidemill.label.engine.worker_pool import Limits, refuse_error

NO_ROWS: Final = pl.DataFrame(schema={"row_id": pl.String})
_SECONDS: Final = 60.0
"""For loading, and for a table, besides what its rows may take."""
_OF_A_ROW: Final = 0.01
"""Share of the time that a labeling function has for a row, on average over the table."""


def apply_slices(folder: Path, tables: Iterable[pl.DataFrame], limits: Limits, access: Access) -> list[pl.DataFrame]:
    """Tell which rows are in the slices that a folder's Python files define.

    Parameters
    ----------
    folder
        Folder of labeling and slicing functions; it need not exist.
    tables
        Raw rows with ``row_id``; ``NO_ROWS`` gives the names of the slices alone.
    limits
        What all of them may take for a table: 60 seconds, and a hundredth of ``seconds`` per row.
    access
        What the functions may read.

    Returns
    -------
    list of polars.DataFrame
        Per table ``row_id`` and a boolean column per slice, in alphabetical order; none where no file is Python.

    Raises
    ------
    FunctionError
        A file cannot be loaded, two functions have one name, or one fails; it and the row are named.
    """
    if not any(folder.glob("[!_]*.py")):
        return [table.select("row_id") for table in tables]
    process = Process.ready(confine_to(folder, access))
    try:
        worker = _SliceWorker(folder, process, limits)
        return [worker.sliced(table) for table in tables]
    finally:
        process.close()


class _SliceWorker:
    def __init__(self, folder: Path, process: Process, limits: Limits) -> None:
        self.folder, self.process, self.limits = folder, process, limits
        self._megabytes = max(limits.megabytes, physical_memory() / 2)
        header = {"do": "load_slices", "folder": str(folder), "megabytes": self._megabytes}
        self._ask(header, b"", _SECONDS)

    def sliced(self, table: pl.DataFrame) -> pl.DataFrame:
        buffer, seconds = io.BytesIO(), _SECONDS + _OF_A_ROW * self.limits.seconds * table.height
        table.write_ipc(buffer)
        return pl.read_ipc(io.BytesIO(self._ask({"do": "slice", "seconds": seconds}, buffer.getvalue(), seconds)))

    def _ask(self, header: dict[str, Any], payload: bytes, seconds: float) -> bytes:
        bounds = Bounds(seconds, seconds, self._megabytes, between=seconds)
        try:
            reply, content = self.process.ask(header, payload, bounds=bounds)
        except DiedError as death:
            raise FunctionError(f"{self.folder}: the worker of its slicing functions {death.reason}") from None
        refuse_error(reply)
        return content
