"""Names of classes → votes, as YAML files say them."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.contracts import not_class


def vote_of(name: str, classes: Sequence[str]) -> int | None:
    """Class name, or ``not <class>`` → vote; None where there is no such class.

    >>> vote_of("spam", ["ham", "spam"]), vote_of("not ham", ["ham", "spam"])
    (1, -2)
    """
    if name in classes:
        return list(classes).index(name)
    without = name.removeprefix("not ").strip()
    return not_class(list(classes).index(without)) if name.startswith("not ") and without in classes else None
