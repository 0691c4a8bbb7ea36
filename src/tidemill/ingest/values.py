"""One cell as its file has it → text, a typed metadata value or a class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from tidemill.contracts import NO_GOLD, DataError
from tidemill.ingest.settings import IngestSettings, Kind
from tidemill.ingest.table import Table, nearest

_TRUE: Final = ("true", "1", "yes", "t", "y")
_FALSE: Final = ("false", "0", "no", "f", "n")


def is_missing(value: object) -> bool:
    """Cell → whether it says nothing: null, NaN, or text that is blank or spells NaN."""
    if isinstance(value, str):
        return not value.strip() or value.strip() in {"NaN", "nan"}
    return value is None or (isinstance(value, float) and math.isnan(value))


def as_string(value: object) -> str:
    """Cell → text; a whole number read as a float is written whole. A list, an object or bytes is a TypeError.

    >>> as_string(4.0), as_string(True), as_string(" x ")
    ('4', 'true', ' x ')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (bytes, list, dict)):
        raise TypeError(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def texts(table: Table, settings: IngestSettings) -> list[str]:
    """Table → the text of each row.

    Raises
    ------
    DataError
        Names the first row without text, and how many there are.
    """
    values = table.column(settings.content, "ingest.text")
    missing = [row for row, value in enumerate(values) if is_missing(value)]
    if missing:
        raise DataError(
            f"{table.where(missing[0])}: column {settings.content!r} is {values[missing[0]]!r}, not text; "
            f"{len(missing)} such rows: fill them or remove them"
        )
    return typed(table, settings.content, "string")


def keys(table: Table, settings: IngestSettings, contents: Sequence[str]) -> list[str]:
    """Table and content hashes → each row's key in its source; without a key column the content is its own key.

    Raises
    ------
    DataError
        A key is missing, or there twice: both rows are named.
    """
    if settings.key is None:
        return [content[:16] for content in contents]
    values = table.column(settings.key, "ingest.key")
    first: dict[str, int] = {}
    for row, value in enumerate(values):
        if is_missing(value):
            raise DataError(
                f"{table.where(row)}: column {settings.key!r} is {value!r}; every row needs a key of its own"
            )
        key = as_string(value)
        if key in first:
            raise DataError(
                f"{table.where(row)}: {settings.key} {key!r} is there already, on {table.unit} "
                f"{table.numbers[first[key]]}; give one of them another, or set ingest.key to null"
            )
        first[key] = row
    return list(first)


def gold(table: Table, settings: IngestSettings, classes: Sequence[str]) -> list[int]:
    """Table and class names → class index of each row, ``NO_GOLD`` where nobody labeled it.

    Raises
    ------
    DataError
        Names the first row whose label is no class, and the nearest class.
    """
    if settings.gold is None:
        return [NO_GOLD] * len(table.numbers)
    index = {name: number for number, name in enumerate(classes)}
    found = []
    table.column(settings.gold, "ingest.gold")
    for row, value in enumerate(typed(table, settings.gold, "string")):
        name = None if is_missing(value) else value.strip()
        if name is not None and name not in index:
            raise DataError(
                f"{table.where(row)}: column {settings.gold!r} is {value!r}, not a class{nearest(name, classes)}; "
                "mend the row, or add the class to problem.classes"
            )
        found.append(NO_GOLD if name is None else index[name])
    return found


def typed(table: Table, name: str, kind: Kind) -> list[Any]:
    """Table, metadata column and its kind → typed values; a missing one is None.

    Raises
    ------
    DataError
        Names the first row whose value is not of the kind.
    """
    convert: dict[str, Callable[[Any], Any]] = {"string": as_string, "int": _int, "float": float, "bool": _bool}
    found = []
    for row, value in enumerate(table.column(name, "ingest.meta or ingest.slices")):
        try:
            found.append(None if _is_absent(value, kind) else convert[kind](value))
        except (ValueError, TypeError, OverflowError) as error:
            raise DataError(
                f"{table.where(row)}: column {name!r} is {value!r}, not {kind}; mend it, or change what ingest says of {name!r}"
            ) from error
    return found


def _is_absent(value: object, kind: Kind) -> bool:
    return value is None if kind == "string" and isinstance(value, str) else is_missing(value)


def _int(value: Any) -> int:
    number = int(value) if isinstance(value, (int, str)) else float(value)
    if number != int(number) or abs(number) >= 2**63:
        raise ValueError(value)
    return int(number)


def _bool(value: Any) -> bool:
    word = as_string(value).strip().lower()
    if word not in _TRUE + _FALSE:
        raise ValueError(value)
    return word in _TRUE
