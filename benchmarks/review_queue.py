"""What a review by the queue brings a model, beside a review of as many rows drawn at random: solar, 20 divisions of its rows.

Labels of the label model, made once, teach a linear head on features of the backbone, made once too; the gold of the rows that were reviewed
takes the place of their labels (``train.gold.use``). Each seed divides the rows anew into those that teach and those that are scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from denoise_packaged import Packaged
from tidemill.apps.gold.sample import pick_unlike
from tidemill.apps.review.queue import ModelOpinions, chances_of_error
from tidemill.contracts import ABSTAIN, NO_GOLD
from tidemill.denoise.models.registry import create
from tidemill.project.project import Project
from tidemill.train.classical.base import ModelInputs
from tidemill.train.ensemble.choose_ensemble import fit_member
from tidemill.train.recipes.recipe import TrainingSet
from tidemill.train.settings import TrainSettings

BUDGET, AUDIT, CANDIDATES, TEACHING = 200, 0.1, 10, 0.65
WAYS = ("random", "queue", "half random", "alike", "unsure", "by chance of error", "wrong labels", "all rows")
DRAWS = 2000


@dataclass(frozen=True)
class _Review:
    """Rows that teach, before anybody has looked at them."""

    features: Any
    labels: Any
    covered: Any
    truth: Any
    weak: Any
    """(rows, classes) by the head that has learned from the labels alone."""

    @property
    def is_wrong(self) -> Any:
        return self.labels.argmax(axis=1) != self.truth

    @property
    def chances(self) -> Any:
        """As the queue estimates them where nobody has labeled a row."""
        own, place = self.labels.argmax(axis=1), np.arange(len(self.labels))
        chance = (self.labels[place, own] + self.weak[place, own]) / 2.0
        opinions = ModelOpinions(chance, own, self.weak.argmax(axis=1) != own)
        return chances_of_error(opinions, np.full(len(own), NO_GOLD))

    def picked(self, way: str, rng: Any) -> Any:
        """Which rows are reviewed."""
        rows = len(self.truth)
        if way == "random":
            return rng.permutation(rows)[:BUDGET]
        if way == "all rows":
            return np.arange(rows)
        if way == "by chance of error":
            return rng.choice(rows, BUDGET, replace=False, p=self.chances / self.chances.sum())
        scores = {"unsure": 1.0 - np.abs(self.weak - 0.5).max(axis=1), "wrong labels": self.is_wrong + self.chances}
        share = {"half random": 0.5}.get(way, AUDIT)
        return _ranked(scores.get(way, self.chances), rng, None if way == "alike" else self.features, share)

    def reviewed(self, way: str, rng: Any) -> Any:
        """Gold after the review."""
        gold = np.full(len(self.truth), NO_GOLD)
        rows = self.picked(way, rng)
        gold[rows] = self.truth[rows]
        return gold


def _ranked(scores: Any, rng: Any, features: Any, share: float) -> Any:
    """A random share, and of the others the largest scores, unlike each other."""
    random = rng.permutation(len(scores))[: round(share * BUDGET)]
    free = np.setdiff1d(np.arange(len(scores)), random)
    ranked = free[np.argsort(-scores[free], kind="stable")][: CANDIDATES * BUDGET]
    unit = None if features is None else features / np.linalg.norm(features, axis=1, keepdims=True)
    return np.concatenate([random, pick_unlike(ranked, scores, unit, BUDGET - len(random))])


def review_gains(problem: Packaged, root: Path, seeds: int) -> dict[str, Any]:
    """Measure the gain of each way of picking rows, with its 95% interval over divisions of the rows."""
    truth = _gold(root / "data" / problem.name)
    model = create("auto", problem.n_classes, seed=20).fit(problem.votes[problem.fitted])
    labels = model.predict_proba(problem.votes)
    gains: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in range(seeds):
        for way, gain in _gains(problem, labels, truth, seed, _settings(problem, root)).items():
            gains[way].append(gain)
    table = {way: np.array(each) for way, each in gains.items()}
    found = {way: {"gain": float(each.mean()), "interval": _interval(each)} for way, each in table.items()}
    ratio = float(table["queue"].mean() / table["random"].mean())
    return {"ways": found, "ratio": ratio, "interval": _interval(table["queue"], table["random"])}


def _settings(problem: Packaged, root: Path) -> TrainSettings:
    """The problem's, with a linear head that learns from gold too."""
    own = Project.open(root).load(problem.name, "train", TrainSettings)[1].plain()
    return own.with_changes({"gold.use": True, "ensemble.linear.l2": 0.25 * problem.features.shape[1]})


def _gold(folder: Path) -> Any:
    votes = pl.read_parquet(folder / "votes.parquet", columns=["row_id"])
    gold = pl.concat([pl.read_parquet(folder / kind / "*.parquet") for kind in ("dev", "train_gold", "gold")])
    return votes.join(gold, on="row_id", how="left", maintain_order="left")["gold"].fill_null(NO_GOLD).to_numpy()


def _gains(problem: Packaged, labels: Any, truth: Any, seed: int, settings: TrainSettings) -> dict[str, float]:
    known = np.random.default_rng(seed).permutation(np.flatnonzero(truth != NO_GOLD))
    cut = round(TEACHING * len(known))
    teaching, scored = known[:cut], known[cut:]
    features, covered = problem.features[teaching], (problem.votes[teaching] != ABSTAIN).any(axis=1)
    nothing = np.full(cut, NO_GOLD)

    def predicted(gold: Any, rows: Any) -> Any:
        lesson = TrainingSet(features, labels[teaching], covered, gold, None)
        return fit_member("linear", lesson, ModelInputs(features, None), settings).predict_proba(
            ModelInputs(problem.features[rows], None)
        )

    def score(gold: Any) -> float:
        right = predicted(gold, scored).argmax(axis=1) == truth[scored]
        return float(np.mean([right[truth[scored] == label].mean() for label in np.unique(truth[scored])]))

    review = _Review(features, labels[teaching], covered, truth[teaching], predicted(nothing, teaching))
    before = score(nothing)
    return {
        way: score(review.reviewed(way, np.random.default_rng([seed, place]))) - before
        for place, way in enumerate(WAYS)
    }


def _interval(gains: Any, of: Any = None) -> list[float]:
    """95%, of the mean or of the ratio of two means."""
    draws = np.random.default_rng(0).integers(len(gains), size=(DRAWS, len(gains)))
    means = gains[draws].mean(axis=1)
    values = means if of is None else means / of[draws].mean(axis=1)
    return [float(end) for end in np.quantile(values, [0.025, 0.975])]
