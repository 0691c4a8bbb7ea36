"""What is known of an image besides its pixels: its file, its EXIF, and the columns of a table in its folder.

All of it is asked for by name in ``ingest.meta``, and is a column like others then: ``file_name``, ``file_folder``,
``exif_model``, ``exif_datetimeoriginal``, ``exif_gps_latitude``, or a column of ``metadata.csv``.
"""

from __future__ import annotations

import io
import math
import re
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from PIL import ExifTags, Image, UnidentifiedImageError

from tidemill.contracts import DataError
from tidemill.ingest.image_paths import composed, folded, in_other_letters
from tidemill.ingest.settings import IngestSettings, Kind
from tidemill.ingest.values import is_missing
from tidemill.readers.table import Table

FILE_NAME: Final = "file_name"
FILE_FOLDER: Final = "file_folder"
EXIF: Final = "exif_"
TABLE: Final = "metadata"
"""Name, before its suffix, of the table that a folder of images may hold."""
_NAMES: Final = (FILE_NAME, "file", "filename", "image", "path")
"""Columns by which such a table names images."""
_MOMENT: Final = re.compile(r"(\d{4}):(\d{2}):(\d{2}) (\d{2}:\d{2}:\d{2})")
_GPS: Final = {"latitude": (2, 1, "S"), "longitude": (4, 3, "W")}
"""Tags of the degrees and of the hemisphere, and the one that is below zero."""


def columns_of_files(paths: Sequence[Any], folders: Sequence[str] | None = None) -> dict[str, list[str | None]]:
    """Make the columns ``file_name`` and ``file_folder``.

    Parameters
    ----------
    paths : (n_images,)
        Paths of images; what is no text, such as an image itself, has neither.
    folders : (n_images,), optional
        Their folders, where they are not those of the paths: without the folder that names the class.

    Returns
    -------
    dict of str to list

    Examples
    --------
    >>> columns_of_files(["pool/a.png", b"..."])
    {'file_name': ['a.png', None], 'file_folder': ['pool', None]}
    """
    known = [PurePosixPath(path.replace("\\", "/")) if isinstance(path, str) else None for path in paths]
    parents = [None if path is None else "" if path.parent == PurePosixPath() else str(path.parent) for path in known]
    return {
        FILE_NAME: [None if path is None else path.name for path in known],
        FILE_FOLDER: list(folders) if folders is not None else parents,
    }


def with_image_metadata(table: Table, images: Sequence[bytes], settings: IngestSettings) -> Table:
    """Add the columns that ``ingest.meta`` asks for and the table lacks: of files and of EXIF.

    Parameters
    ----------
    table
        Rows of a problem of images.
    images : (n_rows,)
        Their content, as the files have it.
    settings
        Names and kinds of metadata.

    Returns
    -------
    Table
        A value that an image does not have is None.
    """
    asked = {name: kind for name, kind in settings.meta.items() if not table.has(name)}
    if not asked:
        return table
    files = columns_of_files(table.column(settings.content, "ingest.image"))
    columns: dict[str, list[Any]] = {name: list(files[name]) for name in asked if name in files}
    tags = {name: kind for name, kind in asked.items() if name.startswith(EXIF)}
    if tags:
        known = [exif(data) for data in images]
        columns |= {name: [_of_kind(each.get(_plain(name)), kind) for each in known] for name, kind in tags.items()}
    return replace(table, columns=table.columns | columns)


def exif(data: bytes) -> dict[str, Any]:
    """Read the EXIF of an image.

    Parameters
    ----------
    data
        An image file.

    Returns
    -------
    dict of str to Any
        Text and numbers by ``exif_`` and the tag's name in lower case; moments as ISO 8601, places in degrees. Empty where
        there is none, or it is broken.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata
        try:
            with Image.open(io.BytesIO(data)) as image:
                found = image.getexif()
                tags = dict(found) | dict(found.get_ifd(ExifTags.IFD.Exif))
                places = dict(found.get_ifd(ExifTags.IFD.GPSInfo))
        except (OSError, SyntaxError, ValueError, KeyError, TypeError, struct.error, UnidentifiedImageError):
            return {}
    named = {
        f"{EXIF}{ExifTags.TAGS[tag].lower()}": _value(value) for tag, value in tags.items() if tag in ExifTags.TAGS
    }
    named |= {f"{EXIF}gps{name}": _degrees(places, *about) for name, about in _GPS.items()}
    return {name: value for name, value in named.items() if value is not None}


def _plain(name: str) -> str:
    """``exif_date_time_original`` as ``exif_datetimeoriginal``."""
    return EXIF + name.removeprefix(EXIF).replace("_", "").lower()


def _value(value: Any) -> str | float | None:
    if isinstance(value, str):
        text = value.strip("\0 ")
        moment = _MOMENT.fullmatch(text)
        return "{}-{}-{}T{}".format(*moment.groups()) if moment else text or None
    if isinstance(value, int):
        return int(value)
    return _number(value)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _degrees(places: Mapping[int, Any], tag: int, side: int, below: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in places[tag])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return round((degrees + minutes / 60 + seconds / 3600) * (-1 if places.get(side) == below else 1), 6)


def _of_kind(value: Any, kind: Kind) -> Any:
    if kind == "string" or value is None:
        return None if value is None else str(value)
    number = _number(value)
    if number is None or math.isnan(number):
        return None
    return number if kind == "float" else int(number) if number == int(number) else None


def joined(paths: Sequence[str], table: Table) -> dict[str, list[Any]]:
    """Find the values of a folder's table for each of its images.

    Parameters
    ----------
    paths : (n_images,)
        Paths within the folder.
    table
        Names images by path, or by file name where only one has it.

    Returns
    -------
    dict of str to list
        Columns but the one that names images; None where no row names the image.

    Raises
    ------
    DataError
        No column names images, an image that is named is not there, or is named twice.
    """
    naming = next((name for name in _NAMES if table.has(name)), None)
    if naming is None:
        raise DataError(f"{table.name}: no column names the images: call it {FILE_NAME}")
    places = _places(paths)
    rows: dict[int, int] = {}
    for row, value in enumerate(table.columns[naming]):
        if is_missing(value):
            continue
        named = str(value).replace("\\", "/")
        place = places.get(named, places.get(composed(named)))
        if place is None:
            alike = [path for path in paths if folded(named) in {folded(path), folded(PurePosixPath(path).name)}]
            raise DataError(
                f"{table.name}, {table.unit} {table.numbers[row]}: {value!r} is no image of the folder, or several{in_other_letters(alike)}"
            )
        if place in rows:
            raise DataError(f"{table.name}, {table.unit} {table.numbers[row]}: {value!r} is named twice: keep one line")
        rows[place] = row
    return {
        name: [column[rows[place]] if place in rows else None for place in range(len(paths))]
        for name, column in table.columns.items()
        if name != naming
    }


def _places(paths: Sequence[str]) -> dict[str, int]:
    by_file: dict[str, list[int]] = {}
    for place, path in enumerate(paths):
        by_file.setdefault(PurePosixPath(path).name, []).append(place)
    alone = {name: found[0] for name, found in by_file.items() if len(found) == 1}
    exact = alone | {path: place for place, path in enumerate(paths)}
    by_form: dict[str, set[int]] = {}
    for name, place in exact.items():
        by_form.setdefault(composed(name), set()).add(place)
    return {name: next(iter(found)) for name, found in by_form.items() if len(found) == 1} | exact
