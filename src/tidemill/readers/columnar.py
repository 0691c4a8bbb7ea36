"""Parquet, Arrow and Excel as tables."""

from __future__ import annotations

import io
from typing import Any, Final

import polars as pl

from tidemill.contracts import DataError
from tidemill.readers.table import Table

_FILE_MARK: Final = b"ARROW1"
"""First bytes of an Arrow file; a stream has none."""


def parse_parquet(data: bytes, name: str) -> Table:
    """Read the bytes of a Parquet file.

    Parameters
    ----------
    data
        Content of the file.
    name
        Its name, for messages.

    Returns
    -------
    Table
        Columns with the types of the file.

    Raises
    ------
    DataError
        The bytes are no Parquet file.
    """
    try:
        return _of_frame(pl.read_parquet(io.BytesIO(data)), name)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{name} cannot be read as Parquet ({error}): copy it again") from error


def parse_arrow(data: bytes, name: str) -> Table:
    """Read the bytes of an Arrow (Feather) file or stream.

    Parameters
    ----------
    data
        Content of the file.
    name
        Its name, for messages.

    Returns
    -------
    Table
        Columns with the types of the file.

    Raises
    ------
    DataError
        The bytes are no Arrow file or stream.
    """
    read = pl.read_ipc if data.startswith(_FILE_MARK) else pl.read_ipc_stream
    try:
        return _of_frame(read(io.BytesIO(data)), name)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{name} cannot be read as Arrow ({error}): copy it again") from error


def _of_frame(frame: pl.DataFrame, name: str) -> Table:
    columns = {column: frame[column].to_list() for column in frame.columns}
    return Table(name, columns, range(1, frame.height + 1), "row")


def parse_excel(data: bytes, name: str) -> Table:
    """Read the first sheet of a workbook; its first row names the columns.

    Parameters
    ----------
    data
        Content of the file.
    name
        Its name, for messages.

    Returns
    -------
    Table
        Rows without a value are left out; a note lists the sheets that are not read.

    Raises
    ------
    DataError
        The bytes are no workbook, the sheet is empty, or its header has a name twice.
    """
    from python_calamine import CalamineError, load_workbook

    try:
        workbook = load_workbook(io.BytesIO(data))
        cells = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, IndexError) as error:
        raise DataError(f"{name} cannot be read as a workbook ({error}): save it again as .xlsx or .csv") from error
    rows = [(number, row) for number, row in enumerate(cells, start=1) if any(cell != "" for cell in row)]
    if not rows:
        raise DataError(f"{name}: the first sheet, {workbook.sheet_names[0]!r}, is empty")
    header = [str(cell).strip() for cell in rows[0][1]]
    twice = next((column for place, column in enumerate(header) if column in header[:place] and column), None)
    if twice is not None:
        raise DataError(f"{name}: column {twice!r} is there twice in the header of {workbook.sheet_names[0]!r}")
    columns: dict[str, list[Any]] = {
        column: [None if row[place] == "" else row[place] for _, row in rows[1:]]
        for place, column in enumerate(header)
        if column
    }
    others = workbook.sheet_names[1:]
    notes = (f"{name}: sheet {workbook.sheet_names[0]!r} is read, not {', '.join(others)}",) if others else ()
    return Table(name, columns, [number for number, _ in rows[1:]], "row", notes=notes)
