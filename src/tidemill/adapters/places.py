"""Where things are that all runs share, whichever git worktree they work in."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path


def shared_root(start: Path | None = None) -> Path:
    """Any folder of the project (default: the current one) → top folder of the project's main checkout.

    A run works in a git worktree of its own; fetched packages, incoming files, Data Docs and Prefect's database stay
    in the main checkout. Outside of git the folder itself is the root.
    """
    return _root_of((start or Path.cwd()).resolve())


@functools.cache
def _root_of(folder: Path) -> Path:
    answer = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--path-format=absolute", "--git-common-dir"],
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    )
    common = Path(answer.stdout.strip()) if answer.returncode == 0 else None
    return common.parent if common is not None and common.name == ".git" else folder


def state_folder(start: Path | None = None) -> Path:
    """Any folder of the project → the folder of local state that git and DVC ignore."""
    return shared_root(start) / ".tidemill"


def data_docs(problem: str, table: str) -> Path:
    """Problem and table → folder of the Data Docs of that table's last check."""
    return shared_root() / "reports" / "data_docs" / problem / table


def data_docs_page(problem: str, table: str) -> Path:
    """Problem and table → the page that leads to the result of that table's last check."""
    return data_docs(problem, table) / "latest.html"


def suite_result(problem: str, table: str) -> Path:
    """Problem and table → JSON file of that table's last check."""
    return state_folder() / "suites" / problem / f"{table}.json"
