"""Settings that had another name before 0.2.0: an old one is refused, and the message names the new one.

One table serves all ways in: what Hydra composes from ``conf/``, overrides of a command line or of ``dvc exp run -S``, and
what a stage reads from ``params.yaml``. docs/decisions/0020 gives the reason why nothing is translated silently.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tidemill.common.nested import flatten
from tidemill.errors import ConfigError

RENAMED: Final[dict[str, dict[str, str]]] = {
    "train": {
        "tune": "finetune",
        "tune.blocks": "finetune.trainable_blocks",
        "tune.epochs": "finetune.epochs",
        "tune.learning_rate": "finetune.learning_rate",
        "tune.layer_decay": "finetune.layer_decay",
        "tune.rows_per_step": "finetune.batch_size",
        "tune.augment": "finetune.augment",
        "hidden": "head.hidden_sizes",
        "dropout": "head.dropout",
        "select": "head.feature_fraction",
        "learning_rate": "optimizer.learning_rate",
        "weight_decay": "optimizer.weight_decay",
        "rows_per_step": "optimizer.batch_size",
        "max_epochs": "optimizer.max_epochs",
        "patience": "early_stopping.patience",
        "held_out": "early_stopping.validation_fraction",
        "uncovered": "labels.uncovered",
        "sharpen": "labels.sharpening",
        "min_confidence": "labels.min_confidence",
        "confidence_weighting": "labels.confidence_weighting",
        "class_balance": "labels.class_balance",
        "smoothing": "labels.noise_transition",
        "loss": "loss.name",
        "q": "loss.q",
        "subset": "cut_statistic.fraction",
        "neighbours": "cut_statistic.n_neighbors",
        "self_training": "self_training.rounds",
        "sure": "self_training.min_confidence",
        "own_share": "self_training.prediction_weight",
        "views": "cotraining.views",
        "use_gold": "gold.use",
        "gold_weight": "gold.weight",
        "mixup": "augmentation.mixup_alpha",
        "noise": "augmentation.noise_std",
        "trials": "recipe_folds",
        "none_of_the_above": "ood_rejection_rate",
        "ensemble.by_labels": "ensemble.accept_without_gold",
        "ensemble.linear.penalty": "ensemble.linear.l2",
        "ensemble.ngrams.words": "ensemble.ngrams.word_ngrams",
        "ensemble.ngrams.characters": "ensemble.ngrams.char_ngrams",
        "ensemble.ngrams.least": "ensemble.ngrams.min_df",
        "ensemble.ngrams.most": "ensemble.ngrams.max_features",
        "ensemble.ngrams.penalty": "ensemble.ngrams.l2",
        "ensemble.naive_bayes.words": "ensemble.naive_bayes.word_ngrams",
        "ensemble.naive_bayes.least": "ensemble.naive_bayes.min_df",
        "ensemble.naive_bayes.most": "ensemble.naive_bayes.max_features",
        "ensemble.naive_bayes.smoothing": "ensemble.naive_bayes.alpha",
        "ensemble.xgboost.trees": "ensemble.xgboost.n_estimators",
        "ensemble.xgboost.depth": "ensemble.xgboost.max_depth",
        "ensemble.xgboost.rows": "ensemble.xgboost.subsample",
        "ensemble.xgboost.columns": "ensemble.xgboost.colsample_bytree",
        "ensemble.xgboost.least_weight": "ensemble.xgboost.min_child_weight",
        "ensemble.lstm.least": "ensemble.lstm.min_df",
        "ensemble.lstm.most": "ensemble.lstm.max_features",
        "ensemble.lstm.words": "ensemble.lstm.max_length",
        "ensemble.lstm.width": "ensemble.lstm.embedding_size",
        "ensemble.lstm.hidden": "ensemble.lstm.hidden_size",
        "ensemble.lstm.rows_per_step": "ensemble.lstm.batch_size",
    },
    "search": {
        "rows": "max_rows",
        "parts": "folds",
        "embedding": "embedding_share",
        "judging": "comparison_share",
        "space.dropout": "space.head.dropout",
        "space.select": "space.head.feature_fraction",
        "space.learning_rate": "space.optimizer.learning_rate",
        "space.weight_decay": "space.optimizer.weight_decay",
        "space.loss": "space.loss.name",
        "space.mixup": "space.augmentation.mixup_alpha",
        "space.noise": "space.augmentation.noise_std",
        "space.subset": "space.cut_statistic.fraction",
        "space.self_training": "space.self_training.rounds",
        "space.confidence_weighting": "space.labels.confidence_weighting",
        "space.uncovered": "space.labels.uncovered",
    },
    "evaluate": {
        "positive": "positive_class",
        "confidence": "confidence_level",
        "temperature": "calibrate_on",
        "precision": "target_precision",
        "curves.seeds": "curves.n_repeats",
        "curves.draws": "curves.n_bootstrap",
        "curves.asked": "curves.extrapolate_to",
        "curves.reach": "curves.max_extrapolation",
        "errors.method": "errors.filter_by",
        "errors.rank": "errors.rank_by",
        "errors.most": "errors.max_errors",
        "errors.shown": "errors.page_rows",
        "gate.probability": "gate.min_probability",
    },
    "monitor": {
        "harm.min_drop": "harm.min_agreement_drop",
        "harm.min_coverage_fall": "harm.min_coverage_drop",
    },
    "label": {
        "hidden": "hidden_columns",
        "processes": "n_workers",
        "seconds": "timeout_seconds",
        "megabytes": "memory_limit_mb",
        "keep_megabytes": "vote_cache_mb",
        "suite.min_voters": "suite.min_functions_per_class",
        "suite.rows_asked_twice": "suite.determinism_rows",
    },
    "ingest": {"order": "batch_order"},
}
"""Stage, old key and new key; an old key that is now a group is old only where its value is none."""

RENAMED_OPTIONS: Final[dict[str, dict[str, str]]] = {"denoise": {"spoken": "dawid_skene_votes"}}
"""Group, old option and new option."""

REPLACED: Final[dict[str, dict[str, str]]] = {
    "monitor": {
        "retrain_on": "`actions`: what was harm is the default, drift is actions: {drift: retrain}, arrival is "
        "actions: {arrival: retrain}",
    },
}
"""Stage, old key and what to write in its place, where the new key takes other values."""

_LISTS: Final = {"train": "recipes"}
"""Stage and the key of a list whose entries hold settings of the stage again."""


def new_name(stage: str, key: str, value: Any) -> str | None:
    """Look up what a setting is called now.

    Parameters
    ----------
    stage
        Name of a stage, such as ``train``.
    key
        Dotted key below the stage.
    value : object
        Its value; a mapping where the key is a group.

    Returns
    -------
    str or None
        The new key; None where the key is not an old one.
    """
    renamed = RENAMED.get(stage, {})
    is_group = any(name.startswith(f"{key}.") for name in renamed.values())
    return None if is_group and isinstance(value, Mapping) else renamed.get(key)


def refuse_renamed(stage: str, section: Mapping[str, Any], where: str) -> None:
    """Refuse a stage's settings where one has its old name.

    Parameters
    ----------
    stage
        Name of the stage.
    section
        Its settings.
    where
        Where they stand, such as ``spam.train``.

    Raises
    ------
    ConfigError
        Names the old key and the new one.
    """
    for key, instead in REPLACED.get(stage, {}).items():
        if key in section:
            raise ConfigError(f"{where}.{key} is replaced since 0.2.0 by {instead}")
    for key, new in _renamed_in(stage, section):
        raise ConfigError(f"{where}.{key} is called {where}.{new} since 0.2.0: rename it")


def _renamed_in(stage: str, section: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in flatten(section):
        new = new_name(stage, key, value)
        if new is not None and not any(name.startswith(f"{key}.") for name in RENAMED[stage]):
            yield key, new
    entries = section.get(_LISTS.get(stage, ""), ())
    for entry in entries if isinstance(entries, Sequence) and not isinstance(entries, str) else ():
        yield from _renamed_in(stage, entry) if isinstance(entry, Mapping) else ()


def refuse_renamed_overrides(overrides: Iterable[str]) -> None:
    """Refuse overrides that set what has another name now.

    Parameters
    ----------
    overrides
        In Hydra's grammar, such as ``spam.train.smoothing=true``; the problem may be left out.

    Raises
    ------
    ConfigError
        Names the override and the new key.
    """
    for override in overrides:
        key, is_override, value = override.lstrip("+~").partition("=")
        parts = key.split(".")
        for depth in (0, 1):  # train.hidden or spam.train.hidden
            if not is_override or len(parts) < depth + 2 or parts[depth] not in RENAMED:
                continue
            if instead := REPLACED.get(parts[depth], {}).get(".".join(parts[depth + 1 :])):
                raise ConfigError(f"override {override!r}: {key} is replaced since 0.2.0 by {instead}")
            is_mapping = {} if value.startswith("{") else value
            if new := new_name(parts[depth], ".".join(parts[depth + 1 :]), is_mapping):
                renamed = ".".join([*parts[: depth + 1], new])
                raise ConfigError(
                    f"override {override!r}: {key} is called {renamed} since 0.2.0: write {renamed}={value}"
                )
