"""Labeling functions: written, applied, analysed.

functions/         labeling functions in Python and YAML, loaded and fingerprinted
conditions/        what declared functions ask of a row
image_statistics/  statistics of images that functions read
engine/            how votes are cast: in this process or in workers, batch by batch, and kept
analysis/          what votes are like: coverage, conflicts, accuracy, candidates for new functions
cautions           warnings about labeling functions, on standard error
applier            LFApplier: labeling functions on a DataFrame of pandas or Polars
run                label: the stage
command            `tidemill label`: votes without a project
settings           settings of `conf/label/`

A file of labeling functions::

    from tidemill.label import ABSTAIN, Row, labeling_function

    HAM, SPAM = 0, 1


    @labeling_function()
    def shouts(row: Row) -> int:
        return SPAM if row.text.isupper() else ABSTAIN

Exported here is what such a file may import, so that a stage that runs it depends on no more; ``LFApplier`` and ``LFAnalysis``
are exported by ``tidemill``.
"""

from typing import TYPE_CHECKING, Any, Final

from tidemill.common.lazy import exported_names, load_export

if TYPE_CHECKING:
    from tidemill.contracts import ABSTAIN, not_class
    from tidemill.label.functions.declared import declare, keyword_functions
    from tidemill.label.functions.labeling_function import (
        BatchLabelingFunction,
        LabelingFunction,
        Preprocessor,
        batch_labeling_function,
        labeling_function,
        preprocessor,
    )
    from tidemill.label.functions.loading import load_functions
    from tidemill.label.functions.row import Row
    from tidemill.label.functions.slicing import SlicingFunction, slicing_function

__all__ = [
    "ABSTAIN",
    "BatchLabelingFunction",
    "LabelingFunction",
    "Preprocessor",
    "Row",
    "SlicingFunction",
    "batch_labeling_function",
    "declare",
    "keyword_functions",
    "labeling_function",
    "load_functions",
    "not_class",
    "preprocessor",
    "slicing_function",
]

# Loaded when first asked for, so that `tidemill.label.engine.process` starts a worker before numpy and polars are imported.
_HOMES: Final = {
    "ABSTAIN": "tidemill.contracts",
    "BatchLabelingFunction": "tidemill.label.functions.labeling_function",
    "LabelingFunction": "tidemill.label.functions.labeling_function",
    "Preprocessor": "tidemill.label.functions.labeling_function",
    "Row": "tidemill.label.functions.row",
    "SlicingFunction": "tidemill.label.functions.slicing",
    "batch_labeling_function": "tidemill.label.functions.labeling_function",
    "declare": "tidemill.label.functions.declared",
    "keyword_functions": "tidemill.label.functions.declared",
    "labeling_function": "tidemill.label.functions.labeling_function",
    "load_functions": "tidemill.label.functions.loading",
    "not_class": "tidemill.contracts",
    "preprocessor": "tidemill.label.functions.labeling_function",
    "slicing_function": "tidemill.label.functions.slicing",
}


def __getattr__(name: str) -> Any:
    return load_export(__name__, name, _HOMES)


def __dir__() -> list[str]:
    return exported_names(__name__, _HOMES)
