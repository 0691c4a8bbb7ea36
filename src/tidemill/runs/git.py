"""git, run as a process: what it printed, or an error that quotes its message."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tidemill.contracts import PublishError

_WHO = ("user.name=Tidemill", "user.email=tidemill@localhost")


def git(*words: str, folder: Path, stdin: str | None = None, index: Path | None = None) -> str:
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

    Returns
    -------
    str
        What it printed, without the last line end.

    Raises
    ------
    PublishError
        git exited with another status than 0.
    """
    answer = _run(words, folder, stdin, index)
    if answer.returncode:
        raise PublishError(f"`git {' '.join(words)}` failed: {answer.stderr.strip() or answer.stdout.strip()}")
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


def _run(
    words: tuple[str, ...], folder: Path, stdin: str | None, index: Path | None
) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or _is_identity(key)}
    environment["GIT_TERMINAL_PROMPT"] = "0"
    if index is not None:
        environment["GIT_INDEX_FILE"] = str(index)
    return subprocess.run(
        ["git", *words], cwd=folder, input=stdin, env=environment, capture_output=True, text=True, check=False
    )


def _is_identity(key: str) -> bool:
    return key.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG"))


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
    return [word for one in _WHO for word in ("-c", one)]
