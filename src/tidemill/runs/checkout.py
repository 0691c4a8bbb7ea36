"""What runs need of a checkout and of the repository that it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tidemill.errors import PublishError, RunError
from tidemill.runs.git import git, succeeds

DEEPEN: Final = "`git fetch --unshallow --tags` brings them"


def repository_state(root: Path) -> Path:
    """Locate the folder of locks that all checkouts of a repository share, since they share branches and tags.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    Path
        Below git's own folder; it may be missing.
    """
    return Path(git("rev-parse", "--path-format=absolute", "--git-common-dir", folder=root)) / "tidemill"


def current_branch(root: Path) -> str | None:
    """Name the branch that a checkout is on, None where HEAD is detached.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    str or None
        None where HEAD is detached.
    """
    return (
        git("symbolic-ref", "--short", "HEAD", folder=root)
        if succeeds("symbolic-ref", "-q", "HEAD", folder=root)
        else None
    )


def branch_to_publish_on(root: Path) -> str:
    """Name the branch that results are published on: the one that a checkout is on.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    str
        Name of the branch.

    Raises
    ------
    PublishError
        HEAD is detached.
    """
    branch = current_branch(root)
    if branch is None:
        at = git("rev-parse", "--short", "HEAD", folder=root)
        raise PublishError(
            f"HEAD is detached at {at}, so there is no branch to publish results on: `git switch BRANCH`, or `git switch "
            "-c NAME` to make one here"
        )
    return branch


def is_shallow(root: Path) -> bool:
    """Whether the repository was cloned without its history, and so without its versions.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    bool
        False outside of a repository.
    """
    return succeeds("rev-parse", "--git-dir", folder=root) and (
        git("rev-parse", "--is-shallow-repository", folder=root) == "true"
    )


def require_repository(root: Path) -> None:
    """Refuse a checkout that runs cannot work on, before anything is computed.

    Parameters
    ----------
    root
        Checkout of the project.

    Raises
    ------
    PublishError
        git is missing, there is no repository, or git does not trust it.
    RunError
        The repository is not the project's alone, has no commit, or lacks its history.
    """
    top = Path(git("rev-parse", "--show-toplevel", folder=root))
    if top.resolve() != root.resolve():
        raise RunError(
            f"{root} lies in the git repository {top}, and a run needs a repository that is the project's alone. Make the "
            f"folder one: add /{root.resolve().relative_to(top.resolve())}/ to {top}/.gitignore, `git rm -r --cached` it there, then "
            "`git init && git add -A && git commit -m start` in it. `dvc repro` and `tidemill lf` work as it is"
        )
    if not succeeds("rev-parse", "--verify", "HEAD^{commit}", folder=root):
        raise RunError(
            f"nothing is committed yet in {root}, and a run works on a commit: `git add -A && git commit -m start`"
        )
    if is_shallow(root):
        raise RunError(f"{root} is a shallow clone, without the versions that a run compares with: {DEEPEN}")
