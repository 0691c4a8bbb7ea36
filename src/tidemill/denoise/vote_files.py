"""Read votes from the files that people have.

Votes: a table with a column per function (``row_id`` names rows; columns of other values are passed over), or in crowd-kit's
long form (task, worker, label) or Toloka's; a NumPy array; or WRENCH's JSON with its texts. Votes are class indices or
names of classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.spelling import counted, did_you_mean, listed
from tidemill.contracts import ABSTAIN, DataError, not_class
from tidemill.denoise.array_files import ARRAYS, load_array, refuse_other_formats
from tidemill.denoise.column_doubts import Doubt, doubtful_names, refuse_doubtful
from tidemill.denoise.long_votes import LONG, ask_whether_long, plain_names
from tidemill.denoise.statistics.votes import check_votes
from tidemill.denoise.vote_values import (
    WHOLE,
    Cells,
    as_indices,
    numbered_classes,
    numbered_from_zero,
    read_cells,
    words_for_no_vote,
)
from tidemill.denoise.wrench_file import WrenchRows, read_wrench
from tidemill.readers.frame import read_frame
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.table import Table
from tidemill.readers.write import classes_of

NAMES: Final = ("row_id", "task", "id")
_WORKERS: Final = frozenset({"human", "manual", "expert", "annotator", "annotators", "y"})
"""Names as of gold that may be a worker's."""
TEXT_COLUMNS: Final = (*NAMES, "worker", "INPUT:image", "INPUT:text", "ASSIGNMENT:worker_id")
"""Columns of names, which are text whatever they look like."""
_MANY_FUNCTIONS: Final = 30
_SIGNS: Final = frozenset({-1, 0, 1})
"""Numbers of which nothing shows whether -1 or 0 abstains."""
_UNSIGNED: Final = 255
_STANDARD_ERRORS: Final = 2.0
_MAJORITY_ROWS: Final = 10
"""Rows with disagreement from which on a column that is the majority of the others in each is told of."""
_FEW_ROWS: Final = 2_000
_OTHER_NUMBERS: Final = 3
"""Different numbers that are no votes from which on a column of mostly such numbers is one of something else."""
_FEWEST_FUNCTIONS: Final = 2
"""Columns of votes beside which columns of other numbers are passed over."""
_FEATURE_ROWS: Final = 50
"""Rows with a majority from which on a column that agrees no more than chance is asked about."""
_TOLD: Final = 8
"""Equal columns that a remedy lists."""


@dataclass(frozen=True)
class VoteOptions:
    """Options for reading a table of votes.

    Parameters
    ----------
    columns
        Columns that are votes; None: those whose values are.
    left_out
        Columns that are no votes.
    abstain
        Number that means that a function does not vote; with 0 the classes are numbered from 1, or two are -1 and 1.
    reading
        Of the file.
    """

    columns: Sequence[str] | None = None
    left_out: Sequence[str] = ()
    abstain: int = ABSTAIN
    reading: ReadOptions = DEFAULTS


@dataclass(frozen=True)
class VotesFile:
    """What one file of votes holds: names of rows and functions, votes, texts where the form has them, and how numbers were read.

    Parameters
    ----------
    rows
        Names of the rows.
    functions
        Names of the functions.
    votes : (n_rows, n_functions)
        Class indices, -1 where a function abstains.
    texts
        None where the form has none.
    notes
        What was guessed.
    by_name
        Whether numbers are names of classes, as in 1 to 5, and no indices.
    """

    rows: list[str]
    functions: list[str]
    votes: npt.NDArray[Any]
    texts: list[str] | None = None
    notes: tuple[str, ...] = ()
    by_name: bool = False


def read_votes(
    path: Path,
    classes: Sequence[str],
    *,
    functions: Sequence[str] | None = None,
    options: VoteOptions | None = None,
) -> VotesFile:
    """Read a file of votes.

    Parameters
    ----------
    path
        Any table, a NumPy array, or WRENCH's JSON.
    classes
        Names of the classes.
    functions
        Names of the functions, whose order the votes have; None: as the file has them.
    options
        Which columns are votes, and how an abstain is written.

    Returns
    -------
    VotesFile
        Votes of shape (n_rows, n_functions), -1 where a function abstains; and what was guessed.

    Raises
    ------
    DataError
        The file is missing, its form is unknown, a vote is none, or it has functions the model does not know.
    """
    options = options or VoteOptions()
    if not path.exists():
        raise DataError(f"{path} is missing")
    refuse_other_formats(path)
    if path.suffix.lower() in ARRAYS:
        result = _array(path, options.abstain)
        found = {int(value) for value in np.unique(result.votes)}
        told = _of_either_reading(found, classes, path, complete=True) if options.abstain == ABSTAIN else []
        told += _turned_round(len(result.rows), len(result.functions), path)
        votes = numbered_from_zero(result.votes, options.abstain, len(classes))
        result = _chosen(replace(result, votes=votes, notes=tuple(told)), options, path)
    else:
        known = read_wrench(path, options.reading.encoding)
        result = (
            _table(path, classes, options)
            if known is None
            else _chosen(_of_wrench(known, options, len(classes)), options, path)
        )
    try:
        result = replace(result, votes=check_votes(result.votes, len(classes), names=result.functions))
    except DataError as error:
        if (
            options.abstain == ABSTAIN
            and result.votes.min(initial=0) == 0
            and result.votes.max(initial=0) == len(classes)
        ):
            raise DataError(
                f"{path.name}: {error}; where 0 abstains and classes are numbered from 1, say --abstain 0"
            ) from error
        raise DataError(f"{path.name}: {error}{_columns_of_others(result, len(classes))}") from error
    return result if functions is None else _aligned(result, functions, path)


def _chosen(result: VotesFile, options: VoteOptions, path: Path) -> VotesFile:
    """Take the functions that the options name, of votes whose functions are no columns of a table.

    Raises
    ------
    DataError
        A function that is named is not there.
    """
    for name in (*(options.columns or ()), *options.left_out):
        if name not in result.functions:
            raise DataError(f"{path.name}: nothing votes by the name {name!r}{did_you_mean(name, result.functions)}")
    kept = [name for name in options.columns or result.functions if name not in options.left_out]
    if kept == result.functions:
        return result
    return replace(result, functions=kept, votes=result.votes[:, [result.functions.index(name) for name in kept]])


def _columns_of_others(result: VotesFile, n_classes: int) -> str:
    """What to do where some columns have votes alone and others have other numbers."""
    wrong = _not_votes(result.votes, n_classes)
    others = [name for name, bad in zip(result.functions, np.atleast_1d(wrong.any(axis=0)), strict=True) if bad]
    if not others or len(others) == len(result.functions):
        return ""
    return f"; where it is no function, leave it out with --not-columns {','.join(others)}"


def _not_votes(votes: npt.NDArray[Any], n_classes: int) -> npt.NDArray[np.bool_]:
    result: npt.NDArray[np.bool_] = (votes >= n_classes) | (votes < not_class(n_classes - 1))
    return result


def _of_wrench(read: WrenchRows, options: VoteOptions, n_classes: int) -> VotesFile:
    votes = numbered_from_zero(read.votes, options.abstain, n_classes)
    notes = () if read.note is None else (read.note,)
    return VotesFile(read.names, _numbered(votes), votes, read.texts, notes)


def _array(path: Path, abstain: int) -> VotesFile:
    votes = load_array(path)
    if votes.ndim != 2 or votes.dtype.kind not in "iuf":  # noqa: PLR2004 - rows and functions
        raise DataError(
            f"{path}: a {votes.ndim}-dimensional array of {votes.dtype}; promised integers, rows x functions"
        )
    if votes.dtype.kind == "f":  # pandas makes such of votes with missing ones
        votes = np.where(np.isnan(votes), abstain, votes)
        if odd := np.argwhere(votes != np.rint(votes)).tolist():
            raise DataError(
                f"{path}: row {odd[0][0]}, function {odd[0][1]}: vote {votes[tuple(odd[0])]:g} has a fraction; promised class indices"
            )
        votes = votes.astype(np.int64)
    if votes.dtype == np.uint8 and abstain == ABSTAIN and _UNSIGNED in votes:
        raise DataError(
            f"{path}: votes of {_UNSIGNED}, which -1 is as a byte without a sign: where they abstain, say --abstain {_UNSIGNED}"
        )
    return VotesFile([str(row) for row in range(len(votes))], _numbered(votes), votes)


def _numbered(votes: Any) -> list[str]:
    return [f"function_{j}" for j in range(votes.shape[1])]


def _table(path: Path, classes: Sequence[str], options: VoteOptions) -> VotesFile:
    table, read = read_frame(path, options.reading, as_text=TEXT_COLUMNS)
    table, renamed = plain_names(table, path)
    if set(LONG) <= set(table.columns):
        return _chosen(
            _long(table, path, classes, options, replace(read, notes=(*read.notes, *renamed))), options, path
        )
    table, rows, notes = _without_index(table, path)
    if options.columns is None and not options.left_out:
        ask_whether_long(table, path, classes)
    functions, passed_over, doubts = _vote_columns(table, classes, options, read)
    written = classes_of(path) if path.suffix == ".parquet" else ()
    try:
        cells = _read_all(functions, table, classes, read)
        votes, told, by_name = as_indices(cells, classes, options.abstain)
        votes, reordered = _in_order(votes, written, classes, path)
    except DataError:
        refuse_doubtful(doubts, "column", read.name)  # without them nothing may be wrong
        raise
    doubts += _features(votes, functions, len(classes), options, doubts, path)
    doubts += _of_other_numbers(votes, functions, len(classes), doubts)
    refuse_doubtful(doubts, "column", read.name)
    notes = [
        *read.notes,
        *notes,
        *([told] if told else []),
        *words_for_no_vote(cells, path.name),
        *reordered,
        *passed_over,
        *_repeated_names(table, path),
        *_turned_round(table.height, len(functions), path),
        *_doubtful(votes, functions, len(classes), path),
    ]
    if options.abstain == ABSTAIN and not (written or by_name or told):
        numbers = (
            table.select(functions).select(pl.selectors.numeric()).with_columns(pl.selectors.float().fill_nan(None))
        )
        found = {int(value) for column in numbers for value in column.unique().drop_nulls()}
        complete = numbers.width == len(functions) and not sum(numbers.null_count().row(0))
        notes += (
            numbered_classes(found, classes, path.name)
            if path.suffix == ".parquet"
            else _of_either_reading(found, classes, path, complete=complete)
        )
    return VotesFile(row_names(table) if rows is None else rows, functions, votes, notes=tuple(notes), by_name=by_name)


def _in_order(
    votes: npt.NDArray[Any], written: Sequence[str], classes: Sequence[str], path: Path
) -> tuple[npt.NDArray[Any], list[str]]:
    """Votes that count the classes in the order that is asked for, where the file keeps their names in another."""
    if not written or tuple(written) == tuple(classes) or all(map(str.isdecimal, classes)):
        return votes, []
    if sorted(written) != sorted(classes):
        raise DataError(
            f"{path} holds votes for {', '.join(written)}, and --classes says {', '.join(classes)}: name the classes of the votes"
        )
    result = votes.copy()
    for number, name in enumerate(written):
        result[votes == number] = list(classes).index(name)
        result[votes == not_class(number)] = not_class(list(classes).index(name))
    return result, [
        f"{path.name}: numbers of votes count {', '.join(written)}, as the file says, and are put in the order of --classes"
    ]


def _of_either_reading(found: set[int], classes: Sequence[str], path: Path, *, complete: bool) -> list[str]:
    """How -1, 0 and 1 are read where they are found in a file, for nothing shows which of -1 and 0 abstains.

    A file is complete where each cell is a number.
    """
    if complete and 0 in found and min(found) == 0:
        return [
            (
                f"{path.name}: no function abstains anywhere, and 0 is read as {classes[0]!r}; where 0 abstains and classes are "
                "numbered from 1, say --abstain 0"
            )
        ]
    if len(classes) != len(_SIGNS) - 1 or found != _SIGNS:
        return numbered_classes(found, classes, path.name)
    return [
        (
            f"{path.name}: -1 is read as an abstain, 0 as {classes[0]!r} and 1 as {classes[1]!r}; where 0 abstains and "
            "-1 and 1 are the classes, as FlyingSquid has them, say --abstain 0"
        )
    ]


def _without_index(table: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, list[str] | None, list[str]]:
    """A table without pandas' index, which names the rows then."""
    for name in ("", "Unnamed: 0"):
        if name in table.columns and table[name].to_list() == list(range(table.height)):
            message = f"{path.name}: the unnamed column numbers the rows, and is no function's votes"
            return table.drop(name), table[name].cast(pl.String).to_list(), [message]
    return table, None, []


def _vote_columns(
    table: pl.DataFrame, classes: Sequence[str], options: VoteOptions, read: Table
) -> tuple[list[str], list[str], list[Doubt]]:
    """Names of the columns that are votes: those named, or those whose values are votes; a note about the others, and what needs a decision.

    Raises
    ------
    DataError
        A named one is not there, or there is none.
    """
    for name in (*(options.columns or ()), *options.left_out):
        if name not in table.columns:
            raise DataError(f"{read.name}: there is no column {name!r}; it has {', '.join(table.columns)}")
    if options.columns is not None:
        return [name for name in options.columns if name not in options.left_out], [], []
    cells = {
        name: read_cells(table[name], classes) for name in table.columns if name not in {*NAMES, *options.left_out}
    }
    results = [name for name, read_as in cells.items() if not len(read_as.wrong) and not _of_words_alone(read_as)]
    partly = (_partly_votes(name, table[name], read_as, read) for name, read_as in cells.items() if len(read_as.wrong))
    doubts = [doubt for doubt in partly if doubt is not None]
    numbers = _columns_of_numbers({name: cells[name] for name in results}, classes, options.abstain)
    results = [name for name in results if name not in numbers]
    if not results:
        refuse_doubtful(doubts, "column", read.name)
        raise DataError(
            f"{read.name}: no column of votes, which are class numbers or names ({', '.join(classes[:5])}), {ABSTAIN} or empty where "
            f"a function abstains; it has {'; '.join(_values_of(table[name]) for name in list(cells)[:5])}. Other names of classes: "
            "--classes"
        )
    doubts += doubtful_names(results, "column", read.name)
    asked = {doubt.name for doubt in doubts}
    others = [name for name in cells if name not in results and name not in asked]
    notes = [f"{read.name}: columns that are no votes are passed over: {', '.join(others[:10])}"] if others else []
    return results, notes, doubts


def _columns_of_numbers(columns: Mapping[str, Cells], classes: Sequence[str], abstain: int) -> set[str]:
    """Columns of other numbers than votes, such as of words in a text, where the others are votes.

    Most of their numbers are none that a vote can be, whether classes are counted from 0 or from 1, and there are several: a few typing
    errors, a function for one class that ``--classes`` lacks, and numbers beside a single column of votes, as in a table with a vote a
    line, are refused.
    """
    n_classes = len(classes)
    named = (int(float(name)) for name in classes if WHOLE.fullmatch(name))
    possible = np.array(sorted({abstain, *range(not_class(n_classes - 1), n_classes + 1), *named}))
    found, odd = set[str](), set[str]()
    for name, cells in columns.items():
        numbers = cells.values[~cells.named]
        other = numbers[~np.isin(numbers, possible)]
        if len(other):
            odd.add(name)
        if 2 * len(other) > len(cells.values) and len(np.unique(other)) >= _OTHER_NUMBERS:
            found.add(name)
    return found if found == odd and len(columns) - len(found) >= _FEWEST_FUNCTIONS else set()


def _of_words_alone(cells: Cells) -> bool:
    """Whether a column holds words such as todo and no vote, as one of a state of work."""
    return bool(cells.unsure) and bool(cells.named.all()) and bool((cells.values == ABSTAIN).all())


def _values_of(column: pl.Series) -> str:
    values = column.drop_nulls().unique(maintain_order=True).head(3).to_list()
    return f"{column.name} with {', '.join(repr(value)[:30] for value in values) or 'no value'}"


def _partly_votes(name: str, column: pl.Series, cells: Cells, read: Table) -> Doubt | None:
    """What needs a decision about a column that is to be passed over since some of its cells are no votes.

    Most of its cells are votes, or it holds truth values; else None.
    """
    leave = f"leave the column out with --not-columns {name}"
    words = {item.strip().lower() for item in column.drop_nulls()} if column.dtype == pl.String else set()
    if column.dtype == pl.Boolean or (words and words <= {"true", "false"}):
        told = "holds truth values, which are no votes"
        message = f"{read.name}: column {name!r} {told}: write class numbers or names, or {leave}"
        return Doubt(name, message, told)
    wrong = len(cells.wrong)
    votes = len(column) - wrong - int((cells.named & (cells.values == ABSTAIN)).sum())
    if votes <= wrong:
        return None
    row = int(cells.wrong[0])
    told = f"is {str(column[row])[:60]!r}, where {votes} other rows have votes"
    message = f"{read.where(row)}: column {name!r} {told}: mend it, or {leave}"
    return Doubt(name, message, f"in {read.unit} {read.numbers[row]} {told}")


def _read_all(columns: Sequence[str], table: pl.DataFrame, classes: Sequence[str], read: Table) -> list[Cells]:
    """Cells of the columns that are votes.

    Raises
    ------
    DataError
        A cell is no name of a class, or has a fraction; the row is named.
    """
    result = []
    for name in columns:
        cells = read_cells(table[name], classes)
        if len(cells.wrong):
            row = int(cells.wrong[0])
            raise DataError(
                f"{read.where(row)}: column {name!r} is {table[name][row]!r}, no class ({', '.join(classes[:5])}) and no abstain; "
                f"leave the column out with --not-columns {name}"
            )
        result.append(cells)
    return result


def _repeated_names(table: pl.DataFrame, path: Path) -> list[str]:
    """Notes about names of rows that come twice or are missing."""
    named = next((name for name in NAMES if name in table.columns), None)
    if named is None:
        return []
    twice = table[named].filter(table[named].is_duplicated() & table[named].is_not_null()).unique(maintain_order=True)
    missing = table[named].null_count()
    repeated = counted(len(twice), f"name in {named} comes", f"names in {named} come")
    notes = (
        [
            f"{path.name}: {repeated} more than once ({twice[0]}), and each line is labeled by itself: join lines that are of one row"
        ]
        if len(twice)
        else []
    )
    return notes + ([f"{path.name}: {counted(missing, 'row has', 'rows have')} no {named}"] if missing else [])


def _turned_round(n_rows: int, n_functions: int, path: Path) -> list[str]:
    if n_functions <= max(n_rows, _MANY_FUNCTIONS):
        return []
    return [
        f"{path.name}: {n_functions} functions vote on {n_rows} rows: is it turned round? A line is a row, a column a function"
    ]


def _features(
    votes: npt.NDArray[Any],
    functions: Sequence[str],
    n_classes: int,
    options: VoteOptions,
    known: Sequence[Doubt],
    path: Path,
) -> list[Doubt]:
    """Columns that may be numbers about the rows, where nobody named the columns of votes; each is compared with those that are not doubtful."""
    if options.columns is not None or options.abstain != ABSTAIN:
        return []
    doubted = {doubt.name for doubt in known}
    other = np.atleast_1d(_not_votes(votes, n_classes).any(axis=0))  # refused as such
    left = [j for j, name in enumerate(functions) if name not in doubted and not other[j]]
    results = list[Doubt]()
    while True:
        compared = ((j, _agreement(votes[:, left], place, n_classes)) for place, j in enumerate(left))
        found = next(
            ((j, one) for j, one in compared if one is not None and one.by_chance and one.rows >= _FEATURE_ROWS), None
        )
        if found is None:
            return results
        j, one = found
        left.remove(j)
        told = (
            "votes on every row and agrees with the others no more than chance would "
            f"({one.agreement:.2f} of {one.rows} rows, by chance {one.chance:.2f})"
        )
        message = (
            f"{path.name}: is column {functions[j]!r} a function's votes? It {told}. Leave it out with "
            f"--not-columns {functions[j]}, or name all columns that are votes in --columns"
        )
        results.append(Doubt(functions[j], message, told))


def _of_other_numbers(
    votes: npt.NDArray[Any], functions: Sequence[str], n_classes: int, known: Sequence[Doubt]
) -> list[Doubt]:
    """Columns with a number that is no vote, where others are asked about anyway; else the first such number is refused with its row."""
    doubted = {doubt.name for doubt in known}
    wrong = _not_votes(votes, n_classes)
    return [
        Doubt(name, "", f"has {votes[wrong[:, j], j][0]}, which is no class")
        for j, name in enumerate(functions)
        if known and name not in doubted and wrong[:, j].any()
    ]


def _doubtful(votes: npt.NDArray[Any], functions: Sequence[str], n_classes: int, path: Path) -> list[str]:
    """Notes about columns without a vote, that equal another, or that never abstain where all others do."""
    silent = [name for j, name in enumerate(functions) if (votes[:, j] == ABSTAIN).all()]
    lines = [f"{path.name}: columns without a vote on any row: {listed(silent)}"] if silent else []
    counts = np.stack([(votes == k).sum(axis=1) for k in range(n_classes)], axis=1)
    twins: dict[str, list[str]] = {}
    for j, name in enumerate(functions):
        if name in silent:
            continue
        twin = next((other for k, other in enumerate(functions[:j]) if np.array_equal(votes[:, j], votes[:, k])), None)
        compared = _agreement(votes, j, n_classes)
        if twin is not None:
            twins.setdefault(twin, []).append(name)
        elif compared is not None:
            lines.append(
                f"{path.name}: column {name!r} votes on every row, as gold or a feature would, and agrees with the majority of the "
                f"others in {compared.agreement:.2f} of {compared.rows} rows (by chance {compared.chance:.2f}); if it is no function, "
                f"leave it out with --not-columns {name}"
            )
        elif rows := _rows_of_a_majority(votes, counts, j):
            lines.append(
                f"{path.name}: column {name!r} is the majority of the others in each of {rows} rows, and votes on no other; if it is "
                f"made of them and no function, leave it out with --not-columns {name}"
            )
    return [_equal(path.name, one, others) for one, others in twins.items()] + lines


def _equal(file: str, one: str, others: Sequence[str]) -> str:
    if len(others) == 1:
        return f"{file}: columns {one!r} and {others[0]!r} are equal; leave one out with --not-columns {others[0]}"
    what = f"{file}: columns {listed(others)} are equal to {one!r}"
    return (
        f"{what}; leave them out with --not-columns {','.join(others)}"
        if len(others) <= _TOLD
        else f"{what}; if rows are functions, turn the table round, else leave them out with --not-columns"
    )


def _rows_of_a_majority(votes: npt.NDArray[Any], counts: npt.NDArray[Any], j: int) -> int:
    """On how many rows a column has the class that most of the others name; 0 where it does not on each of them, or votes on others.

    Rows must be there on which others disagree: a function that is hardly wrong may be the majority of a few on all others.
    """
    head = _majority(votes[:_FEW_ROWS, j], counts[:_FEW_ROWS])  # most columns are told by a few rows
    if head is None or (rows := _majority(votes[:, j], counts)) is None:
        return 0
    clear, disagreed = rows
    return clear if disagreed >= _MAJORITY_ROWS else 0


def _majority(own: npt.NDArray[Any], counts: npt.NDArray[Any]) -> tuple[int, int] | None:
    """Rows with a majority of others, and those on which others disagree; None where the column is another than the majority."""
    others = counts - (own[:, None] == np.arange(counts.shape[1]))
    clear = others.max(axis=1) > np.sort(others, axis=1)[:, -2]
    silent = others.sum(axis=1) == 0
    if (own[silent] >= 0).any() or (own[clear] != others[clear].argmax(axis=1)).any():
        return None
    return int(clear.sum()), int((clear & ((others > 0).sum(axis=1) > 1)).sum())


@dataclass(frozen=True)
class _Agreement:
    """How often a column that votes on every row agrees with the majority of the others, and would by chance."""

    rows: int
    agreement: float
    chance: float
    by_chance: bool


def _agreement(votes: npt.NDArray[Any], j: int, n_classes: int) -> _Agreement | None:
    """Compare a column with the others; None where it abstains, or others never do, or they have no majority."""
    others = np.delete(votes, j, axis=1)
    if others.shape[1] < 2 or (votes[:, j] < 0).any() or not (others < 0).any():  # noqa: PLR2004 - a majority
        return None
    counts = np.stack([(others == k).sum(axis=1) for k in range(n_classes)], axis=1)
    clear = counts.max(axis=1) > np.sort(counts, axis=1)[:, -2]
    if not clear.any():
        return None
    majority, own = counts[clear].argmax(axis=1), votes[clear, j]
    chance = sum(float((majority == k).mean() * (own == k).mean()) for k in range(n_classes))
    sure = _STANDARD_ERRORS * np.sqrt(max(chance * (1 - chance), 1e-9) / len(own))
    agreement = float((majority == own).mean())
    return _Agreement(len(own), agreement, chance, bool(abs(agreement - chance) <= sure))


def row_names(table: pl.DataFrame) -> list[str]:
    """List the names of rows.

    Parameters
    ----------
    table
        With a column of ``NAMES``, or without one.

    Returns
    -------
    list of str
        Their numbers, from 0, where no column names them.
    """
    named = next((name for name in NAMES if name in table.columns), None)
    return [str(row) for row in range(table.height)] if named is None else table[named].cast(pl.String).to_list()


def _long(table: pl.DataFrame, path: Path, classes: Sequence[str], options: VoteOptions, read: Table) -> VotesFile:
    """Tasks and workers are put in the order of their names."""
    if table["label"].null_count():
        raise DataError(f"{path}, column 'label': a label is missing; leave the line out where a worker abstained")
    twice = np.flatnonzero(~table.select(pl.struct("task", "worker").is_first_distinct()).to_series().to_numpy())
    if len(twice):
        row = int(twice[0])
        raise DataError(
            f"{read.where(row)}: worker {table['worker'][row]} labels task {table['task'][row]} twice; keep one label of each"
        )
    cells = read_cells(table["label"], classes)
    if len(cells.wrong):
        row, column = int(cells.wrong[0]), list(read.columns)[table.columns.index("label")]
        raise DataError(
            f"{read.where(row)}, column {column!r}: {table['label'][row]!r} is no class; promised class indices, or one of "
            f"{listed(classes)}; other names of classes: --classes"
        )
    labels, told, by_name = as_indices([cells], classes, options.abstain)
    numbers = set(cells.values[~cells.named].tolist()) if not told and options.abstain == ABSTAIN else set()
    tasks, workers = (table[name].cast(pl.String).unique().sort().to_list() for name in LONG[:2])
    if options.columns is None:
        asked = [name for name in workers if name.lower() not in _WORKERS and name not in options.left_out]
        refuse_doubtful(doubtful_names(asked, "worker", read.name), "worker", read.name)
    place = {
        name: {value: i for i, value in enumerate(values)} for name, values in (("task", tasks), ("worker", workers))
    }
    rows = [place["task"][value] for value in table["task"].cast(pl.String)]
    columns = [place["worker"][value] for value in table["worker"].cast(pl.String)]
    votes = np.full((len(tasks), len(workers)), ABSTAIN, dtype=np.int64)
    votes[rows, columns] = labels[:, 0]
    notes = [*read.notes, *([told] if told else []), *words_for_no_vote([cells], path.name)]
    notes += [*numbered_classes(numbers, classes, path.name)]
    return VotesFile(tasks, workers, votes, notes=tuple(notes), by_name=by_name)


def _aligned(result: VotesFile, functions: Sequence[str], path: Path) -> VotesFile:
    unknown = [name for name in result.functions if name not in set(functions)]
    if unknown:
        raise DataError(f"{path}: function {unknown[0]!r} is not one the label model was fitted on: fit it again")
    absent = [name for name in functions if name not in set(result.functions)]
    told = [f"{path.name}: there are no votes of {', '.join(absent[:10])}, which abstain"] if absent else []
    votes = np.full((len(result.rows), len(functions)), ABSTAIN, dtype=np.int16)
    place = {name: j for j, name in enumerate(functions)}
    votes[:, [place[name] for name in result.functions]] = result.votes
    return VotesFile(result.rows, list(functions), votes, result.texts, (*result.notes, *told), result.by_name)
