"""From a source to the tables of one batch."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from tests.ingest.factories import SPAM, settings, take, write
from tests.readers.workbooks import workbook
from tidemill.contracts import SPLITS, DataError, check, gold_contract
from tidemill.ingest.batch import SEEN, counts
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.splits import split_of


def rows(*cells: tuple[str, str, str | None]) -> str:
    return "".join(json.dumps({"id": key, "text": text, "label": label}) + "\n" for key, text, label in cells)


def words(seed: int, count: int = 30) -> str:
    chosen = random.Random(seed)
    return " ".join("".join(chosen.choices("abcdefghij", k=6)) for _ in range(count))


def test_gold_goes_apart_from_raw_and_dev_apart_from_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path / "b.jsonl", rows(*((str(n), words(n), "spam" if n % 3 else "ham") for n in range(200))))
    batch = take(path, settings())
    split = dict(batch.raw.select("row_id", "split").iter_rows())
    assert batch.raw.columns == ["row_id", "key", "batch", "split", "text"]
    assert {split[row] for row in batch.dev["row_id"]} == {"dev"}
    assert {split[row] for row in batch.gold["row_id"]} == {"train", "valid", "test"}
    assert batch.dev.height + batch.gold.height == batch.raw.height == 200
    check(batch.raw, settings().raw, where="raw")
    check(batch.gold, gold_contract(2), where="gold")
    check(batch.seen, SEEN, where="seen")
    gold = dict(pl.concat([batch.dev, batch.gold]).iter_rows())
    keys = dict(batch.raw.select("row_id", "key").iter_rows())
    assert all(gold[row] == (1 if int(keys[row]) % 3 else 0) for row in gold)


def test_a_row_keeps_its_id_and_split_whatever_comes_with_it(tmp_path: Path) -> None:
    many = [(str(n), words(n), "ham") for n in range(50)]
    first = take(write(tmp_path / "a.jsonl", rows(*many)), settings()).raw.select("row_id", "key", "split")
    second = take(write(tmp_path / "b.jsonl", rows(*reversed(many[10:]))), settings()).raw.select(
        "row_id", "key", "split"
    )
    assert first.filter(pl.col("key").is_in(second["key"].to_list())).sort("key").equals(second.sort("key"))


def test_splits_have_the_shares_they_were_given() -> None:
    chosen = settings().split
    drawn = [split_of(str(n), chosen) for n in range(20_000)]
    for name in SPLITS:  # 5 standard deviations of a share of .5 in 20,000 draws are .018
        assert drawn.count(name) / len(drawn) == pytest.approx(getattr(chosen, name), abs=0.018)


def test_a_split_of_no_share_gets_no_row() -> None:
    only = settings(split={"train": 1, "dev": 0, "valid": 0, "test": 0, "seed": 1}).split
    assert {split_of(str(n), only) for n in range(500)} == {"train"}


def test_the_same_text_and_nearly_the_same_text_are_dropped_within_and_across_batches(tmp_path: Path) -> None:
    text = words(1)
    first = take(
        write(tmp_path / "a.jsonl", rows(("1", text, "ham"), ("2", text, "ham"), ("3", f"{text} 24!", "ham"))),
        settings(),
    )
    assert first.seen["fate"].to_list() == ["kept", "same", "near"]
    later = rows(("4", text.upper(), "ham"), ("5", words(2), "spam"), ("1", text, "ham"))
    second = take(write(tmp_path / "b.jsonl", later), settings(), before=[first])
    assert second.seen["fate"].to_list() == ["near", "kept", "same"]
    assert second.raw["key"].to_list() == ["5"]
    assert counts(second.seen, second.raw["split"], quarantined=0).near_duplicates == 1


def test_near_duplicates_stay_where_only_equal_texts_count(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", rows(("1", words(1), "ham"), ("2", f"{words(1)} 24!", "ham")))
    batch = take(path, settings(near_duplicates="keep"))
    assert batch.raw.height == 2
    assert "signature" not in batch.seen.columns


def test_a_key_that_comes_again_with_other_content_is_refused(tmp_path: Path) -> None:
    first = take(write(tmp_path / "a.jsonl", rows(("1", words(1), "ham"))), settings())
    changed = write(tmp_path / "b.jsonl", rows(("0", words(3), "ham"), ("1", words(2), "ham")))
    with pytest.raises(DataError, match=r"b.jsonl, line 2: key '1' came in an earlier batch with other content"):
        take(changed, settings(), before=[first])


def test_every_key_that_collides_is_named_at_once(tmp_path: Path) -> None:
    first = take(write(tmp_path / "a.jsonl", rows(*((str(n), words(n), "ham") for n in range(5)))), settings())
    cells = [(str(n), words(n if n % 2 else 90 + n), "ham") for n in range(5)]
    changed = write(tmp_path / "b.jsonl", rows(*cells))
    with pytest.raises(DataError, match=r"line 1: key '0' came .*; 3 keys came with other content, lines 1, 3, 5$"):
        take(changed, settings(), before=[first])
    twice = write(tmp_path / "c.jsonl", rows(*((str(n // 2), words(50 + n), "ham") for n in range(6))))
    with pytest.raises(
        DataError, match=r"line 2: id '0' is there already, .*; 3 rows have the key of another, lines 2, 4, 6$"
    ):
        take(twice, settings())


def test_a_batch_of_nothing_new_is_refused(tmp_path: Path) -> None:
    first = take(write(tmp_path / "a.jsonl", rows(("1", words(1), "ham"))), settings())
    with pytest.raises(DataError, match=r"b.jsonl: all its rows came in earlier batches"):
        take(write(tmp_path / "b.jsonl", rows(("1", words(1), None))), settings(), before=[first])


def test_without_a_key_column_the_content_is_the_key(tmp_path: Path) -> None:
    batch = take(
        write(tmp_path / "a.csv", "text\nhello there\nhello there\ngoodbye now\n"), settings(key=None, gold=None)
    )
    assert batch.seen["fate"].to_list() == ["kept", "same", "kept"]
    assert batch.gold["gold"].to_list() + batch.dev["gold"].to_list() == [-1, -1]


def test_metadata_is_typed_and_slices_stay_out_of_raw(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text,label,n,ok,x,who\n1,hello there,ham,3,yes,.5,a\n2,goodbye now,,,,,\n")
    batch = take(path, settings(meta={"n": "int", "ok": "bool", "x": "float"}, slices=["who"]))
    assert batch.raw.select("n", "ok", "x").rows() == [(3, True, 0.5), (None, None, None)]
    assert batch.slices["who"].to_list() == ["a", None]
    assert "who" not in batch.raw.columns


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            {"id": "2", "text": "x", "label": "smap"},
            "line 2: column 'label' is 'smap', not a class; did you mean 'spam'?",
        ),
        ({"id": "2", "text": float("nan"), "label": "ham"}, "line 2: column 'text' is nan, not text: fill it"),
        ({"id": "2", "text": "  ", "label": "ham"}, "line 2: column 'text' is '  ', not text"),
        ({"id": "2", "text": ["x"], "label": "ham"}, "line 2: column 'text' is ['x'], not text"),
        ({"id": "1", "text": "x", "label": "ham"}, "line 2: id '1' is there already, on line 1"),
        ({"id": None, "text": "x", "label": "ham"}, "line 2: column 'id' is None"),
        ({"id": "2", "text": "x", "n": "many"}, "line 2: column 'n' is 'many', not int"),
    ],
)
def test_a_bad_row_is_named_with_line_column_and_value(tmp_path: Path, row: dict[str, object], told: str) -> None:
    good = {"id": "1", "text": "hello", "label": "ham", "n": 1}
    path = write(tmp_path / "t.jsonl", f"{json.dumps(good)}\n{json.dumps(row)}\n")
    with pytest.raises(DataError) as error:
        take(path, settings(meta={"n": "int"}), SPAM)
    assert f"t.jsonl, {told}" in str(error.value)


def test_numbers_make_keys_and_classes_too(tmp_path: Path) -> None:
    problem = SPAM.model_copy(update={"classes": ("1", "2")})
    file = tmp_path / "t.parquet"
    pl.DataFrame({"id": [1, 2], "text": ["hello there", "goodbye now"], "label": [1.0, 2.0]}).write_parquet(file)
    batch = take(file, settings(), problem)
    assert batch.raw["key"].to_list() == ["1", "2"]
    assert sorted(pl.concat([batch.dev, batch.gold])["gold"].to_list()) == [0, 1]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image": "path"}, "exactly one of text and image"),
        ({"text": None}, "exactly one of text and image"),
        ({"meta": {"gold": "int"}}, "'gold' in meta or slices is a name of Tidemill's own"),
        ({"meta": {"label": "string"}}, "may not be metadata"),
        ({"split": {"train": 1, "dev": 1, "valid": 0, "test": 0, "seed": 1}}, "sum to 2, not to 1"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        IngestSettings.model_validate(settings().model_dump() | changes)


BAD_ROWS = """id,text,label,n
1,hello there,ham,1
2,,ham,1
1,another text,spam,1
3,what is this,smap,1
4,too many,ham,many
5,goodbye now,spam,2
6,x,y
"""


def test_rows_that_cannot_be_taken_are_set_aside_each_with_its_reason(tmp_path: Path) -> None:
    chosen = settings(meta={"n": "int"}, bad_rows="quarantine", max_bad_rows=0.8)
    batch = take(write(tmp_path / "t.csv", BAD_ROWS), chosen)
    assert batch.raw["text"].to_list() == ["hello there", "goodbye now"]
    assert batch.raw["n"].to_list() == [1, 2]
    assert sorted(pl.concat([batch.dev, batch.gold])["gold"].to_list()) == [0, 1]
    assert batch.seen["key"].to_list() == ["1", "5"]
    told = dict(batch.bad.rows())
    assert list(told) == [3, 4, 5, 6, 8]
    words_of = ["not text", "is there already, on line 2", "not a class", "not int", "3 cells where the header has 4"]
    assert all(word in reason for word, reason in zip(words_of, told.values(), strict=True))
    assert batch.set_aside == f"t.csv: 5 rows are set aside, the first is line 3: {told[3]}"


@pytest.mark.parametrize(
    "cell", [b"\xff\xd8\xff", {"bytes": b"\xff\xd8\xff", "path": "a.jpg"}], ids=["bytes", "struct"]
)
def test_images_in_the_place_of_texts_are_told_how_to_be_read(tmp_path: Path, cell: object) -> None:
    pl.DataFrame({"id": ["1"], "text": [cell], "label": ["ham"]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"t\.parquet, row 1: column 'text' is .*, not text: .* --image text"):
        take(tmp_path / "t.parquet", settings())


def test_a_line_that_cannot_be_split_says_how_it_is_set_aside(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"t\.csv, line 8: 3 cells .*, or set such rows aside with --bad-rows quarantine"
    ):
        take(write(tmp_path / "t.csv", BAD_ROWS), settings())


def test_a_file_of_too_many_bad_rows_is_refused_whole(tmp_path: Path) -> None:
    chosen = settings(meta={"n": "int"}, bad_rows="quarantine", max_bad_rows=0.7)
    with pytest.raises(
        DataError, match=r"t\.csv: 5 of 7 rows cannot be taken, more than ingest.max_bad_rows 0.7 allows \(line 8"
    ):
        take(write(tmp_path / "t.csv", BAD_ROWS), chosen)


def test_a_changed_row_is_set_aside_too(tmp_path: Path) -> None:
    first = take(write(tmp_path / "a.csv", "id,text,label\n1,hello there,ham\n"), settings())
    chosen = settings(bad_rows="quarantine", max_bad_rows=0.5)
    path = write(tmp_path / "b.csv", "id,text,label\n1,something else,ham\n2,quite another thing,spam\n")
    batch = take(path, chosen, before=[first])
    assert batch.raw["key"].to_list() == ["2"]
    assert "came in an earlier batch with other content" in batch.bad["reason"][0]


@pytest.mark.parametrize("label", ["HAM", " ham ", "Ham", "\N{FULLWIDTH LATIN SMALL LETTER H}am"])
def test_letter_case_spaces_and_forms_of_unicode_name_the_same_class(tmp_path: Path, label: str) -> None:
    batch = take(write(tmp_path / "t.csv", f"id,text,label\n1,hello there,{label}\n"), settings())
    assert pl.concat([batch.dev, batch.gold])["gold"].to_list() == [0]


def test_where_classes_differ_by_letter_case_only_exact_names_count(tmp_path: Path) -> None:
    problem = SPAM.model_copy(update={"classes": ("us", "US", "uk")})
    batch = take(write(tmp_path / "t.csv", "id,text,label\n1,hello there,US\n2,goodbye now,UK\n"), settings(), problem)
    assert sorted(pl.concat([batch.dev, batch.gold])["gold"].to_list()) == [1, 2]
    with pytest.raises(DataError, match="'Us', not a class"):
        take(write(tmp_path / "t.csv", "id,text,label\n1,hello there,Us\n"), settings(), problem)


@pytest.mark.parametrize("label", ["NA", "n/a", "-1", "unlabeled", "None", "?"])
def test_usual_words_for_no_label_are_no_label_unless_a_class_has_that_name(tmp_path: Path, label: str) -> None:
    path = write(tmp_path / "t.csv", f"id,text,label\n1,hello there,{label}\n")
    batch = take(path, settings())
    assert pl.concat([batch.dev, batch.gold])["gold"].to_list() == [-1]
    named = take(path, settings(), SPAM.model_copy(update={"classes": ("ham", label)}))
    assert pl.concat([named.dev, named.gold])["gold"].to_list() == [1]


def test_several_labels_of_a_row_are_refused_with_a_clear_word(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", '{"id": 1, "text": "x", "label": ["ham", "spam"]}\n')
    with pytest.raises(
        DataError, match=r"line 1: column 'label' is \['ham', 'spam'\], several labels where one is taken"
    ):
        take(path, settings())


def test_a_batch_without_a_column_of_labels_has_none_and_says_so(tmp_path: Path) -> None:
    batch = take(write(tmp_path / "t.csv", "id,text\n1,hello there\n"), settings())
    assert pl.concat([batch.dev, batch.gold])["gold"].to_list() == [-1]
    assert batch.notes == ("t.csv has no column 'label' (ingest.gold): its rows have no labels by people",)


def test_a_name_with_a_comma_that_was_taken_for_two_classes_is_told_how_to_be_given(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'id,text,label\n1,hello there,"ham, spam"\n')
    told = r"'ham, spam', not a class, while 'ham' and 'spam' are; .* --classes once for each"
    with pytest.raises(DataError, match=told):
        take(path, settings())


def alarms(path: Path, rows: int = 60) -> Path:
    """Messages of one template, whose number decides; every other one is labeled."""
    lines = "".join(
        f'{k},"[monitor] disk usage on the main server is at {k} percent of its capacity",{"ham" if k % 2 else ""}\n'
        for k in range(rows)
    )
    return write(path, f"id,text,label\n{lines}")


@pytest.mark.parametrize("policy", ["keep", "group", "drop"])
def test_numbers_are_content_where_texts_are_made_from_templates(tmp_path: Path, policy: str) -> None:
    batch = take(alarms(tmp_path / "t.csv"), settings(near_duplicates=policy))
    assert batch.raw.height == 60
    assert (pl.concat([batch.dev, batch.gold])["gold"] == 0).sum() == 30
    assert batch.raw["split"].n_unique() == 4
    told = "t.csv: 60 of 60 texts (100%) differ from another in digits alone, such as '[monitor] disk usage on"
    assert any(note.startswith(told) for note in batch.notes) == (policy != "keep")


CAMPAIGN = [f"{start} you have won a holiday for two, call now to claim it" for start in "abcdefghijklmnopqrst"]


@pytest.mark.parametrize(("policy", "kept", "splits"), [("keep", 20, 4), ("group", 20, 1), ("drop", 1, 1)])
def test_near_duplicates_are_kept_share_a_split_or_are_dropped(
    tmp_path: Path, policy: str, kept: int, splits: int
) -> None:
    lines = "".join(f'{k},"{text}",ham\n' for k, text in enumerate(CAMPAIGN))
    chosen = settings(near_duplicates=policy)
    first = take(write(tmp_path / "t.csv", f"id,text,label\n{lines}"), chosen)
    assert (first.raw.height, first.raw["split"].n_unique()) == (kept, splits)
    told = [note for note in first.notes if "19 of 20 rows (95%)" in note and "'b you have won" in note]
    assert len(told) == (policy != "keep")
    later = write(tmp_path / "u.csv", f'id,text,label\nz,"z{CAMPAIGN[0][1:]}",ham\ny,quite another,ham\n')
    second = take(later, chosen, before=[first])
    assert second.raw.height == (1 if policy == "drop" else 2)
    if policy == "group":
        assert second.raw["split"][0] == first.raw["split"][0]
        assert counts(second.seen, second.raw["split"], quarantined=0).grouped == 1


def test_equal_contents_are_one_row_with_the_label_that_most_have_and_conflicts_are_told(tmp_path: Path) -> None:
    rows = [("ok", ""), ("ok", "ham"), ("no", "spam"), ("no", "ham"), ("no", "spam"), ("so", "ham"), ("so", "spam")]
    lines = "".join(f"{k},{text},{label}\n" for k, (text, label) in enumerate(rows))
    batch = take(write(tmp_path / "t.csv", f"id,text,label\n{lines}"), settings())
    gold = dict(pl.concat([batch.dev, batch.gold]).iter_rows())
    assert {text: gold[row] for row, text in batch.raw.select("row_id", "text").iter_rows()} == {
        "ok": 0,
        "no": 1,
        "so": -1,
    }
    assert "4 of 7 rows have the content of another, such as 'ok'; each content is one row" in batch.notes[0]
    assert "2 contents have conflicting labels, such as 'no'" in batch.notes[1]
    assert "1 have none, since no label has most ('so')" in batch.notes[1]


def test_equal_contents_with_other_metadata_are_told_with_the_columns(tmp_path: Path) -> None:
    lines = "".join(
        f"{k},{text},{who},1\n" for k, (text, who) in enumerate([("ok", "a"), ("ok", "b"), ("ok", "a"), ("no", "b")])
    )
    chosen = settings(gold=None, meta={"who": "string", "n": "int"})
    batch = take(write(tmp_path / "t.csv", f"id,text,who,n\n{lines}"), chosen)
    assert any(
        "t.csv: 1 of the rows with the content of another have another 'who', and" in note for note in batch.notes
    )
    same = take(write(tmp_path / "s.csv", f"id,text,who,n\n{lines.replace(',b,', ',a,')}"), chosen)
    assert not any("have another" in note for note in same.notes)


def test_labels_of_rows_that_came_before_are_kept_apart_with_what_row_they_mean(tmp_path: Path) -> None:
    first = take(write(tmp_path / "a.csv", "id,text,label\n1,hello,\n2,you,ham\n"), settings())
    again = write(tmp_path / "b.csv", "id,text,label\n1,hello,spam\n7,you,spam\n3,new,ham\n")
    batch = take(again, settings(), before=[first])
    known = dict(first.raw.select("key", "row_id").iter_rows())
    assert batch.late.rows() == [(known["1"], 1, True, -1), (known["2"], 1, False, 0)]
    assert batch.raw["text"].to_list() == ["new"]
    assert batch.notes == ("b.csv: 2 of 3 rows came in earlier batches and are left out",)


def test_a_file_of_labels_for_known_rows_has_no_rows_of_its_own(tmp_path: Path) -> None:
    chosen = settings(key=["source", "id"])
    first = take(write(tmp_path / "a.csv", "id,text,label\n1,hello,\n2,you,ham\n"), chosen)
    batch = take(write(tmp_path / "b.csv", "id,text,label\n1,hello,spam\n2,you,\n"), chosen, before=[first])
    assert not batch.has_rows
    assert batch.late.select("gold", "same_key").rows() == [(1, True)]  # its key without the batch's name


def test_keys_that_start_anew_in_each_file_are_told_apart_by_the_file(tmp_path: Path) -> None:
    first = take(write(tmp_path / "a.csv", "id,text,label\n1,hello,ham\n"), settings())
    path = write(tmp_path / "b.csv", "id,text,label\n1,another,ham\n")
    with pytest.raises(DataError, match=r"where keys start anew in each file, set ingest\.key: \[source, id\]"):
        take(path, settings(), before=[first])
    chosen = settings(key=["source", "id"])
    first = take(tmp_path / "a.csv", chosen)
    second = take(path, chosen, before=[first])
    assert [*first.raw["key"], *second.raw["key"]] == ["a/1", "b/1"]


@pytest.mark.parametrize(("was", "now"), [(0.9, "near_similarity: 0.9"), (None, "is keep")])
def test_what_near_duplicates_were_set_to_before_is_told(was: float | None, now: str) -> None:
    with pytest.raises(ValidationError, match=now):
        settings(near_duplicates=was)


def test_bytes_of_text_are_text_and_dotted_names_reach_into_objects(tmp_path: Path) -> None:
    table = pl.DataFrame({"id": ["1"], "text": [b"caf\xc3\xa9"], "label": ["ham"]})
    table.write_parquet(tmp_path / "t.parquet")
    assert take(tmp_path / "t.parquet", settings()).raw["text"].to_list() == ["café"]
    path = write(tmp_path / "t.jsonl", '{"id": 1, "data": {"text": "hello"}, "meta": {"label": "spam"}}\n')
    batch = take(path, settings(text="data.text", gold="meta.label"))
    assert batch.raw["text"].to_list() == ["hello"]
    assert pl.concat([batch.dev, batch.gold])["gold"].to_list() == [1]


def test_columns_in_other_letter_case_are_taken_and_told(tmp_path: Path) -> None:
    batch = take(write(tmp_path / "t.csv", "ID,Text,Label \n1,hello,ham\n"), settings())
    assert pl.concat([batch.dev, batch.gold])["gold"].to_list() == [0]
    assert batch.notes == tuple(
        f"t.csv: column {given!r} is read as {name!r}"
        for given, name in (("Text", "text"), ("ID", "id"), ("Label", "label"))
    )


def test_labels_of_rows_from_which_on_the_key_is_spelled_otherwise_are_taken(tmp_path: Path) -> None:
    lines = [{"id": "1", "text": "hello", "Label": "ham"}, {"id": "2", "Text": "cash", "label": "spam"}]
    batch = take(write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, lines))), settings())
    assert sorted(pl.concat([batch.dev, batch.gold])["gold"].to_list()) == [0, 1]
    assert any(
        "'label', which is there from line 2 on, and 'Label' are read as one column" in one for one in batch.notes
    )


@pytest.mark.parametrize("column", ["Text", "Label"])
def test_texts_and_labels_that_are_formulas_without_a_value_are_refused(tmp_path: Path, column: str) -> None:
    columns = ("ID", "Text", "Label")
    first, last = ("1", "hello", "ham"), ("2", "cash", "spam")
    cells = tuple("=A1" if name == column else cell for name, cell in zip(columns, last, strict=True))
    path = tmp_path / "t.xlsx"
    path.write_bytes(workbook(columns, first, cells))
    with pytest.raises(DataError, match=rf"1 cell of column '{column}' is a formula .*row 3"):
        take(path, settings(bad_rows="quarantine"))


def test_characters_that_nobody_sees_are_no_text_and_tell_no_classes_apart(tmp_path: Path) -> None:
    batch = take(
        write(
            tmp_path / "t.csv", "id,text,label\n1,\u200b\u200b,ham\n2,hello,HAM\u200b\n3,\U0001f469\u200d\U0001f373,\n"
        ),
        settings(bad_rows="quarantine", max_bad_rows=0.5),
    )
    assert batch.bad["number"].to_list() == [2]
    assert sorted(pl.concat([batch.dev, batch.gold])["gold"].to_list()) == [-1, 0]


@pytest.mark.parametrize("kind", ["int", "float"])
def test_a_boolean_is_no_number(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path / "t.jsonl", '{"id": 1, "text": "hello", "label": "ham", "stars": true}\n')
    with pytest.raises(DataError, match=rf"column 'stars' is True, not {kind}"):
        take(path, settings(meta={"stars": kind}))
