"""Rows that are worth a person's minute: those whose label is likely wrong, what the monitor asks about, and a random share.

What a row is worth is the chance that its label is wrong, which an answer corrects: by the label model's and the end model's
probability of the label, calibrated on rows that people have labeled. Rows of the splits that judge come in by the random share alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.gold.rows import ProblemRows, make_tables, problem_rows
from tidemill.apps.gold.sample import pick_unlike, rows_without_label, unit_features, with_content
from tidemill.apps.gold.sample_file import write_sample
from tidemill.contracts import ABSTAIN, NO_GOLD, DataError, probability_columns, votes_contract
from tidemill.monitor.accuracy import calibrate
from tidemill.project.gold_history import FOR_HARM, GoldHistory
from tidemill.project.project import Project
from tidemill.readers.write import check_out
from tidemill.reports.monitor import Drift
from tidemill.reports.review import QueuePart, ReviewQueue

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

SECONDS: Final = 10.0
"""That a row takes, where earlier answers do not say."""

_TEACHING: Final = ("train", "dev")
_CANDIDATES: Final = 10
_MONITOR_SHARE: Final = 0.25
_CALIBRATING: Final = 30
_WORTH: Final = 2.0  # times what a row drawn at random is expected to correct
_PARTS: Final = 10
_PAUSE: Final = 120.0  # seconds after which a person did something else between two answers
_AT_ONCE: Final = 0.5  # seconds: answers of one file
_GAPS: Final = 20

RANDOM: Final = "random"
HARM: Final = FOR_HARM
CLUSTER: Final = "of a kind that is new"
DECAYED: Final = "a function that decayed votes on it"
CONTRADICTED: Final = "the end model contradicts the label"
CONFLICT: Final = "functions disagree"
SILENT: Final = "no function votes"
UNSURE: Final = "the models are unsure"


@dataclass(frozen=True)
class QueueRequest:
    """How many rows, and which.

    Parameters
    ----------
    budget
        Number of rows.
    batch
        The batch that they are of; None: any.
    audit
        Share of rows that are drawn at random from all splits, in [0, 1].
    seconds
        That a row takes; None: as measured of earlier answers.
    seed
        Of the draw.
    """

    budget: int
    batch: str | None = None
    audit: float = 0.1
    seconds: float | None = None
    seed: int = 7


def write_queue(project: Project, name: str, request: QueueRequest, out: Path) -> ReviewQueue:
    """Pick rows, and write them in the order in which they are to be answered.

    Parameters
    ----------
    project
        The project; `tidemill run` has made labels.
    name
        Name of the problem.
    request
        How many rows, and which.
    out
        ``.csv``, ``.jsonl`` or ``.parquet``, for `tidemill gold add` or `tidemill review push`.

    Returns
    -------
    ReviewQueue
        What the rows are expected to bring.

    Raises
    ------
    DataError
        There are no labels yet, no such batch, or all its rows have been answered.
    ConfigError
        The name of ``out`` ends with no format that is written, or the file holds labels or other content.
    """
    check_out(out)
    make_tables(project, name)
    rows = problem_rows(project, name)
    drift = Drift.read_if_there(rows.paths.last_drift) or Drift.read_if_there(rows.paths.reports / "drift.json")
    table, errors = pick_queue(rows, request, drift)
    write_sample(with_content(rows, table), out, rows)
    seconds = request.seconds or seconds_of(rows.history) or SECONDS
    return summarized(table, errors, seconds)


def pick_queue(rows: ProblemRows, request: QueueRequest, drift: Drift | None) -> tuple[pl.DataFrame, float]:
    """Pick rows without an answer.

    Parameters
    ----------
    rows
        Of the problem.
    request
        How many rows, and which.
    drift
        Report of the monitor, where there is one.

    Returns
    -------
    table : polars.DataFrame
        row_id, batch, key, picked (why) and expected (chance that the label is wrong), in the order in which they are to be answered.
    errors : float
        Mean of these chances over all rows without an answer.

    Raises
    ------
    DataError
        There are no labels yet, no such batch, or all its rows have been answered.
    """
    open_rows = rows_without_label(rows, request.batch)
    places = np.array([rows.place[row_id] for row_id in open_rows["row_id"]], dtype=np.int64)
    opinions = read_opinions(rows)
    wrong = chances_of_error(opinions, rows.table["gold"].to_numpy())[places]
    why = _reasons(rows, open_rows, opinions.contradicted[places], drift)
    rng = np.random.default_rng(request.seed)
    harm = _of_harm(open_rows, drift)[: round(_MONITOR_SHARE * request.budget)]
    mixed = rng.permutation(len(wrong))
    random = mixed[~np.isin(mixed, harm)][: round(request.audit * request.budget)]
    free = open_rows["split"].is_in(_TEACHING).to_numpy().copy()
    free[np.concatenate([random, harm])] = False
    of_monitor = np.isin(why, (CLUSTER, DECAYED)) & free
    asked = _largest(wrong, np.flatnonzero(of_monitor))[: round(_MONITOR_SHARE * request.budget)]
    free[asked] = False
    ranked = _largest(wrong, np.flatnonzero(free))[: _CANDIDATES * request.budget]
    number = max(0, request.budget - len(random) - len(harm) - len(asked))
    features = unit_features(rows, open_rows)
    others = pick_unlike(ranked, wrong, features, number)
    ordered = np.concatenate([harm, _spread(_largest(wrong, np.concatenate([asked, others])), random)])
    why[harm], why[random] = HARM, RANDOM
    picked = pl.Series("picked", why[ordered], dtype=pl.String)
    table: pl.DataFrame = open_rows[ordered.tolist()].select("row_id", "batch", "key")
    return table.with_columns(picked, pl.Series("expected", wrong[ordered].round(4))), float(wrong.mean())


def _of_harm(open_rows: pl.DataFrame, drift: Drift | None) -> Index:
    """Places of the rows by which the monitor decides whether a drift harms, in their order, of which none may be skipped."""
    harm = None if drift is None or drift.stream is None else drift.stream.harm
    wanted = () if harm is None or harm.labels is None or harm.labels.outcome is not None else harm.labels.rows
    places = {row_id: place for place, row_id in enumerate(open_rows["row_id"])}
    return np.array([places[row_id] for row_id in wanted if row_id in places], dtype=np.int64)


def _largest(scores: Array, places: Index) -> Index:
    return places[np.argsort(-scores[places], kind="stable")]


def _spread(ranked: Index, random: Index) -> Index:
    """Random rows at even distances among the others, so that whoever stops early has answered their share of both."""
    places = np.concatenate([(np.arange(len(part)) + 0.5) / max(len(part), 1) for part in (ranked, random)])
    return np.concatenate([ranked, random])[np.argsort(places, kind="stable")]


@dataclass(frozen=True)
class ModelOpinions:
    """What label model and end model say of the labels of all rows.

    Parameters
    ----------
    chance : (n_rows,)
        That the label is right, by the mean of both models, uncalibrated.
    label : (n_rows,)
        Likeliest class by the label model.
    contradicted : (n_rows,)
        Whether another class is likelier by the end model.
    """

    chance: Array
    label: Index
    contradicted: npt.NDArray[np.bool_]


def read_opinions(rows: ProblemRows) -> ModelOpinions:
    """Read what both models say of every row of a problem.

    Parameters
    ----------
    rows
        Of the problem.

    Returns
    -------
    ModelOpinions
        In the order of the problem's table; a row without a label has classes that are equally likely.

    Raises
    ------
    DataError
        There are no labels yet, or they are of other classes.
    """
    columns = probability_columns(rows.problem.classes)
    if not rows.paths.labels.exists():
        raise DataError(
            f"there are no labels of {rows.paths.name} yet: `tidemill run problem={rows.paths.name}` makes them"
        )
    if not set(columns) <= pl.scan_parquet(rows.paths.labels, glob=False).collect_schema().keys():
        raise DataError(
            f"{rows.paths.labels} is of other classes than {', '.join(rows.problem.classes)}: `tidemill run problem={rows.paths.name}` makes "
            "it anew"
        )
    label = _predicted(rows.paths.labels, rows.table, columns)
    model = _predicted(rows.paths.predictions, rows.table, columns) if rows.paths.predictions.exists() else label
    classes = label.argmax(axis=1)
    place = np.arange(len(label))
    return ModelOpinions(
        (label[place, classes] + model[place, classes]) / 2.0, classes, model.argmax(axis=1) != classes
    )


def chances_of_error(opinions: ModelOpinions, gold: Index) -> Array:
    """Estimate the chance that the label of a row is wrong.

    Parameters
    ----------
    opinions
        Of the models about all rows.
    gold : (n_rows,)
        What people say, ``NO_GOLD`` where they say nothing.

    Returns
    -------
    (n_rows,)
        Calibrated where people have labeled 30 rows.
    """
    known = np.flatnonzero(gold != NO_GOLD)
    right = opinions.label[known] == gold[known]
    if len(known) < _CALIBRATING or right.all() or not right.any():
        return 1.0 - opinions.chance
    return np.asarray(1.0 - calibrate(opinions.chance[known], right).predict(opinions.chance))


def _predicted(file: Path, some: pl.DataFrame, columns: list[str]) -> Array:
    """Rows that the file lacks have no class that is likelier than another."""
    table = pl.read_parquet(file, glob=False)
    even = 1.0 / len(columns)
    if any(column not in table.columns for column in columns):
        return np.full((some.height, len(columns)), even)
    joined = some.select("row_id").join(table, on="row_id", how="left", maintain_order="left")
    return np.asarray(joined.select(pl.col(columns).cast(pl.Float64).fill_null(even)).to_numpy())


def _reasons(
    rows: ProblemRows, some: pl.DataFrame, contradicted: npt.NDArray[np.bool_], drift: Drift | None
) -> npt.NDArray[Any]:
    """The first that holds."""
    votes = _votes(rows, some)
    matrix = np.stack(list(votes.values()), axis=1) if votes else np.full((some.height, 1), ABSTAIN)
    highest, lowest = matrix.max(axis=1), np.where(matrix == ABSTAIN, np.iinfo(np.int16).max, matrix).min(axis=1)
    voted = highest > ABSTAIN
    cluster, decayed = _of_monitor(some, votes, drift)
    conditions = [cluster, decayed, contradicted, voted & (lowest < highest), ~voted]
    return np.select(conditions, [CLUSTER, DECAYED, CONTRADICTED, CONFLICT, SILENT], default=UNSURE)


def _votes(rows: ProblemRows, some: pl.DataFrame) -> dict[str, npt.NDArray[np.int16]]:
    if not rows.paths.votes.exists():
        return {}
    table = pl.read_parquet(rows.paths.votes, glob=False)
    names = votes_contract(len(rows.problem.classes)).other_names(table.columns)
    joined = some.select("row_id").join(table, on="row_id", how="left", maintain_order="left")
    return {name: joined[name].fill_null(ABSTAIN).to_numpy().astype(np.int16) for name in names}


def _of_monitor(
    some: pl.DataFrame, votes: Mapping[str, npt.NDArray[np.int16]], drift: Drift | None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Rows of a cluster that is new, and rows of new batches on which a function that decayed votes."""
    cause = None if drift is None or drift.stream is None else drift.stream.cause
    if drift is None or cause is None:
        return np.zeros(some.height, dtype=np.bool_), np.zeros(some.height, dtype=np.bool_)
    ids = [row_id for group in cause.groups if group.kind == "cluster" for row_id in group.rows]
    new = some["batch"].is_in(list(drift.batches)).to_numpy()
    decayed = np.zeros(some.height, dtype=np.bool_)
    for function in cause.functions:
        if function.change == "decayed" and function.function in votes:
            decayed |= new & (votes[function.function] != ABSTAIN)
    return some["row_id"].is_in(ids).to_numpy(), decayed


def seconds_of(history: GoldHistory) -> float | None:
    """Measure how long an answer takes: the median time between two of one person, pauses left out.

    Parameters
    ----------
    history
        Of labels.

    Returns
    -------
    float or None
        In seconds; None where there are fewer than 20 such times.
    """
    table = pl.DataFrame(
        [(item.who, item.when) for item in history.answers if item.who is not None],
        schema={"who": pl.String, "when": pl.String},
        orient="row",
    )
    times = table.with_columns(pl.col("when").str.to_datetime(time_zone="UTC", strict=False)).sort("who", "when")
    gaps = times.select(pl.col("when").diff().over("who").dt.total_milliseconds() / 1000.0).to_series().drop_nulls()
    short = gaps.filter((gaps > _AT_ONCE) & (gaps < _PAUSE))
    return float(np.median(short.to_numpy())) if len(short) >= _GAPS else None


def summarized(table: pl.DataFrame, errors: float, seconds: float) -> ReviewQueue:
    """Sum up what rows are expected to bring.

    Parameters
    ----------
    table
        As ``pick_queue`` gives it.
    errors
        Share of all labels without an answer that are expected to be wrong.
    seconds
        That a row takes.

    Returns
    -------
    ReviewQueue
    """
    expected = table["expected"].to_numpy()
    ends = np.unique(np.linspace(0, len(expected), _PARTS + 1).round().astype(int))
    parts = tuple(
        QueuePart(
            first=int(first) + 1,
            last=int(last),
            wrong=round(float(expected[first:last].sum()), 2),
            per_minute=round(float(expected[first:last].mean()) * 60.0 / seconds, 2),
        )
        for first, last in itertools.pairwise(ends)
    )
    least = _WORTH * errors * 60.0 / seconds
    stop = next((part.first - 1 for part in parts if part.per_minute < least), None)
    reasons = table["picked"].value_counts(sort=True).sort("count", "picked", descending=[True, False])
    return ReviewQueue(
        rows=table.height,
        picked=dict(reasons.iter_rows()),
        expected_errors=round(float(expected.sum()), 2),
        errors_of_all=round(errors, 4),
        seconds=round(seconds, 1),
        parts=parts,
        stop_after=stop,
    )
