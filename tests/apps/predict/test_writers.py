"""Predictions as they are written, part by part."""

from __future__ import annotations

import io
import os

import polars as pl
import pytest

from tidemill.apps.predict import writers

PART = pl.DataFrame({"row_id": ["a"], "text": ["x, y"]})


def test_parts_have_one_header() -> None:
    file = io.BytesIO()
    write = writers._text(file, ".csv")
    write(PART)
    write(PART)
    assert file.getvalue() == b'row_id,text\na,"x, y"\na,"x, y"\n'
    file = io.BytesIO()
    writers._text(file, ".jsonl")(PART)
    assert file.getvalue() == b'{"row_id":"a","text":"x, y"}\n'


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_closed_pipe_is_an_error_that_says_so(suffix: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    with pytest.raises(BrokenPipeError), os.fdopen(writes, "wb", buffering=0) as file:
        writers._text(file, suffix)(PART)
