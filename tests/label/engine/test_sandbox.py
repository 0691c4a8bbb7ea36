"""Which function holds on to memory, and which files a worker may not read."""

import errno
import gc
import io
import os

import polars as pl
import pytest

from tidemill.label.engine import sandbox
from tidemill.label.engine.sandbox import find_leaking_function
from tidemill.label.engine.worker import Worker
from tidemill.label.functions.labeling_function import LabelingFunction


@pytest.fixture
def held(monkeypatch):
    """Megabytes that the process holds, as functions that leak add to it."""
    megabytes = [100.0]
    monkeypatch.setattr(sandbox, "memory", lambda: megabytes[0])
    monkeypatch.setattr(gc, "collect", lambda: 0)  # what these functions hold is a number alone
    return megabytes


def leaking(held, megabytes):
    def ask_alone(j):
        held[0] += megabytes[j]

    return ask_alone


@pytest.mark.parametrize(
    ("megabytes", "expected"),
    [
        ([0.0, 5.0, 1.0], 1),
        ([7.0], 0),
        ([0.0, 0.0], None),  # nothing grows: what is held was held before
        ([2.0, 2.0], None),  # neither makes for more than half
        ([-9.0, 1.0], 1),  # memory that is given back speaks for nobody else
    ],
)
@pytest.mark.slow
def test_the_function_that_makes_for_more_than_half_of_the_growth_is_found(held, megabytes, expected):
    assert find_leaking_function(len(megabytes), leaking(held, megabytes)) == expected


@pytest.mark.slow
def test_a_worker_that_has_grown_names_the_function_that_leaks(held):
    def grows(row):
        held[0] += 1.0
        return 1

    asked = Worker(memoryview(bytearray(16)).cast("q"))
    asked.functions = [LabelingFunction("steady", lambda _: 0), LabelingFunction("grows", grows)]
    asked.n_classes, asked.megabytes, asked.at_first = 2, 6, 100.0
    table = io.BytesIO()
    pl.DataFrame({"row_id": ["a", "b", "c"], "text": ["x", "y", "z"]}).write_ipc(table)
    header = {"functions": [0, 1], "of_rows": True, "statistics": [], "again": False, "max_failures": 0, "skip": []}
    reply, _ = asked.ask(header, table.getvalue())
    index, row, reason = reply["failures"][0]
    assert (index, row) == (1, -1)
    assert "grown by 3 MB (label.memory_limit_mb allows 6)" in reason  # a megabyte a row, of three rows
    held[0], asked.megabytes = 100.0, 8
    assert asked.ask(header, table.getvalue())[0]["failures"] == []  # 3 MB are less than half of what is allowed


@pytest.mark.parametrize(
    ("enforced", "reason", "is_added"),
    [(True, "PermissionError: no", True), (True, "ValueError: no", False), (False, "PermissionError: no", False)],
)
def test_what_may_be_read_is_said_where_a_worker_was_refused_something(monkeypatch, enforced, reason, is_added):
    monkeypatch.setattr(sandbox.STATE, "enforced", enforced)
    assert sandbox.explained(reason) == (f"{reason}\n{sandbox.HINT}" if is_added else reason)


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("raised\nPermissionError: [Errno 13] Permission denied: '{folder}/gone.log'", "WRITE_HINT"),
        ("raised\nPermissionError: [Errno 13] Permission denied: '{folder}/there.txt'", "WRITE_HINT"),  # it can be read
        ("raised\nPermissionError: [Errno 13] Permission denied: '{folder}/there.txt' -> '{folder}/b'", "WRITE_HINT"),
        ('raised\nPermissionError: [Errno 13] Permission denied: "{folder}/it\'s gone"', "WRITE_HINT"),
        ("raised\nPermissionError: Permission denied (os error 13): {folder}/gone.csv", "WRITE_HINT"),
        ("raised\nFileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp']", "WRITE_HINT"),
        ("raised\nPermissionError: [Errno 13] Permission denied: '{folder}/closed.txt'", "HINT"),
        ("raised\nPermissionError: a labeling function may not use the network (label.confined)", "HINT"),
    ],
)
def test_what_was_to_be_written_is_told_from_what_was_to_be_read(monkeypatch, tmp_path, reason, hint):
    (tmp_path / "there.txt").touch()
    opened = os.open

    def refuse(path, flags):
        if "closed" in path:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(sandbox.STATE, "enforced", True)
    monkeypatch.setattr(sandbox.STATE, "confined", sandbox.Confined(landlock=1, calls=True))
    text = reason.format(folder=tmp_path)
    assert sandbox.explained(text) == f"{text}\n{getattr(sandbox, hint)}"
