"""Columns of metadata that tell the label of every row that has one, as a copy of the labels does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD

_ENOUGH: Final = 20
"""Labeled rows from which on it is told: fewer may agree by chance."""
_OF_EACH: Final = 5
"""Labeled rows for each value, on average: many values tell labels by chance."""


def metadata_like_gold(columns: Mapping[str, Sequence[Any]], gold: Sequence[int], source: str) -> list[str]:
    """Word the columns that functions may ask and that hold the label of each labeled row, perhaps by other names.

    Parameters
    ----------
    columns
        Values of the rows, by column; None where a row has none.
    gold : (n_rows,)
        Class index or ``NO_GOLD``.
    source
        Name of the file.

    Returns
    -------
    list of str
        A sentence for each column; empty where fewer than 20 rows have a label and a value, or all have the same label.

    Examples
    --------
    >>> gold = [0, 1] * 10 + [-1] * 5
    >>> metadata_like_gold({"qa": ["ok", "bad"] * 10 + [None] * 5, "year": [2024, 2025, 2025, 2026, 2024] * 5}, gold, "t.csv")
    ["t.csv: column 'qa' tells the label of each of 20 rows that have one, and is empty in 5 of 5 others: where it is made of labels, leave it \
out (--meta, ingest.meta), for a function that asks for it says what gold says"]
    """
    labeled = [row for row, label in enumerate(gold) if label != NO_GOLD]
    if len(labeled) < _ENOUGH:
        return []
    results = []
    for name, values in columns.items():
        pairs = {(str(values[row]), gold[row]) for row in labeled if values[row] is not None}
        n_values = len({value for value, _ in pairs})
        told = sum(values[row] is not None for row in labeled)
        if told < max(_ENOUGH, _OF_EACH * n_values) or len(pairs) > n_values or len({label for _, label in pairs}) == 1:
            continue
        missing = sum(value is None for value in values) - (len(labeled) - told)
        others = counted(len(gold) - len(labeled), "other", "others")
        elsewhere = f", and is empty in {missing:,} of {others}" if missing else ""
        results.append(
            f"{source}: column {name!r} tells the label of each of {told:,} rows that have one{elsewhere}: where it is made of labels, leave it "
            "out (--meta, ingest.meta), for a function that asks for it says what gold says"
        )
    return results
