"""Harm over the stream of a champion's batches: what it is judged by is read here, and what follows for each batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from tidemill.apps.models.champion_reference import Champion, Reference
from tidemill.apps.models.feature_functions import functions_of_features
from tidemill.contracts import NO_GOLD, gold_contract
from tidemill.monitor.accuracy import fit_witnesses
from tidemill.monitor.harm import functions_decide_few
from tidemill.monitor.label_queue import Arrived
from tidemill.monitor.rows import Rows
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.stream_harm import Judge, Since, joined_rows
from tidemill.project.gold_history import GoldHistory
from tidemill.project.layout import Paths
from tidemill.project.tables import batch_names, read_batches
from tidemill.reports.monitor import BatchDrift, StreamDrift, StreamHarm

LABELABLE = ("train", "dev")
"""Splits of rows that a person may label to judge harm; verdicts of evaluate are of the others."""


@dataclass(frozen=True)
class KnownLabels:
    """Gold labels of rows, whoever gave them.

    Attributes
    ----------
    paths
        Of the problem.
    n_classes
        How many there are.
    """

    paths: Paths
    n_classes: int

    def __call__(self, row_ids: Sequence[str]) -> dict[str, int]:
        """Look labels up.

        Parameters
        ----------
        row_ids
            Of any rows.

        Returns
        -------
        dict
            The class of those that have a label.
        """
        wanted = pl.DataFrame({"row_id": row_ids}, schema={"row_id": pl.String})
        return dict(wanted.join(self._table, on="row_id", how="inner").iter_rows())

    def otherwise(self, row_ids: Sequence[str]) -> dict[str, int]:
        """Look labels up that rows came with, or that they got because they were drawn at random or for a reason that is not known.

        Parameters
        ----------
        row_ids
            Of any rows.

        Returns
        -------
        dict
            The class of those that have such a label; not of rows that were picked for being hard, nor of those that the
            monitor asked for, of which people may have skipped some.
        """
        answers = GoldHistory.read(self.paths.gold_history).counting
        return {
            row_id: label
            for row_id, label in self(row_ids).items()
            if row_id not in answers or answers[row_id].picked in (None, "random")
        }

    @cached_property
    def _table(self) -> pl.DataFrame:
        contract, batches = gold_contract(self.n_classes), batch_names(self.paths.manifest)
        folders = (self.paths.dev, self.paths.train_gold, self.paths.gold)
        tables = [read_batches(folder, contract, batches) for folder in folders]
        return pl.concat(tables).filter(pl.col("gold") != NO_GOLD).select("row_id", "gold")


@dataclass(frozen=True)
class HarmWatch:
    """The rows since a promotion, and what they are judged by.

    Attributes
    ----------
    champion
        The model in production.
    reference
        What it is compared with.
    arrived
        Row ids and rows by batch, in order of arrival.
    votes
        Of all rows, with their splits.
    settings
        Of the monitor.
    """

    champion: Champion
    reference: Reference
    arrived: Mapping[str, tuple[tuple[str, ...], Rows]]
    votes: pl.DataFrame
    settings: MonitorSettings

    def _otherwise(self, labels: KnownLabels) -> Callable[[Sequence[str]], dict[str, int]]:
        """Labels that are there anyway, but not of rows of test, which measure and decide nothing."""
        deciding = frozenset(self.votes.filter(pl.col("split") != "test")["row_id"])
        return lambda row_ids: labels.otherwise([row_id for row_id in row_ids if row_id in deciding])

    def judge(self, stream: StreamDrift, batches: Sequence[str]) -> StreamHarm | None:
        """Judge the rows since the change; where there is no alarm, all rows since the reference in use was taken.

        Parameters
        ----------
        stream
            Its alarm tells since when.
        batches
            That it is of.

        Returns
        -------
        StreamHarm or None
            None where there is no such batch: the last drift has been accepted as harmless.
        """
        if not batches:
            return None
        problem = self.champion.problem
        labels = KnownLabels(self.champion.project.paths(problem.name), len(problem.classes))
        gold = self._gold(labels) if self.reference.held_out else None
        judge = Judge(
            reference=self.reference.rows,
            witnesses=fit_witnesses(self.reference.rows, gold, level=1.0 - self.settings.alpha),
            n_classes=len(problem.classes),
            labels=labels,
            otherwise=self._otherwise(labels),
            eligible=frozenset(self.votes.filter(pl.col("split").is_in(LABELABLE))["row_id"]),
            salt=self.champion.version,
            settings=self.settings,
            same_features=functions_of_features(
                self.champion.project.paths(problem.name), problem, self.reference.names.functions
            ),
        )
        return judge.verdict(self._since(stream, tuple(batches)))

    def _gold(self, labels: KnownLabels) -> np.ndarray:
        ids = [row_id for row_id, _ in self.reference.places]
        known = labels(ids)
        return np.array([known.get(row_id, NO_GOLD) for row_id in ids], dtype=np.int16)

    def _since(self, stream: StreamDrift, names: tuple[str, ...]) -> Since:
        before_alarm = None
        if stream.alarm is not None:
            first = names.index(stream.alarm.since)
            before_alarm = names.index(stream.alarm.batch) - first + 1
            names = names[first:]
        return Since(names, tuple(Arrived(*self.arrived[name]) for name in names), before_alarm)

    def of_batches(self, findings: Mapping[str, BatchDrift], harm: StreamHarm | None) -> dict[str, BatchDrift]:
        """Let the verdict of all rows together be that of each batch since the change, and count votes over all of them.

        Where nothing has changed, the verdict on each batch by itself stays.

        Parameters
        ----------
        findings
            Of each batch by itself.
        harm
            Of all rows since the change.

        Returns
        -------
        dict
            Batches before a change do no harm. All are advised to be relabeled where the functions decide too few rows of all.
        """
        names = list(findings)
        verdict = None if harm is None or harm.decided_by == "no change" else harm
        since = 0 if verdict is None else names.index(verdict.since)
        everything = joined_rows([rows for _, rows in self.arrived.values()])
        few = functions_decide_few(self.reference.rows, everything, len(self.champion.problem.classes), self.settings)
        return {
            name: finding.model_copy(
                update={
                    "harm": finding.harm if verdict is None else (verdict.harm if k >= since else False),
                    "relabel": finding.relabel or few,
                }
            )
            for k, (name, finding) in enumerate(findings.items())
        }
