"""The model files of a version, fetched once from DVC's cache or remote."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from tidemill.common.files import system_error
from tidemill.errors import DataError, PublishError
from tidemill.project.layout import Paths
from tidemill.project.project import Project
from tidemill.runs.dvc_config import share_cache
from tidemill.runs.git import git, succeeds


def champion_folder(project: Project, problem: str, version: str) -> Path:
    """Find the folder with a version's model files, fetched once from DVC's cache or remote.

    It is fetched anew where the version's tag names another commit by now.

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
    target, commit = project.state / "models" / version, _commit(project, version)
    marker = target.with_name(f".{version}.commit")
    if target.exists() and marker.exists() and commit not in {None, marker.read_text(encoding="utf-8").strip()}:
        _remove(target)
    if not target.exists():
        _fetch(project, problem, version, target)
        marker.write_text(f"{commit}\n", encoding="utf-8")
    return target


def _commit(project: Project, version: str) -> str | None:
    name = f"refs/tags/{version}^{{commit}}"
    if not succeeds("rev-parse", "--verify", "-q", name, folder=project.shared):
        return None
    return git("rev-parse", "--verify", name, folder=project.shared)


def _remove(target: Path) -> None:
    """In one step, so that another process sees all of it or nothing."""
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".old-"))
    target.rename(aside / "model")
    shutil.rmtree(aside, ignore_errors=True)


def _fetch(project: Project, problem: str, version: str, target: Path) -> None:
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError
    from dvc_data.index import DataIndexError

    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".part-"))
    try:
        share_cache(project.shared)
        files = DVCFileSystem(repo=str(project.shared), rev=version)
        files.get(str(Paths.within(problem).model), str(aside / "model"), recursive=True)
        (aside / "model").rename(target)
    except (DvcException, DataIndexError, SCMError, PublishError, OSError) as error:
        if isinstance(error, OSError) and system_error(error) in {errno.ENOSPC, errno.EDQUOT}:  # make room, and no more
            raise
        if not target.exists():  # another run may have fetched it meanwhile
            raise DataError(
                f"the model of {version} cannot be read: {error}. Get its tag with `git fetch --tags` and its files "
                f"with `dvc fetch --rev {version}` from a remote; `tidemill doctor` says what is whole"
            ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
