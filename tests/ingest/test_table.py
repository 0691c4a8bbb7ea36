"""What files hold is what comes out, and what they should not hold is named."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import DataError
from tidemill.ingest.table import decode, parse


def test_csv_jsonl_and_parquet_of_the_same_rows_give_the_same_columns() -> None:
    file = io.BytesIO()
    pl.DataFrame({"id": ["a", "b"], "text": ["x, y", None]}).write_parquet(file)
    expected = {"id": ["a", "b"], "text": ["x, y", None]}
    assert parse(b'id,text\na,"x, y"\nb,\n', "t.csv", None).columns == expected
    assert parse(b'{"id": "a", "text": "x, y"}\n\n{"id": "b"}\n', "t.jsonl", None).columns == expected
    assert parse(file.getvalue(), "t.parquet", None).columns == expected


def test_a_row_knows_its_line_also_after_a_cell_of_several_lines() -> None:
    table = parse(b'id,text\na,"one\ntwo"\n\nb,x\n', "t.csv", None)
    assert [table.where(row) for row in range(2)] == ["t.csv, line 2", "t.csv, line 5"]


@pytest.mark.parametrize("text", ["id;text\r\na;b\r\n", "id\ttext\na\tb\n"])
def test_semicolons_and_tabs_delimit_too(text: str) -> None:
    assert parse(text.encode(), "t.csv", None).columns == {"id": ["a"], "text": ["b"]}


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    for data in ("id,text\na,é\n".encode("utf-8-sig"), "id,text\na,é\n".encode("utf-16")):
        assert parse(data, "t.csv", None).columns == {"id": ["a"], "text": ["é"]}


def test_a_cell_may_be_longer_than_the_csv_module_expects() -> None:
    assert len(parse(b"id,text\na," + b"x" * 200_000 + b"\n", "t.csv", None).columns["text"][0]) == 200_000


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (b"", "t.csv", "t.csv is empty"),
        (b" \n", "t.jsonl", "t.jsonl is empty"),
        (b"id,text\n", "t.csv", "a header and no rows"),
        (b"id,text\na,b\nc\n", "t.csv", "line 3: 1 cells where the header has 2"),
        (b"id,text\na,b,c\n", "t.csv", "line 2: 3 cells"),
        (b'id,text\na,"b\nc,d\n', "t.csv", "line 2"),
        (b"id,id\na,b\n", "t.csv", "column 'id' is there twice"),
        (b'{"id": 1}\nhello\n', "t.jsonl", "line 2: not JSON"),
        (b"[1]\n", "t.jsonl", "line 1: '[1]' is not an object"),
        (b'{"id": "\\ud800"}\n', "t.jsonl", "line 1: not JSON"),
        (b"hello", "t.parquet", "cannot be read as Parquet"),
        (b"hello", "t.xlsx", ".xlsx is not a format"),
    ],
)
def test_a_bad_file_is_named_with_its_line(data: bytes, name: str, told: str) -> None:
    with pytest.raises(DataError) as error:
        parse(data, name, None)
    assert told in str(error.value)


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    table = parse(b"id,Text\na,b\n", "t.csv", None)
    with pytest.raises(DataError, match=r"column 'text' is missing; did you mean 'Text'.*ingest\.text"):
        table.column("text", "ingest.text")


def test_a_file_without_any_utf8_is_read_as_windows_1252_and_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert decode("a\nprix 5 €\n".encode("windows-1252"), "t.csv", None) == "a\nprix 5 €\n"
    assert "t.csv is not UTF-8: read as windows-1252" in capsys.readouterr().err


def test_mixed_encodings_are_named_with_both_lines() -> None:
    data = "id,text\na,é\n".encode() + "b,café\n".encode("latin-1")
    with pytest.raises(DataError, match=r"t.csv, line 3: bytes e9 \(after 'b,caf'\) are not UTF-8, line 2 is"):
        decode(data, "t.csv", None)


def test_bytes_of_no_encoding_are_named() -> None:
    with pytest.raises(DataError, match=r"line 2: bytes 81 .*neither UTF-8 nor windows-1252"):
        decode(b"id,text\na,\x81\n", "t.csv", None)


def test_a_declared_encoding_is_kept_to() -> None:
    assert decode("a\n日本\n".encode("shift_jis"), "t.csv", "shift_jis") == "a\n日本\n"
    with pytest.raises(DataError, match=r"line 2: bytes ff .*are not utf-8"):
        decode(b"a\n\xff\n", "t.csv", "utf-8")
    with pytest.raises(DataError, match=r"'utf-88' is not an encoding"):
        decode(b"a", "t.csv", "utf-88")


def test_reading_leaves_the_csv_module_as_it_was(tmp_path: Path) -> None:
    import csv

    before = csv.field_size_limit()
    parse(b"id,text\na,b\n", "t.csv", None)
    assert csv.field_size_limit() == before
