"""What was written in the studio and is not committed yet, and a commit of it alone."""

from __future__ import annotations

from pydantic import Field

from tidemill.apps.studio.workspace import Workspace
from tidemill.contracts import ConfigError, Settings
from tidemill.reports.studio import Committed
from tidemill.runs.git import git, identity


class CommitMessage(Settings):
    """Why the files were changed."""

    message: str = Field(max_length=5000)


def changed_files(workspace: Workspace) -> tuple[str, ...]:
    """List files of the problem that differ from the last commit: functions, labels, settings, and reports of runs in place.

    Parameters
    ----------
    workspace
        The problem.

    Returns
    -------
    tuple of str
        Paths in the repository; files that git ignores are not among them.

    Raises
    ------
    PublishError
        The folder is in no git repository.
    """
    project, name = workspace.project, workspace.name
    paths = project.paths(name)
    own = (paths.functions, paths.data, paths.champion.parent, paths.reports)
    settings = [project.conf / "problem" / f"{name}.yaml", project.conf / "config.yaml", project.params]
    shared = [project.root / file for file in ("code.yaml", "dvc.yaml", "dvc.lock")]
    written = [str(path) for path in (*own, *settings, *shared)]
    status = git(
        "status",
        "--porcelain",
        "-z",
        "--no-renames",
        "--untracked-files=all",
        "--",
        *written,
        folder=workspace.project.root,
    )
    return tuple(line[3:] for line in status.split("\0") if line)


def commit(workspace: Workspace, message: str) -> Committed:
    """Commit these files and no others, whatever else has changed or been staged.

    Parameters
    ----------
    workspace
        The problem.
    message
        Why they were changed.

    Returns
    -------
    Committed

    Raises
    ------
    ConfigError
        There is no message, or nothing to commit.
    PublishError
        git refuses.
    """
    if not message.strip():
        raise ConfigError("say in the message why the files were changed")
    with workspace.lock:
        files = changed_files(workspace)
        if not files:
            raise ConfigError("everything is committed already")
        root = workspace.project.root
        places = [f":(top,literal){file}" for file in files]
        git("add", "--", *places, folder=root)
        git(*identity(root), "commit", "-q", "-m", message.strip(), "--", *places, folder=root)
        return Committed(commit=git("rev-parse", "--short", "HEAD", folder=root), files=files)
