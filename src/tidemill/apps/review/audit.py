"""Certificates of labels: a plan, the sample that people answer, and what their answers prove."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows
from tidemill.apps.gold.sample import with_content
from tidemill.apps.gold.sample_file import write_sample
from tidemill.apps.review.answers import PeoplesAnswers, peoples_answers
from tidemill.contracts import NO_GOLD, ConfigError, DataError, labels_contract
from tidemill.project.project import Project
from tidemill.project.tables import read
from tidemill.readers.write import check_out
from tidemill.reports.review import AuditPlan, AuditTarget, Certificate, ReviewersError
from tidemill.review.acceptance import Reviewers, Target, make_plan, proven, rows_to_go
from tidemill.review.answers import Answers, Indices
from tidemill.review.audit import AuditState, CheckedLabels, audit_state

_MORE_OF_DISPUTED: Final = 2


@dataclass(frozen=True)
class PlanRequest:
    """What is to be proven, and what is assumed of labels and reviewers.

    Parameters
    ----------
    error, confidence, expected, sure
        As ``AuditTarget`` has them.
    reviewer_error, tests
        Error rate of reviewers and test questions that are assumed.
    trusted
        Reviewers are taken to be right.
    price
        Of an answer; None: none is said.
    """

    error: float
    confidence: float
    expected: float
    sure: float
    reviewer_error: float
    tests: int
    trusted: bool
    price: float | None


def plan_audit(project: Project, name: str, request: PlanRequest) -> AuditPlan:
    """Plan how many rows have to be checked, and keep the plan with the problem's data.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    request
        What is to be proven.

    Returns
    -------
    AuditPlan

    Raises
    ------
    DataError
        There are no labels, or none is as sure as asked.
    ConfigError
        As many wrong labels are expected as are allowed.
    """
    if request.expected >= request.error:
        raise ConfigError(
            f"--expected {request.expected} is not below --error {request.error}: what is expected not to be met cannot be planned to be proven"
        )
    rows = problem_rows(project, name)
    labels = _labels(rows, request.sure)
    target = Target(len(labels.row_id), request.error, request.confidence, request.expected)
    tests = 0 if request.trusted else request.tests
    reviewers = Reviewers(round(request.reviewer_error * tests), tests, request.trusted)
    found = make_plan(target, reviewers)
    fixed = None if found is None else found.fixed
    answers = None if found is None else _answers(found.mean_rows, request, tests)
    plan = AuditPlan(
        problem=name,
        target=AuditTarget(
            labels_sha256=labels.sha256,
            rows=target.n_rows,
            error=request.error,
            confidence=request.confidence,
            expected=request.expected,
            sure=request.sure,
            trusted=request.trusted,
        ),
        reviewer_error=request.reviewer_error,
        tests=tests,
        fixed_rows=None if fixed is None else fixed.rows,
        fixed_errors=None if fixed is None else fixed.errors,
        mean_rows=None if found is None else math.ceil(found.mean_rows),
        answers=answers,
        price=None if answers is None or request.price is None else answers * request.price,
    )
    plan.write(rows.paths.audit_plan)
    return plan


def _answers(mean_rows: float, request: PlanRequest, tests: int) -> int:
    """A row costs an answer; one in dispute, rightly or not, two more in nearly all cases."""
    error_rate = 0.0 if request.trusted else request.reviewer_error
    disputed = request.expected + error_rate
    return math.ceil(mean_rows * (1.0 + _MORE_OF_DISPUTED * disputed)) + tests


def _labels(rows: ProblemRows, sure: float) -> CheckedLabels:
    if not rows.paths.labels.exists():
        raise DataError(f"{rows.paths.labels} is missing: `tidemill run problem={rows.paths.name}` makes labels")
    table = read(rows.paths.labels, labels_contract(rows.problem.classes))
    labels = CheckedLabels.of(table, rows.problem.classes, sure=sure)
    if not labels.row_id:
        raise DataError(f"no label of {rows.paths.name} has a probability of {sure}: ask for less with --sure")
    return labels


@dataclass(frozen=True)
class _Audit:
    """Everything that the check of a plan's labels is made of."""

    rows: ProblemRows
    plan: AuditPlan
    labels: CheckedLabels
    people: PeoplesAnswers
    places: Indices
    state: AuditState

    @property
    def target(self) -> Target:
        said = self.plan.target
        return Target(said.rows, said.error, said.confidence, said.expected)


def _audit(project: Project, name: str) -> _Audit:
    rows = problem_rows(project, name)
    plan = AuditPlan.read_if_there(rows.paths.audit_plan)
    if plan is None:
        raise DataError(
            f"{name} has no plan of what is to be proven: `tidemill review plan {name} --error .02` makes one"
        )
    labels = _labels(rows, plan.target.sure)
    if labels.sha256 != plan.target.labels_sha256:
        kept = Certificate.read_if_there(rows.paths.certificate)
        expired = "" if kept is None or kept.state(labels.sha256) != "expired" else "the certificate is expired: "
        raise DataError(
            f"{expired}the labels of {name} are not those of the plan any more: `tidemill review plan {name}` plans for today's; answers are kept and count"
        )
    lost = next((row for row in labels.row_id if row not in rows.place), None)
    if lost is not None:
        raise DataError(f"row {lost} has a label and is in no batch: `dvc repro denoise@{name}` labels anew")
    people = peoples_answers(rows).counting()
    places = np.array([rows.place[row] for row in labels.row_id], dtype=np.int64)
    order = labels.order(plan.target.model_dump_json())
    return _Audit(rows, plan, labels, people, places, audit_state(labels, order, _of_rows(people, places)))


def _of_rows(people: PeoplesAnswers, places: Indices) -> Answers:
    """Answers of the labels' rows, numbered as labels are."""
    own = np.full(people.answers.n_rows, -1)
    own[places] = np.arange(len(places))
    row = own[people.answers.row]
    kept = row >= 0
    answers = people.answers.kept(kept)
    return Answers(row[kept], answers.annotator, answers.label, len(places), answers.n_annotators, answers.n_classes)


@dataclass(frozen=True)
class AuditSample:
    """Rows that are to be answered.

    Parameters
    ----------
    table
        row_id, batch, key, picked, text where rows are texts, and an empty column ``label``, in random order.
    first, again, tests
        Rows that nobody has answered, rows in dispute, and hidden test questions among them.
    """

    table: pl.DataFrame
    first: int
    again: int
    tests: int


def sample_audit(project: Project, name: str, out: Path, *, most: int, tests: int, seed: int) -> AuditSample:
    """Write the next rows of the random sample to a file that comes back by `tidemill gold add`.

    Rows in dispute are among them, for another person; and test questions, which look alike.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    out
        ``.csv``, ``.jsonl`` or ``.parquet``.
    most
        Rows that nobody has answered yet.
    tests
        Test questions: rows whose label is settled, by itself or by two people.
    seed
        Of the test questions and of the order in the file.

    Returns
    -------
    AuditSample

    Raises
    ------
    DataError
        There is no plan, the labels are not those of the plan any more, or nothing is left to be answered.
    ConfigError
        The name of ``out`` ends with no format that is written, or the file holds labels or other content.
    """
    check_out(out)
    make_tables(project, name)
    audit = _audit(project, name)
    rng = np.random.default_rng(seed)
    first = audit.places[audit.state.waiting[:most]]
    again = audit.places[audit.state.disputed]
    known = np.setdiff1d(audit.people.settled, again)
    hidden = rng.permutation(known)[:tests]
    chosen = rng.permutation(np.concatenate([first, again, hidden]))
    if not len(chosen):
        raise DataError(f"all rows of {name} are answered and none is in dispute: `tidemill review certify {name}`")
    picked = audit.rows.table[chosen.tolist()].select("row_id", "batch", "key", pl.lit("random").alias("picked"))
    table = with_content(audit.rows, picked)
    write_sample(table, out, audit.rows)
    return AuditSample(table, len(first), len(again), len(hidden))


def certify(project: Project, name: str) -> Certificate:
    """Prove what the answers prove; a certificate is kept where the target is met, and taken back where answers to the same plan do not bear it out any more.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    Certificate
        With ``met`` false it is written only over one of the same plan.

    Raises
    ------
    DataError
        There is no plan, or the labels are not those of the plan any more.
    """
    audit = _audit(project, name)
    state = audit.state
    rows, errors = len(state.checked), len(state.errors)
    reviewers = _reviewers(audit)
    bound = proven(audit.target, reviewers, rows=rows, errors=errors)
    result = Certificate(
        problem=name,
        target=audit.plan.target,
        met=bound.met,
        checked=rows,
        errors=errors,
        bound=bound.share,
        reviewers=ReviewersError(
            wrong=reviewers.wrong,
            asked=reviewers.asked,
            overruled=reviewers.overruled,
            confirmed=reviewers.confirmed,
            bound=bound.reviewer_error,
        ),
        newest_answer=_newest(audit),
        disputed=len(state.disputed),
        rows_to_go=None if bound.met else rows_to_go(audit.target, reviewers, rows=rows, errors=errors),
    )
    kept = Certificate.read_if_there(audit.rows.paths.certificate)
    if result.met or (kept is not None and kept.met and kept.target == result.target):
        result.write(audit.rows.paths.certificate)
    return result


def _reviewers(audit: _Audit) -> Reviewers:
    """What test questions say of the reviewers, and rows of the sample of which nothing was known: those with a label of their own are test questions."""
    state, trust, trusted = audit.state, audit.people.trust, audit.plan.target.trusted
    by = np.setdiff1d(np.unique(audit.people.answers.annotator), audit.people.ejected)
    asked, right = int(trust.asked[by].sum()), int(trust.right[by].sum())
    unknown = audit.rows.table["own"].to_numpy()[audit.places] == NO_GOLD
    kept = np.setdiff1d(state.checked, np.setdiff1d(state.errors, state.disputed))
    kept = kept[unknown[kept]]
    denied = np.intersect1d(kept, state.denied)
    return Reviewers(asked - right, asked, trusted, overruled=len(denied), confirmed=len(kept))


def _newest(audit: _Audit) -> str | None:
    checked = np.isin(audit.people.answers.row, audit.places[audit.state.checked])
    return max((when for when, kept in zip(audit.people.when, checked, strict=True) if kept), default="") or None
