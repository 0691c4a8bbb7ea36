"""The same answers through crowd-kit: labels and agreement that `tidemill.review` is compared with in its tests.

Run, in an environment of its own with crowd-kit 1.4.2: python benchmarks/review_peers.py OUT.json
The answers are drawn with a fixed seed and written with the peer's results; tests/review/peers.json is such a file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

SEED = 5
ROWS, PEOPLE, CLASSES, EACH = 150, 20, 3, 4
SPAMMERS = 5


def drawn() -> dict[str, Any]:
    """Draw truth and answers: a quarter of the people guess, the others are right in 60 to 95%."""
    rng = np.random.default_rng(SEED)
    truth = rng.integers(CLASSES, size=ROWS)
    skill = np.where(np.arange(PEOPLE) < SPAMMERS, 1 / CLASSES, rng.uniform(0.6, 0.95, PEOPLE))
    row = np.repeat(np.arange(ROWS), EACH)
    who = np.concatenate([rng.permutation(PEOPLE)[:EACH] for _ in range(ROWS)])
    right = rng.random(len(row)) < skill[who]
    label = np.where(right, truth[row], (truth[row] + rng.integers(1, CLASSES, len(row))) % CLASSES)
    return {"truth": truth.tolist(), "row": row.tolist(), "annotator": who.tolist(), "label": label.tolist()}


def main(out: Path) -> None:
    """Run the peer, and write answers and results."""
    import pandas as pd
    from crowdkit.aggregation import GLAD, MACE, DawidSkene, MajorityVote
    from crowdkit.metrics.data import alpha_krippendorff

    content = drawn()
    frame = pd.DataFrame({"task": content["row"], "worker": content["annotator"], "label": content["label"]})
    peers = {
        "majority": MajorityVote(),
        "dawid_skene": DawidSkene(n_iter=100),
        "mace": MACE(n_iter=100, method="em", random_state=SEED),
        "glad": GLAD(n_iter=100),
    }
    labels = {name: peer.fit_predict(frame).sort_index().astype(int).tolist() for name, peer in peers.items()}
    results = {"alpha": float(alpha_krippendorff(frame)), "labels": labels}
    out.write_text(json.dumps(content | results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
