import numpy as np
import polars as pl
import pytest

from tidemill.contracts import FunctionError
from tidemill.label import ABSTAIN, batch_labeling_function, labeling_function, not_class
from tidemill.label.engine.apply import apply
from tidemill.label.engine.failures import Quarantine

ROWS = pl.DataFrame({"row_id": ["a", "b", "c"], "text": ["x", "yy", "zzz"], "n": [1, 2, 3]})


def returns(*answers, name="f"):
    by_row = dict(zip(["a", "b", "c"], answers, strict=True))
    return labeling_function(name=name)(lambda row: by_row[row.row_id])


def test_votes_stand_in_the_order_of_rows_and_functions():
    votes = apply(ROWS, [returns(0, 1, ABSTAIN, name="z"), returns(not_class(0), 1, 0, name="a")], n_classes=2)
    assert votes.tolist() == [[0, -2], [1, 1], [-1, 0]]
    assert votes.dtype == np.int16


def test_an_integer_of_numpy_is_a_vote():
    assert apply(ROWS, [returns(np.int64(1), np.int16(0), -1)], n_classes=2).ravel().tolist() == [1, 0, -1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (7, r"returned 7, which is neither ABSTAIN \(-1\), nor a class in 0\.\.1"),
        (not_class(2), r"returned -4, which is neither"),
        (None, "returned None.*return ABSTAIN"),
        (True, r"returned True \(bool\)"),
        (1.0, r"returned 1\.0 \(float\)"),
    ],
)
def test_a_wrong_vote_names_function_file_row_and_value(answer, reason):
    with pytest.raises(FunctionError, match=rf"function f \(.*test_apply\.py:\d+\), row 1 \(row_id b\): {reason}"):
        apply(ROWS, [returns(0, answer, 0)], n_classes=2)


def test_a_function_that_raises_is_named_with_its_row_and_its_own_lines():
    @labeling_function()
    def divides(row):
        return 1 // (row.n - 2)

    with pytest.raises(FunctionError, match=r"divides .*row 1 \(row_id b\): raised") as caught:
        apply(ROWS, [divides], n_classes=2)
    assert "return 1 // (row.n - 2)" in str(caught.value)
    assert "ZeroDivisionError" in str(caught.value)
    assert "label/apply.py" not in str(caught.value)


def test_quarantine_keeps_failures_apart_and_the_others_vote():
    quarantine = Quarantine(limit=1)
    votes = apply(ROWS, [returns(0, 7, 1, name="bad"), returns(1, 1, 1, name="good")], n_classes=2, on_error=quarantine)
    assert votes.tolist() == [[0, 1], [-1, 1], [1, 1]]
    assert [(one.function, one.row, one.row_id) for one in quarantine.failures] == [("bad", 1, "b")]


def test_more_failures_than_the_limit_stop_the_run():
    with pytest.raises(FunctionError, match="more than the 1 failures"):
        apply(ROWS, [returns(7, 7, 0)], n_classes=2, on_error=Quarantine(limit=1))


@pytest.mark.parametrize(
    "answer",
    [
        pl.when(pl.col("n") > 1).then(1).otherwise(ABSTAIN),
        pl.Series([-1, 1, 1]),
        np.array([-1, 1, 1], dtype=np.int16),
    ],
)
def test_a_batch_function_answers_by_expression_series_or_array(answer):
    function = batch_labeling_function(name="f")(lambda _: answer)
    assert apply(ROWS, [function], n_classes=2).ravel().tolist() == [-1, 1, 1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (pl.Series([0, 7, 0]), r"row 1 \(row_id b\): returned 7"),
        (pl.Series([0, 0, None]), r"row 2 \(row_id c\): returned None"),
        (pl.Series([0, 300, 0]), r"row 1 \(row_id b\): returned 300"),
        (pl.Series([0.0, 1.0, 1.0]), "all rows: returned votes of type Float64"),
        (pl.Series([0, 1]), "all rows: returned 2 votes for 3 rows"),
        ([0, 0, 0], "all rows: returned list"),
        (pl.col("nn"), "all rows: raised"),
    ],
)
def test_a_wrong_batch_is_named(answer, reason):
    with pytest.raises(FunctionError, match=rf"labeling function f .*{reason}"):
        apply(ROWS, [batch_labeling_function(name="f")(lambda _: answer)], n_classes=2)


def test_a_wrong_row_of_a_quarantined_batch_abstains_alone():
    function = batch_labeling_function(name="f")(lambda _: pl.Series([0, 300, None]))
    quarantine = Quarantine(limit=5)
    assert apply(ROWS, [function], n_classes=2, on_error=quarantine).ravel().tolist() == [0, -1, -1]
    assert [one.row for one in quarantine.failures] == [1, 2]


def test_a_function_that_fails_where_a_value_is_missing_is_told_so():
    rows = pl.DataFrame({"row_id": ["a", "b"], "text": ["x", None], "n": [None, 1]})
    with pytest.raises(
        FunctionError, match=r"(?s)row 1 \(row_id b\): raised.*The row has no text: return ABSTAIN where"
    ):
        apply(rows, [labeling_function(name="f")(lambda row: len(row.text) % 2)], n_classes=2)


def test_no_rows_give_no_votes():
    assert apply(ROWS.clear(), [returns(0, 0, 0)], n_classes=2).shape == (0, 1)


def test_a_name_of_no_class_is_named():
    with pytest.raises(
        FunctionError, match=r"row 1 \(row_id b\): raised\s.*returned 'spam', and there is no such class"
    ):
        apply(ROWS, [returns(0, "spam", 0)], n_classes=2)
