import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tidemill.common.files import atomic_write, remove_unfinished, write_output
from tidemill.errors import FunctionError


def test_a_file_is_there_whole_once_the_block_has_ended_and_its_folder_with_it(inside: Path):
    path = inside / "deep" / "table.csv"
    with atomic_write(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_block_that_fails_leaves_the_old_file_and_no_other(inside: Path):
    path = inside / "table.csv"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_write(path) as temporary:
        temporary.write_text(f"half {1 // 0}")
    assert path.read_text() == "old"
    assert list(inside.iterdir()) == [path]


@pytest.mark.parametrize(("durable", "flushed"), [(True, 1), (False, 0)])
def test_content_is_flushed_to_the_disk_before_the_rename_where_it_has_to_last(
    inside: Path, monkeypatch: pytest.MonkeyPatch, *, durable: bool, flushed: int
):
    path, seen = inside / "table.csv", []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(path.exists()))
    with atomic_write(path, durable=durable) as temporary:
        temporary.write_text("whole")
    assert seen == [False] * flushed


@pytest.mark.parametrize(
    "refusal",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("ComputeError: File too large (os error 28)")],
    ids=["Python's words", "Polars' words"],
)
def test_a_disk_that_refuses_is_told_with_the_file_that_was_wanted(inside: Path, refusal: Exception):
    path = inside / "votes.parquet"

    def write() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise refusal

    with pytest.raises(OSError, match=r"votes\.parquet") as raised:
        write()
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(path))
    assert list(inside.iterdir()) == []
    with pytest.raises(FileNotFoundError, match="other"), atomic_write(path):
        (inside / "other").read_text()


@pytest.mark.parametrize(
    "failure",
    [
        FunctionError("f raised: Permission denied (os error 13)"),
        FunctionError("f raised: No space left on device (os error 28)"),
        FileNotFoundError("No such file or directory (os error 2): /elsewhere/words.csv"),
        AssertionError("retry (os error 104)"),
    ],
)
def test_what_fails_by_another_file_is_not_said_of_the_one_that_is_written(inside: Path, failure: Exception):
    def write() -> None:
        with atomic_write(inside / "votes.parquet"):
            raise failure

    with pytest.raises(type(failure)) as raised:
        write()
    assert raised.value is failure


def test_a_folder_that_takes_no_file_is_told_where_a_library_quotes_it(inside: Path):
    path = inside / "votes.parquet"

    def write() -> None:
        with atomic_write(path) as temporary:
            raise PermissionError(f"Permission denied (os error 13): {temporary}")

    with pytest.raises(PermissionError) as raised:
        write()
    assert raised.value.filename == str(path)


def test_threads_that_write_one_file_at_once_do_not_take_the_part_of_each_other(inside: Path):
    """Problems are refreshed side by side in one process, and each composes the project's files."""
    path, both_are_inside = inside / "code.json", threading.Barrier(2)

    def write(text: str) -> None:
        with atomic_write(path, durable=False) as temporary:
            temporary.write_text(text)
            both_are_inside.wait(60)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["one", "two"]))
    assert path.read_text() in {"one", "two"}
    assert list(inside.iterdir()) == [path]


@pytest.mark.parametrize("mark", ["{}", "{}-17"])
def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(inside: Path, mark: str):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left = inside / "deep" / f".table.csv.{mark.format(ended.pid)}.part"
    left.parent.mkdir()
    left.write_text("half")
    (inside / "book.part").write_text("a user's")
    with atomic_write(inside / "table.csv") as temporary:
        temporary.write_text("half")
        remove_unfinished(inside)
        assert temporary.exists()
    assert sorted(path.name for path in inside.rglob("*") if path.is_file()) == ["book.part", "table.csv"]
    remove_unfinished(inside / "missing")


def test_an_output_takes_the_parts_of_killed_writes_of_the_same_file_with_it_and_no_others(inside: Path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    gone = [f".out.csv.{ended.pid}-0.part", f".out.csv.{ended.pid}.part"]
    stays = [
        f".other.csv.{ended.pid}-0.part",
        f".out.csv.bak.{ended.pid}-0.part",
        f".out.csv.{os.getppid()}-0.part",
        f".out.csv.{ended.pid}-a.part",
        f"out.csv.{ended.pid}-0.part",
        ".out.csv.part",
        f".out.csv.{'9' * 30}-0.part",
    ]
    for name in (*gone, *stays):
        (inside / name).write_text("half")
    with write_output(inside / "out.csv") as temporary:
        temporary.write_text("whole")
    assert sorted(path.name for path in inside.iterdir()) == sorted([*stays, "out.csv"])
    with write_output(inside / "new" / "out.csv") as temporary:
        temporary.write_text("whole")
    assert (inside / "new" / "out.csv").read_text() == "whole"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="has no folder that takes no files")
@pytest.mark.parametrize("name", ["x", "x/y"])
def test_a_folder_that_takes_no_files_is_no_error_of_the_program(name: str):
    with pytest.raises(OSError, match="not supported") as raised, atomic_write(Path("/proc", name)) as temporary:
        temporary.write_text("anything")
    assert (raised.value.errno, raised.value.filename) == (errno.EOPNOTSUPP, "/proc/x")


def test_a_block_that_writes_nothing_is_an_error_of_the_program(inside: Path):
    with pytest.raises(FileNotFoundError), atomic_write(inside / "table.csv"):
        pass
