"""Apply loaded labeling functions to a table in memory, those in Python in their confined workers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import polars as pl

from tidemill.contracts import Votes
from tidemill.label.conditions.labeled_examples import FEATURE
from tidemill.label.engine.failures import OnError, fail
from tidemill.label.engine.load import LoadedFunction, LoadedFunctions
from tidemill.label.engine.vote_reuse import Batch, Engine


def apply_loaded(
    loaded: LoadedFunctions, functions: Sequence[LoadedFunction], rows: pl.DataFrame, *, on_error: OnError = fail
) -> Votes:
    """Apply some loaded functions to rows, as the label stage does; no votes are kept.

    Parameters
    ----------
    loaded
        What the functions are of.
    functions
        The functions to apply.
    rows
        What labeling functions see of rows, with ``row_id``; ``feature`` is shown to declared functions alone.
    on_error
        Called with each failure.

    Returns
    -------
    (n_rows, n_functions)
        int16 votes.

    Raises
    ------
    FunctionError
        A worker died too often, or ``on_error`` raises it.
    """
    if not functions:
        return np.empty((rows.height, 0), dtype=np.int16)
    seen = rows.drop(FEATURE, strict=False)
    with_features = (lambda table: table.with_columns(rows[FEATURE])) if FEATURE in rows.columns else None
    batch = Batch("rows", "", read=lambda: seen, ids=lambda: seen, features=with_features)
    part = dataclasses.replace(loaded, functions=list(functions))
    try:
        return next(iter(Engine(part, on_error).votes([batch])))
    finally:
        loaded.workers = part.workers  # started for image statistics, where none of the functions is Python's
