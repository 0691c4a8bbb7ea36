"""Classical models alongside the head, and the ensemble of them where it wins on gold.

Every model predicts rows that it has not seen, nor its vocabulary, its scales or its labels' corrections. The blend and
the stack of these predictions are judged on folds that they were not fitted on. The ensemble takes the head's place only
where gold shows that it gains over the head alone, with the whole interval of the gain above zero.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.contracts import Probabilities
from tidemill.reports.model import EnsembleSummary, GoldMix
from tidemill.reports.train import EnsembleReport, ModelComparison
from tidemill.train.classical.base import Member, ModelInputs
from tidemill.train.classical.registry import MEMBERS, members_of
from tidemill.train.end_model.model import Ensemble
from tidemill.train.end_model.stacking import WAYS, cross_fitted_predictions, fit_combination
from tidemill.train.ensemble.paired_bootstrap import Comparison, compare, comparison_rows
from tidemill.train.recipes.choose_recipe import MIN_GOLD_ROWS, within_one_standard_error
from tidemill.train.recipes.recipe import TrainingSet, fit_head_by_recipe, recipe_targets
from tidemill.train.row_weights import Array, Ints, class_balanced_weights
from tidemill.train.settings import TrainSettings

HEAD: Final = "head"
OFF: Final = EnsembleReport(used=False, reason="train.ensemble.members is empty: the head is the end model")
"""The report where no ensemble was asked for."""

Log = Callable[[str], None]


@dataclass(frozen=True)
class EnsembleResult:
    """The ensemble (None: the head alone does as well), and the report of why."""

    ensemble: Ensemble | None
    report: EnsembleReport

    def summary(self) -> EnsembleSummary | None:
        """Summarize the ensemble for config.json and the model card.

        Returns
        -------
        EnsembleSummary or None
            None where the head alone was chosen.
        """
        if self.ensemble is None or self.report.way is None:
            return None
        return EnsembleSummary(
            members=tuple(self.ensemble.members),
            way=self.report.way,
            reason=self.report.reason,
            sentences=self.report.sentences,
            combination=self.ensemble.combination.record(),
        )


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of rows that the models have not seen, and labels to combine them by.

    Parameters
    ----------
    names
        Names of the models, the head first.
    predictions : (n_models, n_rows, n_classes)
    fold : (n_rows,)
        Fold of each row.
    targets : (n_rows, n_classes)
        Labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    """

    names: tuple[str, ...]
    predictions: Any
    fold: Ints
    targets: Probabilities
    weights: Array

    def combine(self, way: str, *, without: str | None = None) -> Probabilities:
        """Predict each row by a combination that was not fitted on it.

        Parameters
        ----------
        way
            ``blend`` or ``stack``.
        without
            A model to leave out.

        Returns
        -------
        (n_rows, n_classes)
        """
        kept = [index for index, name in enumerate(self.names) if name != without]
        return cross_fitted_predictions(way, self.predictions[kept], self.targets, self.weights, self.fold)


def cotraining_report(ensemble: Ensemble, settings: TrainSettings) -> EnsembleReport:
    """Report an ensemble of co-trained views.

    Parameters
    ----------
    ensemble
        Head and views.
    settings
        The recipe that fitted them.

    Returns
    -------
    EnsembleReport
    """
    verb = (
        "each is fitted on the mean of all their held-out predictions"
        if settings.self_training.rounds
        else "each is fitted alone"
    )
    return EnsembleReport(
        used=True,
        members=tuple(ensemble.members),
        way="co-training" if settings.self_training.rounds else "mean",
        reason=f"train.cotraining.views: {verb}, and the prediction is the geometric mean of theirs",
        combination=ensemble.combination.record(),
    )


def mix_report(ensemble: Ensemble, mix: GoldMix) -> EnsembleReport:
    """Report models of labels by people and by functions whose predictions are averaged.

    Parameters
    ----------
    ensemble
        Head and members.
    mix
        What was compared.

    Returns
    -------
    EnsembleReport
    """
    return EnsembleReport(
        used=True,
        members=tuple(ensemble.members),
        way="blend",
        reason=f"train.gold.use: auto has chosen {mix.chosen}, and each of its models counts by its share",
        combination=ensemble.combination.record(),
    )


def fit_ensemble(
    training_set: TrainingSet, settings: TrainSettings, modality: str, *, say: Log = print
) -> EnsembleResult:
    """Fit classical models, and keep the ensemble where it wins over the head alone.

    Parameters
    ----------
    training_set
        Rows to train on.
    settings
        Settings that the head was fitted with.
    modality
        ``text`` or ``image``.
    say
        Called with a line for the person who waits.

    Returns
    -------
    EnsembleResult

    Raises
    ------
    ConfigError
        A member is not known, or reads texts where the rows are images.
    """
    names, left_out = members_of(settings.ensemble, modality)
    if left_out:
        say(f"ensemble: {', '.join(left_out)} left out: they read texts, and the rows are {modality}s")
    inputs = ModelInputs(training_set.features, training_set.texts)
    out_of_fold = out_of_fold_predictions(training_set, inputs, names, settings)
    comparison = comparison_rows(training_set, recipe_targets(training_set, settings)[1], settings)
    report = compare_with_head(out_of_fold, comparison, settings)
    about = {"left_out": tuple(left_out), "members": tuple(names), "folds": settings.ensemble.folds}
    report = report.model_copy(update=about)
    if not report.used or report.way is None:
        return EnsembleResult(None, report)
    members = {name: fit_member(name, training_set, inputs, settings) for name in names}
    combination = fit_combination(report.way, out_of_fold.predictions, out_of_fold.targets, out_of_fold.weights)
    return EnsembleResult(
        Ensemble(members, combination), report.model_copy(update={"combination": combination.record()})
    )


def out_of_fold_predictions(
    training_set: TrainingSet, inputs: ModelInputs, names: Sequence[str], settings: TrainSettings
) -> OutOfFold:
    """Predict rows by head and members of the other folds.

    Parameters
    ----------
    training_set
        Rows to train on.
    inputs
        The same rows as members read them.
    names
        Names of the members.
    settings
        Settings of train.

    Returns
    -------
    OutOfFold
    """
    fold = stratified_folds(training_set.targets.argmax(axis=1), settings.ensemble.folds, settings.seed)
    predictions = np.zeros((1 + len(names), *training_set.targets.shape))
    for k in range(settings.ensemble.folds):
        print(f"train: ensemble, part {k + 1} of {settings.ensemble.folds}", file=sys.stderr)
        others, held_out = training_set.part(fold != k), fold == k
        predictions[0, held_out] = fit_head_by_recipe(others, settings).predict_proba(training_set.features[held_out])
        for index, name in enumerate(names, start=1):
            member = fit_member(name, others, inputs.part(fold != k), settings)
            predictions[index, held_out] = member.predict_proba(inputs.part(held_out))
    targets, weights = recipe_targets(training_set, settings)
    return OutOfFold((HEAD, *names), predictions, fold, targets, class_balanced_weights(targets, weights, settings))


def stratified_folds(labels: Ints, parts: int, seed: int) -> Ints:
    """Draw folds that hold as many rows of each class, one more or less.

    Parameters
    ----------
    labels : (n_rows,)
        Class indices.
    parts
        Number of folds.
    seed
        Of the draw.

    Returns
    -------
    (n_rows,)
        Fold of each row.

    Examples
    --------
    >>> fold = stratified_folds(np.repeat([0, 1], [6, 3]), 3, 0)
    >>> np.bincount(fold[:6]).tolist(), np.bincount(fold[6:]).tolist()
    ([2, 2, 2], [1, 1, 1])
    """
    order = np.random.default_rng([seed, 13]).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    fold = np.zeros(len(labels), dtype=np.int64)
    fold[order] = np.arange(len(labels)) % parts
    return fold


def fit_member(name: str, training_set: TrainingSet, inputs: ModelInputs, settings: TrainSettings) -> Member:
    """Fit a member on the labels and weights that the head is fitted on.

    Parameters
    ----------
    name
        Name of the member.
    training_set
        Rows to train on.
    inputs
        The same rows as members read them.
    settings
        Settings of train.

    Returns
    -------
    Member
        Fitted.
    """
    targets, weights = recipe_targets(training_set, settings)
    own = getattr(settings.ensemble, name)
    return MEMBERS[name].fit(inputs, targets, class_balanced_weights(targets, weights, settings), own, settings.seed)


def compare_with_head(out_of_fold: OutOfFold, comparison: Comparison, settings: TrainSettings) -> EnsembleReport:
    """Compare every model, the blend and the stack with the head alone.

    Parameters
    ----------
    out_of_fold
        Predictions of rows that the models have not seen.
    comparison
        The rows and losses that decide.
    settings
        Settings of train.

    Returns
    -------
    EnsembleReport
        Every figure, the sentences and whether the ensemble is used.
    """
    head = out_of_fold.predictions[0]
    wanted: Sequence[str] = WAYS if settings.ensemble.combine == "auto" else (settings.ensemble.combine,)
    combined = {way: out_of_fold.combine(way) for way in WAYS}
    losses = {way: comparison.losses(combined[way]) for way in wanted}
    way: str = within_one_standard_error(losses)[0]
    lines = {
        name: compare(comparison, out_of_fold.predictions[index], head) for index, name in enumerate(out_of_fold.names)
    }
    lines |= {combination: compare(comparison, predictions, head) for combination, predictions in combined.items()}
    without = {
        name: compare(comparison, out_of_fold.combine(way, without=name), combined[way])
        for name in out_of_fold.names
        if len(out_of_fold.names) > 1
    }
    used, reason = _decided(lines[way], way, comparison, accept_without_gold=settings.ensemble.accept_without_gold)
    return EnsembleReport(
        used=used,
        reason=reason,
        way=way,
        judged_by=comparison.loss_name(),
        rows=int(comparison.loss_rows.sum()),
        lines=lines,
        without=without,
        sentences=tuple(ablation_sentence(name, line.gain) for name, line in without.items()),
    )


def _decided(best: ModelComparison, way: str, comparison: Comparison, *, accept_without_gold: bool) -> tuple[bool, str]:
    """Labels alone do not decide unless that is asked for.

    What fits them best repeats their mistakes best, and on three sets of real votes it was surely worse by gold
    (docs/decisions/0008).
    """
    mean, low, high = best.gain
    gain = f"the {way} against the head alone: {mean:+.4f} [{low:+.4f}, {high:+.4f}] less {comparison.loss_name()}"
    alone = "so the head alone is the end model"
    if not (comparison.by_gold or accept_without_gold):
        return (
            False,
            f"{gain}; labels do not show whether that is a gain (train.gold.use=true with {MIN_GOLD_ROWS} rows would), {alone}",
        )
    if low <= 0.0:
        return False, f"{gain}; not significantly a gain, {alone}"
    if best.accuracy_gain[0] < 0.0:
        return False, f"{gain}; but its accuracy is {-best.accuracy_gain[0]:.1%} lower, {alone}"
    return True, f"{gain}; so the {way} is the end model"


def ablation_sentence(name: str, gain: Sequence[float]) -> str:
    """Report whether the ensemble would work as well without a member.

    Parameters
    ----------
    name
        Name of the member.
    gain
        What leaving it out gains, and the ends of its interval.

    Returns
    -------
    str
        A sentence for the report.

    Examples
    --------
    >>> ablation_sentence("lstm", [-0.001, -0.003, 0.002])
    'without lstm: as well, -0.0010 [-0.0030, +0.0020]'
    """
    mean, low, high = gain
    verdict = "worse" if high < 0.0 else "better" if low > 0.0 else "as well"
    return f"without {name}: {verdict}, {mean:+.4f} [{low:+.4f}, {high:+.4f}]"


def comparison_table(report: EnsembleReport) -> pl.DataFrame:
    """Make a table of a report.

    Parameters
    ----------
    report
        Accuracies, losses and gains of the models and of the ablations, each with its interval.

    Returns
    -------
    polars.DataFrame
        A row for each model, for the blend and the stack (all compared with the head), and for each ablation.
    """
    rows = [("beside head", name, figures) for name, figures in (report.lines or {}).items()]
    rows += [("left out", name, figures) for name, figures in (report.without or {}).items()]
    columns: dict[str, Any] = {"what": [what for what, _, _ in rows], "model": [name for _, name, _ in rows]}
    for key in ("accuracy", "accuracy_gain", "loss", "gain"):
        for end_index, end in enumerate(("", "_low", "_high")):
            columns[key + end] = [getattr(figures, key)[end_index] for _, _, figures in rows]
    schema: dict[str, Any] = dict.fromkeys(columns, pl.Float64) | {"what": pl.String, "model": pl.String}
    return pl.DataFrame(columns, schema=schema)
