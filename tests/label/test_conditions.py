import polars as pl
import pytest

from tidemill.label.conditions import KINDS

TEXTS = ["Win a FREE prize", "freedom of winter", "win, win!", "costs $9.99 (approx.)", "", None]


def asked(kind, texts, **fields):
    rows = pl.DataFrame({"text": texts})
    return rows.select(KINDS[kind].model_validate({"kind": kind, **fields}).expression()).to_series().to_list()


def fires(kind, texts, **fields):
    return [i for i, true in enumerate(asked(kind, texts, **fields)) if true]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"words": ["win", "free"]}, [0, 2]),
        ({"words": ["win", "free"], "match": "all"}, [0]),
        ({"words": ["win", "free"], "whole_words": False}, [0, 1, 2]),
        ({"words": ["win"], "case": True}, [2]),
        ({"words": ["win", "free", "prize"], "at_least": 3}, [0]),
        ({"words": ["win", "free", "of"], "at_least": 2}, [0]),
        ({"words": ["$9.99"]}, [3]),
        ({"words": ["$9.9"]}, []),
        ({"words": ["(approx.)"]}, [3]),
    ],
)
def test_keywords(fields, expected):
    assert fires("keywords", TEXTS, **fields) == expected


def test_keywords_do_not_care_for_the_case_of_other_alphabets():
    assert fires("keywords", ["ÉCOLE", "école maternelle"], words=["école"]) == [0, 1]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"pattern": r"\bw\w+"}, [1, 2]),
        ({"pattern": r"\bw\w+", "flags": ["ignore_case"]}, [0, 1, 2]),
        ({"pattern": "win", "at_least": 2}, [2]),
        ({"pattern": r"^a.b$", "flags": ["multi_line", "dot_all"]}, []),
    ],
)
def test_regex(fields, expected):
    assert fires("regex", TEXTS, **fields) == expected


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


def test_a_flag_and_its_contrary():
    assert fires("flag", [True, False, None], column="text") == [0]
    assert fires("flag", [True, False, None], column="text", value=False) == [1]


def test_all_any_and_not_compose_and_a_missing_value_stays_unknown():
    win, free = ({"kind": "keywords", "words": [word]} for word in ("win", "free"))
    assert fires("all", TEXTS, of=[win, free]) == [0]
    assert fires("any", TEXTS, of=[win, free]) == [0, 2]
    assert fires("not", TEXTS, of={"kind": "any", "of": [win, free]}) == [1, 3, 4]
    assert asked("not", TEXTS, of=win)[5] is None
