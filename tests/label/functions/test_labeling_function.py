from types import SimpleNamespace

import pytest

from tidemill.label import ABSTAIN, LabelingFunction, Row, labeling_function, not_class, preprocessor


def test_a_function_gets_columns_as_attributes_and_as_items():
    row = Row({"text": "hello", "values": 3})
    assert (row.text, row["text"], row.values) == ("hello", "hello", 3)


def test_a_missing_column_is_named_beside_those_there_are():
    with pytest.raises(AttributeError, match="no column 'body'; it has text, subject"):
        _ = Row({"text": "a", "subject": "b"}).body


def test_a_function_cannot_change_the_row_that_others_see():
    row = Row({"text": "a"})
    with pytest.raises(AttributeError, match="write a preprocessor"):
        row.text = "b"
    with pytest.raises(AttributeError, match="deleted 'text'"):
        del row.text
    assert row.text == "a"


def test_the_decorator_without_parentheses_is_refused_as_in_snorkel():
    with pytest.raises(TypeError, match=r"write @labeling_function\(\)"):
        labeling_function(lambda _: 0)


def test_resources_are_arguments_of_the_function():
    @labeling_function(name="known", resources={"names": {"ann"}})
    def f(row, names):
        return 1 if row.text in names else ABSTAIN

    assert (f.name, f(Row({"text": "ann"})), f(Row({"text": "bob"}))) == ("known", 1, -1)


def test_preprocessors_run_in_order_on_a_copy():
    @preprocessor()
    def lowered(row):
        row.text = row.text.lower()
        return row

    @preprocessor()
    def words(row):
        row.words = row.text.split()
        return row

    row = Row({"text": "A B"})
    f = LabelingFunction("f", lambda row: int(row.words == ["a", "b"]), pre=[lowered, words])
    assert f(row) == 1
    assert row.text == "A B"


def test_a_memoized_preprocessor_runs_once_for_all_functions_of_a_row():
    seen = []

    @preprocessor(memoize=True)
    def counted(row):
        seen.append(row.text)
        row.n = len(row.text)
        return row

    functions = [labeling_function(name=name, pre=[counted])(lambda row: row.n) for name in "abc"]
    for text in ("x", "yy"):
        row = Row({"text": text})
        assert [f(row) for f in functions] == [len(text)] * 3
    assert seen == ["x", "yy"]


def test_what_a_memoizing_preprocessor_made_cannot_be_changed_by_one_function_for_the_next():
    @preprocessor(memoize=True)
    def same(row):
        return row

    with pytest.raises(AttributeError, match="may not change its row"):
        same(Row({"text": "a"})).text = "b"


def test_a_preprocessor_that_forgets_to_return_is_named():
    @preprocessor()
    def forgets(row):
        row.x = 1

    with pytest.raises(ValueError, match="preprocessor forgets returned None"):
        forgets(Row({"text": "a"}))


def test_a_function_can_be_called_on_any_object_with_attributes():
    @preprocessor(memoize=True)
    def doubled(row):
        row.n *= 2
        return row

    @labeling_function(pre=[doubled])
    def f(row):
        return not_class(0) if row.n == 2 else ABSTAIN

    assert f(SimpleNamespace(n=1)) == -2
