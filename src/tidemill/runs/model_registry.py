"""Which version of a problem's model is where, from git tags in GTO's format.

``spam@v1.4.0`` names a version, ``spam#prod#7`` the seventh assignment of the stage prod. Both are annotated tags on the
commit whose ``dvc.lock`` holds the model. An assignment is never edited: a rollback is a new one. `gto show` reads the
same tags.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tidemill.contracts import ConfigError, DataError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.runs.git import git, succeeds

_VERSION = re.compile(r"(?P<problem>[\w-]+)@v(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)")
_ASSIGNMENT = re.compile(r"(?P<problem>[\w-]+)#prod#(?P<number>\d+)")


@dataclass(frozen=True)
class Registry:
    """Versions and assignments of one problem: the commit of each tag, oldest first."""

    problem: str
    versions: dict[str, str]
    assignments: dict[str, str]

    @property
    def champion(self) -> str | None:
        """The version in production, such as ``spam@v1.4.0``; None before the first promotion."""
        if not self.assignments:
            return None
        commit = list(self.assignments.values())[-1]
        return next(version for version, where in reversed(self.versions.items()) if where == commit)

    def next_tags(self) -> tuple[str, str]:
        """Name the tags of the next promotion: a version one minor up (v1.0.0 first) and the next assignment.

        Returns
        -------
        version, assignment : str
            Such as ``spam@v1.4.0`` and ``spam#prod#7``.
        """
        return self._next_version(), self.next_assignment()

    def _next_version(self) -> str:
        if not self.versions:
            return f"{self.problem}@v1.0.0"
        newest = _VERSION.fullmatch(list(self.versions)[-1])
        assert newest is not None  # noqa: S101 - only matching tags are in versions
        return f"{self.problem}@v{newest['major']}.{int(newest['minor']) + 1}.0"

    def next_assignment(self) -> str:
        """Name the tag of the next assignment.

        Returns
        -------
        str
            Such as ``spam#prod#2``.
        """
        return f"{self.problem}#prod#{len(self.assignments) + 1}"


def read_registry(project: Project, problem: str) -> Registry:
    """Read versions and assignments of a problem from the tags of the repository.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.

    Returns
    -------
    Registry
        Commit of each tag, oldest first.
    """
    listing = git(
        "for-each-ref", "refs/tags", "--format=%(refname:strip=2) %(*objectname) %(objectname)", folder=project.shared
    )
    commits = {line.split()[0]: line.split()[1] for line in listing.splitlines()}
    versions = [tag for tag in commits if (found := _VERSION.fullmatch(tag)) and found["problem"] == problem]
    assigned = [tag for tag in commits if (found := _ASSIGNMENT.fullmatch(tag)) and found["problem"] == problem]
    return Registry(
        problem,
        {tag: commits[tag] for tag in sorted(versions, key=_version_order)},
        {tag: commits[tag] for tag in sorted(assigned, key=lambda tag: int(tag.rpartition("#")[2]))},
    )


def _version_order(tag: str) -> tuple[int, ...]:
    return tuple(int(part) for part in tag.rpartition("@v")[2].split("."))


def champion_folder(project: Project, problem: str, version: str) -> Path:
    """Locate the folder with a version's model files, fetched once from DVC's cache or remote.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    version
        Tag of the version, such as ``spam@v1.4.0``.

    Returns
    -------
    Path
        Folder in the project's local state.

    Raises
    ------
    DataError
        The version has no tag, or its objects are neither in the cache nor in the remote.
    """
    target = project.state / "models" / version
    if not target.exists():
        _fetch(project, problem, version, target)
    return target


def _fetch(project: Project, problem: str, version: str, target: Path) -> None:
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".part-"))
    try:
        files = DVCFileSystem(repo=str(project.shared), rev=version)
        files.get(str(Paths.within(problem).model), str(aside / "model"), recursive=True)
        (aside / "model").rename(target)
    except (DvcException, SCMError, OSError) as error:
        if not target.exists():  # another run may have fetched it meanwhile
            raise DataError(
                f"the model of {version} cannot be read: {error}. Get its tag with `git fetch --tags` and its files "
                f"with `dvc fetch --rev {version}`"
            ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def file_at_version(project: Project, path: Path, commit: str | None) -> str | None:
    """Read a file as it was at a version's commit.

    Parameters
    ----------
    project
        The project.
    path
        The file, relative to the project.
    commit
        Commit of the version; None: the file as it is in this checkout.

    Returns
    -------
    str or None
        Content of the file; None where there was none.
    """
    if commit is None:
        here = project.root / path
        return here.read_text(encoding="utf-8") if here.exists() else None
    place, root = f"{commit}:{path.as_posix()}", project.root
    return git("show", place, folder=root) if succeeds("cat-file", "-e", place, folder=root) else None


def rollback(project: Project, problem: str, version: str | None) -> str:
    """Make an old version the champion again by one new tag; no network is needed.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    version
        Tag such as ``spam@v1.4.0``, or ``v1.4.0`` alone; None: the version before the champion.

    Returns
    -------
    str
        Tag of the new champion.

    Raises
    ------
    ConfigError
        There is no such version, or none before the champion.
    """
    registry, folder = read_registry(project, problem), project.shared
    target = version if version is None or "@" in version else f"{problem}@{version}"
    if target is None:
        target = _before_champion(registry)
    if target not in registry.versions:
        raise ConfigError(f"{problem} has no version {target}; there are {', '.join(registry.versions) or 'none'}")
    tag = tag_object(registry.next_assignment(), registry.versions[target], f"Roll {problem} back to {target}", folder)
    git("update-ref", f"refs/tags/{registry.next_assignment()}", tag, "0" * 40, folder=folder)
    return target


def _before_champion(registry: Registry) -> str:
    names = list(registry.versions)
    place = names.index(registry.champion) if registry.champion is not None else 0
    if place == 0:
        raise ConfigError(
            f"{registry.problem} has no version before {registry.champion}; `tidemill versions` lists them"
        )
    return names[place - 1]


def tag_object(name: str, commit: str, message: str, folder: Path) -> str:
    """Write an annotated tag object; no ref is created yet.

    Parameters
    ----------
    name, commit, message
        Name of the tag, the commit that it marks, and its text.
    folder
        Checkout.

    Returns
    -------
    str
        Its id.
    """
    from tidemill.runs.git import identity

    who = git(*identity(folder), "var", "GIT_COMMITTER_IDENT", folder=folder)
    text = f"object {commit}\ntype commit\ntag {name}\ntagger {who}\n\n{message}\n"
    return git("mktag", folder=folder, stdin=text)
