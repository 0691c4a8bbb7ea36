"""Warnings about the labels that a model was trained on, in sentences that name class, count and remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.train.row_weights import Array, Ints
from tidemill.train.settings import TrainSettings

MIN_CLASS_ROWS: Final = 15
"""Rows of a class below which its score is mostly luck."""
_SHOWN: Final = 5
"""Classes with few rows that are warned of by name."""
MAX_IMBALANCE: Final = 100
"""Rows of the most common class for one of the rarest, above which the rarest is hardly learned."""


def training_warnings(
    targets: Probabilities, weights: Array, gold: Ints, classes: tuple[str, ...], settings: TrainSettings
) -> list[str]:
    """Warn of classes with few rows, little gold, or too uneven numbers.

    Parameters
    ----------
    targets : (n_rows, n_classes)
        Labels as they were used.
    weights : (n_rows,)
        0: the row was not trained on.
    gold : (n_rows,)
        Class index or ``NO_GOLD``.
    classes
        Names of the classes.
    settings
        Settings of train.

    Returns
    -------
    list of str
        Empty where there is nothing to warn of.
    """
    counts = np.bincount(targets[weights > 0].argmax(axis=1), minlength=len(classes))
    result = _of_rarest(counts, classes, "training rows", lambda name, count: _few(name, count, settings))
    if settings.gold.use:
        gold_counts = np.bincount(gold[gold != NO_GOLD], minlength=len(classes))
        result += _of_rarest(gold_counts, classes, "gold rows of train and dev", _few_gold)
    return result + _imbalance(counts, classes, settings)


def _of_rarest(counts: Ints, classes: tuple[str, ...], what: str, warning: Callable[[str, int], str]) -> list[str]:
    """A warning for each class with too few rows; of many such classes, for the rarest, and the number of the others."""
    few = [(int(count), place) for place, count in enumerate(counts) if count < MIN_CLASS_ROWS]
    shown = few if len(few) <= _SHOWN else sorted(few)[:_SHOWN]
    results = [warning(classes[place], count) for count, place in shown]
    if len(few) > len(shown):
        results.append(f"{len(few) - len(shown)} more classes have fewer than {MIN_CLASS_ROWS} {what}")
    return results


def _few(name: str, count: int, settings: TrainSettings) -> str:
    remedy = f"write labeling functions that vote {name}"
    remedy += ", or label more of it" if settings.gold.use else ", or label some of it and set train.gold.use=true"
    if not count:
        return f"no training row of class {name}, so it will hardly ever be predicted: {remedy}"
    return f"{_count(count)} of class {name}, fewer than {MIN_CLASS_ROWS}: its scores are mostly luck; {remedy}"


def _count(count: int) -> str:
    return "1 training row" if count == 1 else f"{count} training rows"


def _few_gold(name: str, count: int) -> str:
    gold = f"{count or 'no'} gold {'row' if count == 1 else 'rows'}"
    return f"{gold} of class {name} in train and dev, fewer than {MIN_CLASS_ROWS}: train.gold.use relies on them; label more of it"


def _imbalance(counts: Ints, classes: tuple[str, ...], settings: TrainSettings) -> list[str]:
    most, least = int(counts.argmax()), int(counts.argmin())
    if not counts[least] or counts[most] <= MAX_IMBALANCE * counts[least]:
        return []
    ratio = f"{counts[most]:,} training rows of class {classes[most]} and {counts[least]:,} of class {classes[least]}"
    weigh = "" if settings.labels.class_balance else ", set train.labels.class_balance=true"
    return [
        f"{ratio}, more than {MAX_IMBALANCE} to 1: find more rows of {classes[least]}{weigh}, and read balanced accuracy"
    ]
