"""best trials of a search -> how much better than the settings there are each one is, on rows the search has not asked about.

The best of many trials is in part the luckiest. So the best few and the settings there are are fitted anew, with other folds
and seeds, and asked about the half of the rows that no trial was judged by: there luck does not come along. The interval is
of the paired difference by row (bootstrap), widened for the number of finalists (Bonferroni).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.train.deadline import OutOfTimeError, until
from tidemill.train.learn import folds
from tidemill.train.search import CHANGES, Field, losses_of, missed
from tidemill.train.search_settings import HERE
from tidemill.train.space import BACKBONE, changed
from tidemill.train.teach import Array
from tidemill.train.views import learned

_DRAWS: Final = 2_000
_ROUNDS: Final = 20  # more would say the same
_ERROR: Final = 0.05  # one in twenty is called better by chance, whichever of the finalists it is


@dataclass(frozen=True)
class Finalist:
    """A trial that was judged again: its number, backbone and changes, and its gain with an interval, in two measures."""

    trial: int
    backbone: str
    changes: dict[str, Any]
    gain: tuple[float, float, float]
    points: tuple[float, float, float]


def finals(field: Field, study: Any, *, deadline: float) -> tuple[list[Finalist], int]:
    """Field, study and a moment -> finalists, the largest gain first, and how many rounds there were; none: no time.

    Only whole rounds count: each fits the settings there are and every finalist on the same folds with the same seed.
    """
    chosen, rows = finalists(study, field), int(field.asked(1).sum())
    if not chosen or not rows:
        return [], 0
    chosen = chosen[: max(1, _affordable(chosen, deadline))]
    losses, wrong = _measures(field)
    sums = np.zeros((2, len(chosen) + 1, rows))
    rounds = 0
    try:
        with until(deadline):
            while rounds < _ROUNDS:
                said = _round(field, chosen, field.settings.seed + 1 + rounds)
                sums += np.stack([[_told(measure(one)) for one in said] for measure in (losses, wrong)])
                rounds += 1
    except OutOfTimeError:
        pass
    if not rounds:
        return [], 0
    gains = (sums[:, :1] - sums[:, 1:]) / rounds
    level = _ERROR / len(chosen)
    found = [
        Finalist(
            one.number,
            one.user_attrs[BACKBONE],
            one.user_attrs[CHANGES],
            interval(gains[0, k], level, field.how.seed),
            interval(gains[1, k], level, field.how.seed),
        )
        for k, one in enumerate(chosen)
    ]
    return sorted(found, key=lambda one: -one.gain[0]), rounds


def finalists(study: Any, field: Field) -> list[Any]:
    """Study and field -> its best whole trials that change something, each change once, the best first."""
    done = sorted((one for one in study.trials if one.state.name == "COMPLETE"), key=lambda one: one.value)
    found: dict[str, Any] = {}
    for one in done:
        backbone, changes = one.user_attrs[BACKBONE], one.user_attrs[CHANGES]
        if (changes or backbone != HERE) and backbone in field.lessons:
            found.setdefault(f"{backbone} {sorted(changes.items())}", one)
    return list(found.values())[: field.how.finalists]


def _affordable(chosen: Sequence[Any], deadline: float) -> int:
    """Trials, best first, and a moment -> of how many a round, and the one of the settings there are, ends in time."""
    left = deadline - time.monotonic()
    seconds = np.array([one.duration.total_seconds() if one.duration else 0.0 for one in chosen])
    return int((np.cumsum(seconds) + seconds.mean() < left).sum())


def _round(field: Field, chosen: Sequence[Any], seed: int) -> list[Probabilities]:
    """Field, trials and a seed -> what models of the other rows say of each row: settings there are first."""
    asked: list[tuple[str, dict[str, Any]]] = [(HERE, {})]
    asked += [(one.user_attrs[BACKBONE], one.user_attrs[CHANGES]) for one in chosen]
    part = folds(len(field.lesson.targets), field.how.parts, seed)
    answers = []
    for backbone, changes in asked:
        lesson = field.lessons[backbone]
        settings = changed(field.settings, changes).model_copy(update={"seed": seed})
        said = np.zeros_like(lesson.targets)
        for k in range(field.how.parts):
            model, unseen = learned(lesson.part(part != k), settings), lesson.part(part == k)
            said[part == k] = model.predict_proba(unseen.features, unseen.texts)
        answers.append(said)
    return answers


def _measures(field: Field) -> tuple[Any, Any]:
    """Field -> the loss, and the share missed of what is known: gold where it decides, else sure labels."""
    rows, lesson = field.asked(1), field.lesson
    labels = lesson.gold if field.gold_rows else lesson.targets.argmax(axis=1)
    return losses_of(field, rows), missed(labels, rows)


def _told(losses: Array) -> Array:
    return losses[~np.isnan(losses)]


def interval(gains: Array, level: float, seed: int) -> tuple[float, float, float]:
    """(rows,) gains and the share of error allowed -> mean, and both ends of its interval over resampled rows."""
    generator = np.random.default_rng(seed)
    drawn = [generator.choice(gains, size=len(gains)).mean() for _ in range(_DRAWS)]
    low, high = np.quantile(drawn, [level / 2, 1 - level / 2])
    return float(gains.mean()), float(low), float(high)
