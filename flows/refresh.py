"""When new rows, functions or settings are there: bring every stage up to date, and promote what is better.

A flow knows when; what a stage does stands in ``dvc.yaml``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from prefect import flow

from tidemill.flows.parameter_form import Because, Overrides, choice_of_problem
from tidemill.flows.refresh import refresh_problems
from tidemill.project.project import Project

PROJECT = Project.open(Path(__file__).parents[1]).main
Choice = Annotated[str, choice_of_problem(PROJECT.root)]


@flow(name="refresh", flow_run_name="refresh {problem}")
def refresh(
    problem: Choice = "all",
    overrides: Overrides = [],  # noqa: B006 - shown in the form
    because: Because = "",
) -> dict[str, list[str]]:
    """Refresh one problem, or all.

    Parameters
    ----------
    problem
        Name of the problem, or ``all``.
    overrides
        Settings to change, such as ``train.optimizer.max_epochs=3``.
    because
        Key of the monitor's decision that is to be carried out; empty where a person or a schedule asks.

    Returns
    -------
    dict of str to list of str
        By problem, a sentence per cycle: what was computed, promoted or kept, and why.
    """
    return refresh_problems(PROJECT, problem, overrides, because=because)
