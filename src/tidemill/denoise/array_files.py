"""Arrays of numbers as NumPy keeps them, of votes, gold or features."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from tidemill.common.spelling import listed
from tidemill.contracts import DataError
from tidemill.readers.compressed import PACKED
from tidemill.readers.read import FORMATS

ARRAYS: Final = (".npy", ".npz")
"""Suffixes of an array, and of an archive of one."""
_SPARSE: Final = frozenset({"format", "shape", "data"})
"""Names that SciPy gives to the parts of a sparse matrix."""


def load_array(path: Path) -> Any:
    """Load an array.

    Parameters
    ----------
    path
        With a suffix of ``ARRAYS``.

    Returns
    -------
    array
        Of any shape; that of an archive, which must have one alone.

    Raises
    ------
    DataError
        It is no array, or an archive of several or of a sparse matrix.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            return loaded
        with loaded:
            if len(loaded.files) == 1:
                return loaded[loaded.files[0]]
            names = loaded.files
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be read as an array of numbers: {error}") from error
    whole = f'`np.save("{path.stem}.npy", '
    if set(names) >= _SPARSE:
        raise DataError(
            f"{path.name} is a sparse matrix of SciPy: write the whole one, {whole}L.toarray())`; where 0 in it is no vote and "
            "classes are numbered from 1, say --abstain 0"
        )
    held = f"holds {len(names)} arrays, {listed(names)}" if names else "is empty"
    raise DataError(f"{path.name} {held}: keep one alone, {whole}L)`")


def refuse_other_formats(path: Path) -> None:
    """Refuse a file that is neither an array nor a table.

    Parameters
    ----------
    path
        The file; a name without a suffix may be of any.

    Raises
    ------
    DataError
        Its suffix is of another format; those that are read are named.
    """
    suffix = path.suffix.lower()
    if not suffix or suffix in {*ARRAYS, *FORMATS, *PACKED}:
        return
    text = f"; where cells are parted by commas, rename it to {path.stem}.csv" if suffix == ".txt" else ""
    raise DataError(
        f"{path.name}: {suffix} is not a format that is read; those are {', '.join(ARRAYS)}, {', '.join(FORMATS)}, packed "
        f'({", ".join(PACKED)}) or not: an array is written by `np.save("{path.stem}.npy", L)`{text}'
    )
