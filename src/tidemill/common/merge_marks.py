"""Files in which a merge has left both sides."""

from __future__ import annotations


def left_by_merge(text: str) -> str | None:
    r"""Tell of the marks that git writes around what two sides have changed.

    Parameters
    ----------
    text
        Content of a file.

    Returns
    -------
    str or None
        The line of the first mark, and that a merge has left it, to be followed by what to do; None where there is none.

    Examples
    --------
    >>> left_by_merge("a\n<<<<<<< HEAD\nb\n")
    'line 2: a merge has left both sides here'
    """
    line = next((number for number, line in enumerate(text.splitlines(), start=1) if line.startswith("<<<<<<< ")), None)
    return None if line is None else f"line {line}: a merge has left both sides here"
