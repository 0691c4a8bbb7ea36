"""`tidemill models`."""

from __future__ import annotations

from tidemill.cli.options import AnyProblem, AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def models(problem: AnyProblem = None, *, as_json: AsJson = False) -> None:
    """List versions, their scores and who promoted them.

    A candidate that waits for a decision is listed too, and tags that are damaged.

    Examples
    --------
    tidemill models
    tidemill models spam
    tidemill models spam --json
    """
    from dataclasses import asdict

    from tidemill.apps.models.registry_table import model_lines, problem_models
    from tidemill.project.layout import problem_names
    from tidemill.runs.checkout import DEEPEN, is_shallow

    with answering(as_json=as_json) as answer:
        project = open_project(problem, mends=False)
        names = [problem] if problem is not None else problem_names(project.root)
        found = {name: problem_models(project, name) for name in names}
        lines = []
        for name, item in found.items():
            if not item.versions and is_shallow(project.shared):
                lines.append(f"{name} has no version in this shallow clone: {DEEPEN}")
            elif not item.versions and not item.damaged:
                lines.append(f"{name} has no version yet: tidemill run problem={name}")
            lines += model_lines(name, item)
        answer({name: asdict(item) for name, item in found.items()}, lines)
