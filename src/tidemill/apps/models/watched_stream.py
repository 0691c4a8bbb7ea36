"""The batches since a champion's promotion as one stream: read, folded into a state that is cached, and reported."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tidemill.apps.models.champion_reference import Champion, Reference
from tidemill.contracts import ConfigError, DataError
from tidemill.monitor.rows import Rows
from tidemill.monitor.sequential.batch import LENGTH, Batch, joined
from tidemill.monitor.sequential.cause import find_cause
from tidemill.monitor.sequential.report import stream_report
from tidemill.monitor.sequential.state import read_state
from tidemill.monitor.sequential.stream import Stream, advance, next_key, start
from tidemill.monitor.settings import MonitorSettings
from tidemill.reports.monitor import Cause, StreamDrift
from tidemill.reports.project import AcceptedDrift, ChampionPin, Manifest

_CAUSE_ROWS: Final = 2000
_NOT_METADATA: Final = ("row_id", "key", "batch", "split", "text", "image")


@dataclass(frozen=True)
class Arrivals:
    """The batches that a champion was not trained on, in order of arrival.

    Attributes
    ----------
    rows
        Row ids, and what is compared of each row, by batch.
    fingerprints
        Of the content, by batch: they tell whether a state that was kept is of these batches.
    """

    rows: Mapping[str, tuple[tuple[str, ...], Rows]]
    fingerprints: Mapping[str, str]

    @classmethod
    def of(cls, manifest: Path, rows: Mapping[str, tuple[tuple[str, ...], Rows]]) -> Arrivals:
        """Fingerprint batches by their sources and the votes of now.

        Parameters
        ----------
        manifest : Path
            batches.json.
        rows : mapping
            Row ids and rows, by batch.

        Returns
        -------
        Arrivals
        """
        sources = {arrival.batch: arrival.sha256 for arrival in Manifest.read(manifest).batches}
        return cls(rows, {name: _fingerprint(sources[name], one) for name, (_, one) in rows.items()})


def _fingerprint(source: str, rows: Rows) -> str:
    content = hashlib.blake2b(source.encode(), digest_size=16)
    content.update(rows.votes.tobytes())
    content.update(rows.probabilities.tobytes())
    return content.hexdigest()


@dataclass(frozen=True)
class WatchedStream:
    """A champion's batches as one stream.

    Attributes
    ----------
    champion
        The model in production.
    settings
        Of the monitor.
    reference
        What it is compared with until a drift is accepted.
    arrivals
        The batches.
    """

    champion: Champion
    settings: MonitorSettings
    reference: Reference
    arrivals: Arrivals

    def report(self) -> StreamDrift:
        """Fold the batches that have not been folded yet, keep the state, and report it.

        Returns
        -------
        StreamDrift
        """
        accepted, after = self._accepted(), self.batches
        reference = self._since(accepted[-1]) if accepted else self._first_reference()
        stream = self._folded(reference, after, len(accepted))
        message = (
            "the champion was trained on rows of the reference, on which it is too sure: false alarms are likelier"
        )
        warnings = () if accepted or self.reference.held_out else (message,)
        return stream_report(
            stream,
            after,
            reference_rows=len(reference),
            accepted=len(accepted),
            cause=self._cause(stream, reference, after),
            warnings=warnings,
        )

    @property
    def batches(self) -> list[str]:
        """Names of the batches since the reference in use was taken, in order of arrival."""
        accepted, names = self._accepted(), list(self.arrivals.rows)
        return names[names.index(accepted[-1].until) + 1 :] if accepted else names

    def _cause(self, stream: Stream, reference: Batch, names: Sequence[str]) -> Cause | None:
        """Of the rows since the change, the newest batches that have enough rows between them count."""
        if stream.alarm is None:
            return None
        since = names[stream.alarm.change]
        taken: list[Batch] = []
        for name in reversed(names[stream.alarm.change :]):
            taken.insert(0, self.batch(name))
            if sum(map(len, taken)) >= _CAUSE_ROWS:
                break
        changed = joined("changed", taken)
        if len(changed) > _CAUSE_ROWS:
            changed = changed.select(np.arange(len(changed) - _CAUSE_ROWS, len(changed)))
        return find_cause(stream, reference, changed, since)

    def _folded(self, reference: Batch, names: Sequence[str], n_accepted: int) -> Stream:
        stream = start(
            reference,
            self.reference.names,
            self.settings.sequential,
            alpha=level(self.settings.alpha, n_accepted),
            salt=f"{self.champion.version} {n_accepted}",
        )
        keys = [stream.state.key]
        for name in names:
            keys.append(next_key(keys[-1], name, self.arrivals.fingerprints[name]))
        file = self.champion.project.state / "drift" / f"{self.champion.problem.name}.state"
        kept = read_state(file)
        done = keys.index(kept.key) if kept is not None and kept.key in keys else 0
        if kept is not None and done:
            stream = replace(stream, state=kept)
        for name in names[done:]:
            stream = advance(stream, self.batch(name))
        stream.state.write(file)
        return stream

    def _accepted(self) -> tuple[AcceptedDrift, ...]:
        pin = ChampionPin.read(self.champion.project.paths(self.champion.problem.name).champion)
        accepted = pin.accepted or ()
        for item in accepted:
            for name in (item.since, item.until):
                if name not in self.arrivals.rows:
                    raise DataError(
                        f"models/{self.champion.problem.name}/champion.json accepts a drift of batch {name!r}, which has not "
                        f"arrived since {self.champion.version}; there are {', '.join(self.arrivals.rows)}"
                    )
        return accepted

    def _since(self, accepted: AcceptedDrift) -> Batch:
        names = list(self.arrivals.rows)
        first, last = names.index(accepted.since), names.index(accepted.until)
        if last < first:
            raise DataError(
                f"an accepted drift is of batches {accepted.since!r} to {accepted.until!r}, which came before"
            )
        return joined("reference", [self.batch(name) for name in names[first : last + 1]])

    def _first_reference(self) -> Batch:
        ids = tuple(row_id for row_id, _ in self.reference.places)
        batches = sorted({batch for _, batch in self.reference.places})
        tables = [table for batch in batches if (table := content_of(self.champion, batch)) is not None]
        content = pl.concat(tables) if tables else None
        return self._joined("reference", ids, self.reference.rows, content, fingerprint="")

    def batch(self, name: str) -> Batch:
        """Collect a batch with its metadata and what was measured of its content.

        Parameters
        ----------
        name : str
            Of the batch.

        Returns
        -------
        Batch
        """
        ids, rows = self.arrivals.rows[name]
        return self._joined(
            name, ids, rows, content_of(self.champion, name), fingerprint=self.arrivals.fingerprints[name]
        )

    def _joined(
        self, name: str, ids: tuple[str, ...], rows: Rows, content: pl.DataFrame | None, *, fingerprint: str
    ) -> Batch:
        """Rows without content in ``raw/`` have no metadata; the strata need it."""
        known = (
            None
            if content is None
            else pl.DataFrame({"row_id": ids}).join(content, on="row_id", how="left", maintain_order="left")
        )
        if known is None or known[LENGTH].null_count():
            if self.settings.sequential.strata:
                raise DataError(
                    f"rows of the {name} are not in data/{self.champion.problem.name}/raw, so they have no strata"
                )
            return Batch(name, ids, rows, pl.DataFrame(), pl.DataFrame(), fingerprint=fingerprint)
        metadata, quality = known.drop("row_id", LENGTH), known.select(LENGTH)
        return Batch(name, ids, rows, metadata, quality, self._strata(metadata), fingerprint)

    def _strata(self, metadata: pl.DataFrame) -> tuple[str, ...] | None:
        columns = self.settings.sequential.strata
        for column in columns:
            if column not in metadata.columns:
                raise ConfigError(
                    f"monitor.sequential.strata: there is no metadata column {column!r}; valid are "
                    f"{', '.join(metadata.columns) or 'none: name columns in ingest.meta'}"
                )
        if not columns:
            return None
        return tuple(" / ".join(map(str, row)) for row in metadata.select(columns).iter_rows())


def content_of(champion: Champion, batch: str) -> pl.DataFrame | None:
    """Read metadata of a batch's rows and the length of their content.

    Parameters
    ----------
    champion : Champion
        Its project is read.
    batch : str
        Name of the batch.

    Returns
    -------
    polars.DataFrame or None
        Row id, metadata columns and ``length``; None where the batch is gone.
    """
    problem = champion.problem
    file = champion.project.paths(problem.name).raw / f"{batch}.parquet"
    if not file.exists():
        return None
    measured = pl.col("text").str.len_chars() if problem.modality == "text" else pl.col("image").bin.size()
    return (
        pl.scan_parquet(file, glob=False).select("row_id", pl.exclude(*_NOT_METADATA), measured.alias(LENGTH)).collect()
    )


def level(alpha: float, n_accepted: int) -> float:
    """Give the level of the reference in use: all references of a champion share one ``alpha``.

    Parameters
    ----------
    alpha : float
        Chance of any false alarm in the champion's life.
    n_accepted : int
        Drifts that were accepted before.

    Returns
    -------
    float
        Half of ``alpha`` before the first acceptance, a sixth after it, then a twelfth and so on: they sum to ``alpha``.

    Examples
    --------
    >>> [round(level(0.06, k), 6) for k in range(3)]
    [0.03, 0.01, 0.005]
    """
    return alpha / ((n_accepted + 1) * (n_accepted + 2))
