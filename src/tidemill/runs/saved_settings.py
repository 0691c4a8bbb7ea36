"""Settings of a command line, kept in the project by a commit of the files that hold them."""

from __future__ import annotations

from collections.abc import Sequence

from tidemill.project.keep_overrides import keep_overrides
from tidemill.project.project import Project
from tidemill.runs.git import git


def keep_and_commit(project: Project, overrides: Sequence[str]) -> str | None:
    """Write overrides into ``conf/problem/`` and commit these files alone, for a run works on what is committed.

    Parameters
    ----------
    project
        The project.
    overrides
        In Hydra's grammar, as ``expand`` gives them.

    Returns
    -------
    str or None
        The commit; None where the files had these settings already.

    Raises
    ------
    ConfigError
        An override cannot be kept.
    """
    files = [str(path) for path in keep_overrides(project, overrides)]
    if not git("status", "--porcelain", "--", *files, folder=project.root):
        return None
    git("commit", "--quiet", "-m", f"Keep {' '.join(overrides)}", "--", *files, folder=project.root)
    return git("rev-parse", "HEAD", folder=project.root)
