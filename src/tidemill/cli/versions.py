"""`tidemill versions`."""

from __future__ import annotations

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def versions(problem: ProblemName, *, as_json: AsJson = False) -> None:
    """List a problem's versions and its champion.

    Examples
    --------
    tidemill versions spam
    tidemill versions spam --json
    """
    from tidemill.runs.model_registry import read_registry

    with answering(as_json=as_json) as answer:
        registry = read_registry(open_project(problem), problem)
        lines = [
            f"{version}  {commit[:12]}{'  champion' if version == registry.champion else ''}"
            for version, commit in registry.versions.items()
        ]
        content = {"champion": registry.champion, "versions": registry.versions}
        answer(content, lines or [f"{problem} has no version yet: tidemill run problem={problem}"])
