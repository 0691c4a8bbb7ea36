"""`tidemill lf examples`."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, OutFile, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def examples(
    problem: ProblemName,
    file: Annotated[
        str, Argument(metavar="FILE", help="such as scams.jsonl, in the folder of the problem's functions")
    ],
    rows: Annotated[
        list[str], Argument(metavar="ROW...", help="row_id or its beginning, key, or name of an image file")
    ],
    *,
    of: Annotated[str, Option("--class", metavar="CLASS", help="the class that these rows are examples of")],
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Write rows and their features to a file of examples.

    Labeling functions of kind prototype and neighbours read it.

    Examples
    --------
    tidemill lf examples spam scams.jsonl 3f2a 77b1 --class spam
    tidemill lf examples solar cracks.jsonl cell0042.png cell0107.png --class defective
    """
    from tidemill.apps.workbench.examples import examples as write_examples
    from tidemill.apps.workbench.examples import printed
    from tidemill.apps.workbench.problem_view import ProblemView

    with answering(as_json=as_json, out=out) as answer:
        report = write_examples(ProblemView(open_project(problem), problem), file, of=of, rows=rows)
        answer(report, printed(report))
