"""One stream: a reference of its own, batches drawn row by row, and the first alarm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tidemill.apps.studies.driftbench.population import Population
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.stream import Scored, Stream, advance_scored, begin, scored
from tidemill.monitor.sequential.watch import Watch, fit_watch

Index = npt.NDArray[np.int64]
Draw = Callable[[int, np.random.Generator], Index]
"""Number of the check and a generator: the places of the rows that arrive."""


@dataclass(frozen=True)
class Begun:
    """A stream before its first batch, and the rows that may arrive, scored.

    Attributes
    ----------
    stream
        With a reference of its own.
    rows
        The population's rows as the stream sees them.
    """

    stream: Stream
    rows: Scored

    def arriving(self, places: Index, rng: np.random.Generator) -> Scored:
        """Take rows of the population; ties are broken anew, as for rows of other ids.

        Parameters
        ----------
        places : (n_rows,)
            In the population.
        rng
            Breaks ties.

        Returns
        -------
        Scored
        """
        shape = (len(places), self.rows.cells.shape[1])
        ties = rng.uniform(np.nextafter(0.0, 1.0), 1.0, shape)
        return Scored(self.rows.cells[places], self.rows.mask[places], ties, self.rows.stratum[places])


def begun(people: Population, reference: Index, *, seed: int, alpha: float, arriving: Index) -> Begun:
    """Fit a stream on a reference and score the rows that may arrive.

    Parameters
    ----------
    people : Population
        Rows to draw from.
    reference : (n_rows,)
        Places of the rows of the reference.
    seed : int
        Of the halves.
    alpha : float
        Level of the stream.
    arriving : (n_rows,)
        Places of the rows that may arrive; other rows are not scored.

    Returns
    -------
    Begun
    """
    drawn = _distinct(people.rows.select(reference))
    watch, pool = fit_watch(drawn, people.names, people.settings.sequential, alpha=alpha, salt=str(seed))
    return Begun(begin(watch, scored(watch, pool)), score_all(watch, people, arriving))


def score_all(watch: Watch, people: Population, places: Index) -> Scored:
    """Score rows of the population, each in its place.

    Parameters
    ----------
    watch : Watch
        Of the stream.
    people : Population
        Rows to draw from.
    places : (n_rows,)
        Rows to score; the others get zeros.

    Returns
    -------
    Scored
    """
    some = people.rows.select(places)
    values, mask = watch.evaluate(some)
    shape = (len(people.rows), mask.shape[1])
    cells, masks = np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.bool_)
    cells[places], masks[places] = watch.cells(values), mask
    stratum = np.zeros(len(people.rows), dtype=np.int64)
    stratum[places] = watch.stratum_of(some)
    return Scored(cells, masks, np.zeros((0, 0)), stratum)


def _distinct(rows: Batch) -> Batch:
    """Rows that were drawn twice are two rows."""
    return replace(rows, row_ids=tuple(f"{k}" for k in range(len(rows))))


def followed(
    begin_with: Begun, draws: Sequence[Index], rng: np.random.Generator, changed: Scored | None = None, change: int = 0
) -> Stream:
    """Follow a stream to its first alarm or its end.

    Parameters
    ----------
    begin_with : Begun
        The stream before its first batch.
    draws : sequence of (n_rows,)
        Places of the rows of each batch.
    rng : numpy.random.Generator
        Breaks ties.
    changed : Scored, optional
        The population from a change on, where rows themselves change.
    change : int
        Check at which they do.

    Returns
    -------
    Stream
    """
    stream, after = begin_with.stream, begin_with
    for check, places in enumerate(draws):
        if changed is not None and check == change:
            after = replace(begin_with, rows=changed)
        if len(places):
            stream = advance_scored(stream, after.arriving(places, rng), str(check))
        if stream.alarm is not None:
            break
    return stream
