"""A place of incoming data (file, folder of images or texts, any fsspec URL): its table, its images and its hash."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import fsspec

from tidemill.common.progress import progress
from tidemill.common.spelling import counted
from tidemill.contracts import DataError
from tidemill.ingest.fetched_images import FOLDER, FetchLimits, fetch_images
from tidemill.ingest.image_metadata import TABLE, columns_of_files, joined
from tidemill.ingest.image_paths import MAYBE_IMAGES, ImagePaths
from tidemill.ingest.inline_images import inline_image, with_inline_images
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.text_files import TEXT_SUFFIX, is_text_file, single_document, text_files
from tidemill.readers.options import QUARANTINE
from tidemill.readers.read import SUFFIXES, parse
from tidemill.readers.table import Table


@dataclass(frozen=True)
class Images:
    """Names and contents of the images of a table's rows, and what was guessed of their paths."""

    names: list[str]
    images: list[bytes]
    notes: list[str]


class Source:
    """One batch's data as it arrived: a table file, a folder of images with a subfolder per class (or none), or one of texts.

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
        """Read the table of the source; of a folder of images, one with an ``image`` path, a ``key`` and a ``gold`` class.

        Of a folder of ``.txt`` files, a document a file, it has the text and the ``key``; so has that of a single one.

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
        is_folder = self.files.isdir(self.path)
        if settings.image is None and (is_folder or is_text_file(self.path)):
            return self._texts(settings)
        if is_folder:
            return self._folder(settings)
        if self.files.info(self.path)["type"] == "other":
            raise DataError(f"{self.location} is no file but a pipe or a device: save its content as a file")
        return with_inline_images(parse(self.files.cat_file(self.path), self.name, settings.reading), settings.image)

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
        if settings.modality == "text":
            table = self.table(settings)
            if self.files.isdir(self.path):
                return _hash_of(self._contents(_text_paths(self._inside())[0]))
            del table  # read for its errors
            return hashlib.sha256(self.files.cat_file(self.path)).hexdigest()
        result = self.images(self.table(settings), settings)
        file = self._metadata_file() if self.files.isdir(self.path) else self.path
        head = b"" if file is None else self.files.cat_file(file)
        return _hash_of(zip(result.names, result.images, strict=True), head)

    def images(self, table: Table, settings: IngestSettings, errors: RowErrors | None = None) -> Images:
        """Read the image of each row: a path below the table's folder or ``image_folder``, or bytes or a data URI in the table.

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
        Images
            Content is empty where the row was set aside.

        Raises
        ------
        DataError
            Names the row whose image is not there, or lies outside of the folder.
        """
        errors = errors or RowErrors(table)
        values = table.column(settings.content, "ingest.image")
        paths = ImagePaths(self.files, self.path, settings.image_folder)
        result = Images([], [], [])
        for row, value in enumerate(progress(values, total=len(values), name=f"reading {self.name}", unit="images")):
            inner = value.get("bytes") if isinstance(value, dict) else value
            inner = value.get("path") if isinstance(value, dict) and not isinstance(inner, bytes) else inner
            inner = inline_image(inner) or inner
            name = f"{table.unit} {table.numbers[row]}" if isinstance(inner, bytes) else str(inner)
            data = inner if isinstance(inner, bytes) else b""
            if not isinstance(inner, bytes):
                try:
                    data = paths.read(inner)
                except DataError as error:
                    errors.add(row, f"column {settings.content!r}: {error}")
            result.names.append(name)
            result.images.append(data)
        result.notes.extend(paths.notes(self.name))
        return result

    def _inside(self) -> list[str]:
        """Paths of the files below the folder that are not hidden, from the folder on."""
        return [path for path in self._below() if not is_hidden(path)]

    def _below(self) -> list[str]:
        return sorted(str(PurePosixPath(path).relative_to(self.path)) for path in files_below(self.files, self.path))

    def _contents(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return ((path, self.files.cat_file(f"{self.path}/{path}")) for path in paths)

    def _texts(self, settings: IngestSettings) -> Table:
        if not self.files.isdir(self.path):
            file = [(self.name, self.files.cat_file(self.path))]
            result = text_files(file, PurePosixPath(self.path).parent.name, settings)
            return single_document(result, self.name, settings)
        below = self._below()
        texts, others = _text_paths(path for path in below if not is_hidden(path))
        hidden = about_hidden(self.name, below, is_text_file)
        if not texts:
            raise DataError(
                f"{self.name} is a folder, but this problem's rows are text: give one of {TEXT_SUFFIX} files, or a file that "
                f"ends in {', '.join(SUFFIXES)}{'; ' if hidden else ''}{'; '.join(hidden)}"
            )
        files = progress(self._contents(texts), total=len(texts), name=f"reading {self.name}", unit="documents")
        result = text_files(files, self.name, settings, others)
        return replace(result, notes=(*result.notes, *hidden))

    def _folder(self, settings: IngestSettings) -> Table:
        below = self._below()
        shown = [path for path in below if not is_hidden(path)]
        unreadable = next((path for path in shown if not path.isascii() and not _is_unicode(path)), None)
        if unreadable is not None:
            raise DataError(
                f"{self.name}: the name of the file {unreadable.encode(errors='backslashreplace').decode()!r} is not UTF-8: "
                "rename it, or leave it out"
            )
        images = [path for path in shown if PurePosixPath(path).suffix.lower() in MAYBE_IMAGES]
        hidden = about_hidden(self.name, below, lambda path: PurePosixPath(path).suffix.lower() in MAYBE_IMAGES - {""})
        if not images:
            lying_there = f"{len(shown)} files of other kinds, such as {shown[0]}" if shown else "no files"
            raise DataError(
                f"{self.location} holds no images but {lying_there}: put some in it, as PNG or JPEG, in a folder per class if they have one"
                f"{'; ' if hidden else ''}{'; '.join(hidden)}"
            )
        parts = [PurePosixPath(path).parts for path in images]
        beside = self._metadata(images, settings)
        named = settings.gold is not None and settings.gold not in beside
        columns: dict[str, list[Any]] = {**beside, settings.content: list(images)}
        if settings.key_column is not None:
            columns[settings.key_column] = list(images)
        place = 0 if settings.class_folder == "first" else -2
        if settings.gold is not None and named:
            columns[settings.gold] = [part[place] if len(part) > 1 else None for part in parts]
        folders = ["/".join(_without_class(part, place) if named else part[:-1]) for part in parts]
        columns = columns_of_files(images, folders) | columns
        table = self._metadata_file()
        others = [
            path for path in shown if PurePosixPath(path).suffix.lower() not in MAYBE_IMAGES and path != _base(table)
        ]
        notes = (
            [
                f"{self.name}: {counted(len(others), 'file is no image', 'files are no images')} and left out ({', '.join(others[:3])})"
            ]
            if others
            else []
        )
        loose = [path for path, part in zip(images, parts, strict=True) if named and len(part) == 1]
        if 0 < len(loose) < len(images):
            said = counted(
                len(loose), "image is in no folder of a class and has", "images are in no folder of a class and have"
            )
            notes.append(f"{self.name}: {said} no label, such as {loose[0]}")
        notes += hidden
        by_systems = [folder for path in below if (folder := _folder_of_systems(path)) is not None]
        if by_systems:
            said = counted(len(by_systems), "file is", "files are")
            names = ", ".join(sorted(set(by_systems)))
            notes.append(f"{self.name}: {said} in folders that systems make ({names}) and left out")
        if named and place == 0:
            notes += self._without_images({part[0] for part in parts})
        return Table(self.name, columns, range(1, len(images) + 1), "file", notes=tuple(notes))

    def _without_images(self, classes: set[str]) -> list[str]:
        """Folders where those of classes are, in which no image is."""
        folders = {_base(str(item)) for item in self.files.ls(self.path, detail=False) if self.files.isdir(item)}
        empty = sorted(name for name in folders - classes if not is_hidden(name))
        return [f"{self.name}: no image is in the folder {', '.join(empty[:3])}, which makes no class"] if empty else []

    def _metadata_file(self) -> str | None:
        """Path of the table in a folder of images that tells more of them."""
        inside = sorted(str(path) for path in self.files.ls(self.path, detail=False))
        return next((path for path in inside if _base(path) in _METADATA and self.files.isfile(path)), None)

    def _metadata(self, images: list[str], settings: IngestSettings) -> dict[str, list[Any]]:
        file = self._metadata_file()
        if file is None:
            return {}
        table = parse(self.files.cat_file(file), f"{self.name}/{_base(file)}", settings.reading)
        known = joined(images, table)
        return {name: column for name, column in known.items() if name not in {settings.image, settings.key_column}}


def _text_paths(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Those of texts, and the others."""
    paths = list(paths)
    return [path for path in paths if is_text_file(path)], [path for path in paths if not is_text_file(path)]


def _hash_of(files: Iterable[tuple[str, bytes]], head: bytes = b"") -> str:
    """Hash of names and contents."""
    total = hashlib.sha256(head)
    for name, data in files:
        total.update(f"{name}\0{hashlib.sha256(data).hexdigest()}\n".encode())
    return total.hexdigest()


_TOLD: Final = 3
_METADATA: Final = frozenset(f"{TABLE}{suffix}" for suffix in SUFFIXES)


def _base(path: str | None) -> str:
    return PurePosixPath(path or "").name


def _without_class(parts: tuple[str, ...], place: int) -> tuple[str, ...]:
    """Folders of an image but the one that names its class, which no labeling function may see."""
    return parts[1:-1] if place == 0 else parts[:-2]


def fetch_beside(source: Source, settings: IngestSettings) -> list[str]:
    """Fetch the images that a table of this machine names by URLs.

    Parameters
    ----------
    source
        The table.
    settings
        Column of the images, their folder, and what becomes of bad rows.

    Returns
    -------
    list of str
        What was fetched and what was not, to be printed.

    Raises
    ------
    DataError
        An image cannot be fetched, where a row that cannot be taken refuses its file.
    """
    if settings.image is None or source.files.isdir(source.path) or "://" in source.location:
        return []
    table = source.table(settings)
    folder = Path(ImagePaths(source.files, source.path, settings.image_folder).folder)
    fetched, failed = fetch_images(table.column(settings.image, "ingest.image"), folder, FetchLimits())
    if failed and settings.bad_rows == "refuse":
        url, reason = next(iter(failed.items()))
        raise DataError(
            f"{source.name}: {len(failed)} of {fetched + len(failed)} images were not fetched; {url} {reason}; "
            f"try again, or set their rows aside with {QUARANTINE}"
        )
    return [f"{source.name}: {counted(fetched, 'image')} fetched into {folder / FOLDER}, {len(failed)} not"]


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
    return source if "://" in source else os.path.realpath(root / source)  # resolve() raises where links go in a circle


def discover(incoming: str, root: Path, *, texts: bool = False) -> list[str]:
    """List the sources in a place of incoming data.

    A file in a format that is read is one batch; so is a folder that holds images, or texts. Hidden files are left out, and those of an open workbook.

    Parameters
    ----------
    incoming
        Folder, glob or fsspec URL.
    root
        The project's folder.
    texts
        Whether a folder of ``.txt`` files is a batch, as it is where rows are text.

    Returns
    -------
    list of str
        Relative to the project where they are inside it.
    """
    files, result = _entries(incoming, root)
    chosen = (item for item in result if _is_batch(files, item, texts=texts))
    return sorted(_named(files, item, root, is_url="://" in incoming) for item in chosen)


def not_read(incoming: str, root: Path, *, texts: bool = False) -> list[str]:
    """List what lies in a place of incoming data and is no batch: folders without images or texts, files of other formats.

    Parameters
    ----------
    incoming, root, texts
        As ``discover`` takes them.

    Returns
    -------
    list of str
        Names, sorted; files of single images are left out, since a table beside them may name them.
    """
    files, result = _entries(incoming, root, hidden=True)
    others = [
        item
        for item in result
        if is_hidden_table(_base(item)) or not (is_hidden(_base(item)) or _is_batch(files, item, texts=texts))
    ]
    return sorted(_base(item) for item in others if PurePosixPath(item).suffix.lower() not in MAYBE_IMAGES - {""})


def new_sources(known: Collection[str], incoming: str, root: Path, *, texts: bool = False) -> list[str]:
    """List the sources that have not been taken in.

    Parameters
    ----------
    known
        Sources that the manifest has; before 0.2.0 those behind a link in the project have an absolute path there.
    incoming, root, texts
        As ``discover`` takes them.

    Returns
    -------
    list of str
        As ``discover`` lists them.
    """
    elsewhere = {os.path.realpath(source) for source in known if os.path.isabs(source)}  # noqa: PTH117 - or a URL
    there = discover(incoming, root, texts=texts)
    return [source for source in there if source not in known and locate(source, root) not in elsewhere]


def _place(incoming: str, root: Path) -> str:
    """Where to look. Links in the project stay in the path, so that sources are named alike wherever a folder of theirs is kept."""
    is_inside = "://" not in incoming and not Path(incoming).is_absolute() and ".." not in Path(incoming).parts
    return str(root.resolve() / incoming) if is_inside else locate(incoming, root)


def _entries(incoming: str, root: Path, *, hidden: bool = False) -> tuple[Any, list[str]]:
    """All that is there, or all that is not hidden."""
    files, path = fsspec.core.url_to_fs(_place(incoming, root))
    if files.isdir(path):
        result = files.ls(path, detail=False)
    elif files.exists(path):
        result = [path]
    elif any(sign in incoming for sign in "*?["):
        # the project's own folder may be named "reviews [old]"
        pattern = path if "://" in incoming else str(Path(glob.escape(os.path.realpath(root))) / incoming)
        result = files.glob(pattern)
    else:
        result = []
    return files, [item for item in map(str, result) if hidden or not is_hidden(_base(item))]


def _named(files: Any, path: str, root: Path, *, is_url: bool) -> str:
    if is_url:
        return str(files.unstrip_protocol(path))
    own = Path(path)
    return own.relative_to(root.resolve()).as_posix() if own.is_relative_to(root.resolve()) else own.as_posix()


def _is_batch(files: Any, path: str, *, texts: bool) -> bool:
    if files.isdir(path):
        inside = (str(item) for item in files_below(files, path))
        return any(
            PurePosixPath(item).suffix.lower() in MAYBE_IMAGES - {""} or (texts and is_text_file(item))
            for item in inside
        )
    return path.lower().endswith(SUFFIXES)


def files_below(files: Any, folder: str, above: frozenset[str] = frozenset()) -> Iterator[str]:
    """Find all files below a folder, those of folders that links on this machine lead to among them.

    Parameters
    ----------
    files
        fsspec file system.
    folder
        Path on it.
    above
        Real paths of the folders through which it was reached: a link back to one is not followed.

    Yields
    ------
    str
        Path that begins with that of the folder.
    """
    for item in map(str, files.find(folder)):
        is_image = PurePosixPath(item).suffix.lower() in MAYBE_IMAGES - {""}
        if is_image or not os.path.islink(item) or not files.isdir(item):  # noqa: PTH114 - a path on whatever file system
            yield item
        elif (real := os.path.realpath(item)) not in above and not Path(item).parent.resolve().is_relative_to(real):
            yield from files_below(files, item, above | {os.path.realpath(folder), real})


def _is_unicode(path: str) -> bool:
    """Whether a name is text: bytes that are none come as halves of surrogate pairs."""
    return not any("\ud800" <= letter <= "\udfff" for letter in path)


_OF_SYSTEMS: Final = frozenset(
    {
        "__macosx",  # of archives that macOS packs
        "@eadir",  # a thumbnail of each picture, on Synology's disks
        "#recycle",
        "@recycle",
        "@recently-snapshot",
        "$recycle.bin",
        "system volume information",
        "lost+found",
    }
)
"""Folders, in small letters."""


def _folder_of_systems(path: str) -> str | None:
    return next((part for part in PurePosixPath(path).parts if part.lower() in _OF_SYSTEMS), None)


def about_hidden(source: str, paths: Iterable[str], is_row: Callable[[str], bool]) -> list[str]:
    """Word how many files are left out although they would be rows, since names on their paths begin with a dot.

    Parameters
    ----------
    source
        Name of the folder.
    paths
        Paths below it.
    is_row
        Whether the file of a path is a row by its name.

    Returns
    -------
    list of str
        A sentence, or none. What is not told: files beside each that macOS writes (``._name``), and what lies in folders that systems make.
    """
    found = [
        path
        for path in paths
        if _dotted(path)
        and not PurePosixPath(path).name.startswith("._")
        and not _folder_of_systems(path)
        and is_row(path)
    ]
    if not found:
        return []
    names = sorted(set(filter(None, map(_dotted, found))))
    more = ", …" if len(names) > _TOLD else ""
    said = counted(len(found), "file is", "files are")
    return [
        (
            f"{source}: {said} left out, for names with a dot in front are those of hidden files and folders "
            f"({', '.join(names[:_TOLD])}{more}): rename what holds rows"
        )
    ]


def is_hidden_table(name: str) -> bool:
    """Decide whether a file would be read as a table if its name did not begin with a dot.

    Parameters
    ----------
    name
        Of the file.

    Returns
    -------
    bool
        False of what macOS writes beside each file, ``._name``.
    """
    return name.startswith(".") and not name.startswith("._") and name.lower().endswith(SUFFIXES)


def _dotted(path: str) -> str | None:
    """The first part of a path that begins with a dot."""
    return next((part for part in PurePosixPath(path).parts if part.startswith(".")), None)


def is_hidden(path: str) -> bool:
    """Decide whether systems and programs keep a file beside those of people.

    Parameters
    ----------
    path
        Its path below a folder of theirs.

    Returns
    -------
    bool
        Also for what Office keeps while a workbook is open, ``~$name.xlsx``, and for all below a folder of thumbnails or of
        deleted files.
    """
    parts = PurePosixPath(path).parts
    is_kept_by_programs = any(part.startswith((".", "~$")) for part in parts) or path.lower().endswith(
        ("thumbs.db", "desktop.ini")
    )
    return is_kept_by_programs or _folder_of_systems(path) is not None
