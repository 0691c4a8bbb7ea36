import polars as pl
import pytest

from tidemill.contracts import (
    ABSTAIN,
    DataError,
    check,
    gold_contract,
    labels_contract,
    not_class,
    raw_contract,
    votes_contract,
)


def votes(**columns: list[int]) -> pl.DataFrame:
    height = len(next(iter(columns.values())))
    start = {"row_id": [f"r{i}" for i in range(height)], "batch": ["b"] * height, "split": ["train"] * height}
    return pl.DataFrame(start | columns, schema_overrides=dict.fromkeys(columns, pl.Int16))


def test_every_vote_that_the_contract_names_passes():
    table = votes(short=[ABSTAIN, 0, 2, not_class(2)])
    assert check(table, votes_contract(3), where="votes") is table


def test_a_vote_outside_of_the_classes_is_named_with_its_row_and_value():
    with pytest.raises(
        DataError, match=r"row 1 \(row_id r1\) of votes, column short: 7 is not in -4\.\.2; 2 such rows"
    ):
        check(votes(short=[0, 7, 3]), votes_contract(3), where="votes")


def test_a_vote_against_a_class_takes_its_index():
    assert not_class(2) == -4
    with pytest.raises(TypeError, match=r"takes the index of a class, not 'spam': .* `return 'not NAME'`"):
        not_class("spam")  # type: ignore[arg-type]


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="column 'batch' is missing"):
        check(votes(short=[0]).drop("batch"), votes_contract(3), where="votes")


def test_a_column_that_no_contract_names_is_refused():
    table = pl.DataFrame({"row_id": ["a"], "gold": pl.Series([0], dtype=pl.Int16), "peek": [1]})
    with pytest.raises(DataError, match="column 'peek' is not in the contract of gold"):
        check(table, gold_contract(2), where="gold")


def test_a_wrong_type_is_named():
    table = pl.DataFrame({"row_id": ["a"], "gold": [0.0]})
    with pytest.raises(DataError, match="column 'gold' is Float64, promised Int16"):
        check(table, gold_contract(2), where="gold")


def test_a_repeated_row_id_is_named():
    with pytest.raises(DataError, match=r"'r0' is there twice; 2 such rows"):
        check(votes(short=[0, 1]).with_columns(row_id=pl.lit("r0")), votes_contract(2), where="votes")


def test_a_null_in_a_metadata_column_passes_and_in_the_text_does_not():
    table = pl.DataFrame(
        {"row_id": ["a"], "key": ["1"], "batch": ["b"], "split": ["dev"], "text": ["hello"], "sender": [None]},
        schema_overrides={"sender": pl.String},
    )
    contract = raw_contract("text", {"sender": pl.String})
    check(table, contract, where="raw")
    with pytest.raises(DataError, match=r"column text: None is missing"):
        check(table.with_columns(text=pl.lit(None, dtype=pl.String)), contract, where="raw")


@pytest.mark.parametrize("value", [float("nan"), 1.5, -0.1])
def test_a_probability_that_is_none_is_refused(value: float):
    table = pl.DataFrame({"row_id": ["a"], "p_ham": [value], "p_spam": [1.0 - value]})
    with pytest.raises(DataError, match=r"is not in 0\.0\.\.1\.0"):
        check(table, labels_contract(["ham", "spam"]), where="labels")


def test_probabilities_that_do_not_sum_to_one_are_refused():
    table = pl.DataFrame({"row_id": ["a", "b"], "p_ham": [0.5, 0.2], "p_spam": [0.5, 0.7]})
    with pytest.raises(DataError, match=r"row 1 of labels: probabilities sum to 0\.9"):
        check(table, labels_contract(["ham", "spam"]), where="labels")
