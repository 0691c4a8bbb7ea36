"""`tidemill watch`."""

from __future__ import annotations

import contextlib
from typing import Annotated

from typer import Option

from tidemill.cli.options import AnyProblem
from tidemill.cli.project import open_project


def watch(
    problem: AnyProblem = None,
    *,
    interval: Annotated[float, Option("--interval", metavar="SECONDS", min=0.1, help="between two polls")] = 60.0,
    once: Annotated[bool, Option("--once", help="poll once and end, as a cron job does")] = False,
) -> None:
    """Watch for new batches, and act on them.

    Does in the foreground what the schedule and the automations of `tidemill ui` do, until Ctrl-C or SIGTERM. What an earlier run decided and did not
    finish is done first.

    Examples
    --------
    tidemill watch spam
    tidemill watch --interval 10
    tidemill watch --once
    """
    from tidemill.cli.flows import flow
    from tidemill.flows.watch import watch as poll
    from tidemill.project.compose import expand, require_problem
    from tidemill.runs.checkout import require_repository
    from tidemill.runs.subprocesses import end_commands_on_interrupt
    from tidemill.runs.temporary_server import prefect_api

    project = open_project(problem)
    problems, _ = expand([f"problem={problem or 'all'}"], conf=project.conf)
    require_problem(problems)
    require_repository(project.shared)
    end_commands_on_interrupt()
    with contextlib.suppress(KeyboardInterrupt):
        wait = prefect_api(project)
        monitor = flow("monitor", project)
        wait()
        print(f"watching {', '.join(problems)}; Ctrl-C ends it", flush=True)
        poll(project, problems, lambda name: monitor(name)[name], interval=interval, once=once)
