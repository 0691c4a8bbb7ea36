"""Answers pulled from a real Label Studio by processes that are killed at random moments: how many are lost, how many doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.label_studio_server import TOKEN, Running, label_studio  # noqa: E402 - of the checkout, not of a package

from tidemill.apps.review.label_studio import ADDRESS, LabelStudio  # noqa: E402
from tidemill.apps.review.label_studio import TOKEN as TOKEN_VARIABLE  # noqa: E402

ROWS, EACH, AT_ONCE, KILLS = 20, 10, 50, 8
"""Rows, annotations of a task, tasks of a request."""


def pulled_under_kills(answers: int) -> dict[str, Any]:
    """Pull so many answers while the process that pulls is killed: how many there are in the end, by what they are of."""
    with tempfile.TemporaryDirectory() as folder, label_studio(Path(folder)) as running:
        environment = os.environ | {ADDRESS: running.url, TOKEN_VARIABLE: TOKEN}
        project = _project(Path(folder), environment)
        _answer(running, answers)
        chance, killed, start = np.random.default_rng(3), 0, time.monotonic()
        _run(["review", "pull", "tiny", "--dry-run"], project, environment)
        whole = time.monotonic() - start
        for _ in range(KILLS):
            killed += _killed(project, environment, chance.uniform(0.0, 1.1 * whole))
        _run(["review", "pull", "tiny"], project, environment)
        history = (project / "data/tiny/gold_history.jsonl").read_text(encoding="utf-8").splitlines()[1:]
        sources = Counter(json.loads(line)["source"] for line in history)
    return {
        "answers": answers,
        "killed": killed,
        "lost": answers - len(sources),
        "doubled": sum(sources.values()) - len(sources),
    }


def _project(folder: Path, environment: dict[str, str]) -> Path:
    texts = "".join(f"{number},text {number} of the reviews\n" for number in range(ROWS))
    (folder / "reviews.csv").write_text(f"id,body\n{texts}", encoding="utf-8")
    _run(["init", "project"], folder, environment)
    new = ["new", "tiny", "--from", "../reviews.csv", "--text", "body", "--classes", "bad,good"]
    _run(new, folder / "project", environment)
    _run(["gold", "sample", "tiny", "--most", str(ROWS), "--out", "rows.csv"], folder / "project", environment)
    _run(["review", "push", "tiny", "rows.csv"], folder / "project", environment)
    return folder / "project"


def _answer(running: Running, answers: int) -> None:
    """Tasks of the rows that there are, with annotations in them."""
    with LabelStudio(running.url, TOKEN) as studio:
        number = studio.find_project("tiny (Tidemill)")
        assert number is not None  # noqa: S101 - it was just made
        rows = [task["data"] for task in studio.tasks(number)]
    choice = {"from_name": "label", "to_name": "content", "type": "choices", "value": {"choices": ["good"]}}
    tasks = [
        {"data": rows[place % len(rows)], "annotations": [{"result": [choice]}] * EACH}
        for place in range(answers // EACH)
    ]
    for first in range(0, len(tasks), AT_ONCE):
        made = running.client.post(f"/api/projects/{number}/import", json=tasks[first : first + AT_ONCE])
        made.raise_for_status()


def _killed(project: Path, environment: dict[str, str], seconds: float) -> bool:
    """Pull, and kill the process after some seconds: whether it was still at work."""
    words = [*_words(), "review", "pull", "tiny"]
    process = subprocess.Popen(
        words, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    at_work = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return at_work


def _words() -> list[str]:
    return [sys.executable, "-m", "tidemill"]


def _run(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run([*_words(), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-1000:]}")
