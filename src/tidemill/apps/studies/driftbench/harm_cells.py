"""Harm without labels and with the few that are asked for: does the interval cover, do scores rank harm first, is the verdict right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from tidemill.apps.studies.driftbench.population import Population
from tidemill.monitor.accuracy import estimate_accuracy, fit_witnesses
from tidemill.monitor.label_queue import Arrived
from tidemill.monitor.rows import rounded
from tidemill.monitor.stream_harm import Judge, Since
from tidemill.reports.driftbench import HarmCell, HarmRanking
from tidemill.reports.monitor import StreamHarm

Index = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]
Chances = Callable[[Population], tuple[Array, Array]]
"""Of each row of the first source, and of later ones, to be drawn where its turn comes."""

REFERENCE: Final = 1300
ROWS: Final = 300
BATCHES: Final = 2
_ROUNDING: Final = 1e-9
_MARGIN: Final = 0.5  # of the tolerated fall: nearer to it a fall is neither harmful nor benign


@dataclass(frozen=True)
class Mix:
    """How rows arrive.

    Attributes
    ----------
    kind
        Name in the table.
    share
        Of rows of later sources.
    chances
        Weights of rows of the first source and of later ones.
    hard
        Whether rows are picked by whether the champion is right, or of one class of a new source: nothing without labels can tell.
    """

    kind: str
    share: float
    chances: Chances
    hard: bool = False


def _even(people: Population) -> tuple[Array, Array]:
    return np.ones(len(people.known)), np.ones(len(people.later))


def _ratio(odds: float) -> Chances:
    """The second class is ``odds`` times as frequent among rows of the first source."""
    return lambda people: (np.where(people.gold[people.known] == 1, odds, 1.0), np.ones(len(people.later)))


def _right(people: Population) -> tuple[Array, Array]:
    return np.ones(len(people.known)), right_of(people)[people.later].astype(np.float64)


def _class(k: int) -> Chances:
    return lambda people: (np.ones(len(people.known)), (people.gold[people.later] == k).astype(np.float64))


MIXES: Final = (
    Mix("nothing changes", 0.0, _even),
    Mix("the second class three times as frequent", 0.0, _ratio(3.0)),
    Mix("the second class a third as frequent", 0.0, _ratio(1.0 / 3.0)),
    *(Mix(f"{share:.0%} of the later source", share, _even) for share in (0.1, 0.2, 0.5, 1.0)),
    *(
        Mix(f"{share:.0%} of rows of the later source that are predicted right", share, _right, hard=True)
        for share in (0.3, 1.0)
    ),
    *(
        Mix(f"{share:.0%} of one class of the later source, the {name}", share, _class(k), hard=True)
        for k, name in enumerate(("first", "second"))
        for share in (0.2, 1.0)
    ),
)


WORSE: Final = Mix("rows made worse", 1.0, _even)


def right_of(people: Population) -> npt.NDArray[np.bool_]:
    """Tell whether the champion predicts rows right.

    Parameters
    ----------
    people : Population
        With gold.

    Returns
    -------
    (n_rows,)
    """
    return np.asarray(people.rows.rows.probabilities.argmax(axis=1) == people.gold)


@dataclass(frozen=True)
class Drawn:
    """One batch of a mix, judged.

    Attributes
    ----------
    fall
        Of the accuracy that was estimated without labels.
    covered
        Whether the interval of the batch's accuracy has it.
    width
        Of the interval.
    verdict
        Without labels, and with them where it is undecided.
    labels
        That were asked for.
    """

    fall: float
    covered: bool
    width: float
    alone: StreamHarm
    verdict: StreamHarm
    labels: int


def run_harm(people: Population, mix: Mix, draws: int, seed: int) -> tuple[HarmCell, Array]:
    """Judge batches of a mix, each with a reference of its own.

    Parameters
    ----------
    people : Population
        Rows to draw from, with gold.
    mix : Mix
        How rows arrive.
    draws, seed : int
        How many batches, and where chance begins.

    Returns
    -------
    HarmCell
    falls : (n_draws,)
        Of the accuracy, as estimated without labels.
    """
    known, later = mix.chances(people)
    right = right_of(people)
    before = right[people.known].mean()
    after = (1.0 - mix.share) * np.average(right[people.known], weights=known) + mix.share * np.average(
        right[people.later], weights=later
    )
    fall, tolerated = float(before - after), people.settings.harm.tolerated_drop
    results = [_drawn(people, mix, (known, later), np.random.default_rng([seed, k])) for k in range(draws)]
    truth = fall > tolerated
    cell = HarmCell(
        problem=people.problem,
        kind=mix.kind,
        hard=mix.hard,
        draws=draws,
        accuracy=rounded(after),
        fall=rounded(fall),
        effect=_effect(fall, tolerated),
        covered=rounded(np.mean([one.covered for one in results])),
        width=rounded(np.mean([one.width for one in results])),
        decided_alone=rounded(np.mean([one.alone.harm is not None for one in results])),
        right_alone=rounded(np.mean([one.alone.harm is None or one.alone.harm == truth for one in results])),
        right=rounded(np.mean([one.verdict.harm == truth for one in results])),
        median_labels=int(np.median([one.labels for one in results])),
    )
    return cell, np.array([one.fall for one in results])


def _effect(fall: float, tolerated: float) -> Literal["harmful", "benign", "between"]:
    if abs(fall - tolerated) < _MARGIN * tolerated - _ROUNDING:
        return "between"
    return "harmful" if fall > tolerated else "benign"


def _drawn(people: Population, mix: Mix, weights: tuple[Array, Array], rng: np.random.Generator) -> Drawn:
    reference = rng.choice(people.known, min(REFERENCE, len(people.known)))
    batches = [_arriving(people, mix, weights, rng) for _ in range(BATCHES)]
    right, level = right_of(people), 1.0 - people.settings.alpha
    witnesses = fit_witnesses(people.rows.rows.at(reference), people.gold[reference], level=level)
    now = estimate_accuracy(witnesses, people.rows.rows.at(batches[0]), level=level)
    answers = {f"{b}/{k}": int(people.gold[place]) for b, batch in enumerate(batches) for k, place in enumerate(batch)}
    judge = Judge(
        reference=people.rows.rows.at(reference),
        witnesses=witnesses,
        n_classes=len(people.names.classes),
        labels=lambda _: {},
        eligible=answers.keys(),
        salt=str(rng.integers(1 << 31)),
        settings=people.settings,
    )
    alone, verdict = (
        replace(judge, labels=labels).verdict(_since(people, batches)) for labels in (lambda _: {}, lambda _: answers)
    )
    asked = alone.labels is not None and alone.labels.more_labels > 0
    truth = right[batches[0]].mean()
    return Drawn(
        fall=witnesses.reference.estimate - now.estimate,
        covered=bool(now.low <= truth <= now.high),
        width=now.high - now.low,
        alone=alone,
        verdict=verdict if asked else alone,
        labels=verdict.labels.labels_used if asked and verdict.labels is not None else 0,
    )


def _arriving(people: Population, mix: Mix, weights: tuple[Array, Array], rng: np.random.Generator) -> Index:
    new = rng.random(ROWS) < mix.share
    drawn = [
        rng.choice(places, ROWS, p=one / one.sum())
        for places, one in zip((people.known, people.later), weights, strict=True)
    ]
    return np.where(new, drawn[1], drawn[0])


def _since(people: Population, batches: list[Index]) -> Since:
    """As if they had raised an alarm together: what is asked is whether a drift is harm."""
    arrived = tuple(
        Arrived(tuple(f"{b}/{k}" for k in range(len(batch))), people.rows.rows.at(batch))
        for b, batch in enumerate(batches)
    )
    return Since(tuple(map(str, range(len(batches)))), arrived, before_alarm=len(batches))


def ranking(problem: str, cells: Sequence[HarmCell], falls: Sequence[Array], *, hard: bool) -> HarmRanking:
    """Measure how well falls that are estimated without labels rank harmful batches before benign ones.

    Parameters
    ----------
    problem : str
        Its name.
    cells : sequence of HarmCell
        Of the problem.
    falls : sequence of (n_draws,)
        Of each cell.
    hard : bool
        Whether cells are counted that nothing without labels can tell.

    Returns
    -------
    HarmRanking
    """
    taken = [(one, values) for one, values in zip(cells, falls, strict=True) if hard or not one.hard]
    harmful, benign = (
        np.concatenate([values for one, values in taken if one.effect == effect] or [np.zeros(0)])
        for effect in ("harmful", "benign")
    )
    return HarmRanking(problem=problem, hard=hard, auc=rounded(auc(harmful, benign)))


def auc(higher: Array, lower: Array) -> float:
    """Compute the chance that one value is above another, ties counted half.

    Parameters
    ----------
    higher, lower : (n_values,)
        Values of either kind; without any of a kind it is 0.

    Returns
    -------
    float

    Examples
    --------
    >>> auc(np.array([2.0, 1.0]), np.array([1.0, 0.0]))
    0.875
    """
    if not len(higher) or not len(lower):
        return 0.0
    above = np.sign(higher[:, None] - lower[None, :])
    return float((above.mean() + 1.0) / 2.0)
