"""What runs need of a checkout and of the repository that it belongs to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from tidemill.errors import PublishError, RunError
from tidemill.project.layout import Paths, problem_names
from tidemill.runs.git import common_folder, git, succeeds

DEEPEN: Final = "`git fetch --unshallow --tags` brings them"


_IGNORED: Final = re.compile(r"(?P<file>.*):(?P<line>\d+):(?P<rule>[^!\t][^\t]*)\t(?P<path>.*)")
"""What `git check-ignore --verbose` says of a path that a rule hides; a rule that begins with ! brings it back."""
_PUBLISHED: Final = ("dvc.yaml", "dvc.lock", "params.yaml", "code.yaml", "conf/config.yaml")


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
    return common_folder(root) / "tidemill"


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
        The repository is not the project's alone, is a submodule, has no commit, lacks its history, or ignores what a run publishes.
    """
    top = Path(git("rev-parse", "--show-toplevel", folder=root))
    if top.resolve() != root.resolve():
        raise RunError(
            f"{root} lies in the git repository {top}, and a run needs a repository that is the project's alone. Make the "
            f"folder one: add /{root.resolve().relative_to(top.resolve())}/ to {top}/.gitignore, `git rm -r --cached` it there, then "
            "`git init && git add -A && git commit -m start` in it. `dvc repro` and `tidemill lf` work as it is"
        )
    if outer := git("rev-parse", "--show-superproject-working-tree", folder=root):
        raise RunError(
            f"{root} is a submodule of {outer}, and a run needs worktrees of git, which DVC does not read in submodules: clone the "
            "project by itself, outside of it, and run there. `dvc repro` and `tidemill lf` work as it is"
        )
    if not succeeds("rev-parse", "--verify", "HEAD^{commit}", folder=root):
        raise RunError(
            f"nothing is committed yet in {root}, and a run works on a commit: `git add -A && git commit -m start`"
        )
    if is_shallow(root):
        raise RunError(f"{root} is a shallow clone, without the versions that a run compares with: {DEEPEN}")
    _refuse_ignored(root)


def _refuse_ignored(root: Path) -> None:
    """A person's own ignore rules, as for all CSV files, would hide what runs and clones need, and nothing would tell."""
    published = [Path(name) for name in _PUBLISHED]
    for problem in problem_names(root):
        paths = Paths.within(problem)
        own = (
            paths.manifest,
            paths.gold_history,
            paths.champion,
            paths.functions / "any.yaml",
            paths.functions / "any.py",
        )
        published += [*own, *(paths.reports / name for name in ("ingest.json", "lf_summary.csv", "label_card.md"))]
        published.append(Path("conf") / "problem" / f"{problem}.yaml")
    asked = "\n".join(path.as_posix() for path in published)
    lines = git("check-ignore", "--verbose", "--stdin", folder=root, stdin=asked + "\n", check=False).splitlines()
    found = [match for line in lines if (match := _IGNORED.fullmatch(line))]
    if found:
        rules = ", ".join(dict.fromkeys(f"{one['rule']} (line {one['line']} of {one['file']})" for one in found))
        raise RunError(
            f"git is told to ignore files that a run publishes, such as {found[0]['path']}, by {rules}: clones would lack them. Take the rule out, or write its "
            "opposite into the project's .gitignore, as in !*.json or !/data/"
        )
