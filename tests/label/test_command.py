import io
import os
from pathlib import Path

import polars as pl
import pytest

from tests.cli.factories import tidemill
from tidemill.contracts import ConfigError, DataError, FunctionError

YAML = """functions:
  - {name: wins, kind: keywords, words: [win], vote: spam}
  - {name: greets, kind: keywords, words: [hello], vote: ham}
"""
PYTHON = "from tidemill.label import labeling_function\n\n\n@labeling_function()\ndef long(row):\n    return 2 if len(row.text) > 8 else -1\n"
ROWS = pl.DataFrame({"text": ["you win", "hello you", "hello, you win"], "n": [1, 2, 3]})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ROWS.write_csv("rows.csv")
    ROWS.write_ndjson("rows.jsonl")
    ROWS.with_columns(row_id=pl.Series(["a", "b", "c"])).write_parquet("rows.parquet")
    (tmp_path / "f.yaml").write_text(YAML)
    (tmp_path / "f.py").write_text(PYTHON)
    return tmp_path


@pytest.mark.parametrize(("rows", "ids"), [("rows.csv", "012"), ("rows.jsonl", "012"), ("rows.parquet", "abc")])
def test_a_file_of_rows_and_one_of_functions_give_votes(here, rows, ids, capsys):
    tidemill("label", rows, "--functions", "f.yaml", "--out", "out/votes.parquet")
    votes = pl.read_parquet("out/votes.parquet")
    assert votes.columns == ["row_id", "greets", "wins"]
    assert votes.rows() == [(ids[0], -1, 1), (ids[1], 0, -1), (ids[2], 0, 1)]  # ham is 0, spam is 1
    assert "classes: ham, spam" in capsys.readouterr().out


def test_a_vote_against_a_class_that_no_one_named_is_told(here, capsys):
    (here / "f.yaml").write_text(YAML.replace("vote: ham", "vote: not spam"))
    words = ["label", "rows.csv", "--functions", "f.yaml", "--out", "votes.parquet"]
    tidemill(*words)
    told = "note: f.yaml: `vote: not spam` is taken for a vote against 'spam'; where it is a class of its own, name all with --classes"
    assert told in capsys.readouterr().err
    tidemill(*words, "--classes", "not spam,spam")
    assert "taken for a vote" not in capsys.readouterr().err
    assert pl.read_parquet("votes.parquet")["greets"].to_list() == [-1, 0, 0]


@pytest.mark.parametrize("rows", ["rows.csv", "rows.jsonl"])
def test_standard_input_is_read_and_standard_output_has_the_votes_alone(here, rows, monkeypatch, capfdbinary):
    for more in ([], ["--json"], ["--cache", "kept"], ["--cache", "kept"]):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((here / rows).read_bytes())))
        tidemill("label", "-", "--functions", "f.yaml", "--out", "-", *more)
        said = capfdbinary.readouterr()
        read = pl.read_csv if rows == "rows.csv" else pl.read_ndjson
        assert read(io.BytesIO(said.out)).select("greets", "wins").rows() == [(-1, 1), (0, -1), (0, 1)]
        assert (b'"coverage": 1.0' if more == ["--json"] else b"rows: 3, coverage 100.0%") in said.err
    assert not Path("-").exists()


def test_kept_votes_of_rows_through_a_pipe_are_those_of_its_content(here, capsys):
    for texts, votes in ((["you win"], [1]), (["nothing"], [-1])):
        read, other_end = os.pipe()
        with os.fdopen(other_end, "wb") as file:
            file.write("\n".join(["text,n", *(f"{text},1" for text in texts), ""]).encode())
        words = ["--functions", "f.yaml", "--out", "votes.parquet", "--cache", "kept"]
        tidemill("label", f"/dev/fd/{read}", *words)
        assert pl.read_parquet("votes.parquet")["wins"].to_list() == votes


def test_words_that_yaml_reads_as_truth_values_are_no_names_of_classes(here):
    (here / "f.yaml").write_text("functions:\n  - {name: wins, kind: keywords, words: [win], vote: yes}\n")
    with pytest.raises(ConfigError, match=r"f\.yaml:2: vote: True is what YAML reads yes, .* put it in quotes"):
        tidemill("label", "rows.csv", "--functions", "f.yaml", "--out", "votes.parquet")


def test_classes_are_numbered_as_they_are_given(here):
    tidemill("label", "rows.csv", "--functions", "f.yaml", "--out", "votes.parquet", "--classes", "spam,ham")
    assert pl.read_parquet("votes.parquet")["wins"].to_list() == [0, -1, 0]


def test_a_python_file_votes_in_a_process_of_its_own(here, capsys):
    tidemill("label", "rows.csv", "--functions", "f.py", "--out", "votes.parquet", "--processes", "1")
    assert pl.read_parquet("votes.parquet")["long"].to_list() == [-1, 2, 2]
    assert "[2]" in capsys.readouterr().out


def test_pieces_of_a_large_file_are_put_together_and_kept(here, monkeypatch):
    monkeypatch.setattr("tidemill.label.command.AT_ONCE", 2)
    words = ["rows.parquet", "--functions", "f.yaml", "--out", "votes.parquet", "--cache", "kept"]
    written = []
    for _ in range(2):
        tidemill("label", *words)
        written.append((here / "votes.parquet").read_bytes())
    assert written[0] == written[1]
    assert pl.read_parquet("votes.parquet")["row_id"].to_list() == ["a", "b", "c"]
    assert len(list((here / "kept").glob("*/*.arrow"))) == 4


@pytest.mark.slow
def test_failures_leave_no_file_or_are_told_of(here, capsys):
    (here / "f.py").write_text(PYTHON.replace("return 2", "return 7"))
    words = ["rows.csv", "--functions", "f.py", "--out", "votes.parquet", "--classes", "a,b,c", "--processes", "1"]
    with pytest.raises(FunctionError, match=r"row 1 .*returned 7"):
        tidemill("label", *words)
    assert not (here / "votes.parquet").exists()
    tidemill("label", *words, "--quarantine", "2")
    assert pl.read_parquet("votes.parquet")["long"].to_list() == [-1, -1, -1]
    assert capsys.readouterr().out.count("quarantined: labeling function long") == 2


def test_what_cannot_be_read_is_named(here):
    (here / "rows.txt").write_text("")
    (here / "empty.csv").write_text("text\n")
    with pytest.raises(DataError, match=r"rows\.txt: \.txt is not a format that is read"):
        tidemill("label", "rows.txt", "--functions", "f.yaml", "--out", "votes.parquet")
    with pytest.raises(DataError, match="a header and no rows"):
        tidemill("label", "empty.csv", "--functions", "f.yaml", "--out", "votes.parquet")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.csv", b"row_id;text\na;you win\nb;hello\n"),
        ("t.tsv", b"row_id\ttext\na\tyou win\nb\thello\n"),
        ("t.csv", "row_id,text\na,you win\nb,hello\n".encode("utf-16")),
        ("t.ndjson", b'{"row_id": "a", "text": "you win"}\n{"row_id": "b", "text": "hello"}\n'),
    ],
)
def test_rows_are_read_in_every_format_that_other_commands_read(here, name, data):
    (here / name).write_bytes(data)
    tidemill("label", name, "--functions", "f.yaml", "--out", "votes.csv")
    assert (here / "votes.csv").read_text() == "row_id,greets,wins\na,-1,1\nb,0,-1\n"


def test_numbers_are_text_where_a_function_asks_for_text(here):
    (here / "n.csv").write_text("text\n00123\n45678\n")
    (here / "zip.yaml").write_text(
        "functions:\n  - {name: zip, kind: regex, pattern: '^00', vote: east}\n  - {name: zap, kind: regex, pattern: '^4', vote: west}\n"
    )
    tidemill("label", "n.csv", "--functions", "zip.yaml", "--out", "votes.parquet")
    assert pl.read_parquet("votes.parquet").rows() == [("0", -1, 0), ("1", 1, -1)]
    (here / "n.csv").write_text("text\n123\n45678\n")
    tidemill("label", "n.csv", "--functions", "zip.yaml", "--out", "votes.parquet")
    assert pl.read_parquet("votes.parquet")["zap"].to_list() == [-1, 1]


@pytest.mark.parametrize("functions", ["f.yaml", "f.py"])
def test_every_function_abstains_on_a_row_without_text_and_that_is_told(here, functions, capsys):
    (here / "f.py").write_text(PYTHON.replace("if len(row.text) > 8 else -1", ""))
    (here / "e.jsonl").write_text('{"row_id": "a", "text": "you win hello"}\n{"row_id": "b", "text": null}\n')
    tidemill("label", "e.jsonl", "--functions", functions, "--out", "votes.parquet", "--processes", "1")
    votes = pl.read_parquet("votes.parquet").drop("row_id").rows()
    assert min(votes[0]) >= 0
    assert max(votes[1]) == -1
    assert (
        "e.jsonl: 1 row has no text (row_id b is the first): every function abstains there" in capsys.readouterr().err
    )


def test_ids_that_are_missing_or_come_twice_are_told(here, capsys):
    (here / "d.csv").write_text("row_id,text\na,x\na,y\n,z\n")
    tidemill("label", "d.csv", "--functions", "f.yaml", "--out", "votes.parquet")
    told = capsys.readouterr().err
    assert "d.csv: 1 row has no row_id" in told
    assert "d.csv: 1 row_id comes more than once (a)" in told


@pytest.mark.parametrize("functions", ["gone.yaml", "gone.py"])
def test_functions_that_are_not_there_are_named(here, functions):
    with pytest.raises(ConfigError, match=f"--functions {functions}: there is no such file or folder"):
        tidemill("label", "rows.csv", "--functions", functions, "--out", "votes.parquet")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([["you", "win"], [], []], "column 'text' holds lists: write one text a row"),
        ([{"role": "user", "content": "you win"}], "column 'text' holds objects: write one text a row"),
        ([b"\xff", b"win", b"win"], r"columns .*text of Binary"),
    ],
)
def test_a_text_column_that_holds_no_text_is_named_with_its_type(here, values, named):
    pl.DataFrame({"text": values}).write_parquet("odd.parquet")
    with pytest.raises(DataError, match=rf"odd\.parquet: {named}"):
        tidemill("label", "odd.parquet", "--functions", "f.yaml", "--out", "votes.parquet")


def test_an_unknown_format_of_the_votes_is_refused_before_work_begins(here):
    with pytest.raises(ConfigError, match=r"votes\.xls: \.xls is not a format that is written"):
        tidemill("label", "rows.csv", "--functions", "f.yaml", "--out", "votes.xls")


def test_names_of_classes_may_hold_commas(here):
    (here / "c.yaml").write_text("functions:\n  - {name: wins, kind: keywords, words: [win], vote: 'Yes, really'}\n")
    words = ["label", "rows.csv", "--functions", "c.yaml", "--out", "votes.parquet"]
    (here / "names.txt").write_text("No\nYes, really\n")
    for given in (
        ["--classes", "No", "--classes", "Yes, really"],
        ["--classes", 'No,"Yes, really"'],
        ["--classes", "@names.txt"],
    ):
        tidemill(*words, *given)
        assert pl.read_parquet("votes.parquet")["wins"].to_list() == [1, -1, 1]


@pytest.mark.parametrize("out", ["rows.csv", "./out/../rows.csv", "link.csv"])
def test_votes_are_not_written_over_the_rows(here, out):
    Path("link.csv").symlink_to("rows.csv")
    before = Path("rows.csv").read_bytes()
    with pytest.raises(ConfigError, match="is what is read: name another file to write"):
        tidemill("label", "rows.csv", "--functions", "f.yaml", "--out", out)
    assert Path("rows.csv").read_bytes() == before


def test_a_pointer_of_git_lfs_is_told_in_any_format(here):
    for name in ("r.parquet", "r.csv"):
        Path(name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n")
        with pytest.raises(DataError, match=f"{name} is a pointer of Git LFS, not the file itself: `git lfs pull`"):
            tidemill("label", name, "--functions", "f.yaml", "--out", "votes.csv")


def test_votes_are_not_written_over_labels_of_people(here):
    Path("answers.csv").write_text("row_id,label\na,spam\n")
    with pytest.raises(
        ConfigError, match="holds labels that somebody gave, such as 'spam' in column 'label' of line 2"
    ):
        tidemill("label", "rows.csv", "--functions", "f.yaml", "--out", "answers.csv")
    assert Path("answers.csv").read_text() == "row_id,label\na,spam\n"


@pytest.mark.parametrize("functions", ["fs/m.yaml", "fs"])
def test_votes_are_not_written_over_a_list_that_functions_read(here, functions):
    Path("fs").mkdir()
    Path("fs/m.yaml").write_text(
        "functions:\n  - {name: known, kind: member, column: text, file: names.csv, vote: ham}\n"
    )
    Path("fs/names.csv").write_text("a\n")
    words = ["label", "rows.csv", "--functions", functions, "--classes", "ham,spam", "--out"]
    with pytest.raises(ConfigError, match=r"names\.csv is there, and fs/m\.yaml names it: name another"):
        tidemill(*words, "fs/names.csv")
    assert Path("fs/names.csv").read_text() == "a\n"
    for _ in range(2):  # votes may take the place of votes
        tidemill(*words, "fs/votes.csv")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_letter_and_its_accent_are_one_in_rows_and_words_whichever_form_they_have(here, suffix):
    rows = pl.DataFrame(
        {"text": ["cafe\u0301 noir", "caf\u00e9 noir", "the noir"], "place": ["Ko\u0308ln", "K\u00f6ln", "Bonn"]}
    )
    {".csv": rows.write_csv, ".jsonl": rows.write_ndjson, ".parquet": rows.write_parquet}[suffix](f"accents{suffix}")
    (here / "accents.yaml").write_text(
        "functions:\n"
        "  - {name: composed, kind: keywords, words: [caf\u00e9], vote: a}\n"
        "  - {name: decomposed, kind: regex, pattern: 'cafe\u0301', vote: b}\n"
        "  - {name: place, kind: member, column: place, values: [K\u00f6ln], vote: b}\n",
        encoding="utf-8",
    )
    tidemill("label", f"accents{suffix}", "--functions", "accents.yaml", "--out", "votes.parquet", "--classes", "a,b")
    assert pl.read_parquet("votes.parquet").drop("row_id").rows() == [(0, 1, 1), (0, 1, 1), (-1, -1, -1)]
