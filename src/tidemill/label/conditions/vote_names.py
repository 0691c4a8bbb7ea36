"""Names of votes in YAML files: a class, or ``not <class>``."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.contracts import not_class


def vote_of(name: str, classes: Sequence[str]) -> int | None:
    """Look up the vote that a name stands for.

    Parameters
    ----------
    name
        Name of a class, or ``not`` and the name of a class.
    classes
        Names of the classes, in the order of their indices.

    Returns
    -------
    int or None
        None where there is no such class.

    Examples
    --------
    >>> vote_of("spam", ["ham", "spam"]), vote_of("not ham", ["ham", "spam"])
    (1, -2)
    """
    if name in classes:
        return list(classes).index(name)
    without = name.removeprefix("not ").strip()
    return not_class(list(classes).index(without)) if name.startswith("not ") and without in classes else None
