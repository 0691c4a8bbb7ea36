"""`tidemill review sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted


def sample(
    problem: ProblemName,
    *,
    out: Annotated[
        Path, Option("--out", metavar="FILE", resolve_path=True, help="file to fill in: .csv, .jsonl or .parquet")
    ],
    most: Annotated[int, Option("--most", metavar="N", min=0, help="rows that nobody has answered")] = 100,
    tests: Annotated[int, Option("--tests", metavar="N", min=0, help="hidden test questions among them")] = 20,
    seed: Annotated[int, Option(metavar="N", min=0, help="of test questions and of the order")] = 7,
    as_json: AsJson = False,
) -> None:
    """Write the next rows that are to be checked.

    They are the next of a random sample, in a file with an empty column label. Rows whose answer differs from the label are among them again, for another person. Test questions are rows that came with a label, or that two people answered alike, and
    look like all others. All rows have to be answered: one that is left out ends what counts.

    Examples
    --------
    tidemill review sample spam --most 200 --out to_check.csv
    """
    from tidemill.apps.review.audit import sample_audit

    with answering(as_json=as_json) as answer:
        done = sample_audit(open_project(problem), problem, out, most=most, tests=tests, seed=seed)
        few = (
            [
                f"only {counted(done.tests, 'row')} can be test questions: those that came with a label, or that two people answered alike"
            ]
            if done.tests < tests
            else []
        )
        content = {"problem": problem, "file": str(out), "rows": done.table.height}
        content |= {"first": done.first, "again": done.again, "tests": done.tests}
        answer(
            content,
            [
                f"{problem}: {counted(done.table.height, 'row is', 'rows are')} in {out}: {done.first} that nobody has answered, {done.again} for another person, {done.tests} test questions",
                *few,
                f"next: fill the column label in, then: tidemill gold add {problem} {out} --who ID, and: tidemill review certify {problem}",
            ],
        )
