"""Cells that hold nothing, whatever their type."""

from __future__ import annotations

import math

import pytest

from tidemill.ingest.values import is_missing


@pytest.mark.parametrize("cell", [None, math.nan, "", " ", "\u200b", "NaN", "nan", " NaN "])
def test_nothing_null_and_nan_are_missing(cell: object) -> None:
    assert is_missing(cell)


@pytest.mark.parametrize("cell", [0, 0.0, False, "0", "nano", "Nan is my aunt"])
def test_values_are_not_missing(cell: object) -> None:
    assert not is_missing(cell)
