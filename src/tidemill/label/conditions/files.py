"""Files that conditions read: they stand beside the file of labeling functions, and their content is part of the condition."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from pydantic import ValidationInfo, WithJsonSchema, model_validator

from tidemill.common.spelling import did_you_mean
from tidemill.label.conditions.base import Condition

_Digest = Annotated[str, WithJsonSchema({"type": "string", "readOnly": True})]


class FromFile(Condition):
    """A condition that reads a file, whose content is part of what the condition is."""

    digest: _Digest = ""

    @model_validator(mode="before")
    @classmethod
    def _digest_file(cls, data: Any, info: ValidationInfo) -> Any:
        return with_digest(data, info)


def with_digest(data: Any, info: ValidationInfo) -> Any:
    """Add the SHA-256 of ``file`` to a condition's fields, so that new content makes a new condition.

    Parameters
    ----------
    data
        Fields as written.
    info
        Pydantic's context, which names the folder of the file.

    Returns
    -------
    Any
        The fields with ``digest``; what is no mapping or names no file comes back as it is.

    Raises
    ------
    ValueError
        ``digest`` is among the fields, or the file does not exist.
    """
    if not isinstance(data, dict) or not isinstance(data.get("file"), str):
        return data
    if "digest" in data:
        raise ValueError("digest is not for you to give: it is computed from the file")
    return {**data, "digest": hashlib.sha256(located(data["file"], info).read_bytes()).hexdigest()}


def located(file: str, info: ValidationInfo) -> Path:
    """Find a file next to the file of labeling functions, or in a folder below.

    Parameters
    ----------
    file
        Name of the file as written.
    info
        Pydantic's context, which names the folder, and files and folders that no function may read.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        There is no such file; or it lies, links followed, outside the folder, or where no function may read.
    """
    context = info.context or {}
    folder: Path | None = context.get("folder")
    path = (folder or Path()) / file
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    real = path.resolve()
    place = "" if real == path.absolute() else f", for it is {real}"
    if any(real.is_relative_to(closed.resolve()) or _is_same(real, closed) for closed in context.get("closed", ())):
        raise ValueError(f"{path}: a labeling function may not read it, nor a copy of it{place}: it sees its row alone")
    if folder is not None and not real.is_relative_to(folder.resolve()):
        raise ValueError(
            f"{path} is outside {folder}{place}: a labeling function reads files of its own folder alone; copy it there"
        )
    return path


def _is_same(path: Path, closed: Path) -> bool:
    return closed.is_file() and path.samefile(closed)


def read_lines(path: Path) -> list[str]:
    """Read the lines of a text file in UTF-8, with or without a byte order mark.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        It is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from error


def read_table(path: Path, *, typed: bool = True) -> pl.DataFrame:
    """Read a table from a CSV, JSONL or Parquet file.

    Parameters
    ----------
    path
        File; its suffix (``.csv``, ``.jsonl`` or ``.parquet``) names its format.
    typed
        Whether cells of CSV that are numbers are read as such; else they stay as they are written.

    Returns
    -------
    polars.DataFrame
        The table as the file has it.

    Raises
    ------
    ValueError
        The file has another suffix or cannot be read.
    """
    try:
        if path.suffix == ".csv":
            return pl.read_csv(path, infer_schema=typed, glob=False)
        if path.suffix == ".jsonl":
            return pl.read_ndjson(path.read_bytes())
        if path.suffix == ".parquet":
            return pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    raise ValueError(f"{path}: a table is .csv, .jsonl or .parquet")


def read_column(path: Path, column: str) -> pl.DataFrame:
    """Read one value per row from a table with ``row_id``.

    Parameters
    ----------
    path
        CSV, JSONL or Parquet file.
    column
        Column of the values.

    Returns
    -------
    polars.DataFrame
        Columns ``row_id`` and ``column``, without missing values.

    Raises
    ------
    ValueError
        A column is missing, or a row is there twice.
    """
    table = read_table(path)
    for name in ("row_id", column):
        if name not in table.columns:
            raise ValueError(f"{path}: there is no column {name!r}{did_you_mean(name, table.columns)}")
    values = table.select(pl.col("row_id").cast(pl.String), column).drop_nulls()
    if values["row_id"].is_duplicated().any():
        raise ValueError(f"{path}: row {values.filter(pl.col('row_id').is_duplicated())['row_id'][0]} is there twice")
    return values


def looked_up(table: pl.DataFrame, column: str, dtype: Any) -> pl.Expr:
    """Build the expression that looks up each row's value in a table, null where it has none.

    Parameters
    ----------
    table
        Columns ``row_id`` and ``column``, as ``read_column`` gives them.
    column
        Which column to look up.
    dtype
        Polars type of the values.

    Returns
    -------
    polars.Expr
        A value of ``dtype`` per row.
    """
    if table.is_empty():
        return pl.when(pl.col("row_id").is_not_null()).then(pl.lit(None, dtype=dtype))
    return pl.col("row_id").replace_strict(table["row_id"], table[column], default=None, return_dtype=dtype)
