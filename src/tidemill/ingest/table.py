"""Bytes of a CSV, JSONL or Parquet file → columns of values, each row knowing its line."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import polars as pl

from tidemill.common.spelling import closest
from tidemill.contracts import DataError

SUFFIXES: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
_FALLBACK: Final = "windows-1252"


@dataclass(frozen=True)
class Table:
    """Columns of values as the file has them; ``numbers`` are the rows' lines (Parquet: rows) counted from 1."""

    name: str
    columns: dict[str, list[Any]]
    numbers: Sequence[int]
    unit: str = "line"

    def where(self, row: int) -> str:
        """Row's index → its place in the file, for messages."""
        return f"{self.name}, {self.unit} {self.numbers[row]}"

    def column(self, name: str, setting: str) -> list[Any]:
        """Column's name and the setting that names it → its values.

        Raises
        ------
        DataError
            There is no such column; the nearest name is given.
        """
        if name in self.columns:
            return self.columns[name]
        raise DataError(
            f"{self.name}: column {name!r} is missing{nearest(name, list(self.columns))}; "
            f"name the right one in {setting}, or mend the file"
        )


def nearest(name: str, valid: Sequence[str]) -> str:
    """A wrong name and the valid ones → what to add to a message.

    >>> nearest("txet", ["id", "text"])
    "; did you mean 'text'? There are id, text"
    """
    meant = closest(name, valid, ignore_case=True)
    guess = f"; did you mean {meant!r}?" if meant else ";"
    return f"{guess} There are {', '.join(valid)}"


def parse(data: bytes, name: str, encoding: str | None) -> Table:
    """Bytes of a file, its name and its declared encoding (None: UTF-8, else detected) → its table.

    Raises
    ------
    DataError
        The file is empty, or a row of it cannot be read; the row is named.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if not data.strip():
        raise DataError(f"{name} is empty: replace it with the full file, or remove it from what arrives")
    readers: dict[str, Callable[[], Table]] = {
        ".csv": lambda: _parse_csv(decode(data, name, encoding), name, ",;\t"),
        ".tsv": lambda: _parse_csv(decode(data, name, encoding), name, "\t"),
        ".jsonl": lambda: _parse_jsonl(decode(data, name, encoding), name),
        ".ndjson": lambda: _parse_jsonl(decode(data, name, encoding), name),
        ".parquet": lambda: _parse_parquet(data, name),
    }
    if suffix not in readers:
        raise DataError(f"{name}: {suffix or 'no suffix'} is not a format that is read; those are {', '.join(readers)}")
    table = readers[suffix]()
    if not table.numbers:
        raise DataError(f"{name} has a header and no rows: replace it with the full file")
    return table


def decode(data: bytes, name: str, encoding: str | None) -> str:
    """Bytes → text: as declared, or by its byte-order mark, or UTF-8, or (where no line is UTF-8) windows-1252.

    Raises
    ------
    DataError
        Names the line and the bytes that are not text in that encoding.
    """
    chosen = encoding or ("utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig")
    try:
        return data.decode("utf-8-sig" if chosen.lower().replace("_", "-") in {"utf-8", "utf8"} else chosen)
    except LookupError as error:
        raise DataError(f"{name}: ingest.encoding {encoding!r} is not an encoding that Python knows") from error
    except UnicodeDecodeError as error:
        if encoding is not None or chosen == "utf-16":
            raise DataError(f"{_bad_bytes(data, name, error)} are not {chosen}") from error
        return _decode_detected(data, name, error)


def _decode_detected(data: bytes, name: str, error: UnicodeDecodeError) -> str:
    """Bytes that are not UTF-8 → text, if no line of them is UTF-8 either (then two encodings are mixed)."""
    remedy = "save the file as UTF-8, or name its encoding in ingest.encoding"
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.isascii() and _is_utf8(line):
            raise DataError(
                f"{_bad_bytes(data, name, error)} are not UTF-8, line {number} is: encodings are mixed; {remedy}"
            )
    try:
        text = data.decode(_FALLBACK)
    except UnicodeDecodeError as second:
        raise DataError(f"{_bad_bytes(data, name, second)} are neither UTF-8 nor {_FALLBACK}; {remedy}") from second
    print(f"{name} is not UTF-8: read as {_FALLBACK}; name another in ingest.encoding", file=sys.stderr)
    return text


def _is_utf8(line: bytes) -> bool:
    try:
        line.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _bad_bytes(data: bytes, name: str, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    begin = data.rfind(b"\n", 0, error.start) + 1
    before = data[begin : error.start][-20:].decode("ascii", errors="replace")
    return f"{name}, line {line}: bytes {data[error.start : error.end].hex(' ')} (after {before!r})"


def _parse_csv(text: str, name: str, delimiters: str) -> Table:
    header_line = re.split(r"\r\n|\r|\n", text, maxsplit=1)[0]
    delimiter = max(delimiters, key=header_line.count)
    limit = csv.field_size_limit(len(text) + 1)
    try:
        return _csv_rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), name)
    finally:
        csv.field_size_limit(limit)


def _csv_rows(reader: Any, name: str) -> Table:
    rows: list[list[str]] = []
    numbers: list[int] = []
    line = 0
    try:
        for row in reader:
            if row:
                rows.append(row)
                numbers.append(line + 1)
            line = reader.line_num
    except csv.Error as error:
        raise DataError(f"{name}, line {line + 1}: {error}; a quote is not closed or stands inside a cell") from error
    header = [cell.strip() for cell in rows[0]]
    _check_header(header, name)
    for number, row in zip(numbers[1:], rows[1:], strict=True):
        if len(row) != len(header):
            raise DataError(
                f"{name}, line {number}: {len(row)} cells where the header has {len(header)} "
                f"({', '.join(header)}); quote cells that hold the delimiter or a line break"
            )
    columns = {column: [row[place] or None for row in rows[1:]] for place, column in enumerate(header)}
    return Table(name, columns, numbers[1:])


def _check_header(header: list[str], name: str) -> None:
    for place, column in enumerate(header):
        if column in header[:place]:
            raise DataError(
                f"{name}: column {column!r} is there twice, as cells {header.index(column) + 1} and {place + 1}"
            )


def _parse_jsonl(text: str, name: str) -> Table:
    rows: list[dict[str, Any]] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            rows.append(_json_row(line, name, number))
            numbers.append(number)
    names = list(dict.fromkeys(column for row in rows for column in row))
    return Table(name, {column: [row.get(column) for row in rows] for column in names}, numbers)


def _json_row(line: str, name: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if "\\u" in line:
            json.dumps(row, ensure_ascii=False).encode()
    except (json.JSONDecodeError, UnicodeEncodeError) as error:
        raise DataError(f"{name}, line {number}: not JSON ({error}); each line is one object") from error
    if not isinstance(row, dict):
        raise DataError(f"{name}, line {number}: {line[:40]!r} is not an object with columns as keys")
    return row


def _parse_parquet(data: bytes, name: str) -> Table:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{name} cannot be read as Parquet ({error}): copy it again") from error
    columns = {column: frame[column].to_list() for column in frame.columns}
    return Table(name, columns, range(1, frame.height + 1), "row")
