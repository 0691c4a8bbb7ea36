import polars as pl
import pytest

from tidemill.label.engine.unread_values import unread_values
from tidemill.label.functions.declared import declared_functions
from tidemill.label.functions.yaml_lines import parse_yaml

HYPHEN = "f: {} of 3 texts of column 'text' have a word with another hyphen ({}: add it to the words), such as {!r}: it abstains there"
APOSTROPHE = "f: 1 of 2 texts of column 'text' have a word with another apostrophe ({}: add it to the words), such as {!r}: it abstains there"
YEARS = ["f: 2 of 4 values of column 'short' are no date in '%d/%m/%y', such as '16/05/2024': it abstains there"]
CLASSES = ("ham", "spam")
DATES = pl.DataFrame(
    {
        "row_id": list("abcd"),
        "short": ["16/05/24", "16/05/2024", "01/01/1999", "1/1/99"],
        "day": ["2025-04-01", "01.04.2025", None, " "],
        "who": ["ham", "negativ", "n/a", "Spam"],
    }
)


def told(folder, function, table=DATES):
    functions = declared_functions(parse_yaml(f"functions: [{function}]", folder / "f.yaml"), CLASSES)
    return [str(found) for found in unread_values(functions, table).values() if str(found)]


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            "{name: f, kind: date, column: day, since: 2025-03-01, vote: ham}",
            [
                "f: 1 of 2 values of column 'day' are no date in ISO 8601 (2026-11-24), such as '01.04.2025': it abstains there"
            ],
        ),
        (
            "{name: f, kind: not, of: {kind: date, column: day, format: '%d.%m.%Y', since: 2025-03-01}, vote: ham}",
            ["f: 1 of 2 values of column 'day' are no date in '%d.%m.%Y', such as '2025-04-01': it abstains there"],
        ),
        (
            "{name: f, kind: annotator, column: who}",
            [
                "f: 1 of 4 answers in column 'who' name no class that they are to name (ham, spam), such as 'negativ': it abstains there"
            ],
        ),
        (
            "{name: f, kind: date, column: short, format: '%d/%m/%Y', before: 2024-05-15, vote: ham}",
            ["f: 2 of 4 values of column 'short' are no date in '%d/%m/%Y', such as '16/05/24': it abstains there"],
        ),
        ("{name: f, kind: date, column: short, format: '%d/%m/%y', since: 2000-01-01, vote: ham}", YEARS),
        ("{name: f, kind: annotator, column: gone}", []),
        ("{name: f, kind: keywords, column: who, words: [ham], vote: ham}", []),
    ],
)
def test_values_that_a_function_abstains_on_since_it_cannot_read_them_are_told(tmp_path, function, said):
    assert told(tmp_path, function) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('["don\'t", win]', [APOSTROPHE.format("don\u2019t", "I don\u2019t know")]),
        ('["don\u2019t"]', [APOSTROPHE.format("don't", "We DON'T know")]),
        ('["don\u2019t", "don\'t"]', []),
        ("[know]", []),
    ],
)
def test_words_that_texts_have_with_another_apostrophe_are_told(tmp_path, words, said):
    table = pl.DataFrame({"row_id": list("abc"), "text": ["I don\u2019t know", "We DON'T know", None]})
    assert told(tmp_path, f"{{name: f, kind: keywords, words: {words}, vote: ham}}", table) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("[e-mail]", [HYPHEN.format(2, "e\u2011mail, e\u2010mail", "an e\u2011mail")]),
        ("[e\u2011mail]", [HYPHEN.format(1, "e-mail", "an e-mail")]),
        ("[e-mail, e\u2011mail, e\u2010mail]", []),
        ("[x-ray, mail]", []),
    ],
)
def test_words_that_texts_have_with_another_hyphen_are_told(tmp_path, words, said):
    table = pl.DataFrame({"row_id": list("abcd"), "text": ["an e-mail", "an e\u2011mail", "E\u2010MAIL", None]})
    assert told(tmp_path, f"{{name: f, kind: keywords, words: {words}, vote: ham}}", table) == said


WORDS = pl.DataFrame({"row_id": list("abcd"), "text": ["I want a refund", "Refunded twice", "money back", None]})
SHORT = pl.DataFrame(
    {"row_id": list("ab"), "text": ["\u8d28\u91cf\u5f88\u597d\u4e0b\u6b21\u8fd8\u4f1a", "I like these"]}
)


@pytest.mark.parametrize(
    ("function", "table", "said"),
    [
        (
            "{name: f, kind: keywords, words: ['refund*', money back], vote: ham}",
            WORDS,
            "f: 2 of 3 texts of column 'text' have a part of 'refund*', which is looked for as it is written (kind: regex takes patterns)",
        ),
        ("{name: f, kind: keywords, words: ['refund', '**', 'wow OR', 'C*'], case: true, vote: ham}", WORDS, ""),
        (
            "{name: f, kind: length, unit: words, below: 4, vote: ham}",
            SHORT,
            "f: 1 of 2 texts of column 'text' are in letters between whose words no spaces stand (unit: characters counts letters)",
        ),
        ("{name: f, kind: length, below: 4, vote: ham}", SHORT, ""),
    ],
)
def test_patterns_in_lists_of_words_and_words_without_spaces_are_told(tmp_path, function, table, said):
    assert [one.partition(", such as")[0] for one in told(tmp_path, function, table)] == ([said] if said else [])


def test_a_table_beside_the_functions_of_which_no_row_is_there_is_told(tmp_path):
    (tmp_path / "scores.csv").write_text("row_id,score\nrow-1,0.5\nrow-2,0.7\n")
    function = "{name: f, kind: scores, file: scores.csv, column: score, above: 0.6, vote: spam}"
    assert told(tmp_path, function) == [
        "f: 4 of 4 rows are not in scores.csv, whose row_id is 'row-1' on the first line, such as 'a': it abstains there"
    ]
    (tmp_path / "scores.csv").write_text("row_id,score\na,0.5\nrow-2,0.7\n")
    assert told(tmp_path, function) == []


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("codes.txt", "{name: f, kind: member, column: who, file: codes.txt, vote: ham}"),
        ("words.csv", "{name: f, kind: lexicon, column: who, file: words.csv, above: 0, vote: ham}"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path, name, function):
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + (b"ham,1\nspam,2\n" if name == "words.csv" else b"ham\nspam\n"))
    (made,) = declared_functions(parse_yaml(f"functions: [{function}]", tmp_path / "f.yaml"), CLASSES)
    assert DATES.select(made.expression()).to_series()[0] == 0
