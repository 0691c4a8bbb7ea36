import os
import py_compile
import sys

import polars as pl
import pytest

from tidemill.contracts import FunctionError
from tidemill.label.engine.apply import apply
from tidemill.label.engine.failures import Quarantine
from tidemill.label.functions.loading import load_functions
from tidemill.label.functions.row import Row

CLASSES = ("ham", "spam")
PYTHON = """
from tidemill.label import ABSTAIN, keyword_functions, labeling_function

@labeling_function()
def {name}(row):
    return 1 if "win" in row.text else ABSTAIN
"""
YAML = "functions:\n  - {name: NAME, kind: keywords, words: [win], vote: spam}\n"


def names(path):
    return [function.name for function in load_functions(path, classes=CLASSES)]


def test_functions_are_ordered_by_file_and_then_by_name(folder):
    path = folder(
        b__py=PYTHON.format(name="z") + PYTHON.format(name="c"),
        a__yaml=YAML.replace("NAME", "y"),
        c__yml=YAML.replace("NAME", "a"),
        notes__txt="",
    )
    assert names(path) == ["y", "c", "z", "a"]


def test_functions_in_lists_and_mappings_are_found_once(folder):
    path = folder(
        f__py=PYTHON.format(name="one")
        + "same = one\nmany = {'k': keyword_functions('says_*', {'a': ['b']}, vote=1)}\n"
    )
    assert names(path) == ["one", "says_a"]


def test_a_name_that_is_there_twice_names_both_places(folder):
    path = folder(a__py=PYTHON.format(name="f"), b__yaml=YAML.replace("NAME", "f"))
    with pytest.raises(FunctionError, match=r"named 'f': .*a\.py:4 and .*b\.yaml:2; rename one"):
        names(path)


@pytest.mark.parametrize("name", ["row_id", "split", "' a'"])
def test_a_name_that_a_column_of_votes_cannot_have_is_refused(folder, name):
    with pytest.raises(FunctionError, match="cannot be the name of a labeling function"):
        names(folder(a__yaml=YAML.replace("NAME", name)))


def test_helpers_can_be_imported_and_nothing_stays_behind(folder):
    path = folder(
        _words__py="WORDS = ['win']\n",
        f__py=PYTHON.format(name="f")
        + "from _words import WORDS\nmore = keyword_functions('w_*', {'a': WORDS}, vote=1)\n",
    )
    before, search = set(sys.modules), list(sys.path)
    assert names(path) == ["f", "w_a"]
    assert set(sys.modules) == before
    assert sys.path == search


def test_two_problems_may_name_their_files_alike(tmp_path):
    for problem, word in (("one", "win"), ("two", "lose")):
        (tmp_path / problem).mkdir()
        (tmp_path / problem / "_words.py").write_text(f"WORD = {word!r}\n")
        (tmp_path / problem / "f.py").write_text(
            "from _words import WORD\nfrom tidemill.label import labeling_function\n\n"
            "@labeling_function()\ndef f(row):\n    return int(WORD in row.text)\n"
        )
    rows = pl.DataFrame({"row_id": ["a"], "text": ["win"]})
    loaded = [load_functions(tmp_path / problem, classes=CLASSES) for problem in ("one", "two")]
    assert [apply(rows, functions, n_classes=2).item() for functions in loaded] == [1, 0]


def test_a_dataclass_with_written_annotations_works_in_a_users_file(folder):
    source = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n"
    assert names(folder(f__py=source + PYTHON.format(name="f"))) == ["f"]


def test_an_edit_of_equal_size_within_the_same_second_is_seen(folder):
    first = names(folder(f__py=PYTHON.format(name="f")))
    assert (first, names(folder(f__py=PYTHON.format(name="g")))) == (["f"], ["g"])


@pytest.mark.parametrize(
    ("source", "said"),
    [("def f(:\n", "SyntaxError"), ("x = 1 / 0\n", "ZeroDivisionError"), ("raise SystemExit(3)\n", "SystemExit")],
)
def test_a_file_that_cannot_be_loaded_is_named(folder, source, said):
    with pytest.raises(FunctionError, match=rf"f\.py cannot be loaded(.|\n)*{said}"):
        names(folder(f__py=source))


def test_an_empty_or_missing_folder_says_what_to_do(folder):
    with pytest.raises(FunctionError, match="holds no labeling function: write one"):
        names(folder())
    with pytest.raises(FunctionError, match="there is no folder"):
        names(folder() / "nowhere")


def test_a_helper_that_was_edited_within_the_second_is_seen(tmp_path):
    (tmp_path / "uses.py").write_text(PYTHON.format(name="uses") + "from _words import WORD\nuses.word = WORD\n")
    for word in ("win", "won"):
        (tmp_path / "_words.py").write_text(f"WORD = {word!r}\n")
        os.utime(tmp_path / "_words.py", (1e9, 1e9))
        if word == "win":  # of the same size and second, the edited file is this one to Python
            py_compile.compile(str(tmp_path / "_words.py"))
        (function,) = load_functions(tmp_path, classes=CLASSES)
        assert function.word == word


@pytest.mark.parametrize("init", [True, False])
def test_helpers_of_two_projects_with_the_same_names_are_not_mixed_up(tmp_path, init, monkeypatch):
    for project, vote in (("one", 0), ("two", 1)):
        folder = tmp_path / project / "src" / "problems" / "spam"
        folder.mkdir(parents=True)
        for package in (folder, folder.parent) if init else ():
            (package / "__init__.py").touch()
        (folder / "_beside.py").write_text(f"VOTE = {vote}\n")
        (folder / "words.py").write_text(
            "import _beside\nfrom problems.spam import _beside as named\nfrom tidemill.label import labeling_function\n\n\n"
            "@labeling_function()\ndef beside(row):\n    return _beside.VOTE\n\n\n"
            "@labeling_function()\ndef by_name(row):\n    return named.VOTE\n"
        )
    monkeypatch.syspath_prepend(tmp_path / "one" / "src")  # as an installed project or PYTHONPATH has it
    import problems

    before = problems.__path__
    for project, vote in (("one", 0), ("two", 1), ("one", 0)):
        loaded = load_functions(tmp_path / project / "src" / "problems" / "spam", classes=["ham", "spam"])
        assert [function(Row({"text": ""})) for function in loaded] == [vote, vote]
    assert sys.modules["problems"].__path__ == before


LOST = "from tidemill.label import labeling_function\n\n@labeling_function()\ndef f(row):\n    return 1\n\n@labeling_function()\ndef f(row):\n    return 0\n"
LOOP = (
    "from tidemill.label import labeling_function\n\nfor word in ['cash', 'prize']:\n    @labeling_function(name=f'says_{word}')\n"
    "    def f(row, word=word):\n        return 1 if word in row.text else -1\n"
)


def test_a_function_over_which_another_is_defined_is_not_lost_in_silence(folder):
    with pytest.raises(FunctionError, match=r"f\.py:3 and .*f\.py:7, and the second takes the place of the first"):
        names(folder(f__py=LOST))


def test_functions_of_a_loop_that_no_list_keeps_are_not_lost_in_silence(folder):
    with pytest.raises(FunctionError, match="says_cash is lost, as says_prize of the same loop takes its place"):
        names(folder(f__py=LOOP))


def test_functions_of_a_loop_under_one_name_are_not_lost_in_silence(folder):
    with pytest.raises(FunctionError, match=r"f is lost, as f of the same loop .*name=f\"f_\{word\}\".* in a list"):
        names(folder(f__py=LOOP.replace("(name=f'says_{word}')", "()")))


def test_a_function_that_is_made_of_another_takes_its_place(folder):
    made = "\nfrom tidemill.label.functions.labeling_function import LabelingFunction\nf = LabelingFunction('f', f.f)\n"
    assert names(folder(f__py=LOST.partition("\n\n@labeling_function()\ndef f(row):\n    return 0")[0] + made)) == ["f"]


BY_CONSTANT = """
import enum
from tidemill.label import ABSTAIN, labeling_function

{constants}

@labeling_function()
def f(row):
    return {vote} if "win" in row.text else {other}
"""


@pytest.mark.parametrize(
    ("constants", "vote", "told"),
    [
        (
            "SPAM, HAM = 0, 1",
            "SPAM",
            r"f\.py:9: SPAM is 0, which votes for 'ham' \(0 is ham, 1 is spam\); write SPAM = 1",
        ),
        ("Ham = 1", "Ham", "Ham is 1, which votes for 'spam'"),
        (
            "class Label(enum.IntEnum):\n    HAM = 1\n    SPAM = 0",
            "Label.SPAM",
            r"Label\.SPAM is 0, which votes for 'ham'",
        ),
        (
            "class Label(enum.Enum):\n    HAM = 1\n    SPAM = 0",
            "Label.HAM.value",
            r"Label\.HAM is 1, which votes for 'spam'",
        ),
        (
            "class Label:\n    HAM = 1\n    SPAM = 0",
            "Label.SPAM",
            r"Label\.SPAM is 0, which votes for 'ham'.*write Label\.SPAM = 1",
        ),
        ("LABELS = {'spam': 0, 'ham': 1}", 'LABELS["spam"]', r"f\.py:9: LABELS\['spam'\] is 0, which votes for 'ham'"),
        (
            "from types import SimpleNamespace\nL = SimpleNamespace(spam=0)",
            "L.spam",
            r"L\.spam is 0, which votes for 'ham'",
        ),
        (
            "from collections import namedtuple\nL = namedtuple('L', 'ham spam')(1, 0)",
            "L.spam",
            r"L\.spam is 0, which votes for 'ham'",
        ),
        ("LABELS = {'spam': 1, 'ham': 0}", 'LABELS["spam"]', None),
        ("LEAST = {'spam': 0, 'ham': 1}", 'int(len(row.text) > LEAST["spam"])', None),
        ("SPAM, HAM = 1, 0", "SPAM", None),
        ("SPAM, HAM = 0, 1", "'spam'", None),
        ("SPAM, HAM = 80, 20", "int(len(row.text) > SPAM)", None),
        ("ham = True", "int(ham)", None),
    ],
)
def test_a_constant_that_is_named_as_a_class_is_its_number(folder, constants, vote, told):
    path = folder(f__py=BY_CONSTANT.format(constants=constants, vote=vote, other="ABSTAIN"))
    if told is None:
        assert names(path) == ["f"]
    else:
        with pytest.raises(FunctionError, match=told):
            names(path)


STARS = ("1", "2", "3", "4", "5")
RETURNED = (
    "from tidemill.label import *\n\n\n@labeling_function()\ndef f(row):\n    return {vote} if row.n else ABSTAIN\n"
)


@pytest.mark.parametrize(
    ("classes", "vote", "told"),
    [
        (STARS, "4", r"f\.py:6: 4 votes for '5', the class of that place, and '4' is .* between quotes, as in '4'"),
        (STARS, "5", "5 is no class, and '5' is the name"),
        (("-1", "0", "1"), "-1", "-1 abstains, and '-1' is the name"),
        (("-1", "0", "1"), "1 if row.m else 0", "1 is no class|1 votes for"),
        (("0", "1", "2"), "2", None),
        (STARS, "'4'", None),
        (STARS, "0", None),
        (STARS, "0 if row.m > 4 else '3'", None),
        (CLASSES, "1", None),
    ],
)
def test_a_number_that_is_the_name_of_one_class_and_the_place_of_another_is_refused(folder, classes, vote, told):
    path = folder(f__py=RETURNED.format(vote=vote))
    if told is None:
        assert [function.name for function in load_functions(path, classes=classes)] == ["f"]
    else:
        with pytest.raises(FunctionError, match=told):
            load_functions(path, classes=classes)


@pytest.mark.parametrize(
    "written",
    [
        "f = declare('f', kind='keywords', words=['x'], vote=4)",
        "f = keyword_functions('f_*', {'a': ['x']}, vote=4)",
        "f = labeling_function(name='f')(lambda row: 4 if row.n else -1)",
        "@batch_labeling_function()\ndef f(rows):\n    return pl.when(pl.col('n') > 1).then(4).otherwise(-1)",
    ],
)
def test_so_is_one_of_functions_made_otherwise(folder, written):
    head = "import polars as pl\nfrom tidemill.label import *\n\n"
    with pytest.raises(FunctionError, match="4 votes for '5'"):
        load_functions(folder(f__py=head + written + "\n"), classes=STARS)
    assert load_functions(folder(f__py=head + written.replace("4", "'4'") + "\n"), classes=STARS)


@pytest.mark.parametrize(
    "constant", ["BAD = -1\n", "import enum\n\n\nclass Mood(enum.IntEnum):\n    BAD = -1\n\n\nBAD = Mood.BAD\n"]
)
def test_so_is_a_constant_that_would_abstain(folder, constant):
    text = (
        "from tidemill.label import *\n"
        + constant
        + "\n\n@labeling_function()\ndef f(row):\n    return BAD if row.n else ABSTAIN\n"
    )
    with pytest.raises(FunctionError, match="-1 abstains, and '-1' is the name of another"):
        load_functions(folder(f__py=text), classes=("-1", "0", "1"))


COMPUTED = """import numpy as np
import polars as pl
from tidemill.label import *

MANY = 4


@labeling_function()
def of_rows(row):
    return {of_rows}


@batch_labeling_function()
def of_tables(rows):
    return {of_tables}
"""


@pytest.mark.parametrize(
    ("of_rows", "of_tables"),
    [
        ("MANY + 0", "np.full(len(rows), MANY)"),
        ("np.int64(MANY)", "rows.select(pl.lit(MANY, pl.Int16)).to_series()"),
        ("np.where(row.n > 0, MANY, ABSTAIN)", "pl.when(pl.col('n') > 0).then(MANY + 0).otherwise(ABSTAIN)"),
        ("len('four')", "pl.Series([MANY] * len(rows))"),
    ],
)
def test_so_is_one_that_a_function_computes(folder, of_rows, of_tables):
    path = folder(f__py=COMPUTED.format(of_rows=of_rows, of_tables=of_tables))
    rows = pl.DataFrame({"row_id": ["a"], "n": [3]})
    failures = Quarantine(limit=9)
    votes = apply(rows, load_functions(path, classes=STARS), n_classes=5, on_error=failures)
    assert votes.tolist() == [[-1, -1]]
    assert [("returned the number 4, which votes for '5'" in str(failure)) for failure in failures.failures] == [
        True
    ] * 2
    assert apply(rows, load_functions(path, classes=tuple("01234")), n_classes=5).tolist() == [[4, 4]]


def test_a_number_that_a_function_within_returns_is_no_vote(folder):
    within = "    def size(word):\n        return 4\n    return '1' if size(row.text) > 3 else ABSTAIN\n"
    head = "from tidemill.label import *\n\n@labeling_function()\ndef f(row):\n"
    assert load_functions(folder(f__py=head + within), classes=STARS)


def test_an_abstain_of_its_own_is_minus_one(folder):
    for value in (0, 1):
        path = folder(f__py=BY_CONSTANT.format(constants=f"ABSTAIN = {value}", vote="1", other="ABSTAIN"))
        with pytest.raises(
            FunctionError, match=rf"ABSTAIN is {value}, which votes for '{CLASSES[value]}'.*from tidemill"
        ):
            names(path)
    assert names(folder(f__py=BY_CONSTANT.format(constants="ABSTAIN = -1", vote="1", other="ABSTAIN"))) == ["f"]


def test_constants_are_found_by_names_of_several_words_and_not_where_two_classes_have_one(folder):
    path = folder(f__py=BY_CONSTANT.format(constants="VERY_GOOD = 0", vote="VERY_GOOD", other="-1"))
    with pytest.raises(FunctionError, match="VERY_GOOD is 0, which votes for 'bad'"):
        load_functions(path, classes=("bad", "very good"))
    assert load_functions(path, classes=("very-good", "bad"))
    assert load_functions(path, classes=("bad", "very good", "Very Good"))
