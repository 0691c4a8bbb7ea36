"""JSON as tables: an object a line, an array of objects, objects that span lines; exports of Label Studio and doccano."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from tidemill.contracts import DataError
from tidemill.readers.options import ReadOptions
from tidemill.readers.table import BadRow, Table

_BLANK: Final = re.compile(r"[\s,]*")
_CHOICE_KEYS: Final = ("choices", "taxonomy", "labels")
"""Where Label Studio keeps a class in the value of a result."""


def parse_json(text: str, name: str, options: ReadOptions) -> Table:
    """Read JSON lines, an array of objects, or objects one after another.

    Parameters
    ----------
    text
        Content of the file.
    name
        Its name, for messages.
    options
        What becomes of bad rows.

    Returns
    -------
    Table
        A column per key, in the order in which keys come; None where a row lacks one. Label Studio's exports have the columns
        of ``data`` and ``label``.

    Raises
    ------
    DataError
        A line is no JSON or no object; it is named.
    """
    if text.lstrip().startswith("["):
        rows, numbers, bad, unit = *_array(text, name, options), "element"
    else:
        rows, numbers, bad = _lines(text, name, options)
        unit = "line"
    rows, notes = _of_labeling_tools(rows, name)
    names = list(dict.fromkeys(column for row in rows for column in row))
    columns = {column: [row.get(column) for row in rows] for column in names}
    return Table(name, columns, numbers, unit, notes=tuple(notes), bad=tuple(bad))


def _array(text: str, name: str, options: ReadOptions) -> tuple[list[dict[str, Any]], list[int], list[BadRow]]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{name}, line {error.lineno}: not JSON ({error.msg}); copy the file again") from error
    rows, numbers, bad = [], [], []
    for number, row in enumerate(content, start=1):
        if isinstance(row, dict) and _writable(row):
            rows.append(row)
            numbers.append(number)
        else:
            bad.append(
                _refused(
                    f"{name}, element {number}",
                    number,
                    f"{str(row)[:40]!r} is not an object with columns as keys",
                    options,
                )
            )
    return rows, numbers, bad


def _lines(text: str, name: str, options: ReadOptions) -> tuple[list[dict[str, Any]], list[int], list[BadRow]]:
    rows, numbers, bad = [], [], []
    lines = text.split("\n")
    if _spans_lines(lines):
        return _objects(text, name)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            problem = None if isinstance(row, dict) else f"{line[:40]!r} is not an object with columns as keys"
            if problem is None and not _writable(row, line):
                problem = "not JSON (half of a surrogate pair); each line is one object"
        except json.JSONDecodeError as error:
            problem = f"not JSON ({error}); each line is one object"
        if problem is None:
            rows.append(row)
            numbers.append(number)
        else:
            bad.append(_refused(f"{name}, line {number}", number, problem, options))
    return rows, numbers, bad


def _spans_lines(lines: list[str]) -> bool:
    """Whether the first object does not end where its line does."""
    return next((line.strip() for line in lines if line.strip()), "") == "{"


def _objects(text: str, name: str) -> tuple[list[dict[str, Any]], list[int], list[BadRow]]:
    decoder, rows, numbers = json.JSONDecoder(), [], []
    line, counted, start = 1, 0, _blank(text, 0)
    while start < len(text):
        line, counted = line + text.count("\n", counted, start), start
        try:
            row, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            raise DataError(f"{name}, line {error.lineno}: not JSON ({error.msg}); rows are objects") from error
        if not isinstance(row, dict):
            raise DataError(f"{name}, line {line}: {str(row)[:40]!r} is not an object with columns as keys")
        rows.append(row)
        numbers.append(line)
        start = _blank(text, end)
    return rows, numbers, []


def _blank(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    return start if found is None else found.end()


def _writable(row: dict[str, Any], line: str = "\\u") -> bool:
    """Whether its text can be written: JSON can spell half of a surrogate pair."""
    if "\\u" not in line:
        return True
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(where: str, number: int, reason: str, options: ReadOptions) -> BadRow:
    if options.bad_rows == "refuse":
        raise DataError(f"{where}: {reason}")
    return BadRow(number, reason)


def _of_labeling_tools(rows: list[dict[str, Any]], name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of an export of Label Studio or doccano as plain rows, and what is noted of it."""
    if rows and all(isinstance(row.get("data"), dict) and _annotations(row) is not None for row in rows):
        return _label_studio(rows, name)
    wrapped = [column for column in dict.fromkeys(key for row in rows for key in row) if _lists_of_one(rows, column)]
    if not wrapped:
        return rows, []
    plain = [{key: _unwrapped(value) if key in wrapped else value for key, value in row.items()} for row in rows]
    return plain, [f"{name}: {', '.join(wrapped)}: lists of one value are read as that value, empty ones as missing"]


def _lists_of_one(rows: list[dict[str, Any]], column: str) -> bool:
    values = [row[column] for row in rows if row.get(column) is not None]
    return bool(values) and all(isinstance(value, list) and len(value) <= 1 and not _nested(value) for value in values)


def _nested(value: list[Any]) -> bool:
    return any(isinstance(inner, (list, dict)) for inner in value)


def _unwrapped(value: Any) -> Any:
    return value[0] if value else None


def _annotations(row: dict[str, Any]) -> list[Any] | None:
    found = row.get("annotations", row.get("completions"))
    return found if isinstance(found, list) else None


def _label_studio(rows: list[dict[str, Any]], name: str) -> tuple[list[dict[str, Any]], list[str]]:
    plain, disagreeing = [], 0
    for row in rows:
        said = {choice for one in _annotations(row) or [] for choice in _choices(one)}
        disagreeing += len(said) > 1
        own = {"id": row["id"]} if "id" in row and "id" not in row["data"] else {}
        plain.append({**own, **row["data"], "label": said.pop() if len(said) == 1 else None})
    notes = [f"{name}: an export of Label Studio; columns are those of data, and label is the annotations' choice"]
    if disagreeing:
        notes.append(f"{name}: {disagreeing} rows have annotations that name several classes, and no label")
    return plain, notes


def _choices(annotation: Any) -> list[str]:
    if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
        return []
    results = annotation.get("result") or []
    values = [one["value"] for one in results if isinstance(one, dict) and isinstance(one.get("value"), dict)]
    return [str(choice) for value in values for key in _CHOICE_KEYS for choice in value.get(key) or []]
