"""`tidemill monitor`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, Overrides
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def monitor(
    settings: Overrides = None,
    *,
    no_trigger: Annotated[bool, Option("--no-trigger", help="print the decision, do nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at new batches, and act on them.

    Prints what `tidemill run` prints, with the drift that this look found. What a look computes is not computed again by the run that learns from it.

    Examples
    --------
    tidemill monitor problem=spam
    tidemill monitor --no-trigger --json
    """
    from tidemill.apps.reports.index_page import summary
    from tidemill.cli.flows import flow
    from tidemill.errors import ConfigError
    from tidemill.project.compose import expand, require_problem
    from tidemill.runs.checkout import require_repository
    from tidemill.runs.subprocesses import end_commands_on_interrupt
    from tidemill.runs.temporary_server import prefect_api

    with answering(as_json=as_json) as answer:
        project = open_project()
        problems, overrides = expand(settings or [], conf=project.conf)
        if overrides:
            raise ConfigError(
                f"{' '.join(overrides)}: monitor takes no settings but problem=NAME, for a look uses what is committed: "
                "write them into conf/problem/, or say `tidemill run … --save`"
            )
        require_problem(problems)
        chosen = "all" if len(problems) > 1 else problems[0]
        require_repository(project.shared)
        end_commands_on_interrupt()
        wait = prefect_api(project)
        look = flow("monitor", project)
        wait()
        decisions = look(chosen, trigger=not no_trigger)
        lines = []
        for name, decision in decisions.items():
            lines += ["", *summary(project, name, last_look=True).splitlines(), f"{name}: {decision}"]
        answer(decisions, lines)
