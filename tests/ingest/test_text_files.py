"""Folders of text files."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from tests.ingest.candidates.test_candidates import LOCATED, SPLIT, candidates
from tests.ingest.factories import settings, take, write
from tidemill.contracts import DataError
from tidemill.ingest.source import Source, discover, not_read

DOCUMENTS = {
    "a.txt": "Rome lies in Italy.",
    "more/a.TXT": "Paris\r\nis in France.",
    "empty.txt": " \n",
    "x.pdf": "%PDF-",
}


def folder(root: Path, name: str = "may", documents: dict[str, str] = DOCUMENTS) -> Path:
    for file, text in documents.items():
        write(root / name / file, text)
    return root / name


def test_a_folder_of_texts_is_a_batch_with_a_document_for_each_file(tmp_path: Path):
    chosen = settings(candidates=candidates(order="subject_first").model_dump(), split=SPLIT)
    batch = take(folder(tmp_path), chosen, LOCATED)
    assert batch.raw.select("document", "subject", "object").sort("document").rows() == [
        ("a.txt", "Rome", "Italy"),
        ("more/a.TXT", "Paris", "France"),
    ]
    assert "may: 1 file is empty and left out (empty.txt)" in batch.notes
    assert "may: 1 file is no .txt file and left out (x.pdf)" in batch.notes


def test_texts_below_names_with_a_dot_are_left_out_and_told(tmp_path: Path):
    folder(
        tmp_path,
        documents={"a.txt": "Rome lies in Italy.", ".b/b.txt": "x", ".c.txt": "x", ".cache": "x", "._a.txt": "x"},
    )
    table = Source(str(tmp_path / "may")).table(settings(key="id"))
    assert table.columns["id"] == ["a.txt"]
    assert any(
        note.startswith("may: 2 files are left out, for names with a dot") and "(.b, .c.txt)" in note
        for note in table.notes
    )


def test_a_single_text_file_is_a_document(tmp_path: Path):
    table = Source(str(folder(tmp_path) / "a.txt")).table(settings(key="id"))
    assert table.columns == {"text": ["Rome lies in Italy."], "id": ["a.txt"]}


def test_the_hash_of_a_folder_is_that_of_names_and_contents(tmp_path: Path):
    chosen = settings(key="id")
    one, same = (Source(str(folder(tmp_path / name))).fingerprint(chosen) for name in ("one", "two"))
    other = Source(str(folder(tmp_path / "three", documents={**DOCUMENTS, "a.txt": "Rome."}))).fingerprint(chosen)
    renamed = {"b.txt" if name == "a.txt" else name: text for name, text in DOCUMENTS.items()}
    moved = Source(str(folder(tmp_path / "four", documents=renamed))).fingerprint(chosen)
    assert one == same
    assert len({one, other, moved}) == 3


def test_a_folder_of_texts_arrives_where_rows_are_text(tmp_path: Path):
    folder(tmp_path / "in")
    write(tmp_path / "in" / "lone.txt", "Rome")
    assert discover("in", tmp_path, texts=True) == ["in/may"]
    assert not_read("in", tmp_path, texts=True) == ["lone.txt"]
    assert discover("in", tmp_path) == []


def test_texts_are_read_in_the_encoding_and_the_form_of_unicode_that_they_have(tmp_path: Path):
    names = {"latin.txt": "Müller à Zürich, très près".encode("cp1252"), "wide.txt": "Zürich".encode("utf-16")}
    names["apart.txt"] = unicodedata.normalize("NFD", "Zürich").encode()
    for name, data in names.items():
        write(tmp_path / "in" / name, "")
        (tmp_path / "in" / name).write_bytes(data)
    table = Source(str(tmp_path / "in")).table(settings(key="id"))
    assert table.columns["text"] == ["Zürich", "Müller à Zürich, très près", "Zürich"]
    assert any("latin.txt is not UTF-8: read as windows-1252" in note for note in table.notes)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "may/b.txt is a PNG image by its content.*; or take the file out of the folder"),
        (
            b"first\nsecond \x00\x01",
            r"may/b.txt, line 2: character '\\x00' is none of a text: export the file as text; or take the file out",
        ),
    ],
)
def test_a_file_that_is_no_text_is_named_or_set_aside(tmp_path: Path, data: bytes, message: str):
    source = Source(str(folder(tmp_path)))
    (tmp_path / "may" / "b.txt").write_bytes(data)
    with pytest.raises(DataError, match=message):
        source.table(settings(key="id"))
    table = source.table(settings(key="id", bad_rows="quarantine"))
    assert (table.columns["id"], [bad.number for bad in table.bad]) == (["a.txt", "more/a.TXT"], [2])


def test_a_folder_without_a_text_says_what_is_needed(tmp_path: Path):
    with pytest.raises(DataError, match=r"may holds no \.txt file with text in it"):
        Source(str(folder(tmp_path, documents={"a.txt": ""}))).table(settings(key="id"))


def test_files_of_one_name_in_two_folders_are_two_documents(tmp_path: Path):
    table = Source(str(folder(tmp_path, documents={"x/a.txt": "one", "y/a.txt": "two"}))).table(settings(key="id"))
    assert json.dumps(table.columns["id"]) == '["x/a.txt", "y/a.txt"]'


@pytest.mark.parametrize(
    "text", ["id;text\n1;a\n2;b\n3;c\n", "ham\thello there\nspam\twin\nham\tat noon\nham\tsee you\n"]
)
def test_a_single_file_that_looks_like_a_table_is_asked_about(tmp_path: Path, text: str) -> None:
    (tmp_path / "rows.txt").write_text(text)
    with pytest.raises(DataError, match=r"^rows\.txt looks like a table of \d rows"):
        Source(str(tmp_path / "rows.txt")).table(settings(key="id"))


@pytest.mark.parametrize(
    "text", ["One, two.\nThree\n\nFour, five, six.\nSeven.\n", "A line\nand another\nand a third\n"]
)
def test_a_single_letter_is_one_document(tmp_path: Path, text: str) -> None:
    (tmp_path / "letter.txt").write_text(text)
    table = Source(str(tmp_path / "letter.txt")).table(settings(key="id"))
    assert table.columns["text"] == [text]
    assert "lines are one document, which is one row; a text a line is read from" in table.notes[0]
