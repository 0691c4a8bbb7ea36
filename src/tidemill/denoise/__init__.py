"""From votes to a probability per class: label models, and how one is chosen without ground truth.

models/      label models, a file each, named as in the registry
statistics/  what label models count, estimate and fit
report/      reports of fitted labels: in words, on a card, in plots, against gold
vote_files   files of votes
array_files  arrays of NumPy
column_doubts  columns that may be no function's votes
long_votes   votes with a line each
wrench_file  votes in WRENCH's JSON
vote_values  cells as votes: class numbers, names of classes, abstains
companion_files  features and gold beside a file of votes
gold_copies  columns of votes that say what gold says
label_model  LabelModel: all of them behind one estimator, with scikit-learn's conventions
run          denoise: the stage
command      `tidemill denoise`: labels without a project
settings     settings of `conf/denoise/`

Labels in three lines::

    from tidemill.denoise import LabelModel

    labels = LabelModel(classes=["ham", "spam"]).fit(last_month).predict_proba(today)
"""

from typing import TYPE_CHECKING, Any, Final

from tidemill.common.lazy import exported_names, load_export

if TYPE_CHECKING:
    from tidemill.denoise.label_model import LabelModel, label_models

__all__ = ["LabelModel", "label_models"]

_HOMES: Final = dict.fromkeys(__all__, "tidemill.denoise.label_model")


def __getattr__(name: str) -> Any:
    return load_export(__name__, name, _HOMES)


def __dir__() -> list[str]:
    return exported_names(__name__, _HOMES)
