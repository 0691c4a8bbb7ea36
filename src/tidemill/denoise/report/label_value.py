"""The value of the labeling functions in hand labels, and what to do next.

A classifier is trained on the weak labels and tested on gold it has not seen; others are trained on 10, 20, 40, ...
gold rows. Where their learning curve passes the weak path is what the functions are worth ("Weaker than you think",
Zhu et al., ACL 2023, and "Stronger than you think", NeurIPS 2024, ask the same of methods).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from tidemill.contracts import NO_GOLD, DataError, Features, Probabilities
from tidemill.denoise.statistics.logistic_regression import fit_logistic_regression
from tidemill.denoise.statistics.votes import Array

MIN_GOLD_ROWS: Final = 40
"""Gold rows below which no curve can be drawn."""
PENALTY: Final = 10.0
SMALL: Final = 0.01
"""A gain in accuracy that is not worth an action."""


Action = Literal["write", "label", "stop"]


@dataclass(frozen=True)
class MarginalValue:
    """Value of labeling functions in gold rows; ``beyond``: more than the gold at hand can measure."""

    labels: float
    interval: tuple[float, float]
    beyond: bool
    weak: float
    curve: dict[int, float]
    action: Action
    why: str


def label_value(
    features: Features, weak: Probabilities, gold: Any, *, covered: Any, draws: int, seed: int
) -> MarginalValue:
    """Measure the value of the weak labels, in gold rows.

    Parameters
    ----------
    features : (n_rows, n_dimensions)
        Features of the rows.
    weak : (n_rows, n_classes)
        Weak labels.
    gold : (n_rows,)
        Class index or ``NO_GOLD``.
    covered : (n_rows,)
        Whether a function votes on the row.
    draws
        Splits of the gold rows.
    seed
        Of the splits.

    Returns
    -------
    MarginalValue

    Raises
    ------
    DataError
        There are fewer than 40 gold rows.
    """
    labeled = np.flatnonzero(np.asarray(gold) != NO_GOLD)
    if len(labeled) < MIN_GOLD_ROWS:
        raise DataError(
            f"{len(labeled)} gold rows: at least {MIN_GOLD_ROWS} are needed to draw a learning curve; label some more"
        )
    generator = np.random.default_rng(seed)
    runs = [_run(features, weak, np.asarray(gold), np.asarray(covered), labeled, generator) for _ in range(draws)]
    curve = {size: float(np.mean([run[1][size] for run in runs])) for size in runs[0][1]}
    path = float(np.mean([run[0] for run in runs]))
    crossings = sorted(_crossing(run[0], run[1])[0] for run in runs)
    labels, beyond = _crossing(path, curve)
    interval = (float(np.quantile(crossings, 0.05)), float(np.quantile(crossings, 0.95)))
    action, why = next_action(path, curve, coverage=float(np.asarray(covered).mean()), beyond=beyond)
    return MarginalValue(labels, (min(interval[0], labels), max(interval[1], labels)), beyond, path, curve, action, why)


def _run(
    features: Features, weak: Probabilities, gold: Any, covered: Any, labeled: Any, generator: np.random.Generator
) -> tuple[float, dict[int, float]]:
    mixed = generator.permutation(labeled)
    test, pool = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
    trained = np.setdiff1d(np.flatnonzero(covered), test)
    path = _accuracy(features, weak[trained], trained, gold, test)
    truth = np.eye(weak.shape[1])
    return path, {
        size: _accuracy(features, truth[gold[pool[:size]]], pool[:size], gold, test) for size in _sizes(len(pool))
    }


def _sizes(most: int) -> list[int]:
    sizes = [10]
    while sizes[-1] * 2 < most:
        sizes.append(sizes[-1] * 2)
    return [*sizes, most] if most > sizes[-1] else sizes


def _accuracy(features: Features, targets: Array, trained: Any, gold: Any, test: Any) -> float:
    model = fit_logistic_regression(features[trained], targets, weights=np.ones(len(trained)), penalty=PENALTY)
    return float((model.predict(features[test]).argmax(axis=1) == gold[test]).mean())


def _crossing(path: float, curve: dict[int, float]) -> tuple[float, bool]:
    sizes, best = sorted(curve), -1.0
    for place, size in enumerate(sizes):
        if curve[size] >= path:
            if place == 0:
                return float(size), False
            share = (path - best) / max(curve[size] - best, 1e-12)
            return float(np.exp(np.log(sizes[place - 1]) * (1 - share) + np.log(size) * share)), False
        best = max(best, curve[size])
    return float(sizes[-1]), True


def next_action(path: float, curve: dict[int, float], *, coverage: float, beyond: bool) -> tuple[Action, str]:
    """Choose the next cheapest action.

    Parameters
    ----------
    path
        Accuracy of a classifier of the weak labels.
    curve
        Accuracy by number of gold rows.
    coverage
        Share of rows with votes.
    beyond
        The curve does not reach the weak path.

    Returns
    -------
    action : str
        ``write`` a function, ``label`` rows, or ``stop``.
    why : str

    Examples
    --------
    >>> next_action(0.95, {10: 0.6, 20: 0.7}, coverage=0.4, beyond=True)[0]
    'write'
    >>> next_action(0.7, {10: 0.6, 20: 0.8}, coverage=0.9, beyond=False)[0]
    'label'
    """
    sizes = sorted(curve)
    slope = curve[sizes[-1]] - curve[sizes[-2]] if len(sizes) > 1 else 0.0
    if not beyond and curve[sizes[-1]] > path + SMALL:
        return "label", f"{sizes[-1]} gold rows already train a better classifier than the functions do"
    if coverage < 0.8:  # noqa: PLR2004 - a fifth of rows unheard is room for a function
        return "write", f"functions abstain on {1 - coverage:.0%} of rows: one for these costs less than labels do"
    if slope > SMALL:
        return "label", f"the last doubling of gold gained {slope:.3f} and has not levelled off"
    return "stop", "neither more gold nor more coverage promises a gain"
