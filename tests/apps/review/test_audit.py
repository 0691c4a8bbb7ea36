"""From a plan to a certificate on a problem of forty texts: what is asked, what counts, and what makes it expire."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.apps.gold.conftest import PATHS
from tests.cli.factories import tidemill
from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.gold.withdraw import withdraw_labels
from tidemill.apps.review.audit import PlanRequest, certify, plan_audit, sample_audit
from tidemill.apps.review.people import annotator_table, row_agreement
from tidemill.contracts import ConfigError, DataError
from tidemill.project.gold_history import Answer, append_answers
from tidemill.project.project import Project
from tidemill.reports.review import Certificate

OUT = Path("to_check.csv")
REQUEST = PlanRequest(
    error=0.1, confidence=0.9, expected=0.0, sure=0.0, reviewer_error=0.0, tests=0, trusted=True, price=2.0
)


def label_all(project: Project, *, spam: Collection[str] = frozenset()) -> list[str]:
    """Labels of all rows: ham, but for those that are named."""
    rows = problem_rows(project, "spam").table["row_id"]
    p = np.where(rows.is_in(list(spam)).to_numpy(), 0.9, 0.1)
    pl.DataFrame({"row_id": rows, "p_ham": 1 - p, "p_spam": p}).write_parquet(PATHS.labels)
    return rows.to_list()


def answer(rows: list[str], who: str, *, spam: tuple[str, ...] = (), hour: int = 10) -> None:
    when = f"2026-11-03T{hour}:00:00.000000Z"
    append_answers(
        PATHS,
        [
            Answer(row_id=row, label="spam" if row in spam else "ham", who=who, when=when, source="f.csv")
            for row in rows
        ],
    )


def checked(out: Path = OUT) -> list[str]:
    return pl.read_csv(out, infer_schema=False)["row_id"].to_list()


def test_a_plan_a_sample_and_answers_make_a_certificate_that_expires_with_the_labels(project: Project) -> None:
    rows = label_all(project)
    plan = plan_audit(project, "spam", REQUEST)
    assert plan.mean_rows is not None
    assert plan.answers == plan.mean_rows
    assert plan.price == 2.0 * plan.mean_rows
    assert plan.mean_rows < 40
    done = sample_audit(project, "spam", OUT, most=30, tests=0, seed=1)
    assert set(done.table["picked"]) == {"random"}
    answer(checked(), "a1")
    found = certify(project, "spam")
    assert found.met
    assert found.errors == 1  # row 1 of the first batch came with the label spam
    assert found.newest_answer == "2026-11-03T10:00:00.000000Z"
    assert Certificate.read(PATHS.certificate) == found
    label_all(project, spam={rows[0]})
    with pytest.raises(DataError, match=r"the certificate is expired: .*not those of the plan any more"):
        certify(project, "spam")


def test_a_certificate_is_taken_back_with_the_answers_that_it_was_made_of(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    label_all(project)
    Path("dvc.yaml").write_text("stages: {}\n")
    plan_audit(project, "spam", REQUEST)
    sample_audit(project, "spam", OUT, most=30, tests=0, seed=1)
    answer(checked(), "a1")
    found = certify(project, "spam")
    plan_audit(project, "spam", replace(REQUEST, error=0.06))
    assert not certify(project, "spam").met
    assert Certificate.read(PATHS.certificate) == found  # of another plan, which nothing speaks against
    plan_audit(project, "spam", REQUEST)
    withdraw_labels(project, "spam", who="a1")
    tidemill("review", "certify", "spam")
    assert "the certificate that was there is taken back" in capsys.readouterr().out
    kept = Certificate.read(PATHS.certificate)
    assert (kept.met, kept.checked) == (False, 0)


def test_a_row_in_dispute_is_asked_again_and_two_more_answers_confirm_the_label(project: Project) -> None:
    label_all(project, spam={row for row, own in _known(project) if own == 1})
    plan_audit(project, "spam", REQUEST)
    rows = sample_audit(project, "spam", OUT, most=5, tests=0, seed=1).table["row_id"].to_list()
    answer(rows, "a1", spam=(rows[0],))
    before = certify(project, "spam")
    assert (before.errors, before.disputed) == (1, 1)
    done = sample_audit(project, "spam", OUT, most=0, tests=0, seed=1)
    assert done.table["row_id"].to_list() == [rows[0]]
    answer([rows[0]], "a1", spam=(rows[0],), hour=11)  # the same person again is no second answer
    assert certify(project, "spam").disputed == 1
    answer([rows[0]], "a2", hour=12)
    answer([rows[0]], "a3", hour=13)
    after = certify(project, "spam")
    assert (after.errors, after.disputed, after.checked) == (0, 0, before.checked)


def test_who_is_overruled_once_is_not_judged_by_the_rows_in_dispute_alone(project: Project) -> None:
    """Others are asked where somebody denies a label: of those rows alone, who is right in all but one would be wrong in all."""
    label_all(project, spam={row for row, own in _known(project) if own == 1})
    plan_audit(project, "spam", REQUEST)
    rows = sample_audit(project, "spam", OUT, most=20, tests=0, seed=1).table["row_id"].to_list()
    answer(rows, "a1", spam=(rows[0],))
    open_row = certify(project, "spam").reviewers
    answer([rows[0]], "a2", hour=12)
    answer([rows[0]], "a3", hour=13)
    table = {line.who: line for line in annotator_table(project, "spam").annotators}
    assert (table["a1"].tests, table["a1"].ejected) == (0, False)
    found = certify(project, "spam").reviewers
    assert found is not None
    assert open_row is not None
    assert (found.asked, found.overruled, found.confirmed) == (0, 1, 20)
    assert (open_row.overruled, open_row.confirmed) == (
        1,
        20,
    )  # a dispute counts against the reviewers until it is settled


def _known(project: Project) -> list[tuple[str, int]]:
    return list(problem_rows(project, "spam").table.select("row_id", "own").iter_rows())


def test_without_test_questions_nothing_is_proven_and_the_answer_says_why(project: Project) -> None:
    label_all(project)
    plan_audit(project, "spam", replace(REQUEST, trusted=False))
    sample_audit(project, "spam", OUT, most=50, tests=0, seed=1)
    answer(checked(), "a1")
    found = certify(project, "spam")
    assert not found.met
    assert found.rows_to_go is None
    assert not PATHS.certificate.exists()


def test_test_questions_look_like_other_rows_and_tell_who_is_ejected(project: Project) -> None:
    """Two people agree on twelve rows, of which a third gets ten wrong: his answers do not count and are asked again."""
    rows = label_all(project)[5:17]
    answer(rows, "a1")
    answer(rows, "a2")
    answer(rows, "bad", spam=tuple(rows[:10]))
    table = {line.who: line for line in annotator_table(project, "spam").annotators}
    assert (table["bad"].tests, table["bad"].right, table["bad"].ejected) == (12, 2, True)
    assert table["bad"].trust == pytest.approx((2 + 1.6) / 14)
    assert not table["a1"].ejected
    plan_audit(project, "spam", REQUEST)
    alone = label_all(project)[30:34]
    answer(alone, "bad")
    asked = sample_audit(project, "spam", OUT, most=0, tests=40, seed=1).table["row_id"].to_list()
    assert set(rows) < set(asked)
    assert len(asked) == 14  # with the two that came with a label: one answer alone settles no row
    done = sample_audit(project, "spam", OUT, most=50, tests=3, seed=1)
    assert set(alone) <= set(checked())
    assert done.tests == 3
    assert done.table["row_id"].n_unique() == done.first + done.again + done.tests
    agreement = row_agreement(project, "spam", draws=100, seed=1)
    assert (agreement.people, agreement.rows, agreement.answers) == (3, 12, 40)


@pytest.mark.parametrize(("tests", "wrong", "is_ejected"), [(8, 3, True), (8, 2, False), (7, 7, False)])
def test_below_seven_tenths_of_trust_after_eight_test_questions_answers_are_replaced(
    project: Project, tests: int, wrong: int, *, is_ejected: bool
) -> None:
    """Trust is smoothed by two questions of which 1.6 are right: 5 of 8 make .66, 6 of 8 make .76."""
    rows = label_all(project)[5:20]
    for who in ("a1", "a2"):
        answer(rows[:tests], who)
    answer(rows[: tests + 1], "bad", spam=tuple(rows[:wrong]))
    table = {line.who: line for line in annotator_table(project, "spam").annotators}
    assert (table["bad"].tests, table["bad"].ejected) == (tests, is_ejected)
    plan_audit(project, "spam", REQUEST)
    sample_audit(project, "spam", OUT, most=40, tests=0, seed=1)
    assert (rows[tests] in checked()) == is_ejected  # that he alone has answered


def test_labels_that_are_not_there_and_plans_that_cannot_be_are_refused(project: Project) -> None:
    with pytest.raises(DataError, match=r"labels.parquet is missing"):
        plan_audit(project, "spam", REQUEST)
    label_all(project)
    with pytest.raises(DataError, match="has no plan"):
        certify(project, "spam")
    with pytest.raises(DataError, match="ask for less with --sure"):
        plan_audit(project, "spam", replace(REQUEST, sure=0.99))
    with pytest.raises(ConfigError, match="--expected"):
        plan_audit(project, "spam", replace(REQUEST, expected=0.1))
    with pytest.raises(DataError, match="answered by two people"):
        row_agreement(project, "spam", draws=100, seed=1)


def test_the_commands_say_it_in_words_and_as_json(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    label_all(project)
    Path("dvc.yaml").write_text("stages: {}\n")
    tidemill("review", "plan", "spam", "--error", "0.1", "--confidence", "0.9", "--trust-reviewers", "--json")
    assert json.loads(capsys.readouterr().out)["target"]["rows"] == 40
    tidemill("review", "sample", "spam", "--most", "40", "--tests", "0", "--out", "to_check.csv")
    answer(checked(), "a1")
    capsys.readouterr()
    tidemill("review", "certify", "spam")
    told = capsys.readouterr().out
    assert "the target of 10.00% is met" in told
    assert "reviewers are taken to be right" in told
    tidemill("review", "annotators", "spam")
    assert "a1" in capsys.readouterr().out
    answer(checked(), "a2")
    tidemill("review", "agreement", "spam")
    assert "2 people" in capsys.readouterr().out
