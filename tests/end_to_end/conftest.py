"""Fresh clones of the project with a small problem of a user's own, made by `tidemill new` as a newcomer would."""

from __future__ import annotations

import compileall
import csv
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, Shared, lend_database
from tidemill.runs.git import git
from tidemill.runs.local_addresses import api_url
from tidemill.runs.prefect_server import await_health

BIN = Path(sys.executable).parent
GOOD = ["delicious", "lovely", "friendly", "wonderful", "tasty", "charming", "perfect", "excellent"]
BAD = ["rude", "dirty", "awful", "horrible", "bland", "slow", "terrible", "disgusting"]
FILLER = [
    "the",
    "waiter",
    "table",
    "soup",
    "evening",
    "we",
    "had",
    "our",
    "with",
    "and",
    "place",
    "street",
    "corner",
    "menu",
    "plate",
    "glass",
    "bread",
]


_SERVER: dict[str, str] = {}
"""Where the Prefect server of the tests is: a run that finds none starts one of its own, which takes long."""


def run(*words: str, folder: Path, fails: bool = False) -> str:
    """Words of a command → what it printed; its own virtual environment comes first, as after `activate`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PREFECT", "DVC"))}
    environment |= {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}",
    }
    environment |= {"OMP_NUM_THREADS": "1", "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
    answer = subprocess.run(words, cwd=folder, env=environment | _SERVER, capture_output=True, text=True, check=False)
    assert bool(answer.returncode) == fails, f"{' '.join(words)}\n{answer.stdout[-4000:]}\n{answer.stderr[-4000:]}"
    return answer.stdout + answer.stderr


def clone(target: Path, packages: Path) -> Path:
    """Empty path → a repository of the files that git has or would take, with the fetched packages at hand."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT).splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
    (target / "data").mkdir(exist_ok=True)
    (target / "data" / "packages").symlink_to(packages)
    git("init", "-q", "-b", "main", folder=target)
    git("config", "user.name", "Tester", folder=target)
    git("config", "user.email", "tester@localhost", folder=target)
    git("add", "-A", folder=target)
    git("commit", "-q", "-m", "clone", folder=target)
    return target


def write_reviews(path: Path, *, rows: int, seed: int, note: str = "") -> None:
    """Path → a CSV of short reviews with stars, whose words give away what people meant."""
    chance = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "body", "stars"])
        for number in range(rows):
            good = chance.random() < 0.5
            words = chance.sample(FILLER, 7) + chance.sample(GOOD if good else BAD, 2)
            chance.shuffle(words)
            writer.writerow(
                [f"{path.stem}-{number}", f"{note}{' '.join(words)} {chance.random():.6f}", "good" if good else "bad"]
            )


@pytest.fixture(scope="session", autouse=True)
def prefect_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """A real Prefect server on SQLite and a free port, for all runs of the tests; the quick ones run nothing."""
    if not any(item.get_closest_marker("slow") for item in request.session.items):
        yield
        return
    made, port = request.getfixturevalue("prefect_home"), free_port()
    home = request.getfixturevalue("tmp_path_factory").mktemp("prefect")  # what is lent stays empty
    shutil.copy(made / "prefect.db", home)
    environment = os.environ | {
        "PREFECT_HOME": str(home),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    words = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "log").open("w") as log, subprocess.Popen(words, env=environment, stdout=log, stderr=log) as server:
        try:
            await_health(port, server, home / "log")
            _SERVER["PREFECT_API_URL"] = api_url(port)
            yield
        finally:  # a server that does not answer in time would be waited for without end
            server.terminate()


def prefect_settings() -> dict[str, str]:
    """Give what a run needs in its environment to find that server."""
    return dict(_SERVER)


def free_port() -> int:
    """Nothing → a port that nobody listens on at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


QUICK = "  optimizer: {max_epochs: 12}\n"
RETRAINED = "monitor:\n  actions: {arrival: retrain}\n"


def write_quick(conf: Path) -> None:
    """Settings of a new problem → those of one model in a few epochs, and of a retraining at each arrival."""
    text = conf.read_text(encoding="utf-8").replace("/train@train: auto", "/train@train: head")
    conf.write_text(text + QUICK + RETRAINED, encoding="utf-8")


@pytest.fixture(scope="session")
def seedling(shared: Shared, packages: Path, prefect_home: Path) -> Path:
    """A clone with the problem `tiny`, committed; nothing has been computed."""

    def make(folder: Path) -> None:
        clone(folder, packages)
        lend_database(prefect_home, folder)
        compileall.compile_dir(folder / "src", quiet=1)  # once, and not by each copy
        write_reviews(folder.parent / "reviews.csv", rows=240, seed=1)
        run("tidemill", "new", "tiny", "--from", "../reviews.csv", "--text", "body", "--label", "stars", folder=folder)
        write_quick(folder / "conf/problem/tiny.yaml")
        run("tidemill", "compose", folder=folder)
        git("add", "-A", folder=folder)
        git("commit", "-q", "-m", "tiny", folder=folder)

    return shared("seedling", make)


@pytest.fixture(scope="session")
def sprout(seedling: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Name → a copy of the seedling with nothing of its own in DVC's cache."""

    def copy(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name) / "project"
        shutil.copytree(seedling, folder, symlinks=True)
        return folder

    return copy


@pytest.fixture(scope="session")
def reproduced(seedling: Path, shared: Shared) -> Path:
    """A copy on which plain `dvc repro` has run."""

    def make(folder: Path) -> None:
        shutil.copytree(seedling, folder, symlinks=True)
        run("dvc", "repro", "evaluate@tiny", "monitor@tiny", "search@tiny", folder=folder)

    return shared("repro", make)


@pytest.fixture(scope="session")
def unpublished(reproduced: Path, shared: Shared) -> Path:
    """A copy whose results are committed, but for those of monitor: a run publishes them when it has computed these few.

    In `test_own_project` a run computes all.
    """

    def make(folder: Path) -> None:
        shutil.copytree(reproduced, folder, symlinks=True)
        lock = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))
        del lock["stages"]["monitor@tiny"]
        (folder / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")
        shutil.rmtree(folder / ".dvc/cache/runs")  # that of monitor would be restored from it
        git("add", "-A", folder=folder)
        git("commit", "-q", "-m", "all but monitor", folder=folder)

    return shared("unpublished", make)


@pytest.fixture(scope="session")
def refreshed(unpublished: Path, shared: Shared) -> Path:
    """A copy on which `tidemill run` has made the first champion."""

    def make(folder: Path) -> None:
        shutil.copytree(unpublished, folder, symlinks=True)
        run("tidemill", "run", "problem=tiny", folder=folder)

    return shared("run", make)
