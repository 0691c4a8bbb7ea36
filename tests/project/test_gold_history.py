"""What people say of rows later: newest valid answer counts, in whatever order lines stand."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import polars as pl
import pytest

from tidemill.contracts import DataError
from tidemill.project.gold_history import (
    WITH_BATCH,
    Answer,
    GoldHistory,
    append_answers,
    merged_lines,
)
from tidemill.project.layout import Paths

PATHS = Paths.within("spam")
CLASSES = ("ham", "spam")
OWN = pl.DataFrame({"row_id": ["a", "b", "c"], "gold": [0, -1, 1]}, schema={"row_id": pl.String, "gold": pl.Int16})


def answer(row_id: str, label: str | None, second: int, **more: str | None) -> Answer:
    when = f"2026-05-01T10:00:{second:02}.000000Z"
    return Answer.model_validate({"row_id": row_id, "label": label, "when": when, "source": "f.csv"} | more)


def labels(*answers: Answer) -> list[int]:
    return GoldHistory(answers).applied(OWN, CLASSES)["gold"].to_list()


def test_the_newest_answer_counts_whatever_the_order_of_the_lines() -> None:
    answers = [answer("a", "spam", 1), answer("a", "ham", 2), answer("a", "spam", 3), answer("b", "ham", 1)]
    for seed in range(5):
        random.Random(seed).shuffle(answers)
        assert labels(*answers) == [1, 0, 1]
    assert labels() == [0, -1, 1]


def test_a_withdrawn_answer_gives_way_to_the_one_before_it_and_to_the_batch() -> None:
    first, second = answer("a", "spam", 1), answer("a", "ham", 2)
    without = answer("a", None, 3, replaces=second.id)
    assert labels(first, second, without) == [1, -1, 1]
    assert labels(first, second, without, answer("a", None, 4, replaces=first.id)) == [0, -1, 1]
    assert labels(answer("c", None, 1, replaces=WITH_BATCH)) == [0, -1, -1]
    assert labels(answer("c", None, 1, replaces=WITH_BATCH), answer("c", "ham", 2)) == [0, -1, 0]


def test_a_withdrawal_of_one_row_leaves_the_same_words_about_another_alone() -> None:
    one = answer("a", "spam", 1)
    assert labels(one, answer("b", None, 2, replaces=one.id)) == [1, -1, 1]


def test_an_answer_counts_although_the_clock_of_the_one_before_was_fast() -> None:
    ahead = Answer(row_id="a", label="ham", when="2030-01-01T00:00:00.000000Z", source="x")
    history = GoldHistory((ahead,))
    now = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    assert history.time(["b"], now=now) == "2026-05-01T00:00:00.000000Z"
    later = history.time(["a"], now=now)
    assert later == "2030-01-01T00:00:00.000001Z"
    assert labels(ahead, Answer(row_id="a", label="spam", when=later, source="y"))[0] == 1


def test_what_is_appended_is_read_back_and_lines_of_a_merge_count_once(inside: Path) -> None:
    answers = [answer("a", "spam", 1, who="r1"), answer("b", "ham", 2, replaces=None, picked="random")]
    append_answers(PATHS, answers[:1])
    append_answers(PATHS, answers[1:])
    text = PATHS.gold_history.read_text(encoding="utf-8")
    assert json.loads(text.splitlines()[2]) == {
        "row_id": "b",
        "label": "ham",
        "when": "2026-05-01T10:00:02.000000Z",
        "source": "f.csv",
        "picked": "random",
    }
    PATHS.gold_history.write_text(text + text.splitlines()[1])  # no newline at the end
    assert GoldHistory.read(PATHS.gold_history).answers == tuple(answers)
    append_answers(PATHS, [answer("c", "ham", 3)])
    assert len(GoldHistory.read(PATHS.gold_history).answers) == 3
    ours, theirs = f"{text}x\n", f"{text}y\n"
    assert merged_lines(theirs, ours) == f"{text}y\nx\n"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("<<<<<<< HEAD", r"line 3: a merge has left both sides here: the lines of both belong in it"),
        ("{", r"line 3: the line: .*mend the line, or `git checkout`"),
        ('{"row_id": "a", "label": "ham", "when": "today", "source": "x"}', "line 3: when: .*'today'"),
        (
            '{"row_id": "a", "label": "ham", "who": "Ann Lee", "when": "2026-05-01T10:00:02.000000Z", "source": "x"}',
            "line 3: who: .*'Ann Lee'",
        ),
    ],
)
def test_a_line_that_is_no_answer_is_named(inside: Path, line: str, told: str) -> None:
    append_answers(PATHS, [answer("a", "spam", 1)])
    with PATHS.gold_history.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(DataError, match=told):
        GoldHistory.read(PATHS.gold_history)


def test_a_class_that_is_gone_is_named_with_the_row_and_what_to_do() -> None:
    with pytest.raises(DataError, match=r"row a .* label 'spma' \(from f.csv, .*did you mean 'spam'.*gold withdraw"):
        labels(answer("a", "spma", 1))
