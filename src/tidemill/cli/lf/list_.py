"""`tidemill lf list`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.lf.problems import chosen, problem_and_rest
from tidemill.cli.options import AnyProblem, AsJson, OutFile
from tidemill.cli.output import answering


def list_functions(
    problem: AnyProblem = None,
    *,
    sort: Annotated[
        str, Option(metavar="COLUMN", help="name, coverage, conflicts, dev, learned, weight, outvoted, cost or value")
    ] = "name",
    no_cost: Annotated[bool, Option("--no-cost", help="do not run the functions to see what they cost")] = False,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Print the analysis table of the labeling functions.

    It tells how each one does, and what it contributes.

    Examples
    --------
    tidemill lf list spam
    tidemill lf list spam --sort coverage --json
    """
    from tidemill.apps.workbench.list_functions import function_table, printed

    with answering(as_json=as_json, out=out) as answer:
        tables = [function_table(look, sort=sort, cost=not no_cost) for look in chosen(problem)]
        answer(tables, problem_and_rest([printed(table) for table in tables]))
