"""One label model on simulated votes in a process of its own: CPU seconds and memory above the start, as JSON.

Runs under Tidemill's interpreter (``generative``, ``auto``, ...) or the peers' (``snorkel``, ``crowdkit``).
Run: python benchmarks/denoise_speed.py MODEL ROWS FUNCTIONS
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

COVERAGE = 0.1


def main() -> None:
    """Simulate, fit, predict, tell."""
    model, rows, functions = sys.argv[1], int(float(sys.argv[2])), int(sys.argv[3])
    votes, truth = simulated(rows, functions)
    fit = prepared(model, votes)
    _forget_peak()
    before = _peak()
    start = time.process_time()
    predict, chosen = fit()
    middle = time.process_time()
    result = predict()
    summary = {"model": model, "rows": rows, "functions": functions, "chosen": chosen, "fit": middle - start}
    summary |= {
        "predict": time.process_time() - middle,
        "memory": _peak() - before,
        "peak": _peak(),
        "accuracy": float((result == truth).mean()),
    }
    print(json.dumps(summary))


def simulated(rows: int, functions: int) -> tuple[Any, Any]:
    """Rows and functions -> independent binary votes at 10% coverage, right in 60 to 90%; the truth."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, rows).astype(np.int16)
    votes = np.full((rows, functions), -1, dtype=np.int16)
    for function in range(functions):
        covered = np.flatnonzero(rng.random(rows) < COVERAGE)
        right = rng.random(len(covered)) < rng.uniform(0.6, 0.9)
        votes[covered, function] = np.where(right, truth[covered], 1 - truth[covered])
    return votes, truth


def prepared(name: str, votes: Any) -> Callable[[], tuple[Callable[[], Any], str]]:
    """Model's name and votes -> what fits it and gives what predicts, and the name of the model settled on.

    Libraries are imported before the clock starts.
    """
    if name == "snorkel":
        return _snorkel(votes)
    if name == "crowdkit":
        return _crowdkit(votes)
    import scipy.optimize
    import scipy.sparse  # noqa: F401

    from tidemill.denoise.models.registry import MODELS, create

    seed = {"seed": 0} if "seed" in MODELS[name].parameters else {}
    model = create(name, 2, **seed)

    def fit() -> tuple[Callable[[], Any], str]:
        model.fit(votes)
        return lambda: model.predict_proba(votes).argmax(axis=1), getattr(model, "chosen_", model).name

    return fit


def _snorkel(votes: Any) -> Callable[[], tuple[Callable[[], Any], str]]:
    import torch
    from snorkel.labeling.model import LabelModel

    torch.set_num_threads(1)
    model = LabelModel(cardinality=2, verbose=False)

    def fit() -> tuple[Callable[[], Any], str]:
        model.fit(votes, seed=0, progress_bar=False)
        return lambda: model.predict_proba(votes).argmax(axis=1), "snorkel"

    return fit


def _crowdkit(votes: Any) -> Callable[[], tuple[Callable[[], Any], str]]:
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    rows, functions = np.nonzero(votes >= 0)
    frame = pd.DataFrame({"task": rows, "worker": functions, "label": votes[rows, functions]})

    def fit() -> tuple[Callable[[], Any], str]:
        labels = DawidSkene(n_iter=100).fit_predict(frame)
        return lambda: labels.reindex(range(len(votes)), fill_value=0).to_numpy(), "crowdkit"

    return fit


def _forget_peak() -> None:
    """Linux: the peak is from now on that of what comes; elsewhere what the simulation took stays in it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """Peak memory of this process, GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
