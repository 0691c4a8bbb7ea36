"""git, run as a process: what it printed, or an error with its message and what to do."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

from tidemill.errors import PublishError

UPDATE_REFS: Final = ("-c", "core.logAllRefUpdates=true", "update-ref", "--stdin")
"""With logs of branches, by which a torn one is mended. In logs of tags `git gc` finds tags where it wants commits, and says error."""
_WHO: Final = ("user.name=Tidemill", "user.email=tidemill@localhost")
_PLAIN: Final = tuple(
    word
    for setting in (
        "core.quotePath=false",
        "color.ui=false",
        "column.ui=never",
        "log.showSignature=false",
        "status.showUntrackedFiles=normal",
    )
    for word in ("-c", setting)
)
"""Output is read here: names of files as they are, in whatever script, and none of a person's settings of how git prints."""


def git(*words: str, folder: Path, stdin: str | None = None, index: Path | None = None, check: bool = True) -> str:
    """Run a git command.

    Parameters
    ----------
    words
        Of the command.
    folder
        Folder in which it runs.
    stdin
        Text on its standard input; None: nothing.
    index
        Index file to use in place of the repository's.
    check : bool
        Whether another exit status than 0 is an error.

    Returns
    -------
    str
        What it printed, without the last line end.

    Raises
    ------
    PublishError
        git exited with another status than 0, or is not installed.
    """
    answer = _run(words, folder, stdin, index)
    if answer.returncode and check:
        raise PublishError(explain(answer.stderr.strip() or answer.stdout.strip(), " ".join(words), folder))
    return answer.stdout.rstrip("\n")


def succeeds(*words: str, folder: Path) -> bool:
    """Run a git command and report whether it exited with 0.

    Parameters
    ----------
    *words
        Words of the command, without ``git``.
    folder
        Folder in which it runs.

    Returns
    -------
    bool
        False for any other exit status.
    """
    return _run(words, folder, None, None).returncode == 0


def common_folder(root: Path) -> Path:
    """Locate the git directory that all checkouts of a repository share.

    Parameters
    ----------
    root
        Top folder of a checkout.

    Returns
    -------
    Path
        Absolute.
    """
    return Path(git("rev-parse", "--path-format=absolute", "--git-common-dir", folder=root))


def _run(
    words: tuple[str, ...], folder: Path, stdin: str | None, index: Path | None
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or _is_identity(key)}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}  # its messages are read here
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    try:
        return subprocess.run(
            ["git", *_PLAIN, *words],
            cwd=folder,
            input=stdin,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        if not folder.is_dir():
            raise
        raise PublishError("git is missing, and versions and runs are kept in git: install git") from error


def _is_identity(key: str) -> bool:
    return key.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG", "GIT_CEILING"))


def explain(predicted: str, command: str, folder: Path) -> str:
    """Turn an error message of git into one that states what to do.

    Parameters
    ----------
    predicted
        What git printed, in English.
    command
        The words of its command.
    folder
        Where it was run.

    Returns
    -------
    str
        The remedy, or git's own message where none is known.
    """
    if "not a git repository" in predicted and (folder / ".git").exists():
        return _unreadable(folder)
    for pattern, remedy in _REMEDIES.items():
        match = re.search(pattern, predicted)
        if match:
            return remedy.format(*match.groups(), folder=folder, message=predicted)
    return f"`git {command}` failed: {predicted}"


def _unreadable(root: Path) -> str:
    if (root / ".git").is_file():
        return (
            f"{root} is a worktree or submodule of a repository that is gone or has moved: "
            f"`git worktree repair {root}` in the main checkout"
        )
    return (
        f"git cannot read {root / '.git'}: HEAD or config in it is torn. A HEAD is put right with "
        f"`echo 'ref: refs/heads/BRANCH' > {root / '.git' / 'HEAD'}`"
    )


_REMEDIES: Final = {
    r"not a git repository": (
        "{folder} is in no git repository (an unpacked archive has none), and runs and versions are kept in git: "
        "`git clone` the original, which brings its versions, or begin anew with `git init && git add -A && git commit -m start`"
    ),
    r"unexpected line in (\S*packed-refs)": (
        "{0} in {folder} is torn: delete the line that git names, which is its last one as a rule, and `git fetch --tags --force` "
        "where a remote has what it named; git's own message: {message}"
    ),
    r"dubious ownership in repository at '([^']+)'": (
        "git does not trust {0}, which belongs to another user: if you do, `git config --global --add safe.directory {0}`"
    ),
    r"Unable to create '([^']+\.lock)': File exists": (
        "{0} is there: another git command is at work, or one was killed and left it. `tidemill doctor` tells which, "
        "`tidemill doctor --fix` removes it"
    ),
    r"index file (?:smaller than expected|corrupt)|bad index file|bad signature 0x": (
        "the index of git in {folder} is torn: `rm {folder}/.git/index && git reset` makes it anew; files stay as they are, and what was "
        "staged is staged again with `git add`"
    ),
    r"No space left on device|Out of diskspace": "the disk of {folder} is full: make room and try again",
    r"Read-only file system": "{folder} is on a read-only file system, and git has to write there",
    r"Permission denied": "git may not write in {folder}: its files belong to another user, or are read-only",
    r"(?:ambiguous argument|Needed a single revision|bad revision).*HEAD|invalid object name 'HEAD'": (
        "nothing is committed yet in {folder}: `git add -A && git commit -m start`"
    ),
}
"""Messages of git and what to do about each."""


def identity(folder: Path) -> list[str]:
    """List the ``-c`` words that a commit needs where the user has configured no name.

    Parameters
    ----------
    folder
        Folder of the repository.

    Returns
    -------
    list of str
        Words to put before the command; empty where git knows who commits.
    """
    if succeeds("var", "GIT_COMMITTER_IDENT", folder=folder) and succeeds("config", "user.email", folder=folder):
        return []
    return [word for item in _WHO for word in ("-c", item)]
