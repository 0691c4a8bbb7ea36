"""Whether the candidate is promoted, kept back or asked about, judged on rows of split valid, and why.

The rule, in its order:

1. The candidate loads in a clean process and answers rows there as the train stage did; else: keep.
2. A candidate that predicts what the champion predicts is kept back: nothing would change.
3. Fewer than ``min_rows`` gold rows in valid: nothing can be judged, so a person is asked.
4. The candidate must beat the majority-class floor: the hypothesis that it does not is rejected at level
   ``1 - min_probability`` by paired resamples and by a randomisation test (``paired_test``). Without a champion that is enough.
5. The candidate must beat the champion by the same rule. Strictly: a tie is no reason to replace a model that is known to
   work. With a ``margin`` it must not be worse by the margin or more.
6. These rows decide: those of batches that the champion was not trained on, where there are ``fresh_rows`` of them with gold, for neither
   model has seen them and the champion was not chosen by them; else all of valid. Either way the other part may not
   clearly fall: more than the margin, in at least the share ``min_probability`` of resamples. Where that part is the older rows,
   by which the champion was chosen and so has an advantage that is no skill, more than ``older_tolerance``.
7. No guard slice may fall. A guard of at least its ``min_rows`` valid rows blocks when the fall is more than its
   tolerance in at least the share ``guard_probability`` of paired resamples of the slice. A guard slice is small, so
   neither proof of harm (nothing would ever block) nor proof of safety (everything would) can be asked of it. At 0.5 a
   slice of 33 rows on which nothing has changed blocks one candidate in four (the difference has a standard error of
   .075); at 0.8 it blocks one in fifteen, and a fall of .3 still blocks practically always. A guard of fewer rows is
   named in the reasons and blocks nothing.
8. Where 4 or 5 is not met, no part or guard falls, and yet the rows do not rule out a gain of ``ask_gain``, which at least the share
   ``ask`` of resamples would have with one row more, a person is asked: too few rows decide, and a refusal would be a guess. So a candidate whose true gain is
   ``ask_gain`` is refused unasked in about that share of cases at most, whatever the number of rows; and the more rows there are, the
   fewer candidates that are no better are asked about. ``ask: null`` never asks, and keeps the champion.
9. Where the problem has got a class that the champion does not know, 5 to 7 are judged on rows of the classes that it knows: it
   could not be right on the others. The candidate is wrong there where it predicts the new class. A reason has the number of
   rows that are left out, and on how many of them the candidate is right; 4 judges it on all rows. Fewer than
   ``min_rows`` rows of known classes: a person is asked.

Both models predict the same rows, whatever each was trained on: what counts is which of them serves today's data
better. A candidate that wins on new data while it loses what the champion was good at is what the guards are for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.evaluate.gate_guards import GuardedSlice, Mask, guarded_slices, judge_guard, score_of
from tidemill.evaluate.metrics import Gold, MetricSpec
from tidemill.evaluate.paired_test import Pair, PairedTest, paired_test
from tidemill.evaluate.settings import EvaluateSettings, GateSettings
from tidemill.reports.base import Estimate
from tidemill.reports.evaluate import CleanProcessCheck, GuardResult, Verdict

PROMOTE: Final = "promote"
KEEP: Final = "keep"
ASK: Final = "ask"
BATCH: Final = "batch"
FRESH: Final = "rows that neither model saw"
OLDER: Final = "rows of batches that the champion was trained on"
_SAME: Final = 1e-6  # float32 weights give probabilities that differ by less than this when the models are the same


@dataclass(frozen=True)
class GateInput:
    """The valid rows with gold: gold, columns that describe the rows, and each model's predictions.

    ``champion_batches`` are those that the champion was trained on; None: unknown, so that no row counts as fresh.
    ``unknown`` are the indices of classes that the champion does not know. ``check`` is what the clean process found; None
    where none was asked.
    """

    gold: Gold
    columns: pl.DataFrame
    floor: Probabilities
    candidate: Probabilities
    champion: Probabilities | None
    version: str | None
    champion_batches: tuple[str, ...] | None = None
    unknown: tuple[int, ...] = ()
    check: CleanProcessCheck | None = None

    @property
    def comparable(self) -> Mask:
        """(n_rows,) Which rows are of classes that the champion knows."""
        return ~np.isin(self.gold, self.unknown)

    @property
    def fresh(self) -> Mask:
        """(n_rows,) Which rows are of batches that the champion was not trained on."""
        if self.champion is None or self.champion_batches is None or BATCH not in self.columns.columns:
            return np.zeros(len(self.gold), dtype=np.bool_)
        return ~self.columns[BATCH].is_in(list(self.champion_batches)).to_numpy()


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
        Promote, keep or ask, the reasons in words, and scores with their intervals.
    """
    gate, rows = settings.gate, len(gate_input.gold)
    if gate_input.check is not None and not gate_input.check.passed:
        return _verdict(gate_input, settings, KEEP, (gate_input.check.reason,))
    if rows and gate_input.champion is not None and _is_same(gate_input.candidate, gate_input.champion):
        reason = f"same predictions as the champion {gate_input.version}"
        return _verdict(gate_input, settings, KEEP, (reason,), scores=_scores(gate_input, spec, settings))
    if rows < gate.min_rows:
        reason = f"only {rows} rows of split valid have gold, {gate.min_rows} are asked: label more"
        return _too_few(gate_input, settings, reason)
    known = int(gate_input.comparable.sum())
    if gate_input.champion is not None and known < gate.min_rows:
        reason = f"only {known} rows of split valid are of classes that the champion {gate_input.version} knows, {gate.min_rows} are asked"
        return _too_few(gate_input, settings, *_left_out(gate_input, spec), reason)
    return _judged(gate_input, spec, settings)


def _too_few(gate_input: GateInput, settings: EvaluateSettings, *reasons: str) -> Verdict:
    if settings.gate.ask is None:
        return _verdict(gate_input, settings, KEEP, reasons)
    return _verdict(gate_input, settings, ASK, (*reasons, "a person decides without scores"))


def _left_out(gate_input: GateInput, spec: MetricSpec) -> list[str]:
    """A sentence for each class that the champion does not know."""
    predicted = gate_input.candidate.argmax(axis=1)
    lines = []
    for k in gate_input.unknown:
        rows = gate_input.gold == k
        right = int((predicted[rows] == k).sum())
        lines.append(
            f"the champion {gate_input.version} does not know the class {spec.names[k]}: {int(rows.sum())} valid rows of it are left out of "
            f"the comparison; the candidate is right on {right} of them"
        )
    return lines


def _is_same(candidate: Probabilities, champion: Probabilities) -> bool:
    return bool(np.abs(candidate - champion).max() <= _SAME)


def _judged(gate_input: GateInput, spec: MetricSpec, settings: EvaluateSettings) -> Verdict:
    floor = _against_floor(gate_input, spec, settings)
    tests: list[PairedTest] = [floor]
    guards: list[GuardResult] = []
    facts, first = {"gain_over_floor": floor.gain}, ["there is no champion yet"]
    if gate_input.champion is not None:
        decisive, other = _deciding_rows(gate_input, settings)
        champion = _against_champion(gate_input, gate_input.champion, decisive, spec, settings)
        tests.append(champion)
        guarded = guarded_slices(gate_input.columns, settings)
        slices = [*other, *(replace(item, rows=item.rows & gate_input.comparable) for item in guarded)]
        guards = [
            judge_guard(item, gate_input.gold, gate_input.candidate, gate_input.champion, spec, settings)
            for item in slices
        ]
        first, facts = _left_out(gate_input, spec), facts | {"gain_over_champion": champion.gain}
    reasons = (*first, *(test.reason for test in tests), *(guard.reason for guard in guards))
    outcome = _outcome(tests, guards)
    if outcome == ASK:
        reasons = (*reasons, _question(settings.gate))
    return _verdict(
        gate_input,
        settings,
        outcome,
        reasons,
        guards=tuple(guards),
        scores=_scores(gate_input, spec, settings),
        **facts,
    )


def _outcome(tests: list[PairedTest], guards: list[GuardResult]) -> str:
    if any(test.outcome == "not better" for test in tests) or any(guard.passed is False for guard in guards):
        return KEEP
    return ASK if any(test.outcome == "unclear" for test in tests) else PROMOTE


def _question(gate: GateSettings) -> str:
    return f"asked, not refused: these rows do not rule out a gain of {gate.ask_gain:g}, which {gate.ask:.0%} of resamples or more would have with one row more"


def _verdict(
    gate_input: GateInput, settings: EvaluateSettings, outcome: str, reasons: tuple[str, ...], **facts: Any
) -> Verdict:
    fresh = gate_input.fresh
    batches = sorted(set(gate_input.columns.filter(fresh)[BATCH])) if fresh.any() else []
    return Verdict.model_validate(
        {
            "verdict": outcome,
            "blessing": "BLESSED" if outcome == PROMOTE else "NOT_BLESSED",
            "reasons": reasons,
            "metric": settings.gate.metric,
            "rows": len(gate_input.gold),
            "fresh_rows": int(fresh.sum()),
            "fresh_batches": tuple(batches),
            "champion": gate_input.version,
            "clean_process": gate_input.check,
            **facts,
        }
    )


def _scores(gate_input: GateInput, spec: MetricSpec, settings: EvaluateSettings) -> dict[str, Estimate]:
    models = {"candidate": gate_input.candidate, "champion": gate_input.champion, "floor": gate_input.floor}
    return {
        name: score_of(gate_input.gold, model, spec, settings, settings.gate.metric)
        for name, model in models.items()
        if model is not None
    }


def _against_floor(gate_input: GateInput, spec: MetricSpec, settings: EvaluateSettings) -> PairedTest:
    rows = f"{len(gate_input.gold)} valid rows"
    pair = Pair(gate_input.gold, gate_input.candidate, gate_input.floor, "the majority-class floor", rows)
    return paired_test(pair, spec, settings)


def _deciding_rows(gate_input: GateInput, settings: EvaluateSettings) -> tuple[Mask, list[GuardedSlice]]:
    """The rows that decide against the champion, and the part beside them that may not clearly fall."""
    gate, fresh = settings.gate, gate_input.fresh
    everything = gate_input.comparable
    fresh, older = fresh & everything, ~fresh & everything
    alone = gate.fresh_rows is not None and int(fresh.sum()) >= gate.fresh_rows and older.any()
    name, part = (OLDER, older) if alone else (FRESH, fresh)
    if not fresh.any() or not older.any():
        return everything, []
    allowed = max(gate.margin, gate.older_tolerance) if alone else gate.margin
    guard = GuardedSlice(name, part, gate.metric, allowed, gate.min_rows, gate.min_probability)
    return fresh if alone else everything, [guard]


def _against_champion(
    gate_input: GateInput, champion: Probabilities, decisive: Mask, spec: MetricSpec, settings: EvaluateSettings
) -> PairedTest:
    rows = f"{int(decisive.sum())} valid rows"
    if (decisive & ~gate_input.fresh).sum() == 0:
        rows += " that neither model saw"
    pair = Pair(
        gate_input.gold[decisive],
        gate_input.candidate[decisive],
        champion[decisive],
        f"the champion {gate_input.version}",
        rows,
    )
    return paired_test(pair, spec, settings, margin=settings.gate.margin)
