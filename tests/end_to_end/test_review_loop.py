"""Against a real Label Studio: a whole review, from mistaken functions to a better champion and a certificate; answers that are changed, deleted, pulled under kills."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from tests.apps.gold.conftest import project
from tests.end_to_end.conftest import BAD, FILLER, GOOD, run
from tests.label_studio_server import TOKEN, Running, label_studio
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.review.label_studio import ADDRESS, LabelStudio
from tidemill.apps.review.label_studio import TOKEN as TOKEN_VARIABLE
from tidemill.apps.review.label_studio_sync import pull_answers, push_rows
from tidemill.cli.main import app
from tidemill.contracts import NO_GOLD
from tidemill.project.project import Project
from tidemill.runs.git import git
from tidemill.runs.model_registry import read_registry

pytestmark = pytest.mark.slow
__all__ = ["project"]
ROWS, QUEUED = 100, 64
ANSWERS, EACH = 2000, 10
"""In all, and annotations of a task."""
PULL = """
from pathlib import Path
from tidemill.apps.review.label_studio import LabelStudio
from tidemill.apps.review.label_studio_sync import pull_answers
from tidemill.project.project import Project

with LabelStudio.connect(None) as server:
    pull_answers(Project.open(Path.cwd()), "spam", server)
"""
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
MORE = "evaluate:\n  gate: {min_rows: 10}\nmonitor:\n  retrain: {new_labels: 50}\n"


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

    def review(self, *words: str) -> str:
        """What a command of a review prints; in this process, for each costs seconds to start."""
        done = CliRunner().invoke(app, ["review", *words])
        assert done.exit_code == 0, done.output
        return done.output

    def commit(self, message: str) -> None:
        """Commit all that git would take."""
        git("add", "-A", folder=self.folder)
        git("commit", "-q", "-m", message, folder=self.folder)

    def answer(self, file: Path) -> int:
        """Send the rows of a file, answer all tasks that nobody has answered, and fetch the answers: how many there were."""
        rows = pl.read_csv(file).height
        assert f"{rows} rows are new tasks" in self.review("push", "tiny", str(file))
        with LabelStudio(self.running.url, TOKEN) as studio:
            number = studio.find_project("tiny (Tidemill)")
            assert number is not None
            tasks = [task for task in studio.tasks(number) if not task["annotations"]]
        for task in tasks:
            self.say(task)
        assert f"{rows} answers are new" in self.review("pull", "tiny")
        return len(tasks)

    def say(self, task: dict[str, Any]) -> None:
        """Answer a task as a person does."""
        label = meant(task["data"]["text"])
        said = self.running.client.post(f"/api/tasks/{task['id']}/annotations/", json={"result": choice(label)})
        assert said.is_success, said.text

    def champion(self) -> str | None:
        """The version that is promoted."""
        return read_registry(Project.open(self.folder), "tiny").champion


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server for all tests, which use projects of their own."""
    with label_studio(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def loop(tmp_path: Path, packages: Path, server: Running, monkeypatch: pytest.MonkeyPatch) -> Loop:
    """A new problem without labels, committed; nothing has been computed."""
    monkeypatch.setenv(ADDRESS, server.url)
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    run("tidemill", "init", "project", folder=tmp_path)
    made = Loop(tmp_path / "project", server)
    (made.folder / "data" / "packages").mkdir()
    (made.folder / "data" / "packages" / "minilm").symlink_to(packages / "minilm")
    write_texts(tmp_path / "reviews.csv")
    made("tidemill", "new", "tiny", "--from", "../reviews.csv", "--text", "body", "--classes", "bad,good")
    (made.folder / "src/problems/tiny/functions.yaml").write_text(FUNCTIONS, encoding="utf-8")
    conf = made.folder / "conf/problem/tiny.yaml"
    text = conf.read_text(encoding="utf-8") + MORE
    for before, after in SETTINGS.items():
        assert before in text
        text = text.replace(before, after)
    conf.write_text(text, encoding="utf-8")
    made.commit("tiny: a new problem")
    monkeypatch.chdir(made.folder)
    return made


@pytest.mark.timeout(1800)  # Label Studio may have to be installed first
def test_answers_make_a_better_champion_and_its_labels_are_certified(loop: Loop, tmp_path: Path):
    loop("tidemill", "run", "problem=tiny")
    loop("tidemill", "approve", "tiny", "--reason", "there are no labels to judge it by")
    assert loop.champion() == "tiny@v1.0.0"
    assert right(loop) < 0.7

    queue = tmp_path / "queue.csv"
    loop.review("queue", "tiny", "--budget", str(QUEUED), "--audit", "0.7", "--out", str(queue))
    assert loop.answer(queue) == QUEUED
    loop.commit("Labels of tiny")
    # no batch has arrived, but as many labels as the settings ask for
    told = loop("tidemill", "monitor", "problem=tiny")
    assert "monitor.actions.new_labels" in told
    assert "promoted tiny@v1.1.0" in told
    assert loop.champion() == "tiny@v1.1.0"
    assert right(loop) > 0.95

    sample = tmp_path / "sample.csv"
    words = ["--error", "0.1", "--expected", "0.01", "--trust-reviewers"]
    loop.review("plan", "tiny", *words)
    assert "is not met" in loop.review("certify", "tiny")
    loop.review("sample", "tiny", "--most", str(ROWS), "--tests", "0", "--out", str(sample))
    assert loop.answer(sample) == ROWS - QUEUED
    assert "is met" in loop.review("certify", "tiny")
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


def choice(label: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "content", "type": "choices", "value": {"choices": [label]}}]


def test_answers_of_people_reach_the_gold_history(project: Project, server: Running) -> None:
    table = problem_rows(project, "spam").table
    rows = table["row_id"][2:8].to_list()
    pl.DataFrame({"row_id": rows, "picked": ["random"] * 6}).write_csv("rows.csv")
    with LabelStudio(server.url, TOKEN) as studio:
        number = push_rows(project, "spam", Path("rows.csv"), studio).project
        assert push_rows(project, "spam", Path("rows.csv"), studio).sent == 0
        _label_change_and_delete(server, studio, number, project, rows)
        _pull_while_it_is_killed(server, number, project, rows[5])


def _label_change_and_delete(
    running: Running, studio: LabelStudio, number: int, project: Project, rows: list[str]
) -> None:
    tasks = {item["data"]["row_id"]: item["id"] for item in studio.tasks(number)}
    assert list(tasks) == rows

    def post(row: int, **content: Any) -> int:
        answer = running.client.post(f"/api/tasks/{tasks[rows[row]]}/annotations/", json=content)
        assert answer.is_success, answer.text
        return int(answer.json()["id"])

    def gold() -> list[int]:
        known = problem_rows(project, "spam")
        return [known.table["gold"][known.place[row]] for row in rows[:4]]

    other = running.client.post("/api/users/", json={"email": "second@tidemill.invalid", "username": "second"}).json()[
        "id"
    ]
    first = post(0, result=choice("spam"))
    second = post(1, result=choice("ham"), completed_by=other)
    post(2, result=[], was_cancelled=True)
    post(3, result=choice("ham"))
    done = pull_answers(project, "spam", studio)
    assert (len(done.answers), done.skipped, done.refused) == (3, 1, ())
    assert {answer.who for answer in done.answers} == {"label-studio-1", f"label-studio-{other}"}
    assert gold() == [1, 0, NO_GOLD, 0]
    assert running.client.patch(f"/api/annotations/{first}/", json={"result": choice("ham")}).is_success
    assert running.client.delete(f"/api/annotations/{second}/").is_success
    done = pull_answers(project, "spam", studio)
    assert (len(done.answers), done.withdrawn) == (2, 1)
    assert gold() == [0, NO_GOLD, NO_GOLD, 0]
    assert pull_answers(project, "spam", studio).answers == ()


def _pull_while_it_is_killed(running: Running, number: int, project: Project, row: str) -> None:
    """Many answers of one row, pulled by processes that die at random moments."""
    before = len(problem_rows(project, "spam").history.answers)
    data = {"row_id": row, "picked": "random", "text": "t", "votes": "-", "batch": "b"}
    made = [{"data": data, "annotations": [{"result": choice("spam")}] * EACH}] * (ANSWERS // EACH)
    assert running.client.post(f"/api/projects/{number}/import", json=made).is_success
    words = [sys.executable, "-c", PULL]
    environment = os.environ | {ADDRESS: running.url, TOKEN_VARIABLE: TOKEN}
    chance = random.Random(3)
    for _ in range(5):
        process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 4.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(words, env=environment, check=True, capture_output=True)
    answers = problem_rows(project, "spam").history.answers
    assert len(answers) == before + ANSWERS
    assert len({answer.source for answer in answers if answer.row_id == row}) == ANSWERS
