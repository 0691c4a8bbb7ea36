"""Rows that cannot be taken: the first refuses the file, or each is set aside with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.contracts import DataError
from tidemill.readers.options import BadRows
from tidemill.readers.table import Table

_SHOWN = 3
_LISTED = 100
"""Lines that a message about many rows names."""


class RowErrors:
    """What was wrong with which rows of a table.

    Parameters
    ----------
    table
        The rows.
    policy : {'refuse', 'quarantine'}
        ``refuse``: the first error is raised; ``quarantine``: errors are collected, the first of each row.

    Attributes
    ----------
    reasons : dict of int to str
        Why a row cannot be taken, by its index.
    """

    def __init__(self, table: Table, policy: BadRows = "refuse") -> None:
        self.table = table
        self.policy = policy
        self.reasons: dict[int, str] = {}

    def add(self, row: int, reason: str) -> None:
        """Refuse a row, or set it aside.

        Parameters
        ----------
        row
            Index of the row in the table.
        reason
            What is wrong with it; of several reasons the first is kept.

        Raises
        ------
        DataError
            The policy is to refuse; names the row.
        """
        if self.policy == "refuse":
            raise DataError(f"{self.table.where(row)}: {reason}")
        self.reasons.setdefault(row, reason)

    def add_all(self, found: Sequence[tuple[int, str]], *, what: str) -> None:
        """Refuse the file for several rows at once, all of them listed, or set each aside.

        Parameters
        ----------
        found
            Index and what is wrong, of each row.
        what
            What all of them are, in the plural.

        Raises
        ------
        DataError
            The policy is to refuse; explains the first, and names the lines of all, of a folder the files.
        """
        if not found:
            return
        if self.policy == "refuse":
            first, reason = found[0]
            names = self.table.columns["path"] if self.table.unit == "file" else self.table.numbers
            lines = [str(names[row]) for row, _ in found]
            rest = f" and {len(lines) - _LISTED} more" if len(lines) > _LISTED else ""
            others = (
                f"; {len(lines)} {what}, {self.table.unit}s {', '.join(lines[:_LISTED])}{rest}"
                if len(lines) > 1
                else ""
            )
            raise DataError(f"{self.table.where(first)}: {reason}{others}")
        for row, reason in found:
            self.add(row, reason)

    def refuse_many(self, most: float) -> None:
        """Refuse the file where more than a share of its rows was set aside, while reading it or since.

        Parameters
        ----------
        most
            Largest share of rows that may be set aside, in [0, 1].

        Raises
        ------
        DataError
            More rows were set aside; says how many, and shows the first.
        """
        known = [f"{self.table.unit} {bad.number}: {bad.reason}" for bad in self.table.bad]
        known += [
            f"{self.table.unit} {self.table.numbers[row]}: {reason}" for row, reason in sorted(self.reasons.items())
        ]
        total = len(self.table.numbers) + len(self.table.bad)
        if len(known) > most * total:
            shown = "; ".join(known[:_SHOWN])
            raise DataError(
                f"{self.table.name}: {len(known)} of {total} rows cannot be taken, more than ingest.max_bad_rows {most:g} "
                f"allows ({shown}): mend the file, or raise the limit"
            )
