"""`tidemill review export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted


def export(
    problem: ProblemName,
    file: Annotated[Path, Argument(metavar="FILE", help="rows, as `tidemill review queue` or `sample` writes them")],
    *,
    platform: Annotated[str, Option("--for", metavar="PLATFORM", help="mturk or toloka")],
    out: Annotated[
        Path, Option("--out", metavar="FILE", resolve_path=True, help="file of tasks: .csv, .tsv or .jsonl")
    ],
    image_url: Annotated[
        str | None, Option("--image-url", metavar="URL", help="of a picture, such as https://HOST/{row_id}.png")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write rows as tasks for Mechanical Turk or Toloka.

    Columns are row_id, text or image_url, and picked, with INPUT: before them for Toloka. Name the field of the answer label. Votes and predictions are left
    out, which would lead people.

    Examples
    --------
    tidemill review export spam rows.csv --for mturk --out tasks.csv
    tidemill review export spam rows.csv --for toloka --out tasks.tsv
    """
    from tidemill.apps.review.crowd_exchange import export_tasks

    with answering(as_json=as_json) as answer:
        tasks = export_tasks(open_project(problem), problem, file, platform, out, image_url=image_url)
        content = {"problem": problem, "platform": platform, "file": str(out), "tasks": tasks}
        lines = [
            f"{problem}: {counted(tasks, f'task for {platform} is', f'tasks for {platform} are')} in {out}",
            f"next: have them answered, then: tidemill review import {problem} ANSWERS.csv",
        ]
        answer(content, lines)
