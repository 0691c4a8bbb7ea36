"""How far held-out facts are true: precision at thresholds, calibration, and which functions caused errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.statistics import wilson
from tidemill.contracts import ABSTAIN, not_class
from tidemill.facts.graph import Array
from tidemill.reports.facts import FunctionErrors, PrecisionAt

Flags = npt.NDArray[np.bool_]
THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_CONFIDENCE: Final = 0.95
_BINS: Final = 10
_HALF: Final = 0.5


def precision_at(probabilities: Array, truth: Flags) -> list[PrecisionAt]:
    """Measure the precision of facts at several thresholds.

    Parameters
    ----------
    probabilities : (n_facts,)
        Of held-out facts.
    truth : (n_facts,)
        Whether each is true.

    Returns
    -------
    list of PrecisionAt
    """
    results = []
    for threshold in THRESHOLDS:
        there = probabilities >= threshold
        facts, true = int(there.sum()), int(truth[there].sum())
        results.append(
            PrecisionAt(
                threshold=threshold,
                facts=facts,
                true=true,
                precision=true / facts if facts else None,
                interval=wilson(true, facts, _CONFIDENCE),
                expected=float(probabilities[there].mean()) if facts else None,
            )
        )
    return results


def calibration_bins(probabilities: Array, truth: Flags) -> list[tuple[float, float, int]]:
    """Divide facts by tenths of their probability.

    Parameters
    ----------
    probabilities : (n_facts,)
        Of facts.
    truth : (n_facts,)
        Whether each is true.

    Returns
    -------
    list of (float, float, int)
        Mean probability, share of true facts and number of facts, of each tenth that has any.
    """
    tenth = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    masks = [tenth == number for number in range(_BINS)]
    return [(float(probabilities[m].mean()), float(truth[m].mean()), int(m.sum())) for m in masks if m.any()]


def calibration_error(probabilities: Array, truth: Flags) -> float | None:
    """Compute the mean difference between probability and share of true facts, by tenths.

    Parameters
    ----------
    probabilities : (n_facts,)
        Of facts.
    truth : (n_facts,)
        Whether each is true.

    Returns
    -------
    float or None
        None where there are no facts.
    """
    if not len(truth):
        return None
    return sum(abs(mean - share) * count for mean, share, count in calibration_bins(probabilities, truth)) / len(truth)


def function_errors(
    facts: pl.DataFrame, probabilities: Array, votes: pl.DataFrame, classes: Sequence[str]
) -> list[FunctionErrors]:
    """Count, for each labeling function, the wrong facts that it spoke for.

    Parameters
    ----------
    facts
        Held-out facts: relation, truth and rows.
    probabilities : (n_facts,)
        Of each.
    votes
        row_id, batch, split, and a column for each function.
    classes
        Names of the classes.

    Returns
    -------
    list of FunctionErrors
        Those with most errors first.
    """
    index = pl.Series([classes.index(name) for name in facts["relation"]], dtype=pl.Int16)
    about = facts.select("truth", "rows").with_columns(
        pl.int_range(pl.len()).alias("fact"), index.alias("class"), pl.Series("likely", probabilities >= _HALF)
    )
    cast = about.explode("rows").join(votes.drop("batch", "split"), left_on="rows", right_on="row_id")
    names = votes.columns[3:]
    refused = not_class(0) - pl.col("class")
    for_it = [(pl.col(name) == pl.col("class")).any().alias(f"for {name}") for name in names]
    against = [
        ((pl.col(name) == refused) | ((pl.col(name) >= 0) & (pl.col(name) != pl.col("class"))))
        .any()
        .alias(f"not {name}")
        for name in names
    ]
    any_vote = [(pl.col(name) != ABSTAIN).any().alias(f"any {name}") for name in names]
    told = cast.group_by("fact").agg(pl.col("truth").first(), pl.col("likely").first(), *for_it, *against, *any_vote)
    false, missed = told.filter(pl.col("likely") & ~pl.col("truth")), told.filter(~pl.col("likely") & pl.col("truth"))
    results = [
        FunctionErrors(
            function=name,
            false_facts=int(false[f"for {name}"].sum()),
            missed_facts=int(missed[f"not {name}"].sum()),
            votes=int(told[f"any {name}"].sum()),
        )
        for name in names
    ]
    return sorted(results, key=lambda item: (-item.false_facts - item.missed_facts, item.function))
