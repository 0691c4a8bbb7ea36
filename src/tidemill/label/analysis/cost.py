"""What each labeling function costs, measured on its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import polars as pl

from tidemill.label.engine.apply import apply
from tidemill.label.engine.failures import Quarantine
from tidemill.label.functions.declared import AnyFunction

TEXTS: Final = 200
IMAGES: Final = 8
_PATIENCE: Final = 1 << 30


def costs(rows: pl.DataFrame, functions: Sequence[AnyFunction], *, n_classes: int) -> dict[str, float]:
    """Measure the time that each labeling function takes on its own, images decoded for it.

    The first rows of the table serve: 200 of texts, 8 of images. A function that fails costs what it took to fail.

    Parameters
    ----------
    rows
        Raw rows as labeling functions see them.
    functions
        Labeling functions.
    n_classes
        Number of classes.

    Returns
    -------
    dict of str to float
        Milliseconds per thousand rows, by name of the function.
    """
    sample = rows.head(IMAGES if "image" in rows.columns else TEXTS)
    return {function.name: _cost(sample, function, n_classes) for function in functions}


def _cost(rows: pl.DataFrame, function: AnyFunction, n_classes: int) -> float:
    quarantine = Quarantine(limit=_PATIENCE)
    apply(rows.head(1), [function], n_classes=n_classes, on_error=quarantine)  # imports and patterns
    start = time.perf_counter()
    apply(rows, [function], n_classes=n_classes, on_error=quarantine)
    return 1e6 * (time.perf_counter() - start) / max(rows.height, 1)
