"""Cells that databases and aligned tables fill up with spaces, and cells in single quotes."""

from __future__ import annotations

import io

import polars as pl
import pytest

from tidemill.contracts import DataError
from tidemill.readers.read import parse

ROWS = [("r1", "a fine day", "good"), ("r10", "it rained, and then more", "bad"), ("r100", "", "good")]


def _aligned(cells: tuple[str, ...]) -> list[str]:
    return [f"{cell:<{width}}" for cell, width in zip(cells, (6, 30, 5), strict=True)]


@pytest.mark.parametrize("kind", ["char", "psql", "markdown", "parquet"])
def test_padding_is_left_out_and_told(kind: str) -> None:
    rows = [_aligned(row) for row in ROWS]
    names = ("id", "body", "label")
    if kind == "char":
        data, name = "\n".join(";".join(row) for row in [list(names), *rows]).encode(), "t.csv"
    elif kind == "psql":  # the last cell is not filled up
        lines = [" | ".join([*row[:2], row[2].rstrip()]) for row in [_aligned(names), *rows]]
        data, name = "\n".join(f" {line}" for line in [lines[0], "-------+-------", *lines[1:]]).encode(), "t.csv"
        data = data.replace(b" -------+-------", b"--------|--------------------------------|-------")
    elif kind == "markdown":
        lines = [f"| {' | '.join(row)} |" for row in [_aligned(names), ["---"] * 3, *rows]]
        data, name = "\n".join(lines).encode(), "t.csv"
    else:
        out = io.BytesIO()
        pl.DataFrame(rows, schema=list(names), orient="row").write_parquet(out)
        data, name = out.getvalue(), "t.parquet"
    table = parse(data, name)
    read = list(zip(*(table.columns[column] for column in names), strict=True))
    assert read == [(key, body or None, label) for key, body, label in ROWS]
    assert f"{name}: cells of columns id, body, label are filled up with spaces, which are left out" in table.notes


def test_texts_of_one_length_and_texts_that_begin_with_a_space_stay() -> None:
    cut = ["the first of many words", "and this one is cut off", "here the last is a space"[:22] + " "]
    table = parse(b"text\n" + "\n".join(cut).encode(), "t.csv")
    assert table.columns["text"] == cut
    assert parse(b"text,n\n a b,1\n a,2\n", "t.csv").columns["text"] == [" a b", " a"]
    assert table.notes == ()


def test_single_quotes_around_cells_are_quotes() -> None:
    rows = "".join(f"'k{n}','the soup, it''s number {n}','{('bad', 'good')[n % 2]}',{n}\n" for n in range(60))
    for header in ("id,body,verdict,n\n", "'id','body','verdict','n'\n"):
        table = parse((header + rows).encode(), "t.csv")
        assert table.columns["id"][:2] == ["k0", "k1"]
        assert table.columns["body"][1] == "the soup, it's number 1"
        assert set(table.columns["verdict"]) == {"bad", "good"}
        assert table.notes == ("t.csv: cells stand in single quotes, as SQL has them, which are left out",)


@pytest.mark.parametrize(
    "rows",
    [
        "it's here,good\nthat's it,bad\n",
        "'tis the season,good\n'twas night,bad\n",
        "the '90s,good\nrock 'n' roll,bad\n",
        "'a' is a letter,good\n'b' too,bad\n",
        "\"'quoted'\",good\n\"'twice'\",bad\n",
    ],
)
def test_apostrophes_of_texts_stay(rows: str) -> None:
    table = parse(f"text,label\n{rows}".encode(), "t.csv")
    assert all("'" in text for text in table.columns["text"])
    assert table.notes == ()


def test_what_clients_write_below_the_rows_is_named_as_that() -> None:
    with pytest.raises(DataError, match=r"line 4: 1 cell .*; remove '\(2 rows affected\)', the last line"):
        parse(b"id,text\n1,a\n2,b\n(2 rows affected)\n", "t.csv")
