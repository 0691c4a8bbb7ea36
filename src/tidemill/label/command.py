"""What `tidemill label` does: labeling functions applied to a file of rows, without a project, DVC or Prefect."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.arrays import MAX_CLASSES
from tidemill.common.class_names import fold
from tidemill.common.spelling import counted
from tidemill.contracts import ABSTAIN, ConfigError, DataError
from tidemill.label.analysis.alike import alike_functions
from tidemill.label.analysis.constant import constant_functions
from tidemill.label.analysis.label_columns import functions_that_read_labels, label_columns
from tidemill.label.analysis.summary import lf_summary, printable
from tidemill.label.cautions import print_cautions
from tidemill.label.engine.failures import OnError, Quarantine, fail
from tidemill.label.engine.load import Access, open_functions
from tidemill.label.engine.vote_cache import cache_key, hash_of_file
from tidemill.label.engine.vote_reuse import Batch, Engine
from tidemill.label.engine.worker_pool import Limits
from tidemill.label.functions.yaml_lines import read_yaml
from tidemill.readers.class_list import read_class_names
from tidemill.readers.frame import read_frame
from tidemill.readers.hand_labels import keep_hand_labels
from tidemill.readers.number_spellings import notes_on_numbers
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.piped import file_of
from tidemill.readers.read import refuse_pointer, report_reading
from tidemill.readers.write import check_out, write_frame

AT_ONCE: Final = 1 << 18
"""Rows that are read, and that a function of a table sees, at a time."""
_NOT: Final = "not "


@dataclass(frozen=True, kw_only=True)
class Request:
    """Options of `tidemill label`, by the names of its help."""

    rows: Path
    functions: Path
    out: Path
    classes: str | Sequence[str] | None = None
    quarantine: int | None = None
    cache: Path | None = None
    recheck: int = 32
    seconds: float = 10.0
    megabytes: int = 2000
    processes: int = 0
    readable: Sequence[Path] = ()
    confined: bool = True
    reading: ReadOptions = DEFAULTS


@dataclass(frozen=True)
class Cast:
    """The votes that were written, and their analysis."""

    votes: npt.NDArray[np.int16]
    functions: tuple[str, ...]
    classes: tuple[str, ...]
    quarantined: tuple[str, ...]
    out: Path

    def content(self) -> dict[str, Any]:
        """Return the analysis of the votes for a program: rows, coverage and a record per function.

        Returns
        -------
        dict
            JSON content.
        """
        return {
            "out": self.out,
            "rows": len(self.votes),
            "coverage": self._coverage(),
            "classes": self.classes,
            "functions": self._table().to_dicts(),
            "quarantined": self.quarantined,
        }

    def lines(self) -> list[str]:
        """Write the analysis of the votes for a terminal.

        Returns
        -------
        list of str
            Lines of a terminal.
        """
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


def cast(request: Request) -> Cast:
    """Apply labeling functions to a file of rows, and write their votes.

    Parameters
    ----------
    request
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
    with file_of(request.rows) as rows:
        return _cast(replace(request, rows=rows))


def _cast(request: Request) -> Cast:
    if not request.functions.exists():
        raise ConfigError(f"--functions {request.functions}: there is no such file or folder")
    classes = _classes(request.classes, request.functions)
    quarantine = Quarantine(limit=request.quarantine or 0)
    on_error: OnError = fail if request.quarantine is None else quarantine
    limits = Limits(request.seconds, request.megabytes, request.quarantine or 0)
    check_out(request.out, (request.rows, request.functions))
    keep_hand_labels(request.out)
    _refuse_resource(request)
    rows = _rows(request.rows, request.reading)
    report_reading(rows.notes)
    tables, start = [], 0
    access = Access((request.rows,), tuple(request.readable), request.confined)
    with open_functions(request.functions, classes, limits, processes=request.processes, access=access) as loaded:
        print_cautions(loaded.notes)
        names = tuple(function.name for function in loaded.functions)
        batches = list(_batches(request.rows, rows))
        engine = Engine(loaded, on_error, request.cache, request.recheck)
        for batch, votes in zip(batches, engine.votes(batches), strict=True):
            kept = np.where(rows.blank[start : start + len(votes), None], np.int16(ABSTAIN), votes)
            start += len(votes)
            columns = [pl.Series(name, kept[:, j], dtype=pl.Int16) for j, name in enumerate(names)]
            tables.append(batch.ids().hstack(columns))
    table = pl.concat(tables)
    numbered = request.classes is None and request.functions.suffix == ".py"
    write_frame(table, request.out, classes=() if numbered else classes, source=request.rows)
    failures = tuple(map(str, quarantine.failures))
    columns = [table[name] for name in names]
    digests = [hash(column.to_numpy().tobytes()) for column in columns]
    fires = [int((column != ABSTAIN).sum()) for column in columns]
    polarity = [frozenset(column.filter(column != ABSTAIN).unique().to_list()) for column in columns]
    constant = constant_functions(names, fires, polarity, table.height)
    named = label_columns(rows.frame.collect_schema())
    echoes = (
        functions_that_read_labels(table.select(names), rows.frame.select(named).collect(), classes) if named else []
    )
    print_cautions([*alike_functions(loaded.functions, digests, fires), *constant, *echoes, *engine.notes()])
    return Cast(table.select(names).to_numpy(), names, () if numbered else classes, failures, request.out)


def _refuse_resource(request: Request) -> None:
    """Refuse to write over a file that labeling functions name: it is a word list of theirs, and gone with the votes in its place."""
    folder = request.functions if request.functions.is_dir() else request.functions.parent
    if not request.out.exists() or not request.out.resolve().is_relative_to(folder.resolve()):
        return
    for path in sorted(folder.iterdir()):
        is_code = path.suffix in {".py", ".yaml", ".yml"} and path.is_file()
        if is_code and request.out.name in path.read_text("utf-8", errors="replace"):
            raise ConfigError(f"{request.out} is there, and {path} names it: name another file to write with --out")


def _classes(given: str | Sequence[str] | None, path: Path) -> tuple[str, ...]:
    if given is not None:
        names, notes = read_class_names(given)
        report_reading(notes)
        return names
    if path.is_dir():
        raise ConfigError("--classes is needed with a folder: their names in the order of their numbers, as ham,spam")
    if path.suffix == ".py":
        return tuple(str(k) for k in range(MAX_CLASSES))
    file = read_yaml(path)
    entries = file.content.get("functions", []) if isinstance(file.content, dict) else []
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and isinstance(entry.get("vote"), bool):
            raise file.error(
                ("functions", place, "vote"),
                f"vote: {entry['vote']} is what YAML reads yes, no, on and off as; put it in quotes",
            )
    named = [str(entry["vote"]) for entry in entries if isinstance(entry, dict) and "vote" in entry]
    classes = tuple(sorted({name.removeprefix(_NOT).strip() for name in named}))
    if not classes:
        raise ConfigError(f"{path} names no class in `vote`: give --classes, such as ham,spam")
    for name, other in itertools.pairwise(sorted(classes, key=fold)):
        if fold(name) == fold(other):
            raise ConfigError(
                f"{path}: votes name the classes {name!r} and {other!r}: write one of them throughout, or name both with --classes"
            )
    report_reading(
        f"{path.name}: `vote: {name}` is taken for a vote against {name.removeprefix(_NOT).strip()!r}; where it is a class of its own, name all with "
        "--classes"
        for name in sorted(set(named))
        if name.startswith(_NOT)
    )
    return classes


@dataclass(frozen=True)
class _Rows:
    """The rows to label, which of them have no text, and warnings about them."""

    frame: pl.LazyFrame
    blank: npt.NDArray[np.bool_]
    notes: list[str]


def _batches(path: Path, rows: _Rows) -> Iterator[Batch]:
    content = hash_of_file(path)
    for start in range(0, len(rows.blank), AT_ONCE):
        read = _reader(rows.frame, start)
        ids = _reader(rows.frame.select("row_id"), start)
        yield Batch(f"rows from {start}", cache_key("rows", content, str(start)), read=read, ids=ids)


def _rows(path: Path, options: ReadOptions) -> _Rows:
    """Read the rows: numbers in the column ``text`` are text, and rows without text are known.

    Raises
    ------
    DataError
        The file cannot be read, or has no rows.
    """
    frame, notes = _frame(path, options)
    schema = frame.collect_schema()
    categories = [name for name, kind in schema.items() if isinstance(kind, (pl.Categorical, pl.Enum))]
    frame = frame.with_columns(pl.col(categories).cast(pl.String))
    if isinstance(schema.get("text"), (pl.List, pl.Array, pl.Struct)):
        raise DataError(
            f"{path}: column 'text' holds {'objects' if isinstance(schema['text'], pl.Struct) else 'lists'}: write one text a "
            "row, such as what they hold joined by line breaks"
        )
    if "text" in schema and schema["text"] != pl.String:
        frame = frame.with_columns(pl.col("text").cast(pl.String))
    empty = pl.col("text").is_null() if "text" in schema else pl.lit(value=False)
    texts = [name for name, kind in frame.collect_schema().items() if kind == pl.String and name != "row_id"]
    marks = [pl.col(name).str.contains(r"\p{Mn}").any().alias(f"marks {name}") for name in texts]
    try:
        about = frame.select("row_id", empty.alias("blank"), *marks).collect()
    except pl.exceptions.PolarsError as error:
        kinds = ", ".join(f"{name} of {kind}" for name, kind in schema.items() if name in {"row_id", "text"})
        raise DataError(
            f"{path}: columns {kinds} are no text ({str(error).splitlines()[0]}); write text there"
        ) from error
    if not about.height:
        raise DataError(f"{path} has no rows")
    with_marks = [name for name in texts if about[f"marks {name}"][0]]
    frame = frame.with_columns(pl.col(with_marks).str.normalize("NFC"))  # as ingest reads texts; words are composed too
    blank = about["blank"].to_numpy()
    if blank.any():
        frame = frame.with_columns(pl.col("text").fill_null(""))
        first = about.filter(pl.col("blank"))["row_id"][0]
        notes.append(
            f"{path.name}: {counted(int(blank.sum()), 'row has', 'rows have')} no text (row_id {first} is the first): every function abstains there"
        )
    return _Rows(frame, blank, [*notes, *_about_ids(about["row_id"], path)])


def _about_ids(ids: pl.Series, path: Path) -> list[str]:
    entries = []
    if ids.null_count():
        entries.append(f"{path.name}: {counted(ids.null_count(), 'row has', 'rows have')} no row_id")
    twice = ids.drop_nulls().value_counts().filter(pl.col("count") > 1)["row_id"].sort()
    if len(twice):
        entries.append(
            f"{path.name}: {counted(len(twice), 'row_id comes', 'row_ids come')} more than once ({', '.join(twice[:3])})"
        )
    return entries


def _frame(path: Path, options: ReadOptions) -> tuple[pl.LazyFrame, list[str]]:
    if path.suffix.lower() == ".parquet" and path.exists():
        try:
            frame, notes = pl.scan_parquet(path, glob=False), []
            names = frame.collect_schema().names()
        except (pl.exceptions.PolarsError, OSError) as error:
            refuse_pointer(path)
            raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    else:
        result, table = read_frame(path, options, as_text=("row_id", "text"), of_rows=True)
        asked = [name for name in result.columns if name not in {"row_id", "text"}]
        frame, notes, names = result.lazy(), [*table.notes, *notes_on_numbers(table, asked)], result.columns
    frame = frame if "row_id" in names else frame.with_row_index("row_id")
    return frame.with_columns(pl.col("row_id").cast(pl.String)), notes


def _reader(frame: pl.LazyFrame, start: int) -> Callable[[], pl.DataFrame]:
    return lambda: frame.slice(start, AT_ONCE).collect()
