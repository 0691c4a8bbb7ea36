"""One function of a file replaced: every other character stays."""

import re
from pathlib import Path

import pytest
import yaml

from tidemill.apps.studio import form
from tidemill.apps.studio.form import FIELDS, fields_of, is_template, with_fields
from tidemill.apps.studio.function_file import appended, entries, removed, replaced
from tidemill.contracts import ConfigError
from tidemill.label.conditions.registry import KINDS

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


NESTED = """name: a
kind: all
of:
  - {kind: member, column: cell, values: [mono]}  # came first
  - kind: not
    of: {kind: threshold, column: image.mean, below: 0.5}
vote: spam"""


def test_conditions_within_others_have_a_form_and_keep_their_comments():
    fields = fields_of(NESTED, PATH)
    fields["of"][1]["of"]["below"] = 0.25
    after = with_fields(NESTED, {"of": fields["of"]}, PATH)
    assert after == NESTED.replace("0.5", "0.25")
    more = [*fields["of"], {"kind": "keywords", "words": ["x"]}]
    assert fields_of(with_fields(NESTED, {"of": more}, PATH), PATH)["of"] == more


@pytest.mark.parametrize(
    "word", ["no", "on", "12:30", "2024", "1e3", "null", "???", "x: #", "- a", r"\bfree: \d", "a\nb", "plain words"]
)
def test_words_that_yaml_reads_as_something_else_stay_words(word):
    text = "name: a\nkind: keywords\nwords: [x]  # found\nvote: spam"
    fields = fields_of(with_fields(text, {"words": ["x", word], "vote": word}, PATH), PATH)
    assert fields is not None
    assert (fields["words"], fields["vote"]) == (["x", word], word)


def test_a_kind_that_votes_itself_has_no_vote():
    after = with_fields("name: a\nkind: keywords\nwords: [x]\nvote: spam", {"kind": "model"}, PATH)
    assert fields_of(after, PATH) == {"name": "a", "kind": "model"}
    described = with_fields(
        after, {"kind": "zero_shot", "describe": {"ham": "a chat", "spam": ["an ad", "a trap"]}}, PATH
    )
    assert fields_of(described, PATH)["describe"] == {"ham": "a chat", "spam": ["an ad", "a trap"]}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_a_form_with_all_of_its_fields(kind):
    """The page names no field that the kind lacks, and leaves out none that a person may write."""
    script = (Path(form.__file__).parents[2] / "templates/studio/form.js").read_text(encoding="utf-8")
    [line] = re.findall(rf"^  {kind}: (.*)$", script.split("const FORMS")[1].split("\n};")[0], re.MULTILINE)
    line = re.sub(r"options: \[\[.*?\]\]", "", line)
    named = set(re.findall(r'\["\w+", "(\w+)"', line))
    named |= {"precision", "at_least"} if "...PRECISION" in line else set()
    named |= {"above", "below", "at_least", "at_most", "between"} if '["limits"]' in line else set()
    assert named == set(FIELDS[kind])


@pytest.mark.parametrize(
    "text",
    [
        "name: 'a_*'\nkind: keywords\neach: {b: [c]}\nvote: spam",
        "name: a\nkind: all\nof: [{kind: egg}]\nvote: spam",
        "name: a\nkind: not\nof: {kind: keywords, words: [b], vote: ham}\nvote: spam",
        "name: a\nkind: cases\nof: [1]",
    ],
)
def test_what_the_form_cannot_show_has_no_form(text):
    assert fields_of(text, PATH) is None
    assert is_template(text, PATH) == ("each" in text)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_comment_right_above_a_function_goes_with_it_and_no_other_does(ending):
    text = FILE.replace("\n", ending)
    prize, links, verbose = entries(text, PATH)
    assert [one.comment for one in (prize, links, verbose)] == ["# a prize", "# between the two", ""]
    without_links = text.replace(f"  # between the two{ending}", "").replace(
        "  - " + links.text + f"  # few{ending}", ""
    )
    assert removed(text, links, PATH) == without_links
    assert "still the pattern" not in removed(text, verbose, PATH)
    assert "# between the two" in removed(text, verbose, PATH)
    assert removed(text, prize, PATH).startswith(f"# Messages of 2004, é and 😀.{ending}functions:{ending}{ending}")


def test_a_comment_that_an_empty_line_or_another_function_parts_from_it_stays():
    text = "functions:\n# of all\n\n# first\n# second\n- {name: a}\n- name: b\n  pattern: |\n    # of b\n- {name: c}\n"
    a, b, c = entries(text, PATH)
    assert [a.comment, b.comment, c.comment] == ["# first\n# second", "", ""]
    assert removed(text, a, PATH) == text.replace("# first\n# second\n- {name: a}\n", "")
    assert removed(text, c, PATH) == text.replace("- {name: c}\n", "")


def test_a_function_is_taken_away_with_its_lines_alone():
    known = entries(FILE, PATH)
    rest = removed(FILE, known[0], PATH)
    assert entries(rest, PATH)[0].text == known[1].text
    assert [one.text for one in entries(rest, PATH)] == [one.text for one in known[1:]]
    for entry in (entries(rest, PATH)[0] for _ in known[1:]):
        rest = removed(rest, entry, PATH)
    assert yaml.safe_load(rest) == {"functions": []}
    assert yaml.safe_load(appended(rest, PATH, "name: first")) == {"functions": [{"name": "first"}]}
