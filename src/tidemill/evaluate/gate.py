"""candidate, champion and floor on the rows of split valid -> promote or keep, and why.

The rule, in its order:

1. Fewer than ``min_rows`` gold rows in valid: keep, because nothing can be judged.
2. The candidate must beat the majority-class floor: in at least the share ``probability`` of paired bootstrap
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

Both models answer for the same rows, those of every batch that has arrived, whatever each was trained on: what counts
is which of them serves today's data better. A candidate that wins on new data while it loses what the champion was good
at is what the guards are for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.board import difference, rounded, share_better
from tidemill.evaluate.bootstrap import Array, interval, resample
from tidemill.evaluate.scores import Gold, Ruler, scores, tally
from tidemill.evaluate.settings import EvaluateSettings, Guard
from tidemill.evaluate.slices import Slice, pick, values_of

PROMOTE: Final = "promote"
KEEP: Final = "keep"
_SAME: Final = 1e-6  # float32 weights give probabilities that differ by less than this when the models are the same


@dataclass(frozen=True)
class Contest:
    """The valid rows with gold: gold, columns that describe the rows, and what each model says of them."""

    gold: Gold
    columns: pl.DataFrame
    floor: Probabilities
    candidate: Probabilities
    champion: Probabilities | None
    version: str | None


def judge(contest: Contest, by: Ruler, settings: EvaluateSettings) -> dict[str, Any]:
    """Contest -> verdict: ``verdict``, ``reasons``, ``metric``, scores with intervals, ``guards``, ``champion``."""
    verdict: dict[str, Any] = {
        "metric": settings.gate.metric,
        "rows": len(contest.gold),
        "champion": contest.version,
        "guards": [],
    }
    if len(contest.gold) < settings.gate.min_rows:
        text = f"only {len(contest.gold)} rows of split valid have gold, {settings.gate.min_rows} are asked: label more"
        return verdict | {"verdict": KEEP, "reasons": [text]}
    verdict["scores"] = _scores(contest, by, settings)
    beats = [_beats(contest, "floor", by, settings)]
    if contest.champion is None:
        return verdict | {"gain_over_floor": beats[0]["gain"]} | _sum_up(beats, [], "there is no champion yet")
    if np.abs(contest.candidate - contest.champion).max() <= _SAME:
        return verdict | {"verdict": KEEP, "reasons": [f"same predictions as the champion {contest.version}"]}
    beats.append(_beats(contest, "champion", by, settings))
    guards = [_guard(contest, guard, one, by, settings) for guard, one in _guarded(contest, settings)]
    gains = {"gain_over_floor": beats[0]["gain"], "gain_over_champion": beats[1]["gain"], "guards": guards}
    return verdict | gains | _sum_up(beats, guards, None)


def _sum_up(beats: list[dict[str, Any]], guards: list[dict[str, Any]], first: str | None) -> dict[str, Any]:
    passed = all(one["passed"] for one in beats) and all(one["passed"] is not False for one in guards)
    reasons = [one["reason"] for one in (*beats, *guards)]
    return {"verdict": PROMOTE if passed else KEEP, "reasons": ([first] if first else []) + reasons}


def _scores(contest: Contest, by: Ruler, settings: EvaluateSettings) -> dict[str, Any]:
    models = {"candidate": contest.candidate, "champion": contest.champion, "floor": contest.floor}
    return {
        name: _score(contest.gold, model, by, settings, settings.gate.metric)
        for name, model in models.items()
        if model is not None
    }


def _score(gold: Gold, model: Probabilities, by: Ruler, settings: EvaluateSettings, metric: str) -> dict[str, Any]:
    tallies = tally(gold, model, by)
    drawn = resample(tallies, n_bootstrap=settings.n_bootstrap, seed=settings.seed)
    return _with_interval(float(scores(tallies.sum(axis=0), by)[metric]), scores(drawn, by)[metric], settings)


def _with_interval(value: float, samples: Array, settings: EvaluateSettings) -> dict[str, Any]:
    low, high = interval(samples, settings.confidence_level)
    return {"score": rounded(value), "low": rounded(low), "high": rounded(high)}


def _beats(contest: Contest, rival: str, by: Ruler, settings: EvaluateSettings) -> dict[str, Any]:
    gate = settings.gate
    gain, gains = difference(contest.gold, contest.candidate, getattr(contest, rival), by, settings, metric=gate.metric)
    probability = share_better(gains)
    passed = gain > 0.0 and probability >= gate.min_probability
    found = _with_interval(gain, gains, settings)
    name = f"the champion {contest.version}" if rival == "champion" else "the majority-class floor"
    how = "beats" if passed else "does not surely beat" if gain > 0.0 else "does not beat"
    reason = (
        f"the candidate {how} {name}: {words(gate.metric)} {signed(found)} on {len(contest.gold)} valid rows, "
        f"better in {probability:.1%} of resamples ({gate.min_probability:.0%} asked)"
    )
    return {"passed": passed, "reason": reason, "gain": found | {"probability": rounded(probability)}}


def _guarded(contest: Contest, settings: EvaluateSettings) -> list[tuple[Guard, Slice]]:
    return [
        (guard, pick(contest.columns, guard.column, value))
        for guard in settings.gate.guards
        for value in ([guard.value] if guard.value is not None else values_of(contest.columns, guard.column))
    ]


def _guard(contest: Contest, guard: Guard, one: Slice, by: Ruler, settings: EvaluateSettings) -> dict[str, Any]:
    rows = int(one.rows.sum())
    about = {"slice": one.name, "metric": guard.metric, "tolerance": guard.tolerance, "rows": rows}
    if rows < guard.min_rows or contest.champion is None:
        text = f"guard {one.name} is not judged: {rows} valid rows, {guard.min_rows} are asked"
        return about | {"passed": None, "reason": text}
    gold, candidate, champion = contest.gold[one.rows], contest.candidate[one.rows], contest.champion[one.rows]
    gain, gains = difference(gold, candidate, champion, by, settings, metric=guard.metric)
    breach = float(np.mean(gains < -guard.tolerance - 1e-9))
    passed = breach < settings.gate.guard_probability
    both = {
        "candidate": _score(gold, candidate, by, settings, guard.metric),
        "champion": _score(gold, champion, by, settings, guard.metric),
        "gain": _with_interval(gain, gains, settings) | {"probability_of_breach": rounded(breach)},
    }
    return about | both | {"passed": passed, "reason": _guard_reason(about, both, breach, passed=passed)}


def _guard_reason(about: dict[str, Any], both: dict[str, Any], breach: float, *, passed: bool) -> str:
    return (
        f"guard {about['slice']} {'holds' if passed else 'falls'}: {words(about['metric'])} "
        f"{shown(both['champion']['score'])} -> {shown(both['candidate']['score'])} ({signed(both['gain'])}) "
        f"on {about['rows']} rows; a fall of more than {about['tolerance']:g} in {breach:.1%} of resamples"
    )


def words(metric: str) -> str:
    """Metric's name -> words.

    >>> words("balanced_accuracy")
    'balanced accuracy'
    """
    return metric.replace("_", " ")


def shown(value: float | None) -> str:
    """Score -> three decimals, or a dash where it has no meaning."""
    return "-" if value is None else f"{value:.3f}"


def signed(found: dict[str, Any]) -> str:
    """Difference with interval -> text.

    >>> signed({"score": 0.25, "low": 0.2, "high": 0.3})
    '+0.250 [+0.200, +0.300]'
    """
    parts = ["-" if found[key] is None else f"{found[key]:+.3f}" for key in ("score", "low", "high")]
    return f"{parts[0]} [{parts[1]}, {parts[2]}]"
