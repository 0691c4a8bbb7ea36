import pytest
from pydantic import ValidationError

from tests.label.conditions.factories import TEXTS, fires
from tidemill.label.conditions.registry import KINDS


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
    ("word", "text", "expected"),
    [
        ("无货", "这个无货了", True),
        ("無料", "今なら無料です", True),
        ("ฟรี", "วันนี้ฟรีค่ะ", True),
        ("kostenlos送料", "kostenlos送料込み", True),
        ("kostenlos送料", "unkostenlos送料", False),
        ("нет", "нетто", False),
        ("무료", "무료 배송", True),
    ],
)
def test_words_of_scripts_without_spaces_are_found_within_a_sentence(word, text, expected):
    assert bool(fires("keywords", [text], words=[word])) is expected


@pytest.mark.parametrize("options", [{}, {"case": True}, {"whole_words": False}, {"match": "all"}])
def test_a_phrase_is_found_across_a_line_break_two_spaces_and_one_that_does_not_break(options):
    texts = ["not spam", "not\r\nspam", "so not  spam.", "not\u00a0spam", "notspam", "not, spam", None]
    for phrase in ("not spam", "not\nspam"):
        assert fires("keywords", texts, words=[phrase], **options) == [0, 1, 2, 3]
    assert fires("keywords", ["not spam", "spam."], words=[" spam"], whole_words=False) == [0]


@pytest.mark.parametrize("word", ["awful ", " awful", "awful\n", "\tawful"])
def test_white_space_around_a_whole_word_is_a_slip(word):
    texts = ["it was awful", "awful thing", "lawful"]
    assert fires("keywords", texts, words=[word]) == [0, 1]
    assert fires("keywords", texts, words=["it"], near={"words": [word]}) == [0]
    assert fires("fuzzy", texts, words=[word], at_least=95) == [0, 1]
    assert fires("lexicon", texts, weights={word: 1}, above=0) == [0, 1]
    assert fires("member", ["awful", "AWFUL ", "so"], column="text", values=[word]) == [0, 1]
    with pytest.raises(ValidationError, match="at least 1 character"):
        fires("keywords", texts, words=["  "])


def test_the_line_break_that_a_block_of_yaml_adds_is_no_part_of_a_pattern():
    assert fires("regex", ["it is free now", "awful"], pattern="awful|free\n") == [0, 1]
    assert fires("keywords", ["xfree", "free\n"], words=["free\n"], whole_words=False) == [0, 1]
    assert fires("regex", ["free now", "awful"], pattern="(?x) awful |\n free  # a gift\n") == [0, 1]
    with pytest.raises(
        ValidationError, match=r"line break in it, after 'awful\|', which texts must have too: write it on one line"
    ):
        fires("regex", ["free"], pattern="awful|\nfree\n")


@pytest.mark.parametrize(
    ("near", "expected"),
    [
        ({"words": ["prize"], "within": 1}, [0, 1]),
        ({"words": ["prize"], "within": 2}, [0, 1, 2]),
        ({"words": ["prize"], "within": 0}, [1]),
    ],
)
def test_keywords_near_others_in_either_order_by_words_between(near, expected):
    texts = ["claim your prize", "Prize claim", "claim by tomorrow, prize", "claim", "claimed prizes", None]
    assert fires("keywords", texts, words=["claim"], near=near) == expected


def test_near_goes_with_whole_words_and_any_of_them_only():
    with pytest.raises(ValidationError, match="goes with neither all"):
        KINDS["keywords"].model_validate({"kind": "keywords", "words": ["a"], "match": "all", "near": {"words": ["b"]}})


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


def test_parts_of_words_do_not_care_for_the_case_of_other_alphabets():
    assert fires("keywords", ["GROSSE ÜBERRASCHUNG", "(über"], words=["über", "x"], whole_words=False) == [0, 1]
    assert fires("keywords", ["ÜBER", "über"], words=["über"], whole_words=False, case=True) == [1]


def test_more_different_words_than_there_are_are_refused():
    with pytest.raises(ValidationError, match="3 different words of 2"):
        fires("keywords", ["a"], words=["win", "free", "Win"], at_least=3)
