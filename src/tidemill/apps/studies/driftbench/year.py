"""A simulated year with a season, broken days and three real shifts: how often a trigger has a model retrained, and what that is worth.

Every trigger sees the same rows and has models of the same kind trained of the same rows: a logistic regression on the weak labels of what has
arrived. There is no gate, and a retrain is followed by the same cool-down for all, so only the decision when to retrain differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from tidemill.apps.studies.driftbench.population import Population
from tidemill.denoise.label_model import LabelModel
from tidemill.monitor.rows import Rows, rounded
from tidemill.reports.driftbench import YearCell

Index = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]

DAYS: Final = 365
ROWS: Final = 50
SHIFTS: Final = ((90, 0.2), (180, 0.5), (270, 0.9))
"""From which day on which share of the rows is of the later source."""
EMPTY_DAYS: Final = (33, 121, 214, 305)
COPIED_DAYS: Final = (58, 149, 236, 331)
COOLDOWN: Final = 3
WORTH: Final = 0.01
"""A retrain is needless if the new model is not this much more accurate on rows of its day."""

FIRST_ROWS: Final = 600
_TEACHING: Final = 1500  # of the newest rows
_HELD_OUT: Final = 0.3
_JUDGING: Final = 0.4  # of the population: never arrives
_WEEK: Final = 7
_WEEKEND: Final = (5, 6)
_ODDS: Final = 2.0  # of the second class at weekends


@dataclass(frozen=True)
class Day:
    """What arrives on a day.

    Attributes
    ----------
    number
        From 0 on.
    places : (n_rows,)
        Rows of the world.
    empty : (n_rows,)
        Which of them have lost their content.
    """

    number: int
    places: Index
    empty: npt.NDArray[np.bool_]

    @property
    def stratum(self) -> str:
        """Its part of the week."""
        return part_of_week(self.number)


def part_of_week(number: int) -> str:
    """Name the part of the week that a day is of.

    Parameters
    ----------
    number
        Of the day.

    Returns
    -------
    {"weekday", "weekend"}
    """
    return "weekend" if number % _WEEK in _WEEKEND else "weekday"


@dataclass(frozen=True)
class Model:
    """A champion of the year.

    Attributes
    ----------
    probabilities : (n_rows, n_classes)
        Of every row of the world.
    right : (n_rows,)
        Whether the most probable class is that of gold.
    """

    probabilities: Array
    right: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """Rows of a year.

    Attributes
    ----------
    people
        Rows of a packaged problem, metadata and length hidden; the last one has lost its content.
    arriving : tuple of (n_rows,)
        Places of rows that may arrive, of the first source and of later ones.
    judging : tuple of (n_rows,)
        The same of rows that models are judged by; they never arrive.
    """

    people: Population
    arriving: tuple[Index, Index]
    judging: tuple[Index, Index]

    @classmethod
    def of(cls, people: Population, rng: np.random.Generator) -> World:
        """Take rows apart.

        Parameters
        ----------
        people
            Rows of a packaged problem.
        rng
            Draws which rows arrive.

        Returns
        -------
        World
        """
        later = people.later
        first = np.setdiff1d(np.arange(len(people.rows)), later)
        parts = []
        for places in (first, later):
            order, count = rng.permutation(places), int(_JUDGING * len(places))
            parts.append((np.sort(order[count:]), np.sort(order[:count])))
        return cls(people.bare(functions=True), (parts[0][0], parts[1][0]), (parts[0][1], parts[1][1]))

    @cached_property
    def weak_labels(self) -> Array:
        """Probabilities of the classes by the functions' votes, (n_rows, n_classes)."""
        votes = self.people.rows.rows.votes
        model = LabelModel("dawid_skene", classes=list(self.people.names.classes)).fit(votes)
        return np.asarray(model.predict_proba(votes), dtype=np.float64)

    def weights(self, number: int, places: tuple[Index, Index]) -> tuple[Array, Array]:
        """Chances of rows to arrive on a day, those of both sources together summing to one.

        Parameters
        ----------
        number
            Of the day.
        places
            Rows of the first source and of later ones.

        Returns
        -------
        tuple of (n_rows,)
        """
        later = max((share for day, share in SHIFTS if number >= day), default=0.0)
        odds = _ODDS if part_of_week(number) == "weekend" else 1.0
        raw = [np.where(self.people.gold[part] == 1, odds, 1.0) for part in places]
        return (1.0 - later) * raw[0] / raw[0].sum(), later * raw[1] / raw[1].sum()

    def accuracy(self, model: Model, number: int) -> float:
        """Compute the accuracy on rows as they arrive on a day.

        Parameters
        ----------
        model
            Its predictions are judged.
        number
            Of the day.

        Returns
        -------
        float
        """
        chances = self.weights(number, self.judging)
        return float(sum((one * model.right[part]).sum() for one, part in zip(chances, self.judging, strict=True)))

    def train(self, places: Index) -> Model:
        """Train on weak labels of rows, each as often as it is named.

        Parameters
        ----------
        places
            Of the rows.

        Returns
        -------
        Model
        """
        from sklearn.linear_model import LogisticRegression

        features, soft = np.asarray(self.people.rows.rows.features, dtype=np.float64), self.weak_labels[places]
        center, spread = features[places].mean(axis=0), features[places].std(axis=0) + 1e-6
        scaled = (features - center) / spread
        n_classes = soft.shape[1]
        rows, classes = np.tile(places, n_classes), np.repeat(np.arange(n_classes), len(places))
        head = LogisticRegression(C=0.01, max_iter=200).fit(scaled[rows], classes, sample_weight=soft.T.ravel())
        probabilities = np.asarray(head.predict_proba(scaled))
        return Model(probabilities, np.asarray(probabilities.argmax(axis=1) == self.people.gold))

    def rows(self, model: Model, places: Index, empty: npt.NDArray[np.bool_] | None = None) -> Rows:
        """Collect features, predictions and votes of rows.

        Parameters
        ----------
        model
            That predicts them.
        places
            Of the rows.
        empty : (n_rows,)
            Rows that have lost their content: features of zero, no votes, and the mean prediction.

        Returns
        -------
        Rows
        """
        kept = self.people.rows.rows
        features, votes, predicted = kept.features[places], kept.votes[places], model.probabilities[places]
        if empty is not None and empty.any():
            features, votes, predicted = features.copy(), votes.copy(), predicted.copy()
            features[empty], votes[empty], predicted[empty] = 0.0, -1, model.probabilities.mean(axis=0)
        return Rows(features, predicted, votes)


class Trigger(Protocol):
    """Decides when a model is retrained."""

    name: str
    labels: int
    """Hand labels that it has asked for so far."""

    def begin(self, model: Model, held_out: Sequence[tuple[int, Index]], day: int) -> None:
        """Watch a new champion.

        Parameters
        ----------
        model
            The champion.
        held_out
            Rows that it was not trained on, by day of arrival.
        day
            From which on it is watched.
        """

    def retrains(self, day: Day) -> bool:
        """Look at a day.

        Parameters
        ----------
        day
            Of which rows arrive.

        Returns
        -------
        bool
            Whether a model is to be trained.
        """


def draw_days(world: World, rng: np.random.Generator) -> list[Day]:
    """Draw the rows of a year.

    Parameters
    ----------
    world
        Rows to draw from.
    rng
        Draws them.

    Returns
    -------
    list of Day
    """
    places = np.concatenate(world.arriving)
    days = []
    for number in range(DAYS):
        drawn = rng.choice(places, ROWS, p=np.concatenate(world.weights(number, world.arriving)))
        if number in COPIED_DAYS:
            drawn = np.repeat(drawn[: ROWS // 10], 10)
        empty = np.zeros(ROWS, dtype=np.bool_)
        empty[: ROWS // 2] = number in EMPTY_DAYS
        days.append(Day(number, drawn, empty))
    return days


def run_year(world: World, trigger: Trigger, rng: np.random.Generator) -> YearCell:
    """Follow a year.

    Parameters
    ----------
    world
        Rows of it.
    trigger
        Decides when to retrain.
    rng
        The same state for each trigger gives each the same rows.

    Returns
    -------
    YearCell
        Of one year.
    """
    first = rng.choice(world.arriving[0], FIRST_ROWS, p=world.weights(0, world.arriving)[0])
    days = draw_days(world, rng)
    held_out, teaching = _parted([(-1, first)], rng)
    champion = world.train(teaching[0][1])
    trigger.begin(champion, held_out, 0)
    accuracies, retrains, needless, last = [], 0, 0, -COOLDOWN
    for day in days:
        accuracies.append(world.accuracy(champion, day.number))
        new_held_out, new_teaching = _parted([(day.number, day.places[~day.empty])], rng)
        held_out, teaching = held_out + new_held_out, teaching + new_teaching
        if not trigger.retrains(day) or day.number - last < COOLDOWN:
            continue
        candidate = world.train(np.concatenate([places for _, places in teaching])[-_TEACHING:])
        gained = world.accuracy(candidate, day.number) - world.accuracy(champion, day.number)
        retrains, needless, last, champion = retrains + 1, needless + (gained < WORTH), day.number, candidate
        trigger.begin(champion, held_out, day.number + 1)
    return YearCell(
        problem=world.people.problem,
        trigger=trigger.name,
        years=1,
        retrains=retrains,
        needless=needless,
        accuracy=rounded(np.mean(accuracies)),
        labels=trigger.labels,
    )


Arrived = list[tuple[int, Index]]


def _parted(rows: Arrived, rng: np.random.Generator) -> tuple[Arrived, Arrived]:
    """Rows that are held out of training, and those that teach."""
    held_out, teaching = [], []
    for day, places in rows:
        out = rng.random(len(places)) < _HELD_OUT
        held_out.append((day, places[out]))
        teaching.append((day, places[~out]))
    return held_out, teaching


def summed(cells: Sequence[YearCell]) -> YearCell:
    """Put years of one trigger together.

    Parameters
    ----------
    cells
        Of one problem and trigger, a year each.

    Returns
    -------
    YearCell
    """
    return cells[0].model_copy(
        update={
            "years": len(cells),
            "retrains": sum(cell.retrains for cell in cells),
            "needless": sum(cell.needless for cell in cells),
            "accuracy": rounded(np.mean([cell.accuracy for cell in cells])),
            "labels": sum(cell.labels for cell in cells),
        }
    )
