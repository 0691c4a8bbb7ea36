"""Cells that hold nothing, whatever their type."""

from __future__ import annotations

import math

import pytest

from tests.ingest.factories import settings
from tidemill.contracts import NO_GOLD
from tidemill.ingest.values import gold, is_missing
from tidemill.readers.table import Table


@pytest.mark.parametrize("cell", [None, math.nan, "", " ", "\u200b", "NaN", "nan", " NaN "])
def test_nothing_null_and_nan_are_missing(cell: object) -> None:
    assert is_missing(cell)


@pytest.mark.parametrize("cell", [0, 0.0, False, "0", "nano", "Nan is my aunt"])
def test_values_are_not_missing(cell: object) -> None:
    assert not is_missing(cell)


def labels_of(cells: list[object], classes: list[str]) -> list[int]:
    return gold(Table("rows.csv", {"label": cells}, range(2, 2 + len(cells))), settings(), classes)


def test_a_label_that_is_a_class_by_name_is_read_as_it() -> None:
    assert labels_of(["naan", "nan", "Nan", ""], ["naan", "nan"]) == [0, 1, 1, NO_GOLD]
    assert labels_of(["1.0", 1, 1.0, "0"], ["0", "1"]) == [1, 1, 1, 0]
    assert labels_of(["1.10", "1.1"], ["1.1", "1.10"]) == [1, 0]


def test_words_for_no_label_are_none_where_no_class_has_the_name() -> None:
    assert labels_of(["unknown", "-", "nan", math.nan, None, "bad"], ["good", "bad"]) == [*[NO_GOLD] * 5, 1]
    assert labels_of(["Unknown", "-"], ["unknown", "-"]) == [0, 1]
