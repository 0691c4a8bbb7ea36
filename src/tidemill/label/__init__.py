"""What every labeling function says of every row: authoring, applying and looking.

The words of a file of labeling functions::

    from tidemill.label import ABSTAIN, Row, labeling_function

    HAM, SPAM = 0, 1


    @labeling_function()
    def shouts(row: Row) -> int:
        return SPAM if row.text.isupper() else ABSTAIN
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

# Loaded when first asked for, so that `tidemill.label.process` starts a worker before numpy and polars are imported.
_HOMES: Final = {
    "ABSTAIN": "tidemill.contracts",
    "BatchLabelingFunction": "tidemill.label.functions",
    "LabelingFunction": "tidemill.label.functions",
    "Preprocessor": "tidemill.label.functions",
    "Row": "tidemill.label.rows",
    "SlicingFunction": "tidemill.label.slicing",
    "batch_labeling_function": "tidemill.label.functions",
    "declare": "tidemill.label.declared",
    "keyword_functions": "tidemill.label.declared",
    "labeling_function": "tidemill.label.functions",
    "not_class": "tidemill.contracts",
    "preprocessor": "tidemill.label.functions",
    "slicing_function": "tidemill.label.slicing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
