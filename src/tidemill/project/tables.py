"""Tables read and written by their contract: a file is whole or absent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl

from tidemill.common.files import atomic_write
from tidemill.contracts import Contract, DataError, check
from tidemill.reports.project import Manifest

_ROW_GROUP = 1 << 18


def read(path: Path, contract: Contract) -> pl.DataFrame:
    """Read a table and check its contract.

    Parameters
    ----------
    path
        Parquet file.
    contract
        What the table promises.

    Returns
    -------
    polars.DataFrame
        The table, checked.

    Raises
    ------
    DataError
        The file is missing, is not Parquet or breaks the contract.
    """
    if not path.exists():
        raise DataError(f"{path} is missing: run the stage that writes it, or `dvc repro`")
    try:
        table = pl.read_parquet(path, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet ({error}): delete it and run its stage again") from error
    return check(_widened(table, contract), contract, where=str(path))


def _widened(table: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Votes and gold as 16 bits, which versions before 0.2.0 wrote as 8."""
    promised = {column.name: column.dtype for column in contract.columns}
    others = None if contract.others is None else contract.others.dtype
    narrow = [
        name for name, dtype in table.schema.items() if dtype == pl.Int8 and promised.get(name, others) == pl.Int16
    ]
    return table.with_columns(pl.col(narrow).cast(pl.Int16)) if narrow else table


def read_batches(folder: Path, contract: Contract, batches: Sequence[str]) -> pl.DataFrame:
    """Read the tables of batches.

    Parameters
    ----------
    folder
        Of ``<batch>.parquet``.
    contract
        What the table promises.
    batches
        Names of the batches, in the order of the rows.

    Returns
    -------
    polars.DataFrame
        Their rows, in the batches' order.
    """
    return pl.concat([read(folder / f"{batch}.parquet", contract) for batch in batches])


def write(table: pl.DataFrame, path: Path, contract: Contract, *, metadata: dict[str, str] | None = None) -> None:
    """Check a table's contract and write it, whole or not at all.

    Parameters
    ----------
    table
        Table to check and write.
    path
        Parquet file.
    contract
        What the table promises.
    metadata
        Of the file.
    """
    check(table, contract, where=str(path))
    with atomic_write(path) as temporary:
        table.write_parquet(temporary, compression="zstd", statistics=False, metadata=metadata)


@contextlib.contextmanager
def growing(
    path: Path, contract: Contract, promised: Callable[[pl.DataFrame], None]
) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Write a Parquet file table by table.

    The file is whole when the block ends well, or not there at all. Every table has to keep the contract, and all of
    them together the promise that a key stands once. Each becomes row groups of its own, so that the bytes depend on the
    tables alone; it is written while the caller makes the next.

    Parameters
    ----------
    path
        The final path.
    contract
        What the table promises.
    promised
        Checks that a table keeps the contract.

    Yields
    ------
    callable
        Appends a table.
    """
    import pyarrow.parquet as pq

    hashes: list[pl.Series] = []
    with atomic_write(path) as temporary, contextlib.ExitStack() as opened:
        writer: Any = None
        writing: list[Future[None]] = []
        thread = opened.enter_context(ThreadPoolExecutor(1))

        def append(table: pl.DataFrame) -> None:
            promised(table)
            finish()
            writing.append(thread.submit(put, table))

        def put(table: pl.DataFrame) -> None:
            nonlocal writer
            hashes.append(table[contract.key].hash())
            arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                repeated = [name for name in table.columns if name != contract.key and table[name].dtype == pl.String]
                options = {"compression": "zstd", "write_statistics": False, "use_dictionary": repeated}
                writer = opened.enter_context(pq.ParquetWriter(temporary, arrow.schema, **options))
            writer.write_table(arrow, row_group_size=_ROW_GROUP)

        def finish() -> None:
            while writing:
                writing.pop().result()

        try:
            yield append
        finally:
            finish()
        opened.close()
        known = pl.concat(hashes)
        if known.n_unique() < len(known):  # of keys, or by a rare chance only of their hashes
            check(pl.read_parquet(temporary, glob=False), contract, where=str(path))


def batch_names(manifest: Path) -> list[str]:
    """List the batches that have arrived.

    Parameters
    ----------
    manifest
        batches.json.

    Returns
    -------
    list of str
        Oldest first.

    Raises
    ------
    DataError
        No batch has arrived.
    """
    names = [arrival.batch for arrival in Manifest.read(manifest).batches]
    if not names:
        raise DataError(f"{manifest}: no batch has arrived; run `tidemill arrive`")
    return names
