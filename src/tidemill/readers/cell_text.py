"""Cells and headers as text."""

from __future__ import annotations

import re
from typing import Final

_INVISIBLE: Final = "\ufeff\u200b\u200e\u200f\u2060"
"""Byte-order marks and the like, which copied headers have around their names."""

FOREIGN_BYTE: Final = re.compile("[\udc80-\udcff]")
"""A byte that is not UTF-8, as Python decodes it where such bytes are let through."""
_SHOWN_BYTES: Final = 3


def as_string(value: object) -> str:
    """Write a cell as text; a whole number read as a float is written whole.

    Parameters
    ----------
    value
        Cell of a table.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        It is a list, an object or bytes.

    Examples
    --------
    >>> as_string(4.0), as_string(True), as_string(" x ")
    ('4', 'true', ' x ')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (bytes, list, dict)):
        raise TypeError(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def plain_header(cell: str) -> str:
    """Name of a column without spaces and invisible characters around it.

    Parameters
    ----------
    cell
        Of a header.

    Returns
    -------
    str

    Examples
    --------
    >>> plain_header("\ufeff id ")
    'id'
    """
    return cell.strip().strip(_INVISIBLE).strip()


def foreign_bytes(text: str) -> str:
    """Write the bytes of a line that are not UTF-8.

    Parameters
    ----------
    text
        With bytes that ``FOREIGN_BYTE`` finds.

    Returns
    -------
    str
        Why the line is no row.
    """
    found = FOREIGN_BYTE.findall(text)
    return f"bytes {' '.join(f'{ord(letter) - 0xDC00:02x}' for letter in found[:_SHOWN_BYTES])} are not UTF-8, as the file's other lines are"
