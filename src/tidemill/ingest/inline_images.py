"""Images that stand in the cells of a table themselves, as data URIs in base64, or in base64 alone."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tidemill.readers.table import Table

_DATA: Final = re.compile(r"\s*data:[^,]{0,200};\s*base64\s*,", re.IGNORECASE)
_BARE: Final = re.compile(r"\s*(?=(iVBORw0KGgo|/9j/|R0lGOD|UklGR|SUkqA|TU0AK)[A-Za-z0-9+/=\s]{60,}\Z)")
"""Base64 alone that begins as PNG, JPEG, GIF, WebP or TIFF does, and is too long and plain for a path: paths have a dot."""
_SPACES: Final = re.compile(rb"\s+")


def is_inline_image(cell: object) -> bool:
    """Decide whether a cell is a data URI in base64, or the base64 of an image alone, be it damaged.

    Parameters
    ----------
    cell
        Of a table.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_inline_image("data:image/png;base64,iVBO"), is_inline_image("data/a.png")
    (True, False)
    """
    return _head(cell) is not None


def _head(cell: object) -> re.Match[str] | None:
    return (_DATA.match(cell) or _BARE.match(cell)) if isinstance(cell, str) else None


def inline_image(cell: object) -> bytes | None:
    """Read a data URI, or the base64 of an image.

    Parameters
    ----------
    cell
        Of a table.

    Returns
    -------
    bytes or None
        What it holds; None where it is neither, or a damaged one.

    Examples
    --------
    >>> inline_image("data:image/png;base64,aGk="), inline_image("data:image/png;base64,aGk"), inline_image("a.png")
    (b'hi', None, None)
    """
    head = _head(cell)
    if head is None:
        return None
    data = _SPACES.sub(b"", unquote_to_bytes(head.string[head.end() :]))
    try:
        return base64.b64decode(data, validate=True) or None
    except binascii.Error:
        return None


def with_inline_images(table: Table, column: str | None) -> Table:
    """Put bytes, which are no paths and no names of rows, in the place of data URIs and base64.

    Parameters
    ----------
    table
        As it was read.
    column
        Column of images; None: there is none.

    Returns
    -------
    Table
        Other cells, and damaged ones, are as they were.
    """
    cells: list[Any] = table.columns.get(column or "", [])
    if not any(map(is_inline_image, cells)):
        return table
    images = [inline_image(cell) or cell for cell in cells]
    return replace(table, columns={**table.columns, str(column): images})
