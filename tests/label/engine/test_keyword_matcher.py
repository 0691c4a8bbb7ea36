import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidemill.label.conditions.words import Keywords
from tidemill.label.engine.keyword_matcher import KeywordMatcher, can_match

PIECES = [
    "win",
    "WIN",
    "Win",
    "won",
    "you",
    "prize",
    "abcdefgh",
    "abcdefghi",
    "\u017f",
    "\u212a",
    "é",
    "ß",
    "你",
    "_",
    "1",
]
BETWEEN = ["", " ", "  ", "-", "!", "$", ".", "\n", "\0", "'", "\r\n\t", "\u00a0", "\u2003", "\x1c", "\x85", "\u3000"]
TEXTS = st.lists(
    st.one_of(st.none(), st.lists(st.sampled_from(PIECES + BETWEEN), max_size=8).map("".join)), min_size=1, max_size=12
)
WORDS = st.sampled_from(
    [
        *["win", "Win", "you won", "you-won", "prize", "k", "s", "is", "abcdefgh", "abcdefghi", "abcdefgh win"],
        *["us$", "1", "_", "win!", "you won!", "won win won", "you  won", "win\nyou", "win ", "won\u0020!"],
    ]
)
CONDITIONS = st.builds(
    lambda words, case, match, least: Keywords(
        kind="keywords",
        words=tuple(words),
        case=case,
        match=match,
        at_least=least and min(least, len({word.strip().lower() for word in words})),
    ),
    st.lists(WORDS, min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from(["any", "all"]),
    st.one_of(st.none(), st.integers(1, 3)),
)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(CONDITIONS, min_size=1, max_size=5))
@pytest.mark.slow
def test_a_sweep_answers_as_the_expressions_do(texts, conditions):
    column = pl.Series("text", texts, dtype=pl.String)
    expected = [column.to_frame().select(one.expression()).to_series().to_list() for one in conditions]
    assert [one.to_list() for one in KeywordMatcher(conditions)(column)] == expected


@pytest.mark.parametrize(
    ("words", "options", "possible"),
    [
        (["win", "you won", "us$"], {}, True),
        (["£"], {}, False),
        (["café"], {}, False),
        (["$$$"], {}, False),
        (["win"], {"whole_words": False}, False),
    ],
)
def test_only_whole_ascii_words_are_swept(words, options, possible):
    assert can_match(Keywords(kind="keywords", words=tuple(words), **options)) == possible


def test_no_texts_give_no_answers():
    sweep = KeywordMatcher([Keywords(kind="keywords", words=("win",))])
    assert sweep(pl.Series("text", [], dtype=pl.String))[0].len() == 0


def test_thousands_of_words_are_told_apart():
    words = [f"w{k}" for k in range(0, 6000, 2)]
    conditions = [Keywords(kind="keywords", words=(word,)) for word in words[:300]]
    conditions.append(Keywords(kind="keywords", words=tuple(words)))
    answers = KeywordMatcher(conditions)(pl.Series("text", [f"W{k}" for k in range(6000)]))
    assert [one.arg_true().to_list() for one in answers[:300]] == [[k] for k in range(0, 600, 2)]
    assert answers[300].to_list() == [k % 2 == 0 for k in range(6000)]
