"""Whether fine-tuning the backbone would pay: how far it is from the data, and how well its features separate the labels.

The first is measured where rows are embedded; the second here, without gold: features are of use as far as rows that lie
together have the same label, as the cut statistic asks of each row.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tidemill.contracts import Features, Probabilities
from tidemill.reports.embed import Domain
from tidemill.reports.model import FinetuneAdvice, NeighbourAgreement
from tidemill.train.recipes.cut_statistic import neighbour_agreement
from tidemill.train.row_weights import Array
from tidemill.train.settings import TrainSettings

MIN_AGREEMENT: Final = 0.1
"""Share of the way from chance to all neighbours alike, below which features hardly predict the labels."""
_MAX_ROWS: Final = 2_000  # rows whose neighbours are looked at
_ROWS_PER_NEIGHBOUR: Final = 5  # rows for each neighbour
ADVICE: Final = (
    "train=partial or train=full may pay: they take from twice (images, partial) to twenty times (texts, full) as "
    "long as embedding the rows, at every training; `tidemill run problem=… train=partial` tries it, and the gate judges it"
)


def finetune_advice(
    domain: Domain | None,
    features: Features,
    targets: Probabilities,
    weights: Array,
    settings: TrainSettings,
) -> FinetuneAdvice:
    """Advise whether to fine-tune the backbone.

    ``advice`` is None where the backbone is near enough and its features separate the labels, where it was fine-tuned, and
    where rows are too few to fine-tune it.

    Parameters
    ----------
    domain
        What ``embed`` measured of the backbone's distance from the data.
    features : (n_rows, n_dimensions)
        Features of the rows.
    targets : (n_rows, n_classes)
        Probabilistic labels.
    weights : (n_rows,)
        Weight of each row, at least 0.
    settings
        Settings of train.

    Returns
    -------
    FinetuneAdvice
    """
    verdict = "unknown" if domain is None else domain.verdict
    words = [] if domain is None else [f"the backbone is {_distance_words(verdict)} this data: {domain.summary}"]
    rows = np.random.default_rng([settings.seed, 19]).permutation(np.flatnonzero(weights > 0))[:_MAX_ROWS]
    neighbours = None
    separation = 1.0
    enough = (
        len(rows) >= _ROWS_PER_NEIGHBOUR * settings.cut_statistic.n_neighbors
    )  # of fewer rows neighbours are all there are
    if enough:
        agree, chance = neighbour_agreement(
            features[rows], targets[rows].argmax(axis=1), neighbours=settings.cut_statistic.n_neighbors
        )
        separation = (agree - chance) / (1.0 - chance) if chance < 1.0 else 1.0
        neighbours = NeighbourAgreement(agree=round(agree, 4), chance=round(chance, 4))
        near = f"of {settings.cut_statistic.n_neighbors} neighbours among its features {agree:.0%} share the label"
        words.append(f"{near}, {chance:.0%} would by chance")
    asks = enough and settings.mode == "head" and (verdict == "far" or separation < MIN_AGREEMENT)
    advice = ADVICE if asks else None
    return FinetuneAdvice(verdict=verdict, neighbours=neighbours, summary="; ".join(words), advice=advice)


def _distance_words(verdict: str) -> str:
    return {"near": "near", "far": "far from", "unknown": "at an unknown distance from"}.get(verdict, f"{verdict} from")
