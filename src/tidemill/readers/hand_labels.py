"""Files of labels that people gave: nothing is written over them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tidemill.contracts import ConfigError, DataError
from tidemill.readers.read import FORMATS, read_file
from tidemill.readers.table import Table

_NAMES: Final = frozenset({"label", "labels", "gold"})
_PREFIXES: Final = ("answer.", "output:")  # of Mechanical Turk and Toloka
_HEAD: Final = 1 << 16
"""Bytes of a text file in which the names of its columns are."""


def keep_hand_labels(out: Path) -> None:
    """Check that a file to write does not take the place of labels that people gave.

    Parameters
    ----------
    out
        File to write, which may be there. A file that has a column ``label``, ``labels`` or ``gold``, or answers of a platform, with a
        value in it, holds such labels; what Tidemill itself writes names its columns otherwise. Costs a look at the head of other files.

    Raises
    ------
    ConfigError
        The file holds such labels; the first is named with its row.
    """
    if out.suffix.lower() not in FORMATS or not out.is_file() or not _may_hold(out):
        return
    try:
        table = read_file(out)
    except (DataError, OSError):
        return
    for column in table.columns:
        if column.strip().lower() in _NAMES or column.lower().startswith(_PREFIXES):
            _refuse_values(out, table, column)


def _may_hold(out: Path) -> bool:
    if out.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return any(name.strip().lower() in _NAMES for name in pq.read_schema(out).names)
        except (pa.ArrowException, OSError):
            return False
    with out.open("rb") as file:
        head = file.read(_HEAD).replace(b"\0", b"").lower()  # without the other bytes of UTF-16
    is_packed = out.suffix.lower() in (".xlsx", ".xls", ".ods", ".arrow", ".feather")
    return is_packed or any(name.encode() in head for name in (*_NAMES, *_PREFIXES))


def _refuse_values(out: Path, table: Table, column: str) -> None:
    for number, value in zip(table.numbers, table.columns[column], strict=True):
        if value is not None and str(value).strip():
            raise ConfigError(
                f"{out} is there and holds labels that somebody gave, such as {value!r} in column {column!r} of {table.unit} {number}: "
                "name another file with --out, or remove it"
            )
