"""`tidemill facts`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson, OutFile, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def facts(
    problem: ProblemName,
    names: Annotated[
        list[str] | None,
        Argument(
            metavar="[NAME]...", help="subjects, objects or relations that a fact has to have", show_default=False
        ),
    ] = None,
    *,
    above: Annotated[float, Option(metavar="P", min=0, max=1, help="least probability")] = 0.5,
    most: Annotated[int, Option(metavar="N", min=1, help="facts that are listed at most")] = 20,
    explain: Annotated[
        bool, Option("--explain", help="show all sentences of each fact, and the votes on them")
    ] = False,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """List the facts of a relation problem.

    Examples
    --------
    tidemill facts located --above 0.9
    tidemill facts located Padua --explain
    """
    from tidemill.apps.workbench.facts import explain_fact, list_facts, printed_fact

    with answering(as_json=as_json, out=out) as answer:
        project = open_project(problem)
        found = list_facts(project, problem, names or (), above=above, most=most)
        behind = [explain_fact(project, problem, fact) if explain else [] for fact in found]
        content = [
            asdict(fact) | ({"candidates": [asdict(row) for row in rows]} if explain else {})
            for fact, rows in zip(found, behind, strict=True)
        ]
        lines = [line for fact, rows in zip(found, behind, strict=True) for line in printed_fact(fact, rows)]
        answer(content, lines or [f"{problem}: no such fact from {above:g} on"])
