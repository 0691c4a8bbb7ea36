"""Whether the candidate is promoted, judged on the rows of split valid, and why.

The rule, in its order:

1. Fewer than ``min_rows`` gold rows in valid: keep, because nothing can be judged.
2. The candidate must beat the majority-class floor: in at least the share ``min_probability`` of paired bootstrap
   resamples of the valid rows its ``metric`` is strictly better. Without a champion that is enough.
3. A candidate that predicts what the champion predicts is kept back: nothing would change.
4. The candidate must beat the champion on the same rows by the same rule. Strictly: a tie is no reason to replace a
   model that is known to work.
5. No guard slice may fall. A guard of at least ``min_rows`` valid rows blocks when the fall is more than its
   tolerance in at least the share ``guard_probability`` of paired resamples of the slice. A guard slice is small, so
   neither proof of harm (nothing would ever block) nor proof of safety (everything would) can be asked of it. At 0.5 a
   slice of 33 rows on which nothing has changed blocks one candidate in four (the difference has a standard error of
   .075); at 0.8 it blocks one in fifteen, and a fall of .3 still blocks practically always. A guard of fewer rows is
   named in the reasons and blocks nothing.

Both models predict the same rows, those of every batch that has arrived, whatever each was trained on: what counts
is which of them serves today's data better. A candidate that wins on new data while it loses what the champion was good
at is what the guards are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.bootstrap import resample
from tidemill.evaluate.metrics import Gold, MetricSpec, metric_terms, metrics_from_sums
from tidemill.evaluate.score_table import DIGITS, difference, estimate, share_better
from tidemill.evaluate.settings import EvaluateSettings, Guard
from tidemill.evaluate.slices import Slice, slice_of_value, values_of
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import Gain, GuardGain, GuardResult, Verdict

PROMOTE: Final = "promote"
KEEP: Final = "keep"
_SAME: Final = 1e-6  # float32 weights give probabilities that differ by less than this when the models are the same


@dataclass(frozen=True)
class GateInput:
    """The valid rows with gold: gold, columns that describe the rows, and each model's predictions."""

    gold: Gold
    columns: pl.DataFrame
    floor: Probabilities
    candidate: Probabilities
    champion: Probabilities | None
    version: str | None


@dataclass(frozen=True)
class _PairedComparison:
    """Whether the candidate beats one rival, by how much, and the same as a sentence."""

    passed: bool
    reason: str
    gain: Gain


def gate_verdict(gate_input: GateInput, spec: MetricSpec, settings: EvaluateSettings) -> Verdict:
    """Judge the candidate by the rule that the module describes.

    Parameters
    ----------
    gate_input
        Predictions of the candidate, the champion and the floor on the same rows, with gold and slices.
    spec
        The metric that decides.
    settings
        Settings of evaluate: least numbers of rows, probabilities and guards.

    Returns
    -------
    Verdict
        Promote or keep, the reasons in words, and scores with their intervals.
    """
    if len(gate_input.gold) < settings.gate.min_rows:
        text = (
            f"only {len(gate_input.gold)} rows of split valid have gold, {settings.gate.min_rows} are asked: label more"
        )
        return _kept(gate_input, settings, text)
    scores = _scores(gate_input, spec, settings)
    floor = _beats(gate_input, "floor", spec, settings)
    if gate_input.champion is None:
        return _verdict(gate_input, settings, scores, (floor,), first="there is no champion yet")
    if np.abs(gate_input.candidate - gate_input.champion).max() <= _SAME:
        text = f"same predictions as the champion {gate_input.version}"
        return _kept(gate_input, settings, text, scores)
    comparisons = floor, _beats(gate_input, "champion", spec, settings)
    guards = tuple(_guard(gate_input, guard, item, spec, settings) for guard, item in _guarded(gate_input, settings))
    return _verdict(gate_input, settings, scores, comparisons, guards)


def _kept(
    gate_input: GateInput, settings: EvaluateSettings, reason: str, scores: dict[str, Estimate] | None = None
) -> Verdict:
    return Verdict(
        verdict=KEEP,
        reasons=(reason,),
        metric=settings.gate.metric,
        rows=len(gate_input.gold),
        champion=gate_input.version,
        scores=scores,
    )


def _verdict(
    gate_input: GateInput,
    settings: EvaluateSettings,
    scores: dict[str, Estimate],
    comparisons: tuple[_PairedComparison, ...],
    guards: tuple[GuardResult, ...] = (),
    *,
    first: str | None = None,
) -> Verdict:
    passed = all(duel.passed for duel in comparisons) and all(guard.passed is not False for guard in guards)
    return Verdict(
        verdict=PROMOTE if passed else KEEP,
        reasons=(
            *([first] if first else []),
            *(duel.reason for duel in comparisons),
            *(guard.reason for guard in guards),
        ),
        metric=settings.gate.metric,
        rows=len(gate_input.gold),
        champion=gate_input.version,
        guards=guards,
        scores=scores,
        gain_over_floor=comparisons[0].gain,
        gain_over_champion=comparisons[1].gain if len(comparisons) > 1 else None,
    )


def _scores(gate_input: GateInput, spec: MetricSpec, settings: EvaluateSettings) -> dict[str, Estimate]:
    models = {"candidate": gate_input.candidate, "champion": gate_input.champion, "floor": gate_input.floor}
    return {
        name: _score(gate_input.gold, model, spec, settings, settings.gate.metric)
        for name, model in models.items()
        if model is not None
    }


def _score(gold: Gold, model: Probabilities, spec: MetricSpec, settings: EvaluateSettings, metric: str) -> Estimate:
    terms = metric_terms(gold, model, spec)
    drawn = resample(terms, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    return estimate(
        float(metrics_from_sums(terms.sum(axis=0), spec)[metric]), metrics_from_sums(drawn, spec)[metric], settings
    )


def _beats(gate_input: GateInput, rival: str, spec: MetricSpec, settings: EvaluateSettings) -> _PairedComparison:
    gate = settings.gate
    gain, gains = difference(
        gate_input.gold, gate_input.candidate, getattr(gate_input, rival), spec, settings, metric=gate.metric
    )
    probability = share_better(gains)
    passed = gain > 0.0 and probability >= gate.min_probability
    interval = estimate(gain, gains, settings)
    name = f"the champion {gate_input.version}" if rival == "champion" else "the majority-class floor"
    verb = "beats" if passed else "does not significantly beat" if gain > 0.0 else "does not beat"
    reason = (
        f"the candidate {verb} {name}: {metric_label(gate.metric)} {format_gain(interval)} on {len(gate_input.gold)} valid rows, "
        f"better in {probability:.1%} of resamples ({gate.min_probability:.0%} asked)"
    )
    return _PairedComparison(passed, reason, Gain(**dict(interval), probability=round(probability, DIGITS)))


def _guarded(gate_input: GateInput, settings: EvaluateSettings) -> list[tuple[Guard, Slice]]:
    return [
        (guard, slice_of_value(gate_input.columns, guard.column, value))
        for guard in settings.gate.guards
        for value in ([guard.value] if guard.value is not None else values_of(gate_input.columns, guard.column))
    ]


def _guard(
    gate_input: GateInput, guard: Guard, part: Slice, spec: MetricSpec, settings: EvaluateSettings
) -> GuardResult:
    rows = int(part.rows.sum())
    asked: Any = {"slice": part.name, "metric": guard.metric, "tolerance": guard.tolerance, "rows": rows}
    if rows < guard.min_rows or gate_input.champion is None:
        text = f"guard {part.name} is not judged: {rows} valid rows, {guard.min_rows} are asked"
        return GuardResult(**asked, passed=None, reason=text)
    gold, candidate, champion = (
        gate_input.gold[part.rows],
        gate_input.candidate[part.rows],
        gate_input.champion[part.rows],
    )
    gain, gains = difference(gold, candidate, champion, spec, settings, metric=guard.metric)
    breach = float(np.mean(gains < -guard.tolerance - 1e-9))
    passed = breach < settings.gate.guard_probability
    before, after = (_score(gold, model, spec, settings, guard.metric) for model in (champion, candidate))
    interval = estimate(gain, gains, settings)
    reason = (
        f"guard {part.name} {'holds' if passed else 'falls'}: {metric_label(guard.metric)} "
        f"{format_score(before.score)} -> {format_score(after.score)} ({format_gain(interval)}) "
        f"on {rows} rows; a fall of more than {guard.tolerance:g} in {breach:.1%} of resamples"
    )
    loss = GuardGain(**dict(interval), probability_of_breach=round(breach, DIGITS))
    return GuardResult(**asked, passed=passed, reason=reason, candidate=after, champion=before, gain=loss)


def metric_label(metric: str) -> str:
    """Write a metric's name in words.

    Parameters
    ----------
    metric
        Name of the metric in the settings.

    Returns
    -------
    str
        The name with spaces.

    Examples
    --------
    >>> metric_label("balanced_accuracy")
    'balanced accuracy'
    """
    return metric.replace("_", " ")


def format_score(value: float | None) -> str:
    """Write a score with three decimals.

    Parameters
    ----------
    value
        The score; None where it is undefined.

    Returns
    -------
    str
        A dash for None.
    """
    return "-" if value is None else f"{value:.3f}"


def format_gain(interval: Estimate) -> str:
    """Write a difference with its interval.

    Parameters
    ----------
    interval
        Difference and both ends of its interval, each None where undefined.

    Returns
    -------
    str
        Signed, with three decimals; a dash for None.

    Examples
    --------
    >>> format_gain(Estimate(score=0.25, low=0.2, high=0.3))
    '+0.250 [+0.200, +0.300]'
    """
    parts = ["-" if value is None else f"{value:+.3f}" for value in (interval.score, interval.low, interval.high)]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]"
