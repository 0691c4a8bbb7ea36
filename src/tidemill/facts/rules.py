"""Atoms of rules: a relation of two variables, ``located(x, y)``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ATOM: Final = re.compile(r"\s*([^\s(),]+)\s*\(\s*([^\s(),]+)\s*,\s*([^\s(),]+)\s*\)\s*")


class Atom(NamedTuple):
    """A relation and the variables that stand for its subject and object."""

    relation: str
    subject: str
    object: str


def parse_atom(text: str) -> Atom:
    """Read an atom.

    Parameters
    ----------
    text
        As ``located(x, y)``.

    Returns
    -------
    Atom

    Raises
    ------
    ValueError
        It is not of this form.

    Examples
    --------
    >>> parse_atom("located(x, y)")
    Atom(relation='located', subject='x', object='y')
    """
    match = _ATOM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no atom such as located(x, y)")
    return Atom(*match.groups())
