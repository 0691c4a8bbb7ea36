"""`tidemill review plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

if TYPE_CHECKING:
    from tidemill.reports.review import AuditPlan


def plan(
    problem: ProblemName,
    *,
    error: Annotated[float, Option(metavar="SHARE", min=0, max=1, help="share of wrong labels that is allowed")] = 0.02,
    confidence: Annotated[float, Option(metavar="P", min=0.5, max=0.9999, help="of the proof")] = 0.95,
    expected: Annotated[
        float | None,
        Option(metavar="SHARE", min=0, max=1, help="share that is expected to be wrong (default: half of --error)"),
    ] = None,
    sure: Annotated[
        float, Option(metavar="P", min=0, max=1, help="only labels with at least this probability (default: all)")
    ] = 0.0,
    reviewer_error: Annotated[
        float, Option(metavar="SHARE", min=0, max=0.5, help="how often a reviewer is expected to be wrong")
    ] = 0.03,
    tests: Annotated[int, Option(metavar="N", min=0, help="test questions that reviewers will have answered")] = 200,
    trust_reviewers: Annotated[
        bool, Option("--trust-reviewers", help="take reviewers to be right; the certificate says so")
    ] = False,
    price: Annotated[float | None, Option(metavar="X", min=0, help="of an answer")] = None,
    as_json: AsJson = False,
) -> None:
    """Plan how many labels people have to check.

    It says how many rows prove that few labels are wrong. The plan is kept in data/PROBLEM/audit_plan.json; `tidemill review sample` and `certify` go by it. It is of today's labels.

    Examples
    --------
    tidemill review plan spam --error .02 --confidence .95
    tidemill review plan spam --error .01 --sure .99 --price .05
    """
    from tidemill.apps.review.audit import PlanRequest, plan_audit

    with answering(as_json=as_json) as answer:
        found = plan_audit(
            open_project(problem),
            problem,
            PlanRequest(
                error=error,
                confidence=confidence,
                expected=error / 2.0 if expected is None else expected,
                sure=sure,
                reviewer_error=reviewer_error,
                tests=tests,
                trusted=trust_reviewers,
                price=price,
            ),
        )
        answer(found, _lines(found))


def _lines(found: AuditPlan) -> list[str]:
    target = found.target
    lines = [
        f"{found.problem}: to prove that at most {target.error:.2%} of {target.rows} labels are wrong, at {target.confidence:.0%}, if {target.expected:.2%} are:"
    ]
    if found.mean_rows is None:
        return [*lines, "  no number of rows does, for reviewers may miss too many errors: ask more test questions"]
    share = found.mean_rows / target.rows
    price = "" if found.price is None else f", {found.price:,.2f} in all"
    fixed = (
        "all rows"
        if found.fixed_rows is None
        else f"{found.fixed_rows} rows with {found.fixed_errors} errors among them at most, where the number is fixed beforehand"
    )
    return [
        *lines,
        f"  {found.mean_rows} rows on average ({share:.0%}), ended as soon as it is proven: about {found.answers} answers with test questions and disputes{price}",
        f"  {fixed}",
        f"next: tidemill review sample {found.problem} --most {found.mean_rows} --out to_check.csv",
    ]
