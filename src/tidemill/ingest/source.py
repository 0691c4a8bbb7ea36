"""A place of incoming data (file, folder of images, any fsspec URL) → its table, its images and its hash."""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import Path, PurePosixPath
from typing import Any, Final

import fsspec

from tidemill.common.progress import progress
from tidemill.contracts import DataError
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.table import SUFFIXES, Table, parse

IMAGE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")


class Source:
    """One batch's data as it arrived: a table file, or a folder of images with a subfolder per class (or none).

    Parameters
    ----------
    location
        Absolute path or fsspec URL.
    """

    def __init__(self, location: str) -> None:
        self.location = location
        self.files, self.path = fsspec.core.url_to_fs(location)

    @property
    def name(self) -> str:
        """Last part of the path, for messages."""
        return PurePosixPath(self.path).name

    def table(self, settings: IngestSettings) -> Table:
        """Settings → the source's table; of a folder, one with an ``image`` path, a ``key`` and a ``gold`` class.

        Raises
        ------
        DataError
            The source is missing, empty or cannot be read.
        """
        if not self.files.exists(self.path):
            raise DataError(f"{self.location} is missing: put it back, or for packaged data run `tidemill fetch`")
        if self.files.isdir(self.path):
            return self._folder(settings)
        return parse(self.files.cat_file(self.path), self.name, settings.encoding)

    def fingerprint(self, settings: IngestSettings) -> str:
        """Settings → SHA-256 of all that the batch is made of: a text table's own bytes, or paths and image bytes."""
        if settings.modality == "text" and not self.files.isdir(self.path):
            self.table(settings)
            return hashlib.sha256(self.files.cat_file(self.path)).hexdigest()
        names, images = self.images(self.table(settings), settings)
        total = hashlib.sha256(b"" if self.files.isdir(self.path) else self.files.cat_file(self.path))
        for name, data in zip(names, images, strict=True):
            total.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
        return total.hexdigest()

    def images(self, table: Table, settings: IngestSettings) -> tuple[list[str], list[bytes]]:
        """Table → name and bytes of each row's image: a path relative to the table's folder, or bytes in the table.

        Raises
        ------
        DataError
            Names the row whose image is not there.
        """
        values = table.column(settings.content, "ingest.image")
        names, found = [], []
        for row, value in enumerate(progress(values, total=len(values), name=f"reading {self.name}", unit="images")):
            inner = value.get("bytes") if isinstance(value, dict) else value
            name, data = (f"{table.unit} {table.numbers[row]}", inner) if isinstance(inner, bytes) else (inner, None)
            if not isinstance(name, str) or not name:
                raise DataError(
                    f"{table.where(row)}: column {settings.content!r} is {value!r}, not the path of an image"
                )
            names.append(name)
            found.append(self._read_image(table.where(row), name) if data is None else data)
        return names, found

    def _read_image(self, where: str, path: str) -> bytes:
        try:
            return bytes(self.files.cat_file(self._beside(path)))
        except (FileNotFoundError, IsADirectoryError) as error:
            raise DataError(
                f"{where}: image {path!r} is not there; paths are relative to {self.name}'s folder"
            ) from error

    def _beside(self, path: str) -> str:
        folder = self.path if self.files.isdir(self.path) else posixpath.dirname(self.path)
        return posixpath.normpath(posixpath.join(folder, path))

    def _folder(self, settings: IngestSettings) -> Table:
        if settings.image is None:
            raise DataError(
                f"{self.name} is a folder, but this problem's rows are text: give a {', '.join(SUFFIXES)} file"
            )
        inside = sorted(str(PurePosixPath(path).relative_to(self.path)) for path in self.files.find(self.path))
        images = [path for path in inside if not _hidden(path)]
        if not images:
            raise DataError(f"{self.location} holds no files: put images in it, in a folder per class if they have one")
        parts = [PurePosixPath(path).parts for path in images]
        columns: dict[str, list[Any]] = {settings.image: list(images)}
        if settings.key is not None:
            columns[settings.key] = list(images)
        if settings.gold is not None:
            columns[settings.gold] = [part[0] if len(part) > 1 else None for part in parts]
        return Table(self.name, columns, range(1, len(images) + 1), "file")


def locate(source: str, root: Path) -> str:
    """Source as the manifest has it and the project's folder → its absolute path, or its URL."""
    return source if "://" in source else str((root / source).resolve())


def discover(incoming: str, root: Path) -> list[str]:
    """Folder, glob or fsspec URL of incoming data → its sources, relative to the project where they are inside it.

    A file in a format that is read is one batch; so is a folder that holds images. Hidden files are left out.
    """
    location = locate(incoming, root)
    files, path = fsspec.core.url_to_fs(location)
    if any(sign in path for sign in "*?["):
        found = files.glob(path)
    elif files.isdir(path):
        found = files.ls(path, detail=False)
    else:
        found = [path] if files.exists(path) else []
    kept = [one for one in map(str, found) if not _hidden(PurePosixPath(one).name) and _is_batch(files, one)]
    return sorted(_named(files, one, root, is_url="://" in incoming) for one in kept)


def _named(files: Any, path: str, root: Path, *, is_url: bool) -> str:
    if is_url:
        return str(files.unstrip_protocol(path))
    own = Path(path)
    return own.relative_to(root.resolve()).as_posix() if own.is_relative_to(root.resolve()) else own.as_posix()


def _is_batch(files: Any, path: str) -> bool:
    if files.isdir(path):
        return any(str(one).lower().endswith(IMAGE_SUFFIXES) for one in files.find(path))
    return path.lower().endswith(SUFFIXES)


def _hidden(path: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(path).parts) or path.endswith(
        ("Thumbs.db", "desktop.ini")
    )
