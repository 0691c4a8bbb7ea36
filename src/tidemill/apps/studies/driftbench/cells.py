"""Kinds of streams: without a change, with rows of an unseen source, with a labeling function that decays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tidemill.apps.studies.driftbench.population import Population
from tidemill.apps.studies.driftbench.streams import Begun, begun, followed, score_all
from tidemill.contracts import ABSTAIN, NO_GOLD, Votes
from tidemill.monitor.rows import rounded
from tidemill.monitor.sequential.stream import Stream
from tidemill.reports.driftbench import DecayCell, NullCell, ShiftCell

Index = npt.NDArray[np.int64]

CHECKS: Final = 365
ROWS: Final = 50
REFERENCE: Final = 1300
LATER: Final = 600
AFTER: Final = 60
DECAYED: Final = 0.45
COMMON: Final = 0.1
ROWS_TO_NAME: Final = 500
VOTES_TO_NAME: Final = 50
_RAREST: Final = 0.01


def upper_bound(hits: int, trials: int) -> float:
    """Compute the one-sided upper 95% bound of a share (Clopper and Pearson, 1934).

    Parameters
    ----------
    hits, trials : int
        How often, of how many.

    Returns
    -------
    float

    Examples
    --------
    >>> round(upper_bound(0, 500), 4)
    0.006
    """
    from scipy.stats import beta

    return 1.0 if hits == trials else float(beta.ppf(0.95, hits + 1, trials - hits))


def lower_bound(hits: int, trials: int) -> float:
    """Compute the one-sided lower 95% bound of a share.

    Parameters
    ----------
    hits, trials : int
        How often, of how many.

    Returns
    -------
    float
    """
    return 1.0 - upper_bound(trials - hits, trials)


@dataclass(frozen=True)
class Null:
    """Streams in which nothing changes.

    Attributes
    ----------
    kind
        Name in the table.
    sizes
        Rows of each check, by its number.
    fixed
        Whether all streams have one reference.
    seasonal
        Whether the mix of two known sources moves with the week; they are strata.
    """

    kind: str
    sizes: Callable[[int], int]
    fixed: bool = False
    seasonal: bool = False


NULLS: Final = (
    Null("a reference of its own, 50 rows a check", lambda _: ROWS),
    Null("one reference for all streams, 50 rows a check", lambda _: ROWS, fixed=True),
    Null("a weekly season of two named strata, 50 rows a check", lambda _: ROWS, seasonal=True),
    Null("growing batches, 10 to 150 rows a check", lambda check: 10 + check * 140 // CHECKS),
    Null("tiny batches, 10 rows a check", lambda _: 10),
)


def run_null(people: Population, null: Null, streams: int, seed: int) -> NullCell:
    """Count streams with an alarm where nothing changes.

    Parameters
    ----------
    people : Population
        Rows to draw from.
    null : Null
        How rows arrive.
    streams, seed : int
        How many streams, and where chance begins.

    Returns
    -------
    NullCell
    """
    rows = people if null.seasonal else without_strata(people)
    kept: Begun | None = None
    alarms = 0
    for k in range(streams):
        rng = np.random.default_rng([seed, k])
        if kept is None or not null.fixed:
            kept = _begun_null(rows, null, rng)
        draws = [_null_rows(rows, null, check, rng) for check in range(CHECKS)]
        alarms += followed(kept, draws, rng).alarm is not None
    return NullCell(
        problem=people.problem,
        kind=null.kind,
        streams=streams,
        alarms=alarms,
        rate=rounded(alarms / streams),
        upper=rounded(upper_bound(alarms, streams)),
    )


def without_strata(people: Population) -> Population:
    """Rank all rows together.

    Parameters
    ----------
    people
        Rows to draw from.

    Returns
    -------
    Population
    """
    return replace(people, rows=replace(people.rows, strata=None))


def _begun_null(people: Population, null: Null, rng: np.random.Generator) -> Begun:
    count = min(REFERENCE, len(people.known))
    if null.seasonal:
        halves = (rng.choice(people.known, count // 2), rng.choice(people.later, count // 2))
        reference, arriving = np.concatenate(halves), np.concatenate([people.known, people.later])
    else:
        reference, arriving = rng.choice(people.known, count), people.known
    return begun(people, reference, seed=int(rng.integers(1 << 31)), alpha=people.settings.alpha, arriving=arriving)


def _null_rows(people: Population, null: Null, check: int, rng: np.random.Generator) -> Index:
    size = null.sizes(check)
    if not null.seasonal:
        return rng.choice(people.known, size)
    later = int(rng.binomial(size, 0.5 + 0.3 * np.sin(2.0 * np.pi * check / 7.0)))
    return np.concatenate([rng.choice(people.known, size - later), rng.choice(people.later, later)])


@dataclass(frozen=True)
class Shift:
    """Streams in which rows of an unseen source arrive from some check on.

    Attributes
    ----------
    share
        Of the rows that are of it.
    change
        Check at which they begin to arrive.
    functions
        Whether the labeling functions are watched; metadata never is, for it names the source.
    ramp
        Checks over which the share rises to ``share``.
    median
        Rows within which half of the streams have to alarm; None: reported, not gated.
    """

    share: float
    change: int
    functions: bool
    ramp: int = 0
    median: int | None = None

    @property
    def kind(self) -> str:
        """Name in the table."""
        verb = f"rising over {self.ramp} checks" if self.ramp else "at once"
        seen = "with functions" if self.functions else "without functions"
        return f"{self.share:.0%} of an unseen source from check {self.change} on, {verb}, {seen}"


SHIFTS: Final = (
    *(Shift(0.2, change, functions=True, median=150) for change in (20, 200, 340)),
    *(Shift(0.2, change, functions=False, median=250) for change in (20, 200, 340)),
    Shift(0.1, 20, functions=True, median=300),
    Shift(0.1, 20, functions=False),
    Shift(0.05, 20, functions=True),
    Shift(0.2, 20, functions=True, ramp=AFTER),
    Shift(0.2, 20, functions=False, ramp=AFTER),
)


def run_shift(people: Population, shift: Shift, streams: int, seed: int) -> ShiftCell:
    """Measure after how many rows streams alarm at a change.

    Parameters
    ----------
    people : Population
        Rows to draw from.
    shift : Shift
        How many new rows arrive, and when.
    streams, seed : int
        How many streams, and where chance begins.

    Returns
    -------
    ShiftCell
    """
    rows = without_strata(people.bare(functions=shift.functions))
    results = [_shifted(rows, shift, np.random.default_rng([seed, k])) for k in range(streams)]
    delays, early = delays_of(results, shift.change)
    return ShiftCell(
        problem=people.problem,
        kind=shift.kind,
        streams=streams,
        early=early,
        caught=rounded(np.isfinite(delays).mean()),
        median_rows=_whole(np.median(delays)),
        p90_rows=_whole(np.quantile(delays, 0.9, method="higher")),
        first_named=_most_frequent(results, shift.change),
    )


def _shifted(people: Population, shift: Shift, rng: np.random.Generator) -> Stream:
    later = rng.choice(people.later, min(LATER, len(people.later)), replace=False)
    reference = rng.choice(people.known, min(REFERENCE, len(people.known)))
    arriving = np.concatenate([people.known, later])
    seed, alpha = int(rng.integers(1 << 31)), people.settings.alpha
    first = begun(people, reference, seed=seed, alpha=alpha, arriving=arriving)
    draws = []
    for check in range(shift.change + AFTER):
        share = shift.share * (check >= shift.change)
        if shift.ramp:
            share *= min(1.0, (check - shift.change + 1) / shift.ramp)
        new = rng.random(ROWS) < share
        draws.append(np.where(new, rng.choice(later, ROWS), rng.choice(people.known, ROWS)))
    return followed(first, draws, rng)


def delays_of(streams: list[Stream], change: int) -> tuple[npt.NDArray[np.float64], int]:
    """Count rows from a change to the alarm.

    Parameters
    ----------
    streams : list of Stream
        After their last batch.
    change : int
        Check at which rows changed.

    Returns
    -------
    delays : (n_streams,)
        Infinite where there was no alarm, or one before the change.
    early : int
        Alarms before the change.
    """
    checks = [None if stream.alarm is None else stream.alarm.check - change + 1 for stream in streams]
    delays = [float("inf") if after is None or after <= 0 else after * ROWS for after in checks]
    return np.array(delays), sum(after is not None and after <= 0 for after in checks)


def _whole(rows: float) -> int | None:
    return int(rows) if np.isfinite(rows) else None


def _most_frequent(streams: list[Stream], change: int) -> str:
    named = [s.alarm.column.partition(":")[0] for s in streams if s.alarm is not None and s.alarm.check >= change]
    return max(sorted(set(named)), key=named.count, default="none")


def decaying_functions(people: Population) -> list[tuple[str, float, float]]:
    """List functions that can be watched for decay: name, coverage and accuracy on the rows of the first source.

    Parameters
    ----------
    people : Population
        Rows to draw from.

    Returns
    -------
    list of tuple
        Name, coverage and accuracy.
    """
    labeled = people.known[people.gold[people.known] != NO_GOLD]
    votes, gold = people.rows.rows.votes[labeled], people.gold[labeled]
    results = []
    for j, name in enumerate(people.names.functions):
        voted = votes[:, j] != ABSTAIN
        coverage, accuracy = float(voted.mean()), float((votes[voted, j] == gold[voted]).mean()) if voted.any() else 0.0
        if coverage >= _RAREST and accuracy > (1.0 + DECAYED) / 2.0 and (votes[:, j] >= ABSTAIN).all():
            results.append((name, coverage, accuracy))
    return results


def run_decay(people: Population, function: tuple[str, float, float], streams: int, seed: int) -> DecayCell:
    """Measure whether a function whose votes become right by chance is found and named first.

    Its votes are flipped at random from check 20 on, or 200 where it is rare, so that it is right on .45 of them and covers what
    it covered. Of a rare function nobody can tell earlier: its few votes in the reference are what new ones are ranked among.

    Parameters
    ----------
    people : Population
        Rows to draw from.
    function : tuple
        Name, coverage and accuracy.
    streams, seed : int
        How many streams, and where chance begins.

    Returns
    -------
    DecayCell
    """
    name, coverage, accuracy = function
    rows = without_strata(people.bare(functions=True))
    change, allowed = (20, ROWS_TO_NAME) if coverage >= COMMON else (200, int(VOTES_TO_NAME / coverage))
    results = [
        _decayed(rows, name, accuracy, (change, allowed), np.random.default_rng([seed, k])) for k in range(streams)
    ]
    delays, early = delays_of(results, change)
    named = [np.isfinite(delay) and named_first(stream) == name for delay, stream in zip(delays, results, strict=True)]
    return DecayCell(
        problem=people.problem,
        function=name,
        coverage=rounded(coverage),
        accuracy=rounded(accuracy),
        streams=streams,
        early=early,
        change=change,
        rows_allowed=allowed,
        caught=rounded(np.isfinite(delays).mean()),
        named_first=rounded(np.mean(named)),
        median_rows=_whole(np.median(delays)),
    )


def _decayed(people: Population, name: str, accuracy: float, when: tuple[int, int], rng: np.random.Generator) -> Stream:
    change, allowed = when
    reference = rng.choice(people.known, min(REFERENCE, len(people.known)))
    seed, alpha = int(rng.integers(1 << 31)), people.settings.alpha
    first = begun(people, reference, seed=seed, alpha=alpha, arriving=people.known)
    votes = flipped(people.rows.rows.votes, people.names.functions.index(name), accuracy, rng)
    changed = score_all(first.stream.watch, people.with_votes(votes), people.known)
    draws = [rng.choice(people.known, ROWS) for _ in range(change + -(-allowed // ROWS))]
    return followed(first, draws, rng, changed, change)


def flipped(votes: Votes, j: int, accuracy: float, rng: np.random.Generator) -> Votes:
    """Flip votes of a function between two classes, so that it is right on .45 of them.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    j : int
        Column of the function.
    accuracy : float
        That it has.
    rng : numpy.random.Generator
        Picks the votes.

    Returns
    -------
    (n_rows, n_functions)
    """
    share = (accuracy - DECAYED) / (2.0 * accuracy - 1.0)
    turn = (votes[:, j] != ABSTAIN) & (rng.random(len(votes)) < share)
    changed = votes.copy()
    changed[turn, j] = 1 - changed[turn, j]
    return changed


def named_first(stream: Stream) -> str:
    """Name the function with the most evidence, by its votes or their contradiction.

    Parameters
    ----------
    stream : Stream
        After its last batch.

    Returns
    -------
    str
    """
    margins = stream.margins().max(axis=0)
    columns = [column.name for column in stream.watch.columns]
    best = {}
    for name in stream.watch.names.functions:
        places = [
            columns.index(f"{kind}:{name}") for kind in ("firing", "contradiction") if f"{kind}:{name}" in columns
        ]
        best[name] = max(float(margins[place]) for place in places)
    return max(best, key=lambda name: best[name])
