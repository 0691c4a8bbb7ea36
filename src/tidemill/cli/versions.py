"""`tidemill versions`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def versions(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """List a problem's versions, its champion and damage.

    Examples
    --------
    tidemill versions spam
    tidemill versions spam --json
    """
    from tidemill.runs.checkout import DEEPEN, is_shallow
    from tidemill.runs.model_registry import read_registry

    with answering(as_json=as_json) as answer:
        project = open_project(problem, mends=False)
        registry = read_registry(project, problem)
        lines = [
            f"{version}  {commit[:12]}{'  champion' if version == registry.champion else ''}"
            for version, commit in registry.versions.items()
        ]
        damaged = [str(damage) for damage in registry.damages]
        content = {"champion": registry.champion, "versions": registry.versions, "damaged": damaged}
        nothing = f"{problem} has no version yet: tidemill run problem={problem}"
        if not lines and is_shallow(project.shared):
            nothing = f"{problem} has no version in this shallow clone: {DEEPEN}"
        lines = lines or [nothing]
        answer(content, [*lines, *(f"damaged: {line}" for line in damaged)])
