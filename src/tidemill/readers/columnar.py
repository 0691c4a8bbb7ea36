"""Parquet, Arrow and Excel as tables."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from tidemill.common.spelling import counted
from tidemill.contracts import DataError
from tidemill.readers.cell_text import as_string, plain_header
from tidemill.readers.compressed import check_unpacked_size
from tidemill.readers.formulas import blank_formulas
from tidemill.readers.table import Table

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_DATASETS: Final = "huggingface"
"""Key of the file's metadata under which Hugging Face's datasets describe the columns."""
_SHOWN: Final = 5
_FILE_MARK: Final = b"ARROW1"
"""First bytes of an Arrow file; a stream has none."""
_UNCOMPUTED: Final = (
    "a formula whose value the file does not hold (in row {row}): open it in a spreadsheet program and save it",
    "formulas whose value the file does not hold (the first in row {row}): open it in a spreadsheet program and save it",
)
_ERRORS: Final = (
    "an error such as #N/A, which is read as blank (in row {row})",
    "errors such as #N/A, which are read as blank (the first in row {row})",
)
"""What is said of one such cell, and of several."""
_WITH_ROWS: Final = 2
"""Lines of a sheet from which on it has a header and a row."""
_WITH_A_TITLE: Final = 3
"""Columns from which on a first line with a name for the first alone is taken for a title; of two, one name may be forgotten."""


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
        Columns with the types of the file; class labels of Hugging Face's datasets are the names that the file has for them.

    Raises
    ------
    DataError
        The bytes are no Parquet file.
    """
    try:
        frame = pl.read_parquet(io.BytesIO(data))
        return _with_class_names(_of_frame(frame, name), pl.read_parquet_metadata(io.BytesIO(data)).get(_DATASETS))
    except pl.exceptions.DuplicateError as error:
        raise DataError(f"{name}: {error}; rename one where the file is written") from error
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
    schema = _schema_of_arrow(data, name)
    _refuse_twice(schema.names, name)
    features = (schema.metadata or {}).get(_DATASETS.encode())
    read = pl.read_ipc if data.startswith(_FILE_MARK) else pl.read_ipc_stream
    try:
        return _with_class_names(_of_frame(read(io.BytesIO(data)), name), features)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{name} cannot be read as Arrow ({error}): copy it again") from error


def _schema_of_arrow(data: bytes, name: str) -> Any:
    """Before Polars reads the file: it panics on columns of one name."""
    import pyarrow as pa

    opened = pa.ipc.open_file if data.startswith(_FILE_MARK) else pa.ipc.open_stream
    try:
        return opened(pa.BufferReader(data)).schema
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} cannot be read as Arrow ({error}): copy it again") from error


def _with_class_names(table: Table, features: str | bytes | None) -> Table:
    """The names that a file of Hugging Face's datasets has for its class labels, in place of their numbers; -1 is no label."""
    columns, notes = dict(table.columns), []
    for column, names in _class_names(features).items():
        numbers = columns.get(column, [])
        if numbers and all(
            number is None or (isinstance(number, int) and -1 <= number < len(names)) for number in numbers
        ):
            columns[column] = [None if number is None or number < 0 else names[number] for number in numbers]
            shown = ", ".join(f"{number} is {one}" for number, one in enumerate(names[:_SHOWN]))
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            notes.append(
                f"{table.name}: numbers of column {column!r} are read as the names that the file has for them ({shown}{more})"
            )
    return replace(table, columns=columns, notes=(*table.notes, *notes))


def _class_names(features: str | bytes | None) -> dict[str, list[str]]:
    """By column; nothing where the description of the columns is not as that library writes it."""
    try:
        known = json.loads(features or "{}")["info"]["features"]
        return {
            column: list(map(str, about["names"]))
            for column, about in known.items()
            if isinstance(about, dict) and about.get("_type") == "ClassLabel" and isinstance(about.get("names"), list)
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _of_frame(frame: pl.DataFrame, name: str) -> Table:
    plain = {column: _plain_numbers(frame[column]) for column in frame.columns}
    columns = {column: series.to_list() for column, series in plain.items()}
    lossy = [column for column, series in plain.items() if _loses_digits(frame[column], series)]
    notes = (
        (f"{name}: decimals of column {', '.join(map(repr, lossy))} have more digits than numbers in Python keep",)
        if lossy
        else ()
    )
    return Table(name, columns, range(1, frame.height + 1), "row", notes=notes)


def _plain_numbers(series: pl.Series) -> pl.Series:
    """The numbers that the same table as CSV would have: 9.99 is no `Decimal`, which equals no float, nor the float of 32 bits next to it."""
    if series.dtype == pl.Float32:
        return series.cast(pl.String).cast(pl.Float64)
    if not isinstance(series.dtype, pl.Decimal):
        return series
    if series.dtype.scale:
        return series.cast(pl.Float64)
    whole = series.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == series.null_count() else series.cast(pl.String)


def _loses_digits(series: pl.Series, plain: pl.Series) -> bool:
    return (
        series.dtype.is_decimal()
        and plain.dtype == pl.Float64
        and not (plain.cast(series.dtype, strict=False) == series).all()
    )


def parse_excel(data: bytes, name: str) -> Table:
    """Read the first sheet of a workbook; its first row names the columns.

    Whole numbers are whole, which workbooks do not tell from others, and dates are text as ISO 8601 writes them.

    Parameters
    ----------
    data
        Content of the file.
    name
        Its name, for messages.

    Returns
    -------
    Table
        Rows without a value are left out; notes list the sheets that are not read, columns with formulas whose value the file
        does not hold, and merged cells.

    Raises
    ------
    DataError
        The bytes are no workbook, the sheet is empty, its first line is a title, or its header has a name twice.
    """
    from python_calamine import CalamineError, load_workbook

    check_unpacked_size(data, name)
    try:
        workbook = load_workbook(io.BytesIO(data))
        first = workbook.get_sheet_by_index(0)
        cells, merged = first.to_python(skip_empty_area=False), first.merged_cell_ranges or []
        blank = blank_formulas(data)
    except (CalamineError, OSError, IndexError, ValueError) as error:
        raise DataError(f"{name} cannot be read as a workbook ({error}): save it again as .xlsx or .csv") from error
    rows = [(number, row) for number, row in enumerate(cells, start=1) if any(cell != "" for cell in row)]
    sheet, others = workbook.sheet_names[0], workbook.sheet_names[1:]
    if len(rows) < _WITH_ROWS and (others or not rows):
        lacks = "has a header and no rows" if rows else "is empty"
        raise DataError(f"{name}: the first sheet, {sheet!r}, {lacks}{_of_others(workbook)}")
    used = [place for place in range(len(rows[0][1])) if any(row[place] != "" for _, row in rows)]
    alone = rows[0][1][used[0]] != "" and all(rows[0][1][place] == "" for place in used[1:])
    if alone and len(used) >= _WITH_A_TITLE:
        raise DataError(
            f"{name}: sheet {sheet!r}: row {rows[0][0]} has {rows[0][1][used[0]]!r} in its first cell and nothing in the others, as a title has, and rows "
            f"below have up to {len(used)} cells: remove lines above the header, or name all columns in it"
        )
    header = {place: plain_header(as_string(_cell(rows[0][1][place]) or "")) or f"column_{place + 1}" for place in used}
    _refuse_twice(list(header.values()), f"{name}: sheet {sheet!r}")
    columns: dict[str, list[Any]] = {
        column: [_cell(row[place]) for _, row in rows[1:]] for place, column in header.items()
    }
    notes = [f"{name}: sheet {sheet!r} is read, not {', '.join(others)}"] if others else []
    unnamed = [column for place, column in header.items() if rows[0][1][place] == ""]
    title = f" (if row {rows[0][0]} is a title, remove it)" if alone else ""
    notes += [f"{name}: columns without a name are named {', '.join(unnamed)}{title}"] if unnamed else []
    if blank.hidden_rows:
        notes.append(
            f"{name}: {blank.hidden_rows} rows that are hidden in the sheet, as by a filter, are read as the others are"
        )
    unread = _about_cells(blank.uncomputed, _UNCOMPUTED, header, name)
    errors = _about_cells(blank.errors, _ERRORS, header, name)
    notes += [*unread.values(), *errors.values(), *_about_merged(merged, header, rows[0][0], name)]
    return Table(name, columns, [number for number, _ in rows[1:]], "row", notes=tuple(notes), unread=unread)


def _of_others(workbook: CalamineWorkbook) -> str:
    """What stands on the sheets that are not read, and the remedy; nothing where there are none."""
    others = workbook.sheet_names[1:]
    if not others:
        return ""
    full = [other for other in others if workbook.get_sheet_by_name(other).height >= _WITH_ROWS]
    found = f"; there are rows on {', '.join(map(repr, full))}" if full else ""
    return f", and of others ({', '.join(others)}) none is read{found}: put the sheet with the rows first, or save it as .csv"


def _about_cells(
    cells: Sequence[tuple[int, int]], what: tuple[str, str], header: Mapping[int, str], name: str
) -> dict[str, str]:
    """What is told of each column that has such cells."""
    first: dict[int, int] = {}
    for row, place in cells:
        first.setdefault(place, row)
    names = {place: header.get(place, f"column_{place + 1}") for place in first}
    counts = Counter(place for _, place in cells)
    results = {}
    for place, count in counts.items():
        one, many = (words.format(row=first[place]) for words in what)
        column = names[place]
        said = counted(count, f"cell of column {column!r} is {one}", f"cells of column {column!r} are {many}")
        results[column] = f"{name}: {said}"
    return results


def _about_merged(
    ranges: Sequence[tuple[tuple[int, int], tuple[int, int]]], header: Mapping[int, str], header_row: int, name: str
) -> list[str]:
    """A note where cells of several rows below the header are one; rows of ranges are counted from 0, that of the header from 1."""
    over_rows = sorted(
        one for one in ranges if one[1][0] > one[0][0] and one[1][0] >= header_row and one[0][1] in header
    )
    if not over_rows:
        return []
    (top, place), (bottom, _) = over_rows[0]
    times = f"{len(over_rows)} times, first in column {header[place]!r}, rows {top + 1} to {bottom + 1}"
    return [f"{name}: merged cells have a value in the first row alone ({times}): unmerge them and fill each row"]


def _refuse_twice(header: list[str], where: str) -> None:
    twice = next((column for place, column in enumerate(header) if column in header[:place]), None)
    if twice is not None:
        raise DataError(f"{where}: column {twice!r} is there twice in the header; rename one")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value or None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else value
