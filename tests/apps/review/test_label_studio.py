"""Rows go to Label Studio and answers come back; the server is one in memory that answers as the real one does."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import polars as pl
import pytest
from PIL import Image

from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.review.label_studio import TOKEN, LabelStudio
from tidemill.apps.review.label_studio_sync import PulledAnswers, pull_answers, push_rows
from tidemill.apps.review.label_studio_tasks import labeling_interface, task
from tidemill.apps.review.rows_to_review import RowToReview
from tidemill.cli.review.pull import pull as review_pull
from tidemill.contracts import NO_GOLD, ConfigError, DataError
from tidemill.project.gold_history import GoldHistory
from tidemill.project.project import Project

CLASSES = ("ham", "spam")
ADDRESS = "http://127.0.0.1:9"


class Server:
    """Projects and tasks as Label Studio keeps them."""

    def __init__(self) -> None:
        self.projects: dict[int, dict[str, Any]] = {}
        self.of: dict[int, list[dict[str, Any]]] = {}
        self.failing_after: int | None = None
        self.number = 100
        self.made = "2026-01-01T00:00:00Z"

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.strip("/").split("/")[1:]
        content = json.loads(request.content) if request.content else None
        if request.headers.get("authorization") != "Token t0":
            return httpx.Response(401, text="Invalid token")
        if parts == ["projects"] and request.method == "GET":
            return httpx.Response(200, json={"results": list(self.projects.values()), "next": None})
        if parts == ["projects"]:
            number = len(self.projects) + 1
            self.projects[number] = {"id": number, **content}
            self.of[number] = []
            return httpx.Response(201, json=self.projects[number])
        number = int(parts[1])
        if parts[2:] == ["import"]:
            if self.failing_after == 0:
                raise httpx.ConnectError("gone")
            self.failing_after = None if self.failing_after is None else self.failing_after - 1
            for item in content:
                self.number += 1
                made = {"id": self.number, "annotations": [], "created_at": self.made, **item}
                self.of[number].append(made)
            return httpx.Response(201, json={"task_count": len(content)})
        if parts[2:] == ["export"]:
            return httpx.Response(200, json=copy.deepcopy(self.of[number]))
        if request.method == "PATCH":
            self.projects[number] |= content
        return httpx.Response(200, json=self.projects[number])

    def answer(self, row_id: str, label: str | None, *, at: str = "2026-01-02T03:04:05.000006Z", by: Any = 7) -> Any:
        self.number += 1
        result = [{"from_name": "label", "type": "choices", "value": {"choices": [label]}}] if label else []
        made = {
            "id": self.number,
            "completed_by": by,
            "was_cancelled": label is None,
            "updated_at": at,
            "result": result,
        }
        self.task(row_id)["annotations"].append(made)
        return made

    def task(self, row_id: str) -> dict[str, Any]:
        return next(item for items in self.of.values() for item in items if item["data"]["row_id"] == row_id)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def studio(server: Server) -> LabelStudio:
    made = LabelStudio(ADDRESS, "t0")
    made.__dict__["_client"] = httpx.Client(
        base_url=ADDRESS, headers={"Authorization": "Token t0"}, transport=httpx.MockTransport(server)
    )
    return made


@pytest.fixture
def rows(project: Project) -> list[str]:
    """Ids of four rows that stand in rows.csv, the first of them drawn at random."""
    ids = [str(value) for value in problem_rows(project, "spam").table["row_id"][2:6]]
    picked = ["random", "uncertain", "uncertain", "uncertain"]
    pl.DataFrame({"row_id": ids, "picked": picked}).write_csv("rows.csv")
    return ids


def pulled(project: Project, studio: LabelStudio) -> PulledAnswers:
    return pull_answers(project, "spam", studio)


def gold(project: Project, row_id: str) -> int:
    known = problem_rows(project, "spam")
    return int(known.table["gold"][known.place[row_id]])


def test_rows_become_tasks_once(project: Project, rows: list[str], server: Server, studio: LabelStudio) -> None:
    done = push_rows(project, "spam", Path("rows.csv"), studio)
    assert (done.sent, done.there) == (4, 0)
    assert [item["data"]["row_id"] for item in server.of[1]] == rows
    assert server.of[1][0]["data"]["text"] == "text 2 of june"
    again = push_rows(project, "spam", Path("rows.csv"), studio)
    assert (again.project, again.sent, again.there) == (1, 0, 4)
    assert len(server.of[1]) == 4


def test_a_push_that_was_cut_off_goes_on(
    project: Project, rows: list[str], server: Server, studio: LabelStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill.apps.review.label_studio._AT_ONCE", 1)
    server.failing_after = 2
    with pytest.raises(DataError, match=r"Label Studio at http://127.0.0.1:9 does not answer \(ConnectError: gone\)"):
        push_rows(project, "spam", Path("rows.csv"), studio)
    server.failing_after = None
    done = push_rows(project, "spam", Path("rows.csv"), studio)
    assert (done.sent, done.there) == (2, 2)
    assert sorted(item["data"]["row_id"] for item in server.of[1]) == sorted(rows)


def test_votes_and_predictions_go_with_rows_that_were_not_drawn_at_random(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    known = problem_rows(project, "spam")
    ids = known.table["row_id"]
    pl.DataFrame(
        {"row_id": ids, "batch": known.table["batch"], "calls": [1] * len(ids), "none": [-1] * len(ids)}
    ).write_parquet(known.paths.votes)
    pl.DataFrame({"row_id": ids, "p_ham": [0.2] * len(ids), "p_spam": [0.8] * len(ids)}).write_parquet(
        known.paths.labels
    )
    push_rows(project, "spam", Path("rows.csv"), studio)
    random, other = (server.task(row_id) for row_id in rows[:2])
    assert other["data"]["votes"] == "calls: spam"
    assert other["predictions"][0]["result"][0]["value"] == {"choices": ["spam"]}
    assert other["predictions"][0]["score"] == pytest.approx(0.8)
    assert random["data"]["votes"] == "-"
    assert "predictions" not in random


def test_another_class_is_offered_by_a_project_that_is_there(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.projects[1]["label_config"] = "<View/>"
    push_rows(project, "spam", Path("rows.csv"), studio)
    assert server.projects[1]["label_config"] == labeling_interface("text", CLASSES)


def test_an_unknown_row_is_named_before_anything_is_sent(project: Project, server: Server, studio: LabelStudio) -> None:
    Path("rows.csv").write_text("row_id\nnobody\n")
    with pytest.raises(DataError, match=r"rows.csv: 'nobody' is no row of spam"):
        push_rows(project, "spam", Path("rows.csv"), studio)
    assert not server.projects


def test_answers_come_back_once_with_who_and_when(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.answer(rows[0], "spam")
    server.answer(rows[1], None)
    done = pulled(project, studio)
    assert (len(done.answers), done.known, done.skipped, done.refused) == (1, 0, 1, ())
    answer = done.answers[0]
    assert (answer.row_id, answer.label, answer.who, answer.picked) == (rows[0], "spam", "label-studio-7", "random")
    assert answer.when == "2026-01-02T03:04:05.000006Z"
    assert gold(project, rows[0]) == 1
    before = Path("data/spam/gold_history.jsonl").read_bytes()
    again = pulled(project, studio)
    assert (again.answers, again.known) == ((), 1)
    assert Path("data/spam/gold_history.jsonl").read_bytes() == before


def test_answers_that_two_pulls_at_once_have_added_count_once(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.answer(rows[0], "spam")
    pulled(project, studio)
    history = Path("data/spam/gold_history.jsonl")
    line = history.read_text().splitlines()[-1]
    history.write_text(history.read_text() + line + "\n")  # the other one read the history before
    assert [answer.row_id for answer in GoldHistory.read(history).valid] == [rows[0]]


def test_two_people_are_two_answers_and_the_newest_counts(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.answer(rows[0], "spam", at="2026-01-02T03:04:06Z", by={"id": 8, "email": "someone@example.org"})
    server.answer(rows[0], "ham", at="2026-01-02T04:04:05+01:00")  # an hour before it by UTC
    done = pulled(project, studio)
    assert sorted(str(answer.who) for answer in done.answers) == ["label-studio-7", "label-studio-8"]
    assert gold(project, rows[0]) == 1
    assert "example.org" not in Path("data/spam/gold_history.jsonl").read_text()


def test_a_changed_annotation_is_a_newer_answer_and_a_deleted_one_is_withdrawn(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    made = server.answer(rows[0], "spam")
    pulled(project, studio)
    made["result"][0]["value"]["choices"] = ["ham"]
    made["updated_at"] = "2026-01-02T03:05:00Z"
    done = pulled(project, studio)
    assert (len(done.answers), done.withdrawn) == (1, 0)
    assert gold(project, rows[0]) == 0
    server.task(rows[0])["annotations"].clear()
    done = pulled(project, studio)
    assert done.withdrawn == 2  # both that it has been
    assert gold(project, rows[0]) == NO_GOLD
    assert pulled(project, studio).answers == ()


def test_an_annotation_that_skips_its_row_now_is_withdrawn(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    made = server.answer(rows[0], "spam")
    pulled(project, studio)
    made["was_cancelled"] = True
    assert pulled(project, studio).withdrawn == 1
    assert gold(project, rows[0]) == NO_GOLD


def test_answers_of_tasks_that_were_deleted_stay(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.answer(rows[0], "spam")
    pulled(project, studio)
    server.of[1].clear()
    assert pulled(project, studio).answers == ()
    assert gold(project, rows[0]) == 1


def test_another_server_with_the_same_numbers_withdraws_nothing(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.answer(rows[0], "spam")
    pulled(project, studio)
    server.projects, server.of, server.number = {}, {}, 100
    server.made = "2026-02-01T00:00:00Z"
    assert push_rows(project, "spam", Path("rows.csv"), studio).sent == 4
    assert pulled(project, studio).answers == ()
    assert gold(project, rows[0]) == 1


def test_what_is_no_class_or_no_row_is_refused_by_name_and_the_rest_is_taken(
    project: Project, rows: list[str], server: Server, studio: LabelStudio
) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.answer(rows[0], "maybe")
    server.answer(rows[1], "ham")
    server.of[1].append({"id": 1, "data": {"text": "made by hand"}, "annotations": [], "created_at": server.made})
    server.of[1][-1]["annotations"].append(server.answer(rows[2], "ham"))
    done = pulled(project, studio)
    assert [answer.row_id for answer in done.answers] == [rows[1], rows[2]]
    assert done.refused[0].endswith("'maybe' is no class; classes are ham, spam")
    assert done.refused[1].endswith("None is no row of the problem")


def test_a_dry_run_writes_nothing(project: Project, rows: list[str], server: Server, studio: LabelStudio) -> None:
    push_rows(project, "spam", Path("rows.csv"), studio)
    server.answer(rows[0], "spam")
    assert len(pull_answers(project, "spam", studio, dry_run=True).answers) == 1
    assert gold(project, rows[0]) == NO_GOLD


def test_without_a_project_it_says_how_one_is_made(project: Project, studio: LabelStudio) -> None:
    with pytest.raises(
        DataError, match=r"has no project 'spam \(Tidemill\)': `tidemill review push spam FILE` makes it"
    ):
        pulled(project, studio)


def test_a_wrong_token_and_a_missing_one_are_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    with pytest.raises(ConfigError, match=f"set {TOKEN} to your token"):
        LabelStudio.connect(ADDRESS)
    monkeypatch.setenv(TOKEN, "wrong")
    studio = LabelStudio.connect(f"{ADDRESS}/")
    studio.__dict__["_client"] = httpx.Client(base_url=ADDRESS, transport=httpx.MockTransport(server))
    with pytest.raises(ConfigError, match=f"refuses the token in {TOKEN}"):
        studio.find_project("spam")


def test_a_personal_token_is_changed_for_a_short_lived_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, request.headers.get("authorization")))
        return httpx.Response(200, json={"access": "short", "results": [], "next": None})

    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **given: client(transport=httpx.MockTransport(answers), **given))
    assert LabelStudio(ADDRESS, "a.b.c").find_project("spam") is None
    assert asked == [("/api/token/refresh/", None), ("/api/projects/", "Bearer short")]


def test_names_of_classes_are_data_in_the_interface() -> None:
    classes = ['"><script>', "ä & b"]
    made = ET.fromstring(labeling_interface("text", classes))  # noqa: S314 - our own
    assert [item.attrib["value"] for item in made.iter("Choice")] == classes


def test_a_picture_is_inside_its_task() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((20, 3000), dtype=np.uint8)).save(buffer, "PNG")
    row = RowToReview("r", "b", "uncertain", buffer.getvalue(), {}, None)
    made = task(row, CLASSES, "m")
    assert made["data"]["image"].startswith("data:image/png;base64,")
    assert len(made["data"]["image"]) < 2000
    assert "predictions" not in made


def test_pulling_again_and_again_outlives_a_server_that_does_not_answer_for_a_while(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    monkeypatch.setenv(TOKEN, "t0")
    gone = DataError("does not answer")
    pulls: Iterator[DataError | PulledAnswers] = iter([gone, PulledAnswers(1, (), 3, 0, 0, ()), gone, gone])

    def pull(*_: object, **__: object) -> PulledAnswers:
        found = next(pulls)
        if isinstance(found, DataError):
            raise found
        return found

    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("tidemill.apps.review.label_studio_sync.pull_answers", pull)
    monkeypatch.setattr("time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        review_pull("spam", url=ADDRESS, every=60.0)
    told = capsys.readouterr()
    assert slept == [60.0] * 3
    assert told.err.count("does not answer; asked again in 60 seconds") == 2
    assert "3 are known already" in told.out
    with pytest.raises(DataError, match="does not answer"):
        review_pull("spam", url=ADDRESS)  # asked once, it says so and ends
