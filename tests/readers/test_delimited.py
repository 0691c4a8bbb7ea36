"""Delimiter, quotes and header are found by content, and what is unusual is noted."""

from __future__ import annotations

import pytest

from tidemill.contracts import DataError
from tidemill.readers.options import ReadOptions
from tidemill.readers.read import parse
from tidemill.readers.table import Table


def read(text: str, name: str = "t.csv", **options: object) -> Table:
    return parse(text.encode(), name, ReadOptions(**options))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id;text\na;b, c\nd;e\n", "';'"),
        ("id\ttext\na\tb, c\nd\te\n", "tabs"),
        ("id|text\na|b, c\nd|e\n", "'|'"),
        ("id\x01text\na\x01b, c\nd\x01e\n", r"'\x01'"),
        ("sep=;\r\nid;text\r\na;b, c\r\nd;e\r\n", "';'"),
    ],
)
def test_other_delimiters_are_found_and_told(text: str, told: str) -> None:
    table = read(text)
    assert table.columns == {"id": ["a", "d"], "text": ["b, c", "e"]}
    assert table.notes == (f"t.csv: cells are separated by {told}; another with --delimiter (ingest.delimiter)",)


def test_a_delimiter_with_which_rows_are_even_wins_over_one_that_is_more_frequent() -> None:
    table = read("id;text, as written\na;b, c, d\nb;e, f, g, h\nc;i\n")
    assert table.columns == {"id": ["a", "b", "c"], "text, as written": ["b, c, d", "e, f, g, h", "i"]}


def test_a_single_column_has_no_delimiter() -> None:
    assert read("text\nhello; you\nand | me\n").columns == {"text": ["hello; you", "and | me"]}


def test_a_stated_delimiter_is_kept_to() -> None:
    assert read("a;b,c\n1;2,3\n", delimiter=",").columns == {"a;b": ["1;2"], "c": ["3"]}


@pytest.mark.parametrize("stated", ["\\x01", "\\X01", "\\u0001", "\\001", "\x01"])
def test_a_delimiter_that_nobody_can_type_is_stated_as_an_escape(stated: str) -> None:
    assert read("id\x01text\na\x01b, c\n", delimiter=stated).columns == {"id": ["a"], "text": ["b, c"]}


@pytest.mark.parametrize("stated", ["\\x00", "\\x1", "\\x0a", "\\u0022", "ab"])
def test_what_cannot_be_between_cells_is_refused(stated: str) -> None:
    with pytest.raises(DataError, match=r"is not one character, such as ;, tab or \\x01"):
        read("id;text\n", delimiter=stated)


def test_characters_that_nobody_sees_are_escapes_in_messages() -> None:
    with pytest.raises(DataError, match=r"where the header has 1 \(id\\x01text\)"):
        read("id\x01text\na\x01b, c\n", delimiter=",")


def test_an_empty_last_column_is_left_out() -> None:
    for text in ("id,text\na,b,\nc,d,\n", "id,text,\na,b,\nc,d,\n"):
        table = read(text)
        assert table.columns == {"id": ["a", "c"], "text": ["b", "d"]}
        assert table.notes == ("t.csv: the last column is empty in every row and left out",)


def test_empty_last_columns_are_left_out_however_many() -> None:
    for text in ("id,text\na,b,,,\nc,d, ,,\n", "id,text,,,\na,b,,,\nc,d,,,\n", "id,text,\na,b,,,\nc,d,,,\n"):
        table = read(text)
        assert table.columns == {"id": ["a", "c"], "text": ["b", "d"]}
        assert table.notes == ("t.csv: the last 3 columns are empty in every row and left out",)
    with pytest.raises(DataError, match=r"line 2: 5 cells where the header has 2"):
        read("id,text\na,b,,x,\nc,d,,,\n")


def test_a_named_column_without_values_stays() -> None:
    assert read("id,text,label\na,b,\nc,d,\n").columns["label"] == [None, None]


def test_quotes_escaped_by_backslashes_are_read() -> None:
    table = read('id,text\na,"she said \\"hi\\", loud"\nb,C:\\new\n')
    assert table.columns["text"] == ['she said "hi", loud', "C:\\new"]
    assert table.notes == ("t.csv: quotes are escaped by backslashes, for as CSV has them they are not closed",)


@pytest.mark.parametrize("around", ['"', ""])
def test_quotes_escaped_by_backslashes_are_read_where_tabs_separate(around: str) -> None:
    rows = [f"{around}{k}{around}\t{around}C:\\temp{around}" for k in range(9)]
    table = read("\n".join(['id\ttext\na\t"she said \\"hi\\", loud"', *rows]) + "\n", "t.tsv")
    assert table.columns == {"id": ["a", *"012345678"], "text": ['she said "hi", loud', *["C:\\temp"] * 9]}
    assert table.notes == ("t.tsv: quotes are escaped by backslashes, for as CSV has them they are not closed",)


def test_backslashes_before_quotes_that_are_around_no_cell_are_literal() -> None:
    table = read('id\ttext\na\t"she said \\"hi\\""\nb\ta \\"word\\" here\n', "t.tsv")
    assert table.columns["text"] == ['"she said \\"hi\\""', 'a \\"word\\" here']


@pytest.mark.parametrize("delimiter", ["\t", ","])
def test_row_numbers_of_r_and_its_escaped_quotes_are_read(delimiter: str) -> None:
    lines = [f'"{k}"\t"a \\"b\\" {k}"\t"{"xy"[k % 2]}"' for k in range(1, 5)]
    text = "\n".join(['"text"\t"label"', *lines]).replace("\t", delimiter)
    table = read(f"{text}\n", "t.tsv" if delimiter == "\t" else "t.csv")
    assert table.columns == {"": [*"1234"], "text": [f'a "b" {k}' for k in range(1, 5)], "label": [*"yxyx"]}
    assert [note.split(": ", 1)[1].split(",")[0] for note in table.notes] == [
        "quotes are escaped by backslashes",
        "each row has a cell more than the header",
    ]


def test_names_of_rows_that_are_no_numbers_are_said_in_the_refusal() -> None:
    with pytest.raises(DataError, match=r"line 2: 3 cells where the header has 2.*names of rows as R writes them"):
        read("text\tlabel\nsite0_7\ta\tx\nsite1_7\tb\ty\n", "t.tsv")


def test_lone_quotes_in_tabs_are_literal() -> None:
    table = read('id\ttext\na\t"wow\nb\tthen\nc\t12" wide\nd\t"again\n', "t.tsv")
    assert table.columns["text"] == ['"wow', "then", '12" wide', '"again']
    assert table.notes == ("t.tsv: quotes are taken literally, for around cells they are not closed, or join lines",)


def test_quoted_line_breaks_in_tabs_are_part_of_their_cell() -> None:
    table = read('id\ttext\na\t"one\ntwo"\nb\tx\n', "t.tsv")
    assert table.columns["text"] == ["one\ntwo", "x"]
    assert table.notes == ()


def test_a_first_line_whose_cell_repeats_below_is_a_row() -> None:
    lines = "good\tfine soup\n" + "bad\tcold soup\ngood\twarm soup\n" * 5
    table = read(lines, "t.tsv")
    assert table.columns["column_1"] == ["good", *["bad", "good"] * 5]
    assert "'good' stands in 5 of the 10 rows below" in table.notes[0]
    assert "--header" in table.notes[0]
    assert list(read(lines, "t.tsv", header=True).columns) == ["good", "fine soup"]


def test_names_that_columns_have_are_a_header_though_a_row_holds_them() -> None:
    assert list(read("id,text\na,text\nb,text\nc,x\n").columns) == ["id", "text"]
    assert list(read("word,count\nword,1\nb,2\nc,3\n").columns) == ["word", "count"]


def test_without_a_header_every_line_is_a_row() -> None:
    table = read("a,b\nc,d\n", header=False)
    assert table.columns == {"column_1": ["a", "c"], "column_2": ["b", "d"]}
    assert table.notes == ()


@pytest.mark.parametrize("text", ["\ufeff", "sep=;\n"])
def test_a_file_of_a_mark_or_a_separator_line_alone_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"t\.csv holds no rows"):
        read(text)


@pytest.mark.parametrize("text", ["a, b", "no comma"])
def test_a_space_before_a_quote_belongs_to_no_text(text: str) -> None:
    table = parse(f'id, text, label\n1, "{text}", good\n'.encode(), "t.csv")
    assert table.columns == {"id": ["1"], "text": [text], "label": ["good"]}
    assert table.notes == ("t.csv: spaces before quotes are left out",)


def test_a_space_before_a_quote_within_a_text_is_a_part_of_it() -> None:
    table = parse(b'id,text\n1,"{""a"": ""b"", ""c"": 1}"\n2, x\n', "t.csv")
    assert table.columns["text"] == ['{"a": "b", "c": 1}', " x"]
    assert table.notes == ()


def test_rows_of_delimiters_alone_at_the_end_are_left_out_and_told() -> None:
    table = parse(b"id,text\na,b\n,\nc,d\n,\n , \n", "t.csv")
    assert table.columns == {"id": ["a", None, "c"], "text": ["b", None, "d"]}
    assert table.notes == ("t.csv: 2 rows at its end have no values and are left out",)
    assert parse(b'text\na\n""\n', "t.csv").columns == {"text": ["a", None]}  # a row without text, for predict


def test_marks_around_the_names_of_columns_do_not_count() -> None:
    data = "\ufeff\ufeffid,\u200btext\u200b , label\n1,a,b\n".encode()
    assert list(parse(data, "t.csv").columns) == ["id", "text", "label"]


def test_a_header_that_comes_again_is_left_out_and_told() -> None:
    table = read("id,Text \na,b\nid, Text\nc,d\n")
    assert table.columns == {"id": ["a", "c"], "Text": ["b", "d"]}
    assert list(table.numbers) == [2, 4]
    assert table.notes == ("t.csv: 1 line repeats the header and is left out, such as line 3",)
    assert read("text\ntext\nb\n").columns == {"text": ["text", "b"]}  # a word, not a header


def test_lines_above_the_header_are_named() -> None:
    with pytest.raises(DataError, match=r"line 2: 2 cells .*remove lines above the header, or name .* --delimiter"):
        read("# exported today\nid,text\na,b\n")
    with pytest.raises(DataError, match=r"two columns have no name, as cells 2 and 3 .*remove lines above the header"):
        read("Reviews,,\nid,text,label\na,b,c\n")


def test_a_first_line_of_which_a_cell_stands_in_two_rows_below_is_a_row() -> None:
    assert read("x0,good\na,good\nb,good\nc,bad\n").columns["column_2"] == ["good", "good", "good", "bad"]
    assert read("x0,good\na,good\nb,fine\nc,bad\n").columns["good"] == ["good", "fine", "bad"]


def test_a_line_whose_quote_is_not_closed_is_set_aside_and_the_others_are_read():
    lines = ["1,a,x", '2,"b,y', "3,c,x", '4,"a ""d"", e",y', '5,say "f" now,x', '6,"g', "7,h,y"]
    data = "\n".join(["id,body,kind", *lines]).encode()
    with pytest.raises(
        DataError, match=r"t\.csv, line 3: .*a quote is not closed .*: double it, or take it out"
    ) as error:
        parse(data, "t.csv", ReadOptions(way_out="; or set it aside"))
    assert str(error.value).endswith("; or set it aside")
    table = parse(data, "t.csv", ReadOptions(bad_rows="quarantine"))
    assert table.columns["body"] == ["a", "c", 'a "d", e', 'say "f" now', "h"]
    assert table.numbers == [2, 4, 5, 6, 8]
    assert [(row.number, row.reason.rpartition("; ")[2]) for row in table.bad] == [
        (3, "a quote is not closed or stands inside a cell"),
        (7, "a quote is not closed or stands inside a cell"),
    ]


def test_a_file_whose_header_has_an_open_quote_or_that_has_many_is_refused():
    for data in (b'"id,body\n1,a\n2,b\n', b"id,body\n" + b'1,"a\n' * 1003):
        with pytest.raises(DataError, match="a quote is not closed"):
            parse(data, "t.csv", ReadOptions(bad_rows="quarantine"))
