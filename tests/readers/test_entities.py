"""Letters that are written as HTML has them, and characters that nobody sees."""

import pytest

from tidemill.readers.read import parse


def notes(*texts):
    lines = "\n".join(f'"{text}"' for text in texts)
    return [
        note for note in parse(f"text\n{lines}\n".encode(), "t.csv").notes if "words that functions look for" in note
    ]


def test_letters_of_html_are_told_with_a_sample_and_what_mends_them():
    (told,) = notes("I can&#39;t log in", "fish &amp; chips", "plain")
    assert told == (
        "t.csv: 2 of 3 cells of column 'text' have letters as HTML writes them, such as '&#39;' for \"'\" (in 'I can&#39;t log in'). They are kept as "
        "they are, and words that functions look for do not match them; to mend each cell in Python: html.unescape(cell)"
    )


@pytest.mark.parametrize(
    "texts",
    [
        ("fish & chips; and peas", "a&b;c"),
        ("see ?a=1&lt=2", "https://a.example/?x=1&copy=2"),
        ("the entity &amp; is one", *["plain"] * 300, "and &lt; is another"),
        ("one &amp; alone",),
        ("&nosuch; &entity;", "&nosuch;"),
    ],
)
def test_ampersands_and_single_entities_are_not_told(texts):
    assert notes(*texts) == []


def test_characters_that_nobody_sees_are_told_where_they_are_inside_of_words():
    (told,) = notes("un\u00adsubscribe", "free\u200bshipping", "plain")
    assert told.startswith(
        "t.csv: 2 of 3 cells of column 'text' have characters inside of words that nobody sees, such as soft hyphen (U+00AD in"
    )
    assert notes("\u0e01\u200b\u0e02", "\u0e01\u200b\u0e02") == []  # Thai marks the bounds of words so
    assert notes("free\u200b shipping", "caf\u00e9") == []


def test_letters_that_typesetters_join_are_told():
    (told,) = notes("the o\ufb03ce is open", "\ufb01rst of all", "plain")
    assert told == (
        "t.csv: 2 of 3 cells of column 'text' have letters that are joined to one, such as '\ufb03' (U+FB03) for 'ffi' (in 'the o\ufb03ce is open'). They are kept as "
        "they are, and words that functions look for do not match them; to mend each cell in Python: unicodedata.normalize('NFKC', cell)"
    )
    assert notes("the o\ufb03ce", *["plain"] * 300) == []


@pytest.mark.parametrize("word", ["NULL", "\\N", "None", "n/a"])
def test_texts_that_are_a_word_for_none_are_told(word):
    lines = f"text,note\nthe soup was cold,x\n{word},x\nlovely warm bread,{word}\n"
    table = parse(lines.encode(), "t.csv")
    (told,) = [note for note in table.notes if "alone" in note]
    assert told.startswith(
        f"t.csv: 1 of 3 texts of column 'text' are {word!r} alone, the first in line 3, and are read as texts"
    )
    assert table.columns["text"][1] == word


def test_words_for_none_among_words_are_not_told():
    assert not any("alone" in note for note in parse(b"kind\nNULL\ngood\nbad\n", "t.csv").notes)


def test_letters_as_mails_write_them_are_told_with_what_mends_them():
    (told,) = notes("sch=C3=B6ne K=C3=BCche", "zur=C3=BCck", "plain")
    assert "such as '=C3=B6' for 'ö' (in 'sch=C3=B6ne K=C3=BCche')" in told
    assert notes("a=C3 b=D4", "x=CAFE y=C0=FF", "width=E9") == []


@pytest.mark.parametrize("lost", ["\ufffd", "\0"])
def test_letters_that_were_lost_are_told(lost):
    (told,) = notes(f"K{lost}che", f"zur{lost}ck", "plain")
    assert told.startswith(f"t.csv: 2 of 3 cells of column 'text' have {lost!r} (U+{ord(lost):04X}, in")
    assert notes(f"K{lost}che", "plain") == []


@pytest.mark.parametrize("word", ["Total", "SUMME:", "итого"])
def test_a_last_row_of_totals_is_told(word):
    text = f"id,text\n1,plain\n2,words\n{word},120\n"
    assert parse(text.encode(), "t.csv").notes == (
        f"t.csv: line 4, the last, has {word!r} in column 'id', and is read as a row: take it out where it is one of totals",
    )
    assert parse(f"id,text\n{word},a\n2,b\n{word},c\n".encode(), "t.csv").notes == ()
    assert parse(f"id,text\n{word},a\n2,b\n".encode(), "t.csv").notes == ()
