"""`tidemill review agreement`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

if TYPE_CHECKING:
    from tidemill.reports.review import RowAgreement


def agreement(
    problem: ProblemName,
    *,
    draws: Annotated[int, Option(metavar="N", min=100, help="resamples of rows, for the interval")] = 1000,
    seed: Annotated[int, Option(metavar="N", min=0, help="of the resamples")] = 7,
    as_json: AsJson = False,
) -> None:
    """Measure how far people agree.

    It is Krippendorff's alpha of rows that several people labeled. 1: all agree; 0: as if answers were dealt out by chance. The newest valid answer of each person counts.

    Examples
    --------
    tidemill review agreement spam
    """
    from tidemill.apps.review.people import row_agreement

    with answering(as_json=as_json) as answer:
        found = row_agreement(open_project(problem), problem, draws=draws, seed=seed)
        answer(found, [_line(found)])


def _line(found: RowAgreement) -> str:
    alpha, low, high = found.alpha.score, found.alpha.low, found.alpha.high
    if alpha is None or low is None or high is None:
        return f"{found.problem}: {found.people} people gave all {found.rows} rows that several answered one class, so alpha has no value"
    return (
        f"{found.problem}: Krippendorff's alpha is {alpha:.3f} [{low:.3f}, {high:.3f}], of {found.people} people, on {found.rows} rows "
        "that two or more answered"
    )
