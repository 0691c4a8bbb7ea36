"""`tidemill review queue`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted

if TYPE_CHECKING:
    from tidemill.reports.review import ReviewQueue

_MANY = 0.1
"""Share of wrong labels from which on functions are to be mended first."""


def queue(
    problem: ProblemName,
    *,
    out: Annotated[
        Path, Option("--out", metavar="FILE", resolve_path=True, help="file to fill in: .csv, .jsonl or .parquet")
    ],
    budget: Annotated[int, Option("--budget", metavar="N", min=1, help="number of rows")] = 200,
    batch: Annotated[str | None, Option(metavar="BATCH", help="rows of this batch alone (default: of all)")] = None,
    audit: Annotated[
        float, Option(metavar="SHARE", min=0, max=1, help="share of rows drawn at random, marked in the column picked")
    ] = 0.1,
    seconds: Annotated[
        float | None,
        Option(metavar="S", min=0.1, help="that a row takes (default: as measured of earlier answers, else 10)"),
    ] = None,
    seed: Annotated[int, Option(metavar="N", min=0, help="of the draw")] = 7,
    as_json: AsJson = False,
) -> None:
    """Pick the rows whose answers correct the most labels.

    They are rows whose label is likely wrong by both models, unlike each other; rows that the monitor asks about, of a kind that is new or with votes
    of a function that decayed, up to a quarter; and a random share, which keeps estimates unbiased. The likeliest come first, so answer them from the top and stop
    where the command says that it no longer pays. Rows that have a label are left out.

    Examples
    --------
    tidemill review queue spam --budget 200 --out rows.csv
    tidemill review queue spam --batch email-2 --out rows.csv
    """
    from tidemill.apps.review.queue import QueueRequest, write_queue

    with answering(as_json=as_json) as answer:
        request = QueueRequest(budget, batch, audit, seconds, seed)
        done = write_queue(open_project(problem), problem, request, out)
        answer(done, _lines(problem, out, done))


def _lines(problem: str, out: Path, done: ReviewQueue) -> list[str]:
    minutes = done.rows * done.seconds / 60.0
    first = (
        f"{problem}: {counted(done.rows, 'row is', 'rows are')} in {out}, {minutes:.0f} minutes at {done.seconds:.0f} seconds a row; about "
        f"{done.expected_errors:.0f} of their labels are wrong ({done.errors_of_all:.1%} of all are)"
    )
    lines = [
        first,
        *(f"  {count:5d} {why}" for why, count in done.picked.items()),
        "rows        wrong labels a minute",
        *(f"{part.first:4d} to {part.last:4d}   {part.per_minute:.2f}" for part in done.parts),
    ]
    if done.stop_after is not None:
        lines.append(
            f"stop after {counted(done.stop_after, 'row')}: from there on a row corrects less than two drawn at random do"
            if done.stop_after
            else f"no row is worth more than two that are drawn at random: {_nowhere_more(problem, done)}"
        )
    return [
        *lines,
        f"next: fill the column label in, then: tidemill gold add {problem} {out}; or: tidemill review push {problem} {out}",
    ]


def _nowhere_more(problem: str, done: ReviewQueue) -> str:
    if done.errors_of_all < _MANY:
        return "the labels are as sure as they get"
    return f"so many labels are wrong that functions bring more than answers to some rows: tidemill lf list {problem}"
