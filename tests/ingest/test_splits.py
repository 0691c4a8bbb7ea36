"""Rows that come with labels are divided by how many there are."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from tests.ingest.factories import settings, take, write
from tidemill.contracts import NO_GOLD, DataError
from tidemill.ingest.batch import Batch
from tidemill.ingest.settings import IngestSettings, SplitSettings
from tidemill.ingest.splits import GROUP, label_shares, share_groups, split_of, split_rows

BY_LABELS = SplitSettings(train=0.5, dev=0.15, valid=0.15, test=0.2, seed=7, by="labels")


def splits(gold: list[int], chosen: SplitSettings = BY_LABELS, known: dict[str, str] | None = None) -> list[str]:
    return split_rows([f"r{place}" for place in range(len(gold))], gold, chosen, known or {})


@pytest.mark.parametrize(
    ("labels", "judging", "teach"),
    [
        (3, 0, 3),
        (20, 5, 10),
        (50, 12, 26),
        (100, 25, 50),
        (200, 40, 120),
        (120, 30, 60),
        (1000, 140, 720),
        (50_000, 1000, 48_000),
    ],
)
def test_few_labels_teach_and_judge_in_the_shares_that_the_docs_publish(
    root: Path, labels: int, judging: int, teach: int
) -> None:
    shares = label_shares(labels)
    assert (shares.valid, shares.test, shares.train + shares.dev) == (judging, judging, teach)
    assert shares.dev <= 500
    page = (root / "docs" / "data.md").read_text(encoding="utf-8")
    assert f"| {labels:,} | {teach:,} | {judging:,} | {judging:,} |" in page


@pytest.mark.parametrize("number", [20, 101, 200, 703, 2000])
def test_every_class_is_divided_as_the_whole_is_and_no_label_is_lost(number: int) -> None:
    gold = [0 if place % 5 else 1 for place in range(number)]
    found, shares = Counter(zip(gold, splits(gold), strict=True)), label_shares(number)
    for label, share in ((0, 0.8), (1, 0.2)):
        for name in ("valid", "test", "dev"):
            rounded = 2 if name == "dev" else 1  # what is left of a class is rounded too
            assert abs(found[label, name] - share * getattr(shares, name)) <= rounded
    assert sum(found.values()) == number
    assert sum(count for (_, name), count in found.items() if name == "valid") == shares.valid


def test_a_class_of_three_labels_teaches_and_does_not_judge() -> None:
    gold = [0] * 60 + [1] * 3
    assert set(splits(gold)[60:]) == {"dev"}


def test_many_rare_classes_leave_something_to_teach_of_each() -> None:
    gold = [place // 4 for place in range(200)] + [50 + place // 3 for place in range(90)] + [80] * 10
    found = Counter(zip(gold, splits(gold), strict=True))
    assert all(found[label, "dev"] + found[label, "train"] >= 1 for label in set(gold))


def test_rows_without_a_label_go_by_their_hash_and_the_others_do_not_move_them() -> None:
    gold = [0] * 100 + [NO_GOLD] * 300
    assert splits(gold)[100:] == [split_of(f"r{place}", BY_LABELS) for place in range(100, 400)]
    plain = BY_LABELS.model_copy(update={"by": "hash"})
    assert splits(gold, plain) == [split_of(f"r{place}", plain) for place in range(400)]


def test_the_order_of_rows_does_not_matter() -> None:
    leaders, gold = [f"r{place}" for place in range(200)], [place % 3 for place in range(200)]
    there = dict(zip(leaders, split_rows(leaders, gold, BY_LABELS, {}), strict=True))
    back = split_rows(leaders[::-1], gold[::-1], BY_LABELS, {})
    assert dict(zip(leaders[::-1], back, strict=True)) == there


def taken(tmp_path: Path, name: str, rows: list[tuple[str, str, str | None]], before: list[Batch]) -> Batch:
    chosen: IngestSettings = settings(near_duplicates="group", split=BY_LABELS.model_dump())
    lines = [json.dumps({"id": key, "text": text, "label": label}) for key, text, label in rows]
    return take(write(tmp_path / f"{name}.jsonl", "\n".join(lines)), chosen, before=before)


def test_texts_that_are_nearly_the_same_share_their_split_across_batches_and_none_moves(tmp_path: Path) -> None:
    words = [
        f"{chr(97 + place) * 9} {chr(98 + place) * 7} with many words {chr(99 + place) * 8} of its own"
        for place in range(20)
    ]
    first = taken(tmp_path, "a", [(f"a{k}", text, "ham" if k % 2 else "spam") for k, text in enumerate(words)], [])
    later = [(f"b{k}", f"{text}!", "ham" if k % 2 else "spam") for k, text in enumerate(words)]
    second = taken(
        tmp_path, "b", [*later, *((f"c{k}", f"quite {text[::-1]}", "ham") for k, text in enumerate(words))], [first]
    )
    split = dict(pl.concat([first.raw, second.raw]).select("key", "split").iter_rows())
    assert all(split[f"a{k}"] == split[f"b{k}"] for k in range(20))
    assert Counter(split[f"a{k}"] for k in range(20)) == {"dev": 10, "valid": 5, "test": 5}
    assert first.labels == {"train": 0, "dev": 10, "valid": 5, "test": 5}


def of_patients(tmp_path: Path, name: str, rows: list[tuple[str, str | None]], before: list[Batch], by: str) -> Batch:
    """Rows with a key and a patient, every text unlike the others."""
    chosen = settings(near_duplicates="group", split=BY_LABELS.model_dump() | {"by": by, "group": "patient"})
    lines = [
        json.dumps({"id": key, "text": f"{key} " * 9, "label": "ham", "patient": patient}) for key, patient in rows
    ]
    return take(write(tmp_path / f"{name}.jsonl", "\n".join(lines)), chosen, before=before)


@pytest.mark.parametrize("by", ["hash", "labels"])
def test_rows_of_a_group_share_a_split_in_every_batch(tmp_path: Path, by: str) -> None:
    first = of_patients(tmp_path, "a", [(f"a{k}", f"p{k % 12}") for k in range(60)], [], by)
    alone = [(f"c{k}", None) for k in range(40)]
    second = of_patients(tmp_path, "b", [(f"b{k}", f"p{k % 20}") for k in range(60)] + alone, [first], by)
    split = dict(pl.concat([first.raw, second.raw]).select("key", "split").iter_rows())
    of_patient = [{split[f"{name}{k}"] for name in "ab" for k in range(place, 60, 12)} for place in range(12)]
    later = [{split[f"b{k}"] for k in range(place, 60, 20)} for place in range(12, 20)]
    assert all(len(found) == 1 for found in later)
    assert all(len({split[f"a{k}"] for k in range(place, 60, 12)}) == 1 for place in range(12))
    assert all(split[f"b{place}"] == split[f"a{place}"] for place in range(12))
    assert len(set.union(*of_patient)) >= 3
    assert len({split[f"c{k}"] for k in range(40)}) >= 3


def test_groups_with_rows_that_are_nearly_the_same_are_one() -> None:
    """Row b1 of bob is like a1 of ann, so all of bob goes where ann is, unless bob was somewhere before."""
    leaders, groups = ["a1", "a1", "b2", "c1"], ["ann", "bob", "bob", "cy"]
    found = share_groups(leaders, groups, {})
    assert len(set(found[:3])) == 1
    assert found[3] == f"{GROUP}cy"
    assert share_groups(leaders, groups, {f"{GROUP}bob": "test"})[:3] == [f"{GROUP}bob"] * 3
    assert (
        split_rows(share_groups(leaders, groups, {"a1": "test"}), [0] * 4, BY_LABELS, {"a1": "test"})[:3]
        == ["test"] * 3
    )


def test_a_group_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    chosen = settings(split=BY_LABELS.model_dump() | {"group": "patient"})
    with pytest.raises(DataError, match=r"patient.*ingest\.split\.group"):
        take(write(tmp_path / "a.jsonl", json.dumps({"id": "1", "text": "a text", "label": "ham"})), chosen)


def test_labels_may_not_be_the_groups() -> None:
    with pytest.raises(ValueError, match=r"split\.group 'label'"):
        settings(split=BY_LABELS.model_dump() | {"group": "label"})
