"""What kinds of values the columns of metadata of a new problem hold."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tidemill.contracts import ConfigError
from tidemill.ingest.image_metadata import EXIF, FILE_FOLDER, FILE_NAME, with_image_metadata
from tidemill.ingest.settings import IngestSettings, Kind
from tidemill.ingest.source import Source
from tidemill.ingest.values import is_missing
from tidemill.readers.number_spellings import have_names_for_numbers
from tidemill.readers.table import Table, nearest

_INTEGER: Final = re.compile(r"-?(0|[1-9]\d{0,14})", re.ASCII)
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+([eE]([-+]\d+|[1-9]\d*))?|e([-+]\d+|[1-9]\d*)|E[-+]\d+)?", re.ASCII)
"""As programs print numbers: 1E5 is a code."""
_WHOLE: Final = re.compile(r"-?\d+", re.ASCII)
_INT64: Final = 2**63
_IMAGES: Final = 100
"""Images whose EXIF is looked at."""


def metadata_kinds(names: Sequence[str], table: Table, source: Path, settings: IngestSettings) -> dict[str, Kind]:
    """Find the kind of each column that labeling functions shall see.

    Parameters
    ----------
    names
        Columns, some of them of images: ``file_name``, ``file_folder``, ``exif_…``; several may stand in one text, with commas.
    table
        The rows.
    source
        Where they are.
    settings
        Of ingest, as far as they are known.

    Returns
    -------
    dict of str to str
        string, int, float or bool by column.

    Raises
    ------
    ConfigError
        There is no such column, or it holds labels.
    """
    wanted = [name.strip() for item in names for name in item.split(",") if name.strip()]
    of_files = [
        name for name in wanted if settings.image and (name in {FILE_NAME, FILE_FOLDER} or name.startswith(EXIF))
    ]
    for name in wanted:
        if name == settings.gold:
            raise ConfigError(f"--meta {name}: labeling functions would see the labels")
        if name not in of_files and not table.has(name):
            raise ConfigError(f"--meta {name}: {table.name} has no such column{nearest(name, list(table.columns))}")
    if any(name.startswith(EXIF) for name in of_files):
        table = _with_exif(of_files, table, source, settings)
    return {
        name: _kind(table.columns[name]) if table.has(name) and name not in {FILE_NAME, FILE_FOLDER} else "string"
        for name in wanted
    }


def _with_exif(names: Sequence[str], table: Table, source: Path, settings: IngestSettings) -> Table:
    rows = range(min(len(table.numbers), _IMAGES))
    part = Table(table.name, {key: [column[row] for row in rows] for key, column in table.columns.items()}, list(rows))
    images = Source(str(source)).images(part, settings).images
    numbers = with_image_metadata(part, images, settings.model_copy(update={"meta": dict.fromkeys(names, "float")}))
    texts = with_image_metadata(part, images, settings.model_copy(update={"meta": dict.fromkeys(names, "string")}))
    chosen = {name: numbers.columns[name] if _known(numbers.columns[name]) else texts.columns[name] for name in names}
    return Table(table.name, table.columns | chosen, table.numbers)


def _known(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if not is_missing(value)]


def _kind(values: Sequence[Any]) -> Kind:
    """Cells of a CSV are text: what all of them say is taken, unless zeros show that they are names (02139, 1.10 beside 1.9)."""
    known = _known(values)
    if known and all(isinstance(value, str) for value in known):
        return _kind_of_texts([value.strip() for value in known])
    if known and all(isinstance(value, bool) for value in known):
        return "bool"
    if known and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in known):
        whole = all(math.isfinite(value) and value == int(value) for value in known)
        if whole and any(abs(value) >= _INT64 for value in known):
            return "string"
        return "int" if whole else "float"
    return "string"


def _kind_of_texts(values: Sequence[str]) -> Kind:
    if all(value.lower() in {"true", "false"} for value in values):
        return "bool"
    if all(_INTEGER.fullmatch(value) for value in values):
        return "int"
    are_numbers = all(_NUMBER.fullmatch(value) and _is_kept(value) for value in values)
    return "float" if are_numbers and not have_names_for_numbers(values) else "string"


def _is_kept(value: str) -> bool:
    """Whether a float is the same number: numbers of accounts and cards have more digits, and would be others, or one."""
    return not _WHOLE.fullmatch(value) or int(float(value)) == int(value)
