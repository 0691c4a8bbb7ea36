"""A new batch against the champion's reference: what moved, whether it harms, and what to do.

compare      all detectors of the stage on one batch
embeddings   energy distance of features, and how well a classifier tells them apart
functions    coverage and conflicts of each labeling function
predictions  what the champion predicts
harm         agreement of the champion with the functions' majority, without gold
decide       train, retrain or keep
detectors/   the same tests as objects: fit on a reference, check a batch
rows         what is compared
statistics   tests and intervals
plots        drift.png
settings     settings of `conf/monitor/`
"""

from typing import TYPE_CHECKING, Final

from tidemill.common.lazy import lazy_exports

if TYPE_CHECKING:
    from tidemill.monitor.detectors import (
        DriftDetector,
        DriftResult,
        EmbeddingDrift,
        FunctionDrift,
        HarmDetector,
        PredictionDrift,
        drift_detector,
        drift_detectors,
    )

__all__ = [
    "DriftDetector",
    "DriftResult",
    "EmbeddingDrift",
    "FunctionDrift",
    "HarmDetector",
    "PredictionDrift",
    "drift_detector",
    "drift_detectors",
]

_HOMES: Final = dict.fromkeys(__all__, "tidemill.monitor.detectors")

__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
