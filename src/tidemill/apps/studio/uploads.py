"""Files that a browser sends: kept in the project's local state until a problem is made of them, or for a day."""

from __future__ import annotations

import re
import secrets
import shutil
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path, PurePosixPath
from typing import Final

from tidemill.apps.studio.guard import MAX_UPLOAD_BYTES
from tidemill.contracts import ConfigError, DataError
from tidemill.ingest.image_paths import IMAGE_SUFFIXES
from tidemill.project.project import Project
from tidemill.readers.read import SUFFIXES

_KEPT_SECONDS: Final = 86_400
_MAX_FILES: Final = 200_000
_UNPACKED: Final = 4 * MAX_UPLOAD_BYTES
_PIECE: Final = 1 << 20
_ID: Final = re.compile(r"[0-9a-f]{32}")
_BESIDE_IMAGES: Final = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


async def receive(project: Project, name: str, content: AsyncIterator[bytes]) -> str:
    """Keep a file that comes piece by piece; nothing is kept where it does not come whole.

    Parameters
    ----------
    project
        The project.
    name
        Name of the file, as the browser has it.
    content
        Its pieces.

    Returns
    -------
    str
        By which it is found again.

    Raises
    ------
    ConfigError
        The name is no file's that is read.
    DataError
        It is larger than an upload may be.
    """
    _check_name(name)
    _sweep(project)
    identity = secrets.token_hex(16)
    folder = _folder(project) / identity
    folder.mkdir(parents=True)
    try:
        size = 0
        with (folder / name).open("xb") as file:
            async for piece in content:
                size += len(piece)
                _check_size(name, size)
                file.write(piece)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return identity


def _check_name(name: str) -> None:
    plain = Path(name).name == name and "\\" not in name and name.isprintable() and not name.startswith((".", "-"))
    if not plain or len(name.encode()) > 200:  # noqa: PLR2004 - file systems take 255, with what is put before and after
        raise ConfigError(f"{name!r} cannot be the name of a file here: rename it")
    if not name.lower().endswith(SUFFIXES):
        raise ConfigError(f"{name}: files of rows end with {', '.join(SUFFIXES[:8])}; images come in a .zip")


def _check_size(name: str, size: int) -> None:
    if size > MAX_UPLOAD_BYTES:
        raise DataError(f"{name} is larger than {MAX_UPLOAD_BYTES:,} bytes: put it on the server, into data/incoming")


def uploaded(project: Project, identity: str) -> Path:
    """Locate what was uploaded; of an archive of images, the folder that they are unpacked into.

    Parameters
    ----------
    project
        The project.
    identity
        As ``receive`` gave it.

    Returns
    -------
    Path
        File or folder.

    Raises
    ------
    ConfigError
        There is no such upload, or no longer.
    DataError
        The archive is damaged, or unpacks to too much.
    """
    folder = _folder(project) / identity
    if not _ID.fullmatch(identity) or not folder.is_dir():
        raise ConfigError("the file is no longer there: upload it again")
    unpacked = folder / "images"
    if not unpacked.is_dir():
        file = next(folder.iterdir())
        if not _has_images(file):
            return file
        part = folder / "images.part"
        shutil.rmtree(part, ignore_errors=True)
        _unpack(file, part / file.stem)
        part.rename(unpacked)
    return _top(next(unpacked.iterdir()))


def forget(project: Project, identity: str) -> None:
    """Remove what was uploaded.

    Parameters
    ----------
    project
        The project.
    identity
        As ``receive`` gave it.
    """
    if _ID.fullmatch(identity):
        shutil.rmtree(_folder(project) / identity, ignore_errors=True)


def _has_images(file: Path) -> bool:
    if file.suffix.lower() != ".zip":
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return any(_is_image(PurePosixPath(name)) for name in archive.namelist())
    except zipfile.BadZipFile as error:
        raise DataError(f"{file.name} is no whole ZIP archive: pack it again") from error


def _is_image(path: PurePosixPath) -> bool:
    """What else is hidden is unpacked, so that it is told what of it is no row."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not _is_of_systems(path)


def _is_of_systems(path: PurePosixPath) -> bool:
    return "__MACOSX" in path.parts or path.name.startswith("._")


def _unpack(file: Path, target: Path) -> None:
    left = _UNPACKED
    with zipfile.ZipFile(file) as archive:
        wanted = [one for one in archive.infolist() if not one.is_dir() and _is_wanted(one.filename)]
        if len(wanted) > _MAX_FILES:
            raise DataError(f"{file.name} holds {len(wanted):,} files: {_MAX_FILES:,} may come at once")
        for one in wanted:
            path = (target / one.filename).resolve()
            if not path.is_relative_to(target.resolve()):
                raise DataError(f"{file.name}: {one.filename} leads out of the archive: pack it again")
            path.parent.mkdir(parents=True, exist_ok=True)
            left = _copy(archive, one, path, left)


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return _is_image(path) or (path.name in _BESIDE_IMAGES and not _is_of_systems(path))


def _copy(archive: zipfile.ZipFile, one: zipfile.ZipInfo, path: Path, left: int) -> int:
    """What the archive says of sizes is not relied on."""
    try:
        with archive.open(one) as packed, path.open("wb") as out:
            while piece := packed.read(_PIECE):
                left -= len(piece)
                if left < 0:
                    raise DataError(
                        f"the archive unpacks to more than {_UNPACKED:,} bytes: put its folder into data/incoming"
                    )
                out.write(piece)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:  # damaged, encrypted, packed in a rare way
        raise DataError(f"{one.filename} cannot be unpacked ({error}): pack the images again") from error
    return left


def _top(folder: Path) -> Path:
    """An archive is often of one folder, whose subfolders are the classes."""
    inside = list(folder.iterdir())
    deeper = len(inside) == 1 and inside[0].is_dir() and any(path.is_dir() for path in inside[0].iterdir())
    return _top(inside[0]) if deeper else folder


def _sweep(project: Project) -> None:
    for folder in _folder(project).glob("*"):
        if time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _folder(project: Project) -> Path:
    return project.state / "studio" / "uploads"
