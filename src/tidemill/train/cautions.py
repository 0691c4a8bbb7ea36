"""the labels that taught a model -> what makes it doubtful, in sentences that name class, count and remedy."""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import NO_GOLD, Probabilities
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array, Ints

FEW: Final = 15
"""Rows of a class below which its score is mostly luck."""
LOPSIDED: Final = 100
"""Rows of the most common class for one of the rarest, above which the rarest is lost in the crowd."""


def cautions(
    targets: Probabilities, weights: Array, gold: Ints, classes: tuple[str, ...], settings: TrainSettings
) -> list[str]:
    """Labels as they taught, weights, gold of the same rows, class names and settings -> sentences; none is good."""
    taught = np.bincount(targets[weights > 0].argmax(axis=1), minlength=len(classes))
    told = [_few(name, int(count), settings) for name, count in zip(classes, taught, strict=True) if count < FEW]
    if settings.use_gold:
        known = np.bincount(gold[gold != NO_GOLD], minlength=len(classes))
        told += [_few_gold(name, int(count)) for name, count in zip(classes, known, strict=True) if count < FEW]
    return told + _lopsided(taught, classes, settings)


def _few(name: str, count: int, settings: TrainSettings) -> str:
    remedy = f"write labeling functions that vote {name}"
    remedy += (
        ", or label more of it" if settings.use_gold else ", or label some of it in dev and set train.use_gold=true"
    )
    if not count:
        return f"no row teaches class {name}, so it will hardly ever be the answer: {remedy}"
    return f"{_rows(count)} class {name}, fewer than {FEW}: its scores are mostly luck; {remedy}"


def _rows(count: int) -> str:
    return "1 row teaches" if count == 1 else f"{count} rows teach"


def _few_gold(name: str, count: int) -> str:
    gold = f"{count or 'no'} gold {'row' if count == 1 else 'rows'}"
    return f"{gold} of class {name} in dev, fewer than {FEW}: train.use_gold leans on them; label more of it"


def _lopsided(counts: Ints, classes: tuple[str, ...], settings: TrainSettings) -> list[str]:
    most, least = int(counts.argmax()), int(counts.argmin())
    if not counts[least] or counts[most] <= LOPSIDED * counts[least]:
        return []
    ratio = f"{counts[most]:,} rows teach class {classes[most]} and {counts[least]:,} class {classes[least]}"
    weigh = "" if settings.class_balance else ", set train.class_balance=true"
    return [
        f"{ratio}, more than {LOPSIDED} to 1: find more rows of {classes[least]}{weigh}, and read balanced accuracy"
    ]
