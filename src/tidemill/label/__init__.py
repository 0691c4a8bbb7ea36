"""What every labeling function says of every row: authoring, applying and looking.

The words of a file of labeling functions::

    from tidemill.label import ABSTAIN, Row, labeling_function

    HAM, SPAM = 0, 1


    @labeling_function()
    def shouts(row: Row) -> int:
        return SPAM if row.text.isupper() else ABSTAIN
"""

from tidemill.contracts import ABSTAIN, not_class
from tidemill.label.declared import declare, keyword_functions
from tidemill.label.functions import (
    BatchLabelingFunction,
    LabelingFunction,
    Preprocessor,
    batch_labeling_function,
    labeling_function,
    preprocessor,
)
from tidemill.label.rows import Row
from tidemill.label.slicing import SlicingFunction, slicing_function

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
    "not_class",
    "preprocessor",
    "slicing_function",
]
