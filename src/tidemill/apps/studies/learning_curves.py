"""What more labels would bring: learning curves of gold labels and of weakly labeled rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tidemill.apps.studies.study import Study, study
from tidemill.common.files import atomic_write
from tidemill.contracts import (
    NO_GOLD,
    DataError,
)
from tidemill.evaluate.confidence_report import REPORTED
from tidemill.evaluate.learning_curve_fit import LEAST, check_extrapolation, extrapolate, fit_power_law, scores_by_size
from tidemill.evaluate.learning_curve_plot import draw_curves
from tidemill.evaluate.metrics import LOWER_IS_BETTER, metric_spec, metric_terms
from tidemill.project.project import Project
from tidemill.reports.evaluate import Curve, Curves, Point, PowerLaw
from tidemill.train.head.fit import fit_head
from tidemill.train.head.head import Head
from tidemill.train.recipes.choose_recipe import fit_chosen_recipe
from tidemill.train.recipes.recipe import fit_head_by_recipe
from tidemill.train.settings import TrainSettings

_LAST: Final = 1.25  # a size of all rows there are is worth measuring where it is so much beyond the last one


def fit_learning_curves(project: Project, name: str) -> Curves:
    """Measure learning curves of gold labels and of weakly labeled rows, in reports/<problem>/curves.json and .png.

    The head is fitted on gold as the ceiling is; on weak labels as `train` has it, by the recipe that `auto`
    would choose of all rows. The backbone stays as it is.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    Curves
        Content of curves.json.

    Raises
    ------
    DataError
        No row of the test split has gold.
    """
    asked = study(project, name)
    if not len(_tested(asked)):
        raise DataError(f"{name}: no row of the {REPORTED} split has gold to score a curve by: label some")
    with_gold, weak = (
        np.flatnonzero(asked.taught & (asked.gold != NO_GOLD)),
        np.flatnonzero(asked.taught & asked.covered),
    )
    recipe = _recipe(asked, weak)
    told = Curves(
        metric=_metric(asked),
        gold_per_class=_curve(asked, with_gold, asked.gold[with_gold], lambda rows: _on_gold(asked, rows)),
        weak_per_class=_curve(
            asked, weak, asked.targets[weak].argmax(axis=1), lambda rows: fit_head_by_recipe(asked.lesson(rows), recipe)
        ),
    )
    told.write(asked.paths.reports / "curves.json")
    with atomic_write(asked.paths.reports / "curves.png") as path:
        draw_curves(told, path)
    return told


def _recipe(asked: Study, weak: Any) -> TrainSettings:
    """The one recipe that every point of the curve of weak labels is taught by."""
    if not asked.train.recipes or not len(weak):
        return asked.train
    choice = fit_chosen_recipe(asked.lesson(weak), asked.train)[1]
    if choice is None:
        return asked.train
    print(f"recipe {choice.chosen}, chosen by all rows")
    return asked.train.recipe(choice.chosen)


def _metric(asked: Study) -> str:
    """The gate's metric; a curve of one that falls is no power law that rises, so balanced accuracy stands in."""
    metric = asked.evaluate.gate.metric
    return "balanced_accuracy" if metric in LOWER_IS_BETTER else metric


def _curve(asked: Study, pool: Any, classes: Any, fit: Callable[[Any], Head]) -> Curve:
    own = asked.evaluate.curves
    counts = np.bincount(classes, minlength=len(asked.problem.classes))
    sizes = _sizes(own.sizes, int(counts.min()))
    if len(sizes) < LEAST:
        rarest = asked.problem.classes[int(counts.argmin())]
        return Curve(reason=f"class {rarest} has {counts.min()} rows: {len(sizes)} sizes are no curve, {LEAST} are")
    points, tallies = [], []
    by = metric_spec(asked.problem.classes, asked.evaluate.positive_class, asked.evaluate.n_bins)
    for size in sizes:
        for seed in range(own.n_repeats):
            chance = np.random.default_rng([asked.train.seed, size, seed])
            drawn = np.concatenate([chance.permutation(pool[classes == k])[:size] for k in range(len(counts))])
            tested = _tested(asked)
            tallies.append(metric_terms(asked.gold[tested], fit(drawn).predict_proba(asked.features[tested]), by))
            points.append((size, seed))
        print(f"{size} rows a class: {own.n_repeats} heads fitted")
    how = {"n_bootstrap": own.n_bootstrap, "seed": asked.train.seed}
    return _lawful(asked, points, scores_by_size(tallies, by, _metric(asked), **how))


def _lawful(asked: Study, points: list[tuple[int, int]], seen: Any) -> Curve:
    own, rows, seed = asked.evaluate.curves, [rows for rows, _ in points], asked.train.seed
    law = fit_power_law(rows, seen, seed=seed)
    limit, gap, rate = law.parameters[0].round(4).tolist()
    scored = zip(points, seen[0], strict=True)
    confidence = asked.evaluate.confidence_level
    return Curve(
        points=tuple(Point(rows=size, seed=draw, score=round(float(score), 6)) for (size, draw), score in scored),
        law=PowerLaw(limit=limit, gap=gap, rate=rate),
        predictions=extrapolate(law, own.extrapolate_to, confidence=confidence, reach=own.max_extrapolation),
        checked=check_extrapolation(rows, seen, seed=seed, confidence=confidence),
    )


def _sizes(wanted: tuple[int, ...], most: int) -> list[int]:
    """As far as the rarest class has rows, all of them last."""
    sizes = [size for size in sorted(set(wanted)) if size <= most]
    return [*sizes, most] if sizes and max(wanted) > most >= _LAST * sizes[-1] else sizes


def _on_gold(asked: Study, rows: Any) -> Head:
    targets = np.eye(len(asked.problem.classes))[asked.gold[rows]]
    return fit_head(asked.features[rows], targets, settings=asked.train.plain())


def _tested(asked: Study) -> Any:
    return np.flatnonzero((asked.rows["split"] == REPORTED).to_numpy() & (asked.gold != NO_GOLD))
