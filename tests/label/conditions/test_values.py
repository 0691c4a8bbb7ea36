from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tests.label.conditions.factories import fires
from tidemill.label.conditions.registry import KINDS


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"above": 2}, [2, 3]),
        ({"at_least": 2}, [1, 2, 3]),
        ({"below": 2}, [0]),
        ({"between": [2, 3]}, [1, 2]),
        ({"above": 1, "at_most": 3}, [1, 2]),
    ],
)
def test_threshold_and_not_a_number_is_no_value(limits, expected):
    assert fires("threshold", [1.0, 2.0, 3.0, 4.0, float("nan"), None], column="text", **limits) == expected


def test_length_counts_characters_words_and_lines():
    values = ["a bc", "één\ntwee", "", None]
    assert fires("length", values, at_least=8) == [1]
    assert fires("length", values, unit="words", between=[2, 2]) == [0, 1]
    assert fires("length", values, unit="lines", at_least=2) == [1]


def test_member_of_a_list_with_and_without_case():
    assert fires("member", ["a", "B", "c", None], column="text", values=["A", "b"]) == [0, 1]
    assert fires("member", ["a", "B", "c", None], column="text", values=["A", "B"], case=True) == [1]
    assert fires("member", [1, 2, None], column="text", values=[2, 3]) == [1]


def test_a_list_in_a_file_of_several_columns_is_refused(tmp_path):
    def read(name: str, content: str) -> Any:
        (tmp_path / name).write_text(content, encoding="utf-8")
        entry = {"kind": "member", "column": "text", "file": name}
        condition: Any = KINDS["member"].model_validate(entry, context={"folder": tmp_path})
        return condition.values

    with pytest.raises(ValidationError, match=r"block\.csv has several columns, .* name the file \.txt"):
        read("block.csv", "domain,reason\nevil.com,phish\n")
    with pytest.raises(ValidationError, match=r"block\.tsv has several columns"):
        read("block.tsv", "evil.com\tphish\n")
    assert read("one.csv", "evil.com\nbad.net, the old\n") == ("evil.com", "bad.net, the old")
    assert read("cities.txt", "Berlin, Germany\n") == ("Berlin, Germany",)


def test_a_whole_number_is_the_same_value_in_either_way_of_writing_it():
    assert fires("member", [1.0, 2.5, None], column="text", values=[1, 3]) == [0]
    assert fires("member", [1, 2, None], column="text", values=[1.0, 2.5]) == [0]
    assert fires("member", [1, 2, None], column="text", values=[1, 2.5]) == [0]


def test_a_flag_and_its_contrary():
    assert fires("flag", [True, False, None], column="text") == [0]
    assert fires("flag", [True, False, None], column="text", value=False) == [1]


DAYS = ["2026-11-23", "2026-11-24T18:30:00Z", "2026-11-25 08:00:00", "soon", None]  # a Monday and the days after


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"after": date(2026, 11, 24)}, [1, 2]),
        ({"before": "2026-11-24"}, [0]),
        ({"since": "2026-11-23", "until": "2026-11-24T18:30:00"}, [0, 1]),
        ({"after": datetime(2026, 11, 24, 18, 30, tzinfo=UTC)}, [2]),
        ({"weekdays": [1, 3]}, [0, 2]),
    ],
)
def test_dates_are_compared_with_days_and_moments(limits, expected):
    assert fires("date", DAYS, column="text", **limits) == expected


def test_dates_in_a_form_of_their_own_and_columns_of_dates():
    assert fires("date", ["24.11.2026", "x"], column="text", format="%d.%m.%Y", after="2026-01-01") == [0]
    assert fires("date", [date(2026, 11, 24), None], column="text", since="2026-11-24") == [0]


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("threshold", {"above": 9, "below": 3}),
        ("threshold", {"above": 3, "below": 3}),
        ("threshold", {"at_least": 3, "below": 3}),
        ("threshold", {"above": 9, "between": [1, 5]}),
        ("threshold", {"above": float("inf")}),
        ("length", {"below": 0}),
        ("length", {"at_most": -3}),
    ],
)
def test_limits_that_no_number_is_within_are_refused(kind, limits):
    with pytest.raises(ValidationError, match="holds for no row"):
        fires(kind, ["a"], column="text", **limits)


def test_a_limit_is_a_number_and_a_single_one_may_be_within():
    with pytest.raises(ValidationError, match="nan is no limit"):
        fires("threshold", [1.0], column="text", above=float("nan"))
    assert fires("threshold", [1.0, 3.0], column="text", at_least=3, at_most=3) == [1]
    assert fires("threshold", [-1.0, None], column="text", above=float("-inf")) == [0]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"after": "2026-02-01", "before": "2025-01-01"}, "swap them"),
        ({"since": "2026-02-01", "before": "2026-02-01"}, "swap them"),
        ({"weekdays": ["Monday"]}, "1 is Monday"),
        ({"after": "2026-02-01", "format": "dd/mm/yyyy"}, "write %d"),
    ],
)
def test_limits_that_no_date_is_within_are_refused(limits, said):
    with pytest.raises(ValidationError, match=said):
        fires("date", DAYS, column="text", **limits)


def test_many_texts_of_which_none_is_a_date_are_of_another_form():
    with pytest.raises(ValueError, match=r"none of the 12 values of column 'text' is a date in ISO 8601"):
        fires("date", ["24/11/2026"] * 12, column="text", after="2026-01-01")
    assert fires("date", ["24/11/2026"] * 12 + ["2026-11-24"], column="text", after="2026-01-01") == [12]
    assert fires("date", [None] * 12, column="text", after="2026-01-01") == []


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([f"{month:02}/{month + 12}/2024" for month in range(1, 13)], r"format: '%m/%d/%Y'\n"),
        ([f"{month + 12}/{month:02}/2024 10:00" for month in range(1, 13)], r"format: '%d/%m/%Y %H:%M'\n"),
        ([f"{day:02}/05/2024" for day in range(1, 13)], r"format: '%d/%m/%Y' or '%m/%d/%Y', which all values fit\n"),
        ([f"{day:02}.05.24" for day in range(11, 23)], r"format: '%d.%m.%y'\n"),
        (["soon"] * 12, r"as in format: '%d/%m/%Y'\n"),
    ],
)
def test_the_form_that_all_dates_fit_is_named(days, said):
    with pytest.raises(Exception, match=said):
        fires("date", days, column="text", since="2024-01-01")
