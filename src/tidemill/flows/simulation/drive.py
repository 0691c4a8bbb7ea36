"""The days, one after another: files are put, and the server does the rest."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tidemill.errors import RunError
from tidemill.flows.decisions import find_due, gave_up, last_decision
from tidemill.flows.simulation.api import Api, has_ended
from tidemill.flows.simulation.plan import Day
from tidemill.flows.simulation.rows import Row, Rows
from tidemill.project.project import Project
from tidemill.project.refused_sources import Refusals
from tidemill.reports.simulation import SimulatedEvent
from tidemill.runs.model_registry import read_registry
from tidemill.runs.retrain_history import learned_batches

_MONITOR: Final = "monitor/monitor"
_TICK_SECONDS: Final = 5.0
_TICK_SECONDS_DURING_REFRESH: Final = 30.0
"""Nothing waits for these ticks, and the process of each takes seconds from the refresh."""
_PATIENCE: Final = 900.0
_POLL_SECONDS: Final = 1.0
_KILL_WITHIN: Final = 4.0
FIRST: Final = "before"


@dataclass
class Drive:
    """A simulation under way.

    Attributes
    ----------
    project
        The temporary project.
    problem
        Its problem.
    api
        Its server's.
    rows
        What is left to be fed.
    n_rows
        Of a day.
    rare
        Share of the rarer class on days of the week.
    seed
        Of the moment of the kill.
    say
        Called with each event.
    """

    project: Project
    problem: str
    api: Api
    rows: Rows
    n_rows: int
    rare: float
    seed: int
    say: Callable[[str], None]
    events: list[SimulatedEvent] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)

    def note(self, text: str) -> None:
        """Record an event.

        Parameters
        ----------
        text
            What happened.
        """
        self.events.append(SimulatedEvent(seconds=round(time.monotonic() - self.start, 1), text=text))
        self.say(text)

    def run(self, days: Sequence[Day], first_rows: int) -> None:
        """Feed all days; the monitor's schedule is on meanwhile.

        Parameters
        ----------
        days
            The plan.
        first_rows
            How many rows there are before the first day.

        Raises
        ------
        RunError
            Something that had to happen did not.
        """
        self._put(FIRST, self.rows.first_batch(first_rows, rare=self.rare))
        self.api.schedule(_MONITOR, seconds=_TICK_SECONDS)
        self._wait("the first training", lambda: self._refreshing() is not None or self._champion is not None)
        with self._fewer_ticks():
            self._wait("the first champion", lambda: self._champion is not None and self._is_settled())
            self._wait("the end of its run", lambda: self._refreshing() is None)
        self.note(f"{self._champion} was trained, as the monitor decided")
        mended: dict[str, list[Row]] = {}
        for day in days:
            rows = self.rows.day(day, self.n_rows, rare=self.rare)
            if day.broken:
                self._broken_day(day, rows)
                mended[day.batch] = rows
            else:
                self._day(day, rows, mended)
                mended = {}
        self.api.schedule(_MONITOR, seconds=None)
        self._wait("the end of all runs", lambda: all(has_ended(run) for run in self.api.runs()))

    @contextlib.contextmanager
    def _fewer_ticks(self) -> Iterator[None]:
        self.api.schedule(_MONITOR, seconds=_TICK_SECONDS_DURING_REFRESH)
        yield
        self.api.schedule(_MONITOR, seconds=_TICK_SECONDS)

    @property
    def _champion(self) -> str | None:
        return read_registry(self.project, self.problem).champion

    def _put(self, batch: str, rows: list[Row]) -> None:
        self.rows.write(rows, self.project.shared / "data" / "incoming" / self.problem / f"{batch}.csv")

    def _broken_day(self, day: Day, rows: list[Row]) -> None:
        self._put(day.batch, self.rows.without_source(rows))
        self._wait(f"{day.batch} to be set aside", lambda: self._is_refused(day.batch))
        self.note(f"{day.batch}: its metadata are lost, and it is set aside")

    def _day(self, day: Day, rows: list[Row], mended: dict[str, list[Row]]) -> None:
        if day.accidents:
            self.api.automate(enabled=False)
        for batch, content in (mended | {day.batch: rows}).items():
            self._put(batch, content)
        self._wait(f"a look at {day.batch}", lambda: all(map(self._is_seen, [*mended, day.batch])))
        for batch in mended:
            self.note(f"{batch}: mended, and taken")
        drift = last_decision(self.project, self.problem)
        decision = "learned" if drift is None or day.batch not in drift.batches else drift.decision
        kind = f"{day.later:.0%} of the later source" if day.later else "weekend" if day.weekend else "weekday"
        self.note(f"{day.batch} ({kind}): {decision}")
        if day.accidents:
            self._kill()
            self.api.automate(enabled=True)
            self._wait("a tick to begin again", lambda: self._refreshing() is not None or self._is_settled())
        with self._fewer_ticks():
            self._wait(f"the decision about {day.batch} to be carried out", self._is_settled)
        self.note(f"{day.batch}: the champion is {self._champion}")

    def _is_refused(self, batch: str) -> bool:
        refused = Refusals.read(self.project.paths(self.problem)).sources
        return any(source.endswith(f"/{batch}.csv") for source in refused)

    def _is_seen(self, batch: str) -> bool:
        drift = last_decision(self.project, self.problem)
        known = learned_batches(self.project.shared, self.problem, "ingest")
        return batch in known or (drift is not None and batch in drift.batches)

    def _is_settled(self) -> bool:
        if (message := gave_up(self.project, self.problem)) is not None:
            raise RunError(message)
        due = find_due(self.project, self.problem)
        return due is None or due.held is not None

    def _kill(self) -> None:
        """The flow that refreshes, at a moment by chance: no automation took the event, so it is a tick's."""
        self._wait("the next tick to do what the lost event asked for", lambda: self._refreshing() is not None)
        time.sleep(random.Random(f"kill {self.seed}").uniform(0.0, _KILL_WITHIN))  # noqa: S311 - a simulation
        run = self._refreshing()
        if run is None:
            raise RunError("the refresh that was to be killed ended before")
        os.kill(int(str(run["infrastructure_pid"]).rpartition(":")[2]), signal.SIGKILL)
        self.killed.append(run["id"])
        self.note(f"the event was lost; the flow run {run['name']} of a later tick is killed while it refreshes")

    def _refreshing(self) -> dict[str, Any] | None:
        """The process's own flow run of a refresh that is under way, and was not killed."""
        under_way = [run for run in self.api.runs() if run["state_type"] == "RUNNING"]
        owners = (self._owner(run) for run in under_way if run["name"] == f"refresh {self.problem}")
        alive = (run for run in owners if run["infrastructure_pid"] is not None and run["id"] not in self.killed)
        return next(alive, None)

    def _owner(self, run: dict[str, Any]) -> dict[str, Any]:
        while run["infrastructure_pid"] is None and run["parent_task_run_id"] is not None:
            task = self.api.ask(f"task_runs/{run['parent_task_run_id']}")
            run = self.api.ask(f"flow_runs/{task['flow_run_id']}")
        return run

    def _wait(self, what: str, until: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not until():
            if time.monotonic() > end:
                raise RunError(f"waited {_PATIENCE:.0f} s in vain for {what}; see {self.project.state / 'logs'}")
            time.sleep(_POLL_SECONDS)
