import itertools

import numpy as np
import pandas as pd
import polars as pl
import pytest

from tidemill.contracts import ABSTAIN, FunctionError, InputError, not_class
from tidemill.label import (
    batch_labeling_function,
    keyword_functions,
    labeling_function,
    load_functions,
    preprocessor,
)
from tidemill.label.applier import LFApplier

CLASSES = ("ham", "spam")
TEXTS = ["WIN a prize", "see you", "free prize", "PRIZE"]
YAML = """functions:
  - {name: prize, kind: keywords, words: [prize], vote: spam}
  - {name: shouts, kind: regex, pattern: "[A-Z]{3,}", vote: not ham}
"""


@labeling_function()
def greets(row):
    return 0 if "see you" in row.text else ABSTAIN


@labeling_function()
def greets_by_name(row):
    return "ham" if "see you" in row.text else ABSTAIN


@batch_labeling_function()
def short(rows):
    return pl.when(pl.col("text").str.len_chars() < 6).then(1).otherwise(ABSTAIN)


FRAMES = {"polars": pl.DataFrame({"text": TEXTS}), "pandas": pd.DataFrame({"text": TEXTS}, index=[7, 3, 5, 9])}
BOTH = pytest.mark.parametrize("library", sorted(FRAMES))


@BOTH
def test_functions_of_all_kinds_vote_on_a_frame_of_either_library(library, tmp_path):
    (tmp_path / "f.yaml").write_text(YAML)
    functions = [greets, short, *load_functions(tmp_path / "f.yaml", classes=CLASSES)]
    votes = LFApplier(functions, classes=CLASSES).apply(FRAMES[library])
    assert votes.dtype == np.int16
    assert votes.tolist() == [[-1, -1, 1, not_class(0)], [0, -1, -1, -1], [-1, -1, 1, -1], [-1, 1, 1, not_class(0)]]


def test_files_of_a_folder_are_loaded_as_one_file_is(tmp_path):
    (tmp_path / "f.yaml").write_text(YAML)
    assert [f.name for f in load_functions(tmp_path, classes=CLASSES)] == ["prize", "shouts"]
    assert [f.name for f in load_functions(str(tmp_path / "f.yaml"), classes=CLASSES)] == ["prize", "shouts"]


@BOTH
def test_a_class_may_be_named(library):
    votes = LFApplier([greets_by_name], classes=CLASSES).apply(FRAMES[library])
    assert votes[:, 0].tolist() == [-1, 0, -1, -1]


def test_names_that_a_function_brings_are_its_own():
    @labeling_function(classes=["spam", "ham"])
    def other_order(row):
        return "ham"

    assert LFApplier([other_order], classes=CLASSES).apply(FRAMES["polars"]).tolist() == [[1]] * 4


def test_a_name_that_is_no_class_is_an_error_with_the_nearest_one():
    @labeling_function()
    def misspelt(row):
        return "spma"

    with pytest.raises(FunctionError, match=r"misspelt .*row 0 \(row_id 7\)(.|\n)*returned 'spma'.*did you mean spam"):
        LFApplier([misspelt], classes=CLASSES).apply(FRAMES["pandas"])
    with pytest.raises(FunctionError, match=r"name the classes: @labeling_function\(classes=\[...\]\)"):
        LFApplier([misspelt], classes=2).apply(FRAMES["pandas"])


def test_resources_and_preprocessors_reach_the_function():
    @preprocessor(memoize=True)
    def lowered(row):
        row.lower = row.text.lower()
        return row

    @labeling_function(name="listed", resources={"words": {"prize"}}, pre=[lowered])
    def f(row, words):
        return 1 if words & set(row.lower.split()) else ABSTAIN

    applier = LFApplier([f], classes=2)
    assert applier.names == ["listed"]
    assert applier.apply(FRAMES["polars"])[:, 0].tolist() == [1, -1, 1, 1]


def test_a_table_of_votes_is_of_the_rows_library_and_keeps_their_index():
    applier = LFApplier([greets, short], classes=2)
    table = applier.apply_table(FRAMES["pandas"])
    assert isinstance(table, pd.DataFrame)
    assert table.index.tolist() == [7, 3, 5, 9]
    assert table.columns.tolist() == ["greets", "short"]
    assert set(table.dtypes.astype(str)) == {"int16"}
    ours = applier.apply_table(FRAMES["polars"].with_columns(row_id=pl.Series(["a", "b", "c", "d"])))
    assert ours.columns == ["row_id", "greets", "short"]
    assert ours["row_id"].to_list() == ["a", "b", "c", "d"]


def test_the_rows_are_left_as_they_were():
    rows = FRAMES["pandas"].copy()
    LFApplier([greets], classes=2).apply_table(rows)
    assert rows.equals(FRAMES["pandas"])


def test_missing_values_of_pandas_are_none_to_a_function():
    @labeling_function()
    def is_missing(row):
        return int(row.text is None) + 2 * int(row.size is None)

    rows = pd.DataFrame({"text": ["a", None, np.nan], "size": [np.nan, 1.5, np.nan]})
    assert LFApplier([is_missing], classes=4).apply(rows)[:, 0].tolist() == [2, 1, 3]


def test_a_failure_names_function_and_row_or_is_set_aside():
    @labeling_function()
    def fails(row):
        return 1 // (row.text != "see you")

    with pytest.raises(
        FunctionError, match=r"labeling function fails .*row 1 \(row_id 3\): raised(.|\n)*ZeroDivisionError"
    ):
        LFApplier([fails], classes=2).apply(FRAMES["pandas"])
    applier = LFApplier([fails], classes=2, max_failures=1)
    assert applier.apply(FRAMES["pandas"])[:, 0].tolist() == [1, ABSTAIN, 1, 1]
    assert [(failure.function, failure.row_id) for failure in applier.failures_] == [("fails", "3")]


def test_a_vote_for_no_class_is_refused():
    @labeling_function()
    def beyond(row):
        return 2

    with pytest.raises(FunctionError, match="returned 2, which is neither ABSTAIN"):
        LFApplier([beyond], classes=2).apply(FRAMES["polars"])
    assert LFApplier([beyond]).apply(FRAMES["polars"]).tolist() == [[2]] * 4


@pytest.mark.parametrize("classes", [1, 0, 1001, ["only"]])
def test_too_few_and_too_many_classes_are_refused(classes):
    with pytest.raises(InputError, match="classes: from 2 to 1000 can be voted for"):
        LFApplier([greets], classes=classes).apply(FRAMES["polars"])


def test_two_functions_of_one_name_are_refused():
    with pytest.raises(FunctionError, match="two labeling functions are named 'greets'"):
        LFApplier([greets, greets], classes=2).apply(FRAMES["polars"])


def test_what_is_no_frame_is_refused():
    with pytest.raises(InputError, match="a list was given, a DataFrame of pandas or Polars is taken"):
        LFApplier([greets], classes=2).apply(TEXTS)


def test_progress_is_told_of_a_slow_function(capsys, monkeypatch):
    """The clock is set, not waited for: a second passes each time that it is read."""
    ticks = itertools.count()
    monkeypatch.setattr("tidemill.common.progress.time.monotonic", lambda: float(next(ticks)))
    rows = pl.DataFrame({"text": ["see you"] * 2000})
    LFApplier([greets], classes=2).apply(rows)
    assert "label: " in capsys.readouterr().err


def test_keyword_lists_become_a_column_each():
    functions = keyword_functions("says_*", {"prize": ["prize"], "free": ["free"]}, vote=1)
    applier = LFApplier(functions, classes=2)
    assert applier.get_feature_names_out().tolist() == ["says_prize", "says_free"]
    assert applier.fit(FRAMES["polars"]).transform(FRAMES["polars"])[:, 1].tolist() == [-1, -1, 1, -1]
