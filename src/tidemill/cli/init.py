"""`tidemill init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from tidemill.cli.options import AsJson
from tidemill.cli.output import answering


def init(
    folder: Annotated[
        Path, Argument(metavar="[FOLDER]", resolve_path=True, help="where (default: here)", show_default=False)
    ] = Path(),
    *,
    force: Annotated[bool, Option("--force", help="in a folder that is not empty; its files stay as they are")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a project of your own, anywhere.

    It has settings, stages, flows and tests, and is a git repository with DVC.

    Examples
    --------
    tidemill init reviews
    tidemill init --force .
    """
    from tidemill.apps.onboarding.init_project import init_project
    from tidemill.common.extras import require

    require("dvc")
    with answering(as_json=as_json) as answer:
        made = init_project(folder, force=force)
        answer({"folder": made.folder, "kept": made.kept, "commit": made.commit}, made.lines)
