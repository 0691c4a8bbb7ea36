"""`tidemill lf cost`."""

from __future__ import annotations

from tidemill.cli.lf.problems import chosen, problem_and_rest
from tidemill.cli.options import AnyProblem, AsJson, OutFile
from tidemill.cli.output import answering


def cost(problem: AnyProblem = None, *, as_json: AsJson = False, out: OutFile = None) -> None:
    """Tell what prompts will ask and cost; nothing is sent.

    Rows, requests and tokens are counted of functions of kind prompt; money is by the prices of their endpoints.

    Examples
    --------
    tidemill lf cost spam
    tidemill lf cost --json
    """
    from tidemill.apps.workbench.generated import printed_costs, prompt_costs

    with answering(as_json=as_json, out=out) as answer:
        reports = [prompt_costs(view) for view in chosen(problem)]
        answer(reports, problem_and_rest([printed_costs(report) for report in reports]))
