"""Weak supervision pipelines that keep up with their data.

What is listed here is the public API; docs/api.md shows it at work. Everything is loaded when it is first asked for.

Labeling functions
    labeling_function, batch_labeling_function, preprocessor, declare, keyword_functions, load_functions, Row, ABSTAIN,
    not_class; LFApplier applies them to a DataFrame, LFAnalysis measures their coverage, conflicts and accuracy
Label models
    LabelModel, label_models
End models
    EndModel, find_label_errors
Drift
    EmbeddingDrift, FunctionDrift, PredictionDrift, HarmDetector; DriftDetector is their base, DriftResult what they return
Projects
    Project
Errors
    TidemillError and below it ConfigError, DataError, FunctionError, InputError, NotFittedError
"""

from typing import TYPE_CHECKING, Any, Final

from tidemill.common.lazy import exported_names, load_export

if TYPE_CHECKING:
    from tidemill.api.end_model import EndModel
    from tidemill.api.project import Project
    from tidemill.contracts import (
        ABSTAIN,
        NO_GOLD,
        ConfigError,
        DataError,
        FunctionError,
        InputError,
        NotFittedError,
        TidemillError,
        not_class,
    )
    from tidemill.denoise.label_model import LabelModel, label_models
    from tidemill.evaluate.label_errors import find_label_errors
    from tidemill.label.analysis.lf_analysis import LFAnalysis
    from tidemill.label.applier import LFApplier
    from tidemill.label.functions.declared import declare, keyword_functions
    from tidemill.label.functions.labeling_function import batch_labeling_function, labeling_function, preprocessor
    from tidemill.label.functions.loading import load_functions
    from tidemill.label.functions.row import Row
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

__version__ = "0.2.0.dev0"

__all__ = [
    "ABSTAIN",
    "NO_GOLD",
    "ConfigError",
    "DataError",
    "DriftDetector",
    "DriftResult",
    "EmbeddingDrift",
    "EndModel",
    "FunctionDrift",
    "FunctionError",
    "HarmDetector",
    "InputError",
    "LFAnalysis",
    "LFApplier",
    "LabelModel",
    "NotFittedError",
    "PredictionDrift",
    "Project",
    "Row",
    "SequentialDrift",
    "TidemillError",
    "__version__",
    "batch_labeling_function",
    "declare",
    "drift_detector",
    "drift_detectors",
    "find_label_errors",
    "keyword_functions",
    "label_models",
    "labeling_function",
    "load_functions",
    "not_class",
    "preprocessor",
]

_HOMES: Final = {
    "ABSTAIN": "tidemill.contracts",
    "NO_GOLD": "tidemill.contracts",
    "ConfigError": "tidemill.contracts",
    "DataError": "tidemill.contracts",
    "DriftDetector": "tidemill.monitor.detectors",
    "DriftResult": "tidemill.monitor.detectors",
    "EmbeddingDrift": "tidemill.monitor.detectors",
    "EndModel": "tidemill.api.end_model",
    "FunctionDrift": "tidemill.monitor.detectors",
    "FunctionError": "tidemill.contracts",
    "HarmDetector": "tidemill.monitor.detectors",
    "InputError": "tidemill.contracts",
    "LFAnalysis": "tidemill.label.analysis.lf_analysis",
    "LFApplier": "tidemill.label.applier",
    "LabelModel": "tidemill.denoise.label_model",
    "NotFittedError": "tidemill.contracts",
    "PredictionDrift": "tidemill.monitor.detectors",
    "Project": "tidemill.api.project",
    "Row": "tidemill.label.functions.row",
    "SequentialDrift": "tidemill.monitor.detectors",
    "TidemillError": "tidemill.contracts",
    "batch_labeling_function": "tidemill.label.functions.labeling_function",
    "declare": "tidemill.label.functions.declared",
    "drift_detector": "tidemill.monitor.detectors",
    "drift_detectors": "tidemill.monitor.detectors",
    "find_label_errors": "tidemill.evaluate.label_errors",
    "keyword_functions": "tidemill.label.functions.declared",
    "label_models": "tidemill.denoise.label_model",
    "labeling_function": "tidemill.label.functions.labeling_function",
    "load_functions": "tidemill.label.functions.loading",
    "not_class": "tidemill.contracts",
    "preprocessor": "tidemill.label.functions.labeling_function",
}
_NEEDS: Final = {"EndModel": "safetensors", "Project": "dvc", "find_label_errors": "cleanlab"}


def __getattr__(name: str) -> Any:
    return load_export(__name__, name, _HOMES, _NEEDS)


def __dir__() -> list[str]:
    return exported_names(__name__, _HOMES)
