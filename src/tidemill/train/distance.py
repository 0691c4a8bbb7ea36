"""how far a backbone is from the data, and how well its features tell the labels -> whether training it too would pay.

The first is measured where rows are embedded; the second here, without gold: features are of use as far as rows that lie
together bear the same label, as the cut statistic asks of each row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from tidemill.contracts import Features, Probabilities
from tidemill.train.cut import shared
from tidemill.train.settings import TrainSettings
from tidemill.train.teach import Array

TELLING: Final = 0.1
"""Share of the way from chance to all neighbours alike, below which features hardly tell the labels."""
_MOST: Final = 2_000  # rows whose neighbours are looked at
_LEAST: Final = 5  # rows for each neighbour
ADVICE: Final = (
    "train=partial or train=full may be worth a try: they take from twice (images, partial) to twenty times (texts, full) as "
    "long as embedding the rows, at every training; `tidemill run problem=… train=partial` tries it, and the gate judges it"
)


def distance(
    domain: Mapping[str, Any] | None,
    features: Features,
    targets: Probabilities,
    weights: Array,
    settings: TrainSettings,
) -> dict[str, Any]:
    """What ``embed`` told of the backbone, and rows with labels and weights -> verdict, figures, words and advice.

    ``advice`` is None where the backbone is near enough and its features tell the labels, where it was taught, and where
    rows are too few to teach it.
    """
    verdict = "unknown" if domain is None else str(domain["verdict"])
    words = [] if domain is None else [f"the backbone is {_place(verdict)} this data: {domain['words']}"]
    taught = np.random.default_rng([settings.seed, 19]).permutation(np.flatnonzero(weights > 0))[:_MOST]
    told: dict[str, Any] = {"verdict": verdict}
    telling = 1.0
    enough = len(taught) >= _LEAST * settings.neighbours  # of fewer rows neighbours are all there are
    if enough:
        agree, chance = shared(features[taught], targets[taught].argmax(axis=1), neighbours=settings.neighbours)
        telling = (agree - chance) / (1.0 - chance) if chance < 1.0 else 1.0
        told["neighbours"] = {"agree": round(agree, 4), "chance": round(chance, 4)}
        near = f"of {settings.neighbours} neighbours among its features {agree:.0%} share the label"
        words.append(f"{near}, {chance:.0%} would by chance")
    asks = enough and settings.mode == "head" and (verdict == "far" or telling < TELLING)
    return told | {"words": "; ".join(words), "advice": ADVICE if asks else None}


def _place(verdict: str) -> str:
    return {"near": "near", "far": "far from", "unknown": "at an unknown distance from"}.get(verdict, f"{verdict} from")
