"""What each labeling function costs, measured on its own."""

from __future__ import annotations

import time
from typing import Final

import polars as pl

from tidemill.label.conditions.labeled_examples import FEATURE
from tidemill.label.engine.apply import apply
from tidemill.label.engine.failures import Quarantine
from tidemill.label.engine.load import LoadedFunction, LoadedFunctions
from tidemill.label.engine.row_applier import STATISTIC
from tidemill.label.engine.worker_pool import RemoteFunction, WorkerPool

TEXTS: Final = 200
IMAGES: Final = 8
_PATIENCE: Final = 1 << 30


def costs(rows: pl.DataFrame, loaded: LoadedFunctions) -> dict[str, float]:
    """Measure the time that each labeling function takes on its own, images decoded for it.

    The first rows of the table serve: 200 of texts, 8 of images. A function that fails costs what it took to fail. One in
    Python is timed inside its worker, without what passes between the processes.

    Parameters
    ----------
    rows
        Raw rows as labeling functions see them.
    loaded
        Labeling functions and their workers.

    Returns
    -------
    dict of str to float
        Milliseconds per thousand rows, by name of the function.
    """
    sample = rows.head(IMAGES if "image" in rows.columns else TEXTS)
    return {function.name: _cost(sample, function, loaded) for function in loaded.functions}


def _cost(rows: pl.DataFrame, function: LoadedFunction, loaded: LoadedFunctions) -> float:
    _seconds(rows.head(1), function, loaded)  # imports and patterns
    return 1e6 * _seconds(rows, function, loaded) / max(rows.height, 1)


def _seconds(rows: pl.DataFrame, function: LoadedFunction, loaded: LoadedFunctions) -> float:
    if isinstance(function, RemoteFunction):
        assert loaded.workers is not None  # noqa: S101 - it lives there
        return _seconds_in_worker(rows.drop(FEATURE, strict=False), function, loaded.workers)
    start = time.perf_counter()
    apply(rows, [function], n_classes=len(loaded.classes), on_error=Quarantine(limit=_PATIENCE))
    return time.perf_counter() - start


def _seconds_in_worker(rows: pl.DataFrame, function: RemoteFunction, workers: WorkerPool) -> float:
    if function.of_rows:
        return workers.ask([function], rows).seconds
    names = function.statistics if "image" in rows.columns else ()
    measured = workers.ask([], rows, statistics=names)
    table = rows.with_columns(
        pl.Series(f"{STATISTIC}{name}", measured.statistics[:, k]) for k, name in enumerate(names)
    )
    return measured.seconds + workers.ask([function], table).seconds
