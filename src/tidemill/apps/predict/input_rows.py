"""Contents of files and folders of new rows, chunk by chunk, with the checks that ingest makes."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import polars as pl

from tidemill.apps.models.model import CHUNK
from tidemill.common.spelling import counted
from tidemill.contracts import DataError, NoRowsError
from tidemill.ingest import values
from tidemill.ingest.batch import candidate_hashes
from tidemill.ingest.candidates.expand import with_candidates
from tidemill.ingest.doubtful_texts import notes_on_texts
from tidemill.ingest.image_paths import MAYBE_IMAGES
from tidemill.ingest.images import check_images, notes_on_images, standard_images
from tidemill.ingest.inline_images import with_inline_images
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.row_ids import row_ids
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source, is_hidden, is_hidden_table
from tidemill.project.arrivals import batch_name
from tidemill.readers.options import SET_ASIDE, BadRows
from tidemill.readers.piped import STANDARD
from tidemill.readers.read import SUFFIXES, parse, report_reading, suffix_of
from tidemill.readers.table import Table

_TOLD: Final = 5
_BESIDE_ARROW: Final = frozenset({"dataset_info.json", "state.json"})
"""What ``save_to_disk`` of Hugging Face's datasets writes beside the rows."""
PAIR: Final = ("subject", "object")
"""Columns of candidates that predictions repeat."""
_PREDICTED: Final = ("source", "key", "row_id", "error", "prediction")
"""Columns that every output has, beside probabilities."""


class StandardInput(Source):
    """Rows from standard input, whose format is found by content; paths of images are relative to the working directory."""

    def __init__(self) -> None:
        self.data = sys.stdin.buffer.read()
        super().__init__(str(Path.cwd() / f"stdin{suffix_of(self.data)}"))

    def table(self, settings: IngestSettings) -> Table:
        """Read the rows.

        Parameters
        ----------
        settings
            Options of the reader.

        Returns
        -------
        Table
            Rows as they came.
        """
        return with_inline_images(parse(self.data, self.name, settings.reading), settings.image)


@dataclass(frozen=True)
class InputRows:
    """A source whose rows are listed: of images only their paths, unless the table holds them.

    Parameters
    ----------
    source
        File or folder.
    table
        Its rows.
    settings
        What its columns mean.
    strict
        Whether a row that cannot be taken is an error.
    shown
        What the rows name as their source; None: its name.
    unreadable
        Why a line could not be split into cells, by index of its row, which is blank.
    """

    source: Source
    table: Table
    settings: IngestSettings
    strict: bool = False
    shown: str | None = None
    unreadable: Mapping[int, str] = field(default_factory=dict)

    def chunks(self) -> Iterator[pl.DataFrame]:
        """Read rows chunk by chunk.

        Yields
        ------
        polars.DataFrame
            source, key, row_id, error and text or image, in the order of the rows. ``error`` says why a row cannot be
            predicted, and is null otherwise; its content is empty then, and where it has no key, its key and row_id are of its place.

        Raises
        ------
        DataError
            Names the file, row and value that cannot be taken, and what to do; where ``strict``.
        """
        size = CHUNK[self.settings.modality]
        policy: BadRows = "refuse" if self.strict else "quarantine"
        keys = _keys(self.table, self.settings, RowErrors(self.table, policy))
        report_reading(_notes_on_keys(self.table, self.settings, keys, len(self.unreadable)))
        done: Counter[str] = Counter()
        batch = batch_name(self.source.name)
        for start in range(0, max(len(self.table.numbers), 1), size):
            part = _part(self.table, start, start + size)
            inside = RowErrors(part, policy)
            contents = self._contents(part, inside, done)
            reasons = [self.unreadable.get(start + row, inside.reasons.get(row)) for row in range(len(contents))]
            shown = self.shown or self.source.name
            hashes = [
                content if reason is None or key else _hash_of_place(shown, number)
                for content, reason, key, number in zip(
                    self._hashes(part, contents), reasons, keys[start : start + size], part.numbers, strict=True
                )
            ]
            named = [key or content[:16] for key, content in zip(keys[start : start + size], hashes, strict=True)]
            given = [self.settings.full_key(key, batch) for key in keys[start : start + size]]
            among_all = [key or content[:16] for key, content in zip(given, hashes, strict=True)]
            basic = {"source": [shown] * len(contents), "key": named, "row_id": row_ids(hashes, among_all)}
            about = pl.Series("error", reasons, dtype=pl.String)
            pairs = {} if self.settings.candidates is None else {name: part.columns[name] for name in PAIR}
            texts = dict.fromkeys((*basic, *pairs, "text"), pl.String)  # of documents without candidates too
            table = pl.DataFrame(basic | pairs | {self.settings.modality: contents}).with_columns(about)
            yield table.cast({name: kind for name, kind in texts.items() if name in table.columns})
        report_reading(notes_on_images(done, self.source.name))

    def _hashes(self, part: Table, contents: list[Any]) -> list[str]:
        if self.settings.candidates is not None:
            return candidate_hashes(part, contents)
        return [
            hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()
            for content in contents
        ]

    def _contents(self, part: Table, errors: RowErrors, done: Counter[str]) -> list[Any]:
        if self.settings.modality == "text":
            return values.texts(part, self.settings, errors)
        result = self.source.images(part, self.settings, errors)
        done.update(
            check_images(
                result.images,
                result.names,
                part,
                max_pixels=self.settings.max_pixels,
                background=self.settings.image_background,
                errors=errors,
            )
        )
        return standard_images(result.images, self.settings)


def _hash_of_place(source: str, number: int) -> str:
    """In place of the hash of a content that cannot be read: rows without one, and without a key, are not all the same row."""
    return hashlib.sha256(f"{source}\0{number}".encode(errors="surrogateescape")).hexdigest()


def input_rows(path: Path, settings: IngestSettings, *, strict: bool = False, root: Path = Path()) -> list[InputRows]:
    """List the sources in a file, folder of images, texts or tables, and check that they can be read.

    Parameters
    ----------
    path
        File, folder of images, of ``.txt`` files or of tables; ``-`` is standard input.
    settings
        Settings of ingest.
    strict
        Whether a row that cannot be predicted refuses its file.
    root
        The project's folder, in which files of names are.

    Returns
    -------
    list of InputRows
        One per file.

    Raises
    ------
    DataError
        A file is missing, empty or cannot be read, or there is none.
    """
    if path == STANDARD:
        return [_listed(StandardInput(), settings, root, strict=strict)]
    return [_listed(Source(str(file.resolve())), settings, root, strict=strict) for file in _files(path)]


def _files(path: Path) -> list[Path]:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise DataError(f"{path} is a pipe or a device, not a file: send its content to standard input, and name -")
    if not path.is_dir():
        return [path]
    found = [item for item in sorted(path.iterdir()) if not is_hidden(item.name)]
    tables = [item for item in found if item.is_file() and item.name.lower().endswith(SUFFIXES)]
    if any(item.suffix.lower() == ".arrow" for item in tables):
        tables = [item for item in tables if item.name not in _BESIDE_ARROW]
    others = [item.name for item in found if item not in tables and item.suffix.lower() not in MAYBE_IMAGES - {""}]
    others += sorted(item.name for item in path.iterdir() if is_hidden_table(item.name))
    if tables and others:
        more = " …" if len(others) > _TOLD else ""
        report_reading([f"{path.name}: its tables are read, and not {', '.join(others[:_TOLD])}{more}"])
    return tables or [path]


def told_apart(listed: Sequence[InputRows]) -> list[InputRows]:
    """Name sources of equal names by their paths below the folder that they have in common.

    Parameters
    ----------
    listed
        Sources, in their order.

    Returns
    -------
    list of InputRows
        Others as they are.
    """
    paths = {one.source.path for one in listed if one.source.path.startswith(os.sep)}
    names = Counter(PurePosixPath(path).name for path in paths)
    if max(names.values(), default=0) < 2:  # noqa: PLR2004 - two of a name
        return list(listed)
    common = os.path.commonpath(paths)
    return [
        replace(one, shown=os.path.relpath(one.source.path, common))
        if names[one.source.name] > 1 and one.source.path in paths
        else one
        for one in listed
    ]


def _listed(source: Source, settings: IngestSettings, root: Path, *, strict: bool) -> InputRows:
    is_whole = strict or settings.candidates is not None  # of a document whose text is lost no candidates are known
    try:
        read = source.table(settings.model_copy(update={"bad_rows": "refuse" if is_whole else "quarantine"}))
    except NoRowsError as error:
        if strict:
            raise
        report_reading([f"{error}; nothing is predicted of it"])
        return _without_rows(source, settings)
    except DataError as error:
        raise DataError(str(error).removesuffix(SET_ASIDE)) from error
    table = values.with_usual_names(read, filter(None, (settings.content, settings.key_column)))
    known = settings if settings.key_column in table.columns else settings.model_copy(update={"key": None})
    _refuse_predictions(table, str(known.content))
    table = _of_plain_lines(table, known)
    content = table.column(known.content, f"ingest.{known.modality}")  # refused before others are read
    report_reading(table.notes)
    table.refuse_unread(known.content)
    if known.candidates is not None:  # a row is a document, and its candidates are predicted
        table = with_candidates(table, known.model_copy(update={"gold": None}), (), root, at_least=0)
        content = table.columns[known.content]
    elif known.modality == "text":
        report_reading(notes_on_texts(table, known.content))
    columns = {known.content: content} | (
        {} if known.key_column is None else {known.key_column: table.columns[known.key_column]}
    )
    columns |= {name: table.columns[name] for name in (*PAIR, "sentence")} if known.candidates is not None else {}
    listed, unreadable = _with_unreadable(replace(table, columns=columns))
    return InputRows(source, listed, known, strict, unreadable=unreadable)


def _refuse_predictions(table: Table, content: str) -> None:
    """A folder that is predicted every month may hold what the command wrote the month before."""
    if not table.has(content) and table.columns.keys() >= {*_PREDICTED}:
        raise DataError(
            f"{table.name} has no column {content!r}, but those that `tidemill predict` writes ({', '.join(_PREDICTED)}, …), so it is an output: "
            "move it out of what is predicted, and write elsewhere with --out"
        )


def _of_plain_lines(table: Table, settings: IngestSettings) -> Table:
    """A file of texts alone, with no line that names the column, is the column of texts."""
    if settings.modality != "text" or settings.content in table.columns or len(table.columns) != 1:
        return table
    (name,) = table.columns
    if settings.header is False:
        return replace(table, columns={str(settings.content): table.columns[name]})
    raise DataError(
        f"{table.name}: column {settings.content!r} is missing, and the first line, {name[:60]!r}, names the only one: where it is a text, --no-header takes it and "
        f"the lines below for texts; where it is a name, rename it"
    )


def _with_unreadable(table: Table) -> tuple[Table, dict[int, str]]:
    """Put blank rows in the place of lines that could not be split, so that each line has its row in the answer, and say why."""
    if not table.bad:
        return table, {}
    kept = [(number, row, "") for row, number in enumerate(table.numbers)]
    lines = sorted([*kept, *((bad.number, -1, bad.reason) for bad in table.bad)])
    columns = {
        name: [None if row < 0 else column[row] for _, row, _ in lines] for name, column in table.columns.items()
    }
    reasons = {
        place: f"{table.unit} {number}: {reason}" for place, (number, row, reason) in enumerate(lines) if row < 0
    }
    return replace(table, columns=columns, numbers=[number for number, _, _ in lines], bad=()), reasons


def _without_rows(source: Source, settings: IngestSettings) -> InputRows:
    """Of a file that has a header alone, as an export of a day on which nothing came."""
    pair = (*PAIR, "sentence") if settings.candidates is not None else ()
    empty: dict[str, list[Any]] = {name: [] for name in (settings.content, *pair)}
    return InputRows(source, Table(source.name, empty, ()), settings.model_copy(update={"key": None}))


def _keys(table: Table, settings: IngestSettings, errors: RowErrors) -> list[str]:
    """Key of each row, empty where there is none: a row may be predicted twice."""
    if settings.key_column is None:
        return [""] * len(table.numbers)
    return values.keys(table, settings, [], errors)


def _notes_on_keys(table: Table, settings: IngestSettings, keys: Sequence[str], unreadable: int) -> list[str]:
    """Which names of rows do not name one row each, so that predictions cannot be joined by them."""
    if settings.key_column is None or settings.candidates is not None:  # of a document there are several candidates
        return []
    counts = Counter(filter(None, keys))
    again = [key for key, times in counts.items() if times > 1]
    blank = len(keys) - counts.total() - unreadable
    where = f"{table.name}: column {settings.key_column!r}"
    return [
        *(
            [
                f"{where}: {counted(len(again), 'value comes', 'values come')} more than once, such as {again[0]!r}, and name no single row"
            ]
            if again
            else []
        ),
        *([f"{where} is empty in {counted(blank, 'row')}, named by content"] if blank else []),
    ]


def _part(table: Table, start: int, stop: int) -> Table:
    columns = {name: column[start:stop] for name, column in table.columns.items()}
    return Table(table.name, columns, table.numbers[start:stop], table.unit)
