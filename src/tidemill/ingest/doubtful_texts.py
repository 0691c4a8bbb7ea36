"""Notes on a column of texts that is hardly one: numbers, codes or names of classes, as where two columns changed places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tidemill.common.class_names import fold
from tidemill.ingest.values import is_missing
from tidemill.readers.cell_text import as_string
from tidemill.readers.table import Table

_ENOUGH: Final = 5
"""Texts below which all may well be numbers."""
_CODE: Final = re.compile(r"[A-Za-z_\-./:#]*\d[A-Za-z0-9_\-./:#]*")
_SHOWN: Final = 40
_NAMED: Final = 8


def notes_on_texts(table: Table, column: str, classes: Sequence[str] = ()) -> list[str]:
    """Say where a column that is read as text has no words in it.

    Parameters
    ----------
    table
        The rows.
    column
        The column that is read as text.
    classes
        Names of the classes, where they are known.

    Returns
    -------
    list of str
        Empty, or a note that shows a value and names the other columns; at the first row with words the search ends.
    """
    named = {fold(name) for name in classes}
    shown, count = "", 0
    alike = {"no letters": True, "codes": True, "classes": bool(named)}
    for value in table.column(column, "ingest.text"):
        if is_missing(value):
            continue
        try:
            text = as_string(value).strip()
        except TypeError:
            return []
        alike["no letters"] &= not any(map(str.isalpha, text))
        alike["codes"] &= _CODE.fullmatch(text) is not None
        alike["classes"] &= fold(text) in named
        if not any(alike.values()):
            return []
        shown, count = shown or text, count + 1
    if count < _ENOUGH:
        return []
    what = "has no letter" if alike["no letters"] else "is one code" if alike["codes"] else "is the name of a class"
    others = [name for name in table.columns if name != column]
    more = f"; other columns: {', '.join(others[:_NAMED])}{', …' if len(others) > _NAMED else ''}" if others else ""
    first = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return [f"{table.name}: each of the {count:,} texts of column {column!r} {what} ({first!r}): is it the text?{more}"]
