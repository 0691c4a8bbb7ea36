"""`tidemill init`: a folder becomes a project: a git repository with DVC, settings, flows and a first commit."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidemill import __version__
from tidemill.apps.onboarding.lock_file import LOCK_FILE, LockFile, write_lock_file
from tidemill.apps.onboarding.project_template import TEMPLATE, TemplateFile, template_files
from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError
from tidemill.project.compose import compose_all
from tidemill.project.layout import PARAMS
from tidemill.project.project import Project
from tidemill.project.stage_code.stage_fingerprints import CODE
from tidemill.runs.git import git, succeeds

_NOT_IN_THE_WAY: Final = {".git"}
_LISTED: Final = 8
_HYDRA: Final = "[hydra]"
_OBJECTS: Final = "sha1"
"""The only format of git's objects that DVC reads, whatever a person's settings prefer."""


@dataclass(frozen=True)
class InitResult:
    """The new project.

    Attributes
    ----------
    folder
        Its top folder.
    kept
        Files that were there already and stay as they are.
    commit
        The first commit; None where git has no name and address to commit with.
    """

    folder: Path
    kept: tuple[str, ...]
    commit: str | None

    @property
    def lines(self) -> list[str]:
        """Lines for a terminal."""
        results = [f"{self.folder} is a project of Tidemill {__version__}"]
        if self.kept:
            results.append(f"left as they were: {', '.join(self.kept)}")
        if self.commit is None:
            results += [
                "not committed yet, for git does not know who you are. Tell it, then commit:",
                '  git config --global user.name "Your Name" && git config --global user.email you@example.org',
                f'  cd "{self.folder}" && git add -A && git commit -m "A project of Tidemill {__version__}"',
            ]
        results.append(
            f'next: cd "{self.folder}", then: tidemill new reviews --from reviews.csv --text body --label stars'
        )
        return results


def init_project(folder: Path, *, force: bool = False, template: Path = TEMPLATE) -> InitResult:
    """Make a project.

    Parameters
    ----------
    folder
        Where; it is made where it is missing.
    force
        Take a folder that is not empty; its files stay as they are.
    template
        Folder of the template.

    Returns
    -------
    InitResult
        What was made.

    Raises
    ------
    ConfigError
        The folder is not empty, lies in another repository or is one that DVC does not read, or cannot be written.
    """
    folder = folder.resolve()
    files = template_files(folder.name, __version__, folder=template)
    try:
        _check(folder, files, force=force)
        with _all_or_nothing(folder):
            return _make(folder, files)
    except OSError as error:
        raise ConfigError(f"cannot write {error.filename or folder}: {error.strerror}") from error


@contextlib.contextmanager
def _all_or_nothing(folder: Path) -> Iterator[None]:
    """Remove a folder that was not there before, where the block fails."""
    is_new = not folder.exists()
    try:
        yield
    except BaseException:
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _check(folder: Path, files: Sequence[TemplateFile], *, force: bool) -> None:
    if shutil.which("git") is None:
        raise ConfigError("git is missing, and a project is a git repository: install git and try again")
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file: name a folder")
    there = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    if not force and set(there) - _NOT_IN_THE_WAY:
        raise ConfigError(_not_empty(folder, [name for name in there if name not in _NOT_IN_THE_WAY], files))
    repository = _repository(folder)
    if repository is not None and repository != folder:
        raise ConfigError(
            f"{folder} lies in the git repository {repository}, and runs need a repository that is the project's alone: "
            f"choose a folder outside of it, or make the repository itself the project: tidemill init {repository} --force"
        )
    if repository is not None and (kind := git("rev-parse", "--show-object-format", folder=folder)) != _OBJECTS:
        raise ConfigError(
            f"{folder} is a git repository whose objects have {kind.upper()} names (git init --object-format={kind}), and DVC reads those "
            f"with SHA-1 alone: make the project in another folder, or move .git away and let tidemill init make a repository"
        )


def _not_empty(folder: Path, there: Sequence[str], files: Sequence[TemplateFile]) -> str:
    clashes = [file.path for file in files if (folder / file.path).exists()]
    what = f"in the way: {', '.join(clashes)}" if clashes else f"it has {', '.join(there[:_LISTED])}"
    more = f" and {len(there) - _LISTED} more" if not clashes and len(there) > _LISTED else ""
    return f"{folder} is not empty ({what}{more}): choose another folder, or add --force, which overwrites none of its files"


def _repository(folder: Path) -> Path | None:
    """Find the git repository that a folder lies in; one that ignores the folder does not count."""
    near = next(path for path in (folder, *folder.parents) if path.is_dir())
    if not succeeds("rev-parse", "--show-toplevel", folder=near):
        return None
    top = Path(git("rev-parse", "--show-toplevel", folder=near)).resolve()
    return None if top != folder and succeeds("check-ignore", "-q", str(folder), folder=near) else top


def _make(folder: Path, files: Sequence[TemplateFile]) -> InitResult:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git("init", "--quiet", "--initial-branch", "main", f"--object-format={_OBJECTS}", folder=folder)
    kept = [file.path for file in files if (folder / file.path).exists()]
    ours = {file.path for file in files} - set(kept)
    if not (folder / ".dvc").exists():
        _dvc_init(folder)
        ours.add(".dvc/.gitignore")
    for file in files:
        if file.path in ours:
            _write(folder / file.path, file.text)
    ours |= _added_lines(folder, {file.path: file.text for file in files})
    generated = {file.path: file.digest for file in files if file.is_generated}
    write_lock_file(LockFile(version=__version__, files=generated), folder)
    compose_all(Project.open(folder))
    return InitResult(folder, tuple(kept), _commit(folder, [*ours, str(LOCK_FILE), str(PARAMS), str(CODE)]))


def _write(path: Path, text: str) -> None:
    with atomic_write(path, durable=False) as part:
        part.write_text(text, encoding="utf-8")


def _dvc_init(folder: Path) -> None:
    """Make DVC's folder; what else it would write comes from the template."""
    quiet = os.environ | {"DVC_NO_ANALYTICS": "1"}
    words = [sys.executable, "-P", "-m", "dvc", "init", "--quiet"]
    ignored = folder / ".dvcignore"
    had_one = ignored.exists()
    done = subprocess.run(
        words, cwd=folder, env=quiet, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        raise ConfigError(f"`dvc init` failed: {done.stderr.strip() or done.stdout.strip()}")
    (folder / ".dvc" / "config").unlink(missing_ok=True)
    if not had_one:
        ignored.unlink(missing_ok=True)


def _added_lines(folder: Path, texts: Mapping[str, str]) -> set[str]:
    """Add what files that were there must have: what stages make is DVC's, not git's; and DVC has to find Hydra's settings."""
    ignored, config = folder / ".gitignore", folder / ".dvc" / "config"
    now = ignored.read_text(encoding="utf-8")
    lines = [line for line in texts[".gitignore"].splitlines() if line.startswith(("/", "."))]
    missing = [line for line in lines if line not in now.splitlines()]
    if missing:
        _write(ignored, f"{now.rstrip()}\n\n# Tidemill\n" + "\n".join(missing) + "\n")
    settings = config.read_text(encoding="utf-8")
    if _HYDRA not in settings:
        _write(config, f"{settings.rstrip()}\n{_HYDRA}{texts['.dvc/config'].partition(_HYDRA)[2]}".lstrip())
    return ({".gitignore"} if missing else set()) | ({".dvc/config"} if _HYDRA not in settings else set())


def _commit(folder: Path, paths: Sequence[str]) -> str | None:
    if not succeeds("var", "GIT_AUTHOR_IDENT", folder=folder) or not succeeds("config", "user.email", folder=folder):
        return None
    git("add", "--force", "--", *paths, folder=folder)
    git("commit", "--quiet", "-m", f"A project of Tidemill {__version__}", "--", *paths, folder=folder)
    return git("rev-parse", "HEAD", folder=folder)
