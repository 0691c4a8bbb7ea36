"""Sequential drift detection with one guarantee for the whole stream.

The chance of any alarm, over all checks and all scores together, is at most ``alpha`` while nothing changes: while the rows of
the reference and of the stream are exchangeable within their strata. Each score's online conformal p-values are bet against
(``p_values``, ``bets``), the wealth is a mixture over when the change came (``evidence``), and an alarm is a martingale that
reaches ``1 / (alpha * share)``. By Ville's inequality each does so with probability ``alpha * share`` at most, and the shares of all
sum to one. They are not averaged: martingales of different scores are of different filtrations (Ramdas and Wang, "Hypothesis
testing with e-values", 2024). What changes too slowly for the pool to notice is found late.

``advance`` is a pure function: no clock, no global seed. A state is what folding it over the batches in order gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tidemill.monitor.rows import Names
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.bets import N_BETS, log_bets
from tidemill.monitor.sequential.evidence import log_mixture, share_of_check
from tidemill.monitor.sequential.p_values import Cells, Counts, Mask, add, online_p_values, row_hashes
from tidemill.monitor.sequential.state import Alarm, State
from tidemill.monitor.sequential.watch import Watch, fit_watch
from tidemill.monitor.settings import SequentialSettings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Stream:
    """A stream that is watched.

    Attributes
    ----------
    watch
        What is fixed since its begin.
    state
        What its batches have made of it.
    """

    watch: Watch
    state: State

    @property
    def alarm(self) -> Alarm | None:
        """The first alarm, which stays; None as long as there is none."""
        return self.state.alarm

    def log_evidence(self) -> Array:
        """Compute the log of every martingale.

        Returns
        -------
        (n_views, n_columns)
        """
        watch = self.watch
        sums = watch.layout.spread_bets(self.state.log_sums, -np.inf)
        return log_mixture(sums, watch.log_bet_weights, self.state.checks, watch.settings.horizon)

    def margins(self) -> Array:
        """Compute by how much the log of every martingale is above its threshold.

        Returns
        -------
        (n_views, n_columns)
            From 0 on it alarms.
        """
        return np.asarray(self.log_evidence() + self.watch.log_shares + np.log(self.watch.alpha))


def start(reference: Batch, names: Names, settings: SequentialSettings, *, alpha: float, salt: str = "") -> Stream:
    """Begin to watch.

    Parameters
    ----------
    reference : Batch
        Rows of the kind that is expected. Scores are fitted on half of them, and new rows are ranked among the other half.
    names : Names
        Of classes and functions.
    settings : SequentialSettings
        How it is watched.
    alpha : float
        Chance of any false alarm of this stream.
    salt : str
        Such as the champion's version: which half a row is in and how ties are broken depend on it and on the row's id.

    Returns
    -------
    Stream
        Before the first batch.
    """
    watch, pool = fit_watch(reference, names, settings, alpha=alpha, salt=salt)
    return begin(watch, scored(watch, pool))


def begin(watch: Watch, pool: Scored) -> Stream:
    """Begin to watch with a pool that has been scored.

    Parameters
    ----------
    watch : Watch
        What is fixed.
    pool : Scored
        Rows that new ones are ranked among.

    Returns
    -------
    Stream
        Before the first batch.
    """
    counts = np.zeros((len(watch.groups), len(watch.columns), watch.n_cells), dtype=np.int64)
    for group, rows, columns in _pools(watch, pool.stratum):
        counts[group] = add(counts[group], pool.cells[rows], pool.mask[rows] & columns)
    used = watch.layout
    shape = (len(watch.views), int(used.bets.sum()))
    state = State(
        key=watch.key,
        counts=counts[:, used.cells].astype(np.int32),
        log_sums=np.full(shape, -np.inf, dtype=np.float32),
        recent=np.zeros(shape, dtype=np.float32),
        began=np.zeros(shape, dtype=np.int32),
        batches=np.zeros(0, dtype=np.uint64),
        rows=np.zeros(0, dtype=np.int32),
    )
    return Stream(watch, state)


def _pools(watch: Watch, stratum: npt.NDArray[np.int64]) -> Iterable[tuple[int, Mask, Mask]]:
    """Each pool with its rows and the columns that are ranked in it."""
    everything = np.ones(len(stratum), dtype=np.bool_)
    if not watch.strata:
        yield 0, everything, np.ones(len(watch.columns), dtype=np.bool_)
        return
    for group in range(len(watch.strata) + 1):
        yield group, stratum == group, ~watch.across
    yield len(watch.strata) + 1, everything, watch.across


@dataclass(frozen=True)
class Scored:
    """Rows as bets see them.

    Attributes
    ----------
    cells, mask, ties : (n_rows, n_columns)
        Cell of each score, where there is one, and the number that breaks ties.
    stratum : (n_rows,)
        Pool of each row.
    """

    cells: Cells
    mask: Mask
    ties: Array
    stratum: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.cells)


def scored(watch: Watch, batch: Batch) -> Scored:
    """Score rows, in the order of the hashes of their ids.

    Parameters
    ----------
    watch : Watch
        What is fixed.
    batch : Batch
        Its rows are scored.

    Returns
    -------
    Scored
    """
    ordered = batch.select(np.argsort(row_hashes(batch.row_ids, f"order {watch.salt}"), kind="stable"))
    values, mask = watch.evaluate(ordered)
    return Scored(watch.cells(values), mask, watch.ties(ordered), watch.stratum_of(ordered))


def advance(stream: Stream, batch: Batch) -> Stream:
    """Take one batch.

    Parameters
    ----------
    stream : Stream
        Before the batch.
    batch : Batch
        One whose name was taken before changes nothing.

    Returns
    -------
    Stream
        A new one; the one given is left as it is.
    """
    if row_hashes([batch.name], "batch")[0] in stream.state.batches or not len(batch):
        return stream
    return advance_scored(stream, scored(stream.watch, batch), batch.name, batch.fingerprint)


def advance_scored(stream: Stream, rows: Scored, name: str, fingerprint: str = "") -> Stream:
    """Take one batch of rows that have been scored.

    Parameters
    ----------
    stream : Stream
        Before the batch.
    rows : Scored
        Of the batch.
    name, fingerprint : str
        Of the batch, which has not been taken before.

    Returns
    -------
    Stream
    """
    watch, before = stream.watch, stream.state
    gained, counts = _bet(watch, rows, watch.layout.spread_cells(before.counts))
    state = replace(
        _grown(watch, before, gained, counts),
        key=next_key(before.key, name, fingerprint),
        batches=np.append(before.batches, row_hashes([name], "batch")),
        rows=np.append(before.rows, np.int32(len(rows))),
    )
    return _latched(Stream(watch, state))


def next_key(key: str, name: str, fingerprint: str) -> str:
    """Compute the key of the state that follows.

    Parameters
    ----------
    key : str
        Of the state before.
    name, fingerprint : str
        Of the batch.

    Returns
    -------
    str
    """
    return hashlib.blake2b(f"{key} {name} {fingerprint}".encode(), digest_size=16).hexdigest()


def _bet(watch: Watch, rows: Scored, counts: Counts) -> tuple[Array, Counts]:
    """What every bet gains, (n_views, n_columns, n_bets), and the pools with the rows added."""
    gained = np.zeros((len(watch.views), len(watch.columns), N_BETS))
    for group, own, columns in _pools(watch, rows.stratum):
        if not own.any():
            continue
        mask = rows.mask[own] & columns
        gains, counts[group] = _one_pool(rows.cells[own], rows.ties[own], mask, counts[group])
        gained[0] += gains
        if group < len(watch.strata):
            gained[1 + group] += gains
    return gained, counts


def _one_pool(cells: Cells, ties: Array, mask: Mask, counts: Counts) -> tuple[Array, Counts]:
    p_values, counts = online_p_values(cells, ties, mask, counts)
    return log_bets(p_values, mask), counts


def _grown(watch: Watch, before: State, gained: Array, counts: Counts) -> State:
    used = watch.layout
    gains = gained[:, used.bets]
    check = before.checks
    fresh = np.log(share_of_check(check, watch.settings.horizon))
    log_sums = np.logaddexp(before.log_sums.astype(np.float64), fresh) + gains
    restarts = before.recent <= 0.0
    recent = np.where(restarts, 0.0, before.recent) + gains
    return replace(
        before,
        counts=counts[:, used.cells].astype(np.int32),
        log_sums=log_sums.astype(np.float32),
        recent=recent.astype(np.float32),
        began=np.where(restarts, check, before.began).astype(np.int32),
    )


def _latched(stream: Stream) -> Stream:
    margins = stream.margins()
    if stream.alarm is not None or margins.max() < 0.0:
        return stream
    view, column = (int(k) for k in np.unravel_index(margins.argmax(), margins.shape))
    change = change_of(stream, view, column)
    evidence = float(stream.log_evidence()[view, column])
    alarm = Alarm(
        column=stream.watch.columns[column].name,
        view=stream.watch.views[view],
        check=stream.state.checks - 1,
        change=change,
        log_evidence=round(evidence, 4),
        log_threshold=round(evidence - float(margins[view, column]), 4),
        rows=int(stream.state.rows[change:].sum()),
    )
    return replace(stream, state=replace(stream.state, alarm=alarm))


def change_of(stream: Stream, view: int, column: int) -> int:
    """Estimate when a change came: where the bet that has gained most since any check began.

    Parameters
    ----------
    stream : Stream
        After its last batch.
    view, column : int
        Of the martingale.

    Returns
    -------
    int
        Check.
    """
    used = stream.watch.layout
    recent = used.spread_bets(stream.state.recent, -np.inf)[view, column]
    began = used.spread_bets(stream.state.began, 0)[view, column]
    return int(began[recent.argmax()])


def fold(stream: Stream, batches: Iterable[Batch]) -> Stream:
    """Take batches one after the other.

    Parameters
    ----------
    stream
        Before the batches.
    batches
        In their order.

    Returns
    -------
    Stream
    """
    for batch in batches:
        stream = advance(stream, batch)
    return stream
