"""Paths of images that a table names: they stay below one folder, whatever the table holds."""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from tidemill.common.spelling import counted, shown
from tidemill.contracts import DataError
from tidemill.ingest.fetched_images import URL, fetched_name
from tidemill.ingest.inline_images import is_inline_image

IMAGE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
MAYBE_IMAGES: Final = frozenset(
    {*IMAGE_SUFFIXES, "", ".jfif", ".jpe", ".avif", ".heic", ".heif", ".jxl", ".jp2", ".j2k", ".ppm", ".pgm"}
)
"""Suffixes of files that are read as images, or refused for being none; others are left out."""
_DRIVE: Final = re.compile(r"[A-Za-z]:/")

_SHOWN_OF_DATA: Final = 40


class ImagePaths:
    """Find the images that one table names.

    Parameters
    ----------
    files
        fsspec file system of the table.
    table
        Path of the table on it, or of a folder of images.
    image_folder
        ``ingest.image_folder``: a person's choice, which may lie anywhere.
    """

    def __init__(self, files: Any, table: str, image_folder: str | None) -> None:
        self.files = files
        self.is_folder = files.isdir(table)
        self.beside = table if self.is_folder else posixpath.dirname(table)
        self.folder = posixpath.normpath(posixpath.join(self.beside, image_folder or ""))
        self._is_local = "file" in ((files.protocol,) if isinstance(files.protocol, str) else files.protocol)
        self._moved: list[str] = []
        self._completed: list[str] = []
        self._composed: list[str] = []
        self._names: dict[str, dict[str, list[str]]] = {}

    def read(self, named: object) -> bytes:
        """Read an image.

        Parameters
        ----------
        named
            Cell of the table.

        Returns
        -------
        bytes
            Content of the file.

        Raises
        ------
        DataError
            It is no path, is not there, or lies outside of the folder.
        """
        return bytes(self.files.cat_file(posixpath.join(self.folder, self.find(named))))

    def find(self, named: object) -> str:
        """Path of an image relative to the folder of images.

        A path without a suffix is also tried with those of images. Of an absolute path that is not below the folder, the longest
        end that is there is taken: tables keep the paths of the machine on which they were made. A letter with an accent may be one
        character in the table and two in the file's name, or the other way round: some systems and programs change it.

        Parameters
        ----------
        named
            Cell of the table.

        Returns
        -------
        str
            With ``/`` between folders.

        Raises
        ------
        DataError
            It is no path, is not there, or lies outside of the folder.
        """
        if not isinstance(named, str) or not named.strip():
            raise DataError(f"{shown(named)} is not the path of an image")
        if is_inline_image(named):
            start = f"{named.strip()[:_SHOWN_OF_DATA]!r}…"
            raise DataError(
                f"image {start} is a data URI or base64 that is cut off or damaged: write it anew, or name a file"
            )
        if URL.match(named.strip()):
            return self._fetched(named.strip())
        path = posixpath.normpath(named.strip().replace("\\", "/"))
        is_absolute = path.startswith("/") or bool(_DRIVE.match(path))
        candidates = list(self._ends(path) if is_absolute else self._joined(path))
        if not candidates:
            raise DataError(self._outside(named))
        for candidate in candidates:
            found = self._found(candidate)
            if len(found) > 1 and found[0]:
                files = " or ".join(f"{candidate}{suffix}" for suffix in found)
                raise DataError(f"image {shown(named)} may be {files}: write the suffix in the table")
            if found:
                return self._taken(candidate, found[0], named, moved=is_absolute)
        alike = [path for candidate in candidates for path in self._alike(candidate)]
        named_so = {composed(end + suffix) for end in candidates for suffix in self._suffixes(end)}
        same = [path for path in alike if composed(path) in named_so]
        if len(same) == 1:
            self._composed.append(same[0])
            return self._taken(same[0], "", named, moved=is_absolute)
        what = next(filter(None, map(self._other_than_file, candidates)), None)
        if what is not None:
            raise DataError(f"image {shown(named)} {what}: put the image itself in its place, or take it out")
        raise DataError(
            f"image {shown(named)} is not there; paths are relative to {self.folder}, or the folder that --images (ingest.image_folder) names"
            f"{in_other_letters(alike)}"
        )

    def _found(self, candidate: str) -> list[str]:
        """Suffixes with which a path is a file; none but the empty one where it is one as it stands."""
        suffixes = self._suffixes(candidate)
        return [suffix for suffix in suffixes if self.files.isfile(posixpath.join(self.folder, candidate + suffix))]

    def _alike(self, candidate: str) -> list[str]:
        """Files on this machine whose path differs in letter case, or in how letters with accents are written."""
        if not self._is_local:
            return []
        parents = [""]
        *folders, name = candidate.split("/")
        for folder in folders:
            parents = [path for parent in parents for path in self._named_like(parent, folder)]
        found = (self._named_like(parent, name + suffix) for parent in parents for suffix in self._suffixes(candidate))
        paths = (path for several in found for path in several)
        return [path for path in paths if self.files.isfile(posixpath.join(self.folder, path))]

    def _named_like(self, folder: str, name: str) -> list[str]:
        if folder not in self._names:
            names = self._names[folder] = {}
            with contextlib.suppress(OSError):
                for item in sorted(Path(self.folder, folder).iterdir()):
                    names.setdefault(folded(item.name), []).append(posixpath.join(folder, item.name))
        return self._names[folder].get(folded(name), [])

    def _other_than_file(self, candidate: str) -> str | None:
        """What stands on this machine under the name of an image and is no file; None where nothing does."""
        path = posixpath.join(self.folder, candidate)
        if not self._is_local or not os.path.lexists(path):
            return None
        try:
            mode = Path(path).stat().st_mode
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            reason = "which is not there" if missing else f"which cannot be followed ({error.strerror})"
            return f"is a link to {Path(path).readlink()}, {reason}"
        return "is a folder" if stat.S_ISDIR(mode) else "is a pipe, a socket or a device, and no file"

    def _joined(self, path: str) -> list[str]:
        """The path relative to the table, and to the folder of images, where that lies in the folder of images."""
        joined = [posixpath.normpath(posixpath.join(base, path)) for base in (self.beside, self.folder)]
        return list(
            dict.fromkeys(posixpath.relpath(item, self.folder) for item in joined if _within(item, self.folder))
        )

    def _suffixes(self, path: str) -> tuple[str, ...]:
        return ("",) if PurePosixPath(path).suffix.lower() in MAYBE_IMAGES - {""} else ("", *IMAGE_SUFFIXES)

    def _fetched(self, url: str) -> str:
        name = fetched_name(url)
        if not self.files.isfile(posixpath.join(self.folder, name)):
            raise DataError(
                f"{shown(url)} has not been fetched: say --fetch, or download the images and name their files"
            )
        return name

    def notes(self, name: str) -> list[str]:
        """What was guessed of paths, once for all.

        Parameters
        ----------
        name
            Of the source.

        Returns
        -------
        list of str
            Empty where nothing was guessed.
        """
        notes = []
        if self._moved:
            notes.append(
                f"{name}: {counted(len(self._moved), 'absolute path is read as its end that is', 'absolute paths are read as the ends of them that are')} below {self.folder}, "
                f"such as {self._moved[0]}"
            )
        if self._completed:
            notes.append(
                f"{name}: {counted(len(self._completed), 'path has', 'paths have')} no suffix, and one is found, such as {self._completed[0]}"
            )
        if self._composed:
            notes.append(
                f"{name}: {counted(len(self._composed), 'path is', 'paths are')} written in another Unicode form than the names of the files, which are taken, "
                f"such as {self._composed[0]}"
            )
        return notes

    def _ends(self, path: str) -> Iterator[str]:
        parts = [part for part in path.split("/") if part not in {"", ".."}]
        for start in range(len(parts)):
            yield "/".join(parts[start:])

    def _taken(self, candidate: str, suffix: str, named: str, *, moved: bool) -> str:
        result = candidate + suffix
        if self._is_local and not self.is_folder:
            real, folder = os.path.realpath(posixpath.join(self.folder, result)), os.path.realpath(self.folder)
            if os.path.commonpath([real, folder]) != folder:
                raise DataError(self._outside(named))
        if moved and not _within(named, self.folder):
            self._moved.append(f"{named} as {result}")
        if suffix:
            self._completed.append(result)
        return result

    def _outside(self, named: str) -> str:
        return (
            f"image {shown(named)} lies outside of {self.folder}: put it below, or name the folder that holds the images "
            "in ingest.image_folder"
        )


def folded(path: str) -> str:
    """Write a path as all spellings of it that a person takes for one are written.

    Parameters
    ----------
    path
        A path or a part of it.

    Returns
    -------
    str
        Without upper case, accents joined with their letters.

    Examples
    --------
    >>> folded("Caf\N{LATIN SMALL LETTER E WITH ACUTE}.PNG") == folded("cafe\N{COMBINING ACUTE ACCENT}.png")
    True
    """
    return composed(composed(path).casefold())


def in_other_letters(paths: Sequence[str]) -> str:
    """Word the hint that files of nearly the name are there.

    Parameters
    ----------
    paths
        Paths that differ from the one that is missing in letter case, or in how accents are written.

    Returns
    -------
    str
        To be put after a message; empty without paths.

    Examples
    --------
    >>> in_other_letters(["a/IMG_1.JPG"])
    ". There is 'a/IMG_1.JPG': write the name as the file's, letter for letter"
    """
    return (
        f". There is {' and '.join(map(repr, paths[:3]))}: write the name as the file's, letter for letter"
        if paths
        else ""
    )


def composed(path: str) -> str:
    """Write letters with accents as one character each, whichever way a path has them.

    Parameters
    ----------
    path
        A path or a part of it.

    Returns
    -------
    str
        In Unicode's form NFC.
    """
    return unicodedata.normalize("NFC", path)


def _within(named: str, folder: str) -> bool:
    return named.startswith(folder.rstrip("/") + "/")
