"""Drift detectors as objects: ``fit`` on a reference, ``check`` a batch.

base              DriftDetector: fit, check, the result, the registry
embedding_drift   features that moved
function_drift    labeling functions that vote or are contradicted more or less often
prediction_drift  a model that predicts other classes, or with other confidence
sequential_drift  a stream of batches, with one guarantee for all of them
harm_detector     a model that has become worse, without gold
inputs            what detectors are given, read and checked

This is the only registry: the monitor stage makes its detectors here too. A detector is registered by being written:
a subclass of ``DriftDetector`` with a ``name``, imported here, is in ``drift_detectors()``. One that keeps what it has seen
from batch to batch, as sequential tests do, keeps it in attributes that end with an underscore and starts anew in ``fit``.
"""

from tidemill.monitor.detectors.base import (
    BatchDetector,
    DriftDetector,
    DriftResult,
    batch_detector,
    drift_detector,
    drift_detectors,
)
from tidemill.monitor.detectors.embedding_drift import EmbeddingDrift
from tidemill.monitor.detectors.function_drift import FunctionDrift
from tidemill.monitor.detectors.harm_detector import HarmDetector
from tidemill.monitor.detectors.prediction_drift import PredictionDrift
from tidemill.monitor.detectors.sequential_drift import SequentialDrift

__all__ = [
    "BatchDetector",
    "DriftDetector",
    "DriftResult",
    "EmbeddingDrift",
    "FunctionDrift",
    "HarmDetector",
    "PredictionDrift",
    "SequentialDrift",
    "batch_detector",
    "drift_detector",
    "drift_detectors",
]
