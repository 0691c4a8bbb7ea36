"""What a fingerprint covers, value by value: what must count, and what must not."""

import collections
import functools
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

import tidemill
from tests.label.functions.test_function_fingerprint import FILES, Box, changed, of
from tidemill.label import labeling_function
from tidemill.label.functions.function_fingerprint import _is_library, fingerprint
from tidemill.label.functions.loading import load_functions


def add(one, other):
    return one + other


def subtract(one, other):
    return one - other


class Numbers:
    def __init__(self, first):
        self.first = first

    def doubled(self):
        return 2 * self.first

    def tripled(self):
        return 3 * self.first


def with_property(turned):
    class Sized:
        @property
        def size(self):
            return -1 if turned else 1

    return Sized()


def any_number(*it):
    return it


def any_names(**it):
    return it


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (functools.partial(add, 1), functools.partial(add, 2)),
        (functools.partial(add, 1), functools.partial(subtract, 1)),
        (functools.partial(add, other=1), functools.partial(add, other=2)),
        (functools.cache(add), functools.cache(subtract)),
        (Numbers(1).doubled, Numbers(1).tripled),
        (Numbers(1).doubled, Numbers(2).doubled),
        (staticmethod(add), staticmethod(subtract)),
        (with_property(turned=False), with_property(turned=True)),
        (any_number, any_names),
        (collections.deque([1]), collections.deque([2])),
        (collections.OrderedDict(a=[1]), collections.OrderedDict(a=[2])),
        (pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})),
        (pl.DataFrame({"a": [1]}), pl.DataFrame({"b": [1]})),
        (np.array(["a", [1]], dtype=object), np.array(["a", [2]], dtype=object)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.float32(1), np.float64(1)),
        ({1: "a"}, {1: "b"}),
        ([1, [2]], [1, [3]]),
        ({"a", 1}, {"a", 2}),
        (b"a", "a"),
        (1, True),
        (0.0, -0.0),
        (Numbers, Box),
    ],
)
def test_every_part_of_a_value_counts(first, second):
    assert of(first) == of(first)
    assert of(first) != of(second)


def test_values_that_are_equal_and_not_the_same_have_the_same_fingerprint():
    for make in (
        lambda: functools.partial(add, [1, [2]], other={"a": (1, 2)}),
        lambda: collections.deque([1, 2]),
        lambda: Numbers([1, [2]]).doubled,
        lambda: np.array(["a", [1]], dtype=object),
        lambda: {"a": {"b": {1, 2}}},
    ):
        assert of(make()) == of(make())


def words(source):
    """A word of a class of its own, whose methods are these."""
    space: dict = {"__name__": "gone"}
    exec(compile(source, "/words/own.py", "exec"), space)  # noqa: S102 - of this file
    return space["Word"]("a")


def test_a_value_of_a_class_of_ones_own_counts_with_its_class_though_it_is_a_string():
    method = "class Word(str):\n    def said(self):\n        return self."
    loud, quiet = (f"{method}{how}()\n" for how in ("upper", "lower"))
    assert of(words(loud)) == of(words(loud))
    assert of(words(loud)) != of(words(quiet))  # of one method, and of a module that is no longer there


def test_what_a_class_says_of_itself_does_not_count(folder):
    words_file = FILES["_words__py"].replace("class Kind:\n", 'class Kind:\n    """Kind of."""\n\n')
    edited = words_file.replace("Kind of.", "Of a kind.")
    assert words_file != edited
    assert changed(folder, _words__py=words_file) == set()
    before, after = (kinds(folder, text) for text in (words_file, edited))
    assert before == after


def kinds(folder, words_file):
    path = folder(**{**FILES, "_words__py": words_file})
    return {one.name: fingerprint(one) for one in load_functions(path, classes=("ham", "spam"))}


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Install a library of one file, and give it as a module."""

    def install(text, *, folder="site-packages", name="own_library"):
        path = tmp_path / folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        exec(compile(text, str(path), "exec"), vars(module))  # noqa: S102 - of this file; a loader would keep the first text
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return install


LIBRARY = "__version__ = '1'\nLIMIT = 3\n\ndef small(x):\n    return x < LIMIT\n\nclass Limit:\n    most = 3\n"


def uses(module: ModuleType):
    """A function that uses a function, a constant and a class of a library."""
    space: dict = {"library": module}
    text = "def f(it):\n    return library.small(it) or it == library.LIMIT or library.Limit\n"
    exec(compile(text, "/f.py", "exec"), space)  # noqa: S102 - of this file
    return space["f"]


@pytest.mark.parametrize(
    "read", [lambda module: module.small, lambda module: module, uses, lambda module: module.Limit()]
)
def test_a_library_counts_by_its_version_and_not_by_its_content(library, read):
    before = of(read(library(LIBRARY)))
    assert of(read(library(LIBRARY.replace("x < LIMIT", "x <= LIMIT").replace("= 3", "= 4")))) == before
    assert of(read(library(LIBRARY.replace("'1'", "'2'")))) != before


@pytest.mark.parametrize("read", [lambda module: module.small, lambda module: module, uses])
def test_a_module_of_ones_own_counts_by_its_content(library, read):
    before = of(read(library(LIBRARY, folder="mine")))
    assert of(read(library(LIBRARY, folder="mine"))) == before
    assert of(read(library(LIBRARY.replace("x < LIMIT", "x <= LIMIT"), folder="mine"))) != before


def test_code_that_has_no_file_is_ones_own_and_what_is_built_in_is_not():
    assert _is_library("<built in>")
    assert _is_library("<frozen of a test>")
    assert not _is_library("<stdin of a test>")
    assert _is_library(collections.__file__)
    assert _is_library(np.__file__)
    assert not _is_library(__file__)


def test_a_file_that_is_not_there_yet_counts_from_when_it_is(tmp_path):
    path = tmp_path / "list.txt"
    before = of(path)
    assert of(path) == before
    path.write_text("a")
    assert of(path) != before


def test_files_that_import_one_another_are_read_once_each(folder):
    late = "import _deep\nVOTE = _deep.VOTE\n"
    deep = "import _late\nVOTE = 1\n"
    given = {"_late__py": late, "_deep__py": deep}
    names = {name: of_late(folder, **given) for name in ("first", "again")}
    assert names["first"] == names["again"]
    assert of_late(folder, **{**given, "_deep__py": deep.replace("1", "0")}) != names["first"]


def of_late(folder, **files):
    path = folder(**{**FILES, **files})
    (late,) = (one for one in load_functions(path, classes=("ham", "spam")) if one.name == "by_late_import")
    return fingerprint(late)


class Slotted:
    __slots__ = ("first",)

    def __init__(self, first):
        self.first = first


def test_values_in_slots_count_and_the_slots_themselves_are_no_values():
    assert of(Slotted([1])) == of(Slotted([1]))
    assert of(Slotted([1])) != of(Slotted([2]))


def test_two_parts_that_are_one_object_count_as_two_that_are_equal():
    shared = [1, 2]
    assert of([shared, shared]) == of([[1, 2], [1, 2]])


def test_the_name_of_a_function_and_its_place_do_not_count(folder):
    one, other = (labeling_function(name=name)(add) for name in ("one", "other"))
    assert fingerprint(one) == fingerprint(other)
    assert changed(folder, f__yaml="# moved\n\n" + FILES["f__yaml"]) == set()


def test_the_order_in_which_a_set_was_filled_does_not_count():
    first, second = set(), set()
    for numbers, of_set in (((0, 8), first), ((8, 0), second)):
        for number in numbers:
            of_set.add(number)
    assert list(first) != list(second)  # 0 and 8 share a place, and the first one there comes first
    assert of(first) == of(second)


def test_a_tuple_of_a_class_of_ones_own_counts_with_its_class():
    method = "class Word(tuple):\n    def total(self):\n        return "
    one, other = (words(f"{method}{how}(self)\n") for how in ("sum", "max"))
    assert of(one) != of(other)


class Tree:
    def child(self):
        return Tree()


def test_a_class_that_names_itself_has_a_fingerprint():
    assert of(Tree()) == of(Tree())


def calling(text, module, path="/f.py"):
    space: dict = {"library": module, "LIMIT": 3}
    exec(compile(f"def f(it):\n    {text}\n", path, "exec"), space)  # noqa: S102 - of this file
    return space["f"]


def test_modules_that_name_one_another_have_a_fingerprint(library):
    first, second = (library("LIMIT = 3\n", folder="mine", name=name) for name in ("own_first", "own_second"))
    vars(first)["other"], vars(second)["other"] = second, first
    assert of(calling("return library.other.other.LIMIT", first)) == of(
        calling("return library.other.other.LIMIT", first)
    )


def test_where_a_name_is_looked_up_as_text_the_whole_file_counts(library, tmp_path):
    look = "return getattr(library, 'LI' + 'MIT')"
    before = of(calling(look, library(LIBRARY, folder="mine")))
    assert of(calling(look, library(LIBRARY.replace("LIMIT = 3", "LIMIT = 4"), folder="mine"))) != before
    own = tmp_path / "own.py"
    own.write_text("LIMIT = 3\n")
    look = "return globals()['LI' + 'MIT']"
    before = of(calling(look, None, str(own)))
    own.write_text("LIMIT = 4\n")
    assert of(calling(look, None, str(own))) != before


def test_a_library_that_is_imported_late_counts_by_its_version(library):
    before = of(calling("import own_library", library(LIBRARY)))
    assert of(calling("import own_library", library(LIBRARY.replace("= 3", "= 4")))) == before
    assert of(calling("import own_library", library(LIBRARY.replace("'1'", "'2'")))) != before


def test_a_module_whose_file_is_gone_has_a_fingerprint(library, tmp_path):
    module = library(LIBRARY, folder="mine")
    before = of(module)
    (tmp_path / "mine" / "own_library.py").unlink()
    assert of(module) == of(module) != before


def test_files_that_are_imported_late_count_without_their_docstrings_and_with_what_they_import(folder):
    late = '"""Of late."""\nfrom _deep import VOTE\n\ndef f():\n    """One."""\n    return VOTE\n'
    given = {"_late__py": late, "_deep__py": "VOTE = 1\n"}
    before = of_late(folder, **given)
    assert (
        of_late(folder, **{**given, "_late__py": late.replace("Of late.", "Late.").replace("One.", "Two.")}) == before
    )
    assert of_late(folder, **{**given, "_late__py": late.replace('    """One."""\n', "")}) == before
    assert of_late(folder, **{**given, "_late__py": late.replace("return VOTE", "return -VOTE")}) != before
    assert of_late(folder, **{**given, "_deep__py": "VOTE = 0\n"}) != before


def test_a_file_beside_the_package_is_ones_own():
    assert _is_library(str(Path(tidemill.__file__).parent / "of_a_test.py"))
    assert not _is_library(str(Path(tidemill.__file__).parents[1] / "of_a_test.py"))


class Loop:
    me: type


Loop.me = Loop


def test_a_class_that_holds_itself_has_a_fingerprint():
    assert of(Loop) == of(Loop)


def test_a_class_counts_though_its_module_is_gone_or_has_no_file(monkeypatch):
    few, many = (f"class Word(str):\n    most = {most}\n" for most in (1, 2))
    assert of(words(few)) == of(words(few)) != of(words(many))  # no method says where it is from
    method = "class Word(str):\n    def said(self):\n        return self."
    loud, quiet = (f"{method}{how}()\n" for how in ("upper", "lower"))
    monkeypatch.setitem(sys.modules, "gone", ModuleType("gone"))
    assert of(words(loud)) == of(words(loud)) != of(words(quiet))


def test_a_files_name_is_told_apart_from_its_content(tmp_path):
    (tmp_path / "x").write_text("yz")
    (tmp_path / "xy").write_text("z")
    assert of(tmp_path / "x") != of(tmp_path / "xy")
