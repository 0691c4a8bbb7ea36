from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tidemill.apps.gold.add import LabeledRow, add_answer
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.gold.sample import SampleRequest
from tidemill.apps.review.rows_to_review import RowToReview
from tidemill.apps.review.terminal import KEYS, QUIT, SKIP, UNDO, Session, _plain, label_rows
from tidemill.cli.review.label import _Keys
from tidemill.contracts import NO_GOLD, ConfigError
from tidemill.project.gold_history import GoldHistory
from tidemill.project.project import Project

REQUEST = SampleRequest(most=4, batch=None, audit=0.2, seed=7)


def pressed(project: Project, keys: str, request: SampleRequest = REQUEST) -> tuple[Session, list[str]]:
    left: Iterator[str] = iter(keys)
    shown: list[str] = []
    return label_rows(project, "spam", request, lambda: next(left, ""), shown.append), shown


def labels(project: Project) -> list[str | None]:
    history = GoldHistory.read(problem_rows(project, "spam").paths.gold_history)
    return [answer.label for answer in history.answers]


def test_keys_are_classes_and_each_answer_is_kept_at_once(project: Project) -> None:
    done, shown = pressed(project, "12s1")
    assert done == Session(labeled=3, skipped=1, left=0)
    assert labels(project) == ["ham", "spam", "ham"]
    assert shown[0] == "1 ham  2 spam  |  s skip  u undo  q quit"
    assert "[1/4]" in shown[1]
    assert "text " in shown[1]


def test_an_end_of_the_keys_ends_the_session_and_what_was_answered_stays(project: Project) -> None:
    done, _ = pressed(project, "1")
    assert done == Session(labeled=1, skipped=0, left=3)
    done, _ = pressed(project, "2q2")
    assert (done.labeled, done.left) == (1, 3)
    assert labels(project) == ["ham", "spam"]
    rows = [answer.row_id for answer in problem_rows(project, "spam").history.answers]
    assert len(set(rows)) == 2  # a row that has a label is not asked again


def test_undo_takes_the_last_answer_back_and_asks_its_row_again(project: Project) -> None:
    done, shown = pressed(project, "1u2ssu")
    assert (done.labeled, done.skipped) == (1, 1)
    assert labels(project) == ["ham", None, "spam"]
    asked = [text.splitlines()[1] for text in shown if text.startswith("\n")]
    assert [text.partition("/")[0] for text in asked] == ["[1", "[2", "[1", "[2", "[3", "[4", "[3"]
    known = problem_rows(project, "spam")
    assert known.table["gold"][known.place[known.history.answers[0].row_id]] == 1


def test_undo_of_nothing_and_unknown_keys_change_nothing(project: Project) -> None:
    done, shown = pressed(project, "u39")
    assert done == Session(labeled=0, skipped=0, left=4)
    assert sum("no such key" in text for text in shown) == 3
    assert labels(project) == []


def test_rows_drawn_at_random_are_shown_without_votes(project: Project) -> None:
    known = problem_rows(project, "spam")
    ids = known.table["row_id"]
    pl.DataFrame({"row_id": ids, "calls": [1] * len(ids)}).write_parquet(known.paths.votes)
    pl.DataFrame({"row_id": ids, "p_ham": [0.4] * len(ids), "p_spam": [0.6] * len(ids)}).write_parquet(
        known.paths.labels
    )
    request = SampleRequest(most=6, batch=None, audit=0.5, seed=7)
    _, shown = pressed(project, SKIP * 6, request)
    rows = [text for text in shown if text.startswith("\n")]
    assert sum("votes: calls: spam" in text for text in rows) == 3
    assert len(rows) == 6


def test_the_keys_of_classes_mean_nothing_else() -> None:
    assert len(set(KEYS)) == len(KEYS)
    assert not {SKIP, UNDO, QUIT} & set(KEYS)


def test_a_text_does_not_steer_the_terminal() -> None:
    assert _plain("a\x1b[2Jb\tc\nd\u200d") == "a\N{REPLACEMENT CHARACTER}[2Jb\tc\nd\u200d"


def test_a_picture_is_shown_as_a_file(project: Project, monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    picture = next(path for path in (root / "docs").rglob("*.png"))
    row = RowToReview("r1", "may", "uncertain", picture.read_bytes(), {}, None)
    monkeypatch.setattr("tidemill.apps.review.terminal.rows_to_review", lambda *_: [row])
    _, shown = pressed(project, SKIP)
    file = Path(shown[1].splitlines()[2].removeprefix("open "))
    assert file.read_bytes().startswith(b"\x89PNG")
    known = problem_rows(project, "spam")
    assert set(known.table["gold"].to_list()) == {NO_GOLD, 0, 1}


def test_undo_leaves_what_another_person_has_said_of_the_row_since(project: Project) -> None:
    keys = iter("1u")

    def read_key() -> str:
        key = next(keys, "")
        if key == UNDO:
            [mine] = problem_rows(project, "spam").history.answers
            add_answer(project, "spam", LabeledRow(mine.row_id, "spam", who="r08"), source="elsewhere")
        return key

    label_rows(project, "spam", REQUEST, read_key, lambda _: None)
    assert [(one.who, one.label) for one in problem_rows(project, "spam").history.valid] == [("r08", "spam")]


def test_keys_that_come_at_once_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As those do that are pressed while an answer is kept; an arrow is one key."""
    arrived = iter(["12", "s", "\x1b[A"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.getchar", lambda: next(arrived))
    keys = _Keys()
    assert [keys() for _ in range(4)] == ["1", "2", "s", "\x1b[A"]


def test_more_classes_than_keys_are_told_before_a_row_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidemill.apps.review.terminal.KEYS", "1")
    with pytest.raises(ConfigError, match="2 classes and a terminal 1 keys"):
        pressed(project, "1")


def test_answers_have_the_id_that_was_given_and_a_name_is_refused_before_a_row_is_asked(project: Project) -> None:
    keys = iter("1")
    label_rows(project, "spam", REQUEST, lambda: next(keys, ""), lambda _: None, who="r07")
    assert [one.who for one in problem_rows(project, "spam").history.answers] == ["r07"]
    with pytest.raises(ConfigError, match="'Ann Lee' is no id of a person"):
        label_rows(project, "spam", REQUEST, lambda: pytest.fail("asked"), lambda _: None, who="Ann Lee")
