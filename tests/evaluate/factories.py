"""Fabricated rows with known truth, for the tests of evaluate."""

from typing import Any

import numpy as np
import polars as pl

from tidemill.evaluate.settings import EvaluateSettings

CLASSES = ("ham", "spam")


def settings(**changes: Any) -> EvaluateSettings:
    gate = {
        "metric": "balanced_accuracy",
        "min_rows": 30,
        "min_probability": 0.95,
        "margin": 0.0,
        "fresh_rows": None,
        "older_tolerance": 0.02,
        "ask": None,
        "ask_gain": 0.02,
        "guard_probability": 0.5,
        "guards": (),
    } | changes.pop("gate", {})
    curves = {"sizes": [5, 10, 20, 40], "n_repeats": 2, "n_bootstrap": 20}
    curves |= {"extrapolate_to": [100, 1000, 5000, 10_000_000], "max_extrapolation": 50}
    errors = {"filter_by": "confident_learning", "rank_by": "normalized_margin", "max_errors": None, "page_rows": 200}
    base = {
        "curves": curves | changes.pop("curves", {}),
        "errors": errors | changes.pop("errors", {}),
        "positive_class": None,
        "n_bins": 15,
        "n_bootstrap": 400,
        "confidence_level": 0.95,
        "seed": 7,
        "slices": None,
        "max_slice_values": 12,
        "min_slice_rows": 5,
        "calibrate_on": "weak",
        "target_precision": 0.95,
    }
    return EvaluateSettings.model_validate(base | changes | {"gate": gate})


def says(predicted: np.ndarray, confidence: float = 0.9) -> np.ndarray:
    """Predicted class 0 or 1 -> probabilities with that confidence."""
    return np.where(np.eye(2, dtype=bool)[predicted], confidence, 1.0 - confidence)


def flipped(gold: np.ndarray, count: int) -> np.ndarray:
    """Gold -> predictions that are wrong on ``count`` rows spread evenly over all."""
    predicted = gold.copy()
    wrong = np.linspace(0, len(gold) - 1, count).astype(int) if count else []
    predicted[wrong] = 1 - predicted[wrong]
    return predicted


def rows(n: int = 400) -> pl.DataFrame:
    """Rows of which half are test and half valid, a third of each spam, with a batch and a group."""
    index = np.arange(n)
    return pl.DataFrame(
        {
            "row_id": [f"r{k}" for k in index],
            "split": np.where(index % 2 == 0, "test", "valid"),
            "gold": (index // 2 % 3 == 0).astype(np.int16),
            "batch": np.where(index < n // 2, "sms-1", "email-1"),
            "group": [None if k < n // 2 else "easy-ham" if k % 5 else "hard-ham" for k in index],
        }
    )
