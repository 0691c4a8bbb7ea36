"""When the gate leaves a decision to a person: a form in the Prefect UI, open until it is answered or times out."""

from __future__ import annotations

from prefect import flow

from flows.refresh import PROJECT
from tidemill.flows.approval import decide_in_prefect


@flow(name="approve", flow_run_name="approve {problem}")
def approve(problem: str, candidate: str) -> str:
    """Ask whether a candidate becomes the champion, and do as the answer says.

    A refresh starts this run where it asks; `tidemill approve` decides the same on the command line.

    Parameters
    ----------
    problem
        Name of the problem.
    candidate
        Commit whose results hold the candidate.

    Returns
    -------
    str
        What came of it.
    """
    return decide_in_prefect(PROJECT, problem, candidate)
