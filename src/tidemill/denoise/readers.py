"""files of votes, features and gold, in the forms people have them in -> arrays.

Votes: Parquet or CSV with a column per function (``row_id`` names rows; text columns are passed over), Parquet or CSV
in crowd-kit's long form (task, worker, label), a NumPy array, or WRENCH's JSON with its texts and labels. Labels in the
long form, and gold, are class indices or names of classes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.contracts import ABSTAIN, NO_GOLD, DataError, Features
from tidemill.denoise.statistics.gold import check_gold
from tidemill.denoise.statistics.votes import check_votes

LONG: Final = ("task", "worker", "label")
NAMES: Final = ("row_id", "task", "id")


@dataclass(frozen=True)
class VotesFile:
    """What one file of votes holds: names of rows and functions, votes, and texts or gold where the form has them."""

    rows: list[str]
    functions: list[str]
    votes: npt.NDArray[Any]
    texts: list[str] | None = None
    gold: Any = None


def read_votes(path: Path, classes: Sequence[str], *, functions: Sequence[str] | None = None) -> VotesFile:
    """File and names of the classes -> its votes, in the order of ``functions`` where these are given.

    Raises
    ------
    DataError
        The file is missing, its form is unknown, a vote is none, or it has functions the model does not know.
    """
    readers: dict[str, Callable[[Path], VotesFile]] = {
        ".json": _wrench,
        ".npy": _array,
        ".parquet": lambda path: _table(path, classes),
        ".csv": lambda path: _table(path, classes),
    }
    if path.suffix not in readers:
        raise DataError(f"{path}: votes are .parquet, .csv, .npy or WRENCH's .json")
    if not path.exists():
        raise DataError(f"{path} is missing")
    found = readers[path.suffix](path)
    found = replace(found, votes=check_votes(found.votes, len(classes), names=found.functions))
    return found if functions is None else _aligned(found, functions, path)


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


def _read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)


def _table(path: Path, classes: Sequence[str]) -> VotesFile:
    table = _read(path)
    if set(LONG) <= set(table.columns):
        return _long(table.with_columns(label=_indices(table["label"], classes, path)), path)
    functions = [name for name, dtype in table.schema.items() if dtype.is_integer() and name not in NAMES]
    if not functions:
        raise DataError(f"{path}: no column of whole numbers; it has {', '.join(table.columns)}")
    missing = [name for name in functions if table[name].null_count()]
    if missing:
        raise DataError(f"{path}, column {missing[0]!r}: a vote is missing; an abstain is {ABSTAIN}")
    return VotesFile(_row_names(table), functions, table.select(functions).to_numpy())


def _row_names(table: pl.DataFrame) -> list[str]:
    named = next((name for name in NAMES if name in table.columns), None)
    return [str(row) for row in range(table.height)] if named is None else table[named].cast(pl.String).to_list()


def _indices(column: pl.Series, classes: Sequence[str], path: Path) -> pl.Series:
    """Class indices, or names of classes -> class indices.

    Raises
    ------
    DataError
        A value is neither.
    """
    if column.dtype.is_integer():
        return column
    named = {name: k for k, name in enumerate(classes)}
    found = column.cast(pl.String).replace_strict(named, default=None, return_dtype=pl.Int64)
    lost = column.filter(found.is_null() & column.is_not_null())
    if len(lost):
        promised = f"class indices, or one of {', '.join(classes)}"
        raise DataError(f"{path}, column {column.name!r}: {lost[0]!r} is no class; promised {promised}")
    return found


def _long(table: pl.DataFrame, path: Path) -> VotesFile:
    """crowd-kit's form -> votes; tasks and workers in the order of their names."""
    if table["label"].null_count():
        raise DataError(f"{path}, column 'label': a label is missing; leave the line out where a worker said nothing")
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


def _aligned(found: VotesFile, functions: Sequence[str], path: Path) -> VotesFile:
    unknown = [name for name in found.functions if name not in set(functions)]
    if unknown:
        raise DataError(f"{path}: function {unknown[0]!r} is not one the label model was fitted on: fit it again")
    votes = np.full((len(found.rows), len(functions)), ABSTAIN, dtype=np.int8)
    place = {name: j for j, name in enumerate(functions)}
    votes[:, [place[name] for name in found.functions]] = found.votes
    return VotesFile(found.rows, list(functions), votes, found.texts, found.gold)


def read_features(path: Path, rows: Sequence[str]) -> Features:
    """Parquet (row_id, feature) or a NumPy array in the order of rows -> (rows, dimensions)."""
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
    """Read gold: CSV or Parquet (row_id, gold or label), or a NumPy vector in the order of rows.

    Parameters
    ----------
    path : Path
    rows : sequence of str
        Names of the rows of votes.
    classes : sequence of str

    Returns
    -------
    (n_rows,)
        Class index, or ``NO_GOLD``.

    Raises
    ------
    DataError
        The file is missing, a value is no class, a row has two, or no row is one of those of the votes.
    """
    if not path.exists():
        raise DataError(f"{path} is missing")
    if path.suffix == ".npy":
        gold = np.load(path, allow_pickle=False)
    else:
        table = _read(path)
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
    """Texts -> features without a backbone: TF-IDF of words and pairs of words, reduced to ``dimensions``."""

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
        """Texts -> (rows, dimensions)."""
        return np.asarray(self._reduce.transform(self._words.transform(texts)), dtype=np.float32)
