"""A cell as text."""

from __future__ import annotations


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
