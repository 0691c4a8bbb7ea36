"""Rows whose classes are known: two clouds of points on either side of a plane."""

import numpy as np

from tidemill.contracts import NO_GOLD
from tidemill.train.recipes.recipe import TrainingSet

SMALL = {"optimizer": {"max_epochs": 20, "learning_rate": 0.05}, "head.hidden_sizes": (), "recipe_folds": 2}


def clouds(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    high = rng.random(rows) < 0.5
    features = (rng.normal(size=(rows, 5)) + np.where(high, 1.5, -1.5)[:, None]).astype(np.float32)
    return features, np.eye(2)[high.astype(int)]


def training_set(rows=300, wrong=0.0, known=0, seed=0):
    """Clouds, a share of whose labels are wrong, the first rows with gold; the true classes, and which labels are wrong."""
    features, truth = clouds(rows, seed)
    flipped = np.random.default_rng(seed + 1).random(rows) < wrong
    targets = np.where(flipped[:, None], 1.0 - truth, truth) * 0.8 + 0.1
    gold = np.where(np.arange(rows) < known, truth.argmax(axis=1), NO_GOLD)
    return TrainingSet(features, targets, np.ones(rows, dtype=bool), gold), truth, flipped


def changed(settings, changes=None):
    """Settings for a small fit, with changes by dotted keys."""
    return settings.with_changes(SMALL).with_changes(changes or {})
