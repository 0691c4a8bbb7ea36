"""Two folders of functions, one edited: which fingerprints stay and which change."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tidemill.label import labeling_function
from tidemill.label.functions.function_fingerprint import OpaqueError, fingerprint
from tidemill.label.functions.loading import load_functions

MAIN = '''"""Of spam."""
import re
import _words
from _words import count, Kind
from tidemill.label import ABSTAIN, labeling_function, preprocessor

LIMIT = 3
PATTERN = re.compile("free")
OTHER = 1

def twice(n):
    return 2 * n

@preprocessor(memoize=True)
def lowered(row):
    row.low = row.text.lower()
    return row

@labeling_function()
def plain(row):
    """Say what."""
    return 1 if row.text in {"a", "b"} else ABSTAIN

@labeling_function()
def by_constant(row):
    return 1 if len(row.text) > LIMIT else ABSTAIN

@labeling_function()
def by_pattern(row):
    return 1 if PATTERN.search(row.text) else ABSTAIN

@labeling_function()
def by_helper(row):
    return 1 if any(twice(one) > 4 for one in [row.n]) else ABSTAIN

@labeling_function(pre=[lowered], resources={"names": ["katy"]})
def by_resource(row, names):
    return 1 if row.low in names else ABSTAIN

@labeling_function()
def by_sibling(row):
    return 1 if count(row.text) else ABSTAIN

@labeling_function()
def by_module(row):
    return 1 if _words.longest(row.text) else ABSTAIN

@labeling_function()
def by_class(row):
    return Kind(row.text).vote()

@labeling_function()
def by_late_import(row):
    import _late
    return _late.VOTE

def made(k):
    @labeling_function(name=f"made_{k}")
    def inner(row):
        return 1 if len(row.text) == k else ABSTAIN
    return inner

made_functions = [made(5), made(6)]
'''
WORDS = """WORDS = {"win": 2, "won": 1}
UNUSED = 1

def count(text):
    return sum(weight for word, weight in WORDS.items() if word in text)

def longest(text):
    return max(map(len, text.split())) > SIZE

SIZE = 9

class Kind:
    least = 4

    def __init__(self, text):
        self.text = text

    def vote(self):
        return 1 if len(self.text) > self.least else -1
"""
LATE = "VOTE = 1\n"
YAML = "functions: [{name: says, kind: keywords, words: [win], vote: spam}, {name: listed, kind: member, column: text, file: list.txt, vote: ham}]"
FILES = {"main__py": MAIN, "_words__py": WORDS, "_late__py": LATE, "f__yaml": YAML, "list__txt": "a\nb\n"}


def prints(folder, **edited):
    path = folder(**{**FILES, **edited})
    return {function.name: fingerprint(function) for function in load_functions(path, classes=("ham", "spam"))}


def changed(folder, **edited):
    before, after = prints(folder), prints(folder, **edited)
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


def test_all_differ_and_stay_when_the_files_are_read_again(folder):
    first = prints(folder)
    assert len(set(first.values())) == len(first) == 13
    assert prints(folder) == first


def test_comments_formatting_docstrings_and_places_do_not_count(folder):
    source = MAIN.replace('"""Say what."""', '"""Say something else."""\n    # a comment').replace(
        '{"a", "b"}', '{\n        "a",\n        "b",\n    }'
    )
    assert changed(folder, main__py="# moved\n\n\n" + source, _words__py="# moved\n" + WORDS) == set()


def test_a_docstring_that_is_taken_away_does_not_count(folder):
    assert MAIN.count('    """Say what."""\n') == 1
    assert changed(folder, main__py=MAIN.replace('    """Say what."""\n', "")) == set()


def test_a_class_that_moves_in_its_file_is_the_same_class(folder):
    assert changed(folder, _words__py="MOVED = 1\n" + WORDS) == set()


@pytest.mark.parametrize(
    ("file", "old", "new", "names"),
    [
        ("main__py", '{"a", "b"}', '{"a", "c"}', {"plain"}),
        ("main__py", "LIMIT = 3", "LIMIT = 4", {"by_constant"}),
        ("main__py", 're.compile("free")', 're.compile("free", re.I)', {"by_pattern"}),
        ("main__py", "return 2 * n", "return 3 * n", {"by_helper"}),
        ("main__py", '["katy"]', '["kate"]', {"by_resource"}),
        ("main__py", "text.lower()", "text.upper()", {"by_resource"}),
        ("main__py", "made(5), made(6)", "made(6), made(5)", set()),
        ("main__py", "OTHER = 1", "OTHER = 2", set()),
        ("_words__py", '"win": 2', '"win": 3', {"by_sibling"}),
        ("_words__py", "SIZE = 9", "SIZE = 8", {"by_module"}),
        ("_words__py", "least = 4", "least = 5", {"by_class"}),
        ("_words__py", "> self.least", ">= self.least", {"by_class"}),
        ("_words__py", "UNUSED = 1", "UNUSED = 2", set()),
        ("_late__py", "1", "0", {"by_late_import"}),
        ("f__yaml", "[win]", "[won]", {"says"}),
        ("list__txt", "b", "c", {"listed"}),
    ],
)
def test_only_the_functions_that_reach_an_edit_change(folder, file, old, new, names):
    assert changed(folder, **{file: FILES[file].replace(old, new)}) == names


def test_a_renamed_function_keeps_its_fingerprint(folder):
    before, after = prints(folder), prints(folder, f__yaml=YAML.replace("says", "tells"))
    assert before["says"] == after["tells"]


def of(resource):
    return fingerprint(labeling_function(name="f", resources={"it": resource})(lambda _, it: it))


class Box:
    def __init__(self, content):
        self.content = content


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([1, 2], [2, 1]),
        ([1], (1,)),
        ([True], [1]),
        ({"a": [1]}, {"a": [2]}),
        (frozenset({"a"}), frozenset({"b"})),
        (np.arange(3), np.arange(3.0)),
        (np.arange(3), np.array([0, 1, 3])),
        (pl.Series([1]), pl.Series([2])),
        (pl.col("a") > 1, pl.col("a") > 2),
        (re.compile("a"), re.compile("b")),
        (Box([1]), Box([2])),
        (len, sum),
    ],
)
def test_resources_count_by_their_content(first, second):
    assert of(first) == of(first)
    assert of(first) != of(second)


def test_the_order_of_a_set_and_equal_copies_do_not_count():
    words = [f"word{k}" for k in range(100)]
    assert of(set(words)) == of({*words[::-1]})
    assert of(Box(set(words))) == of(Box({*words[::-1]}))


def test_a_file_named_by_a_resource_counts_by_its_content(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("a")
    before = of(path)
    path.write_text("b")
    assert of(path) != before


def test_what_holds_itself_has_a_fingerprint():
    knot = [1]
    knot.append(knot)
    assert of(knot) == of(knot)


def test_what_cannot_be_seen_is_named():
    with pytest.raises(OpaqueError, match="a lock, whose content cannot be seen"):
        of(threading.Lock())


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    path = tmp_path / "list.txt"
    path.write_text("a")

    def refused(*_words, **_more):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(OpaqueError, match=rf"the file {path}, which cannot be read \(Permission denied\)"):
        of(path)


def test_what_raises_where_it_is_looked_into_is_named():
    class Odd(dict):
        def items(self):
            raise KeyError("of its own")

    with pytest.raises(OpaqueError, match=r"cannot be looked into \(KeyError: 'of its own'\)"):
        of(Odd(a=1))


def test_a_docstring_that_is_also_said_counts():
    def first(_):
        """One."""
        return "One."

    def second(_):
        """Two."""
        return "Two."

    one, other = (fingerprint(labeling_function(name="f")(function)) for function in (first, second))
    assert one != other


@pytest.mark.slow
def test_a_fingerprint_does_not_depend_on_the_order_of_sets_in_this_process(tmp_path):
    source = "from tidemill.label import labeling_function\nPAIRS = {(word, (word,)) for word in 'abcdefgh'}\n"
    source += "@labeling_function()\ndef f(row):\n    return 1 if (row.a, (row.a,)) in PAIRS else -1\n"
    (tmp_path / "f.py").write_text(source)
    code = "import sys, pathlib; from tidemill.label.functions.loading import load_file; from tidemill.label.functions.function_fingerprint import fingerprint\n"
    code += "print(fingerprint(load_file(pathlib.Path(sys.argv[1]), classes=('a', 'b'))[0]))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "f.py")],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
