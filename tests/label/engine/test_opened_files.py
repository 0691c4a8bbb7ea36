"""A file that a function opens while it votes is part of no fingerprint, so its votes are not kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import polars as pl
import pytest

from tests.cli.factories import tidemill

HEAD = """import functools, sqlite3
from pathlib import Path
import numpy as np
from tidemill.label import ABSTAIN, batch_labeling_function, labeling_function
HERE = Path(__file__).parent
"""
BODY = """
@labeling_function()
def f(row):
    return 1 if {word} in row.text else ABSTAIN
"""
TABLE = """
@batch_labeling_function()
def f(rows):
    return np.array([1 if {word} in text else ABSTAIN for text in rows["text"]])
"""
ONCE = """
@functools.cache
def word():
    return (HERE / "words.txt").read_text()
"""
OPENED_LATE = {
    "file": BODY.format(word="(HERE / 'words.txt').read_text()"),
    "table": TABLE.format(word="(HERE / 'words.txt').read_text()"),
    "once": ONCE + BODY.format(word="word()"),
    "names": BODY.format(word="next((HERE / 'lists').iterdir()).name"),
    "database": BODY.replace(
        "{word}",
        "sqlite3.connect(f'file:{HERE}/words.db?immutable=1', uri=True).execute('select word from words').fetchone()[0]",
    ),
}
COVERED = {
    "top": "WORD = (HERE / 'words.txt').read_text()" + BODY.format(word="WORD"),
    "import": BODY.format(word="colorsys.__name__ and WORD").replace("    return", "    import colorsys\n    return")
    + "WORD = (HERE / 'words.txt').read_text()\n",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"row_id": ["a", "b"], "text": ["win it", "hello you"]}).write_csv("rows.csv")
    (tmp_path / "lf" / "lists").mkdir(parents=True)
    name_word(tmp_path / "lf", "win")
    return tmp_path


def name_word(folder: Path, word: str) -> None:
    (folder / "words.txt").write_text(word)
    for old in (folder / "lists").iterdir():
        old.unlink()
    (folder / "lists" / word).touch()
    with sqlite3.connect(folder / "words.db") as words:
        words.executescript(f"drop table if exists words; create table words as select '{word}' as word")
    words.close()


def votes() -> list[int]:
    tidemill(
        "label", "rows.csv", "--functions", "lf/f.py", "--classes", "ham,spam", "--out", "v.csv", "--cache", "kept"
    )
    return pl.read_csv("v.csv")["f"].to_list()


@pytest.mark.parametrize("way", [*OPENED_LATE, *COVERED])
def test_votes_follow_what_is_read(here: Path, way: str, capsys):
    (here / "lf" / "f.py").write_text(HEAD + (OPENED_LATE | COVERED)[way])
    assert votes() == [1, -1]
    assert ("is opened while rows are labeled" in capsys.readouterr().err) == (way in OPENED_LATE)
    name_word(here / "lf", "hello")
    assert votes() == [-1, 1]
