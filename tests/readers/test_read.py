"""What files hold is what comes out, and what they should not hold is named."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

from tidemill.contracts import DataError
from tidemill.readers.options import ReadOptions
from tidemill.readers.read import SUFFIXES, parse, read_file, report_reading
from tidemill.readers.table import BadRow

ROWS = {"id": ["a", "b"], "text": ["x, y", None]}


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def arrow(frame: pl.DataFrame, *, stream: bool = False) -> bytes:
    file = io.BytesIO()
    frame.write_ipc_stream(file) if stream else frame.write_ipc(file)
    return file.getvalue()


def zipped(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return file.getvalue()


FRAME = pl.DataFrame(ROWS)
CSV = b'id,text\na,"x, y"\nb,\n'


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (CSV, "t.csv"),
        (CSV, "T.CSV"),
        (b'id\ttext\na\t"x, y"\nb\t\n', "t.tsv"),
        (b'{"id": "a", "text": "x, y"}\n\n{"id": "b"}\n', "t.jsonl"),
        (b'[{"id": "a", "text": "x, y"},\n {"id": "b"}]', "t.json"),
        (b'[{"id": "a", "text": "x, y"}, {"id": "b"}]', "t.jsonl"),
        (b'{\n "id": "a",\n "text": "x, y"\n}\n{\n "id": "b"\n}\n', "t.jsonl"),
        (parquet(FRAME), "t.parquet"),
        (arrow(FRAME), "t.arrow"),
        (arrow(FRAME, stream=True), "t.feather"),
        (gzip.compress(CSV), "t.csv.gz"),
        (zstandard.compress(CSV), "t.csv.zst"),
        (zipped(rows__csv=CSV), "t.zip"),
    ],
)
def test_the_same_rows_in_any_format_give_the_same_columns(data: bytes, name: str) -> None:
    table = parse(data, name)
    assert table.columns == ROWS
    assert table.notes == ()
    assert name.lower().endswith(SUFFIXES)


def test_rows_know_their_lines() -> None:
    table = parse(b'id,text\na,"one\ntwo"\n\nb,x\n', "t.csv")
    assert [table.where(row) for row in range(2)] == ["t.csv, line 2", "t.csv, line 5"]
    assert list(parse(b'{\n"id": 1\n}\n\n{"id": 2}', "t.jsonl").numbers) == [1, 5]
    assert parse(b"sep=;\nid;text\na;b\n", "t.csv").where(0) == "t.csv, line 3"
    assert parse(parquet(FRAME), "t.parquet").where(1) == "t.parquet, row 2"


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (b"", "t.csv", "t.csv is empty"),
        (b" \n", "t.jsonl", "t.jsonl is empty"),
        (b"id,text\n", "t.csv", "a header and no rows"),
        (b"[]", "t.json", "a header and no rows"),
        (b"id,text\na,b\nc\n", "t.csv", "line 3: 1 cells where the header has 2"),
        (b"id,text\na,b,c\n", "t.csv", "line 2: 3 cells"),
        (b'id,text\na,"b\nc,d\n', "t.csv", "line 2"),
        (b"id,id\na,b\n", "t.csv", "column 'id' is there twice"),
        (b'{"id": 1}\nhello\n', "t.jsonl", "line 2: not JSON"),
        (b'{"id": 1}\n[1]\n', "t.jsonl", "line 2: '[1]' is not an object"),
        (b'[{"id": 1}, 7]', "t.json", "element 2: '7' is not an object"),
        (b'[{"id": 1},\n oops]', "t.json", "line 2: not JSON"),
        (b'{\n"id": oops}', "t.jsonl", "line 2: not JSON"),
        (b'{"id": "\\ud800"}\n', "t.jsonl", "line 1: not JSON"),
        (b'{"a": ' * 100_000, "t.jsonl", "nested too deeply"),
        (b"hello", "t.parquet", "cannot be read as Parquet"),
        (b"hello", "t.arrow", "cannot be read as Arrow"),
        (b"hello", "t.xlsx", "cannot be read as a workbook"),
        (b"hello", "t.csv.gz", "t.csv.gz cannot be unpacked"),
        (b"hello", "t.csv.zst", "t.csv.zst cannot be unpacked"),
        (b"hello", "t.zip", "t.zip cannot be unpacked"),
        (zipped(a__csv=CSV, b__csv=CSV), "t.zip", "t.zip holds 2 files (a.csv, b.csv)"),
        (b"hello", "t.txt", ".txt is not a format"),
        (b"hello", "rows", "no suffix is not a format"),
    ],
)
def test_a_bad_file_is_named_with_its_line(data: bytes, name: str, told: str) -> None:
    with pytest.raises(DataError) as error:
        parse(data, name)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("data", "name", "number"),
    [
        (b"id,text\na,b\nc\nd,e\n", "t.csv", 3),
        (b'{"id": "a", "text": "b"}\noops\n{"id": "d", "text": "e"}\n', "t.jsonl", 2),
        (b'[{"id": "a", "text": "b"}, 7, {"id": "d", "text": "e"}]', "t.json", 2),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_where_that_is_asked_for(data: bytes, name: str, number: int) -> None:
    table = parse(data, name, ReadOptions(bad_rows="quarantine"))
    assert table.columns == {"id": ["a", "d"], "text": ["b", "e"]}
    assert [bad.number for bad in table.bad] == [number]
    assert isinstance(table.bad[0], BadRow)
    assert table.bad[0].reason


def test_a_missing_column_is_named_with_the_nearest_one() -> None:
    table = parse(b"id,Text\na,b\n", "t.csv")
    with pytest.raises(DataError, match=r"column 'text' is missing; did you mean 'Text'.*ingest\.text"):
        table.column("text", "ingest.text")


def test_dotted_names_reach_into_objects_and_exact_ones_come_first() -> None:
    table = parse(b'{"data": {"text": "x", "deep": {"er": 1}}, "a.b": 2}\n{"data": null, "a.b": 3}\n', "t.jsonl")
    assert table.column("data.text", "ingest.text") == ["x", None]
    assert table.column("data.deep.er", "ingest.text") == [1, None]
    assert table.column("a.b", "ingest.text") == [2, 3]
    assert table.has("data.text")
    assert not table.has("a.text")
    with pytest.raises(DataError, match=r"column 'a\.text' is missing"):
        table.column("a.text", "ingest.text")


def test_a_workbook_gives_its_first_sheet() -> None:
    table = parse((Path(__file__).parent / "two_sheets.xlsx").read_bytes(), "two_sheets.xlsx")
    assert table.columns == {"id": ["a", "b"], "text": ["good soup", "bad soup"], "stars": [5.0, None]}
    assert table.where(1) == "two_sheets.xlsx, row 4"
    assert table.notes == ("two_sheets.xlsx: sheet 'reviews' is read, not notes",)


def test_exports_of_label_studio_give_data_and_the_choice() -> None:
    def row(number: int, *choices: str) -> str:
        results = ", ".join('{"result": [{"value": {"choices": ["%s"]}}]}' % one for one in choices)  # noqa: UP031
        return f'{{"id": {number}, "data": {{"text": "t{number}"}}, "annotations": [{results}]}}'

    table = parse(f"[{row(1, 'good')}, {row(2)}, {row(3, 'good', 'bad')}, {row(4, 'bad', 'bad')}]".encode(), "t.json")
    assert table.columns == {"id": [1, 2, 3, 4], "text": ["t1", "t2", "t3", "t4"], "label": ["good", None, None, "bad"]}
    assert "an export of Label Studio" in table.notes[0]
    assert "1 rows have annotations that name several classes" in table.notes[1]


def test_lists_of_one_label_are_that_label_and_lists_of_several_stay_lists() -> None:
    one = parse(b'{"text": "x", "label": ["good"]}\n{"text": "y", "label": []}\n', "t.jsonl")
    assert one.columns["label"] == ["good", None]
    assert "label: lists of one value are read as that value" in one.notes[0]
    several = parse(b'{"text": "x", "label": ["good", "bad"]}\n{"text": "y", "label": ["good"]}\n', "t.jsonl")
    assert several.columns["label"] == [["good", "bad"], ["good"]]
    assert several.notes == ()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv is missing"):
        read_file(tmp_path / "gone.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_file(tmp_path)


def test_reading_leaves_the_csv_module_as_it_was() -> None:
    before = csv.field_size_limit()
    assert len(parse(b"id,text\na," + b"x" * 200_000 + b"\n", "t.csv").columns["text"][0]) == 200_000
    assert csv.field_size_limit() == before


def test_notes_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    report_reading(["a", "b", "a"])
    assert capsys.readouterr().err == "note: a\nnote: b\n"
