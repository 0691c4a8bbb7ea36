"""Files beside a file of votes: features of its rows, and gold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.common.spelling import counted
from tidemill.contracts import NO_GOLD, DataError, Features
from tidemill.denoise.array_files import ARRAYS, load_array, refuse_other_formats
from tidemill.denoise.statistics.gold_scores import check_gold
from tidemill.denoise.vote_files import NAMES, TEXT_COLUMNS, row_names
from tidemill.denoise.vote_values import as_indices, numbered_classes, read_cells, words_for_no_vote
from tidemill.readers.frame import read_frame
from tidemill.readers.table import Table

_LABELS: Final = ("gold", "label")


def read_features(path: Path, rows: Sequence[str]) -> Features:
    """Read features.

    Parameters
    ----------
    path
        Parquet (``row_id``, ``feature``), or ``.npy`` or ``.npz`` in the order of the rows.
    rows
        Ids of the rows.

    Returns
    -------
    (n_rows, n_dimensions)

    Raises
    ------
    DataError
        The file is missing or of another form, a row has no feature, or the shape is another.
    """
    if not path.exists():
        raise DataError(f"{path} is missing")
    features = load_array(path) if path.suffix.lower() in ARRAYS else _joined_features(path, rows)
    if features.ndim != 2 or len(features) != len(rows):  # noqa: PLR2004 - rows and dimensions
        raise DataError(f"{path}: features of shape {features.shape}; promised {len(rows)} rows x dimensions")
    try:
        return np.asarray(features, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: features are no numbers ({error})") from error


def _joined_features(path: Path, rows: Sequence[str]) -> Any:
    try:
        table = pl.read_parquet(path, glob=False).select(pl.col("row_id").cast(pl.String), "feature")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(
            f"{path}: promised Parquet with columns row_id and feature, or .npy ({str(error).splitlines()[0]})"
        ) from error
    twice = table["row_id"].filter(table["row_id"].is_duplicated())
    if len(twice):
        raise DataError(f"{path}: row {twice[0]} has features twice; keep one")
    wanted = pl.DataFrame({"row_id": list(rows)}).join(table, on="row_id", how="left", maintain_order="left")
    if wanted["feature"].null_count():
        row = wanted.filter(pl.col("feature").is_null())["row_id"][0]
        raise DataError(f"{path}: no feature of row {row}")
    features = wanted["feature"]
    if isinstance(features.dtype, pl.List):  # as pandas writes arrays
        sizes = features.list.len()
        if sizes.n_unique() > 1:
            other = wanted.filter(sizes != sizes[0])["row_id"][0]
            raise DataError(
                f"{path}: row {other} has a feature of another length than row {wanted['row_id'][0]} ({sizes[0]})"
            )
        features = features.list.to_array(sizes[0] if len(sizes) else 0)
    return features.to_numpy()


def read_gold(
    path: Path, rows: Sequence[str], classes: Sequence[str], *, by_name: bool = False
) -> tuple[Any, list[str]]:
    """Read gold.

    Parameters
    ----------
    path
        Any table (``row_id``, ``gold`` or ``label``); one that names no rows and arrays are in the order of the rows.
    rows
        Ids of the rows.
    classes
        Names of the classes.
    by_name
        Whether numbers among the votes are names of classes, as in 1 to 5.

    Returns
    -------
    (n_rows,)
        Class index or ``NO_GOLD``.
    list of str
        What was guessed or left out.

    Raises
    ------
    DataError
        The file or a column is missing, a value is no class, a row has two, no row is one of those of the votes, or no row is named
        and they are not as many.
    """
    if not path.exists():
        raise DataError(f"{path} is missing")
    refuse_other_formats(path)
    notes: list[str] = []
    if path.suffix.lower() in ARRAYS:
        gold = load_array(path)
    else:
        table, read = read_frame(path, as_text=TEXT_COLUMNS)
        notes += read.notes
        labels = _labels(table, read, classes, by_name=by_name, notes=notes)
        names = (
            row_names(table) if any(name in table.columns for name in NAMES) else _other_names(table, rows, path, notes)
        )
        gold = _in_order(labels, rows, path, notes) if names is None else _joined(names, labels, rows, path, notes)
    try:
        return check_gold(gold, len(rows), len(classes), names=rows), notes
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _labels(table: pl.DataFrame, read: Table, classes: Sequence[str], *, by_name: bool, notes: list[str]) -> list[int]:
    name = next((name for name in _LABELS if name in table.columns), None)
    if name is None:
        raise DataError(f"{read.name}: no column 'gold' or 'label'; it has {', '.join(table.columns)}")
    cells = read_cells(table[name], classes)
    if len(cells.wrong):
        row = int(cells.wrong[0])
        raise DataError(
            f"{read.where(row)}, column {name!r}: {table[name][row]!r} is no class; promised class indices, or one of "
            f"{', '.join(classes)}"
        )
    indices, told, _ = as_indices([cells], classes, NO_GOLD, by_name=by_name)
    notes += [f"{read.name}: {told}"] if told else []
    notes += words_for_no_vote([cells], read.name)
    notes += [] if told else numbered_classes(set(cells.values[~cells.named].tolist()), classes, read.name)
    return [int(label) for label in indices[:, 0]]


def _other_names(table: pl.DataFrame, rows: Sequence[str], path: Path, notes: list[str]) -> list[str] | None:
    """Names of rows in a column of another name, whose values are those of the votes' rows; None where no column seems to hold some.

    Raises
    ------
    DataError
        A column of different texts seems to name rows, and these are none of the votes'.
    """
    known, numbered = set(rows), list(map(str, range(len(rows))))
    for name in table.columns:
        column = table[name].cast(pl.String, strict=False)
        if name in _LABELS or column.null_count() or column.n_unique() < max(2, len(column)):
            continue
        found = sum(value in known for value in column)
        if 2 * found > len(column) and list(rows) != numbered:
            notes.append(
                f"{path.name}: column {name!r} names its rows, for {found} of its {len(column)} values are rows of the votes"
            )
            return column.to_list()
        if table[name].dtype == pl.String and not column.str.contains(r"\s").any():  # texts are no names
            raise DataError(
                f"{path}: does column {name!r} name its rows? Of its values, such as {column[0]!r:.40}, {found or 'none'} are rows of the votes: call it row_id "
                "here and in the votes, or leave it out, so that the lines are taken in their order"
            )
    return None


def _in_order(labels: Sequence[int], rows: Sequence[str], path: Path, notes: list[str]) -> Any:
    """Numbers of its lines are not names: those of the votes may begin at 1, or stand in another order."""
    if len(labels) != len(rows):
        raise DataError(
            f"{path}: no column names its rows, and it has {len(labels)} where the votes have {len(rows)}: give it the votes' "
            "row_id as a column"
        )
    notes.append(f"{path.name}: no column names its rows: they are taken for those of the votes, in their order")
    return np.array(labels)


def _joined(names: Sequence[str], labels: Sequence[int], rows: Sequence[str], path: Path, notes: list[str]) -> Any:
    known: dict[str, int] = {}
    for name, label in zip(names, labels, strict=True):
        if known.setdefault(name, label) != label:
            raise DataError(f"{path}, row {name}: gold is {known[name]} and {label}; keep one")
    wanted = set(rows)
    others = [name for name in known if name not in wanted]
    if known and len(others) == len(known):
        raise DataError(f"{path}: none of its {len(known)} rows is in the votes (the first is {others[0]})")
    if others:
        notes.append(
            f"{path.name}: {len(others)} of its {len(known)} rows are not in the votes ({others[0]} is the first)"
        )
    times = Counter(rows)
    unclear = [name for name, label in known.items() if times[name] > 1 and label != NO_GOLD]
    if unclear:
        notes.append(
            f"{path.name}: {counted(len(unclear), 'label is', 'labels are')} left out, since the votes have several rows of that name ({unclear[0]} is the first): "
            "give each row a name of its own, there and here"
        )
    return np.array([known.get(row, NO_GOLD) if times[row] == 1 else NO_GOLD for row in rows])


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
