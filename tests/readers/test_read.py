"""What files hold is what comes out, and what they should not hold is named."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.readers.workbooks import workbook
from tidemill.contracts import DataError
from tidemill.readers import compressed, formulas
from tidemill.readers.options import ReadOptions
from tidemill.readers.other_tools import notes_on_splits, notes_on_status
from tidemill.readers.read import SUFFIXES, parse, read_file, report_reading
from tidemill.readers.table import BadRow, Table, nearest

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
            archive.writestr(name.replace("__", ".") if name.endswith("__csv") else name, data)
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
        (gzip.compress(CSV, mtime=0), "t.csv.gz"),
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
        (b"id,text\na,b\nc\n", "t.csv", "line 3: 1 cell where the header has 2"),
        (b"id,text\na,b,c\n", "t.csv", "line 2: 3 cells"),
        (b'id,text\na,"b\nc,d\n', "t.csv", "line 2"),
        (b"id,id\na,b\n", "t.csv", "column 'id' is there twice"),
        (b'{"id": 1}\nhello\n', "t.jsonl", "line 2: not JSON"),
        (b'{"id": 1}\n[1]\n', "t.jsonl", "line 2: '[1]' is not an object"),
        (b'[{"id": 1}, 7]', "t.json", "element 2: '7' is not an object"),
        (b'[{"id": 1},\n oops]', "t.json", "line 2: not JSON"),
        (b'{\n"id": oops}', "t.jsonl", "line 2: not JSON"),
        (b'{"id": "\\ud800"}\n', "t.jsonl", "line 1: a text with half of a character"),
        (b'{"a": ' * 100_000, "t.jsonl", "nested too deeply"),
        (b"PAR1llo", "t.parquet", "cannot be read as Parquet"),
        (b"\xff\0llo", "t.arrow", "cannot be read as Arrow"),
        (b"PK\x03\x04", "t.xlsx", "cannot be read as a workbook"),
        (b"\x1f\x8bllo", "t.csv.gz", "t.csv.gz cannot be unpacked"),
        (b"\x28\xb5\x2f\xfdllo", "t.csv.zst", "t.csv.zst cannot be unpacked"),
        (b"PK\x03\x04", "t.zip", "t.zip cannot be unpacked"),
        (zipped(a__csv=CSV, b__csv=CSV), "t.zip", "t.zip holds 2 files (a.csv, b.csv)"),
        (b"hello", "t.txt", ".txt is not a format"),
        (b"hello", "rows", "a header and no rows"),
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
    assert "1 row has annotations that name several classes" in table.notes[1]


def test_lists_of_one_label_are_that_label_and_lists_of_several_stay_lists() -> None:
    one = parse(b'{"text": "x", "label": ["good"]}\n{"text": "y", "label": []}\n', "t.jsonl")
    assert one.columns["label"] == ["good", None]
    assert "label: lists of one value are read as that value" in one.notes[0]
    several = parse(b'{"text": "x", "label": ["good", "bad"]}\n{"text": "y", "label": ["good"]}\n', "t.jsonl")
    assert several.columns["label"] == [["good", "bad"], ["good"]]
    assert several.notes == ()


@pytest.mark.parametrize("rows", [[("label", "good")] * 2 + [("Label ", "bad")], [("label", None), ("Label ", "good")]])
def test_a_key_whose_spelling_changes_midway_is_one_column_and_told(rows: list[tuple[str, str | None]]) -> None:
    lines = [{"Text" if place else "text": f"t{place}", key: value} for place, (key, value) in enumerate(rows)]
    for data, name, unit in (
        ("\n".join(map(json.dumps, lines)), "t.jsonl", "line"),
        (json.dumps(lines), "t.json", "element"),
        (json.dumps({"rows": lines}), "t.json", "row"),
    ):
        table = parse(data.encode(), name)
        assert table.columns == {
            "text": [f"t{place}" for place in range(len(rows))],
            "label": [value for _, value in rows],
        }
        assert table.notes[-2:] == (
            f"{name}: 'Text', which is there from {unit} 2 on, and 'text' are read as one column, 'text'",
            f"{name}: 'Label ', which is there from {unit} {len(rows)} on, and 'label' are read as one column, 'label'",
        )


def test_two_spellings_of_a_key_in_one_row_are_one_value_or_refused() -> None:
    same = b'{"text": "a", "label": "good", "Label": "good"}\n{"text": "b", "label": null, "Label": "bad"}\n'
    assert parse(same, "t.jsonl").columns == {"text": ["a", "b"], "label": ["good", "bad"]}
    other = same + b'{"text": "c", "label": "good", "Label": "bad"}\n'
    with pytest.raises(DataError, match=r"t\.jsonl, line 3: 'label' is 'good' and 'Label' is 'bad', .* leave one"):
        parse(other, "t.jsonl")
    table = parse(other, "t.jsonl", ReadOptions(bad_rows="quarantine"))
    assert (table.columns["text"], list(table.numbers), [bad.number for bad in table.bad]) == (["a", "b"], [1, 2], [3])


def test_keys_within_objects_whose_spelling_changes_are_one_and_told() -> None:
    rows = [
        {"data": {"text": "a", "about": {"label": "good"}, "counts": {"The": 1, "the": 2}}},
        {"data": {"Text": "b", "About": {"LABEL ": "bad"}, "counts": {"The": 1}}},
        {"data": None},
    ]
    table = parse("\n".join(map(json.dumps, rows)).encode(), "t.jsonl")
    assert table.column("data.text", "") == ["a", "b", None]
    assert table.column("data.about.label", "") == ["good", "bad", None]
    assert table.columns["data"][0]["counts"] == {"The": 1, "the": 2}
    assert table.notes == (
        "t.jsonl: 'data.Text', which is there from line 2 on, and 'data.text' are read as one column, 'data.text'",
        "t.jsonl: 'data.About', which is there from line 2 on, and 'data.about' are read as one column, 'data.about'",
        (
            "t.jsonl: 'data.about.LABEL ', which is there from line 2 on, and 'data.about.label' are read as one column, "
            "'data.about.label'"
        ),
    )


@pytest.mark.parametrize("questions", [True, False])
def test_rows_in_which_qualtrics_describes_its_columns_are_left_out(*, questions: bool) -> None:
    described = "Response ID,What do you think?\n" if questions else ""
    ids = """"{""ImportId"":""_recordId""}","{""ImportId"":""QID1_TEXT""}"\n"""
    table = parse(f"ResponseId,Q1\n{described}{ids}R_1,good\nR_2,bad\n".encode(), "t.csv")
    assert (table.columns["Q1"], list(table.numbers)) == (["good", "bad"], [4, 5] if questions else [3, 4])
    lines = "2 and 3" if questions else "2"
    assert table.notes == (f"t.csv, line {lines}: descriptions of the columns, as Qualtrics writes them, are left out",)


def test_a_column_that_a_good_part_of_the_rows_lack_is_told() -> None:
    rows = [{"text": "t", "stars": 1} | ({"label": "good"} if place < 17 else {}) for place in range(20)]
    (told,) = parse("\n".join(map(json.dumps, rows)).encode(), "t.jsonl").notes
    assert told == "t.jsonl: columns are missing in part: 'label' from 3 of 20 rows, the first in line 18"
    rows[18]["label"] = "good"
    assert parse("\n".join(map(json.dumps, rows)).encode(), "t.jsonl").notes == ()


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


def test_a_workbook_keeps_columns_without_a_name_and_whole_numbers_are_whole() -> None:
    table = parse(workbook(("text", 2024.0, None, None), ("a", 1, "x", None), ("b", 2.5, None, None)), "t.xlsx")
    assert table.columns == {"text": ["a", "b"], "2024": [1, 2.5], "column_3": ["x", None]}
    assert table.notes[-1] == "t.xlsx: columns without a name are named column_3"


def test_a_title_above_the_header_of_a_workbook_is_named() -> None:
    title, table = ("Complaints, May 2026", None, None), [("id", "text", "label"), (1, "a", "good"), (2, "b", "bad")]
    with pytest.raises(
        DataError,
        match=r"sheet 'reviews': row 1 has 'Complaints, May 2026' in its first cell and nothing in the others",
    ):
        parse(workbook(title, (None, None, None), *table), "t.xlsx")
    notes = parse(workbook(("Complaints", None), *(row[1:] for row in table)), "t.xlsx").notes
    assert notes[-1] == "t.xlsx: columns without a name are named column_2 (if row 1 is a title, remove it)"
    unnamed_index = [(None, None, "text"), (1, 2, "a"), (1, 3, "b")]
    assert parse(workbook(*unnamed_index), "t.xlsx").columns["text"] == ["a", "b"]


def test_hidden_rows_of_a_workbook_are_read_and_told() -> None:
    rows = [("text", "label"), ("a", "good"), ("b", "bad"), ("c", "bad")]
    table = parse(workbook(*rows, hidden=(3, 4)), "t.xlsx")
    assert table.columns["text"] == ["a", "b", "c"]
    assert table.notes[-1] == "t.xlsx: 2 rows that are hidden in the sheet, as by a filter, are read as the others are"
    assert parse(workbook(*rows), "t.xlsx").notes == table.notes[:-1]


def test_labels_that_were_rejected_in_prodigy_are_none_and_told() -> None:
    rows = [
        {"text": "a", "label": "good", "answer": "accept"},
        {"text": "b", "label": "good", "answer": "reject"},
        {"text": "c", "label": "bad", "answer": "ignore"},
    ]
    for data, name in (
        ("\n".join(map(json.dumps, rows)), "t.jsonl"),
        ("text,label,answer\n" + "".join(f"{','.join(row.values())}\n" for row in rows), "t.csv"),
    ):
        table = parse(data.encode(), name)
        assert table.columns["label"] == ["good", None, None]
        assert "2 rows whose answer is reject or ignore have no label (label)" in table.notes[0]
    chosen = [{"text": row["text"], "accept": [row["label"]], "answer": row["answer"]} for row in rows]
    assert parse("\n".join(map(json.dumps, chosen)).encode(), "t.jsonl").columns["accept"] == ["good", None, None]
    others = [row | {"answer": "yes"} for row in rows]
    assert parse("\n".join(map(json.dumps, others)).encode(), "t.jsonl").columns["label"] == ["good", "good", "bad"]


@pytest.mark.parametrize(
    ("name", "cells", "told"),
    [
        ("status", ["accepted", "Rejected", "skipped"], "'rejected', 'skipped' in 2 rows"),
        ("review_status", ["rejected", "", None], "'rejected' in 1 rows"),
        ("status", ["open", "closed", None], None),
        ("reason", ["rejected", "", None], None),
    ],
)
def test_a_column_that_says_that_labels_were_rejected_is_told(name: str, cells: list[Any], told: str | None) -> None:
    notes = notes_on_status(Table("t.csv", {"label": ["a", "b", "a"], name: cells}, (2, 3, 4)))
    assert [told in note for note in notes] == ([] if told is None else [True])


def test_row_numbers_that_the_header_lacks_are_a_column_without_a_name() -> None:
    table = parse(b'"text","n"\n"1","you, too",3\n"2","we meet",4\n', "t.csv")
    assert table.columns == {"": ["1", "2"], "text": ["you, too", "we meet"], "n": ["3", "4"]}
    assert "each row has a cell more than the header" in table.notes[0]


@pytest.mark.parametrize("rows", ["hello, you,good\nbye, you,bad\n", "1,a,b\n1,c,d\n", "1,a,b\n2,c\n"])
def test_texts_with_a_delimiter_in_them_are_no_row_numbers(rows: str) -> None:
    with pytest.raises(DataError, match="3 cells where the header has 2"):
        parse(f"text,label\n{rows}".encode(), "t.csv")


def described(features: object, suffix: str) -> bytes:
    """A file as Hugging Face's datasets write it."""
    about = json.dumps({"info": {"features": features}})
    table = pa.table({"text": ["a", "b", "c", "d"], "label": [1, 0, -1, None]}).replace_schema_metadata(
        {"huggingface": about}
    )
    file = io.BytesIO()
    if suffix == ".parquet":
        pq.write_table(table, file)
    else:
        with (pa.ipc.new_file if suffix == ".feather" else pa.ipc.new_stream)(file, table.schema) as writer:
            writer.write_table(table)
    return file.getvalue()


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".feather"])
def test_class_labels_of_datasets_are_the_names_that_the_file_has_for_them(suffix: str) -> None:
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
    }
    table = parse(described(features, suffix), f"t{suffix}")
    assert table.columns == {"text": ["a", "b", "c", "d"], "label": ["pos", "neg", None, None]}
    assert table.notes == (
        f"t{suffix}: numbers of column 'label' are read as the names that the file has for them (0 is neg, 1 is pos)",
    )


@pytest.mark.parametrize(
    "features",
    [
        {"label": {"names": ["neg"], "_type": "ClassLabel"}},  # of another table
        {"label": {"dtype": "int64", "_type": "Value"}},
        {"label": [{"names": ["neg", "pos"], "_type": "ClassLabel"}]},
        ["label"],
        None,
    ],
)
def test_numbers_without_names_stay_numbers(features: object) -> None:
    table = parse(described(features, ".parquet"), "t.parquet")
    assert (table.columns["label"], table.notes) == ([1, 0, -1, None], ())


@pytest.mark.parametrize(
    ("cells", "but", "told"),
    [
        (["train", "Test", None], (), 1),
        (["train", "val", "test"], ("part",), 0),
        (["train", "train", "train"], (), 0),
        (["train", "plane", "test"], (), 0),
        ([1, 2, 3], (), 0),
        ([["train"], ["test"], None], (), 0),
    ],
)
def test_a_column_that_divides_rows_and_is_not_followed_is_told(
    cells: list[Any], but: tuple[str, ...], told: int
) -> None:
    notes = notes_on_splits(Table("t.csv", {"text": ["a", "b", "c"], "part": cells}, (2, 3, 4)), but=but)
    assert [note.startswith("t.csv: column 'part' (test, train) is not followed") for note in notes] == [True] * told


def test_the_form_of_fasttext_is_refused_with_what_is_needed() -> None:
    with pytest.raises(
        DataError, match=r"t\.csv is in the form of fastText, with '__label__spam' before the text: write a table"
    ):
        parse(b"__label__spam cheap loans\n__label__ham see you\n", "t.csv")


def test_answers_that_were_discarded_in_argilla_are_none() -> None:
    answers = [
        (["ham"], ["discarded"]),
        (["ham"], ["submitted"]),
        (["spam", "ham"], ["submitted", "discarded"]),
        (None, None),
    ]
    rows = [{"text": "a", "label.responses": given, "label.responses.status": status} for given, status in answers]
    table = parse("\n".join(map(json.dumps, rows)).encode(), "t.jsonl")
    assert table.columns["label.responses"] == [None, ["ham"], ["spam"], None]
    assert (
        "t.jsonl: an export of Argilla; 2 answers of 'label.responses' that were discarded or left as drafts count as none"
        in table.notes
    )
    plain = b"label,label.status\nham,submitted\nham,draft\n"
    assert parse(plain, "t.csv").columns["label"] == ["ham", None]
    objects = b'{"a": 1, "a.status": {"by": "x"}}\n{"a": 2, "a.status": [{"by": "y"}]}\n'
    assert parse(objects, "t.jsonl").columns["a"] == [1, 2]
    other = b"order,order.status\n7,submitted\n8,shipped\n"
    assert parse(other, "t.csv").columns["order"] == ["7", "8"]


def test_a_second_header_in_another_order_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"t\.csv, line 4: the names of the columns stand here again, in another order \(label, text\)"
    ):
        parse(b"text,label\na,good\nb,bad\nlabel,text\ngood,c\n", "t.csv")


def test_the_rule_below_the_header_of_a_markdown_table_is_no_row() -> None:
    table = parse(b"| text | label |\n|---|:--:|\n| a | good |\n| b | bad |\n", "t.csv")
    assert table.columns["label"] == ["good", "bad"]
    assert "line 2 is a rule of dashes below the header, and left out" in table.notes[-2]
    other = parse(b"id,text,label\n--,----,-----\n1,a b,bad\n", "t.csv")
    assert other.columns == {"id": ["1"], "text": ["a b"], "label": ["bad"]}
    assert "line 2 is a rule of dashes below the header, and left out" in other.notes[-1]
    assert parse(b"text\n----\na\n", "t.csv").columns["text"] == ["----", "a"]
    assert parse(b"text,label\n,\na,b\n", "t.csv").columns["text"] == [None, "a"]
    kept = parse(b"text|label\n---|good\nb|bad\n", "t.csv")
    assert kept.columns["text"] == ["---", "b"]


@pytest.mark.parametrize("end", ["\n", "\x85"])
def test_ebcdic_is_named_and_read_where_it_is_stated(end: str) -> None:
    lines = ["id,body,label", *(f"r{n},the kettle number {n} came,{('good', 'bad')[n % 2]}" for n in range(20))]
    data = "".join(f"{line}{end}" for line in lines).encode("cp037")
    with pytest.raises(DataError, match=r"t\.csv is EBCDIC by its bytes, .* it begins with 'id,body,label.*--encoding"):
        parse(data, "t.csv")
    table = parse(data, "t.csv", ReadOptions(encoding="cp037"))
    assert table.columns["body"][3] == "the kettle number 3 came"
    assert len(table.numbers) == 20


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_row_with_a_run_of_nulls_may_be_two(suffix: str) -> None:
    between = "," if suffix == ".csv" else "\t"
    rows = [["id", "text"], ["a", f"late and compla{chr(0) * 40}y sister"], ["c", f"one {chr(0)} alone"]]
    data = "\n".join(map(between.join, rows)).encode()
    with pytest.raises(DataError, match=r"line 2: column 'text' has characters 0 in a row, as where a disk lost"):
        parse(data, f"t{suffix}")
    table = parse(data, f"t{suffix}", ReadOptions(bad_rows="quarantine"))
    assert table.columns["id"] == ["c"]
    assert [bad.number for bad in table.bad] == [2]


def test_numbers_of_columnar_files_are_those_of_the_same_table_as_csv() -> None:
    columns = {
        "price": pl.Series([Decimal("9.99"), None], dtype=pl.Decimal(10, 2)),
        "count": pl.Series([Decimal(12), None], dtype=pl.Decimal(20, 0)),
        "long": pl.Series([Decimal(10**22 + 1), None], dtype=pl.Decimal(38, 0)),
        "single": pl.Series([9.99, None], dtype=pl.Float32),
    }
    for suffix, write in ((".parquet", "write_parquet"), (".arrow", "write_ipc")):
        out = io.BytesIO()
        getattr(pl.DataFrame(columns), write)(out)
        table = parse(out.getvalue(), f"t{suffix}")
        assert table.columns == {
            "price": [9.99, None],
            "count": [12, None],
            "long": ["10000000000000000000001", None],
            "single": [9.99, None],
        }
        assert table.notes == ()
    out = io.BytesIO()
    pl.DataFrame({"x": pl.Series([Decimal("1234567890123456.789")], dtype=pl.Decimal(30, 3))}).write_parquet(out)
    (note,) = parse(out.getvalue(), "t.parquet").notes
    assert note == "t.parquet: decimals of column 'x' have more digits than numbers in Python keep"


def test_rows_of_the_server_of_hugging_faces_datasets_are_read() -> None:
    features = [{"feature_idx": 0, "name": "text", "type": {"dtype": "string"}}]
    rows = [{"row_idx": number, "row": {"text": f"text {number}"}, "truncated_cells": []} for number in range(3)]
    for more in ({}, {"num_rows_total": 3, "partial": False}):
        table = parse(json.dumps({"features": features, "rows": rows, **more}).encode(), "t.json")
        assert table.column("row.text", "--text") == ["text 0", "text 1", "text 2"]


def test_an_object_of_pandas_with_columns_and_data_apart_is_a_table() -> None:
    whole = {"columns": ["text", "label"], "index": [0, 1], "data": [["a", "good"], ["b", None]]}
    table = parse(json.dumps(whole).encode(), "t.json")
    assert table.columns == {"text": ["a", "b"], "label": ["good", None]}
    assert table.notes == (
        "t.json: the file is one object with columns and data apart, as pandas writes it with orient='split'",
    )


def test_formulas_without_a_value_and_merged_cells_are_told() -> None:
    rows = [("text", "label", "stars"), ("a", "good", "=1+1"), ("b", "=B2", "=C2"), ("c", "#N/A", 3)]
    table = parse(workbook(*rows, merged="A3:A4"), "t.xlsx")
    assert table.columns["label"] == ["good", None, None]
    cells = "cells of column {!r} are formulas whose value the file does not hold (the first in row {}): open it in a".format
    for note, told in zip(
        table.notes,
        (
            "sheet 'reviews' is read, not notes",
            f"2 {cells('stars', 2)}",
            "1 cell of column 'label' is a formula whose value the file does not hold (in row 3): open it in a",
            "1 cell of column 'label' is an error such as #N/A, which is read as blank (in row 4)",
            "merged cells have a value in the first row alone (1 times, first in column 'text', rows 3 to 4)",
        ),
        strict=True,
    ):
        assert note.startswith(f"t.xlsx: {told}")
    table.refuse_unread("text")
    with pytest.raises(DataError, match="1 cell of column 'label' is a formula"):
        table.refuse_unread("label")


def test_a_formula_whose_value_is_the_empty_text_has_a_value() -> None:
    sheet = b'<x:row r="2"><x:c t="str"><x:f>A1</x:f><x:v></x:v></x:c><x:c><x:f>A1</x:f></x:c><x:c r="E2"><x:f>A1</x:f><x:v/></x:c></x:row>'
    assert formulas._Cells(b'<x:d xmlns:x="s">' + sheet + b"</x:d>").found == formulas.BlankFormulas([(2, 1), (2, 4)])
    with pytest.raises(ValueError, match="document type"):
        formulas._Cells(b"<!DOCTYPE d><d></d>")


def test_a_workbook_whose_first_sheet_has_a_header_alone_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(
        DataError, match=r"first sheet, 'reviews', has a header and no rows, and of others \(notes\) none is"
    ):
        parse(workbook(("id", "text")), "t.xlsx")


def test_a_workbook_whose_first_sheet_is_empty_tells_on_which_the_rows_are() -> None:
    told = r"first sheet, 'reviews', is empty, and of others \(notes\) none is read; there are rows on 'notes': put the sheet with the rows"
    with pytest.raises(DataError, match=told):
        parse(workbook(second=[("text",), ("a",)]), "t.xlsx")
    table = parse(workbook(("About", None), ("these", "reviews"), ("of May", None)), "t.xlsx")
    with pytest.raises(DataError, match=r"column 'text' is missing; .*\nt\.xlsx: sheet 'reviews' is read, not notes"):
        table.column("text", "ingest.text")


def test_a_column_that_is_there_twice_is_named() -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["said", "said"])
    files = {name: io.BytesIO() for name in ("t.parquet", "t.arrow", "t.feather")}
    pq.write_table(table, files["t.parquet"])
    with pa.ipc.new_file(files["t.arrow"], table.schema) as writer:
        writer.write_table(table)
    with pa.ipc.new_stream(files["t.feather"], table.schema) as writer:
        writer.write_table(table)
    for name, file in files.items():
        with pytest.raises(DataError, match=rf"{name}: column .*'said' .*; rename one"):
            parse(file.getvalue(), name)


def test_a_wrong_key_of_a_nested_column_is_refused_with_the_keys_that_are_there() -> None:
    table = parse(b'{"data": {"text": "a", "more": {"x": 1}}, "id": 1}\n{"data": null, "id": 2}\n', "t.jsonl")
    assert table.has("data.more.x")
    assert not table.has("data.txt")
    with pytest.raises(DataError, match=r"did you mean 'data.text'\? There are data.text, data.more.x, data, id"):
        table.column("data.txt", "--text")
    assert table.column("data.text", "--text") == ["a", None]


def test_a_file_that_grows_when_it_is_unpacked_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compressed, "_USUAL", 1000)
    rows = b"id,text\n" + b"a,b\n" * 20_000
    packed = {"t.csv.gz": gzip.compress(rows), "t.csv.zst": zstandard.compress(rows)}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", rows)
    packed["t.zip"] = packed["t.xlsx"] = file.getvalue()
    for name, data in packed.items():
        with pytest.raises(DataError, match=f"{name} has .* bytes packed and more than .* unpacked"):
            parse(data, name)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [(6, 1, "t.zip is encrypted: unpack it with its password"), (8, 12345, "by a method that is not read .* deflate")],
)
def test_a_zip_that_cannot_be_read_says_why(place: int, value: int, told: str) -> None:
    data = bytearray(zipped(t__csv=CSV))
    for header, shift in ((b"PK\3\4", 0), (b"PK\1\2", 2)):
        start = data.index(header) + place + shift
        data[start : start + 2] = value.to_bytes(2, "little")
    with pytest.raises(DataError, match=told):
        parse(bytes(data), "t.zip")


@pytest.mark.parametrize(
    ("data", "number", "told"),
    [
        (b'{"text": "a"}\n{"text": "\\ud800"}\n{"text": "c"}', 2, r"half of a character, \ud800"),
        (b'{"text": "a"}\n{"text": "b", "text": "B"}\n{"text": "c"}', 2, "key 'text' is there twice"),
        (b'{"text": "a"}\n{"text": ' + b"1" * 5000 + b'}\n{"text": "c"}', 2, "more than 4,300 digits"),
        (b'[{"text": "a"}, {"text": "\\ud800"}, {"text": "c"}]', 2, r"half of a character, \ud800"),
        (b'[{"text": "a"}, 7, {"text": "c"}]', 2, "'7' is not an object"),
        (b'[\n {"text": "a"},\n {"text": oops},\n {"text": "c"}\n]', 2, "line 3: not JSON"),
        (b'{\n"text": "a"\n}\n{\n"text": oops\n}\n{\n"text": "c"\n}', 4, "line 5: not JSON"),
        (b'{\n"text": "a"\n}\n{\n"text": "\\ud800"\n}\n{\n"text": "c"\n}', 4, r"half of a character, \ud800"),
    ],
)
def test_a_bad_object_is_set_aside_in_every_form_of_json(data: bytes, number: int, told: str) -> None:
    table = parse(data, "t.json", ReadOptions(bad_rows="quarantine"))
    assert table.columns == {"text": ["a", "c"]}
    assert [bad.number for bad in table.bad] == [number]
    assert told in table.bad[0].reason
    with pytest.raises(DataError, match=r"t\.json, "):
        parse(data, "t.json")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'[{"a": 1}, {"a": ', "element 2"),
        (b'[{"a": 1}', "ends within its array"),
        (b'[{"a": 1}]\n[{"a": 2}]', "line 1: more comes after the end of the array"),
        (b'[{"a": [\n{"b": 1}\n]},\n {"a": oops\n{"b": 2}}]', "element 2"),
    ],
)
def test_an_array_that_is_cut_is_refused_also_where_bad_rows_are_set_aside(data: bytes, told: str) -> None:
    with pytest.raises(DataError, match=told):
        parse(data, "t.json", ReadOptions(bad_rows="quarantine"))


def test_a_column_label_in_the_data_of_label_studio_is_kept_beside_the_annotations() -> None:
    choice = {"result": [{"type": "choices", "value": {"choices": ["good"]}}]}
    rows = [{"id": 1, "data": {"text": "x", "label": "draft"}, "annotations": [choice]}]
    table = parse(json.dumps(rows).encode(), "t.json")
    assert table.columns == {"id": [1], "text": ["x"], "data_label": ["draft"], "label": ["good"]}
    assert table.notes[1] == "t.json: the column label of its data is named data_label"


@pytest.mark.parametrize("typed", ["\\t", "tab", "\t"])
def test_a_tab_can_be_typed(typed: str) -> None:
    assert parse(b"a\tb;c\n1\t2\n", "t.csv", ReadOptions(delimiter=typed)).columns == {"a": ["1"], "b;c": ["2"]}


@pytest.mark.parametrize("typed", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(typed: str) -> None:
    with pytest.raises(DataError, match="is not one character"):
        parse(CSV, "t.csv", ReadOptions(delimiter=typed))


@pytest.mark.parametrize(
    ("data", "suffix"),
    [(CSV, ".csv"), (b'{"id": "a", "text": "x, y"}\n{"id": "b"}', ".jsonl"), (parquet(FRAME), ".parquet")],
)
def test_a_file_without_a_suffix_is_read_by_its_content_and_told(data: bytes, suffix: str) -> None:
    table = parse(data, "rows")
    assert table.columns == ROWS
    assert table.notes == (f"rows has no suffix, and is read as {suffix}",)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet", "t.xlsx", "t.csv.gz"])
def test_a_pointer_of_git_lfs_is_told(name: str) -> None:
    with pytest.raises(DataError, match="git lfs pull"):
        parse(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", name)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(CSV, mtime=0), "packed by gzip"),
        (parquet(FRAME), "Parquet"),
        (zipped(t__csv=CSV), "a ZIP archive or an Excel workbook"),
        (b"\x89PNG\r\n", "a PNG image"),
        (b"\xef\xbb\xbf\n <!DOCTYPE HTML><html></html>", "a web page"),
        (b"<html>404</html>", "a web page"),
    ],
)
def test_a_file_that_is_not_what_its_suffix_says_is_named_by_its_content(data: bytes, told: str) -> None:
    with pytest.raises(DataError, match=rf"t\.csv is {told}.* by its content"):
        parse(data, "t.csv")


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (CSV, "t.csv.gz", "t.csv.gz is not packed, but plain text by its content: rename it to t.csv"),
        (CSV, "t.CSV.zst", "rename it to t.CSV"),
        (CSV, "t.zip", "rename it to t.csv"),
        (b'{"id": 1}\n', "t.gz", "rename it to t.jsonl"),
        (CSV, "t.parquet", "t.parquet is plain text by its content: rename it to t.csv"),
        (CSV, "t.feather", "rename it to t.csv"),
        (CSV, "t.xlsx", "rename it to t.csv"),
        (CSV, "t.ods", "rename it to t.csv"),
        ("id,text\na,ü\n".encode("utf-16"), "t.xls", "rename it to t.csv"),
        ("id,text\na,ü\n".encode("latin-1"), "t.xls", "rename it to t.csv"),
        (parquet(FRAME), "t.csv.gz", "t.csv.gz is Parquet by its content: name it so"),
        (gzip.compress(CSV, mtime=0), "t.parquet", "t.parquet is packed by gzip"),
        (b"<html></html>", "t.xls", "t.xls is a web page"),
        (gzip.compress(CSV, mtime=0), "t.parquet.gz", "t.parquet is plain text by its content: rename it to t.csv"),
        (b"PAR1 damaged", "rows", "rows cannot be read as Parquet"),
    ],
)
def test_a_file_that_is_not_packed_or_binary_as_its_suffix_says_is_named_by_its_content(
    data: bytes, name: str, told: str
) -> None:
    with pytest.raises(DataError) as error:
        parse(data, name)
    assert told in str(error.value)


def test_commas_behind_the_objects_of_lines_are_left_out_and_told() -> None:
    content = b'{"id": "a", "text": "x, y"},\n{"id": "b", "text": null} , \r\n{"id": "c", "text": "{},"}\n'
    table = parse(content, "t.jsonl")
    assert table.columns == {"id": ["a", "b", "c"], "text": ["x, y", None, "{},"]}
    assert "t.jsonl: the comma behind the object of 2 lines is left out" in table.notes
    with pytest.raises(DataError, match="line 2: not JSON"):
        parse(b'{"id": 1}\n{"id": 2},,\n', "t.jsonl")


def test_a_workbook_that_is_named_as_an_archive_is_told() -> None:
    content = (Path(__file__).parent / "two_sheets.xlsx").read_bytes()
    with pytest.raises(DataError, match=r"t\.zip is an Excel workbook by its content: rename it to t\.xlsx"):
        parse(content, "t.zip")


@pytest.mark.parametrize(
    "whole",
    [
        {"id": ["a", "b"], "text": ["x, y", None]},
        {"id": {"0": "a", "1": "b"}, "text": {"0": "x, y", "1": None}},
        {"version": 1, "rows": [{"id": "a", "text": "x, y"}, {"id": "b", "text": None}]},
        {"0": {"id": "a", "text": "x, y"}, "1": {"id": "b", "text": None}},
    ],
)
def test_a_file_that_is_one_object_of_columns_or_rows_is_read_and_told(whole: dict[str, object]) -> None:
    table = parse(json.dumps(whole).encode(), "t.json")
    assert table.columns == ROWS
    assert (list(table.numbers), table.unit) == ([1, 2], "row")
    assert table.notes[0].startswith("t.json: the file is one object, ")


def test_rows_further_in_are_the_answer_of_a_server_and_a_text_beside_them_is_a_row() -> None:
    hits = [{"_id": "1", "_source": {"body": "a"}}, {"_id": "2", "_source": {"body": "b"}}]
    answer = {"took": 3, "_shards": {"total": 1}, "hits": {"total": {"value": 2, "relation": "eq"}, "hits": hits}}
    table = parse(json.dumps(answer).encode(), "t.json")
    assert table.columns["_id"] == ["1", "2"]
    assert table.notes == ("t.json: the file is one object, and the rows are the list 'hits.hits' in it",)
    for other in ({"text": "a", "entities": {"found": hits}}, {"a": {"rows": hits}, "b": {"rows": hits}}):
        assert len(parse(json.dumps(other).encode(), "t.json").numbers) == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_where_files_were_put_one_behind_another_are_left_out_and_told(end: str) -> None:
    lines = ["\ufeffid,text", "a,one", '\ufeff"b","two, three"', "c,a \ufeffword", ""]
    table = parse(end.join(lines).encode(), "t.csv")
    assert table.columns == {"id": ["a", "b", "c"], "text": ["one", "two, three", "a \ufeffword"]}
    assert table.notes[0].startswith("t.csv: 1 line begins with a byte order mark")
    objects = '\ufeff{"id": "a"}\n\ufeff{"id": "b"}\n'.encode()
    assert parse(objects, "t.jsonl").columns == {"id": ["a", "b"]}
    assert parse(b"\xef\xbb\xbfid,text\na,one\n", "t.csv").notes == ()


def test_the_end_mark_of_dos_is_no_row() -> None:
    assert parse(b"id,text\r\na,one\r\n\x1a", "t.csv").columns == {"id": ["a"], "text": ["one"]}


def test_rows_by_name_keep_their_names() -> None:
    whole = {f"{place}.jpg": {"text": str(place)} for place in range(12)}
    table = parse(json.dumps(whole).encode(), "t.json")
    assert table.columns == {"id": list(whole), "text": list(map(str, range(12)))}
    assert table.notes[0].endswith("with orient='index', and their names the column 'id'")


def test_an_object_that_holds_objects_is_one_row() -> None:
    row = {"question": {"text": "a"}, "answer": {"text": "b"}}
    assert parse(json.dumps(row).encode(), "t.json").columns == {"question": [{"text": "a"}], "answer": [{"text": "b"}]}


def test_several_lists_of_rows_in_one_file_are_refused_with_their_names() -> None:
    rows = [{"text": "a"}, {"text": "b"}]
    with pytest.raises(DataError, match=r"2 lists of rows \('train', 'test'\), and a file is one list: write each"):
        parse(json.dumps({"train": rows, "test": rows}).encode(), "t.json")


def test_the_form_of_coco_is_refused_with_what_is_needed() -> None:
    whole = {"info": {}, "images": [{"id": 0}, {"id": 1}], "annotations": [{"id": 0}], "categories": []}
    with pytest.raises(
        DataError, match=r"t\.json is in the form of COCO, .*a line for each image, its file_name and its label"
    ):
        parse(json.dumps(whole).encode(), "t.json")


def test_a_row_with_lists_is_one_row() -> None:
    row = {"text": "x", "tags": [{"a": 1}, {"a": 2}]}
    assert parse(json.dumps(row).encode(), "t.jsonl").columns == {"text": ["x"], "tags": [row["tags"]]}
    assert parse(json.dumps({"a": ["x", "y"], "b": ["z"]}).encode(), "t.json").numbers == [1]


def test_a_zip_of_hidden_files_alone_says_so() -> None:
    with pytest.raises(DataError, match=r"t\.zip holds 0 files that are not hidden: pack one"):
        parse(zipped(__MACOSX=CSV), "t.zip")


def test_text_that_may_be_utf7_is_noted_with_a_sample_and_read_as_it_stands() -> None:
    data = "id,text\n1,café crème\n2,thé\n".encode("utf-7")
    table = parse(data, "t.csv")
    assert table.columns["text"][0] == "caf+AOk cr+AOg-me"
    assert [
        note for note in table.notes if "may be UTF-7, in which '+AOg-' is 'è'" in note and "--encoding utf-7" in note
    ]
    declared = parse(data, "t.csv", ReadOptions(encoding="utf-7"))
    assert (declared.columns["text"], declared.notes) == (["café crème", "thé"], ())


@pytest.mark.parametrize("text", ["1 +positive- 2", "a+b-c", "call +4917612345678-1", "C++ and +terrible-"])
def test_plus_signs_are_no_utf7(text: str) -> None:
    assert parse(f"id,text\n1,{text}\n".encode(), "t.csv").notes == ()


@pytest.mark.parametrize(
    ("text", "wrong", "sample"),
    [
        ("très bon café", "cp1252", "'Ã¨' is 'è'"),
        ("хороший", "cp1251", "is 'хороший'"),
        ("À côté", "latin-1", "is 'À'"),
    ],
)
def test_utf8_that_was_encoded_twice_is_noted_and_kept(text: str, wrong: str, sample: str) -> None:
    twice = text.encode().decode(wrong)
    table = parse(f"id,text\n1,{twice}\n2,plain\n".encode(), "t.csv")
    assert table.columns["text"] == [twice, "plain"]
    assert len(table.notes) == 1
    assert "1 of 1 cells that are not ASCII seem to be UTF-8" in table.notes[0]
    assert sample in table.notes[0]


@pytest.mark.parametrize(
    "text", ["très bon café à côté", "хороший ресторан", "美味しい魚", "Größe 5 €", "ÂME Ã", "naïve “quotes”"]
)
def test_text_of_other_alphabets_is_not_taken_for_utf8_encoded_twice(text: str) -> None:
    assert parse(f"id,text\n1,{text}\n2,plain\n".encode(), "t.csv").notes == ()


def test_a_message_lists_sixty_names_at_most() -> None:
    assert nearest("zz", [f"c{k}" for k in range(100)]).endswith(", c58, c59 and 40 more")
    assert nearest("zz", [f"c{k}" for k in range(60)]).endswith(", c58, c59")
