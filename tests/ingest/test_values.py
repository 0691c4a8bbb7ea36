"""Cells that hold nothing, whatever their type."""

from __future__ import annotations

import math

import pytest

from tests.ingest.factories import settings
from tidemill.contracts import NO_GOLD, DataError
from tidemill.ingest.values import gold, is_missing, texts, typed, with_usual_names, words_for_no_label
from tidemill.readers.table import Table


@pytest.mark.parametrize("cell", [None, math.nan, "", " ", "\u200b", "\u3164", "\ufe0f", "NaN", "nan", " NaN "])
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


@pytest.mark.parametrize(
    "word",
    [
        "-1",
        "#REF!",
        "#DIV/0!",
        "NA",
        "n/a",
        "N.A.",
        "#N/A",
        "<NA>",
        "None",
        "NULL",
        "nil",
        "\\N",
        "?",
        "??",
        "-",
        "--",
        "---",
        ".",
        "...",
        "Unlabeled",
        "unlabelled",
        "not labeled",
        "Not  Labelled",
        "No label",
        "unknown",
        "missing",
        "undefined",
        "undecided",
        "unsure",
        "unassigned",
        "TBD",
        "todo",
        "skip",
        "skipped",
        "abstain",
    ],
)
def test_each_word_for_no_label_is_one_unless_a_class_has_that_name(word: str) -> None:
    assert labels_of([word], ["good", "bad"]) == [NO_GOLD]
    assert labels_of([word], ["good", word]) == [1]


@pytest.mark.parametrize(
    "name", ["CAFÉ", " cafe\u0301 ", "ca\u00adfé", "\u200ecafé", "ｃａｆé", "café\ufe0e", "caf\u034fé", "\ufeffcafé"]
)
def test_letter_case_spaces_and_what_nobody_sees_tell_no_classes_apart(name: str) -> None:
    assert labels_of([name], ["café", "bar"]) == [0]


def test_classes_that_differ_by_what_is_folded_alone_are_told_apart_by_their_exact_names() -> None:
    assert labels_of(["A", "a", "b"], ["A", "a", "b"]) == [0, 1, 2]
    with pytest.raises(DataError, match="'\uff21', not a class"):
        labels_of(["\uff21"], ["A", "a", "b"])


@pytest.mark.parametrize(
    ("name", "one"), [("STRASSE", "straße"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("x²", "x2"), ("ﬁne", "fine")]
)
def test_letters_that_are_one_in_another_case_or_form_tell_no_classes_apart(name: str, one: str) -> None:
    assert labels_of([name], [one, "bar"]) == [0]


def test_joiners_between_letters_tell_classes_apart() -> None:
    with pytest.raises(DataError, match="not a class"):
        labels_of(["\u0645\u06cc\u062e\u0648"], ["\u0645\u06cc\u200c\u062e\u0648", "bar"])


@pytest.mark.parametrize(
    "cell", [2**63, -(2**63), "9223372036854775808", 1e19, math.inf, 1.5, "1.5", ".0", "1²", "1.0.0", True, "one"]
)
def test_a_number_that_is_no_whole_one_of_64_bits_is_refused_with_its_row(cell: object) -> None:
    table = Table("rows.csv", {"n": [1, cell]}, (2, 3))
    with pytest.raises(DataError, match=r"rows\.csv, line 3: column 'n' is .*, not int"):
        typed(table, "n", "int")


def test_texts_are_in_the_composed_form_in_which_people_type_words() -> None:
    table = Table("t.csv", {"text": ["cafe\u0301", "cafe\u0301".encode(), "caf\u00e9"]}, [1, 2, 3])
    assert texts(table, settings(text="text")) == ["caf\u00e9"] * 3


def test_whole_numbers_are_read_however_they_are_written() -> None:
    table = Table("rows.csv", {"n": [2**63 - 1, "7", 7.0, "7.0", " 07 ", None, ""]}, range(2, 9))
    assert typed(table, "n", "int") == [2**63 - 1, 7, 7, 7, 7, None, None]


def test_of_columns_that_differ_in_letter_case_the_exact_one_is_read_and_told() -> None:
    table = Table("rows.csv", {"text": ["a"], "label": ["x"], "Label": ["y"]}, (2,))
    assert with_usual_names(table, ["text", "label"]).notes == (
        "rows.csv: of the columns 'label' and 'Label' 'label' is read",
    )


def test_a_list_of_one_that_is_text_is_the_label_in_it() -> None:
    assert labels_of(["['good']", '["bad"]', "[]", "[good]"], ["good", "bad", "[good]"]) == [0, 1, NO_GOLD, 2]
    assert labels_of(["['good']"], ["good", "['good']"]) == [1]
    with pytest.raises(DataError, match=r"several labels where one is taken|not a class"):
        labels_of(["['good', 'bad']"], ["good", "bad"])


def test_words_that_are_taken_for_no_label_are_told_with_their_rows() -> None:
    table = Table("rows.csv", {"label": ["good", "Unknown", "\\N", "unknown", "", None, "bad"]}, range(2, 9))
    (told,) = words_for_no_label(table, settings(), ["good", "bad"])
    assert told == r"rows.csv: in column 'label' 'Unknown', '\\N', 'unknown' are taken for no label (3 rows)"
    assert words_for_no_label(table, settings(), ["good", "bad", "unknown", "\\N"]) == []
    assert words_for_no_label(table, settings(gold=None), ["good", "bad"]) == []
