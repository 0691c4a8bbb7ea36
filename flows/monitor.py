"""When batches have arrived: has the data moved, and what is to be done about it."""

from __future__ import annotations

from prefect import flow

from flows.refresh import PROJECT, Choice, refresh
from tidemill.flows.monitor import monitor_problems
from tidemill.flows.parameter_form import Trigger


@flow(name="monitor", flow_run_name="monitor {problem}")
def monitor(problem: Choice = "all", *, trigger: Trigger = True) -> dict[str, str]:
    """Compare the batches that have arrived with the data that the champion was trained on.

    Parameters
    ----------
    problem
        Name of the problem, or ``all``.
    trigger
        Whether what is decided is carried out.

    Returns
    -------
    dict of str to str
        The decision on each problem's new batches.
    """
    return monitor_problems(PROJECT, problem, refresh=refresh if trigger else None)
