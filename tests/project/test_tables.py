from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import DataError, check, gold_contract, votes_contract
from tidemill.project.tables import batch_names, growing, read, write
from tidemill.reports.project import Manifest

GOLD = gold_contract(2)


def gold(*values: int) -> pl.DataFrame:
    return pl.DataFrame({"row_id": [f"r{i}" for i in range(len(values))], "gold": pl.Series(values, dtype=pl.Int16)})


def test_what_is_written_is_read_again(inside: Path):
    write(gold(0, 1), inside / "gold.parquet", GOLD)
    assert read(inside / "gold.parquet", GOLD).equals(gold(0, 1))


def test_the_same_table_gives_the_same_bytes(inside: Path):
    for name in ("a", "b"):
        write(gold(0, 1), inside / name, GOLD)
    assert (inside / "a").read_bytes() == (inside / "b").read_bytes()


def test_a_failed_write_leaves_the_old_file_and_no_other(inside: Path):
    path = inside / "gold.parquet"
    write(gold(0, 1), path, GOLD)
    before = path.read_bytes()
    with pytest.raises(DataError):
        write(gold(0, 7), path, GOLD)
    assert path.read_bytes() == before
    assert [one.name for one in inside.iterdir()] == ["gold.parquet"]


def test_a_file_that_is_no_parquet_is_named_with_the_remedy(inside: Path):
    (inside / "gold.parquet").write_text("half a table")
    with pytest.raises(DataError, match=r"gold\.parquet cannot be read as Parquet .* run its stage again"):
        read(inside / "gold.parquet", GOLD)


def test_a_missing_file_is_named_with_the_remedy(inside: Path):
    with pytest.raises(DataError, match=r"gold\.parquet is missing: run the stage that writes it"):
        read(inside / "gold.parquet", GOLD)


def test_an_empty_manifest_says_that_nothing_has_arrived(inside: Path):
    Manifest(batches=()).write(inside / "batches.json")
    with pytest.raises(DataError, match="no batch has arrived"):
        batch_names(inside / "batches.json")


def test_torn_json_is_named_with_the_remedy(inside: Path):
    (inside / "batches.json").write_text('{"batches": [')
    with pytest.raises(DataError, match=r"batches\.json is not JSON .*git checkout"):
        batch_names(inside / "batches.json")


def kept(table: pl.DataFrame) -> None:
    check(table, GOLD, where="table")


def grow(path: Path, *parts: pl.DataFrame) -> None:
    with growing(path, GOLD, kept) as append:
        for part in parts:
            append(part)


def test_a_table_grows_part_by_part_into_one_file(inside: Path):
    for name in ("a", "b"):
        grow(inside / name, gold(0, 1), gold(1).with_columns(row_id=pl.lit("s")))
    assert read(inside / "a", GOLD).rows() == [("r0", 0), ("r1", 1), ("s", 1)]
    assert (inside / "a").read_bytes() == (inside / "b").read_bytes()


def test_a_part_that_breaks_the_contract_or_repeats_a_key_leaves_the_file_as_it_was(inside: Path):
    (inside / "a").write_text("before")
    for part, message in ((gold(7), r"7 is not in -1\.\.1"), (gold(0), "is there twice")):
        with pytest.raises(DataError, match=message):
            grow(inside / "a", gold(0, 1), part)
    assert (inside / "a").read_text() == "before"
    assert [path.name for path in inside.iterdir() if path.name.endswith(".part")] == []


def test_gold_and_votes_of_older_versions_which_had_8_bits_are_read(inside: Path):
    old = gold(0, 1).with_columns(pl.col("gold").cast(pl.Int8))
    old.write_parquet(inside / "gold.parquet")
    assert read(inside / "gold.parquet", GOLD).equals(gold(0, 1))
    votes = pl.DataFrame({"row_id": ["a"], "batch": ["b"], "split": ["dev"], "f": pl.Series([-3], dtype=pl.Int8)})
    votes.write_parquet(inside / "votes.parquet")
    assert read(inside / "votes.parquet", votes_contract(2))["f"].dtype == pl.Int16
