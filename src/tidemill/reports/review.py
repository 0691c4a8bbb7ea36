"""What a review of labels by people plans, finds and proves: audit_plan.json, certificate.json, answers of `tidemill review --json`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from tidemill.reports.base import Count, Estimate, Part, Report, Share


class AuditTarget(Part):
    """What is to be proven of which labels."""

    labels_sha256: str = Field(description="of rows and labels; other labels have another")
    rows: Count = Field(description="labels in all")
    error: Share = Field(description="share of wrong labels that is allowed")
    confidence: Share = Field(description="of the proof")
    expected: Share = Field(description="share of wrong labels that was expected, before the first row was checked")
    sure: Share = Field(description="least probability of the labels that are meant; 0: all")
    trusted: bool = Field(description="whether reviewers are taken to be right")


class AuditPlan(Report):
    """How many rows have to be checked."""

    FILE: ClassVar[str] = "data/<problem>/audit_plan.json"
    REMEDY: ClassVar[str] = "`tidemill review plan` makes it again"
    MERGE: ClassVar[str] = (
        "take the side whose sample people answer, `git checkout --ours` or `--theirs` and the file's name"
    )

    problem: str = Field(description="its name")
    target: AuditTarget = Field(description="what is to be proven")
    reviewer_error: Share = Field(description="error rate of reviewers that was assumed")
    tests: Count = Field(description="test questions that were assumed")
    fixed_rows: Count | None = Field(description="rows where their number is fixed; null: all have to be checked")
    fixed_errors: Count | None = Field(description="the most errors among them with which the target is met")
    mean_rows: Count | None = Field(description="rows on average, looked at after each; null: reviewers err too much")
    answers: Count | None = Field(description="answers that these cost, test questions and disputes included")
    price: float | None = Field(default=None, description="of these answers, where one has a price")


class ReviewersError(Part):
    """What test questions and checked rows say of the reviewers."""

    wrong: Count = Field(description="test questions that were answered wrong")
    asked: Count = Field(description="test questions")
    overruled: Count = Field(
        default=0, description="rows of the sample of which an answer was overruled or is in dispute"
    )
    confirmed: Count = Field(default=0, description="rows of the sample whose label was not refuted")
    bound: Share = Field(description="on their error rate; 0 where they are taken to be right")


class Certificate(Report):
    """What a sample proves of all labels."""

    FILE: ClassVar[str] = "data/<problem>/certificate.json"
    REMEDY: ClassVar[str] = "`tidemill review certify` makes it again"
    MERGE: ClassVar[str] = (
        "take one, `git checkout --ours` or `--theirs` and the file's name, then `tidemill review certify`"
    )

    problem: str = Field(description="its name")
    target: AuditTarget | None = Field(description="what was to be proven; null: nothing has been certified")
    met: bool = Field(description="whether it is proven")
    checked: Count = Field(description="rows of the random sample that people answered")
    errors: Count = Field(description="labels among them that people do not confirm")
    bound: Share = Field(description="share of wrong labels at most, with the confidence of the target")
    reviewers: ReviewersError | None = Field(description="their own errors; null: nothing has been certified")
    newest_answer: str | None = Field(
        description="when the last answer was given; null: labels came with their batches"
    )
    disputed: Count = Field(default=0, description="errors that another person may still find to be none")
    rows_to_go: Count | None = Field(
        default=None, description="rows more that are likely to prove it; left out: none would, or it is proven"
    )

    @classmethod
    def none(cls, problem: str) -> Certificate:
        """Make the file of a problem without a certificate.

        Parameters
        ----------
        problem
            Its name.

        Returns
        -------
        Certificate
        """
        nothing = {"target": None, "met": False, "checked": 0, "errors": 0, "bound": 1.0}
        return cls.model_validate({"problem": problem, "reviewers": None, "newest_answer": None} | nothing)

    def state(self, sha256: str) -> Literal["none", "valid", "expired"]:
        """Compare it with labels.

        Parameters
        ----------
        sha256
            Of today's labels that are as sure as those of the target.

        Returns
        -------
        "none", "valid" or "expired"
        """
        if self.target is None or not self.met:
            return "none"
        return "valid" if self.target.labels_sha256 == sha256 else "expired"


class RowAgreement(Part):
    """How far people agree, as an answer of `tidemill review agreement`."""

    problem: str = Field(description="its name")
    people: Count = Field(description="who answered")
    answers: Count = Field(description="valid answers, the newest of each person and row")
    rows: Count = Field(description="rows that two people or more answered")
    alpha: Estimate = Field(description="Krippendorff's alpha with its 95% interval")


class AnnotatorTrust(Part):
    """One person."""

    who: str = Field(description="id of the person; batch: labels that rows came with")
    answers: Count = Field(description="rows that count")
    right: Count = Field(description="test questions that were answered right")
    tests: Count = Field(description="test questions")
    trust: Share = Field(description="smoothed share of right ones")
    ejected: bool = Field(description="whether the answers are replaced")


class AnnotatorTable(Part):
    """Everybody who answered, as an answer of `tidemill review annotators`."""

    problem: str = Field(description="its name")
    annotators: tuple[AnnotatorTrust, ...] = Field(description="most trusted first")


class QueuePart(Part):
    """Some of the rows of a queue, in the order in which they are to be answered."""

    first: Count = Field(description="number of the first row, from 1 on")
    last: Count = Field(description="number of the last row")
    wrong: float = Field(description="labels among them that are expected to be wrong")
    per_minute: float = Field(description="the same for a minute of answers")


class ReviewQueue(Part):
    """Rows that are worth a person's minute, and what their answers are expected to bring."""

    rows: Count = Field(description="in the file")
    picked: dict[str, Count] = Field(description="why: how many")
    expected_errors: float = Field(description="labels among them that are expected to be wrong")
    errors_of_all: Share = Field(description="share of all labels without an answer that are expected to be wrong")
    seconds: float = Field(description="that a row takes")
    parts: tuple[QueuePart, ...] = Field(description="tenths of the rows")
    stop_after: int | None = Field(
        description="rows after which one corrects less than twice what a row drawn at random does; null: none"
    )
