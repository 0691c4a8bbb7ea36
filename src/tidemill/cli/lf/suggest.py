"""`tidemill lf suggest`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from tidemill.cli.lf.problems import chosen, problem_and_rest
from tidemill.cli.options import AnyProblem, AsJson, OutFile, SampleSize
from tidemill.cli.output import answering


def suggest(
    problem: AnyProblem = None,
    *,
    limit: Annotated[int, Option(metavar="N", min=1, help="most candidates to give")] = 10,
    rows: SampleSize = None,
    batch: Annotated[
        str | None, Option(metavar="BATCH", help="only rows of this batch lack votes; any rows judge a candidate")
    ] = None,
    show: Annotated[int, Option(metavar="N", min=0, help="rows to show of each candidate")] = 2,
    generate: Annotated[
        bool, Option("--generate", help="suggest generators instead: models, descriptions of classes, prompts")
    ] = False,
    as_json: AsJson = False,
    out: OutFile = None,
) -> None:
    """Suggest candidates for new labeling functions.

    They would vote where no labeling function does, or where the votes conflict.

    Examples
    --------
    tidemill lf suggest spam --limit 5
    tidemill lf suggest spam --batch email-2
    tidemill lf suggest spam --generate
    """
    if generate:
        return _generators(problem, as_json=as_json, out=out)
    from tidemill.apps.workbench.suggest_functions import printed, suggest_functions

    with answering(as_json=as_json, out=out) as answer:
        reports = [suggest_functions(look, most=limit, size=rows, shown=show, batch=batch) for look in chosen(problem)]
        answer(reports, problem_and_rest([printed(report) for report in reports]))
    return None


def _generators(problem: str | None, *, as_json: bool, out: Path | None) -> None:
    from tidemill.apps.workbench.suggest_generators import printed, suggest_generators

    with answering(as_json=as_json, out=out) as answer:
        reports = [suggest_generators(look) for look in chosen(problem)]
        answer(reports, problem_and_rest([printed(report) for report in reports]))
