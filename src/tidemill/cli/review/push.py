"""`tidemill review push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project
from tidemill.common.spelling import counted


def push(
    problem: ProblemName,
    file: Annotated[Path, Argument(metavar="FILE", help="rows, as `tidemill gold sample` writes them")],
    *,
    url: Annotated[
        str | None, Option("--url", metavar="URL", help="Label Studio (default: that of LABEL_STUDIO_URL)")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make rows tasks of Label Studio, with votes and predictions.

    The project of the problem is made where it is not there. Rows that are tasks already are not sent again. Rows drawn at random are shown without votes
    and predictions, which would lead people. The token is read from LABEL_STUDIO_API_KEY.

    Examples
    --------
    tidemill review push spam rows.csv --url http://127.0.0.1:8080
    """
    from tidemill.apps.review.label_studio import LabelStudio
    from tidemill.apps.review.label_studio_sync import push_rows

    with answering(as_json=as_json) as answer:
        with LabelStudio.connect(url) as server:
            done = push_rows(open_project(problem), problem, file, server)
        page = f"{server.url}/projects/{done.project}"
        content = {"problem": problem, "url": page, "sent": done.sent, "there": done.there}
        lines = [
            f"{problem}: {counted(done.sent, 'row is a new task', 'rows are new tasks')}, {counted(done.there, 'was', 'were')} there: {page}",
            f"next: label them there, then: tidemill review pull {problem}",
        ]
        answer(content, lines)
