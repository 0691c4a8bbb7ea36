"""`tidemill accept-drift`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson, ProblemName
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def accept_drift(
    problem: ProblemName,
    *,
    reason: Annotated[str, Option("--reason", help="why it is harmless; kept with the decision")],
    since: Annotated[
        str | None,
        Option("--since", metavar="BATCH", help="first batch of the new reference (default: where the change began)"),
    ] = None,
    until: Annotated[
        str | None, Option("--until", metavar="BATCH", help="last batch of it (default: the newest)")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Accept a drift as harmless.

    What arrived since is what is expected from now on. The decision is written to models/PROBLEM/champion.json; commit it, and the next run compares with the new reference.

    Examples
    --------
    tidemill accept-drift spam --reason "the newsletter was launched on purpose"
    """
    from tidemill.apps.models.accepted_drift import accept_drift as accept

    with answering(as_json=as_json) as answer:
        accepted = accept(open_project(problem), problem, reason=reason, since=since, until=until)
        file = f"models/{problem}/champion.json"
        lines = [
            f"batches after {accepted.until} are compared with {accepted.since} to {accepted.until}: {accepted.reason}",
            f"commit it: git commit -m 'Accept a drift of {problem}' {file}",
        ]
        answer({"problem": problem, "file": file, **accepted.model_dump()}, lines)
