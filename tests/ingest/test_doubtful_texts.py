import pytest

from tidemill.ingest.doubtful_texts import notes_on_texts
from tidemill.readers.table import Table


def table(texts, **others):
    return Table("rows.csv", {"text": texts} | others, list(range(2, 2 + len(texts))))


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([*"12345"], "each of the 5 texts of column 'text' has no letter ('1'): is it the text?; other columns: body"),
        ([1, 2, 3.5, 4, None, 5], "each of the 5 texts of column 'text' has no letter ('1')"),
        (["A-1", "A-2", "B/3", "b:44", "c5"], "each of the 5 texts of column 'text' is one code ('A-1')"),
        (["ham", "Spam", "ham", "SPAM ", "ham"], "each of the 5 texts of column 'text' is the name of a class ('ham')"),
    ],
)
def test_a_column_without_words_is_told_with_a_value_and_the_other_columns(texts, said):
    (note,) = notes_on_texts(table(texts, body=["x"] * len(texts)), "text", ("ham", "spam"))
    assert note.startswith(f"rows.csv: {said}")


@pytest.mark.parametrize(
    "texts",
    [
        [*"1234"],
        ["1", "2", "3", "4", "call me"],
        ["ham", "spam", "ham", "ham", "eggs"],
        ["天气很好"] * 5,
        [[1], [2], [3], [4], [5]],
    ],
)
def test_texts_with_words_and_few_rows_are_not_doubted(texts):
    assert notes_on_texts(table(texts), "text", ("ham", "spam")) == []
