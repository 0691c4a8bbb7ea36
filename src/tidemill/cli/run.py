"""`tidemill run`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, Overrides
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def run(
    settings: Overrides = None,
    *,
    save: Annotated[
        bool, Option("--save", help="write the settings into conf/problem/ and commit that, for later runs too")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring every stage up to date, monitor, gate and promote.

    Works in a git worktree of its own. It publishes a commit and, where the gate says so, a version. Settings are of this run only, unless --save keeps them.

    Examples
    --------
    tidemill run
    tidemill run problem=spam denoise=majority train.optimizer.max_epochs=3
    tidemill run problem=spam train=auto --save
    """
    from tidemill.apps.reports.index_page import summary
    from tidemill.cli.flows import flow
    from tidemill.project.compose import expand, require_problem
    from tidemill.runs.checkout import branch_to_publish_on, require_repository
    from tidemill.runs.publish import ELSEWHERE
    from tidemill.runs.saved_settings import keep_and_commit
    from tidemill.runs.subprocesses import end_commands_on_interrupt
    from tidemill.runs.temporary_server import prefect_api
    from tidemill.runs.worktree import refuse_uncommitted

    with answering(as_json=as_json) as answer:
        project, words = open_project(), settings or []
        problems, overrides = expand(words, conf=project.conf)
        require_problem(problems)
        require_repository(project.shared)
        branch_to_publish_on(project.shared)
        refuse_uncommitted(project.shared)
        problem = "all" if len(problems) > 1 else problems[0]
        settings = [word for word in words if not word.startswith("problem=")]
        if save and overrides:
            keep_and_commit(project, overrides)
            settings = []
        end_commands_on_interrupt()
        wait = prefect_api(project)
        refresh = flow("refresh", project)
        wait()
        outcomes = refresh(problem, settings)
        lines = []
        if settings:
            lines.append(f"for this run only: {' '.join(settings)}; --save keeps settings, and so does conf/problem/")
        for name in problems:
            if any(ELSEWHERE in line for line in outcomes[name]):
                lines += [
                    "",
                    f"{name}: what follows are figures of your checkout, not of this run, which ends with where its own are",
                ]
            lines += ["", *summary(project, name).splitlines(), *(f"  {line}" for line in outcomes[name])]
        answer(outcomes, lines)
