"""Read votes, features and gold from the files that people have.

Votes: a table with a column per function (``row_id`` names rows; columns of other values are passed over), or in crowd-kit's
long form (task, worker, label) or Toloka's; a NumPy array; or WRENCH's JSON with its texts and labels. Votes and gold are class
indices or names of classes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import ABSTAIN, NO_GOLD, DataError, Features
from tidemill.denoise.statistics.gold_scores import check_gold
from tidemill.denoise.statistics.votes import check_votes
from tidemill.readers.frame import read_frame
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.table import Table

LONG: Final = ("task", "worker", "label")
NAMES: Final = ("row_id", "task", "id")
_TOLOKA: Final = ("INPUT:", "ASSIGNMENT:worker_id", "OUTPUT:")
"""How Toloka's columns of task, worker and label begin."""
_NOT_VOTES: Final = re.compile(
    r"((y|gold|true|manual|human|expert|hand|reference|correct)[ _-]?)?(label|class|answer|annotation|category|target|truth)s?"
    r"|y|y[ _-]?true|gold|golds|gold[ _-]?standard|ground[ _-]?truth|gt|human|manual|expert|annotators?|index|idx|level_0",
    re.IGNORECASE,
)
"""Whole names of columns that need a decision where their values could be votes."""
QUOTES: Final = "''"
"""An empty name, for a shell."""
_TEXT: Final = (*NAMES, "worker", "INPUT:image", "INPUT:text", "ASSIGNMENT:worker_id")
"""Columns of names, which are text whatever they look like."""
_SIGNS: Final = (-1, 1)
"""The two classes where 0 abstains, as FlyingSquid numbers them."""
_STANDARD_ERRORS: Final = 2.0
_ABSTAINS: Final = frozenset({"", "abstain", "-1", "nan", "none", "null", "na", "n/a", "<na>"})
_WHOLE: Final = re.compile(r"[+-]?\d+(\.0+)?")
_FEATURE_ROWS: Final = 50
"""Rows with a majority from which on a column that agrees no more than chance is asked about."""


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
    """What one file of votes holds: names of rows and functions, votes, and texts or gold where the form has them."""

    rows: list[str]
    functions: list[str]
    votes: npt.NDArray[Any]
    texts: list[str] | None = None
    gold: Any = None
    notes: tuple[str, ...] = ()


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
    if path.suffix == ".npy":
        result = _array(path)
    elif path.suffix == ".json" and path.read_text(encoding="utf-8").lstrip().startswith("{"):
        result = _wrench(path)
    else:
        result = _table(path, classes, options)
    result = replace(result, votes=_numbered_from_zero(result.votes, options.abstain, len(classes)))
    try:
        result = replace(result, votes=check_votes(result.votes, len(classes), names=result.functions))
    except DataError as error:
        if (
            options.abstain == ABSTAIN
            and result.votes.min(initial=0) == 0
            and result.votes.max(initial=0) == len(classes)
        ):
            raise DataError(f"{error}; where 0 abstains and classes are numbered from 1, say --abstain 0") from error
        raise DataError(f"{error}{_columns_of_others(result, len(classes))}") from error
    return result if functions is None else _aligned(result, functions, path)


def _columns_of_others(result: VotesFile, n_classes: int) -> str:
    """What to do where some columns have votes alone and others have other numbers."""
    wrong = (result.votes >= n_classes) | (result.votes < -1 - n_classes)
    others = [name for name, bad in zip(result.functions, np.atleast_1d(wrong.any(axis=0)), strict=True) if bad]
    if not others or len(others) == len(result.functions):
        return ""
    return f"; where it is no function, leave it out with --not-columns {','.join(others)}"


def _numbered_from_zero(votes: npt.NDArray[Any], abstain: int, n_classes: int) -> npt.NDArray[Any]:
    if abstain == ABSTAIN:
        return votes
    silent = votes == abstain
    if abstain == 0 and n_classes == len(_SIGNS) and set(np.unique(votes).tolist()) == {*_SIGNS, 0}:
        return np.where(silent, ABSTAIN, (votes > 0).astype(np.int64))
    below = votes[~silent & (votes < 0)]
    if below.size:
        raise DataError(
            f"with --abstain {abstain} a vote of {below[0]} is no class: classes are numbered from {1 if abstain == 0 else 0}, "
            "or two are -1 and 1"
        )
    return np.where(silent, ABSTAIN, votes.astype(np.int64) - (1 if abstain == 0 else 0))


def _wrench(path: Path) -> VotesFile:
    content = json.loads(path.read_text(encoding="utf-8"))
    try:
        votes = np.array([row["weak_labels"] for row in content.values()], dtype=np.int16)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f'{path}: promised WRENCH\'s form, id -> {{"weak_labels": [...], "data": {{...}}}}') from error
    texts = [(row.get("data") or {}).get("text") for row in content.values()]
    labels = [row.get("label") for row in content.values()]
    gold = np.array([NO_GOLD if label is None else label for label in labels], dtype=np.int64)
    known = [str(text) for text in texts] if all(text is not None for text in texts) else None
    return VotesFile(list(content), _numbered(votes), votes, known, gold)


def _array(path: Path) -> VotesFile:
    votes = np.load(path, allow_pickle=False)
    if votes.ndim != 2 or votes.dtype.kind not in "iu":  # noqa: PLR2004 - rows and functions
        raise DataError(
            f"{path}: a {votes.ndim}-dimensional array of {votes.dtype}; promised integers, rows x functions"
        )
    return VotesFile([str(row) for row in range(len(votes))], _numbered(votes), votes)


def _numbered(votes: Any) -> list[str]:
    return [f"function_{j}" for j in range(votes.shape[1])]


def _table(path: Path, classes: Sequence[str], options: VoteOptions) -> VotesFile:
    table, read = read_frame(path, options.reading, as_text=_TEXT)
    table = _plain_names(table)
    if set(LONG) <= set(table.columns):
        result = _long(table.with_columns(label=_indices(table["label"], classes, path)), path)
        return replace(result, notes=read.notes)
    table, rows, notes = _without_index(table, path)
    functions = _vote_columns(table, classes, options, path)
    table, told = _named_by_numbers(table, functions, classes, options)
    votes = np.column_stack([_votes_of(table[name], classes, read) for name in functions])
    _refuse_a_feature(votes, functions, len(classes), options, path)
    notes = [
        *read.notes,
        *notes,
        *told,
        *_repeated_names(table, path),
        *_doubtful(votes, functions, len(classes), path),
    ]
    if options.abstain == ABSTAIN and path.suffix != ".parquet":  # as `tidemill label` writes them
        notes += _of_either_reading(table.select(functions), classes, path)
    return VotesFile(_row_names(table) if rows is None else rows, functions, votes, notes=tuple(notes))


def _of_either_reading(table: pl.DataFrame, classes: Sequence[str], path: Path) -> list[str]:
    """How -1, 0 and 1 are read where they stand in a file, for nothing shows which of -1 and 0 abstains."""
    numbers = table.select(pl.selectors.integer())
    found = {value for column in numbers for value in column.unique().drop_nulls().to_list()}
    if len(classes) != len(_SIGNS) or found != {*_SIGNS, 0}:
        return []
    return [
        (
            f"{path.name}: -1 is read as an abstain, 0 as {classes[0]!r} and 1 as {classes[1]!r}; where 0 abstains and "
            "-1 and 1 are the classes, as FlyingSquid has them, say --abstain 0"
        )
    ]


def _plain_names(table: pl.DataFrame) -> pl.DataFrame:
    """Toloka's columns by the names of crowd-kit's; other tables as they are."""
    named = {}
    for prefix, name in zip(_TOLOKA, ("task", "worker", "label"), strict=True):
        matches = [column for column in table.columns if column.startswith(prefix)]
        if len(matches) != 1:
            return table
        named[matches[0]] = name
    return table.rename(named)


def _without_index(table: pl.DataFrame, path: Path) -> tuple[pl.DataFrame, list[str] | None, list[str]]:
    """A table without pandas' index, which names the rows then."""
    for name in ("", "Unnamed: 0"):
        if name in table.columns and table[name].to_list() == list(range(table.height)):
            message = f"{path.name}: the unnamed column numbers the rows, and is no function's votes"
            return table.drop(name), table[name].cast(pl.String).to_list(), [message]
    return table, None, []


def _vote_columns(table: pl.DataFrame, classes: Sequence[str], options: VoteOptions, path: Path) -> list[str]:
    """Names of the columns that are votes: those named, or those whose values are votes.

    Raises
    ------
    DataError
        A named one is not there, there is none, or one may be gold or an index.
    """
    for name in (*(options.columns or ()), *options.left_out):
        if name not in table.columns:
            raise DataError(f"{path}: there is no column {name!r}; it has {', '.join(table.columns)}")
    if options.columns is not None:
        return [name for name in options.columns if name not in options.left_out]
    others = {*NAMES, *options.left_out}
    results = [name for name in table.columns if name not in others and _could_be_votes(table[name], classes)]
    if not results:
        raise DataError(
            f"{path}: no column of votes, which are class numbers or names, {ABSTAIN} or empty where a function abstains; "
            f"it has {', '.join(table.columns)}"
        )
    asked = [name for name in results if _NOT_VOTES.fullmatch(name.strip()) or not name.strip()]
    if asked:
        raise DataError(
            f"{path}: is column {asked[0]!r} a function's votes, or gold or an index? Leave it out with "
            f"--not-columns {asked[0] or QUOTES}, or name all columns that are votes in --columns"
        )
    return results


def _could_be_votes(column: pl.Series, classes: Sequence[str]) -> bool:
    if column.dtype.is_integer():
        return True
    if column.dtype.is_float():
        known = column.drop_nulls().drop_nans()
        return bool((known == known.round()).all())
    return column.dtype == pl.String and all(
        _vote_of(value, _numbers(classes)) is not None for value in column.unique()
    )


def _numbers(classes: Sequence[str]) -> dict[str, int]:
    """Number of each class by its name, and by its name in lower case where no other class has the same."""
    folded = [name.casefold() for name in classes]
    alone = {name: k for k, name in enumerate(folded) if folded.count(name) == 1}
    return alone | {name: k for k, name in enumerate(classes)}


def _vote_of(value: str | None, numbers: dict[str, int]) -> int | None:
    """Vote that a name or a whole number is; None where it is none."""
    if value is None:
        return ABSTAIN
    name = value.strip()
    result = numbers.get(name, numbers.get(name.casefold()))
    if result is None and name.casefold() in _ABSTAINS:
        return ABSTAIN
    if result is None and _WHOLE.fullmatch(name):
        return int(float(name))
    return result


def _votes_of(column: pl.Series, classes: Sequence[str], read: Table) -> npt.NDArray[np.int64]:
    """Votes of a column of numbers or names; null, NaN and ``ABSTAIN`` abstain.

    Raises
    ------
    DataError
        A value is no name of a class, or has a fraction; the row is named.
    """
    if column.dtype == pl.String:
        numbers = _numbers(classes)
        values = [_vote_of(item, numbers) for item in column.to_list()]
        wrong = next((row for row, value in enumerate(values) if value is None), None)
    elif column.dtype.is_numeric():
        filled = (column.fill_nan(None) if column.dtype.is_float() else column).fill_null(ABSTAIN)
        values = filled.cast(pl.Int64, strict=False).to_list()
        wrong = next((row for row, value in enumerate(values) if value is None or value != filled[row]), None)
    else:
        values, wrong = [], 0
    if wrong is not None:
        raise DataError(
            f"{read.where(wrong)}: column {column.name!r} is {column[wrong]!r}, no class ({', '.join(classes[:5])}) and no abstain; "
            f"leave the column out with --not-columns {column.name}"
        )
    return np.array(values, dtype=np.int64)


def _named_by_numbers(
    table: pl.DataFrame, functions: Sequence[str], classes: Sequence[str], options: VoteOptions
) -> tuple[pl.DataFrame, list[str]]:
    """Class indices where the classes' names are other whole numbers, such as 1 to 5, and the votes fit these names alone.

    Returns
    -------
    DataFrame
        As it was where numbers are indices.
    list of str
        How they were read, where both were possible ways.
    """
    index = {int(name): k for k, name in enumerate(classes) if _WHOLE.fullmatch(name)}
    if options.abstain != ABSTAIN or len(index) < len(classes) or ABSTAIN in index:
        return table, []
    numbers = table.select(functions).select(pl.selectors.numeric())
    found = {value for column in numbers for value in column.unique().drop_nulls() if value == value} - {ABSTAIN}  # noqa: PLR0124 - NaN
    if list(index) == list(range(len(classes))) or not found or not found <= set(index):
        return table, []
    if found <= set(range(len(classes))):
        one = min(found)
        told = (
            f"numbers are read as indices of classes: {one:g} is class {classes[int(one)]!r}, not {classes[index[one]]!r}; "
            "where they are names, give classes and votes names that are no numbers, such as c1"
        )
        return table, [told]
    named = {name: numbers[name].cast(pl.Int64).replace_strict(index, default=ABSTAIN) for name in numbers.columns}
    return table.with_columns(**named), [f"numbers are read as names of classes, {', '.join(classes[:5])}"]


def _repeated_names(table: pl.DataFrame, path: Path) -> list[str]:
    """Notes about names of rows that come twice or are missing."""
    named = next((name for name in NAMES if name in table.columns), None)
    if named is None:
        return []
    twice = table[named].filter(table[named].is_duplicated() & table[named].is_not_null()).unique(maintain_order=True)
    missing = table[named].null_count()
    notes = [f"{path.name}: {len(twice)} names in {named} come more than once ({twice[0]})"] if len(twice) else []
    return notes + ([f"{path.name}: {missing} rows have no {named}"] if missing else [])


def _refuse_a_feature(
    votes: npt.NDArray[Any], functions: Sequence[str], n_classes: int, options: VoteOptions, path: Path
) -> None:
    """Ask about a column that may be a number about the rows, where nobody named the columns of votes.

    Raises
    ------
    DataError
        Names the column and its agreement.
    """
    if options.columns is not None or options.abstain != ABSTAIN:
        return
    for j, name in enumerate(functions):
        compared = _agreement(votes, j, n_classes)
        if compared is not None and compared.by_chance and compared.rows >= _FEATURE_ROWS:
            raise DataError(
                f"{path}: is column {name!r} a function's votes? It votes on every row and agrees with the others no more than "
                f"chance would ({compared.agreement:.2f} of {compared.rows} rows, by chance {compared.chance:.2f}). Leave it out with "
                f"--not-columns {name}, or name all columns that are votes in --columns"
            )


def _doubtful(votes: npt.NDArray[Any], functions: Sequence[str], n_classes: int, path: Path) -> list[str]:
    """Notes about columns that equal another, or that never abstain where all others do."""
    lines = []
    for j, name in enumerate(functions):
        twin = next((other for k, other in enumerate(functions[:j]) if np.array_equal(votes[:, j], votes[:, k])), None)
        compared = _agreement(votes, j, n_classes)
        if twin is not None:
            lines.append(
                f"{path.name}: columns {twin!r} and {name!r} are equal; leave one out with --not-columns {name}"
            )
        elif compared is not None:
            lines.append(
                f"{path.name}: column {name!r} votes on every row, as gold or a feature would, and agrees with the majority of the "
                f"others in {compared.agreement:.2f} of {compared.rows} rows (by chance {compared.chance:.2f}); if it is no function, "
                f"leave it out with --not-columns {name}"
            )
    return lines


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


def _row_names(table: pl.DataFrame) -> list[str]:
    named = next((name for name in NAMES if name in table.columns), None)
    return [str(row) for row in range(table.height)] if named is None else table[named].cast(pl.String).to_list()


def _indices(column: pl.Series, classes: Sequence[str], path: Path) -> pl.Series:
    if column.dtype.is_integer():
        return column
    numbers = _numbers(classes)
    result = pl.Series(
        column.name,
        [
            None if item is None else numbers.get(item.strip(), numbers.get(item.strip().casefold()))
            for item in column.cast(pl.String)
        ],
        dtype=pl.Int64,
    )
    lost = column.filter(result.is_null() & column.is_not_null())
    if len(lost):
        promised = f"class indices, or one of {', '.join(classes)}"
        raise DataError(f"{path}, column {column.name!r}: {lost[0]!r} is no class; promised {promised}")
    return result


def _long(table: pl.DataFrame, path: Path) -> VotesFile:
    """Tasks and workers are put in the order of their names."""
    if table["label"].null_count():
        raise DataError(f"{path}, column 'label': a label is missing; leave the line out where a worker abstained")
    if table.select("task", "worker").is_duplicated().any():
        raise DataError(f"{path}: a worker labels a task twice; keep one label of each")
    tasks, workers = (table[name].cast(pl.String).unique().sort().to_list() for name in LONG[:2])
    place = {
        name: {value: i for i, value in enumerate(values)} for name, values in (("task", tasks), ("worker", workers))
    }
    rows = [place["task"][value] for value in table["task"].cast(pl.String)]
    columns = [place["worker"][value] for value in table["worker"].cast(pl.String)]
    votes = np.full((len(tasks), len(workers)), ABSTAIN, dtype=np.int64)
    votes[rows, columns] = table["label"].to_numpy()
    return VotesFile(tasks, workers, votes)


def _aligned(result: VotesFile, functions: Sequence[str], path: Path) -> VotesFile:
    unknown = [name for name in result.functions if name not in set(functions)]
    if unknown:
        raise DataError(f"{path}: function {unknown[0]!r} is not one the label model was fitted on: fit it again")
    votes = np.full((len(result.rows), len(functions)), ABSTAIN, dtype=np.int16)
    place = {name: j for j, name in enumerate(functions)}
    votes[:, [place[name] for name in result.functions]] = result.votes
    return VotesFile(result.rows, list(functions), votes, result.texts, result.gold)


def read_features(path: Path, rows: Sequence[str]) -> Features:
    """Read features.

    Parameters
    ----------
    path
        Parquet (``row_id``, ``feature``), or ``.npy`` in the order of the rows.
    rows
        Ids of the rows.

    Returns
    -------
    (n_rows, n_dimensions)

    Raises
    ------
    DataError
        A row has no feature, or the shape is another.
    """
    if path.suffix == ".npy":
        features = np.load(path, allow_pickle=False)
    else:
        table = pl.read_parquet(path)
        wanted = pl.DataFrame({"row_id": list(rows)}).join(table, on="row_id", how="left", maintain_order="left")
        if wanted["feature"].null_count():
            row = wanted.filter(pl.col("feature").is_null())["row_id"][0]
            raise DataError(f"{path}: no feature of row {row}")
        features = wanted["feature"].to_numpy()
    if features.ndim != 2 or len(features) != len(rows):  # noqa: PLR2004 - rows and dimensions
        raise DataError(f"{path}: features of shape {features.shape}; promised {len(rows)} rows x dimensions")
    return np.asarray(features, dtype=np.float32)


def read_gold(path: Path, rows: Sequence[str], classes: Sequence[str]) -> Any:
    """Read gold.

    Parameters
    ----------
    path
        CSV or Parquet (``row_id``, ``gold`` or ``label``), or ``.npy`` in the order of the rows.
    rows
        Ids of the rows.
    classes
        Names of the classes.

    Returns
    -------
    (n_rows,)
        Class index or ``NO_GOLD``.

    Raises
    ------
    DataError
        The file or a column is missing, a value is no class, a row has two, or no row is one of those of the votes.
    """
    if not path.exists():
        raise DataError(f"{path} is missing")
    if path.suffix == ".npy":
        gold = np.load(path, allow_pickle=False)
    else:
        table, _ = read_frame(path, as_text=_TEXT)
        name = next((name for name in ("gold", "label") if name in table.columns), None)
        if name is None:
            raise DataError(f"{path}: no column 'gold' or 'label'; it has {', '.join(table.columns)}")
        gold = _joined(_row_names(table), _indices(table[name], classes, path).fill_null(NO_GOLD), rows, path)
    try:
        return check_gold(gold, len(rows), len(classes), names=rows)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _joined(names: Sequence[str], labels: pl.Series, rows: Sequence[str], path: Path) -> Any:
    known: dict[str, int] = {}
    for name, label in zip(names, labels, strict=True):
        if known.setdefault(name, label) != label:
            raise DataError(f"{path}, row {name}: gold is {known[name]} and {label}; keep one")
    wanted = set(rows)
    if known and not wanted.intersection(known):
        raise DataError(f"{path}: none of its {len(known)} rows is in the votes (the first is {next(iter(known))})")
    return np.array([known.get(row, NO_GOLD) for row in rows])


class TextFeatures:
    """Features of texts without a backbone: TF-IDF of words and pairs of words, reduced to ``dimensions``."""

    def __init__(self, texts: Sequence[str], *, dimensions: int, seed: int) -> None:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
        try:
            seen = self._words.fit_transform(texts)
        except ValueError as error:
            raise DataError(f"texts make no features ({error}): give --features from a backbone") from error
        self._reduce = TruncatedSVD(min(dimensions, min(seen.shape) - 1), random_state=seed).fit(seen)

    def __call__(self, texts: Sequence[str]) -> Features:
        """Compute features.

        Parameters
        ----------
        texts
            Texts of the rows.

        Returns
        -------
        (n_rows, n_dimensions)
        """
        return np.asarray(self._reduce.transform(self._words.transform(texts)), dtype=np.float32)
