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
    request = study(project, name)
    if not len(_tested(request)):
        raise DataError(f"{name}: no row of the {REPORTED} split has gold to score a curve by: label some")
    with_gold, weak = (
        np.flatnonzero(request.training_rows & (request.gold != NO_GOLD)),
        np.flatnonzero(request.training_rows & request.covered),
    )
    recipe = _recipe(request, weak)
    curves = Curves(
        metric=_metric(request),
        gold_per_class=_curve(request, with_gold, request.gold[with_gold], lambda rows: _on_gold(request, rows)),
        weak_per_class=_curve(
            request,
            weak,
            request.targets[weak].argmax(axis=1),
            lambda rows: fit_head_by_recipe(request.training_set(rows), recipe),
        ),
    )
    curves.write(request.paths.reports / "curves.json")
    with atomic_write(request.paths.reports / "curves.png") as path:
        draw_curves(curves, path)
    return curves


def _recipe(request: Study, weak: Any) -> TrainSettings:
    """The one recipe that every point of the curve of weak labels is trained by."""
    if not request.train.recipes or not len(weak):
        return request.train
    choice = fit_chosen_recipe(request.training_set(weak), request.train)[1]
    if choice is None:
        return request.train
    print(f"recipe {choice.chosen}, chosen by all rows")
    return request.train.recipe(choice.chosen)


def _metric(request: Study) -> str:
    """The gate's metric; a curve of one that falls is no power law that rises, so balanced accuracy stands in."""
    metric = request.evaluate.gate.metric
    return "balanced_accuracy" if metric in LOWER_IS_BETTER else metric


def _curve(request: Study, pool: Any, classes: Any, fit: Callable[[Any], Head]) -> Curve:
    own = request.evaluate.curves
    counts = np.bincount(classes, minlength=len(request.problem.classes))
    sizes = _sizes(own.sizes, int(counts.min()))
    if len(sizes) < LEAST:
        rarest = request.problem.classes[int(counts.argmin())]
        return Curve(reason=f"class {rarest} has {counts.min()} rows: {len(sizes)} sizes are no curve, {LEAST} are")
    points, terms = [], []
    spec = metric_spec(request.problem.classes, request.evaluate.positive_class, request.evaluate.n_bins)
    for size in sizes:
        for seed in range(own.n_repeats):
            rng = np.random.default_rng([request.train.seed, size, seed])
            drawn = np.concatenate([rng.permutation(pool[classes == k])[:size] for k in range(len(counts))])
            tested = _tested(request)
            terms.append(metric_terms(request.gold[tested], fit(drawn).predict_proba(request.features[tested]), spec))
            points.append((size, seed))
        print(f"{size} rows a class: {own.n_repeats} heads fitted")
    options = {"n_bootstrap": own.n_bootstrap, "seed": request.train.seed}
    return _lawful(request, points, scores_by_size(terms, spec, _metric(request), **options))


def _lawful(request: Study, points: list[tuple[int, int]], seen: Any) -> Curve:
    own, rows, seed = request.evaluate.curves, [rows for rows, _ in points], request.train.seed
    law = fit_power_law(rows, seen, seed=seed)
    limit, gap, rate = law.parameters[0].round(4).tolist()
    scored = zip(points, seen[0], strict=True)
    confidence = request.evaluate.confidence_level
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


def _on_gold(request: Study, rows: Any) -> Head:
    targets = np.eye(len(request.problem.classes))[request.gold[rows]]
    return fit_head(request.features[rows], targets, settings=request.train.plain())


def _tested(request: Study) -> Any:
    return np.flatnonzero((request.rows["split"] == REPORTED).to_numpy() & (request.gold != NO_GOLD))
