"""`tidemill upgrade`."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering
from tidemill.cli.project import open_project


def upgrade(
    *,
    dry_run: Annotated[bool, Option("--dry-run", help="say what would be done, write nothing")] = False,
    keep: Annotated[
        list[str] | None,
        Option("--keep", metavar="FILE", help="stays as it is; not listed again until its template changes"),
    ] = None,
    take: Annotated[
        list[str] | None, Option("--take", metavar="FILE", help="is written anew, without what you changed")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move the project to the Tidemill that is installed.

    What was generated is generated anew; a file that you have changed stays, and is listed with the difference. Says
    which stages will run again and why.

    Examples
    --------
    tidemill upgrade --dry-run
    tidemill upgrade --keep Makefile --take flows/refresh.py
    """
    from tidemill.apps.onboarding.upgrade import upgrade_project

    with answering(as_json=as_json) as answer:
        done = upgrade_project(open_project(), dry_run=dry_run, keep=keep or [], take=take or [])
        answer(done.content, done.lines)
