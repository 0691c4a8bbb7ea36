"""Numbers are numbers where nothing is lost by it, and codes stay text."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import DataError
from tidemill.readers.frame import read_frame


def test_columns_of_numbers_are_numbers_and_codes_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("stars,zip,share,text,mixed,long\n4,02139,0.5,a,1,12345678901234567890\n,90210,2,b,x,1\n")
    frame = read_frame(path)[0]
    assert frame.to_dict(as_series=False) == {
        "stars": [4, None],
        "zip": ["02139", "90210"],
        "share": [0.5, 2.0],
        "text": ["a", "b"],
        "mixed": ["1", "x"],
        "long": ["12345678901234567890", "1"],
    }
    assert frame.schema["stars"] == pl.Int64


def test_json_keeps_its_kinds_and_mixed_ones_become_text_or_are_named(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"n": 1, "x": 0, "m": 1}\n{"n": 2, "x": 0.5, "m": "a"}\n')
    assert read_frame(path)[0].to_dict(as_series=False) == {"n": [1, 2], "x": [0.0, 0.5], "m": ["1", "a"]}
    path.write_text('{"n": 1}\n{"n": {"a": 2}}\n')
    with pytest.raises(DataError, match=r"t\.jsonl, line 2: column 'n' is \{'a': 2\}; others are of another kind"):
        read_frame(path)


def test_booleans_among_numbers_become_text_and_numbers_too_large_for_64_bits_stay_as_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": true, "b": true, "n": 1}\n{"a": 3, "b": false, "n": 100000000000000000000}\n')
    frame = read_frame(path)[0]
    assert frame.to_dict(as_series=False) == {
        "a": ["true", "3"],
        "b": [True, False],
        "n": ["1", "100000000000000000000"],
    }


def test_whole_numbers_beside_a_fraction_stay_different_where_fractions_would_be_equal(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"n": 1234567890123456789}\n{"n": 1234567890123456788}\n{"n": 1.0}\n')
    assert read_frame(path)[0]["n"].to_list() == ["1234567890123456789", "1234567890123456788", "1"]


def test_bytes_that_are_text_are_read_as_text(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["caf\u00e9".encode(), None], "image": [b"\x89PNG", None]}).write_parquet(
        tmp_path / "t.parquet"
    )
    frame = read_frame(tmp_path / "t.parquet")[0]
    assert frame.to_dict(as_series=False) == {"text": ["caf\u00e9", None], "image": [b"\x89PNG", None]}


def test_names_and_texts_stay_as_they_are_written_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("row_id,text,n\n1.10,1e5,2\n2.50,3,4\n")
    frame = read_frame(path, as_text=("row_id", "text"))[0]
    assert frame.to_dict(as_series=False) == {"row_id": ["1.10", "2.50"], "text": ["1e5", "3"], "n": [2, 4]}


def test_columns_that_functions_ask_have_truth_values_and_no_value_where_a_number_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("text,paid,stars,note\nTrue,True,5,\nFalse,false, ,ok\nTrue,,3,True\n")
    asked, _ = read_frame(path, as_text=("text",), of_rows=True)
    assert asked["paid"].to_list() == [True, False, None]
    assert asked["stars"].to_list() == [5, None, 3]
    assert asked["text"].to_list() == ["True", "False", "True"]
    assert asked.schema["note"] == pl.String
    votes, _ = read_frame(path)
    assert votes["paid"].to_list() == ["True", "false", None], "names of classes may be words of truth"


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["1E5", "2E3"], ["1E5", "2E3"]),
        (["1E5", "44"], ["1E5", "44"]),
        (["1e5", "2.5E3", "1E+06", "4"], [1e5, 2.5e3, 1e6, 4.0]),
        (["12e3", "78e1"], ["12e3", "78e1"]),
        (["12e3", "44"], ["12e3", "44"]),
        (["1e16", "3.0"], [1e16, 3.0]),
        (["5e-3", "1e-4"], [5e-3, 1e-4]),
        (["1.10", "1.1", "2.0"], ["1.10", "1.1", "2.0"]),
        (["3.10", "3.9"], ["3.10", "3.9"]),
        (["12.50", "9.99", "13"], [12.5, 9.99, 13.0]),
        (["2.0", "1.75", "0.5"], [2.0, 1.75, 0.5]),
        (["1.10", "1.1e5", "2.25"], [1.1, 1.1e5, 2.25]),
    ],
)
def test_codes_and_versions_are_no_numbers(tmp_path, cells, read):
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["text,code", *(f"a,{cell}" for cell in cells)]) + "\n")
    assert read_frame(path, of_rows=True)[0]["code"].to_list() == read
