"""A new batch against the champion's reference: what moved, whether it harms, and what to do.

sequential/       all batches as one stream: drift is decided here
compare           one batch by itself, by every detector of the stage
embedding_tests   energy distance of features, and how well a classifier tells them apart
function_tests    coverage and conflicts of each labeling function
prediction_tests  what the champion predicts
harm              agreement of the champion with the functions' majority, without gold
accuracy          the champion's accuracy without gold, with an interval
stream_harm       the verdict on harm over all batches since a change
label_queue       which rows a person is asked to label, and how many
betting           the sequential test on those labels
retrain_decision  the action that the table of the settings asks for
broken            whether a batch lacks values that earlier ones had
retrain_limits    cool-down and budget
detectors/        the same tests as objects: fit on a reference, check a batch
rows              what is compared
statistics        tests and intervals
plots             drift.png
settings          settings of `conf/monitor/`
"""

from typing import TYPE_CHECKING, Any, Final

from tidemill.common.lazy import exported_names, load_export

if TYPE_CHECKING:
    from tidemill.monitor.detectors import (
        DriftDetector,
        DriftResult,
        EmbeddingDrift,
        FunctionDrift,
        HarmDetector,
        PredictionDrift,
        SequentialDrift,
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
    "SequentialDrift",
    "drift_detector",
    "drift_detectors",
]

_HOMES: Final = dict.fromkeys(__all__, "tidemill.monitor.detectors")


def __getattr__(name: str) -> Any:
    return load_export(__name__, name, _HOMES)


def __dir__() -> list[str]:
    return exported_names(__name__, _HOMES)
