"""A place of incoming data (file, folder of images, any fsspec URL): its table, its images and its hash."""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import Path, PurePosixPath
from typing import Any, Final

import fsspec

from tidemill.common.progress import progress
from tidemill.contracts import DataError
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings
from tidemill.readers.read import SUFFIXES, parse
from tidemill.readers.table import Table

IMAGE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")


_MAYBE_IMAGES: Final = {*IMAGE_SUFFIXES, "", ".jfif", ".jpe", ".avif", ".heic", ".heif", ".jxl", ".ppm", ".pgm"}
"""Suffixes of files that are read as images, or refused for being none; others are left out."""


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
        """Read the table of the source; of a folder, one with an ``image`` path, a ``key`` and a ``gold`` class.

        Parameters
        ----------
        settings
            Settings of ingest.

        Returns
        -------
        Table

        Raises
        ------
        DataError
            The source is missing, empty or cannot be read.
        """
        if not self.files.exists(self.path):
            raise DataError(f"{self.location} is missing: put it back, or for packaged data run `tidemill fetch`")
        if self.files.isdir(self.path):
            return self._folder(settings)
        return parse(self.files.cat_file(self.path), self.name, settings.reading)

    def fingerprint(self, settings: IngestSettings) -> str:
        """Hash all content of the batch: a text table's own bytes, or paths and image bytes.

        Parameters
        ----------
        settings
            Settings of ingest.

        Returns
        -------
        str
            SHA-256.
        """
        if settings.modality == "text" and not self.files.isdir(self.path):
            self.table(settings)
            return hashlib.sha256(self.files.cat_file(self.path)).hexdigest()
        names, images = self.images(self.table(settings), settings)
        total = hashlib.sha256(b"" if self.files.isdir(self.path) else self.files.cat_file(self.path))
        for name, data in zip(names, images, strict=True):
            total.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
        return total.hexdigest()

    def images(
        self, table: Table, settings: IngestSettings, errors: RowErrors | None = None
    ) -> tuple[list[str], list[bytes]]:
        """Read the image of each row: a path relative to the table's folder, or bytes in the table.

        Parameters
        ----------
        table
            The rows.
        settings
            Which column holds the images.
        errors
            What becomes of rows whose image is not there; None: the first is refused.

        Returns
        -------
        list of str
            Name of each image, for messages.
        list of bytes
            Content of each image, empty where the row was set aside.

        Raises
        ------
        DataError
            Names the row whose image is not there.
        """
        errors = errors or RowErrors(table)
        values = table.column(settings.content, "ingest.image")
        names, found = [], []
        for row, value in enumerate(progress(values, total=len(values), name=f"reading {self.name}", unit="images")):
            inner = value.get("bytes") if isinstance(value, dict) else value
            name, data = (f"{table.unit} {table.numbers[row]}", inner) if isinstance(inner, bytes) else (inner, None)
            problem = None
            if not isinstance(name, str) or not name:
                problem = f"column {settings.content!r} is {value!r}, not the path of an image"
            elif data is None:
                data = self._read_image(name)
                problem = f"image {name!r} is not there; paths are relative to {self.name}'s folder"
            if data is None:
                errors.add(row, str(problem))
            names.append(str(name))
            found.append(data or b"")
        return names, found

    def _read_image(self, path: str) -> bytes | None:
        try:
            return bytes(self.files.cat_file(self._beside(path)))
        except (FileNotFoundError, IsADirectoryError):
            return None

    def _beside(self, path: str) -> str:
        folder = self.path if self.files.isdir(self.path) else posixpath.dirname(self.path)
        return posixpath.normpath(posixpath.join(folder, path.replace("\\", "/")))

    def _folder(self, settings: IngestSettings) -> Table:
        if settings.image is None:
            raise DataError(
                f"{self.name} is a folder, but this problem's rows are text: give a {', '.join(SUFFIXES)} file"
            )
        inside = sorted(str(PurePosixPath(path).relative_to(self.path)) for path in self.files.find(self.path))
        shown = [path for path in inside if not _hidden(path)]
        images = [path for path in shown if PurePosixPath(path).suffix.lower() in _MAYBE_IMAGES]
        if not images:
            raise DataError(f"{self.location} holds no images: put some in it, in a folder per class if they have one")
        parts = [PurePosixPath(path).parts for path in images]
        columns: dict[str, list[Any]] = {settings.image: list(images)}
        if settings.key is not None:
            columns[settings.key] = list(images)
        if settings.gold is not None:
            columns[settings.gold] = [
                part[0 if settings.class_folder == "first" else -2] if len(part) > 1 else None for part in parts
            ]
        others = [path for path in shown if PurePosixPath(path).suffix.lower() not in _MAYBE_IMAGES]
        notes = (
            (f"{self.name}: {len(others)} files are no images and left out ({', '.join(others[:3])})",)
            if others
            else ()
        )
        return Table(self.name, columns, range(1, len(images) + 1), "file", notes=notes)


def locate(source: str, root: Path) -> str:
    """Find a source.

    Parameters
    ----------
    source
        As the manifest has it.
    root
        The project's folder.

    Returns
    -------
    str
        Its absolute path, or its URL.
    """
    return source if "://" in source else str((root / source).resolve())


def discover(incoming: str, root: Path) -> list[str]:
    """List the sources in a place of incoming data.

    A file in a format that is read is one batch; so is a folder that holds images. Hidden files are left out.

    Parameters
    ----------
    incoming
        Folder, glob or fsspec URL.
    root
        The project's folder.

    Returns
    -------
    list of str
        Relative to the project where they are inside it.
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
