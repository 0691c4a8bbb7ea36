"""The public API where it needs several packages at once; ``tidemill`` exports it together with those of the packages.

end_model        EndModel: a trained model loaded and asked, or fitted on features and probabilistic labels
contents         texts and images in the forms in which a program has them
training_labels  labels and weights as targets of a head
project          Project: a project's problems, tables, models, versions and reports
"""

from typing import TYPE_CHECKING, Any, Final

from tidemill.common.lazy import exported_names, load_export

if TYPE_CHECKING:
    from tidemill.api.end_model import EndModel
    from tidemill.api.project import Project

__all__ = ["EndModel", "Project"]

_HOMES: Final = {"EndModel": "tidemill.api.end_model", "Project": "tidemill.api.project"}

_NEEDS: Final = {"EndModel": "safetensors", "Project": "dvc"}


def __getattr__(name: str) -> Any:
    return load_export(__name__, name, _HOMES, _NEEDS)


def __dir__() -> list[str]:
    return exported_names(__name__, _HOMES)
