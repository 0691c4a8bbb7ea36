"""Names of votes in YAML files: a class, or ``not <class>``."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.contracts import ABSTAIN, not_class


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


def unclear_numbers(classes: Sequence[str]) -> frozenset[int]:
    """List the numbers that are the name of one class and vote for another: 1 to 4 of stars from 1 to 5.

    Parameters
    ----------
    classes
        Names of the classes, in the order of their indices.

    Returns
    -------
    frozenset of int
        Without -1, which abstains; empty where no class is named by a number, or each by its own place.

    Examples
    --------
    >>> sorted(unclear_numbers(["1", "2", "3"])), sorted(unclear_numbers(["0", "1"]))
    ([1, 2], [])
    """
    voting = range(not_class(len(classes) - 1), len(classes))
    named = (number for number in voting if str(number) in classes and number != ABSTAIN)
    return frozenset(number for number in named if number < 0 or classes[number] != str(number))


def unclear_vote(vote: int, classes: Sequence[str]) -> str:
    """Word what is wrong with a number of ``unclear_numbers``.

    Parameters
    ----------
    vote
        The number.
    classes
        Names of the classes, in the order of their indices.

    Returns
    -------
    str
        What it would vote for, and what to write.
    """
    meant = (
        f"which votes for {classes[vote]!r}, the class of that place"
        if vote >= 0
        else f"which votes against {classes[-vote - 2]!r}"
    )
    return (
        f"returned the number {vote}, {meant}, and {str(vote)!r} is the name of another (numbers count the classes "
        f"{', '.join(classes)} from 0): return the name of the class, as in {str(vote)!r}"
    )
