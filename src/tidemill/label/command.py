"""`tidemill label`: a file of rows and a file of labeling functions -> votes.parquet, without a project, DVC or Prefect."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.files import atomic_write
from tidemill.contracts import ConfigError, DataError
from tidemill.label.analysis import printable, summary
from tidemill.label.engine import Batch, Engine
from tidemill.label.failures import OnError, Quarantine, fail
from tidemill.label.kept import hash_of_file, key_of
from tidemill.label.marked import read_marked
from tidemill.label.opened import open_functions
from tidemill.label.workers import Limits

AT_ONCE: Final = 1 << 18
"""Rows that are read, and that a function of a table sees, at a time."""
_MOST_CLASSES: Final = 126
_NOT: Final = "not "


def command(arguments: Sequence[str]) -> None:
    """Command line -> votes, written; what they are like, printed."""
    asked = _parser().parse_args(arguments)
    path, rows = Path(asked.functions), Path(asked.rows)
    classes = _classes(asked.classes, path)
    quarantine = Quarantine(limit=asked.quarantine or 0)
    on_error: OnError = fail if asked.quarantine is None else quarantine
    limits = Limits(asked.seconds, asked.megabytes, asked.quarantine or 0)
    found = []
    with open_functions(path, classes, limits, processes=asked.processes) as voters, _writing(Path(asked.out)) as write:
        names = [function.name for function in voters.functions]
        batches = list(_batches(rows))
        engine = Engine(voters, on_error, Path(asked.keep) if asked.keep else None, asked.ask_again)
        for batch, votes in zip(batches, engine.votes(batches), strict=True):
            columns = [pl.Series(name, votes[:, j], dtype=pl.Int8) for j, name in enumerate(names)]
            write(batch.ids().hstack(columns))
            found.append(votes)
    for failure in quarantine.failures:
        print(f"quarantined: {failure}")
    _tell(np.concatenate(found), names, len(classes) if asked.classes or path.suffix != ".py" else None)
    print(f"classes: {', '.join(classes[:10]) if len(classes) < _MOST_CLASSES else 'as numbered in the file'}")
    print(f"votes: {asked.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tidemill label", description="Rows and labeling functions -> votes.")
    parser.add_argument("rows", help="CSV, JSONL or Parquet; row_id names rows where it is there")
    parser.add_argument("--functions", required=True, help="a .py or .yaml file, or a folder of them")
    parser.add_argument("--out", required=True, help="votes.parquet: row_id, and an int8 column per function")
    parser.add_argument(
        "--classes", help="their names in the order of their numbers: ham,spam (else as YAML names them)"
    )
    parser.add_argument("--quarantine", type=int, metavar="N", help="bear N failures of a function (else stop at one)")
    parser.add_argument("--keep", metavar="FOLDER", help="keep votes there, and next time ask only for what changed")
    parser.add_argument("--ask-again", type=int, default=32, metavar="N", help="rows that Python is asked twice (32)")
    parser.add_argument("--seconds", type=float, default=10.0, help="longest that Python may take for a row (10)")
    parser.add_argument("--megabytes", type=int, default=2000, help="most memory that Python may take (2000)")
    parser.add_argument("--processes", type=int, default=0, help="worker processes for Python (one per core)")
    return parser


def _classes(text: str | None, path: Path) -> tuple[str, ...]:
    """What was asked, and the functions -> names of the classes."""
    if text is not None:
        return tuple(text.split(","))
    if path.is_dir():
        raise ConfigError("--classes is needed with a folder: their names in the order of their numbers, as ham,spam")
    if path.suffix == ".py":
        return tuple(str(k) for k in range(_MOST_CLASSES))
    content = read_marked(path).content
    entries = content.get("functions", []) if isinstance(content, dict) else []
    named = [str(one["vote"]) for one in entries if isinstance(one, dict) and "vote" in one]
    classes = tuple(sorted({name.removeprefix(_NOT).strip() for name in named}))
    if not classes:
        raise ConfigError(f"{path} names no class in `vote`: give --classes, such as ham,spam")
    return classes


def _batches(path: Path) -> Iterator[Batch]:
    """File of rows -> so many at a time; Parquet is read piece by piece."""
    frame = _frame(path)
    height = frame.select(pl.len()).collect().item()
    if not height:
        raise DataError(f"{path} has no rows")
    content = hash_of_file(path)
    for start in range(0, height, AT_ONCE):
        read = _reader(frame, start)
        ids = _reader(frame.select("row_id"), start)
        yield Batch(f"rows from {start}", key_of("rows", content, str(start)), read=read, ids=ids)


def _frame(path: Path) -> pl.LazyFrame:
    readers: dict[str, Callable[[Path], Any]] = {
        ".csv": lambda path: pl.read_csv(path, infer_schema_length=None).lazy(),
        ".jsonl": lambda path: pl.read_ndjson(path).lazy(),
        ".parquet": pl.scan_parquet,
    }
    if path.suffix not in readers:
        raise ConfigError(f"{path}: rows are .csv, .jsonl or .parquet")
    try:
        frame = readers[path.suffix](path)
        names = frame.collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if "row_id" in names:
        named: pl.LazyFrame = frame.with_columns(pl.col("row_id").cast(pl.String))
        return named
    numbered: pl.LazyFrame = frame.with_row_index("row_id").with_columns(pl.col("row_id").cast(pl.String))
    return numbered


def _reader(frame: pl.LazyFrame, start: int) -> Callable[[], pl.DataFrame]:
    return lambda: frame.slice(start, AT_ONCE).collect()


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Final path -> what appends a table; the file is whole or absent."""
    import pyarrow.parquet as pq

    with atomic_write(path) as part, contextlib.ExitStack() as opened:
        writers: list[Any] = []

        def append(table: pl.DataFrame) -> None:
            arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest())
            if not writers:
                writers.append(opened.enter_context(pq.ParquetWriter(part, arrow.schema, compression="zstd")))
            writers[0].write_table(arrow)

        yield append


def _tell(votes: Any, names: Sequence[str], n_classes: int | None) -> None:
    known = n_classes if n_classes is not None else max(2, int(votes.max()) + 1, -int(votes.min()) - 1)
    table = printable(summary(votes, names, n_classes=known)).drop("j")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(table)
    silent = float((votes == -1).all(axis=1).mean())
    print(f"rows: {len(votes)}, heard {1 - silent:.1%}")
