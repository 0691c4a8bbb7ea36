"""One function of a file replaced: every other character stays."""

from pathlib import Path

import pytest
import yaml

from tidemill.apps.studio.form import fields_of, with_fields
from tidemill.apps.studio.function_file import appended, entries, replaced
from tidemill.contracts import ConfigError

PATH = Path("f.yaml")
FILE = """# Messages of 2004, é and 😀.
functions:
  # a prize
  - name: prize   # said in capitals
    kind: keywords
    words: [won, "£100"]   # money
    vote: spam  # surely

  # between the two
  - {name: links, kind: threshold, column: links, below: 1, vote: ham}  # few
  - name: verbose
    kind: regex
    vote: spam
    pattern: |
      (?x)a
      # still the pattern

# the end
"""


def test_each_function_is_found_with_its_own_comments():
    prize, links, verbose = entries(FILE, PATH)
    assert prize.text.startswith("name: prize   # said in capitals\nkind: keywords\n")
    assert prize.text.endswith("vote: spam  # surely")
    assert links.text == "{name: links, kind: threshold, column: links, below: 1, vote: ham}"
    assert verbose.text.endswith("# still the pattern")
    assert [prize.line, links.line, verbose.line] == [4, 10, 11]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_replacing_a_function_by_itself_changes_no_character(ending, place):
    text = FILE.replace("\n", ending)
    entry = entries(text, PATH)[place]
    assert replaced(text, entry, entry.text) == text


def test_all_around_a_replaced_function_stays():
    entry = entries(FILE, PATH)[0]
    after = replaced(FILE, entry, entry.text.replace("won,", "won, win,"))
    assert after == FILE.replace("won,", "won, win,")


def test_a_function_is_added_after_the_last_one():
    after = appended(FILE, PATH, "name: more\nkind: keywords\nwords: [a]\nvote: ham")
    names = [one["name"] for one in yaml.safe_load(after)["functions"]]
    assert names == ["prize", "links", "verbose", "more"]
    assert after.replace("\n\n  - name: more\n    kind: keywords\n    words: [a]\n    vote: ham", "") == FILE
    assert yaml.safe_load(appended("", PATH, "name: first")) == {"functions": [{"name": "first"}]}


@pytest.mark.parametrize("text", ["functions: [{name: a}]", "functions:\n  - &a {name: a}\n  - *a\n"])
def test_a_file_that_cannot_be_edited_by_parts_is_refused(text):
    with pytest.raises(ConfigError):
        entries(text, PATH)


def test_the_form_changes_a_field_and_keeps_comments_and_order():
    text = entries(FILE, PATH)[0].text
    after = with_fields(text, {"vote": "ham", "at_least": 2}, PATH)
    assert after.startswith("name: prize   # said in capitals\nkind: keywords\n")
    assert '"£100"]   # money\nvote: ham ' in after
    assert "# surely\nat_least: 2" in after
    assert fields_of(after, PATH) == {**fields_of(text, PATH), "vote": "ham", "at_least": 2}


def test_another_kind_takes_the_fields_of_the_old_one_away():
    text = "name: a\nkind: keywords\nwords: [x]\ncolumn: subject\nvote: spam"
    after = with_fields(text, {"kind": "regex", "pattern": "x: #"}, PATH)
    assert fields_of(after, PATH) == {
        "name": "a",
        "kind": "regex",
        "pattern": "x: #",
        "column": "subject",
        "vote": "spam",
    }


def test_what_the_form_cannot_show_has_no_form():
    assert fields_of("name: a\nkind: all\nof: []\nvote: spam", PATH) is None
    assert fields_of("name: a\nkind: keywords\nwords: [a]\nnear: {words: [b]}\nvote: spam", PATH) is None
