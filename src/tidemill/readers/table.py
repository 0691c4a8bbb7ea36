"""A table as it was read: columns of values, each row knowing its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidemill.common.spelling import closest, listed
from tidemill.contracts import DataError


@dataclass(frozen=True)
class BadRow:
    """A row that was set aside: its line, and why."""

    number: int
    reason: str


@dataclass(frozen=True)
class Table:
    """Columns of values as a file has them.

    Parameters
    ----------
    name
        Of the file, for messages.
    columns
        Values of each column, in the order of the rows; None where a cell is empty.
    numbers
        Line of each row (of Parquet and the like: row), counted from 1.
    unit
        What ``numbers`` count.
    notes
        What was guessed or changed while reading, each with the option that overrides it.
    bad
        Rows that could not be read and were set aside.
    unread
        Columns some of whose cells have a value that the file does not hold, and what to do.
    """

    name: str
    columns: dict[str, list[Any]]
    numbers: Sequence[int]
    unit: str = "line"
    notes: tuple[str, ...] = ()
    bad: tuple[BadRow, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)

    def where(self, row: int) -> str:
        """Name the place of a row in the file, for messages.

        Parameters
        ----------
        row
            Index of the row.

        Returns
        -------
        str
            File, and line or row number.
        """
        return f"{self.name}, {self.unit} {self.numbers[row]}"

    @property
    def guessed(self) -> str:
        """What was guessed, a line each, to be added to a message about the columns."""
        return "".join(f"\n{note}" for note in self.notes)

    def column(self, name: str, setting: str) -> list[Any]:
        """Values of a column; a dotted name reaches into objects (``data.text``).

        Parameters
        ----------
        name
            Column, or a path of keys below one.
        setting
            What names the column, for the message.

        Returns
        -------
        list
            One value a row; None where an object lacks the key.

        Raises
        ------
        DataError
            There is no such column; the nearest name is given.
        """
        if name in self.columns:
            return self.columns[name]
        top, _, below = name.partition(".")
        if self.has(name):
            return [_below(value, below) for value in self.columns[top]]
        raise DataError(
            f"{self.name}: column {name!r} is missing{nearest(name, self.names(top))}; "
            f"name the right one in {setting}, or rename it in the file, where others have it under this name{self.guessed}"
        )

    def refuse_unread(self, name: str) -> None:
        """Refuse a column, as that of labels, whose cells must not be taken for blank.

        Parameters
        ----------
        name
            Column.

        Raises
        ------
        DataError
            Some of its cells have a value that the file does not hold.
        """
        if name in self.unread:
            raise DataError(self.unread[name])

    def has(self, name: str) -> bool:
        """Decide whether ``column`` would return values for a name.

        Parameters
        ----------
        name
            Column, or a path of keys below one.

        Returns
        -------
        bool
            False where ``column`` raises.
        """
        top, _, below = name.partition(".")
        return name in self.columns or bool(below and any(_holds(value, below) for value in self.columns.get(top, [])))

    def names(self, top: str) -> list[str]:
        """List names that ``column`` takes.

        Parameters
        ----------
        top
            A column whose keys are listed too, with dots, where it holds objects.

        Returns
        -------
        list of str
            Those of the keys first.
        """
        nested = {f"{top}.{path}": None for value in self.columns.get(top, []) for path in _paths(value)}
        return [*nested, *self.columns]


def _holds(value: Any, path: str) -> bool:
    top, _, below = path.partition(".")
    return isinstance(value, dict) and top in value and (not below or _holds(value[top], below))


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            below = [f"{key}.{path}" for path in _paths(inner)]
            yield from below or [key]


def _below(value: Any, path: str) -> Any:
    for key in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def nearest(name: str, valid: Sequence[str]) -> str:
    """Word the nearest of the valid names, to be added to a message about a wrong one.

    Parameters
    ----------
    name
        The wrong name.
    valid
        Valid names.

    Returns
    -------
    str
        End of a sentence: the nearest name as a question, where one is near, then the valid names, 60 at most.

    Examples
    --------
    >>> nearest("txet", ["id", "text"])
    "; did you mean 'text'? There are id, text"
    """
    meant = closest(name, valid, ignore_case=True)
    guess = f"; did you mean {meant!r}? There" if meant else "; there"
    return f"{guess} are {listed(valid)}"
