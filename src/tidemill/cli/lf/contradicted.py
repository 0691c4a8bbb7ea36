"""`tidemill lf contradicted`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, OutFile, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def contradicted(
    problem: ProblemName,
    *,
    show: Annotated[int, Option(metavar="N", min=0, help="rows to show of each")] = 5,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """List functions that people contradict.

    With each stand rows, and what might mend it. Votes are those of the last run, labels those of dev rows as they are now. What is suggested is what these rows bear out: another vote, a word to take out, or the function;
    try it with `tidemill lf diff`.

    Examples
    --------
    tidemill lf contradicted spam
    tidemill lf contradicted spam --show 20 --json
    """
    from tidemill.apps.workbench.contradicted_functions import contradicted_functions, printed
    from tidemill.apps.workbench.problem_view import ProblemView

    with answering(as_json=as_json, out=out) as answer:
        view = ProblemView(open_project(problem), problem)
        view.check()
        found = contradicted_functions(view, shown=show)
        answer(found, printed(found))
