"""Scores of predictions next to baselines, and the verdict on the candidate.

run                  everything below, for the rows of one problem
metrics              accuracy, F1, log loss, calibration error of each class and overall, from sums over rows
roc_auc              area under the ROC curve
baselines            names and predictions of what the candidate is compared with
score_table          every metric of every model on every slice, with bootstrap intervals
proportions          intervals of proportions of few rows
bootstrap            paired resamples of rows and their intervals
slices               groups of rows by a column's values
gate                 whether the candidate is promoted, kept back or asked about, and why
gate_guards          slices on which the candidate may not fall
paired_test          whether one model is better than another on the same rows
score_text           scores and differences in the gate's sentences
confidence_report    temperature and coverage: how reliable probabilities are
temperature          temperature scaling
thresholds           precision and recall by the least probability that is accepted
reliability          reliability diagram and confusion matrix, as tables
ood_rejection        what the outlier detector rejects, and whether that pays
label_errors         given labels that are probably wrong
learning_curve_fit   a power law through scores by number of rows, and its extrapolation
learning_curve_plot  the same as a picture
model_card           model_card.md
plots                pictures of the report
settings             settings of `conf/evaluate/`
"""

from typing import TYPE_CHECKING, Any, Final

from tidemill.common.lazy import exported_names, load_export

if TYPE_CHECKING:
    from tidemill.evaluate.label_errors import find_label_errors

__all__ = ["find_label_errors"]

_HOMES: Final = {"find_label_errors": "tidemill.evaluate.label_errors"}

_NEEDS: Final = {"find_label_errors": "cleanlab"}


def __getattr__(name: str) -> Any:
    return load_export(__name__, name, _HOMES, _NEEDS)


def __dir__() -> list[str]:
    return exported_names(__name__, _HOMES)
