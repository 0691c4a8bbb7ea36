"""`tidemill label`: votes of a file of labeling functions on a file of rows, without a project, DVC or Prefect."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.files import atomic_write
from tidemill.contracts import ABSTAIN, ConfigError, DataError
from tidemill.label.analysis.summary import lf_summary, printable
from tidemill.label.engine.failures import OnError, Quarantine, fail
from tidemill.label.engine.incremental import Batch, Engine
from tidemill.label.engine.load import open_functions
from tidemill.label.engine.vote_cache import cache_key, hash_of_file
from tidemill.label.engine.worker_pool import Limits
from tidemill.label.functions.yaml_lines import read_yaml

AT_ONCE: Final = 1 << 18
"""Rows that are read, and that a function of a table sees, at a time."""
_MOST_CLASSES: Final = 126
_NOT: Final = "not "


def command(arguments: Sequence[str]) -> None:
    """Apply labeling functions to rows, write votes.parquet and print the analysis table.

    Parameters
    ----------
    arguments
        Words of the command line after `tidemill label`.
    """
    options = _parser().parse_args(arguments)
    path, rows = Path(options.functions), Path(options.rows)
    classes = _classes(options.classes, path)
    quarantine = Quarantine(limit=options.quarantine or 0)
    on_error: OnError = fail if options.quarantine is None else quarantine
    limits = Limits(options.seconds, options.megabytes, options.quarantine or 0)
    votes_of_batches = []
    with (
        open_functions(path, classes, limits, processes=options.processes) as loaded,
        _writing(Path(options.out)) as write,
    ):
        names = [function.name for function in loaded.functions]
        batches = list(_batches(rows))
        engine = Engine(loaded, on_error, Path(options.keep) if options.keep else None, options.ask_again)
        for batch, cast in zip(batches, engine.votes(batches), strict=True):
            columns = [pl.Series(name, cast[:, j], dtype=pl.Int8) for j, name in enumerate(names)]
            write(batch.ids().hstack(columns))
            votes_of_batches.append(cast)
    for failure in quarantine.failures:
        print(f"quarantined: {failure}")
    _tell(np.concatenate(votes_of_batches), names, len(classes) if options.classes or path.suffix != ".py" else None)
    print(f"classes: {', '.join(classes[:10]) if len(classes) < _MOST_CLASSES else 'as numbered in the file'}")
    print(f"votes: {options.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tidemill label", description="Apply labeling functions to a file of rows.")
    parser.add_argument("rows", help="CSV, JSONL or Parquet; row_id names rows where it is there")
    parser.add_argument("--functions", required=True, help="a .py or .yaml file, or a folder of them")
    parser.add_argument("--out", required=True, help="votes.parquet: row_id, and an int8 column per function")
    parser.add_argument(
        "--classes", help="their names in the order of their numbers: ham,spam (else as YAML names them)"
    )
    parser.add_argument(
        "--quarantine", type=int, metavar="N", help="allow N failures of a function (else stop at the first)"
    )
    parser.add_argument("--keep", metavar="FOLDER", help="keep votes there, and next time ask only for what changed")
    parser.add_argument(
        "--ask-again", type=int, default=32, metavar="N", help="rows that Python functions are asked twice (32)"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="longest that Python may take for a row (10)")
    parser.add_argument("--megabytes", type=int, default=2000, help="most memory that Python may take (2000)")
    parser.add_argument("--processes", type=int, default=0, help="worker processes for Python (one per core)")
    return parser


def _classes(text: str | None, path: Path) -> tuple[str, ...]:
    if text is not None:
        return tuple(text.split(","))
    if path.is_dir():
        raise ConfigError("--classes is needed with a folder: their names in the order of their numbers, as ham,spam")
    if path.suffix == ".py":
        return tuple(str(k) for k in range(_MOST_CLASSES))
    content = read_yaml(path).content
    entries = content.get("functions", []) if isinstance(content, dict) else []
    named = [str(entry["vote"]) for entry in entries if isinstance(entry, dict) and "vote" in entry]
    classes = tuple(sorted({name.removeprefix(_NOT).strip() for name in named}))
    if not classes:
        raise ConfigError(f"{path} names no class in `vote`: give --classes, such as ham,spam")
    return classes


def _batches(path: Path) -> Iterator[Batch]:
    frame = _frame(path)
    height = frame.select(pl.len()).collect().item()
    if not height:
        raise DataError(f"{path} has no rows")
    content = hash_of_file(path)
    for start in range(0, height, AT_ONCE):
        read = _reader(frame, start)
        ids = _reader(frame.select("row_id"), start)
        yield Batch(f"rows from {start}", cache_key("rows", content, str(start)), read=read, ids=ids)


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
    """The file is whole or absent."""
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
    number = n_classes if n_classes is not None else max(2, int(votes.max()) + 1, -int(votes.min()) - 1)
    table = printable(lf_summary(votes, names, n_classes=number)).drop("j")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(table)
    coverage = float((votes != ABSTAIN).any(axis=1).mean())
    print(f"rows: {len(votes)}, coverage {coverage:.1%}")
