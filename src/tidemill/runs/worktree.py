"""A git worktree of its own for each run, with the shared DVC cache; runs, users and `dvc repro` never trample each other."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tidemill.common.locks import CLAIM, abandoned, claimed
from tidemill.common.spelling import counted
from tidemill.errors import RunError
from tidemill.project.layout import RUNS
from tidemill.project.made_tables import remove_made_tables
from tidemill.project.project import Project
from tidemill.runs.checkout import current_branch
from tidemill.runs.dvc_cache import damaged_objects, locked_stages, missing_objects, outputs
from tidemill.runs.dvc_config import adopt_settings, cache_folder, default_remote
from tidemill.runs.git import git
from tidemill.runs.subprocesses import run_with_parent

Say = Callable[[str], None]
_ENDED: Final = re.compile(r"exited with -(\d+)$")
"""How DVC's last line on a stage ends that a signal ended."""


@dataclass(frozen=True)
class Workspace:
    """Where one run works: its folder, the user's checkout, and the commit and branch it started from."""

    folder: Path
    root: Path
    base: str
    branch: str | None = None

    @property
    def project(self) -> Project:
        """The run's own checkout, with what it shares with the user's."""
        return Project(self.folder, self.root)

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the run's commands: this interpreter first, the worktree's own sources, quiet libraries."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "DVC_"))}
        quiet = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false", "PYTHONUNBUFFERED": "1"}
        return (
            inherited
            | quiet
            | {
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
                "PYTHONPATH": str(self.folder / "src"),
            }
        )

    def run(self, *command: str, say: Say) -> None:
        """Run a command in the workspace; it dies with this process.

        Parameters
        ----------
        command
            Its words.
        say
            Called with every line that it prints.

        Raises
        ------
        RunError
            It exited with another status than 0; the last lines it printed are in the message.
        """
        lines: list[str] = []

        def heard(line: str) -> None:
            lines.append(line)
            say(line)

        status = run_with_parent(command, folder=self.folder, environment=self.environment, say=heard)
        if status:
            entries = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
            entries += [text for line in lines if (text := _killed(line)) is not None]
            raise RunError(
                entries[0] if entries else f"`{' '.join(command)}` exited with {status}: {' | '.join(lines[-5:])}"
            )

    def dvc(self, *words: str, say: Say) -> None:
        """Run a dvc command; where other processes hold DVC's locks, it waits.

        Parameters
        ----------
        *words
            Words of the command, without ``dvc``.
        say
            Called with every line that it prints.

        Raises
        ------
        RunError
            It exited with another status than 0.
        """
        self.run("dvc", "--wait-for-lock", *words, say=say)


def _killed(line: str) -> str | None:
    """What DVC's last line on a stage that a signal ended means."""
    found = _ENDED.search(line)
    if found is None:
        return None
    number = int(found[1])
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    return f"its process was ended by {name}, as where memory runs out: run the same again, and the stages that were done are not done again"


@contextlib.contextmanager
def workspace(root: Path, *, ref: str = "HEAD") -> Iterator[Workspace]:
    """Make a worktree of a commit, which is gone when the block ends.

    Worktrees of runs that were killed are removed first.

    Parameters
    ----------
    root
        The user's checkout.
    ref
        The commit.

    Yields
    ------
    Workspace
    """
    base = git("rev-parse", f"{ref}^{{commit}}", folder=root)
    branch = current_branch(root)
    sweep(root)
    folder = root / RUNS / f"{os.getpid()}-{secrets.token_hex(6)}"
    with claimed(folder.with_suffix(CLAIM)):
        git("worktree", "add", "--quiet", "--detach", str(folder), base, folder=root)
        try:
            adopt_settings(folder, root)
            yield Workspace(folder, root, base, branch)
        finally:
            _remove(root, folder)


def advance(work: Workspace, commit: str) -> Workspace:
    """Move a workspace to the commit that it has published; its files stay.

    Parameters
    ----------
    work
        The workspace.
    commit
        The commit.

    Returns
    -------
    Workspace
        The same folder, based on the commit.
    """
    git("reset", "--quiet", "--mixed", commit, folder=work.folder)
    return replace(work, base=commit)


def sweep(root: Path) -> list[Path]:
    """Remove worktrees of runs that have ended without removing theirs, as a killed one does, and name them.

    Parameters
    ----------
    root
        The user's checkout.

    Returns
    -------
    list of Path
        Folders that were removed.
    """
    runs, result = root / RUNS, []
    for claim in abandoned(runs):
        result.append(claim.with_suffix(""))
        _remove(root, result[-1])
    for folder in runs.glob("*-*"):
        if folder.is_dir() and not folder.with_suffix(CLAIM).exists():
            result.append(folder)
            _remove(root, folder)
    return result


def _remove(root: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    git("worktree", "prune", folder=root)


def restore(work: Workspace, problem: str, say: Say) -> None:
    """Check out the outputs that ``dvc.lock`` names, after removing cache objects that are damaged.

    DVC does not notice a flipped bit; a damaged object is fetched again from the remote or made again by its stage.

    Parameters
    ----------
    work
        The workspace.
    problem
        Name of the problem.
    say
        Called with a line for each damaged object, and with every line that DVC prints.
    """
    stages = locked_stages(work.folder, problem)
    if not stages:
        return
    cache = cache_folder(work.root)
    for path, digest in outputs(stages):
        for damaged in damaged_objects(cache, digest):
            say(f"the cache's copy of {path} is damaged: thrown out, to be fetched or made again")
            damaged.unlink()
    if default_remote(work.root):
        with contextlib.suppress(RunError):  # what the remote lacks is made again
            work.dvc("fetch", "--quiet", *stages, say=say)
    work.dvc("checkout", "--quiet", "--force", "--allow-missing", *stages, say=say)


def outputs_are_whole(work: Workspace, problem: str) -> bool:
    """Whether DVC's cache has every output that ``dvc.lock`` names, undamaged.

    Parameters
    ----------
    work
        The workspace.
    problem
        Name of the problem.

    Returns
    -------
    bool
    """
    cache, tracked = cache_folder(work.root), set(git("ls-files", "-z", folder=work.folder).split("\0"))
    digests = [digest for path, digest in outputs(locked_stages(work.folder, problem)) if path not in tracked]
    return not any([*missing_objects(cache, digest), *damaged_objects(cache, digest)] for digest in digests)


_INPUTS = ("src", "conf", "dvc.yaml", "params.yaml", "code.yaml", "data", "models")


def refuse_uncommitted(root: Path) -> None:
    """Refuse to run where what a run would read is not committed; a run works on a commit and publishes one.

    Parameters
    ----------
    root
        The user's checkout.

    Raises
    ------
    RunError
        Names the files and the two ways to go on.
    """
    changed = git("status", "--porcelain", "--", *_INPUTS, folder=root).splitlines()
    if changed:
        shown = ", ".join(line[3:] for line in changed[:5]) + (" …" if len(changed) > 5 else "")  # noqa: PLR2004
        raise RunError(
            f"{counted(len(changed), 'file is', 'files are')} not committed ({shown}), and a run works on what is: `git add -A && git commit`, "
            "or try them in place with `tidemill compose && dvc repro`"
        )


def synchronise_data(root: Path, problems: Sequence[str], say: Say) -> None:
    """Check out DVC's outputs as the checkout's dvc.lock has them, where it has no changes of its own.

    Outputs that the user changed are the user's, and are named. Tables that a command made of batches which the runs have made
    tables of since are not.

    Parameters
    ----------
    root
        The user's checkout.
    problems
        Those that were run.
    say
        Called with every line that DVC prints.
    """
    if not (root / "dvc.lock").exists() or git("status", "--porcelain", "--untracked-files=no", folder=root):
        return
    for name in problems:
        remove_made_tables(Project(root, root).paths(name))
    here = Workspace(root, root, "HEAD")
    with contextlib.suppress(RunError):
        here.dvc("checkout", "--quiet", "--allow-missing", say=say)
        return
    for name in problems:  # what is in the way may be another problem's
        try:
            here.dvc("checkout", "--quiet", "--allow-missing", *locked_stages(root, name), say=say)
        except RunError:
            say(
                f"{name}: files below data/ or models/ were changed here and stay: `dvc checkout --force` takes those of the run"
            )
