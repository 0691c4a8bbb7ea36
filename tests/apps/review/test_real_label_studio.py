"""Against a real Label Studio: what is pushed is labeled by two people there and pulled, also by a process that is killed again and again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.label_studio_server import TOKEN, Running, label_studio
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.review.label_studio import ADDRESS, LabelStudio
from tidemill.apps.review.label_studio import TOKEN as TOKEN_VARIABLE
from tidemill.apps.review.label_studio_sync import pull_answers, push_rows
from tidemill.contracts import NO_GOLD
from tidemill.project.project import Project

pytestmark = pytest.mark.slow
ANSWERS = 2000
PULL = """
from pathlib import Path
from tidemill.apps.review.label_studio import LabelStudio
from tidemill.apps.review.label_studio_sync import pull_answers
from tidemill.project.project import Project

with LabelStudio.connect(None) as server:
    pull_answers(Project.open(Path.cwd()), "spam", server)
"""


def choice(label: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "content", "type": "choices", "value": {"choices": [label]}}]


def test_answers_of_people_reach_the_gold_history(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    table = problem_rows(project, "spam").table
    rows = table["row_id"][2:8].to_list()
    pl.DataFrame({"row_id": rows, "picked": ["random"] * 6}).write_csv("rows.csv")
    with label_studio(tmp_path_factory.mktemp("server")) as running, LabelStudio(running.url, TOKEN) as studio:
        number = push_rows(project, "spam", Path("rows.csv"), studio).project
        assert push_rows(project, "spam", Path("rows.csv"), studio).sent == 0
        _label_change_and_delete(running, studio, number, project, rows)
        _pull_while_it_is_killed(running, number, project, rows[5])


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
    """Many answers of one row by as many tasks, pulled by processes that die at random moments."""
    before = len(problem_rows(project, "spam").history.answers)
    for _ in range(2):
        data = {"row_id": row, "picked": "random", "text": "t", "votes": "-", "batch": "b"}
        made = [{"data": data, "annotations": [{"result": choice("spam")}]} for _ in range(ANSWERS // 2)]
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
