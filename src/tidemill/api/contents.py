"""Texts and images in the forms in which a program has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.frames import is_pandas
from tidemill.contracts import InputError

_DTYPES: Final[dict[str, Any]] = {"text": pl.String, "image": pl.Binary}


def contents_of(rows: Any) -> list[Any] | None:
    """Read texts, or paths or bytes of images.

    Parameters
    ----------
    rows : (n_rows,) or (n_rows, n_dimensions)
        Sequence, array or Series of contents, or features in any form.

    Returns
    -------
    list or None
        None where the rows are features.

    Raises
    ------
    InputError
        One content was given, not a sequence of them.
    """
    if hasattr(rows, "toarray") or is_pandas(rows) or isinstance(rows, pl.DataFrame):
        return None
    if isinstance(rows, str | bytes | Path):
        raise InputError(f"one {type(rows).__name__} was given, a list of them is read: [{rows!r:.40}]")
    if hasattr(rows, "__array__") and not isinstance(rows, pl.Series):
        rows = np.asarray(rows)
        if rows.ndim != 1 or rows.dtype.kind in "biufc":
            return None
    items = rows.to_list() if isinstance(rows, pl.Series) else list(rows)
    return items if not items or isinstance(items[0], str | bytes | Path) else None


def content_table(contents: Sequence[Any], modality: str, start: int) -> pl.DataFrame:
    """Make the table that a backbone embeds.

    Parameters
    ----------
    contents
        Texts, or paths or bytes of images.
    modality
        ``text`` or ``image``.
    start
        Number of the first of these rows, for errors.

    Returns
    -------
    polars.DataFrame
        Columns row_id and the modality's.

    Raises
    ------
    InputError
        A row is no text, or neither a path nor bytes.
    """
    read = [_text(item, k) if modality == "text" else _image(item, k) for k, item in enumerate(contents, start)]
    ids = [str(k) for k in range(start, start + len(read))]
    return pl.DataFrame({"row_id": ids, modality: read}, schema={"row_id": pl.String, modality: _DTYPES[modality]})


def _text(value: Any, row: int) -> str:
    if not isinstance(value, str):
        raise InputError(f"row {row}: a {type(value).__name__}, and the model reads texts")
    return value


def _image(value: Any, row: int) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return Path(value).read_bytes()
    except (OSError, TypeError) as error:
        raise InputError(f"row {row}: {value!r} is neither the path nor the bytes of an image ({error})") from error
