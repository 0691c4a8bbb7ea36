"""What killed runs have left in a project's state: worktrees and servers."""

from __future__ import annotations

from tidemill.common.locks import CLAIM, are_abandoned
from tidemill.project.layout import RUNS
from tidemill.project.project import Project
from tidemill.runs.temporary_server import end_orphans, servers_folder
from tidemill.runs.worktree import sweep


def leftovers(project: Project) -> list[str]:
    """List what killed runs have left; nothing is changed.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        A line for each.
    """
    runs = project.shared / RUNS
    claims = are_abandoned(runs)
    folders = {claim.with_suffix("") for claim in claims}
    folders |= {item for item in runs.glob("*-*") if item.is_dir() and not item.with_suffix(CLAIM).exists()}
    lines = [f"a killed run left the worktree {folder}" for folder in sorted(folders)]
    return lines + [f"a killed run left its note {claim}" for claim in are_abandoned(servers_folder(project))]


def sweep_leftovers(project: Project) -> list[str]:
    """Remove what killed runs have left, and end servers that still run.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    list of str
        A line for each.
    """
    lines = [f"{folder}: removed" for folder in sweep(project.shared)]
    return lines + [f"Prefect's server {pid}: ended" for pid in end_orphans(project)]
