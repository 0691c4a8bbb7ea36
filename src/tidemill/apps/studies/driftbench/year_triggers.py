"""When a model is retrained in a simulated year: by this monitor, by the monitor of version 0.1.0, and by Evidently's defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.models.watched_stream import level
from tidemill.apps.studies.driftbench.evidently_drift import Evidently
from tidemill.apps.studies.driftbench.year import FIRST_ROWS, Day, Model, World, part_of_week
from tidemill.monitor.accuracy import fit_witnesses
from tidemill.monitor.harm import estimate
from tidemill.monitor.label_queue import Arrived
from tidemill.monitor.retrain_decision import Findings, HarmVerdict, choose
from tidemill.monitor.retrain_limits import has_grown
from tidemill.monitor.rows import Rows
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.stream import Stream, advance, start
from tidemill.monitor.stream_harm import Judge, Since
from tidemill.reports.monitor import StreamHarm

Index = npt.NDArray[np.int64]
Dated = Sequence[tuple[int, Index]]

_LEAST_REFERENCE: Final = 60
_RECENT_DAYS: Final = 30
_DIRECTIONS: Final = 8


@dataclass
class Watched:
    """Rows of a batch as this monitor sees them, and their gold, which a person gives for rows that are asked for."""

    batch: Batch
    gold: npt.NDArray[np.int16]


@dataclass
class SequentialTrigger:
    """The monitor of this version with its defaults, weekdays and weekends as strata.

    Empty rows are refused by ``ingest.max_bad_rows``, and the file is mended by the next day; copies of a row are one row, as ingest has it. Labels
    that are asked for are given. A drift that labels find harmless is accepted.
    """

    world: World
    name: str = "this monitor"
    labels: int = 0
    _model: Model = field(init=False)
    _stream: Stream = field(init=False)
    _reference: Watched = field(init=False)
    _since: list[Watched] = field(default_factory=list)
    _late: list[Index] = field(default_factory=list)
    _harmed: list[bool] = field(default_factory=list)
    _accepted: int = 0
    _champions: int = 0
    _changed: int = 0
    _asked: int = 0
    _rows: list[tuple[int, int]] = field(default_factory=list)
    _learned: int = 0
    _began: int = 0

    def begin(self, model: Model, held_out: Dated, day: int) -> None:
        """Start a stream of rows since the change, of which the champion was not trained on.

        Parameters
        ----------
        model
            The champion.
        held_out
            Rows that it was not trained on, by day of arrival.
        day
            From which on it is watched.
        """
        self.labels, self._asked = self.labels + self._asked, 0
        self._model, self._accepted, self._champions = model, 0, self._champions + 1
        first = next((k for k, (when, _) in enumerate(held_out) if when >= self._changed), 0)
        while first and sum(len(places) for _, places in held_out[first:]) < _LEAST_REFERENCE:
            first -= 1
        self._reference = self._joined([self._watched(*item) for item in held_out[first:]])
        self._rows = self._rows or [(-1, FIRST_ROWS)]
        self._learned = sum(rows for when, rows in self._rows if when >= self._changed or self._changed <= 0)
        self._began = day
        self._restart(day)

    def retrains(self, day: Day) -> bool:
        """Look at a day as the monitor stage and its table of actions do.

        Parameters
        ----------
        day
            Of which rows arrive.

        Returns
        -------
        bool
        """
        if day.empty.any():
            self._late.append(day.places)
            return False
        places = np.unique(np.concatenate([day.places, *self._late]))
        self._late.clear()
        now = self._watched(day.number, places)
        self._since.append(now)
        self._stream = advance(self._stream, now.batch)
        harm = self._harm(now)
        drift = self._stream.alarm is not None
        if self._stream.alarm is not None and harm == "no harm":
            self._accept(self._stream.alarm.change, day.number + 1)
        self._rows.append((day.number, len(places)))
        arrived, settings = sum(rows for when, rows in self._rows if when >= self._began), self.world.people.settings
        grown = has_grown(self._learned, arrived, settings.retrain)
        findings = Findings(arrived=True, drift=drift, harm=harm, more_rows=grown)
        return choose(findings, settings.actions)[0] == "retrain"

    def _harm(self, now: Watched) -> HarmVerdict:
        people = self.world.people
        alarm = self._stream.alarm
        if alarm is None:
            reference, settings = self._reference.batch.rows, people.settings
            found = estimate(reference, now.batch.rows, people.names, settings, alpha=settings.batch_alpha)
            self._harmed.append(bool(found.harm))
            last = self._harmed[-settings.retrain.harm_checks :]
            if not all(last) or len(last) < settings.retrain.harm_checks:
                return "no harm"
            self._changed = int(self._since[-len(last)].batch.name)
            return "harm"
        self._changed = int(self._since[alarm.change].batch.name)
        changed = self._since[alarm.change :]
        arrived = tuple(Arrived(one.batch.row_ids, one.batch.rows) for one in changed)
        since = Since(tuple(one.batch.name for one in changed), arrived, alarm.check - alarm.change + 1)
        verdict = self._judged(since, changed, {})
        if verdict.labels is not None and verdict.labels.more_labels > 0:
            known = {
                row_id: int(label)
                for one in changed
                for row_id, label in zip(one.batch.row_ids, one.gold.tolist(), strict=True)
            }
            verdict = self._judged(since, changed, known)
            self._asked = 0 if verdict.labels is None else verdict.labels.labels_used
        return verdict.verdict

    def _judged(self, since: Since, changed: Sequence[Watched], labels: dict[str, int]) -> StreamHarm:
        people, reference = self.world.people, self._reference
        judge = Judge(
            reference=reference.batch.rows,
            witnesses=fit_witnesses(reference.batch.rows, reference.gold, level=1.0 - people.settings.alpha),
            n_classes=len(people.names.classes),
            labels=lambda _: labels,
            eligible=frozenset(row_id for one in changed for row_id in one.batch.row_ids),
            salt=str(self._champions),
            settings=people.settings,
        )
        return judge.verdict(since)

    def _accept(self, change: int, day: int) -> None:
        self._reference, self._accepted = self._joined(self._since[change:]), self._accepted + 1
        self.labels, self._asked = self.labels + self._asked, 0
        self._restart(day)

    def _restart(self, day: int) -> None:
        people = self.world.people
        self._since.clear()
        self._harmed.clear()
        self._stream = start(
            self._reference.batch,
            people.names,
            people.settings.sequential,
            alpha=level(people.settings.alpha, self._accepted),
            salt=f"{self._champions} {self._accepted} {day}",
        )

    def _watched(self, day: int, places: Index) -> Watched:
        ids = tuple(f"{day}/{k}" for k in range(len(places)))
        rows = self.world.rows(self._model, places)
        empty = pl.DataFrame()
        batch = Batch(f"{day}", ids, rows, empty, empty, (part_of_week(max(day, 0)),) * len(places), f"{day}")
        if day < 0:  # the first rows are of all days of a week
            parts = tuple(part_of_week(k % 7) for k in range(len(places)))
            batch = replace(batch, strata=parts)
        return Watched(batch, self.world.people.gold[places])

    def _joined(self, parts: Sequence[Watched]) -> Watched:
        batches = [one.batch for one in parts]
        rows = Rows(*(np.concatenate([getattr(b.rows, key) for b in batches]) for key in _PARTS))
        ids = tuple(row_id for batch in batches for row_id in batch.row_ids)
        strata = tuple(name for batch in batches for name in batch.strata or ())
        return Watched(
            Batch("reference", ids, rows, pl.DataFrame(), pl.DataFrame(), strata, "reference"),
            np.concatenate([one.gold for one in parts]),
        )


_PARTS: Final = ("features", "probabilities", "votes")


@dataclass
class BatchTrigger:
    """The rule of version 0.1.0: a batch that harms by itself, against all rows that were held out."""

    world: World
    name: str = "each batch by itself, as version 0.1.0"
    labels: int = 0
    _model: Model = field(init=False)
    _reference: Rows = field(init=False)

    def begin(self, model: Model, held_out: Dated, day: int) -> None:  # noqa: ARG002 - one signature for all
        """Take all rows that were held out as the reference.

        Parameters
        ----------
        model
            The champion.
        held_out
            Rows that it was not trained on, by day of arrival.
        day
            Unused.
        """
        self._model = model
        self._reference = self.world.rows(model, np.concatenate([places for _, places in held_out]))

    def retrains(self, day: Day) -> bool:
        """Judge the rows of a day.

        Parameters
        ----------
        day
            Of which rows arrive.

        Returns
        -------
        bool
        """
        people = self.world.people
        rows = self.world.rows(self._model, day.places, day.empty)
        return bool(estimate(self._reference, rows, people.names, people.settings).harm)


@dataclass
class EvidentlyTrigger:
    """Evidently's drift preset with its defaults, on each day's rows against those that were held out in the last 30 days.

    It watches the predicted class, the confidence and eight principal directions of the features.
    """

    world: World
    evidently: Evidently
    name: str = "Evidently's defaults"
    labels: int = 0
    _model: Model = field(init=False)
    _center: npt.NDArray[np.float64] = field(init=False)
    _directions: npt.NDArray[np.float64] = field(init=False)

    def begin(self, model: Model, held_out: Dated, day: int) -> None:
        """Send the reference.

        Parameters
        ----------
        model
            The champion.
        held_out
            Rows that it was not trained on, by day of arrival.
        day
            From which on it is watched.
        """
        recent = [places for when, places in held_out if when >= day - _RECENT_DAYS or day == 0]
        self._model = model
        rows = self.world.rows(model, np.concatenate(recent))
        features = np.asarray(rows.features, dtype=np.float64)
        self._center = features.mean(axis=0)
        self._directions = np.linalg.svd(features - self._center, full_matrices=False)[2][:_DIRECTIONS].T
        self.evidently.reference(self._columns(rows))

    def retrains(self, day: Day) -> bool:
        """Ask whether the rows of a day drifted.

        Parameters
        ----------
        day
            Of which rows arrive.

        Returns
        -------
        bool
        """
        return self.evidently.drifted(self._columns(self.world.rows(self._model, day.places, day.empty)))

    def _columns(self, rows: Rows) -> dict[str, list[float] | list[str]]:
        moved = (np.asarray(rows.features, dtype=np.float64) - self._center) @ self._directions
        classes = np.array(self.world.people.names.classes)
        columns: dict[str, list[float] | list[str]] = {
            f"direction_{k}": moved[:, k].tolist() for k in range(moved.shape[1])
        }
        columns["confidence"] = np.asarray(rows.probabilities.max(axis=1), dtype=np.float64).tolist()
        columns["prediction"] = classes[rows.probabilities.argmax(axis=1)].tolist()
        return columns
