"""Files of each day, drawn from the rows of a packaged problem."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidemill.apps.studies.driftbench.population import SOURCES
from tidemill.common.files import atomic_write
from tidemill.errors import DataError
from tidemill.flows.simulation.plan import Day, is_weekend

Row = dict[str, str]

WEEKEND: Final = "weekend"
"""Metadata column by which the season is known."""

_DAYS_BEFORE: Final = 14
_WEEKEND_SHARE: Final = 0.5
"""Share of the rarer class on weekends; on other days it is as in the data."""


@dataclass
class Rows:
    """Rows that no day has had yet, in an order by chance: those of the first source by class, and those of the later one.

    Attributes
    ----------
    columns
        Of the files.
    label
        Column of the class.
    source
        Column of metadata that tells the sources apart.
    rarer
        The class that is more frequent on weekends.
    known
        Rows of the first source by class.
    later
        Rows of the later source.
    """

    columns: list[str]
    label: str
    source: str
    rarer: str
    known: dict[str, list[Row]]
    later: list[Row]

    @classmethod
    def of(cls, problem: str, files: Iterable[Path], label: str, *, seed: int) -> Rows:
        """Read the packaged rows.

        Parameters
        ----------
        problem
            A packaged problem.
        files
            Its incoming files.
        label
            Column of the class.
        seed
            Of the order.

        Returns
        -------
        Rows
        """
        source, first = SOURCES[problem]
        rows = [row for file in sorted(files) for row in _read(file)]
        random.Random(f"{seed}").shuffle(rows)  # noqa: S311 - a simulation
        known: dict[str, list[Row]] = {}
        for row in rows:
            if row[source] == first:
                known.setdefault(row[label], []).append(row)
        rarer = min(known, key=lambda name: len(known[name]))
        later = [row for row in rows if row[source] != first]
        return cls([*rows[0], WEEKEND], label, source, rarer, known, later)

    def first_batch(self, n: int, *, rare: float) -> list[Row]:
        """Take what arrived in the two weeks before the first day.

        Parameters
        ----------
        n
            How many rows.
        rare
            Share of the rarer class outside of weekends.

        Returns
        -------
        list of dict
        """
        days = range(1 - _DAYS_BEFORE, 1)
        each = n // len(days)
        return [row for day in days for row in self._known(each, rare, weekend=is_weekend(day))]

    def day(self, day: Day, n: int, *, rare: float) -> list[Row]:
        """Take the rows of a day.

        Parameters
        ----------
        day
            The day.
        n
            How many rows.
        rare
            Share of the rarer class outside of weekends.

        Returns
        -------
        list of dict
        """
        n_later = round(day.later * n)
        later = [_on(self._take(self.later), weekend=day.weekend) for _ in range(n_later)]
        return self._known(n - n_later, rare, weekend=day.weekend) + later

    def _known(self, n: int, rare: float, *, weekend: bool) -> list[Row]:
        n_rare = round((_WEEKEND_SHARE if weekend else rare) * n)
        common = [name for name in self.known if name != self.rarer]
        names = [self.rarer] * n_rare + [common[k % len(common)] for k in range(n - n_rare)]
        return [_on(self._take(self.known[name]), weekend=weekend) for name in names]

    def _take(self, pool: list[Row]) -> Row:
        if not pool:
            raise DataError(
                "the packaged data have too few rows for so many days: take fewer days, or fewer rows a day"
            )
        return pool.pop()

    def without_source(self, rows: list[Row]) -> list[Row]:
        """Lose the metadata that tell the sources apart.

        Parameters
        ----------
        rows
            Of a day.

        Returns
        -------
        list of dict
        """
        return [row | {self.source: ""} for row in rows]

    def write(self, rows: list[Row], path: Path) -> None:
        """Write a file, whole or not at all.

        Parameters
        ----------
        rows
            Its rows.
        path
            CSV file.
        """
        with atomic_write(path) as part, part.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(rows)


def _on(row: Row, *, weekend: bool) -> Row:
    return row | {WEEKEND: "yes" if weekend else "no"}


def _read(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        if file.suffix == ".jsonl":
            return [{name: _cell(value) for name, value in json.loads(line).items()} for line in lines]
        return list(csv.DictReader(lines))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
