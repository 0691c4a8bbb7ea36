import polars as pl
import pytest

from tidemill.contracts import FunctionError
from tidemill.label.functions.slicing import load_slices, slice_rows

ROWS = pl.DataFrame({"row_id": ["a", "b"], "text": ["tide", "a long text"]})
SOURCE = """
from tidemill.label import labeling_function, slicing_function

@slicing_function()
def short(row):
    return len(row.text) < 5

@slicing_function(name="first letter")
def by_letter(row):
    return row.text.startswith("a")
"""


def test_slicing_functions_are_found_beside_the_others_and_asked(tmp_path):
    (tmp_path / "slices.py").write_text(SOURCE)
    (tmp_path / "_helpers.py").write_text("raise SystemExit")
    found = load_slices(tmp_path)
    assert [one.name for one in found] == ["first letter", "short"]
    told = slice_rows(found, ROWS)
    assert told.rows() == [("a", False, True), ("b", True, False)]


@pytest.mark.parametrize(
    ("body", "text"),
    [("1 / 0", "failed on row a: ZeroDivisionError"), ("3", "returned 3 for row a; it must return True or False")],
)
def test_a_slicing_function_that_fails_is_named_with_its_row(tmp_path, body, text):
    source = f"from tidemill.label import slicing_function\n@slicing_function()\ndef odd(row):\n    return {body}\n"
    (tmp_path / "slices.py").write_text(source)
    with pytest.raises(FunctionError, match=text):
        slice_rows(load_slices(tmp_path), ROWS)


def test_two_of_one_name_are_refused(tmp_path):
    (tmp_path / "slices.py").write_text(SOURCE)
    (tmp_path / "more.py").write_text(SOURCE)
    with pytest.raises(FunctionError, match="two slicing functions"):
        load_slices(tmp_path)
