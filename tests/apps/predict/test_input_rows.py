"""Rows of a file that is predicted, as they are called in it."""

from __future__ import annotations

import base64
import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest

from tests.ingest.candidates.test_candidates import LOCATED, SPLIT, candidates
from tests.ingest.factories import image_settings, png, settings, take, write
from tidemill.apps.predict.input_rows import input_rows


def test_keys_are_those_of_the_file_and_row_ids_those_that_the_rows_would_have_as_a_batch(tmp_path: Path) -> None:
    file = tmp_path / "may.csv"
    file.write_text("id,text\n7,hello there\n8,see you\n")
    for key, told in ((["source", "id"], ["7", "8"]), ("id", ["7", "8"]), (None, None)):
        chosen = settings(key=key, gold=None)
        found = pl.concat(chunk for source in input_rows(file, chosen) for chunk in source.chunks())
        assert found["row_id"].to_list() == take(file, chosen).raw["row_id"].to_list()
        assert told is None or found["key"].to_list() == told


@pytest.mark.parametrize("key", [None, "id"])
def test_rows_that_cannot_be_read_have_ids_of_their_own(tmp_path: Path, key: str | None) -> None:
    lines = [
        '{"id": "7", "text": "hello"}',
        "oops",
        '{"id": "8", "text": ""}',
        "oops",
        r'{"text": "\ud83d"}',
        '{"text": ""}',
    ]
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    listed = input_rows(tmp_path, settings(key=key, gold=None))
    found = pl.concat(chunk for source in listed for chunk in source.chunks())
    wrong = found.filter(pl.col("error").is_not_null())
    assert wrong.height == 10
    nameless = wrong.filter(pl.col("key") != "8")  # a key is the row's name in both files
    assert nameless["row_id"].is_unique().all()
    assert nameless["key"].is_unique().all()
    assert "half of a character" in wrong["error"][3]
    (again,) = input_rows(tmp_path / "a.jsonl", settings(key=key, gold=None))
    assert pl.concat(list(again.chunks()))["row_id"].to_list() == found["row_id"].to_list()[:6]


def test_keys_that_name_no_single_row_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "may.csv"
    for ids, told in (
        (["7", "8", "7", "", " "], ["'id': 1 value comes more than once, such as '7'", "'id' is empty in 2 rows"]),
        (["1", "2", "3", "4", "5"], []),
    ):
        file.write_text("id,text\n" + "".join(f"{key},text {row}\n" for row, key in enumerate(ids)))
        (source,) = input_rows(file, settings(key=["source", "id"], gold=None))
        assert sum(chunk.height for chunk in source.chunks()) == 5
        notes = capsys.readouterr().err.splitlines()
        assert len(notes) == len(told)
        assert all(part in note for part, note in zip(told, notes, strict=True))


def test_tables_of_a_folder_are_read_whatever_packs_them_and_what_else_is_there_is_told(tmp_path: Path, capsys) -> None:
    (tmp_path / "a.csv").write_text("text\nhello there\n")
    (tmp_path / "b.CSV.gz").write_bytes(gzip.compress(b"text\nsee you\n"))
    (tmp_path / "below").mkdir()
    for name in ("below/c.csv", ".d.csv", "~$a.csv"):
        (tmp_path / name).write_text("text\nmore\n")
    found = input_rows(tmp_path, settings(key=None, gold=None))
    assert [source.source.name for source in found] == ["a.csv", "b.CSV.gz"]
    assert capsys.readouterr().err == f"note: {tmp_path.name}: its tables are read, and not below, .d.csv\n"
    (tmp_path / "below" / "c.csv").unlink()
    (tmp_path / "below").rmdir()
    input_rows(tmp_path, settings(key=None, gold=None))
    assert capsys.readouterr().err.endswith("and not .d.csv\n")


def test_a_dataset_that_was_saved_to_disk_is_its_rows(tmp_path: Path, capsys) -> None:
    pl.DataFrame({"text": ["hello there", "see you"]}).write_ipc_stream(tmp_path / "data-00000-of-00001.arrow")
    for name in ("dataset_info.json", "state.json"):
        (tmp_path / name).write_text('{"_fingerprint": "0a"}')
    (source,) = input_rows(tmp_path, settings(key=None, gold=None))
    assert sum(chunk.height for chunk in source.chunks()) == 2
    told = "its tables are read, and not dataset_info.json, state.json"
    assert capsys.readouterr().err == f"note: {tmp_path.name}: {told}\n"


def test_documents_are_predicted_candidate_by_candidate_under_the_ids_of_a_batch(tmp_path: Path) -> None:
    file = tmp_path / "may.csv"
    file.write_text("id,text\n7,Rome lies in Italy.\n8,Paris is in France. Milan!\n")
    chosen = settings(key=["source", "id"], gold=None, candidates=candidates(markers="types").model_dump(), split=SPLIT)
    found = pl.concat(chunk for source in input_rows(file, chosen) for chunk in source.chunks())
    raw = take(file, chosen, LOCATED).raw
    assert found["row_id"].to_list() == raw["row_id"].to_list()
    assert found.select("subject", "object").rows() == raw.select("subject", "object").rows()
    assert found["text"].to_list()[0] == "[place] lies in <place>"


def test_folders_of_texts_and_single_ones_are_predicted_and_documents_without_a_pair_have_no_line(tmp_path: Path):
    chosen = settings(key=["source", "id"], gold=None, candidates=candidates(markers="types").model_dump(), split=SPLIT)
    write(tmp_path / "may" / "a.txt", "Rome in Italy")
    write(tmp_path / "may" / "b.txt", "Rome")
    (folder,) = input_rows(tmp_path / "may", chosen)
    (single,) = input_rows(tmp_path / "may" / "a.txt", chosen)
    (nothing,) = input_rows(tmp_path / "may" / "b.txt", chosen)
    keys = [pl.concat(list(rows.chunks()))["key"].to_list() for rows in (folder, single, nothing)]
    assert keys == [["a.txt:0-4:8-13", "a.txt:8-13:0-4"]] * 2 + [[]]
    assert set(next(iter(nothing.chunks())).dtypes) == {pl.String}


def test_mentions_of_a_column_are_found_in_what_is_predicted(tmp_path: Path):
    spans = {"place": {"spans": "places"}}
    chosen = settings(key="id", gold=None, candidates=candidates(mentions=spans).model_dump(), split=SPLIT)
    row = {"id": "a", "text": "Rome in Italy", "places": [{"begin": 0, "end": 4}, {"begin": 8, "end": 13}]}
    (rows,) = input_rows(write(tmp_path / "a.jsonl", json.dumps(row)), chosen)
    assert pl.concat(list(rows.chunks())).select("subject", "object").rows() == [("Rome", "Italy"), ("Italy", "Rome")]


def test_cells_that_are_data_uris_are_predicted_from_a_file_and_standard_input(tmp_path: Path, monkeypatch) -> None:
    uri = f"data:image/png;base64,{base64.b64encode(png(1)).decode()}"
    file = write(tmp_path / "may.csv", f'path\n"{uri}"\n"{uri * 50}!"\n')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    for place in (file, Path("-")):
        (rows,) = input_rows(place, image_settings(key=None, gold=None))
        found = pl.concat(list(rows.chunks()))
        assert found["image"].to_list() == [png(1), b""]
        assert "is a data URI or base64 that is cut off or damaged" in found["error"][1]
        assert len(found["error"][1]) < 200
