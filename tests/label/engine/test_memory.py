"""The memory of a worker, on a system that tells it in files and on one that does not."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tidemill.label.engine import protocol


@pytest.fixture
def without_proc(monkeypatch):
    """A system without /proc, as macOS is."""

    def refuse(self, **_):
        raise FileNotFoundError(str(self))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(FileNotFoundError):
        Path("/proc/self/statm").read_text(encoding="ascii")


def test_memory_is_what_psutil_says():
    assert protocol.memory() == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.1)


def test_without_files_of_processes_memory_is_still_known(without_proc):
    assert protocol.memory() == pytest.approx(psutil.Process().memory_info().rss / 2**20, rel=0.1)
    assert protocol.memory(os.getpid()) == pytest.approx(protocol.memory(), rel=0.1)


def test_a_process_that_has_ended_holds_nothing(without_proc):
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    assert protocol.memory(process.pid) == 0.0
