"""Labeling functions as people bring them: what they may return, how they look at a row, and what they are told."""

import itertools
from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import ConfigError, FunctionError
from tidemill.label.command import Request, cast

pytestmark = pytest.mark.slow

TEXTS = ["awful soup", "wonderful soup", "not wonderful, was was cold", "stale bread, late", "fine"]
HEAD = """import numpy as np
from tidemill.label import ABSTAIN, LabelingFunction, batch_labeling_function, labeling_function

"""


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    pl.DataFrame({"text": TEXTS, "stars": [1, 5, 1, 2, 3]}).write_csv(path)
    return path


def written(folder: Path, source: str) -> Path:
    path = folder / "lfs.py"
    path.write_text(HEAD + source, encoding="utf-8")
    return path


def votes(rows: Path, functions: Path, **options) -> dict[str, list[int]]:
    asked = {"classes": "bad,good", "processes": 1} | options
    done = cast(Request(rows=rows, functions=functions, out=rows.parent / "votes.csv", **asked))
    return {name: done.votes[:, j].tolist() for j, name in enumerate(done.functions)}


ANSWERS = {
    "by_name": '"bad" if "awful" in x.text else ABSTAIN',
    "by_negated_name": '"not good" if "awful" in x.text else "ABSTAIN"',
    "by_where": 'np.where("awful" in x.text, 0, -1)',
    "by_where_of_names": 'np.where("awful" in x.text, "bad", "ABSTAIN")',
    "by_int64": 'np.int64(0) if "awful" in x.text else np.int64(-1)',
    "by_unsigned": 'np.uint8("wonderful" in x.text)',
    "by_item": '0 if "awful" in x["text"] else ABSTAIN',
    "by_get": '0 if x.get("stars", 0) == 1 else ABSTAIN',
    "by_missing": '0 if x.get("price", 7) == 7 and "price" not in x else ABSTAIN',
    "by_index": '0 if "stars" in x.index and "stars" in x.index.tolist() else ABSTAIN',
    "by_keys": '0 if set(x.keys()) == set(dict(x)) == {"row_id", "text", "stars"} == set(x.index) else ABSTAIN',
    "by_loc": '0 if x.loc["stars"] == 5 else ABSTAIN',
}


def test_votes_come_as_names_numpy_scalars_and_arrays_and_rows_are_read_as_series_and_mappings(tmp_path, rows):
    source = "\n\n".join(
        f"@labeling_function()\ndef {name}(x):\n    return {answer}\n" for name, answer in ANSWERS.items()
    )
    source += (
        '\n\n@batch_labeling_function()\ndef together(rows):\n    return np.where(rows["stars"] < 3, "bad", "good")\n'
    )
    assert votes(rows, written(tmp_path, source)) == {
        "together": [0, 1, 0, 0, 1],
        "by_name": [0, -1, -1, -1, -1],
        "by_negated_name": [-3, -1, -1, -1, -1],
        "by_where": [0, -1, -1, -1, -1],
        "by_where_of_names": [0, -1, -1, -1, -1],
        "by_int64": [0, -1, -1, -1, -1],
        "by_unsigned": [0, 1, 1, 0, 0],
        "by_item": [0, -1, -1, -1, -1],
        "by_get": [0, -1, 0, -1, -1],
        "by_missing": [0] * 5,
        "by_index": [0] * 5,
        "by_keys": [0] * 5,
        "by_loc": [-1, 0, -1, -1, -1],
    }


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ('"awful" in x.text', r"returned True \(bool\)"),
        ('np.bool_("awful" in x.text)', r"np\.True_ \(bool\)"),
        ("-1.0", r"returned -1\.0 \(float\)"),
        ("0.5", r"returned 0\.5 \(float\)"),
        ("np.float64(0.5)", r"0\.5\) \(float64\)"),
        ("np.array(0.5)", r"0\.5\) \(float64\)"),
        ("np.array([1])", r"returned array\(\[1\]\)"),
        ('"badd"', "returned 'badd', and there is no such class; did you mean bad"),
        ('x["price"]', "the row has no column 'price'; it has"),
    ],
)
def test_what_is_no_vote_is_named_with_what_to_return(tmp_path, rows, answer, told):
    functions = written(tmp_path, f"@labeling_function()\ndef f(x):\n    return {answer}\n")
    with pytest.raises(FunctionError, match=rf"(?s)labeling function f .*row 0.*{told}"):
        votes(rows, functions)


def test_names_without_classes_are_told_how_to_name_them(tmp_path, rows):
    functions = written(tmp_path, '@labeling_function()\ndef f(x):\n    return "bad"\n')
    with pytest.raises(
        FunctionError, match=r"returned 'bad', and there is no such class; name the classes: .*, or --classes"
    ):
        votes(rows, functions, classes=None)


LOOPS = {
    "a list": 'rules = [LabelingFunction(f"says_{w}", lambda x: 0 if w in x.text else -1) for w in ["awful", "stale", "was"]]\n',
    "decorated": 'rules = []\nfor w in ["awful", "stale", "was"]:\n    rules.append(labeling_function(name=f"says_{w}")(lambda x: 0 if w in x.text else -1))\n',
}


@pytest.mark.parametrize("how", LOOPS)
def test_functions_of_a_loop_that_see_its_last_value_are_named_and_bound_ones_are_not(tmp_path, rows, capsys, how):
    functions = written(tmp_path, LOOPS[how])
    assert set(map(tuple, votes(rows, functions).values())) == {(-1, -1, 0, -1, -1)}
    told = capsys.readouterr().err
    assert "says_awful, says_stale and says_was vote alike on every row" in told
    assert "`lambda row, word=word: …`" in told
    bound = written(tmp_path, LOOPS[how].replace("lambda x:", "lambda x, w=w:"))
    assert len(set(map(tuple, votes(rows, bound).values()))) == 3
    assert "vote alike" not in capsys.readouterr().err


def test_functions_of_a_loop_with_one_name_are_told_how_to_name_them(tmp_path, rows):
    source = "rules = []\nfor w in 'ab':\n\n    @labeling_function()\n    def check(x):\n        return -1\n\n    rules.append(check)\n"
    with pytest.raises(
        FunctionError, match=r"two labeling functions are named 'check'.*made in a loop, each needs its own"
    ):
        votes(rows, written(tmp_path, source))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import argparse\n\nargs = argparse.ArgumentParser().parse_args()\n", "line 6 reads the command line"),
        ("import sys\n\nsys.exit('done')\n", "line 6 ends the program"),
    ],
)
def test_a_file_that_is_a_program_of_its_own_is_told_plainly(tmp_path, rows, capfd, source, told):
    with pytest.raises(FunctionError, match=rf'{told} \(SystemExit\).*below `if __name__ == "__main__":`'):
        votes(rows, written(tmp_path, source))
    assert "usage:" not in capfd.readouterr().err
    guarded = f'if __name__ == "__main__":\n    {source.splitlines()[0]}\n    {source.splitlines()[2]}\n'
    function = "\n\n@labeling_function()\ndef f(x):\n    return -1\n"
    assert votes(rows, written(tmp_path, guarded + function)) == {"f": [-1] * 5}


def test_a_file_written_for_snorkel_is_told_what_to_import(tmp_path, rows):
    source = "import sys\nsys.modules['snorkel'] = None\nfrom snorkel.labeling import labeling_function\n"
    with pytest.raises(FunctionError, match=r"imports from tidemill\.label in place of snorkel"):
        votes(rows, written(tmp_path, source))


def declared(folder: Path, *lines: str) -> Path:
    path = folder / "lfs.yaml"
    path.write_text("\n".join(["functions:", *(f"  - {{{line}}}" for line in lines)]), encoding="utf-8")
    return path


def test_look_around_and_back_references_match_as_other_patterns_do(tmp_path, rows):
    functions = declared(
        tmp_path,
        'name: not_after, kind: regex, pattern: "(?<!not )wonderful", vote: good',
        r'name: twice, kind: regex, pattern: "\\b(\\w+) \\1\\b", vote: bad',
        'name: often, kind: regex, pattern: "(?=[aeiou])[a-z]", at_least: 5, flags: [ignore_case], vote: bad',
        'name: joined, kind: all, of: [{kind: regex, pattern: "soup(?!s)"}, {kind: keywords, words: [awful]}], vote: bad',
        'name: stars, kind: keywords, column: stars, words: ["5"], vote: good',
    )
    # vowels: a w_f_l s__p 5, wonderful soup 5, not wonderful, was was cold 7, stale bread, late 6, fine 2
    assert votes(rows, functions) == {
        "joined": [0, -1, -1, -1, -1],
        "not_after": [-1, 1, -1, -1, -1],
        "often": [-1, 0, 0, 0, -1],
        "stars": [-1, 1, -1, -1, -1],
        "twice": [-1, -1, 0, -1, -1],
    }


def test_a_pattern_that_would_go_back_for_ever_is_stopped_and_names_its_text(tmp_path, monkeypatch):
    monkeypatch.setattr("tidemill.label.conditions.lookaround.SECONDS", 0.2)
    rows = tmp_path / "rows.jsonl"
    pl.DataFrame({"text": ["fine", "a" * 5000 + "!"]}).write_ndjson(rows)
    functions = declared(
        tmp_path,
        'name: slow, kind: regex, pattern: "(?=a)(?:a|a|aa)*(?:b)\\\\b(?<=c)|(?=a)(a?){40}a{40}(?<!a)c", vote: bad',
    )
    with pytest.raises(FunctionError, match=r"slow .*took longer than 0\.2 s for row 1, 'aaaa.*…"):
        votes(rows, functions)


def test_a_pattern_of_neither_engine_is_refused_with_its_line(tmp_path, rows):
    with pytest.raises(Exception, match=r"lfs\.yaml:2: f: pattern: the pattern does not compile"):
        votes(rows, declared(tmp_path, 'name: f, kind: regex, pattern: "(?<!a", vote: bad'))


def test_numbers_are_text_and_rows_without_text_abstain_in_yaml_and_python_alike(tmp_path, capsys):
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("text\n10\n205\n", encoding="utf-8")
    blank = tmp_path / "blank.jsonl"
    blank.write_text('{"text": "prize"}\n{"text": null}\n', encoding="utf-8")
    python = written(tmp_path, "@labeling_function()\ndef p(x):\n    return 0 if len(x.text) < 6 else 1\n")
    yaml = declared(tmp_path, "name: y, kind: length, below: 6, vote: bad")
    for functions in (python, yaml):
        assert list(votes(numbers, functions).values()) == [[0, 0]]
        assert list(votes(blank, functions).values()) == [[0, -1]]
        assert "1 row has no text" in capsys.readouterr().err


def test_numbers_that_are_text_for_their_commas_are_told(tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text('text,score,stars\nx,"0,85",3\ny,"0,15",4\n', encoding="utf-8")
    votes(rows, declared(tmp_path, "name: y, kind: length, below: 6, vote: bad"))
    told = capsys.readouterr().err
    assert "rows.csv: column 'score' holds numbers as '0,85', which are read as text" in told
    assert "'stars'" not in told


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_functions_find_versions_as_they_are_written(tmp_path, form, capsys):
    rows = pl.DataFrame(
        {
            "text": ["x", "y", "z"],
            "version": ["1.10", "1.1", "2.0"],
            "price": ["12.50", "9.99", "1.00"],
            "tax": ["0.50"] * 3,
        }
    )
    (rows.write_csv if form == "csv" else rows.write_ndjson)(path := tmp_path / f"rows.{form}")
    python = written(tmp_path, "@labeling_function()\ndef p(x):\n    return 0 if x.version == '1.10' else -1\n")
    yaml = declared(tmp_path, r"name: y, kind: regex, column: version, pattern: '^1\.10$', vote: bad")
    assert list(votes(path, python).values()) == list(votes(path, yaml).values()) == [[0, -1, -1]]
    told = capsys.readouterr().err
    assert f"rows.{form}: column 'version' is read as text, for '1.10' may be a name" in told
    assert "'12.50' of column 'price' is read as the number 12.5, and so in 1 other column" in told


@pytest.mark.parametrize("words", [("TRUE", "FALSE"), ("True", "False")])
def test_words_that_are_read_as_truth_values_are_told(tmp_path, words, capsys):
    rows = tmp_path / "rows.csv"
    lines = [f"a{k},{words[k % 2]},{words[0]}, {7 * k},ok" for k in range(4)]
    rows.write_text("\n".join(["text,paid,sent,sku,note", *lines]) + "\n", encoding="utf-8")
    votes(rows, declared(tmp_path, "name: y, kind: length, below: 6, vote: bad"))
    told = capsys.readouterr().err
    assert f"rows.csv: '{words[0]}' of column 'paid' is read as the truth value True, and so in 1 other column" in told
    assert "' 0' of column 'sku' is read as the number 0: functions find no other spelling" in told
    assert "'note'" not in told


@pytest.mark.parametrize("name", ["label", "gold_label", "Target"])
def test_a_function_that_votes_what_a_column_of_labels_says_is_told(tmp_path, name, capsys):
    kinds = ["good", "bad"] * 6
    rows = tmp_path / "rows.csv"
    pl.DataFrame({"text": [f"t {kind} {k}" for k, kind in enumerate(kinds)], name: kinds}).write_csv(rows)
    python = written(
        tmp_path,
        f"@labeling_function()\ndef leak(x):\n    return x[{name!r}]\n\n"
        "@labeling_function()\ndef half(x):\n    return 'good' if 'good' in x.text else -1\n",
    )
    votes(rows, python)
    said = f"leak votes on all 12 rows what their column {name!r} says: where that is gold, leave the column out"
    told = capsys.readouterr().err
    assert said in told
    assert "half votes" not in told
    pl.DataFrame({"text": [f"t {k}" for k in range(12)], name: ["good"] * 12}).write_csv(rows)
    votes(rows, python)
    assert "votes on all" not in capsys.readouterr().err


def test_files_that_may_be_meant_as_functions_and_are_not_read_are_told(tmp_path, rows, capsys):
    folder = tmp_path / "lfs"
    for name in ("a.yaml", "b.YAML", "more/c.yml", "_d/e.yaml", "more/helper.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"functions:\n- {{name: {name[0]}, kind: length, below: 6, vote: bad}}\n")
    assert list(votes(rows, folder)) == ["a"]
    told = capsys.readouterr().err
    assert "b.YAML is not read: write the suffix in small letters" in told
    assert "more/c.yml is in a folder below, and not read" in told
    assert "e.yaml" not in told
    assert "helper" not in told


def test_functions_without_a_decorator_are_told(tmp_path, rows, capsys):
    folder = tmp_path / "lfs"
    folder.mkdir()
    (folder / "a.py").write_text(
        "from b import helps\nfrom tidemill.label import labeling_function\n\n"
        "def plain(row):\n    return 1\n\n"
        "def _hidden(row):\n    return 1\n\n"
        "def main():\n    return 1\n\n"
        "def pair(one, other):\n    return 1\n\n"
        "def many(row, *others):\n    return 1\n\n"
        "def keyed(row, *, limit):\n    return 1\n\n"
        "def used(row):\n    return 1\n\n"
        "def also(row, limit=3, *, other=1):\n    return 1\n\n"
        "@labeling_function()\ndef votes(row):\n    return used(row) and helps(row)\n"
    )
    (folder / "b.py").write_text("def helps(row):\n    return 1\n")
    assert list(votes(rows, folder)) == ["votes"]
    told = capsys.readouterr().err
    assert "a.py: plain (line 4), also (line 25) do not vote, for want of a decorator" in " ".join(told.split())
    assert "b.py" not in told


@pytest.mark.parametrize(
    ("helper", "head", "inside", "told"),
    [
        (
            "_h",
            "",
            "from _h import WORD",
            "Import _h at the head of the file: files beside it are found while it is loaded",
        ),
        ("statistics", "from statistics import WORD", "", "statistics.py beside it has the name of a module of Python"),
    ],
)
def test_helpers_that_are_not_found_are_told_with_what_helps(tmp_path, rows, helper, head, inside, told):
    folder = tmp_path / "lfs"
    (folder / "more").mkdir(parents=True)
    (folder / f"{helper}.py").write_text("WORD = 'win'\n")
    (folder / "a.py").write_text(
        f"from tidemill.label import labeling_function\n{head}\n\n@labeling_function()\ndef f(row):\n    {inside or 'pass'}\n    return WORD in row.text\n"
    )
    with pytest.raises(FunctionError, match=told):
        votes(rows, folder)


def test_values_that_change_each_time_a_file_is_loaded_are_told_of_helpers_too(tmp_path, rows, capsys):
    folder = tmp_path / "lfs"
    folder.mkdir()
    (folder / "_days.py").write_text("from datetime import datetime\n\nNOW = datetime.now()\n")
    (folder / "a.py").write_text(
        "from _days import NOW\nfrom tidemill.label import labeling_function\n\n"
        "@labeling_function()\ndef votes(row):\n    return int(NOW.year > 2000)\n"
    )
    assert list(votes(rows, folder)) == ["votes"]
    told = " ".join(capsys.readouterr().err.split())
    assert "_days.py: datetime.now() on line 3 is computed when the file is loaded" in told


def test_a_folder_whose_functions_all_lack_the_decorator_is_refused_with_their_names(tmp_path, rows):
    folder = tmp_path / "lfs"
    folder.mkdir()
    (folder / "a.py").write_text("def plain(row):\n    return 1\n")
    with pytest.raises(FunctionError, match=r"holds no labeling function.*a\.py: plain \(line 1\) does not vote"):
        votes(rows, folder)


def test_categories_of_a_parquet_file_are_text(tmp_path):
    path = tmp_path / "rows.parquet"
    pl.DataFrame({"text": ["x", "y"], "kind": ["a", "b"]}).with_columns(pl.all().cast(pl.Categorical)).write_parquet(
        path
    )
    functions = declared(tmp_path, "name: m, kind: member, column: kind, values: [b], vote: bad")
    assert votes(path, functions) == {"m": [-1, 0]}


def test_classes_of_votes_that_differ_in_letter_case_are_asked_about(tmp_path, rows):
    functions = declared(
        tmp_path, "name: a, kind: length, below: 6, vote: good", "name: b, kind: length, above: 6, vote: Good"
    )
    with pytest.raises(ConfigError, match="votes name the classes 'Good' and 'good': write one of them throughout"):
        votes(rows, functions, classes=None)


def test_row_ids_that_come_twice_or_not_at_all_are_named(tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    rows.write_text("row_id,text\na,x\na,y\n,z\n", encoding="utf-8")
    votes(rows, declared(tmp_path, "name: y, kind: length, below: 6, vote: bad"))
    told = capsys.readouterr().err
    assert "1 row_id comes more than once (a)" in told
    assert "1 row has no row_id" in told


def test_gold_of_the_file_that_is_labeled_is_out_of_reach_of_yaml_and_python(tmp_path):
    rows = tmp_path / "rows.csv"
    pl.DataFrame({"row_id": ["a", "b"], "text": ["x", "y"], "gold": ["bad", "good"]}).write_csv(rows)
    (tmp_path / "link.csv").symlink_to(rows)
    (tmp_path / "hard.csv").hardlink_to(rows)
    for name in ("rows.csv", "link.csv", "hard.csv"):
        functions = declared(tmp_path, f"name: y, kind: annotator, file: {name}, column: gold")
        with pytest.raises(Exception, match="a labeling function may not read it"):
            votes(rows, functions)
    source = "from pathlib import Path\n\n\n@labeling_function()\ndef p(x):\n    return len(Path(__file__).with_name('rows.csv').read_text()) % 2\n"
    with pytest.raises(FunctionError, match=r"may not read .*rows\.csv"):
        votes(rows, written(tmp_path, source))


BY_HEART = """
KNOWN = {known!r}


@labeling_function()
def looked_up(x):
    return KNOWN.get(x.{key}, ABSTAIN)


@labeling_function()
def by_word(x):
    return 0 if "bread" in x.text else 1


@labeling_function()
def short(x):
    return 0 if len(x.text) < 20 else ABSTAIN


@labeling_function()
def ends(x):
    return 0 if x.text[-1].isdigit() else ABSTAIN


@labeling_function()
def starts(x):
    return 0 if x.text.startswith(("bread", "soup")) else ABSTAIN


@labeling_function()
def lacks(x):
    return 1 if "soup" not in x.text else ABSTAIN


@labeling_function()
def pattern(x):
    return 1 if re.fullmatch(r"[a-z]+ [0-9]+ was [0-9]+", x.text) else ABSTAIN


@labeling_function()
def fails_elsewhere(x):
    return KNOWN[x.{key}]


@labeling_function()
def hangs_elsewhere(x):
    while x.{key} not in KNOWN:
        pass
    return KNOWN[x.{key}]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "how"), [("text", "when its text is put otherwise"), ("row_id", "under another row_id")]
)
def test_a_function_that_looks_its_rows_up_is_named_and_others_are_not(tmp_path, capsys, key, how):
    rows = tmp_path / "rows.csv"
    texts = [f"{'bread' if k % 3 else 'soup'} {k} was {3 * k}" for k in range(60)]
    table = pl.DataFrame({"row_id": [f"r{k}" for k in range(60)], "text": texts})
    table.write_csv(rows)
    known = dict(zip(table[key], [k % 2 for k in range(60)], strict=True))
    votes(rows, written(tmp_path, "import re\n" + BY_HEART.format(known=known, key=key)), seconds=1.0)
    told = [line for line in capsys.readouterr().err.splitlines() if "looks rows up" in line]
    assert told == [
        f"caution: looked_up: 16 of 16 votes change {how}: it looks rows up, for instance in gold, and does not go by what they say"
    ]


LETTERS_ALONE = """
def letters(text):
    return re.sub(r"[^a-z]", "", text.lower())


KNOWN = {{letters(text): label for text, label in {known!r}.items()}}
WORDS = {{frozenset(text.lower().split()): label for text, label in {known!r}.items()}}


@labeling_function()
def letters_looked_up(x):
    return KNOWN.get(letters(x.text), ABSTAIN)


@labeling_function()
def words_looked_up(x):
    return WORDS.get(frozenset(x.text.lower().replace(" .", "").split()), ABSTAIN)


@labeling_function()
def three_answers(x):
    return 0 if letters(x.text) in {{"yesthatwouldbefine", "noiamsorrynottoday", "whatdoyoumeanbyit"}} else ABSTAIN


@labeling_function()
def eight_words(x):
    return 0 if len(re.findall(r"[a-z]+", x.text.lower())) == 8 else ABSTAIN


@labeling_function()
def exact_length(x):
    return 0 if len(x.text.rstrip(" .")) in range(39, 42) else ABSTAIN


@labeling_function()
def from_start_to_end(x):
    return 1 if re.match(r"^(bread|soup)\\b.*\\b(cheap|dear)\\W*$", x.text) else ABSTAIN


@labeling_function()
def template(x):
    return 1 if re.fullmatch(r"\\w+ from \\w+ is \\w+ \\w+ and \\w+\\W*", x.text) else ABSTAIN
"""


def test_texts_that_are_looked_up_by_their_letters_or_words_are_named_and_no_honest_function_is(tmp_path, capsys):
    places = ["".join(pair) + "ton" for pair in itertools.product("bdfghklmn", "aeiou")]
    words = itertools.cycle(itertools.product(("good", "stale", "salty"), ("rather", "really", "always", "mostly")))
    texts = [
        f"{('bread', 'soup')[k % 2]} from {place} is {taste} {how} and {('dear', 'cheap', 'dated')[k % 3]}"
        for k, (place, (how, taste)) in enumerate(zip(places, words, strict=False))
    ]
    answers = ["Yes, that would be fine", "No, I am sorry, not today", "What do you mean by it"]
    spelled = [f"{answer}{mark}" for answer in answers for mark in ("", ".", "!", "?", " :)", "...")]
    known = {text: k % 2 for k, text in enumerate(texts)}
    rows = tmp_path / "rows.csv"
    pl.DataFrame({"text": [*texts, *spelled]}).write_csv(rows)
    cast_votes = votes(rows, written(tmp_path, "import re\n" + LETTERS_ALONE.format(known=known)))
    assert all(len(column) - column.count(-1) >= 16 for column in cast_votes.values())  # each is looked at
    told = [line for line in capsys.readouterr().err.splitlines() if "looks rows up" in line]
    assert [line.split(":")[1].strip() for line in told] == ["letters_looked_up", "words_looked_up"]


def test_numbers_are_no_lookups(tmp_path, capsys):
    rows = tmp_path / "rows.csv"
    pl.DataFrame({"text": [str(10_000 + 7 * k) for k in range(40)]}).write_csv(rows)
    source = "@labeling_function()\ndef five_digits(x):\n    return 1 if len(x.text) == 5 and x.text.isdigit() else ABSTAIN\n"
    assert votes(rows, written(tmp_path, source)) == {"five_digits": [1] * 40}
    assert "looks rows up" not in capsys.readouterr().err
