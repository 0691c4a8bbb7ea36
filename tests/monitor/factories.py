"""Fabricated batches with known shifts, for the tests of monitor."""

from typing import Any

import numpy as np

from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.settings import MonitorSettings

N_FUNCTIONS = 8
NAMES = Names(("ham", "spam"), tuple(f"lf_{k}" for k in range(N_FUNCTIONS)))
DIMENSIONS = 6


def settings(**changes: Any) -> MonitorSettings:
    base: dict[str, Any] = {
        "alpha": 0.05,
        "seed": 3,
        "min_rows": 30,
        "actions": {"harm": "retrain"},
        "retrain": {
            "harm_checks": 1,
            "cooldown_checks": 0,
            "cooldown_hours": 0,
            "budget": 9,
            "budget_days": 30,
            "growth": 4,
            "new_labels": 100,
        },
        "broken": {"min_rows": 20, "max_null_increase": 0.5},
        "detectors": ("embeddings", "functions", "predictions"),
        "embeddings": {"max_rows": 300, "n_permutations": 199, "min_auc": 0.55},
        "functions": {"min_coverage_change": 0.05, "min_conflict_change": 0.1},
        "predictions": {"n_bins": 5, "n_permutations": 199, "min_distance": 0.1},
        "harm": {
            "tolerated_drop": 0.05,
            "max_labels": 400,
            "min_rows": 30,
            "min_agreement_drop": 0.05,
            "min_coverage_drop": 0.2,
        },
        "sequential": {"horizon": 365, "min_reference": 300, "strata": (), "weights": {}},
    }
    for key, value in changes.items():
        base[key] = base[key] | value if isinstance(base[key], dict) else value
    return MonitorSettings.model_validate(base)


def without_floors(**changes: Any) -> MonitorSettings:
    """Settings under which significance alone decides, to see whether the tests keep their level."""
    return settings(
        embeddings={"max_rows": 300, "n_permutations": 99, "min_auc": 0.0},
        functions={"min_coverage_change": 0.0, "min_conflict_change": 0.0},
        predictions={"n_bins": 5, "n_permutations": 199, "min_distance": 0.0},
        harm={"min_agreement_drop": 0.0},
        **changes,
    )


def arrive(
    n: int, rng: np.random.Generator, *, moved: float = 0.0, champion: float = 0.95, coverage: float = 0.5
) -> Rows:
    """A batch: spam is a third, functions are right 9 times in 10 on the share ``coverage`` of rows, the champion is
    right on the share ``champion``; ``moved`` shifts a feature that neither of them looks at."""
    gold = (rng.uniform(size=n) < 1 / 3).astype(np.int64)
    features = rng.normal(size=(n, DIMENSIONS))
    features[:, 0] += 2.0 * gold
    features[:, 1] += moved
    right = rng.uniform(size=(n, N_FUNCTIONS)) < 0.9
    speaks = rng.uniform(size=(n, N_FUNCTIONS)) < coverage
    votes = np.where(speaks, np.where(right, gold[:, None], 1 - gold[:, None]), -1).astype(np.int16)
    predicted = np.where(rng.uniform(size=n) < champion, gold, 1 - gold)
    sure = rng.uniform(0.6, 1.0, size=n)
    probabilities = np.where(np.eye(2, dtype=bool)[predicted], sure[:, None], 1.0 - sure[:, None])
    return Rows(features.astype(np.float32), probabilities, votes)
