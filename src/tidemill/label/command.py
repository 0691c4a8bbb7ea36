"""What `tidemill label` does: labeling functions applied to a file of rows, without a project, DVC or Prefect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
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


@dataclass(frozen=True, kw_only=True)
class Request:
    """Options of `tidemill label`, by the names of its help."""

    rows: Path
    functions: Path
    out: Path
    classes: str | None = None
    quarantine: int | None = None
    cache: Path | None = None
    recheck: int = 32
    seconds: float = 10.0
    megabytes: int = 2000
    processes: int = 0


@dataclass(frozen=True)
class Cast:
    """Votes that were written, and what is to be said of them."""

    votes: npt.NDArray[np.int8]
    functions: tuple[str, ...]
    classes: tuple[str, ...]
    quarantined: tuple[str, ...]
    out: Path

    def content(self) -> dict[str, Any]:
        """Return the analysis of the votes for a program: rows, coverage and a record per function."""
        return {
            "out": self.out,
            "rows": len(self.votes),
            "coverage": self._coverage(),
            "classes": self.classes,
            "functions": self._table().to_dicts(),
            "quarantined": self.quarantined,
        }

    def lines(self) -> list[str]:
        """Return the same for a terminal."""
        with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
            table = str(printable(self._table()).drop("j"))
        classes = ", ".join(self.classes[:10]) or "as numbered in the file"
        return [
            *(f"quarantined: {failure}" for failure in self.quarantined),
            table,
            f"rows: {len(self.votes):,}, coverage {self._coverage():.1%}",
            f"classes: {classes}",
            f"votes: {self.out}",
        ]

    def _coverage(self) -> float:
        return float((self.votes != ABSTAIN).any(axis=1).mean())

    def _table(self) -> pl.DataFrame:
        votes = self.votes
        numbered = max(2, int(votes.max()) + 1, -int(votes.min()) - 1)
        return lf_summary(votes, self.functions, n_classes=len(self.classes) or numbered)


def cast(asked: Request) -> Cast:
    """Apply labeling functions to a file of rows, and write their votes.

    Parameters
    ----------
    asked
        The files, and what labeling functions in Python may take.

    Returns
    -------
    Cast
        The votes, shape (n_rows, n_functions).

    Raises
    ------
    ConfigError
        The classes are not known, or a file has another form than promised.
    DataError
        The rows cannot be read.
    FunctionError
        A labeling function failed more often than ``quarantine`` allows; no file is written then.
    """
    classes = _classes(asked.classes, asked.functions)
    quarantine = Quarantine(limit=asked.quarantine or 0)
    on_error: OnError = fail if asked.quarantine is None else quarantine
    limits = Limits(asked.seconds, asked.megabytes, asked.quarantine or 0)
    tables = []
    with (
        open_functions(asked.functions, classes, limits, processes=asked.processes) as loaded,
        atomic_write(asked.out) as part,
    ):
        names = tuple(function.name for function in loaded.functions)
        batches = list(_batches(asked.rows))
        engine = Engine(loaded, on_error, asked.cache, asked.recheck)
        for batch, votes in zip(batches, engine.votes(batches), strict=True):
            columns = [pl.Series(name, votes[:, j], dtype=pl.Int8) for j, name in enumerate(names)]
            tables.append(batch.ids().hstack(columns))
        table = pl.concat(tables)
        table.write_parquet(part)
    numbered = asked.classes is None and asked.functions.suffix == ".py"
    failures = tuple(map(str, quarantine.failures))
    return Cast(table.select(names).to_numpy(), names, () if numbered else classes, failures, asked.out)


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
