"""Votes that depend on the split of a row, which the row does not show: a function that knows gold of held-out rows.

A row's split is drawn by a hash of its id, so that nothing in the row tells it. Of a function that sees its row alone, how often it votes
and how often it agrees with the others is then the same in every split of a batch, but for chance: given both totals, the
count in a split is hypergeometric, and that of several batches a sum of such (the exact form of the test of Mantel and
Haenszel, 1959). The test needs no gold, and so finds votes that equal gold of ``valid`` and ``test`` too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import ABSTAIN, SPLITS, Votes, not_class

FALSE_ALARM: Final = 0.001
"""Probability that a run names any function although none depends on the split."""
_MOVED: Final = 0.1
"""Least share of a function's votes that has to differ: splits of many rows show differences that mean nothing."""
_SAMPLE: Final = 20_000
_SURPRISING: Final = 3.0
"""Standard deviations below which no exact tail is worth computing."""
_NEGLIGIBLE: Final = 1e-16
_ABSTAINS, _AGREES, _DISAGREES, _ALONE = range(4)
_CATEGORIES: Final = 4

SplitCounts = npt.NDArray[np.int64]
"""(n_functions, n_splits, n_categories): rows of a batch by split and by what the function does beside the others."""


@dataclass(frozen=True)
class Dependence:
    """A function whose votes depend on the split.

    Parameters
    ----------
    function
        Its name.
    split
        The split in which it votes otherwise.
    covered, covered_elsewhere
        Share of rows on which it votes, in the split and in the others.
    agrees, agrees_elsewhere
        Share of its votes beside others' with which most of those agree; nan without any.
    p
        Probability of such a difference by chance.
    """

    function: str
    split: str
    covered: float
    covered_elsewhere: float
    agrees: float
    agrees_elsewhere: float
    p: float

    def __str__(self) -> str:
        return (
            f"{self.function} votes on {self.covered:.1%} of {self.split} rows and on {self.covered_elsewhere:.1%} of others, and the "
            f"other functions agree with {_percent(self.agrees)} and {_percent(self.agrees_elsewhere)} of its votes: it knows what its "
            f"row does not show, such as gold (by chance, one run in {1 / FALSE_ALARM:,.0f} names a function)"
        )


def count_by_split(votes: Votes, splits: pl.Series, n_classes: int) -> SplitCounts:
    """Count what functions do in each split of a batch.

    Parameters
    ----------
    votes : (n_rows, n_functions)
    splits : (n_rows,)
        Names of splits. At most 20,000 rows, evenly spaced, are looked at.
    n_classes
        Number of classes.

    Returns
    -------
    (n_functions, n_splits, n_categories)
    """
    step = max(1, -(-len(votes) // _SAMPLE))
    votes, of_row = np.asfortranarray(votes[::step]), _numbers(splits.gather_every(step).to_numpy())
    totals = np.zeros((len(votes), n_classes), dtype=np.int16)
    for k in range(n_classes):
        for j in range(votes.shape[1]):  # a column at a time lies together
            totals[:, k] += votes[:, j] == k
    counts = np.zeros((votes.shape[1], len(SPLITS), _CATEGORIES), dtype=np.int64)
    for j in range(votes.shape[1]):
        rows = np.flatnonzero(votes[:, j] != ABSTAIN)
        cells = of_row[rows] * _CATEGORIES + _categories(votes[rows, j], totals[rows])
        counts[j] = np.bincount(cells, minlength=len(SPLITS) * _CATEGORIES).reshape(len(SPLITS), _CATEGORIES)
    counts[:, :, _ABSTAINS] = np.bincount(of_row, minlength=len(SPLITS)) - counts.sum(axis=2)
    return counts


def find_dependent(counts: Sequence[SplitCounts], names: Sequence[str]) -> list[Dependence]:
    """Name the functions whose votes depend on the split.

    Parameters
    ----------
    counts
        ``count_by_split`` of each batch.
    names
        Names of the functions.

    Returns
    -------
    list of Dependence
        One for each function, of the split that shows it most; empty where none is beyond chance.
    """
    held_out = [split for split in range(len(SPLITS)) if SPLITS[split] != "train"]
    level = FALSE_ALARM / max(1, len(names) * len(held_out) * 2)  # two questions of each: does it vote, does it agree
    results = []
    for j, name in enumerate(names):
        tests = [_dependence(name, split, [batch[j] for batch in counts]) for split in held_out]
        sure = [test for test in tests if test is not None and test.p < level]
        if sure:
            results.append(min(sure, key=lambda test: test.p))
    return results


def _numbers(names: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    numbers = np.zeros(len(names), dtype=np.int64)
    for number, name in enumerate(SPLITS):
        numbers[names == name] = number
    return numbers


def _categories(own: npt.NDArray[np.int16], others: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    """Whether most of the others agree with a function, on rows on which it votes; its own votes are among theirs at first."""
    rows = np.flatnonzero(own >= 0)
    others[rows, own[rows]] -= 1
    most, any_other = others.argmax(axis=1), others.max(axis=1) > 0
    agrees = np.where(own >= 0, most == own, not_class(0) - own != most)
    return np.where(any_other, np.where(agrees, _AGREES, _DISAGREES), _ALONE)


def _dependence(name: str, split: int, batches: Sequence[SplitCounts]) -> Dependence | None:
    """None where the split has no rows beside others', or too few votes differ to mean anything."""
    here, elsewhere = np.zeros(_CATEGORIES), np.zeros(_CATEGORIES)
    votes: list[_Draw] = []
    agreements: list[_Draw] = []
    for counts in batches:
        inside, whole = counts[split], counts.sum(axis=0)
        n, n_inside = int(whole.sum()), int(inside.sum())
        if not 0 < n_inside < n:
            continue
        votes.append(_Draw(n, n - int(whole[_ABSTAINS]), n_inside, n_inside - int(inside[_ABSTAINS])))
        beside, beside_inside = (int(item[_AGREES] + item[_DISAGREES]) for item in (whole, inside))
        agreements.append(_Draw(beside, int(whole[_AGREES]), beside_inside, int(inside[_AGREES])))
        here += inside
        elsewhere += (whole - inside) * n_inside / (n - n_inside)  # as many as here, so that batches weigh alike
    if not here.sum() or _moved(here, elsewhere) < _MOVED:
        return None
    p = min(_tail(votes), _tail(agreements))
    return Dependence(name, SPLITS[split], _covered(here), _covered(elsewhere), _agreed(here), _agreed(elsewhere), p)


@dataclass(frozen=True)
class _Draw:
    """Of ``n`` rows ``marked`` are marked; ``drawn`` are in the split, and ``seen`` of those are marked."""

    n: int
    marked: int
    drawn: int
    seen: int

    @property
    def expected(self) -> float:
        return self.drawn * self.marked / self.n if self.n else 0.0

    @property
    def variance(self) -> float:
        if self.n <= 1:
            return 0.0
        return self.expected * (1 - self.marked / self.n) * (self.n - self.drawn) / (self.n - 1)


def _tail(draws: Sequence[_Draw]) -> float:
    """Probability, on both sides, of a sum of hypergeometric counts so far from what is expected."""
    seen, expected = sum(draw.seen for draw in draws), sum(draw.expected for draw in draws)
    if (seen - expected) ** 2 < _SURPRISING**2 * sum(draw.variance for draw in draws):
        return 1.0
    least, distribution = 0, np.ones(1)
    for draw in draws:
        low, one = _distribution(draw)
        least, distribution = least + low, np.convolve(distribution, one)
    counts = least + np.arange(len(distribution))
    tail = distribution[counts >= seen] if seen > expected else distribution[counts <= seen]
    return min(1.0, 2 * float(tail.sum()))


def _distribution(draw: _Draw) -> tuple[int, npt.NDArray[np.float64]]:
    """Hypergeometric, by ratios of neighbouring probabilities: importing scipy.stats takes longer than the whole test."""
    counts = np.arange(max(0, draw.drawn + draw.marked - draw.n), min(draw.drawn, draw.marked) + 1)
    k = counts[:-1]
    ratios = (draw.marked - k) * (draw.drawn - k) / ((k + 1) * (draw.n - draw.marked - draw.drawn + k + 1))
    logarithms = np.concatenate([[0.0], np.log(ratios).cumsum()])
    probabilities = np.exp(logarithms - logarithms.max())
    probabilities /= probabilities.sum()
    kept = np.flatnonzero(probabilities > _NEGLIGIBLE)
    return int(counts[kept[0]]), probabilities[kept[0] : kept[-1] + 1]


def _moved(here: npt.NDArray[np.float64], elsewhere: npt.NDArray[np.float64]) -> float:
    """Share of the function's votes that are others in the split than elsewhere."""
    votes = max(here[1:].sum(), elsewhere[1:].sum())
    return float(np.abs(here - elsewhere).sum() / 2 / votes) if votes else 0.0


def _covered(counts: npt.NDArray[np.float64]) -> float:
    return float(1 - counts[_ABSTAINS] / counts.sum())


def _agreed(counts: npt.NDArray[np.float64]) -> float:
    beside = counts[_AGREES] + counts[_DISAGREES]
    return float(counts[_AGREES] / beside) if beside else float("nan")


def _percent(share: float) -> str:
    return "none" if np.isnan(share) else f"{share:.0%}"
