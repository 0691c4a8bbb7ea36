"""`tidemill review import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_for_rows
from tidemill.cli.review.new_answers import answers_content, answers_lines


def import_file(
    problem: ProblemName,
    file: Annotated[
        Path, Argument(metavar="FILE", help="answers: CSV, TSV or JSON lines of Mechanical Turk or Toloka")
    ],
    *,
    label: Annotated[
        str | None, Option(metavar="COLUMN", help="column of the answers (default: that of label, or the only one)")
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="say what would be added, and write nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Add answers of Mechanical Turk or Toloka.

    Whose file it is, its columns say. What was taken in before is not added again; an assignment that was rejected is left out, and its answer withdrawn where it
    was taken in. People are known by a hash of their id; which is whose stays in .tidemill/review/workers.csv, out of git.

    Examples
    --------
    tidemill review import spam Batch_4711_results.csv
    tidemill review import spam assignments.tsv --label OUTPUT:verdict --dry-run
    """
    from tidemill.apps.review.crowd_exchange import import_answers

    with answering(as_json=as_json) as answer:
        done = import_answers(open_for_rows(problem), problem, file, label=label, dry_run=dry_run)
        own = {"platform": done.platform, "void": done.void, "blank": done.blank}
        void = f"; {done.void} assignments were rejected or did not come to an end" if done.void else ""
        lines = answers_lines(problem, done, f"{done.blank} are blank{void}", dry_run=dry_run)
        answer(answers_content(problem, done, dry_run=dry_run) | own, lines)
