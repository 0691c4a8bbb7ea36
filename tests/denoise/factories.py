"""Votes whose truth is known, and models fitted on them."""

from pathlib import Path

import numpy as np
import polars as pl
import yaml

from tidemill.contracts import ABSTAIN, not_class
from tidemill.denoise.models import MODELS, create
from tidemill.denoise.settings import DenoiseSettings
from tidemill.reports.denoise import DenoiseReport


def simulated(n_classes=3, rows=400, functions=7, coverage=0.5, seed=1):
    chance = np.random.default_rng(seed)
    truth = chance.choice(n_classes, rows, p=np.arange(1, n_classes + 1) / np.arange(1, n_classes + 1).sum())
    right = chance.random((rows, functions)) < np.linspace(0.55, 0.9, functions)
    wrong = (truth[:, None] + chance.integers(1, n_classes, (rows, functions))) % n_classes
    votes = np.where(right, truth[:, None], wrong)
    votes = np.where(chance.random((rows, functions)) < coverage, votes, ABSTAIN).astype(np.int16)
    votes[:5] = ABSTAIN
    refused = chance.random(rows) < 0.1
    votes[refused, 0] = [not_class((k + 1) % n_classes) for k in truth[refused]]
    return votes, truth


def features_of(truth, seed=2):
    return np.random.default_rng(seed).normal(size=(len(truth), 4)).astype(np.float32) + truth[:, None]


def made(name, n_classes):
    return create(name, n_classes, **({"seed": 1} if "seed" in MODELS[name].parameters else {}))


def fitted(name, votes, features, n_classes=3):
    return made(name, n_classes).fit(votes, features=features)


def two_sided(truth, accuracy, coverage, chance):
    right = chance.random(len(truth)) < accuracy
    return np.where(chance.random(len(truth)) < coverage, np.where(right, truth, 1 - truth), ABSTAIN).astype(np.int16)


def clones(copies=6, rows=10_000):
    chance = np.random.default_rng(7)
    truth = chance.integers(0, 2, rows)
    good = [two_sided(truth, 0.8, 0.7, chance) for _ in range(5)]
    poor = two_sided(truth, 0.55, 0.7, chance)
    return np.stack([*good, *[poor] * copies], axis=1), truth


def settings(model):
    with Path(f"src/tidemill/conf/denoise/{model}.yaml").open(encoding="utf-8") as file:
        return DenoiseSettings.model_validate(yaml.safe_load(file))


def votes_table(rows=200):
    chance = np.random.default_rng(5)
    truth = chance.integers(0, 2, rows)
    votes = np.where(chance.random((rows, 4)) < 0.8, truth[:, None], 1 - truth[:, None]).astype(np.int16)
    votes[-3:] = ABSTAIN
    ids = {"row_id": [f"{i:016x}" for i in range(rows)], "batch": ["one"] * rows}
    split = ["train", "dev", "valid", "test"] * (rows // 4)
    return pl.DataFrame({**ids, "split": split, **{f"f{j}": votes[:, j] for j in range(4)}})


def rare_votes(share, positive, negative, seed, rows=4000):
    """Return truth and votes: functions of a rare class right in most cases, of the other class on half of its rows."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(rows) < share).astype(int)
    votes = np.full((rows, positive + negative), ABSTAIN, dtype=np.int16)
    for j in range(positive):
        votes[rng.random(rows) < np.where(truth == 1, 0.6, 0.002), j] = 1
    for j in range(positive, positive + negative):
        votes[rng.random(rows) < np.where(truth == 0, 0.5, 0.05), j] = 0
    return truth, votes


def report_of(**fields) -> DenoiseReport:
    """A report of few votes: the majority's, with whatever else is given."""
    given = {
        "model": "majority",
        "rows": 900,
        "coverage": 0.9,
        "class_balance": {"ham": 0.9, "spam": 0.1},
        "uncovered_rows": {"ham": 0.9, "spam": 0.1},
        "label_shares": {"ham": 0.9, "spam": 0.1},
        "accuracies": {},
        "majority_vote": {"label_shares": {"ham": 0.9, "spam": 0.1}, "agreement_where_covered": None},
        "gold": None,
        "class_shares_on_gold": None,
        "row_groups_on_gold": None,
        "identifiability": {"data_set": (), "classes": {}, "rows": {"without_votes": 0.1, "tied": 0.0}},
    }
    return DenoiseReport(**given | fields)
