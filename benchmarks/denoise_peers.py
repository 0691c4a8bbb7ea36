"""Peers on one set of votes, run by the peers' interpreter: npz of votes in, npz of probabilities per model out.

Run: python benchmarks/denoise_peers.py VOTES.npz OUT.npz
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np


def main() -> None:
    """Every peer that takes these votes; one that fails says why and is left out."""
    given = np.load(sys.argv[1])
    train, test, n_classes = given["train"].astype(int), given["test"].astype(int), int(given["n_classes"])
    results = {}
    for name, run in PEERS.items():
        try:
            results[name] = run(train, test, n_classes)
        except Exception as error:  # noqa: BLE001 - a peer's failure is a result
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    np.savez(sys.argv[2], **results)


def snorkel(train: Any, test: Any, n_classes: int) -> Any:
    """Snorkel's LabelModel with its defaults."""
    import torch
    from snorkel.labeling.model import LabelModel

    torch.set_num_threads(1)
    model = LabelModel(cardinality=n_classes, verbose=False)
    model.fit(train, seed=0, progress_bar=False)
    return model.predict_proba(test)


def hyperlm(train: Any, test: Any, n_classes: int) -> Any:  # noqa: ARG001 - it sees the test votes alone
    """Hyperlm's pretrained label model; it sees the votes it labels."""
    from hyperlm import HyperLabelModel

    return HyperLabelModel().infer(test, return_probs=True)


def crowdkit(model: str) -> Callable[[Any, Any, int], Any]:
    """Name of a crowd-kit aggregator -> its run; it sees the votes it labels."""

    def run(train: Any, test: Any, n_classes: int) -> Any:  # noqa: ARG001 - it sees the test votes alone
        import pandas as pd
        from crowdkit import aggregation

        rows, functions = np.nonzero(test >= 0)
        frame = pd.DataFrame({"task": rows, "worker": functions, "label": test[rows, functions]})
        labels = getattr(aggregation, model)().fit_predict(frame)
        result = np.full((len(test), n_classes), 1.0 / n_classes)
        result[labels.index.to_numpy()] = np.eye(n_classes)[labels.to_numpy().astype(int)]
        return result

    return run


PEERS = {"snorkel": snorkel, "hyperlm": hyperlm, "ck_wawa": crowdkit("Wawa"), "ck_ds": crowdkit("DawidSkene")}

if __name__ == "__main__":
    main()
