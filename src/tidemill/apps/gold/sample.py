"""Rows that are worth a person's label: one of each group of alike rows, more of those that models doubt, and a share drawn at random.

Rows that are picked because models are unsure are harder than most, so scores on them would mislead: they are of the splits that
teach. Rows of the splits that judge come in by the random share alone, which also estimates without bias how good labels are.

Doubt alone would pick by what models know, and of a new source they know nothing: its doubtful rows can all be of one class.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows
from tidemill.apps.gold.sample_file import write_sample
from tidemill.contracts import NO_GOLD, DataError, probability_columns
from tidemill.project.contents import shown_contents
from tidemill.project.project import Project
from tidemill.readers.write import check_out

_TEACHING: Final = ("train", "dev")
_MOST_GROUPED: Final = 5000
"""Rows that are grouped at most, drawn at random from more: seconds."""


@dataclass(frozen=True)
class SampleRequest:
    """How many rows, and which.

    Parameters
    ----------
    most
        Number of rows.
    batch
        The batch that they are of; None: any.
    audit
        Share of rows that are drawn at random from all splits, in [0, 1].
    seed
        Of the draw.
    """

    most: int
    batch: str | None
    audit: float
    seed: int


@dataclass(frozen=True)
class GoldSample:
    """Rows to be labeled.

    Parameters
    ----------
    table
        row_id, batch, key, picked (uncertain or random), text where rows are texts, and an empty column ``label``.
    by
        What the others than the random rows were chosen by.
    """

    table: pl.DataFrame
    by: str


def sample_rows(project: Project, name: str, request: SampleRequest, out: Path) -> GoldSample:
    """Pick rows without a label, and write them to a file that comes back by `tidemill gold add`.

    Batches that have arrived since the last run are made into tables first, as the ingest stage does.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    request
        How many rows, and which.
    out
        ``.csv``, ``.jsonl`` or ``.parquet``.

    Returns
    -------
    GoldSample

    Raises
    ------
    DataError
        There is no such batch, all its rows have labels, or a row of a new batch cannot be taken.
    ConfigError
        The name of ``out`` ends with no format that is written, or the file holds labels or other content.
    """
    check_out(out)
    make_tables(project, name)
    rows = problem_rows(project, name)
    sample = pick_rows(rows, request)
    write_sample(sample.table, out, rows)
    return sample


def pick_rows(rows: ProblemRows, request: SampleRequest) -> GoldSample:
    """Pick rows without a label.

    Parameters
    ----------
    rows
        Of the problem.
    request
        How many rows, and which.

    Returns
    -------
    GoldSample
        In an order drawn at random.

    Raises
    ------
    DataError
        There is no such batch, or all its rows have labels.
    """
    open_rows = rows_without_label(rows, request.batch)
    scores, by = _scores(rows, open_rows)
    rng = np.random.default_rng(request.seed)
    order = rng.permutation(open_rows.height)
    random = order[: min(open_rows.height, _audited(request) if scores is not None else request.most)]
    chosen = np.zeros(0, dtype=np.int64)
    if scores is not None:
        teaches = open_rows["split"].is_in(_TEACHING).to_numpy().copy()
        teaches[random] = False
        teaching = order[teaches[order]][:_MOST_GROUPED]
        features, number = unit_features(rows, open_rows), request.most - len(random)
        chosen = pick_from_groups(teaching, scores, features, number, seed=request.seed)
        by = by if features is None else f"groups of alike rows and by {by}"
    picked = pl.concat([_rows(open_rows, chosen, "uncertain"), _rows(open_rows, random, "random")])
    table = with_content(rows, picked)[rng.permutation(picked.height).tolist()]
    return GoldSample(table, by)


def _audited(request: SampleRequest) -> int:
    return round(request.audit * request.most)


def rows_without_label(rows: ProblemRows, batch: str | None) -> pl.DataFrame:
    """List rows that nobody has labeled.

    Parameters
    ----------
    rows
        Of the problem.
    batch
        That they are of; None: any.

    Returns
    -------
    polars.DataFrame
        Of the columns of ``rows.table``.

    Raises
    ------
    DataError
        There is no such batch, or all its rows have labels.
    """
    table = rows.table
    if batch is not None:
        table = table.filter(pl.col("batch") == batch)
        if table.is_empty():
            names = ", ".join(rows.table["batch"].unique(maintain_order=True))
            raise DataError(f"there is no batch {batch!r}; there are {names}{rows.not_arrived}")
    open_rows = table.filter(pl.col("gold") == NO_GOLD)
    if open_rows.is_empty():
        raise DataError(f"all {table.height} rows{' of ' + batch if batch else ''} have labels already")
    return open_rows


def _scores(rows: ProblemRows, open_rows: pl.DataFrame) -> tuple[npt.NDArray[np.float64] | None, str]:
    """Doubt of each row: how unsure the models are, and how far apart. None where no model has seen any row."""
    columns = probability_columns(rows.problem.classes)
    files = {"label model": rows.paths.labels, "end model": rows.paths.predictions}
    predicted = {title: _predicted(file, open_rows, columns) for title, file in files.items() if file.exists()}
    predicted = {title: table for title, table in predicted.items() if not np.isnan(table).all()}
    if not predicted:
        why = (
            "has been trained yet"
            if not any(file.exists() for file in files.values())
            else "has predicted these rows yet"
        )
        return None, f"chance alone, since no model {why} (`dvc repro` does)"
    stacked = np.stack(list(predicted.values()))
    known = ~np.isnan(stacked).any(axis=2)
    mean = np.nan_to_num(np.nansum(stacked, axis=0) / np.maximum(known.sum(axis=0), 1)[:, None], nan=0.0)
    two = np.sort(mean, axis=1)[:, -2:]
    unsure = np.where(known.any(axis=0), 1.0 - (two[:, 1] - two[:, 0]), 1.0)
    apart = np.zeros(len(mean))
    if len(stacked) > 1:
        both = known.all(axis=0)
        apart[both] = np.abs(stacked[0, both] - stacked[1, both]).sum(axis=1) / 2
    return unsure + apart, f"doubt and disagreement of {' and '.join(predicted)}"


def _predicted(file: Path, open_rows: pl.DataFrame, columns: list[str]) -> npt.NDArray[np.float64]:
    table = pl.read_parquet(file, glob=False)
    if any(column not in table.columns for column in columns):  # of other classes, before these were set
        return np.full((open_rows.height, len(columns)), np.nan)
    joined = open_rows.select("row_id").join(table, on="row_id", how="left", maintain_order="left")
    result: npt.NDArray[np.float64] = joined.select(pl.col(columns).cast(pl.Float64).fill_null(np.nan)).to_numpy()
    return result


def unit_features(rows: ProblemRows, open_rows: pl.DataFrame) -> npt.NDArray[np.float32] | None:
    """Read features of rows, at length one.

    Parameters
    ----------
    rows
        Of the problem.
    open_rows
        Some of its rows.

    Returns
    -------
    (n_rows, n_dimensions) or None
        None where one of the rows has not been embedded, or by another backbone than the others.
    """
    files = [rows.paths.features / f"{batch}.parquet" for batch in open_rows["batch"].unique(maintain_order=True)]
    if not all(file.exists() for file in files):
        return None
    tables = [pl.read_parquet(file, columns=["row_id", "feature"], glob=False) for file in files]
    if len({table["feature"].dtype for table in tables}) > 1:  # of two backbones
        return None
    joined = open_rows.select("row_id").join(pl.concat(tables), on="row_id", how="left", maintain_order="left")
    if joined["feature"].null_count():
        return None
    features: npt.NDArray[np.float32] = joined["feature"].to_numpy()
    lengths: npt.NDArray[np.float32] = np.linalg.norm(features, axis=1, keepdims=True)
    return np.divide(features, np.maximum(lengths, 1e-12))


def pick_from_groups(
    places: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], features: Any, number: int, *, seed: int
) -> npt.NDArray[np.int64]:
    """Group rows by k-means, in which a row of twice the mean score weighs half as much again, and pick the row nearest to each centre.

    Parameters
    ----------
    places : (n_places,)
        Places of rows to pick from.
    scores : (n_rows,)
        Of all rows, at least 0.
    features : (n_rows, n_dimensions) or None
        None: rows of the largest scores are picked.
    number
        Of rows to pick.
    seed
        Of k-means.

    Returns
    -------
    (n_picked,)
        All of ``places`` where there are no more than ``number``.

    References
    ----------
    Zhdanov (2019), "Diverse mini-batch active learning"; Hacohen, Dekel and Weinshall (2022), "Active learning on a budget: opposite
    strategies suit high and low budgets".
    """
    if features is None or len(places) <= number or number < 1:
        return places[np.argsort(-scores[places], kind="stable")][:number]
    from sklearn.cluster import KMeans

    own = features[places] - features[places].mean(axis=0)
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-12)
    mean = float(scores[places].mean())
    weights = 1.0 + (scores[places] / mean if mean > 0 else 0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer rows differ than groups are asked for: handled below
        groups = KMeans(number, n_init=2, random_state=seed).fit(own, sample_weight=weights)
    distances = groups.transform(own)
    own_distance = distances[np.arange(len(own)), groups.labels_]
    nearest = np.lexsort((own_distance, groups.labels_))
    first = np.unique(groups.labels_[nearest], return_index=True)[1]
    picked = nearest[first]
    if len(picked) < number:  # of rows that are the same there are fewer groups
        doubtful = np.argsort(-scores[places], kind="stable")
        picked = np.concatenate([picked, doubtful[~np.isin(doubtful, picked)][: number - len(picked)]])
    return places[picked]


def pick_unlike(
    ranked: npt.NDArray[np.int64], scores: npt.NDArray[np.float64], features: Any, number: int
) -> npt.NDArray[np.int64]:
    """Pick greedily the row with the largest score times distance to the nearest row picked before.

    Parameters
    ----------
    ranked : (n_ranked,)
        Places of rows to pick from, that of the largest score first.
    scores : (n_rows,)
        Of all rows.
    features : (n_rows, n_dimensions) or None
        At length one; None: the first of ``ranked`` are picked.
    number
        Of rows to pick.

    Returns
    -------
    (n_picked,)
        In the order in which they were picked.

    References
    ----------
    Sener and Savarese (2018), "Active learning for convolutional neural networks: a core-set approach".
    """
    if features is None or len(ranked) <= number:
        return ranked[:number]
    own = features[ranked]
    distance, chosen = np.full(len(ranked), 2.0), list[int]()
    for _ in range(number):
        value = scores[ranked] * distance
        value[chosen] = -1.0
        best = int(value.argmax())
        chosen.append(best)
        distance = np.minimum(distance, 1.0 - own @ own[best])
    return ranked[chosen]


def _rows(open_rows: pl.DataFrame, places: npt.NDArray[np.int64], picked: str) -> pl.DataFrame:
    kept: pl.DataFrame = open_rows[places.tolist()]
    return kept.select("row_id", "batch", "key", pl.lit(picked).alias("picked"))


def with_content(rows: ProblemRows, picked: pl.DataFrame) -> pl.DataFrame:
    """Add the text, where rows are texts, and an empty column ``label``.

    Parameters
    ----------
    rows
        Of the problem.
    picked
        With columns ``row_id`` and ``batch``.

    Returns
    -------
    polars.DataFrame
        In the same order.
    """
    blank = pl.lit("").alias("label")
    if rows.problem.modality == "image":
        return picked.with_columns(blank)
    texts = shown_contents(rows.paths, picked["batch"].unique(maintain_order=True).to_list(), "text")
    return picked.join(texts, on="row_id", how="left", maintain_order="left").with_columns(blank)
