"""Streams with known changes, for the tests of the sequential monitor."""

from typing import Any

import numpy as np
import polars as pl

from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.sequential.batch import Batch
from tidemill.monitor.sequential.stream import Stream, fold, start
from tidemill.monitor.settings import SequentialSettings

CLASSES = ("ham", "spam")


def sequential(**changes: Any) -> SequentialSettings:
    return SequentialSettings.model_validate(
        {"horizon": 365, "min_reference": 300, "strata": (), "weights": {}} | changes
    )


def names(n_functions: int) -> Names:
    return Names(CLASSES, tuple(f"lf_{j}" for j in range(n_functions)))


def rows_of(  # noqa: PLR0913 - a knob for each change
    n: int,
    rng: np.random.Generator,
    *,
    functions: int = 4,
    coverage: float = 0.4,
    moved: float = 0.0,
    decayed: int | None = None,
    silent: int | None = None,
    spam: float = 1 / 3,
) -> Rows:
    """Spam is a third unless it is asked otherwise; functions are right 9 times in 10, the decayed one as often as a coin; the champion 19 in 20."""
    gold = (rng.random(n) < spam).astype(np.int64)
    features = rng.normal(size=(n, 6))
    features[:, 0] += 2.0 * gold
    features[:, 1] += moved
    right = rng.random((n, functions)) < 0.9
    speaks = rng.random((n, functions)) < coverage
    if decayed is not None:
        right[:, decayed] = rng.random(n) < 0.5
    if silent is not None:
        speaks[:, silent] = False
    votes = np.where(speaks, np.where(right, gold[:, None], 1 - gold[:, None]), -1).astype(np.int16)
    predicted = np.where(rng.random(n) < 0.95, gold, 1 - gold)
    sure = rng.uniform(0.6, 1.0, n)
    probabilities = np.where(np.eye(2, dtype=bool)[predicted], sure[:, None], 1.0 - sure[:, None])
    return Rows(features.astype(np.float32), probabilities, votes)


def batch_of(name: str, n: int, rng: np.random.Generator, *, strata=None, **changes: Any) -> Batch:
    """A batch with metadata and quality; ``strata`` of its rows, if given."""
    rows = rows_of(n, rng, **changes)
    metadata = pl.DataFrame({"links": rng.poisson(2.0, n), "sender": rng.choice(["a", "b", "c"], n)})
    quality = pl.DataFrame({"length": rng.integers(10, 400, n)})
    ids = tuple(f"{name}-{k}" for k in range(n))
    return Batch(name, ids, rows, metadata, quality, None if strata is None else tuple(strata))


def begun(rng: np.random.Generator, *, n: int = 400, alpha: float = 0.05, functions: int = 4, **changes: Any) -> Stream:
    reference = batch_of("reference", n, rng, functions=functions)
    return start(reference, names(functions), sequential(**changes), alpha=alpha, salt="v1")


def watched(stream: Stream, n_batches: int, n: int, rng: np.random.Generator, **changes: Any) -> Stream:
    """The stream after further batches."""
    first = stream.state.checks
    return fold(stream, (batch_of(f"day-{first + k}", n, rng, **changes) for k in range(n_batches)))
