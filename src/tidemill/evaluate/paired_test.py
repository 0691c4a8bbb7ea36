"""Whether one model is better than another on the same rows: paired bootstrap, and a randomisation test for few rows.

The bootstrap resamples rows (Efron, 1979). Where the two models differ on three or four rows it is too sure: a candidate
that is right on three rows more, by luck, is better in 95% of resamples, and luck gives that in one case of eight. The
randomisation test (Fisher, 1935; Edgington, 1969) exchanges the two models' predictions row by row at random, and counts how
often the gain is as large as the one seen; where the models are equally good this is exact for any number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import Array
from tidemill.evaluate.metrics import LOWER_IS_BETTER, Gold, MetricSpec, metric_terms, metrics_from_sums
from tidemill.evaluate.score_table import DIGITS, difference, estimate, share_better
from tidemill.evaluate.score_text import format_gain, metric_label
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.reports.evaluate import Gain

Outcome = Literal["better", "unclear", "not better"]
_NOTHING: Final = 1e-12
_CELLS: Final = 4_000_000  # numbers in one block of random exchanges: 32 MB


@dataclass(frozen=True)
class Pair:
    """Predictions of the candidate and of a rival on the same rows, and what the two are called in a sentence."""

    gold: Gold
    candidate: Probabilities
    rival: Probabilities
    name: str
    rows: str


@dataclass(frozen=True)
class PairedTest:
    """Whether the candidate is better, by how much, and the same as a sentence."""

    outcome: Outcome
    reason: str
    gain: Gain


def paired_test(pair: Pair, spec: MetricSpec, settings: EvaluateSettings, *, margin: float = 0.0) -> PairedTest:
    """Test whether the candidate is better than a rival, or not worse within a margin.

    The null hypothesis is that it is not better: the gain is 0 or less. With a margin it is that the candidate is worse by the margin or
    more: the gain is ``-margin`` or less (non-inferiority). The candidate passes where the null hypothesis is rejected at level
    ``1 - gate.min_probability``: it holds in at most that share of paired resamples; without a margin the randomisation
    test gives at most that probability too, with one a further lost row is counted against the candidate.

    Parameters
    ----------
    pair
        Predictions of both on the same rows.
    spec
        Classes, positive class and bins by which metrics are computed.
    settings
        Settings of evaluate.
    margin
        How much worse the candidate may be, in units of the metric.

    Returns
    -------
    PairedTest
        ``better``; ``unclear`` where it is not and yet, were the candidate right on a row more, the gain would be ``gate.ask_gain``
        or more in at least the share ``gate.ask`` of resamples; or ``not better``.
    """
    gate = settings.gate
    gain, gains = difference(pair.gold, pair.candidate, pair.rival, spec, settings, metric=gate.metric)
    probability = share_better(gains)
    chance = exchange_probability(pair, spec, settings)
    level = 1.0 - gate.min_probability + _NOTHING
    if margin:
        passed = 1.0 - _share_within(gains, margin, len(pair.gold)) <= level
    else:
        passed = gain > 0.0 and 1.0 - probability <= level and chance <= level
    wanted = gate.ask_gain - _one_row(pair.gold, gate.metric)
    unclear = gate.ask is not None and float(np.mean(gains >= wanted - _NOTHING)) >= gate.ask
    outcome: Outcome = "better" if passed else "unclear" if unclear else "not better"
    interval = estimate(gain, gains, settings)
    reason = (
        f"the candidate {_verb(outcome, gain, margin)} {pair.name}: {metric_label(gate.metric)} {format_gain(interval)} on {pair.rows}, "
        f"{_share(gains, probability, margin, len(pair.gold))} of resamples ({gate.min_probability:.0%} asked), p = {chance:.3f}"
    )
    return PairedTest(
        outcome, reason, Gain(**dict(interval), probability=round(probability, DIGITS), p_value=round(chance, DIGITS))
    )


def _one_row(gold: Gold, metric: str) -> float:
    """What one row more moves a score at most: where the models differ on few rows, many resamples hold none of them."""
    counts = np.unique(gold, return_counts=True)[1]
    return float(1.0 / (len(counts) * counts.min() if metric == "balanced_accuracy" else len(gold)))


def _verb(outcome: Outcome, gain: float, margin: float) -> str:
    if outcome == "better":
        return f"is not worse by {margin:g} or more than" if margin else "beats"
    return "does not significantly beat" if gain > 0.0 else "does not beat"


def _share_within(gains: Array, margin: float, rows: int) -> float:
    """One row more is counted as lost: where the models differ on few rows, many resamples hold none of them."""
    return share_better(gains + margin - 1.0 / rows)


def _share(gains: Array, probability: float, margin: float, rows: int) -> str:
    if margin:
        return f"above -{margin:g} with one row more lost in {_share_within(gains, margin, rows):.1%}"
    return f"better in {probability:.1%}"


def exchange_probability(pair: Pair, spec: MetricSpec, settings: EvaluateSettings) -> float:
    """Compute the one-sided p-value of the randomisation test.

    Parameters
    ----------
    pair
        Predictions of both on the same rows.
    spec
        Classes, positive class and bins by which metrics are computed.
    settings
        Settings of evaluate: metric, seed, and as many exchanges as resamples.

    Returns
    -------
    float
        In (0, 1]: how often exchanging the models' predictions at random gives a gain at least as large.

    References
    ----------
    Edgington (1969), "Approximate randomization tests".
    """
    metric = settings.gate.metric
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    one, other = (metric_terms(pair.gold, model, spec) for model in (pair.candidate, pair.rival))
    totals, differing = (one.sum(axis=0), other.sum(axis=0)), other - one

    def gains(moved: Array) -> Array:
        first, second = metrics_from_sums(totals[0] + moved, spec), metrics_from_sums(totals[1] - moved, spec)
        return sign * (first[metric] - second[metric])

    seen = gains(np.zeros(len(totals[0])))
    as_large = sum(int((gains(swap @ differing) >= seen - _NOTHING).sum()) for swap in _exchanges(len(one), settings))
    return (1 + as_large) / (1 + settings.n_bootstrap)


def _exchanges(rows: int, settings: EvaluateSettings) -> Iterator[Array]:
    rng = np.random.default_rng(settings.seed)
    block = max(1, _CELLS // max(rows, 1))
    for start in range(0, settings.n_bootstrap, block):
        count = min(block, settings.n_bootstrap - start)
        yield rng.integers(0, 2, size=(count, rows)).astype(np.float64)
