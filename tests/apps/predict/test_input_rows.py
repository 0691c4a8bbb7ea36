"""Rows of a file that is predicted, as they are called in it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.ingest.candidates.test_candidates import LOCATED, SPLIT, candidates
from tests.ingest.factories import settings, take
from tidemill.apps.predict.input_rows import input_rows


def test_keys_are_those_of_the_file_and_row_ids_those_that_the_rows_would_have_as_a_batch(tmp_path: Path) -> None:
    file = tmp_path / "may.csv"
    file.write_text("id,text\n7,hello there\n8,see you\n")
    for key, told in ((["source", "id"], ["7", "8"]), ("id", ["7", "8"]), (None, None)):
        chosen = settings(key=key, gold=None)
        found = pl.concat(chunk for source in input_rows(file, chosen) for chunk in source.chunks())
        assert found["row_id"].to_list() == take(file, chosen).raw["row_id"].to_list()
        assert told is None or found["key"].to_list() == told


def test_documents_are_predicted_candidate_by_candidate_under_the_ids_of_a_batch(tmp_path: Path) -> None:
    file = tmp_path / "may.csv"
    file.write_text("id,text\n7,Rome lies in Italy.\n8,Paris is in France. Milan!\n")
    chosen = settings(key=["source", "id"], gold=None, candidates=candidates(markers="types").model_dump(), split=SPLIT)
    found = pl.concat(chunk for source in input_rows(file, chosen) for chunk in source.chunks())
    raw = take(file, chosen, LOCATED).raw
    assert found["row_id"].to_list() == raw["row_id"].to_list()
    assert found.select("subject", "object").rows() == raw.select("subject", "object").rows()
    assert found["text"].to_list()[0] == "[place] lies in <place>"
