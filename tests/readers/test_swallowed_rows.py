"""Quotes that open in one row of CSV and close in another."""

import pytest

from tidemill.readers.read import parse

PLAIN = [f"r{i},comment number {i} about the shop" for i in range(30)]


def stray(rows, first, last):
    rows = list(rows)
    name, text = rows[first].split(",", 1)
    rows[first] = f'{name},"Best ever - {text}'
    rows[last] += ' was what he said"'
    return rows


def read(rows, header="row_id,text"):
    table = parse("\n".join([header, *rows, ""]).encode(), "t.csv")
    return table, [note for note in table.notes if "quote" in note]


@pytest.mark.parametrize(("first", "last"), [(5, 15), (5, 6)])
def test_rows_between_stray_quotes_are_rows_where_ids_show_it(first, last):
    table, (note,) = read(stray(PLAIN, first, last))
    assert table.columns["row_id"] == [f"r{i}" for i in range(30)]
    assert table.columns["text"][first] == f'"Best ever - comment number {first} about the shop'
    assert note == "t.csv: quotes are taken literally, for around cells they are not closed, or join lines"


def test_where_other_quotes_are_needed_the_rows_that_are_joined_are_told():
    rows = stray(PLAIN, 5, 15)
    rows[20] = 'r20,"well, so be it"'
    table, (note,) = read(rows)
    assert len(table.numbers) == 20
    assert note.startswith(
        "t.csv: line 7: a cell that a quote opens holds 10 lines that look like rows of their own, such as 'r6,comment number 6 about the shop'"
    )


def test_labels_show_rows_too():
    rows = [f"text {'abcdefghijklmnopqrst'[i]},{'good' if i % 2 else 'bad'}" for i in range(20)]
    rows[3] = f'"{rows[3]}'
    rows[9] = rows[9].replace(",", '",')
    table, (note,) = read(rows, "text,label")
    assert len(table.numbers) == 14
    assert "line 5: a cell that a quote opens holds 5 lines that look like rows" in note


@pytest.mark.parametrize(
    "cell",
    [
        '"dear all,\nplease come, and bring cake,\nyours"',
        '"a poem\nwith lines, and more"',
        '"columns:\n1, 2, 3\n4, 5, 6"',
    ],
)
def test_texts_of_several_lines_are_texts(cell):
    rows = [*PLAIN]
    rows[4] = f"r4,{cell}"
    table, notes = read(rows)
    assert (table.columns["text"][4], notes) == (cell.strip('"'), [])
