"""`tidemill review pull`."""

from __future__ import annotations

import sys
import time
from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_for_rows
from tidemill.cli.review.new_answers import answers_content, answers_lines
from tidemill.common.spelling import counted


def pull(
    problem: ProblemName,
    *,
    url: Annotated[
        str | None, Option("--url", metavar="URL", help="Label Studio (default: that of LABEL_STUDIO_URL)")
    ] = None,
    every: Annotated[
        float | None, Option("--every", metavar="SECONDS", min=1, help="again and again, until Ctrl+C ends it")
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="say what would be added, and write nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Add what people answered in Label Studio.

    What was pulled before is known and not added again, so it may be killed and started at any time. A changed annotation is a newer answer; of a deleted
    one, or one that skips its row now, the answer is withdrawn. With --every it outlives a restart of Label Studio. People are known by their number in Label Studio. The token is read from LABEL_STUDIO_API_KEY.

    Examples
    --------
    tidemill review pull spam --url http://127.0.0.1:8080
    tidemill review pull spam --every 60
    """
    from tidemill.apps.review.label_studio import LabelStudio
    from tidemill.apps.review.label_studio_sync import pull_answers
    from tidemill.contracts import DataError

    project = open_for_rows(problem)
    while True:
        try:
            with answering(as_json=as_json) as answer, LabelStudio.connect(url) as server:
                done = pull_answers(project, problem, server, dry_run=dry_run)
                content = answers_content(problem, done, dry_run=dry_run) | {"skipped": done.skipped}
                answer(
                    content,
                    answers_lines(
                        problem, done, f"{counted(done.skipped, 'row was', 'rows were')} skipped", dry_run=dry_run
                    ),
                )
        except DataError as error:
            if every is None:
                raise
            print(f"{error}; asked again in {every:g} seconds", file=sys.stderr)  # it may be started again meanwhile
        if every is None:
            return
        sys.stdout.flush()
        time.sleep(every)
