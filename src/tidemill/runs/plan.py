"""The stages of one problem from DVC's graph, in order, and which of them have something to do.

``dvc.yaml`` is the only DAG; nothing here names a stage.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tidemill.errors import RunError

if TYPE_CHECKING:  # the process of its own needs no more than DVC
    from tidemill.runs.worktree import Workspace

_UNCHANGED: Final[tuple[list[str], ...]] = ([], ["always changed"])
"""Statuses of a stage that has nothing to do; a run has just composed what the preflight stage always checks."""


@dataclass(frozen=True)
class Step:
    """One DVC stage: its address, the addresses it waits for, and whether DVC sees a change."""

    address: str
    after: tuple[str, ...]
    changed: bool

    @property
    def stage(self) -> str:
        """The stage's word, ``label`` of ``label@spam``."""
        return self.address.partition("@")[0]


def plan(folder: Path, problem: str) -> list[Step]:
    """Plan the steps of a problem.

    A step is changed where DVC sees a changed dependency, parameter, command or output, or where it follows one that is.

    Parameters
    ----------
    folder
        Checkout.
    problem
        Name of the problem.

    Returns
    -------
    list of Step
        In an order in which each follows those it waits for.

    Raises
    ------
    RunError
        ``dvc.yaml`` or ``dvc.lock`` cannot be read, or no stage belongs to the problem.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(folder)) as repo:
            graph = repo.index.graph
            mine = {s.addressing: s for s in repo.index.stages if s.addressing.endswith(f"@{problem}")}
            after = {name: _names(graph.successors(stage)) for name, stage in mine.items()}
            status = repo.status(targets=list(mine)) if mine else {}
    except DvcException as error:
        raise RunError(f"DVC cannot read the pipeline: {error}") from error
    if not mine:
        raise RunError(f"dvc.yaml has no stage for problem {problem!r}: is it in `problems` of params.yaml?")
    steps: list[Step] = []
    for name in _ordered(after):
        changed = status.get(name, []) not in _UNCHANGED or any(
            step.changed for step in steps if step.address in after[name]
        )
        steps.append(Step(name, after[name], changed))
    return steps


def steps_up_to(address: str, steps: list[Step]) -> list[Step]:
    """Pick the steps that the addressed one waits for, and itself.

    Parameters
    ----------
    address
        Such as ``monitor@spam``.
    steps
        A plan.

    Returns
    -------
    list of Step
        In the plan's order.
    """
    wanted = {address}
    for step in reversed(steps):
        if step.address in wanted:
            wanted |= set(step.after)
    return [step for step in steps if step.address in wanted]


def plan_apart(work: Workspace, problem: str) -> list[Step]:
    """Plan the steps of a problem in a process of its own, for DVC's Repo object knows a lock's holder by process and arguments.

    Parameters
    ----------
    work
        Where the stages are to run.
    problem
        Name of the problem.

    Returns
    -------
    list of Step
        As ``plan``.

    Raises
    ------
    RunError
        As ``plan``.
    """
    lines: list[str] = []
    work.run(sys.executable, "-P", "-m", "tidemill.runs.plan", str(work.folder), problem, say=lines.append)
    return [Step(address, tuple(after), changed) for address, after, changed in json.loads(lines[-1])]


def _names(stages: object) -> tuple[str, ...]:
    return tuple(sorted(stage.addressing for stage in stages))  # type: ignore[attr-defined]


def _ordered(after: dict[str, tuple[str, ...]]) -> list[str]:
    """Kahn's algorithm, ties by name."""
    left = {name: {item for item in names if item in after} for name, names in after.items()}
    ordered: list[str] = []
    while left:
        ready = sorted(name for name, names in left.items() if not names)
        if not ready:
            raise RunError(f"the stages {', '.join(sorted(left))} wait for each other")
        ordered += ready
        left = {name: names - set(ready) for name, names in left.items() if name not in ready}
    return ordered


def main() -> None:
    """Print the plan of ``FOLDER PROBLEM`` as JSON: DVC's Repo is used in a process of its own, never in a thread."""
    steps = plan(Path(sys.argv[1]), sys.argv[2])
    print(json.dumps([[step.address, list(step.after), step.changed] for step in steps]))


if __name__ == "__main__":
    main()
