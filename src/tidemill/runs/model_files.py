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
from tidemill.runs.dvc_cache import folder_digest, outputs
from tidemill.runs.dvc_config import share_cache
from tidemill.runs.git import git, succeeds
from tidemill.runs.model_registry import file_at_version


def champion_folder(project: Project, problem: str, version: str) -> Path:
    """Find the folder with a version's model files, fetched once from DVC's cache or remote.

    It is fetched anew where the version's tag names another commit by now, or its files are not those that were published: they are
    read whole for that, at some 500 MB a second.

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
        The version has no tag, or its objects are damaged, or neither in the cache nor in the remote.
    """
    target, commit = project.state / "models" / version, _commit(project, version)
    marker = target.with_name(f".{version}.commit")
    is_of_another = marker.exists() and commit not in {None, marker.read_text(encoding="utf-8").strip()}
    if target.exists() and (is_of_another or not _is_published(project, problem, commit, target)):
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


def _is_published(project: Project, problem: str, commit: str | None, folder: Path) -> bool:
    """Whether the files are those that dvc.lock of the commit names; true where it is not there to say so."""
    import yaml  # what reads numbers exactly takes a second to be imported

    content = None if commit is None else file_at_version(project, Path("dvc.lock"), commit)
    read = yaml.load(content or "", Loader=yaml.CSafeLoader)
    stages = read.get("stages", {}) if isinstance(read, dict) else {}
    model = Paths.within(problem).model.as_posix()
    digest = next((one for path, one in outputs(stages) if path == model and one.endswith(".dir")), None)
    return digest is None or folder_digest(folder) == digest


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
        if not _is_published(project, problem, _commit(project, version), aside / "model"):
            raise DataError(
                f"the model of {version} is damaged in DVC's cache: its files are not those that were published. `tidemill doctor --fix` "
                f"removes what is damaged, and `dvc fetch --rev {version}` brings it from a remote; until then `tidemill rollback {problem} "
                "VERSION` serves another"
            )
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
