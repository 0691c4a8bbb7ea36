"""`tidemill review import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

if TYPE_CHECKING:
    from tidemill.apps.review.crowd_exchange import CrowdAnswers

_SHOWN = 10


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
        done = import_answers(open_project(problem), problem, file, label=label, dry_run=dry_run)
        answer(_content(problem, done, dry_run=dry_run), _lines(problem, done, dry_run=dry_run))


def _content(problem: str, done: CrowdAnswers, *, dry_run: bool) -> dict[str, object]:
    return {
        "problem": problem,
        "platform": done.platform,
        "dry_run": dry_run,
        "added": len(done.answers) - done.withdrawn,
        "known": done.known,
        "withdrawn": done.withdrawn,
        "void": done.void,
        "blank": done.blank,
        "refused": list(done.refused),
    }


def _lines(problem: str, done: CrowdAnswers, *, dry_run: bool) -> list[str]:
    added = len(done.answers) - done.withdrawn
    would = " (dry run: nothing is written)" if dry_run else ""
    counts = f"{added} answers are new, {done.known} are known already, {done.withdrawn} are withdrawn, {done.blank} are blank"
    void = f"; {done.void} assignments were rejected or did not come to an end" if done.void else ""
    lines = [f"{problem}: {counts}{void}{would}"]
    lines += [f"  refused: {reason}" for reason in done.refused[:_SHOWN]]
    if len(done.refused) > _SHOWN:
        lines.append(f"  and {len(done.refused) - _SHOWN} more are refused")
    if done.answers and not dry_run:
        lines.append(f"next: git commit -m 'Labels of {problem}' data/{problem}, then: tidemill run problem={problem}")
    return lines
