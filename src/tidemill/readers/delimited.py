"""CSV and TSV as tables: delimiter, quotes and header are found by content, and what is unusual is noted.

1. A first line ``sep=;``, which spreadsheets write, names the delimiter.
2. Otherwise the delimiter is the one with which most rows have as many cells as the first; of equals, the one that makes more cells.
3. Quotes: doubled inside quotes (RFC 4180), or single ones where they stand around a cell of nearly every line; where that fails, escaped by backslashes; in files with tabs, or where they join rows, taken literally, but
   where the cells that hold escaped quotes are in quotes.
4. Last columns that are empty in every row are dropped.
5. The first line is the header, unless its cells are values of the rows below.
6. A line that is the header again is dropped.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tidemill.common.spelling import counted, listed
from tidemill.contracts import DataError, NoRowsError
from tidemill.readers.cell_text import FOREIGN_BYTE, foreign_bytes, plain_header
from tidemill.readers.options import ReadOptions
from tidemill.readers.swallowed_rows import names_stay_different, swallowed_rows
from tidemill.readers.table import BadRow, Table

_DELIMITERS: Final = (",", ";", "\t", "|", "\x01", "\x1f")
"""Those that are looked for; the last two, which no text has, are Hive's and the one that ASCII has for it."""
_SEPARATOR_LINE: Final = re.compile(r"sep=(.)(?:\r\n|\r|\n)", re.IGNORECASE)
_SAMPLE: Final = 1 << 16
"""Characters from which the delimiter is found."""
_RULE: Final = re.compile(r"\s*:?-{2,}:?\s*|")
"""A cell of the line below the header of a Markdown table, or of what `sqlcmd` writes."""
_REPEATED: Final = 0.02
"""Share of the rows in which a header's cell stands as a value, from which on it is no header."""
_NAMES: Final = frozenset(
    {"id", "key", "text", "label", "gold", "class", "category", "date", "name", "value", "x", "y", "row_id"}
)
"""Names that columns have: they are headers although a row may hold them."""
_LEAST_REPEATS: Final = 2
_WORDS: Final = {"\t": "tabs"}
_TYPED: Final = {"\\t": "\t", "tab": "\t", "tabs": "\t"}
"""How people type a delimiter that shells do not pass on."""
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([0-3][0-7]{2}))", re.IGNORECASE)
"""The number of a character, as Python, SQL and Hive's octal digits write it."""
_NEVER_BETWEEN: Final = '"\r\n\0'

_FASTTEXT: Final = "__label__"
_MOST: Final = 0.9

_BACKSLASH: Final = re.compile(r'\\(["\\]?)')
_NULS: Final = "\0\0"
_TORN: Final = "a quote is not closed or stands inside a cell"
_MOST_TORN: Final = 1000
"""Lines with such a quote beyond which a file is refused as a whole: each may be read to the file's end."""

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class _Quoting:
    """How quotes are read, for ``csv.reader``, and what is noted of it."""

    dialect: dict[str, Any]
    note: str | None


_DOUBLED: Final = _Quoting({"strict": True}, None)
_ESCAPED: Final = _Quoting(
    {"strict": True, "escapechar": "\\", "doublequote": False},
    "quotes are escaped by backslashes, for as CSV has them they are not closed",
)
_SPACED: Final = _Quoting({"strict": True, "skipinitialspace": True}, "spaces before quotes are left out")
_SINGLE: Final = _Quoting(
    {"strict": True, "quotechar": "'"}, "cells stand in single quotes, as SQL has them, which are left out"
)
_LITERAL: Final = _Quoting(
    {"quoting": csv.QUOTE_NONE}, "quotes are taken literally, for around cells they are not closed, or join lines"
)


def parse_delimited(text: str, name: str, options: ReadOptions, *, usual: str) -> Table:
    """Read the text of a CSV or TSV file.

    Parameters
    ----------
    text
        Content of the file.
    name
        Its name, for messages.
    options
        Delimiter, header and what becomes of bad rows.
    usual
        Delimiter that the suffix promises; another one is noted.

    Returns
    -------
    Table
        Cells as text, None where one is empty.

    Raises
    ------
    DataError
        A row has another number of cells than the header, or a quote is not closed; the line is named.
    """
    lines = text.splitlines() if text.lstrip().startswith(_FASTTEXT) else []
    if lines and sum(line.startswith(_FASTTEXT) for line in lines) >= _MOST * len(lines):
        raise DataError(
            f"{name} is in the form of fastText, with {lines[0].split(' ')[0]!r} before the text: write a table with the columns label and text"
        )
    limit = csv.field_size_limit(len(text) + 1)
    try:
        return _parsed(text, name, options, usual)
    finally:
        csv.field_size_limit(limit)


def _parsed(text: str, name: str, options: ReadOptions, usual: str) -> Table:
    first_line, body = 0, text
    named = _SEPARATOR_LINE.match(text)
    if named:
        first_line, body = 1, text[named.end() :]
    delimiter = _stated(options.delimiter) or (named[1] if named else _delimiter(body, usual))
    notes = (
        []
        if delimiter == usual or options.delimiter
        else [f"{name}: cells are separated by {_word(delimiter)}; another with --delimiter (ingest.delimiter)"]
    )
    torn: list[BadRow] = []
    try:
        rows, quoting = _read(body, name, delimiter, first_line)
    except DataError as error:
        if options.bad_rows == "refuse":
            raise DataError(f"{error}: double it, or take it out{options.way_out}") from error
        rows, torn = _around_torn_lines(body, delimiter, first_line)
        quoting = _DOUBLED
        if not rows or not torn or torn[0].number < rows[0][0] or len(torn) > _MOST_TORN:
            raise
    if not rows:
        raise NoRowsError(f"{name} holds no rows: replace it with the full file, or remove it from what arrives")
    notes += [f"{name}: {quoting.note}"] if quoting.note else []
    rows, dropped = _without_empty_last(rows)
    empty = "the last column is" if dropped == 1 else f"the last {dropped} columns are"
    notes += [f"{name}: {empty} empty in every row and left out"] if dropped else []
    if options.header is not False and _has_row_numbers(rows):
        rows = [(rows[0][0], ["", *rows[0][1]]), *rows[1:]]
        notes.append(
            f"{name}: each row has a cell more than the header, and their first cells, which are numbers, are read as a column without a name, "
            "as R's write.table writes row numbers"
        )
    header, rows, guessed = _header(rows, stated=options.header)
    notes += [f"{name}: {guessed}"] if guessed else []
    rows, blank = _without_blank_end(rows)
    blanks = counted(blank, "row at its end has no values and is", "rows at its end have no values and are")
    notes += [f"{name}: {blanks} left out"] if blank else []
    _refuse_twice(header, name)
    if rows and _is_rule(rows[0][1], delimiter):
        notes.append(f"{name}: line {rows[0][0]} is a rule of dashes below the header, and left out")
        rows = rows[1:]
    _refuse_other_order(rows, header, name)
    if options.bad_rows != "refuse" and FOREIGN_BYTE.search(text):  # else such a file was refused
        rows, foreign = _without_foreign(rows, header, name)
        torn = [*torn, *foreign]
    rows, repeated = _without_headers(rows, header)
    if repeated:
        lines = counted(len(repeated), "line repeats the header and is", "lines repeat the header and are")
        notes.append(f"{name}: {lines} left out, such as line {repeated[0]}")
    kept, bad = _complete(rows, header, name, options)
    columns = {column: [row[place] or None for _, row in kept] for place, column in enumerate(header)}
    bad = sorted([*torn, *bad], key=lambda one: one.number)
    return Table(name, columns, [number for number, _ in kept], notes=tuple(notes), bad=tuple(bad))


def _without_foreign(rows: Rows, header: Sequence[str], name: str) -> tuple[Rows, list[BadRow]]:
    """Rows in another encoding than the file are set aside; a header in one is none."""
    if any(map(FOREIGN_BYTE.search, header)):
        raise DataError(f"{name}, line 1: {foreign_bytes(','.join(header))}: save the file as UTF-8")
    lines = [(number, row, ",".join(row)) for number, row in rows]
    bad = [BadRow(number, foreign_bytes(line)) for number, _, line in lines if FOREIGN_BYTE.search(line)]
    return [(number, row) for number, row, line in lines if not FOREIGN_BYTE.search(line)], bad


def _is_rule(cells: Sequence[str], delimiter: str) -> bool:
    """Whether a line below the header is one of dashes, as Markdown tables and clients of SQL servers have it."""
    is_written = len(cells) > 1 and any(cell.strip() for cell in cells)
    return (is_written or delimiter == "|") and all(map(_RULE.fullmatch, cells))


def _stated(delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    result = _TYPED.get(delimiter.lower(), delimiter)
    if escape := _ESCAPE.fullmatch(delimiter):
        result = chr(int(escape[3], 8) if escape[3] else int(escape[1] or escape[2], 16))
    if len(result) != 1 or result in _NEVER_BETWEEN:
        raise DataError(
            f"delimiter {delimiter!r} (--delimiter, ingest.delimiter) is not one character, such as ;, tab or \\x01"
        )
    return result


def _word(delimiter: str) -> str:
    return _WORDS.get(delimiter, repr(delimiter))


def _delimiter(text: str, usual: str) -> str:
    sample = text[:_SAMPLE] if len(text) > _SAMPLE else text
    whole = len(sample) == len(text)
    results = {item: _fit(sample, item, whole=whole) for item in (usual, *_DELIMITERS)}
    best = max(results, key=lambda item: results[item])
    return best if results[best][1] > 1 else usual


def _fit(sample: str, delimiter: str, *, whole: bool) -> tuple[float, int]:
    """Share of the sample's rows that have as many cells as the first, 0 where that is one; and how many cells it has."""
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if row)
    except csv.Error:
        return 0.0, 1
    rows = rows if whole or len(rows) < 3 else rows[:-1]  # noqa: PLR2004 - the last of a cut sample is cut too
    if not rows or len(rows[0]) == 1:
        return 0.0, 1
    width = len(rows[0])
    same = sum(len(row) in {width, width + (not row[-1])} for row in rows)
    return round(same / len(rows), 2), width


def _read(text: str, name: str, delimiter: str, first_line: int) -> tuple[Rows, _Quoting]:
    failure: DataError | None = None
    result: Rows | None = None
    single = _single(text, name, delimiter, first_line)
    if single is not None:
        return single, _SINGLE
    try:
        result = list(_rows(text, name, delimiter, first_line, _DOUBLED))
    except DataError as error:
        failure = error
    if delimiter == "\t" and '"' in text:
        literal = list(_rows(text, name, delimiter, first_line, _LITERAL))
        if _even(literal) and (result is None or len(result) < len(literal)):
            escaped = _escaped(text, name, delimiter, first_line) if _are_quoted_where_escaped(literal) else None
            return (literal, _LITERAL) if escaped is None else (escaped, _ESCAPED)
    spaced = _spaced(text, name, delimiter, first_line)
    if spaced is not None and (result is None or _has_quotes_behind_spaces(result)):
        return spaced, _SPACED
    if result is not None:
        return _without_stray_quotes(result, text, name, delimiter, first_line)
    escaped = _escaped(text, name, delimiter, first_line)
    if escaped is not None:
        return escaped, _ESCAPED
    assert failure is not None  # noqa: S101 - rows or the reason why there are none
    raise failure


def _single(text: str, name: str, delimiter: str, first_line: int) -> Rows | None:
    """Rows of a file without double quotes in which nearly each line below the first has a cell in single ones, where they are even then."""
    if '"' in text or text.count("'") < _MOST * text.count("\n"):
        return None
    between = re.escape(delimiter)
    cell = re.compile(rf"(?:^|{between})'(?:[^']|'')*'(?={between}|$)")
    lines = text.splitlines()[1:]
    if sum(bool(cell.search(line)) for line in lines) < max(_MOST * len(lines), 1):
        return None
    try:
        rows = list(_rows(text, name, delimiter, first_line, _SINGLE))
    except DataError:
        return None
    return rows if _even(rows) else None


def _escaped(text: str, name: str, delimiter: str, first_line: int) -> Rows | None:
    """Rows of a file that escapes quotes by backslashes, where they are even then; other backslashes stay."""
    if '\\"' not in text:
        return None
    kept = _BACKSLASH.sub(lambda found: found[0] if found[1] else "\\\\", text)
    try:
        rows = list(_rows(kept, name, delimiter, first_line, _ESCAPED))
    except DataError:
        return None
    return rows if _even(rows) or _has_row_numbers(rows) else None


def _are_quoted_where_escaped(literal: Rows) -> bool:
    """Whether every cell that holds a quote behind a backslash stands in quotes."""
    cells = [cell for _, row in literal for cell in row if '\\"' in cell]
    return bool(cells) and all(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)


def _without_stray_quotes(rows: Rows, text: str, name: str, delimiter: str, first_line: int) -> tuple[Rows, _Quoting]:
    """Quotes are taken literally where they join rows and ids show it; where other quotes are needed, what they join is noted."""
    is_line_by_line = bool(rows) and rows[-1][0] - rows[0][0] == len(rows) - 1 and "\n" not in "".join(rows[-1][1])
    swallowed = [] if is_line_by_line else swallowed_rows(rows, delimiter)
    if not swallowed:
        return rows, _DOUBLED
    literal = list(_rows(text, name, delimiter, first_line, _LITERAL))
    if _even(literal) and names_stay_different(literal):
        return literal, _LITERAL
    more = counted(len(swallowed) - 1, "further row", "further rows")
    return rows, _Quoting({}, f"{swallowed[0]}{f'; so it is in {more}' if len(swallowed) > 1 else ''}")


def _spaced(text: str, name: str, delimiter: str, first_line: int) -> Rows | None:
    """Rows of a file that has a space before each quote, where they are even then."""
    if f'{delimiter} "' not in text:
        return None
    try:
        rows = list(_rows(text, name, delimiter, first_line, _SPACED))
    except DataError:
        return None
    return rows if _even(rows) else None


def _has_quotes_behind_spaces(rows: Rows) -> bool:
    """Whether a cell begins so; within quotes, as in JSON, these are part of a text."""
    return any(cell.startswith(" ") and cell.lstrip(" ").startswith('"') for _, row in rows for cell in row)


def _even(rows: Rows) -> bool:
    return len({len(row) for _, row in rows}) == 1


def _rows(text: str, name: str, delimiter: str, line: int, quoting: _Quoting) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, **quoting.dialect)
    before = line
    try:
        for row in reader:
            if row:
                yield line + 1, row
            line = before + reader.line_num
    except csv.Error as error:
        raise DataError(f"{name}, line {line + 1}: {error}; {_TORN}") from error


def _around_torn_lines(text: str, delimiter: str, first_line: int) -> tuple[Rows, list[BadRow]]:
    """Rows of a file of which some lines begin a cell whose quote is not closed, and these lines: reading goes on behind each."""
    lines = list(io.StringIO(text, newline=""))
    rows: Rows = []
    bad: list[BadRow] = []
    start = 0
    while start < len(lines) and len(bad) <= _MOST_TORN:
        reader = csv.reader(itertools.islice(lines, start, None), delimiter=delimiter, strict=True)
        before = start
        try:
            for row in reader:
                if row:
                    rows.append((first_line + start + 1, row))
                start = before + reader.line_num
            break
        except csv.Error as error:
            start += 1
            bad.append(BadRow(first_line + start, f"{error}; {_TORN}"))
    return rows, bad


def _without_empty_last(rows: Rows) -> tuple[Rows, int]:
    """Drop last columns that are empty, and count them: those of the header have no name, or the header does not have them."""
    header = rows[0][1]
    widths = {len(row) for _, row in rows[1:]} or {len(header)}
    width = max(widths)
    if len(widths) > 1 or width < len(header) or (width == len(header) and header[-1].strip()):
        return rows, 0
    used = max(1, *(_used(row) for _, row in rows))
    if used > len(header):
        return rows, 0
    return [(number, row[:used]) for number, row in rows], width - used


def _has_row_numbers(rows: Rows) -> bool:
    """Whether the header lacks the first column, and this column holds different numbers: texts with a delimiter in them do not begin so."""
    width = len(rows[0][1]) + 1
    numbers = [row[0].strip() for _, row in rows[1:] if len(row) == width]
    return len(numbers) == len(rows) - 1 > 1 and all(map(str.isdecimal, numbers)) and len(set(numbers)) == len(numbers)


def _may_have_row_names(rows: Rows, header: Sequence[str]) -> bool:
    """Whether each row has a cell more than the header, and begins with another name."""
    return (
        len(header) > 1
        and all(len(row) == len(header) + 1 for _, row in rows)
        and len({row[0] for _, row in rows}) == len(rows)
    )


def _used(row: Sequence[str]) -> int:
    """Number of cells up to the last that is not blank."""
    return next((place for place in range(len(row), 0, -1) if row[place - 1].strip()), 0)


def _header(rows: Rows, *, stated: bool | None) -> tuple[list[str], Rows, str | None]:
    """Names of the columns, the rows below them, and what was guessed."""
    first = [plain_header(cell) for cell in rows[0][1]]
    if stated is None:
        cell, times = _repeated(first, rows[1:])
        if cell is None:
            return first, rows[1:], None
        message = (
            f"the first line is taken for a row, since {cell!r} stands in {times} of the {len(rows) - 1} rows below; "
            "columns are named column_1, column_2 and so on; --header (ingest.header) says that it is a header"
        )
        return _numbered(first), rows, message
    return (first, rows[1:], None) if stated else (_numbered(first), rows, None)


def _without_blank_end(rows: Rows) -> tuple[Rows, int]:
    """Drop the rows of delimiters alone that spreadsheets write below a table, of more than one column."""
    last = len(rows)
    while last and len(rows[last - 1][1]) > 1 and not any(cell.strip() for cell in rows[last - 1][1]):
        last -= 1
    return rows[:last], len(rows) - last


def _without_headers(rows: Rows, header: Sequence[str]) -> tuple[Rows, list[int]]:
    """Drop lines that are the header again, as in files that were put one behind another."""
    if len(header) == 1:
        return rows, []
    again = [number for number, cells in _like_headers(rows, header) if cells == list(header)]
    known = set(again)
    return [(number, row) for number, row in rows if number not in known], again


def _like_headers(rows: Rows, header: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows of as many cells as the header, more than one, the first of which is a name of a column."""
    names, width = set(header), len(header)
    for number, row in rows:
        if len(row) == width > 1 and plain_header(row[0]) in names:
            yield number, [plain_header(cell) for cell in row]


def _refuse_other_order(rows: Rows, header: Sequence[str], name: str) -> None:
    """A header with the same names in another order, as of another file that was put behind: what is below is in its order."""
    names = sorted(header)
    for number, cells in _like_headers(rows, header):
        if cells != list(header) and sorted(cells) == names:
            raise DataError(
                f"{name}, line {number}: the names of the columns stand here again, in another order ({', '.join(cells)}), and the rows below are in "
                "it: make two files of it"
            )


def _numbered(cells: Sequence[str]) -> list[str]:
    return [f"column_{place}" for place in range(1, len(cells) + 1)]


def _repeated(first: Sequence[str], rows: Rows) -> tuple[str | None, int]:
    for place, cell in enumerate(first):
        if cell and cell.lower() not in _NAMES:
            times = sum(len(row) > place and row[place].strip() == cell for _, row in rows)
            if times >= max(_LEAST_REPEATS, _REPEATED * len(rows)):
                return cell, times
    return None, 0


def _refuse_twice(header: Sequence[str], name: str) -> None:
    for place, column in enumerate(header):
        if column in header[:place]:
            reason = f"column {column!r} is there twice" if column else "two columns have no name"
            raise DataError(
                f"{name}: {reason}, as cells {header.index(column) + 1} and {place + 1} of the header: name columns "
                "differently, and remove lines above the header"
            )


def _complete(rows: Rows, header: Sequence[str], name: str, options: ReadOptions) -> tuple[Rows, list[BadRow]]:
    kept, bad = [], []
    for number, row in rows:
        if len(row) == len(header):
            torn = next((column for column, cell in zip(header, row, strict=True) if _NULS in cell), None)
            if torn is None:
                kept.append((number, row))
                continue
            reason = f"column {torn!r} has characters 0 in a row, as where a disk lost what was written, and two rows may have become one"
            if options.bad_rows == "refuse":
                raise DataError(f"{name}, line {number}: {reason}: mend or remove the line{options.way_out}")
            bad.append(BadRow(number, reason))
            continue
        reason = f"{counted(len(row), 'cell')} where the header has {len(header)} ({listed(header)})"
        if options.bad_rows == "refuse":
            remedy = (
                f"remove {rows[-1][1][0].strip()!r}, the last line, where it is no row, as what `psql` and `sqlcmd` write below one"
                if number == rows[-1][0] and len(row) == 1 and len(kept) > 1
                else "name the first column in the header too, where these are names of rows as R writes them, else quote cells that hold the delimiter"
                if _may_have_row_names(rows, header)
                else "quote cells that hold the delimiter or a line break"
                if len(header) > 1
                else "remove lines above the header, or name what is between cells with --delimiter (ingest.delimiter)"
            )
            raise DataError(f"{name}, line {number}: {reason}; {remedy}{options.way_out}")
        bad.append(BadRow(number, reason))
    return kept, bad
