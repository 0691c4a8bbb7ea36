import re
from datetime import date, time, timedelta

import numpy as np
import polars as pl
import pytest

from tidemill.contracts import ConfigError, FunctionError
from tidemill.denoise.models.registry import MODELS, create
from tidemill.label import declare, keyword_functions
from tidemill.label.engine.apply import apply
from tidemill.label.functions.loading import load_file

CLASSES = ("ham", "spam")
ROWS = pl.DataFrame({"row_id": ["a", "b", "c"], "text": ["you won a prize", "cash now", None], "n": [1.0, None, 9.0]})


def load(folder, content):
    return load_file(folder(f__yaml=content) / "f.yaml", classes=CLASSES)


def refusal(folder, content):
    with pytest.raises(ConfigError) as caught:
        load(folder, content)
    return str(caught.value).replace(str(folder()), "")


def test_yaml_functions_vote_by_class_name_and_against_one(folder):
    functions = load(
        folder,
        """functions:
  - {name: prize, kind: keywords, words: [prize], vote: spam}
  - {name: big, kind: threshold, column: n, above: 5, vote: not spam}
""",
    )
    assert [function.name for function in functions] == ["big", "prize"]
    assert apply(ROWS, functions, n_classes=2).tolist() == [[-1, 1], [-1, -1], [-3, -1]]


def test_a_template_makes_a_function_per_list(folder):
    functions = load(
        folder,
        """functions:
  - name: says_*
    kind: keywords
    each:
      money: [cash, pounds]
      both: {words: [won, prize], match: all}
    vote: spam
""",
    )
    assert [(function.name, function.where.split(":")[-1]) for function in functions] == [
        ("says_both", "6"),
        ("says_money", "5"),
    ]
    assert apply(ROWS, functions, n_classes=2).tolist() == [[1, -1], [-1, 1], [-1, -1]]


def test_the_same_template_in_python_is_one_line():
    functions = keyword_functions("says_*", {"money": ["cash"], "won": ["won"]}, vote=1)
    assert apply(ROWS, functions, n_classes=2).tolist() == [[-1, 1], [1, -1], [-1, -1]]


CASES = """functions:
  - name: by_number
    kind: cases
    of:
      - {vote: spam, when: {kind: threshold, column: n, above: 5}}
      - vote: %s
        when: {kind: keywords, words: [prize]}
"""


def test_one_function_may_have_several_votes_and_the_first_case_that_holds_casts_its_own(folder):
    functions = load(folder, CASES % "not spam")
    rows = ROWS.with_columns(text=pl.Series(["a prize", "cash", "a prize"]))
    assert apply(rows, functions, n_classes=2).tolist() == [[-3], [-1], [1]]
    message = refusal(folder, CASES % "spma")
    assert message.startswith("/f.yaml:6: by_number: vote: there is no class 'spma'; did you mean spam?")


def test_a_vote_against_a_class_reaches_the_label_model(folder):
    against = "functions: [{name: f, kind: keywords, words: [cash], vote: not ham}, {name: g, kind: keywords, words: [you], vote: ham}]"
    votes = apply(ROWS, load(folder, against), n_classes=2)
    assert votes.tolist() == [[-1, 0], [-2, -1], [-1, -1]]
    for name in ("majority", "dawid_skene", "auto"):
        model = create(name, 2, **({"seed": 1} if "seed" in MODELS[name].parameters else {}))
        spam = model.fit(np.repeat(votes, 50, axis=0)).predict_proba(votes)[:, 1]
        assert spam[1] > spam[0]


def test_a_list_file_stands_beside_the_yaml_file(folder):
    folder(senders__txt="# known\nann\n\nBob\n")
    function = load(folder, "functions: [{name: f, kind: member, column: text, file: senders.txt, vote: ham}]")[0]
    rows = pl.DataFrame({"row_id": ["a", "b", "c"], "text": ["Ann", "bob", "# known"]})
    assert apply(rows, [function], n_classes=2).ravel().tolist() == [0, 0, -1]


HEAD = "functions:\n  - name: f\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEAD + "    kind: keyword\n    words: [a]\n", "/f.yaml:3: f: unknown kind 'keyword'; did you mean keywords?"),
        (HEAD + "    words: [a]\n", "/f.yaml:2: f: the kind is missing; valid are keywords, regex"),
        (HEAD + "    kind: keywords\n    word: [a]\n", "/f.yaml:4: f: unknown key 'word'; did you mean words?"),
        (HEAD + "    kind: keywords\n    vote: spam\n", "/f.yaml:2: f: keywords needs 'words'"),
        (HEAD + "    kind: keywords\n    words: a\n", "/f.yaml:4: f: words is a list: write [a]"),
        (HEAD + "    kind: keywords\n    words:\n      - a\n      - no\n", "/f.yaml:6: f: words: False is not text"),
        (HEAD + "    kind: keywords\n    words: [a]\n", "/f.yaml:2: f: the vote is missing; give a class: ham, spam"),
        (
            HEAD + "    kind: keywords\n    words: [a]\n    vote: spma\n",
            "/f.yaml:5: f: there is no class 'spma'; did you mean spam?",
        ),
        (
            HEAD + "    kind: keywords\n    words: [a]\n    vote: not hm\n",
            "/f.yaml:5: f: there is no class 'not hm'",
        ),
        (HEAD + "    kind: regex\n    pattern: 'a('\n", "/f.yaml:4: f: pattern: the pattern does not compile"),
        (HEAD + '    kind: regex\n    pattern: "\\bcash\\b"\n', "/f.yaml:4: f: pattern: \\b between double quotes"),
        (HEAD + '    kind: keywords\n    words: ["\\bcash"]\n', "/f.yaml:4: f: words: \\b between double quotes"),
        (HEAD + "    kind: regex\n    pattern: 'cash|'\n", "/f.yaml:4: f: pattern: the pattern matches the empty text"),
        (HEAD + "    kind: regex\n    pattern: 'x*'\n", "/f.yaml:4: f: pattern: the pattern matches the empty text"),
        (HEAD + "    kind: regex\n    pattern: '(?!.*spam)'\n", "/f.yaml:4: f: pattern: the pattern matches the empty"),
        (HEAD + "    kind: threshold\n    column: n\n", "/f.yaml:2: f: threshold: no limit is given"),
        (
            HEAD + "    kind: all\n    of:\n      - kind: regex\n        pattern: a\n      - kind: rgex\n",
            "/f.yaml:7: f: unknown kind 'rgex'; did you mean regex?",
        ),
        (HEAD + "    kind: member\n    column: n\n    file: no.txt\n", "/f.yaml:2: f: member: there is no file"),
        (HEAD + "    name: g\n", "/f.yaml:3: 'name' stands twice"),
        *(
            (
                HEAD + f"    kind: keywords\n    words: [a]\n    vote: {written}\n",
                f"/f.yaml:5: {written} is the number {read} to YAML: put it in quotes ('{written}')",
            )
            for written, read in (("010", 8), ("1:20", 80), ("1.10", 1.1), ("0x1A", 26), ("1_200", 1200), ("+1", 1))
        ),
        (HEAD + "    kind: member\n    values: [1, 02131]\n", "/f.yaml:4: 02131 is the number"),
        (HEAD + "    kind: threshold\n    above: 0731\n", "/f.yaml:4: 0731 is the number 473 to YAML"),
        (
            HEAD + "    kind: annotator\n    votes:\n      '010': 010\n",
            "/f.yaml:5: 010 is the number 8 to YAML",
        ),
        (HEAD + "    kind: date\n    after: 2026-02-30\n", "/f.yaml:4: this is not YAML: '2026-02-30' is no timestamp"),
        (HEAD + "    kind: length\n    above: !!int many\n", "/f.yaml:4: this is not YAML: 'many' is no int"),
        (
            "functions:\n\t- name: f\n",
            "/f.yaml:2: this is not YAML: found character that cannot start any token; lines",
        ),
        ("functions: [[a]: b]\n", "/f.yaml:1: this is not YAML: found unhashable key"),
        ("functions: " + "[" * 5000 + "]" * 5000, "/f.yaml: this is not YAML of plain data: it is nested too deeply"),
        (HEAD + "    kind: keywords\n    words: []\n", "/f.yaml:4: f: words is empty; name at least one"),
        (HEAD + "    kind: keywords\n    words: ['']\n", "/f.yaml:4: f: words: an empty text is in every row"),
        (
            HEAD + "    kind: length\n    unit: char\n    above: 1\n",
            "/f.yaml:4: f: unit: 'char' is unknown; valid are 'ch",
        ),
        (
            HEAD + "    kind: language\n    languages: [english]\n",
            "/f.yaml:4: f: languages: 'english' is no code of ISO",
        ),
        (
            HEAD + "    kind: all\n    of: [{kind: regex, pattern: a, name: b}]\n",
            "/f.yaml:4: f: unknown key 'name'; valid are",
        ),
        (HEAD + "    kind: keywords\n    each: {a: [b]}\n", "/f.yaml:2: 'f' needs a *"),
        ("functions: [\n", "/f.yaml:2: this is not YAML"),
        ("function: []\n", "/f.yaml:1: a file of labeling functions is a mapping with the key `functions`"),
        (
            "functions:\n  - name: f\n    kind: regex\n    pattern: >\n      awful|\n      free\n",
            "/f.yaml:4: > joins the lines of the pattern by spaces, which become part of it: write it on one line",
        ),
        (
            'functions:\n  - {name: f, kind: regex, pattern: "\\d+ pounds"}\n',
            "/f.yaml:2: this is not YAML: found unknown escape character; a backslash between double quotes begins an escape of YAML: put",
        ),
        ("functions: []\nmore: 1\n", "/f.yaml:2: unknown key 'more'"),
        ("functions: {a: 1}\n", "/f.yaml:1: `functions` is a list"),
        ("functions:\n  - a\n", "/f.yaml:2: a labeling function is a mapping"),
        ("functions:\n  - kind: flag\n", "/f.yaml:2: a labeling function needs a name"),
        (
            "functions:\n  - {name: no, kind: flag}\n",
            "/f.yaml:2: a labeling function needs a name: YAML reads the one it has as False, so put it between quotes",
        ),
    ],
)
def test_an_error_names_file_line_and_the_nearest_valid_word(folder, content, message):
    assert refusal(folder, content).startswith(message)


def test_a_function_may_take_over_another_and_write_some_of_it_anew(folder):
    first, second = load(
        folder,
        """functions:
  - &cash {name: cash, kind: keywords, words: [cash], vote: spam}
  - <<: *cash
    name: prize
    words: [prize]
""",
    )
    assert apply(ROWS, [first, second], n_classes=2).tolist() == [[-1, 1], [1, -1], [-1, -1]]
    again = (
        "functions:\n  - &a {name: a, kind: keywords, words: [b], vote: ham}\n  - <<: *a\n    name: b\n    vote: hma\n"
    )
    assert refusal(folder, again).startswith("/f.yaml:5: b: there is no class 'hma'")


def test_yaml_is_data_and_never_code(folder):
    assert "this is not YAML" in refusal(folder, "functions: !!python/object/apply:os.getcwd []\n")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{name: f, kind: keywords, column: txt, words: [a], vote: spam}", "no column 'txt'; did you mean text?"),
        ("{name: f, kind: threshold, column: text, above: 1, vote: spam}", "cannot be applied to these columns"),
    ],
)
def test_a_column_that_is_not_there_or_not_of_the_kind_names_function_and_line(folder, line, reason):
    functions = load(folder, f"functions:\n  - {line}\n")
    with pytest.raises(Exception, match=rf"labeling function f \(.*f\.yaml:2\), all rows: .*{reason}"):
        apply(ROWS, functions, n_classes=2)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (
            "kind: member, column: zip, values: [2134]",
            "column 'zip' is text, such as '02134', and its values here are numbers, such as 2134: put each between quotes, as in '02134'",
        ),
        (
            "kind: member, column: n, values: ['1']",
            "column 'n' is numbers (Int64), such as 1, and its values here are text, such as '1': write them as numbers, without quotes",
        ),
        (
            "kind: member, column: seen, values: ['true']",
            "column 'seen' is truth values, such as true, and its values here are text, such as 'true': take kind: flag",
        ),
        (
            "kind: member, column: day, values: ['2026-01-01']",
            "column 'day' is of type Date, such as datetime.date(2026, 1, 1), and its values here are text, such as '2026-01-01': take kind: date",
        ),
        (
            "kind: member, column: day, values: [20454]",
            "column 'day' is of type Date, such as datetime.date(2026, 1, 1), and its values here are numbers, such as 20454: take kind: date",
        ),
        (
            "kind: threshold, column: size, above: 3",
            "column 'size' is text, such as 'n/a', and threshold compares numbers: name a column of numbers, or make the values numbers",
        ),
        (
            "kind: threshold, column: day, above: 20",
            "column 'day' is of type Date, such as datetime.date(2026, 1, 1), and threshold compares numbers: take kind: date",
        ),
        (
            "kind: all, of: [{kind: threshold, column: took, above: 30}, {kind: flag, column: seen}]",
            "column 'took' is of type Duration(time_unit='us'), such as datetime.timedelta(seconds=45), and threshold compares numbers: make them numbers",
        ),
        (
            "kind: threshold, column: at, above: 12",
            "column 'at' is of type Time, such as datetime.time(13, 0), and threshold compares numbers: make them numbers of one unit",
        ),
        (
            "kind: flag, column: size",
            "column 'size' is text, such as '4.5', and flag reads truth values: take kind: member, with the values that count, as in ['4.5']",
        ),
        (
            "kind: not, of: {kind: member, column: zip, values: [1]}",
            "column 'zip' is text, such as '02134', and its values here are numbers, such as 1: put each between quotes",
        ),
    ],
)
def test_a_column_of_another_kind_is_named_with_a_value_and_the_remedy(folder, condition, reason):
    rows = pl.DataFrame({"row_id": ["a", "b"], "zip": [None, "02134"], "n": [1, 2], "seen": [True, None]})
    rows = rows.with_columns(day=pl.lit(date(2026, 1, 1)), size=pl.Series(["4.5", "n/a"]))
    rows = rows.with_columns(took=pl.lit(timedelta(seconds=45)), at=pl.lit(time(13)))
    functions = load(folder, f"functions: [{{name: f, {condition}, vote: spam}}]")
    with pytest.raises(FunctionError, match=re.escape(reason)):
        apply(rows, functions, n_classes=2)


def test_python_declares_with_the_same_words_as_yaml():
    rows = pl.DataFrame({"row_id": ["a", "b"], "text": ["one two three", "one"]})
    assert apply(rows, [declare("f", kind="length", unit="words", above=2, vote=1)], n_classes=2).tolist() == [
        [1],
        [-1],
    ]


@pytest.mark.parametrize(
    "pattern", ["^[^!]*$", "^.{0,20}$", r"\bcash\b", "^(?!.*spam)", r"(?=.*a)(?=.*b)", ".*", "a?b", "^$"]
)
def test_patterns_that_may_match_little_text_but_not_everywhere_are_taken(folder, pattern):
    assert len(load(folder, f"functions: [{{name: f, kind: regex, pattern: '{pattern}', vote: ham}}]")) == 1
