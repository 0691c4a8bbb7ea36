"""Predictions of files and folders of new rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tidemill.apps.models.engines import Engine, resolve_engine, use_engine
from tidemill.apps.models.model import CHUNK, Model, find_model
from tidemill.apps.predict.input_rows import PAIR, input_rows, told_apart
from tidemill.apps.predict.writers import open_output
from tidemill.common.progress import progress
from tidemill.contracts import (
    OUTLIER,
    Column,
    ConfigError,
    Contract,
    check,
    predictions_contract,
    probability_columns,
)
from tidemill.ingest.settings import IngestSettings
from tidemill.project.project import Project
from tidemill.readers.hand_labels import keep_hand_labels
from tidemill.readers.options import DEFAULTS, ReadOptions
from tidemill.readers.piped import refuse_twice
from tidemill.readers.write import standard_suffix


@dataclass(frozen=True)
class PredictionCounts:
    """The version that predicted, and the number of rows by predicted class; None: no class."""

    version: str
    rows: int
    counts: dict[str | None, int]
    errors: int = 0
    """Rows that could not be predicted; the column ``error`` says why."""


def predict_files(  # noqa: PLR0913 - what the command takes
    project: Project,
    problem: str,
    sources: Sequence[Path],
    out: Path,
    *,
    version: str | None,
    abstain_below: float,
    engine: Engine = "torch",
    strict: bool = False,
    overwrite: bool = False,
    reading: ReadOptions = DEFAULTS,
) -> PredictionCounts:
    """Predict files as a problem's batches are, and write a table with a line per row, in their order.

    Its columns are source, key, row_id, error, prediction (null below ``abstain_below``), a probability per class, and where
    the model has one a column ``outlier``: above 1 the prediction is none_of_the_above. A row that cannot be predicted has its
    reason in ``error``, and neither prediction nor probabilities.

    Parameters
    ----------
    project
        The project.
    problem
        Name of the problem.
    sources
        Files or folders; ``-`` is standard input.
    out
        Where the table is written; ``-`` is standard output, as CSV where the first source is CSV, else as JSON lines.
    version
        None: the champion.
    abstain_below
        Least probability of a prediction.
    engine
        ``auto``, ``torch`` or ``onnx``.
    strict
        A row that cannot be predicted refuses all; nothing is written then.
    overwrite
        Whether the output may take the place of one of the sources.
    reading
        Encoding, delimiter and header of the files, in place of the problem's where they are given.

    Returns
    -------
    PredictionCounts
        The version, and the number of rows by predicted class.

    Raises
    ------
    ConfigError
        There is no such version, or no champion yet; or the threshold or the suffix means nothing, or the output is a source or
        holds labels that people gave.
    DataError
        A file cannot be read, or where ``strict`` a row is not one that the problem's ingest would take.
    """
    if not 0.0 <= abstain_below <= 1.0:
        raise ConfigError(f"--abstain-below {abstain_below:g} is not a probability: give one from 0 to 1")
    known, settings, paths = project.load(problem, "ingest", IngestSettings)
    given = {name: getattr(reading, name) for name in ("encoding", "delimiter", "header")}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    model = find_model(project, problem, version)
    refuse_twice(sources)
    listed = [row for source in sources for row in input_rows(source, settings, strict=strict, root=project.root)]
    results = told_apart(listed)
    if not overwrite and any(Path(row.source.path) == out.resolve() for row in results):
        raise ConfigError(f"{out} is what is read: name another file with --out, or replace it with --force")
    if not overwrite:
        keep_hand_labels(out)
    total, contract = sum(len(row.table.numbers) for row in results), _answers_contract(model, settings)
    use_engine(resolve_engine(engine, known.modality, total), model.embedder, paths, must=engine == "onnx")
    chunks = progress(
        (chunk for row in results for chunk in row.chunks()), total=total, name="predict", size=CHUNK[known.modality]
    )
    counts: Counter[str | None] = Counter()
    errors = 0
    with open_output(out, standard_suffix(results[0].source.name)) as write:
        for chunk in chunks:
            table = answered_rows(model, chunk, abstain_below)
            good = table["error"].is_null()
            check(table.filter(good), contract, where=str(out))
            counts.update(table["prediction"].filter(good).to_list())
            errors += int((~good).sum())
            write(table)
    return PredictionCounts(model.version, total, dict(counts), errors)


def _answers_contract(model: Model, settings: IngestSettings) -> Contract:
    """Make the contract of what ``predict`` writes; a row may be there twice."""
    pair = () if settings.candidates is None else PAIR
    about = tuple(Column(name, pl.String) for name in ("source", "key", "row_id", *pair))
    predicted = Column("prediction", pl.String, nullable=True)
    error = Column("error", pl.String, nullable=True)
    promised = predictions_contract(model.head.classes, outliers=model.outliers is not None)
    return replace(promised, columns=(*about, error, predicted, *promised.columns[1:]), min_rows=0)


def answered_rows(model: Model, rows: pl.DataFrame, abstain_below: float) -> pl.DataFrame:
    """Predict rows.

    Parameters
    ----------
    model
        Model of a version.
    rows
        With a column text or image.
    abstain_below
        Probability of the likeliest class below which the model abstains.

    Returns
    -------
    polars.DataFrame
        The other columns, the prediction and the probabilities.
    """
    good = rows["error"].is_null()
    predicted = model.say(rows.filter(good), name="predict")
    classes = model.head.classes
    columns: dict[str, Any] = {"prediction": pl.Series(predicted.decided(classes, abstain_below), dtype=pl.String)}
    columns |= {name: predicted.probabilities[:, k] for k, name in enumerate(probability_columns(classes))}
    if predicted.outlier is not None:
        columns[OUTLIER] = predicted.outlier
    about = rows.drop(model.embedder.modality)
    if good.all():
        return about.with_columns(**{name: pl.Series(column) for name, column in columns.items()})
    place = pl.Series("place", good.arg_true(), dtype=pl.UInt32)
    result = pl.DataFrame({"place": place} | columns)
    return about.with_row_index("place").join(result, on="place", how="left", maintain_order="left").drop("place")
