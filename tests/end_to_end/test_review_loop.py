"""The loop of a review against a real Label Studio: a champion of mistaken functions, what people answer, a better champion, a certificate."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.end_to_end.conftest import BAD, FILLER, GOOD, run
from tests.label_studio_server import TOKEN, Running, label_studio
from tidemill.apps.review.label_studio import ADDRESS, LabelStudio
from tidemill.apps.review.label_studio import TOKEN as TOKEN_VARIABLE
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry

pytestmark = pytest.mark.slow
ROWS, QUEUED = 100, 64
FUNCTIONS = f"""functions:
  - {{name: praises, kind: keywords, words: {GOOD[:4]}, vote: good}}
  - {{name: charms, kind: keywords, words: {GOOD[4:]}, vote: bad}}
  - {{name: complains, kind: keywords, words: {BAD[:4]}, vote: bad}}
  - {{name: bores, kind: keywords, words: {BAD[4:]}, vote: good}}
"""
"""Every second one is wrong in all it says, which without answers nothing gives away."""
SETTINGS = {
    "/train@train: auto": "/train@train: head",
    "split: {by: labels}": "split: {by: hash, train: 0.25, dev: 0.35, valid: 0.3, test: 0.1, seed: 7}",
    "train:\n": "train:\n  optimizer: {max_epochs: 12}\n",
}
GATE = "evaluate:\n  gate: {min_rows: 10}\n"


def meant(text: str) -> str:
    """What people say of a review."""
    return "good" if set(text.split()) & set(GOOD) else "bad"


def write_texts(path: Path) -> None:
    """Write reviews without labels."""
    chance, lines = random.Random(1), []
    for number in range(ROWS):
        words = chance.sample(FILLER, 5) + chance.sample(chance.choice([GOOD, BAD]), 2)
        chance.shuffle(words)
        lines.append({"id": number, "body": f"{' '.join(words)} {chance.random():.6f}"})
    pl.DataFrame(lines).write_csv(path)


class Loop:
    """A project, and the Label Studio that its people work in."""

    def __init__(self, folder: Path, running: Running) -> None:
        self.folder, self.running = folder, running

    def __call__(self, *words: str) -> str:
        return run(*words, folder=self.folder)

    def commit(self, message: str) -> None:
        """Commit all that git would take."""
        git("add", "-A", folder=self.folder)
        git("commit", "-q", "-m", message, folder=self.folder)

    def answer(self, file: Path) -> int:
        """Send the rows of a file, answer all tasks that nobody has answered, and fetch the answers: how many there were."""
        rows = pl.read_csv(file).height
        assert f"{rows} rows are new tasks" in self("tidemill", "review", "push", "tiny", str(file))
        with LabelStudio(self.running.url, TOKEN) as studio:
            number = studio.find_project("tiny (Tidemill)")
            assert number is not None
            tasks = [task for task in studio.tasks(number) if not task["annotations"]]
        for task in tasks:
            self.say(task)
        assert f"{rows} answers are new" in self("tidemill", "review", "pull", "tiny")
        return len(tasks)

    def say(self, task: dict[str, Any]) -> None:
        """Answer a task as a person does."""
        label = meant(task["data"]["text"])
        choice = {"from_name": "label", "to_name": "content", "type": "choices", "value": {"choices": [label]}}
        said = self.running.client.post(f"/api/tasks/{task['id']}/annotations/", json={"result": [choice]})
        assert said.is_success, said.text

    def champion(self) -> str | None:
        """The version that is promoted."""
        return read_registry(Project.open(self.folder), "tiny").champion


@pytest.fixture
def loop(tmp_path: Path, packages: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    """A new problem without labels, committed; nothing has been computed."""
    with label_studio(tmp_path) as running:
        monkeypatch.setenv(ADDRESS, running.url)
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
        run("tidemill", "init", "project", folder=tmp_path)
        made = Loop(tmp_path / "project", running)
        (made.folder / "data" / "packages").mkdir()
        (made.folder / "data" / "packages" / "minilm").symlink_to(packages / "minilm")
        write_texts(tmp_path / "reviews.csv")
        made("tidemill", "new", "tiny", "--from", "../reviews.csv", "--text", "body", "--classes", "bad,good")
        (made.folder / "src/problems/tiny/functions.yaml").write_text(FUNCTIONS, encoding="utf-8")
        conf = made.folder / "conf/problem/tiny.yaml"
        text = conf.read_text(encoding="utf-8") + GATE
        for before, after in SETTINGS.items():
            assert before in text
            text = text.replace(before, after)
        conf.write_text(text, encoding="utf-8")
        made.commit("tiny: a new problem")
        yield made


def test_answers_make_a_better_champion_and_its_labels_are_certified(loop: Loop, tmp_path: Path):
    loop("tidemill", "run", "problem=tiny")
    loop("tidemill", "approve", "tiny", "--reason", "there are no labels to judge it by")
    assert loop.champion() == "tiny@v1.0.0"
    assert right(loop) < 0.7

    queue = tmp_path / "queue.csv"
    loop("tidemill", "review", "queue", "tiny", "--budget", str(QUEUED), "--audit", "0.7", "--out", str(queue))
    assert loop.answer(queue) == QUEUED
    loop.commit("Labels of tiny")
    assert "promoted tiny@v1.1.0" in loop("tidemill", "run", "problem=tiny")
    assert loop.champion() == "tiny@v1.1.0"
    assert right(loop) > 0.95

    sample = tmp_path / "sample.csv"
    words = ["--error", "0.1", "--expected", "0.01", "--trust-reviewers"]
    loop("tidemill", "review", "plan", "tiny", *words)
    assert "is not met" in loop("tidemill", "review", "certify", "tiny")
    loop("tidemill", "review", "sample", "tiny", "--most", str(ROWS), "--tests", "0", "--out", str(sample))
    assert loop.answer(sample) == ROWS - QUEUED
    assert "is met" in loop("tidemill", "review", "certify", "tiny")
    loop.commit("Certificate of tiny")
    loop("dvc", "repro", "evaluate@tiny")
    certificate = json.loads((loop.folder / "data/tiny/certificate.json").read_text(encoding="utf-8"))
    assert (certificate["met"], certificate["checked"]) == (True, ROWS)
    card = (loop.folder / "reports/tiny/model_card.md").read_text(encoding="utf-8")
    assert "## Certificate of the labels" in card
    assert "expired" not in card


def right(loop: Loop) -> float:
    """Share of the labels that are what people say, over all rows: those that nobody was asked about too."""
    labels = pl.read_parquet(loop.folder / "data/tiny/labels.parquet")
    texts = pl.read_parquet(loop.folder / "data/tiny/raw/*.parquet").select("row_id", "text")
    table = labels.join(texts, on="row_id")
    said = [meant(text) for text in table["text"]]
    return sum(label == ("good" if p > 0.5 else "bad") for label, p in zip(said, table["p_good"], strict=True)) / ROWS
