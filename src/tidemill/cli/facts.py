"""`tidemill facts`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

from typer import Argument, Option

from tidemill.cli.options import AsJson, OutFile, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project

Truth = Literal["true", "false", "unknown"]


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
    below: Annotated[float, Option(metavar="P", min=0, max=1, help="greatest probability")] = 1.0,
    truth: Annotated[
        Truth | None, Option(help="only facts that are true or false by gold, or unknown", show_default=False)
    ] = None,
    random: Annotated[
        int | None,
        Option(
            "--random", metavar="SEED", min=0, help="draw facts at random in place of the likeliest", show_default=False
        ),
    ] = None,
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
    tidemill facts located --truth false --random 1 --explain
    """
    from tidemill.apps.workbench.facts import WhichFacts, explain_fact, list_facts, printed_fact

    with answering(as_json=as_json, out=out) as answer:
        project = open_project(problem)
        which = WhichFacts(above, below, most, truth, random)
        found = list_facts(project, problem, names or (), which)
        behind = [explain_fact(project, problem, fact) if explain else [] for fact in found]
        content = [
            asdict(fact) | ({"candidates": [asdict(row) for row in rows]} if explain else {})
            for fact, rows in zip(found, behind, strict=True)
        ]
        lines = [line for fact, rows in zip(found, behind, strict=True) for line in printed_fact(fact, rows)]
        answer(content, lines or [f"{problem}: no such fact from {above:g} to {below:g}"])
