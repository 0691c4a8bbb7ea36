import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tidemill.common.frames import like, to_polars
from tidemill.contracts import InputError


def test_every_type_of_pandas_becomes_one_of_polars_and_what_is_missing_null():
    frame = pd.DataFrame(
        {
            "text": ["a", None, np.nan],
            "whole": [1, 2, 3],
            "real": [0.5, np.nan, 1.5],
            "yes": [True, False, True],
            "maybe": pd.array([1, None, 3], dtype="Int64"),
            "kind": pd.Categorical(["x", "y", None]),
            "when": pd.to_datetime(["2026-01-02", None, "2026-01-03"]),
            "bytes": [b"1", b"2", None],
        }
    )
    table = to_polars(frame)
    assert table["text"].to_list() == ["a", None, None]
    assert table["whole"].dtype == pl.Int64
    assert table["real"].to_list() == [0.5, None, 1.5]
    assert table["yes"].dtype == pl.Boolean
    assert table["maybe"].to_list() == [1, None, 3]
    assert table["kind"].to_list() == ["x", "y", None]
    assert table["when"].to_list() == [dt.datetime(2026, 1, 2), None, dt.datetime(2026, 1, 3)]  # noqa: DTZ001 - it has no zone
    assert table["bytes"].to_list() == [b"1", b"2", None]


def test_polars_stays_as_it_is_and_a_lazy_frame_is_collected():
    table = pl.DataFrame({"a": [1]})
    assert to_polars(table) is table
    assert to_polars(table.lazy()).equals(table)


def test_columns_of_one_name_are_refused():
    with pytest.raises(InputError, match="two columns are named '1'"):
        to_polars(pd.DataFrame([[0, 0]], columns=[1, "1"]))


@pytest.mark.parametrize("frame", [[1], {"a": [1]}, np.zeros((1, 1)), None])
def test_what_is_no_frame_is_refused(frame):
    with pytest.raises(InputError, match="a DataFrame of pandas or Polars is taken"):
        to_polars(frame)


def test_a_table_is_given_in_the_library_of_another_with_its_index():
    table = pl.DataFrame({"votes": pl.Series([1, 2], dtype=pl.Int16), "names": ["a", None], "list": [[1], []]})
    assert like(table, table) is table
    given = like(table, pd.DataFrame({"x": [0, 0]}, index=["r", "s"]))
    assert given.index.tolist() == ["r", "s"]
    assert given["votes"].dtype == np.int16
    assert given["list"].tolist() == [[1], []]
    assert like(table, pd.DataFrame({"x": [0]})).index.tolist() == [0, 1]
