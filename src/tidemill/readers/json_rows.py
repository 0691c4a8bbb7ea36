"""JSON as tables: an object a line, an array of objects, objects that span lines; exports of Label Studio and doccano."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import replace
from typing import Any, Final

from tidemill.common.class_names import fold
from tidemill.common.spelling import counted
from tidemill.contracts import DataError
from tidemill.readers.cell_text import FOREIGN_BYTE, foreign_bytes
from tidemill.readers.options import ReadOptions
from tidemill.readers.table import BadRow, Table

_BLANK: Final = re.compile(r"[\s,]*")
_NEXT_OBJECT: Final = re.compile(r"\n(?=\{)")
_COMMA: Final = re.compile(r"\}\s*,\s*\Z")
"""A comma behind the object of a line; no line of JSON ends so."""
_CHOICE_KEYS: Final = ("choices", "taxonomy", "labels")
"""Where Label Studio keeps a class in the value of a result."""
_WHOLE_FILE: Final = re.compile(r"\.json(\.|$)", re.IGNORECASE)
"""Names of files that may be one object, unlike JSON lines, where one object is one row."""
_DATA_LABEL: Final = "data_label"
_TOLD_SHARE: Final = 0.1
"""Share of rows from which on it is told that they lack a column; a single row is told of never."""
_TOLD_COLUMNS: Final = 5
_MANY_ROWS: Final = 10
"""Objects in one object from which on they are rows, whatever they are called."""
_COCO: Final = frozenset({"images", "annotations", "categories"})
_BY_NAME: Final = "id"
"""Column of the names of rows that are in one object by name."""


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
        A column per key, in the order in which keys come; None where a row lacks one. Keys that differ in letter case and spaces
        only are one column. Label Studio's exports have the columns of ``data`` and ``label``.

    Raises
    ------
    DataError
        A line is no JSON, no object, or has a key twice, or two values for one column; it is named.
    """
    read = (_array if text.lstrip().startswith("[") else _lines)(text, name, options)
    whole = _of_one_object(read, name)
    if whole is not None:
        return whole
    rows, notes = _of_labeling_tools(read.found, name)
    if read.commas:
        notes = [*notes, f"{name}: the comma behind the object of {counted(read.commas, 'line')} is left out"]
    return _to_table(read, rows, notes)


def _to_table(read: _Rows, rows: list[dict[str, Any]], notes: list[str]) -> Table:
    """The table of objects that were read, which may have been made plain since."""
    rows, numbers, alike = _of_one_spelling(read, rows)
    alike += _join_nested_spellings(read, rows, numbers)
    counts = Counter(column for row in rows for column in row)
    columns = {column: [row.get(column) for row in rows] for column in counts}
    table = Table(read.name, columns, numbers, read.unit, bad=tuple(sorted(read.bad, key=lambda bad: bad.number)))
    return replace(table, notes=(*notes, *alike, *_lacking(rows, counts, table)))


def _of_one_spelling(read: _Rows, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[int], list[str]]:
    """Rows and their numbers with one key for those that differ in letter case and spaces only, as where one changes midway."""
    by_name: dict[str, list[str]] = {}
    for column in dict.fromkeys(column for row in rows for column in row):
        by_name.setdefault(fold(column), []).append(column)
    first = {other: names[0] for names in by_name.values() for other in names[1:]}
    if not first:
        return rows, read.numbers, []
    results, numbers = [], []
    for row, number in zip(rows, read.numbers, strict=True):
        merged: dict[str, Any] = {}
        for column, value in row.items():
            name = first.get(column, column)
            if merged.get(name) is not None and value is not None and value != merged[name]:
                other = next(one for one in row if first.get(one, one) == name and row[one] is not None)
                read.refuse(
                    number,
                    f"{other!r} is {_shown(row[other])} and {column!r} is {_shown(value)}, which are read as one column: "
                    "leave one of them, or rename one in all rows",
                )
                break
            merged[name] = value if merged.get(name) is None else merged[name]
        else:
            results.append(merged)
            numbers.append(number)
    notes = [
        f"{read.name}: {other!r}, which is there from {read.unit} "
        f"{next(number for row, number in zip(rows, read.numbers, strict=True) if other in row)} on, and {name!r} are read as "
        f"one column, {name!r}"
        for other, name in first.items()
    ]
    return results, numbers, notes


def _join_nested_spellings(read: _Rows, rows: list[dict[str, Any]], numbers: list[int]) -> list[str]:
    """Rename keys within objects to one of those that differ in letter case and spaces only, where no object has two of them.

    Objects with both are left: there they may be words that are counted, not names.
    """
    notes: list[str] = []
    numbered = list(zip(numbers, rows, strict=True))
    waiting = [
        (column, [(number, row[column]) for number, row in numbered if isinstance(row.get(column), dict)])
        for column in dict.fromkeys(column for row in rows for column in row)
    ]
    while waiting:
        path, objects = waiting.pop()
        first: dict[str, str] = {}
        others: dict[str, int] = {}
        for number, inner in objects:
            for key in inner:
                if first.setdefault(fold(key), key) != key:
                    others.setdefault(key, number)
        both = {fold(key) for _, inner in objects for key, times in Counter(map(fold, inner)).items() if times > 1}
        renamed = {key: first[fold(key)] for key in others if fold(key) not in both}
        for _, inner in objects if renamed else ():
            plain = {renamed.get(key, key): value for key, value in inner.items()}
            inner.clear()
            inner.update(plain)
        notes += [
            f"{read.name}: '{path}.{other}', which is there from {read.unit} {others[other]} on, and '{path}.{name}' are read as "
            f"one column, '{path}.{name}'"
            for other, name in renamed.items()
        ]
        below: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for number, inner in objects:
            for key, value in inner.items():
                if isinstance(value, dict):
                    below.setdefault(f"{path}.{key}", []).append((number, value))
        waiting += below.items()
    return notes


def _shown(value: Any) -> str:
    return repr(value)[:30]


def _lacking(rows: list[dict[str, Any]], counts: Counter[str], table: Table) -> list[str]:
    """Which columns a good part of the rows does not have."""
    lacking = {column: len(rows) - count for column, count in counts.items()}
    told = [column for column, count in lacking.items() if count > max(1, _TOLD_SHARE * len(rows))]
    if not told:
        return []
    where = [
        f"{column!r} from {lacking[column]} of {len(rows)} rows, the first in {table.unit} "
        f"{table.numbers[next(place for place, row in enumerate(rows) if column not in row)]}"
        for column in told[:_TOLD_COLUMNS]
    ]
    more = f"; and {len(told) - _TOLD_COLUMNS} other columns" if len(told) > _TOLD_COLUMNS else ""
    return [f"{table.name}: columns are missing in part: {'; '.join(where)}{more}"]


def _of_one_object(read: _Rows, name: str) -> Table | None:
    """The table that one object is whose values are columns, as pandas writes it, or that holds the rows in a list."""
    if len(read.found) != 1 or read.bad or not _WHOLE_FILE.search(name):
        return None
    whole = read.found[0]
    if set(whole) in ({"columns", "data"}, {"columns", "index", "data"}) and _is_split(whole):
        columns = {str(column): [row[place] for row in whole["data"]] for place, column in enumerate(whole["columns"])}
        note = f"{name}: the file is one object with columns and data apart, as pandas writes it with orient='split'"
        return Table(name, columns, range(1, len(whole["data"]) + 1), "row", notes=(note,))
    cells = {column: _cells(value) for column, value in whole.items()}
    columns = {column: values for column, values in cells.items() if values is not None}
    sizes = {len(values) for values in columns.values()}
    if len(columns) == len(whole) and len(sizes) == 1 and max(sizes) > 1:
        note = f"{name}: the file is one object, whose {len(columns)} values are read as columns"
        return Table(name, columns, range(1, max(sizes) + 1), "row", notes=(note,))
    if set(whole) >= _COCO:
        raise DataError(
            f"{name} is in the form of COCO, which keeps images, annotations and categories apart: write a table with a line for each image, its file_name and "
            "its label"
        )
    if _is_by_index(whole):
        return _of_rows_by_index(whole, _Rows(name, "row", read.options))
    lists = [key for key, value in whole.items() if _is_rows(value)]
    if {"features", "rows"} <= set(lists):  # as the server of Hugging Face's datasets answers
        lists = ["rows"]
    if len(lists) == len(whole) > 1:
        raise DataError(
            f"{name} is one object with {len(lists)} lists of rows ({', '.join(map(repr, lists))}), and a file is one list: write each into a "
            "file of its own, or all into one list"
        )
    place, found = (lists[0], whole[lists[0]]) if len(lists) == 1 else _rows_further_in(whole)
    if found is None:
        return None
    within = _Rows(name, "row", read.options)
    within.found = found
    within.numbers = list(range(1, len(within.found) + 1))
    return _to_table(
        within, within.found, [f"{name}: the file is one object, and the rows are the list {place!r} in it"]
    )


def _rows_further_in(whole: dict[str, Any]) -> tuple[str, list[dict[str, Any]] | None]:
    """The only list of rows in objects within an answer of a server, with its dotted name; an object with a text is a row itself."""
    found: list[tuple[str, list[dict[str, Any]]]] = []
    waiting: list[tuple[str, dict[str, Any]]] = [("", whole)]
    while waiting:
        path, inner = waiting.pop()
        lists = [(f"{path}{key}", value) for key, value in inner.items() if _is_rows(value)]
        objects = [(f"{path}{key}.", value) for key, value in inner.items() if isinstance(value, dict)]
        if any(isinstance(value, str) for value in inner.values()) and (lists or objects):
            return "", None
        found += lists
        waiting += objects
    return found[0] if len(found) == 1 else ("", None)


def _is_by_index(whole: dict[str, Any]) -> bool:
    """Whether the values are rows, by their numbers or by many names, that have a key in common."""
    values = list(whole.values())
    if len(values) < 2 or not all(isinstance(value, dict) for value in values):  # noqa: PLR2004 - one row is one object
        return False
    is_numbered = all(key == str(place) for place, key in enumerate(whole))
    return bool(set.intersection(*map(set, values))) and (is_numbered or len(values) > _MANY_ROWS)


def _of_rows_by_index(whole: dict[str, Any], within: _Rows) -> Table:
    """Rows by number or name; names become a column, since they may be those of files or ids."""
    is_numbered = all(key == str(place) for place, key in enumerate(whole))
    named = (
        ""
        if is_numbered or any(_BY_NAME in row for row in whole.values())
        else f", and their names the column {_BY_NAME!r}"
    )
    within.found = [({_BY_NAME: key} | row) if named else row for key, row in whole.items()]
    within.numbers = list(range(1, len(within.found) + 1))
    note = f"{within.name}: the file is one object, whose {len(whole)} values are read as rows, as pandas writes them with orient='index'{named}"
    return _to_table(within, within.found, [note])


def _is_split(whole: dict[str, Any]) -> bool:
    names, rows = whole["columns"], whole["data"]
    if not isinstance(names, list) or not isinstance(rows, list) or not rows or len(set(map(str, names))) < len(names):
        return False
    return all(isinstance(row, list) and len(row) == len(names) for row in rows)


def _cells(value: Any) -> list[Any] | None:
    """Cells of a column: a list of plain values, or an object from the numbers of rows to them."""
    if isinstance(value, dict) and all(key == str(place) for place, key in enumerate(value)):
        value = list(value.values())
    return value if isinstance(value, list) and not _nested(value) else None


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(isinstance(row, dict) for row in value)


def _array(text: str, name: str, options: ReadOptions) -> _Rows:
    """Objects of an array; where one is broken, the next is looked for at the start of a line, as far in as the first."""
    rows = _Rows(name, "element", options)
    start = _blank(text, text.index("[") + 1)
    line_start = text.rfind("\n", 0, start) + 1
    again = None if text[line_start:start].strip() else re.compile(rf"\n{re.escape(text[line_start:start])}(?=\{{)")
    number = 0
    while start < len(text) and text[start] != "]":
        number += 1
        start = rows.take_next(text, start, number, again)
    if start >= len(text):
        raise DataError(f"{name} ends within its array: copy the file again")
    if text[start + 1 :].strip():
        line = text.count("\n", 0, start) + 1
        raise DataError(
            f"{name}, line {line}: more comes after the end of the array; leave one array, or one object a line"
        )
    return rows


def _objects(text: str, name: str, options: ReadOptions) -> _Rows:
    """Objects that span lines; where one is broken, the next is looked for at the start of a line."""
    rows = _Rows(name, "line", options)
    line, counted, start = 1, 0, _blank(text, 0)
    while start < len(text):
        line, counted = line + text.count("\n", counted, start), start
        start = rows.take_next(text, start, line, _NEXT_OBJECT)
    return rows


def _lines(text: str, name: str, options: ReadOptions) -> _Rows:
    lines = text.split("\n")
    if next((line.strip() for line in lines if line.strip()), "") == "{":
        return _objects(text, name, options)
    rows = _Rows(name, "line", options)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            rows.take(line, number)
    return rows


class _Rows:
    """Objects read so far, and rows that were set aside."""

    def __init__(self, name: str, unit: str, options: ReadOptions) -> None:
        self.name, self.unit, self.options = name, unit, options
        self.found: list[dict[str, Any]] = []
        self.numbers: list[int] = []
        self.bad: list[BadRow] = []
        self.commas = 0
        """Lines that have a comma behind their object, as the lines of an array without its brackets."""

    def take(self, line: str, number: int) -> None:
        """Read a line that is one object."""
        plain = _COMMA.sub("}", line)
        try:
            self._keep(_DECODER.decode(plain), number, line)
            self.commas += plain != line
        except ValueError as error:
            self.refuse(number, f"not JSON ({why_not_json(error)}); each line is one object")

    def take_next(self, text: str, start: int, number: int, again: re.Pattern[str] | None) -> int:
        """Read the object that begins at a place; the place of the next one."""
        try:
            row, end = _DECODER.raw_decode(text, start)
        except ValueError as error:
            line = getattr(error, "lineno", text.count("\n", 0, start) + 1)
            self.refuse(
                number, f"line {line}: not JSON ({why_not_json(error, place=False)}); rows are objects", begun=again
            )
            following = again.search(text, start) if again else None
            return _blank(text, following.end()) if following else len(text.rstrip().removesuffix("]"))
        self._keep(row, number, text[start:end])
        return _blank(text, end)

    def _keep(self, row: Any, number: int, text: str) -> None:
        if self.options.bad_rows != "refuse" and FOREIGN_BYTE.search(text):  # else such a file was refused
            self.refuse(number, foreign_bytes(text))
        elif not isinstance(row, dict):
            self.refuse(number, f"{text.strip()[:40]!r} is not an object with columns as keys")
        elif not _writable(row, text):
            self.refuse(number, _half_character(text))
        else:
            self.found.append(row)
            self.numbers.append(number)

    def refuse(self, number: int, reason: str, *, begun: object = True) -> None:
        """Set a row aside, where that is asked for and the next one can be found."""
        if self.options.bad_rows == "refuse" or not begun:
            raise DataError(f"{self.name}, {self.unit} {number}: {reason}{self.options.way_out if begun else ''}")
        self.bad.append(BadRow(number, reason))


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON, for ``json.loads(…, object_pairs_hook=unique_keys)``, which would take the last of equal keys.

    Parameters
    ----------
    pairs
        Keys and values in their order.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        A key is there twice; names it.
    """
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"key {next(name for name in names if names.count(name) > 1)!r} is there twice in an object")
    return row


def why_not_json(error: Exception, *, place: bool = True) -> str:
    """Word why a text is no JSON; of a number of thousands of digits Python names a setting of its own.

    Parameters
    ----------
    error
        What decoding has raised.
    place
        Whether the line and column are told, where they are known.

    Returns
    -------
    str
        The reason.
    """
    if "set_int_max_str_digits" in str(error):
        return f"a number has more than {sys.get_int_max_str_digits():,} digits; write it in quotes, as a text"
    return str(error) if place else getattr(error, "msg", str(error))


_HALF: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)
"""A spelled half whose other half is not beside it."""
_DECODER: Final = json.JSONDecoder(object_pairs_hook=unique_keys)


def _blank(text: str, start: int) -> int:
    match = _BLANK.match(text, start)
    return start if match is None else match.end()


def _writable(row: dict[str, Any], text: str) -> bool:
    """Whether its text can be written: JSON can spell half of a surrogate pair."""
    if "\\u" not in text:
        return True
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _half_character(text: str) -> str:
    half = _HALF.search(text)
    found = f", {half[0]}" if half else ""
    return (
        f"a text with half of a character{found}: it was cut inside one such as an emoji, which JSON spells in two halves; cut "
        "texts between characters when the file is written, or delete the half"
    )


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
    result = row.get("annotations", row.get("completions"))
    return result if isinstance(result, list) else None


def _label_studio(rows: list[dict[str, Any]], name: str) -> tuple[list[dict[str, Any]], list[str]]:
    plain, disagreeing = [], 0
    for row in rows:
        predicted = {choice for annotation in _annotations(row) or [] for choice in _choices(annotation)}
        disagreeing += len(predicted) > 1
        own = {"id": row["id"]} if "id" in row and "id" not in row["data"] else {}
        data = {_DATA_LABEL if key == "label" else key: value for key, value in row["data"].items()}
        plain.append({**own, **data, "label": predicted.pop() if len(predicted) == 1 else None})
    notes = [f"{name}: an export of Label Studio; columns are those of data, and label is the annotations' choice"]
    if any("label" in row["data"] for row in rows):
        notes.append(f"{name}: the column label of its data is named {_DATA_LABEL}")
    if disagreeing:
        notes.append(
            f"{name}: {counted(disagreeing, 'row has', 'rows have')} annotations that name several classes, and no label"
        )
    return plain, notes


def _choices(annotation: Any) -> list[str]:
    if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
        return []
    results = annotation.get("result") or []
    values = [
        result["value"] for result in results if isinstance(result, dict) and isinstance(result.get("value"), dict)
    ]
    return [str(choice) for value in values for key in _CHOICE_KEYS for choice in value.get(key) or []]
