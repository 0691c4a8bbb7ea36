"""Predictions of files and folders of new rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from tidemill.apps.models.engines import Engine, chosen, use
from tidemill.apps.models.model import CHUNK, Model, find_model
from tidemill.apps.predict.readers import listed
from tidemill.apps.predict.writers import outgoing
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


@dataclass(frozen=True)
class Predicted:
    """The version that was asked, and how many rows were given to which class; None: to none."""

    version: str
    rows: int
    counts: dict[str | None, int]


def predict_files(  # noqa: PLR0913 - what the command takes
    project: Project,
    problem: str,
    sources: Sequence[Path],
    out: Path,
    *,
    version: str | None,
    abstain_below: float,
    engine: Engine = "torch",
) -> Predicted:
    """Predict files as a problem's batches are, and write a table with a line per row, in their order.

    Its columns are source, key, row_id, prediction (null below ``abstain_below``), a probability per class, and where
    the model has one a column ``outlier``: above 1 the prediction is none_of_the_above.

    Parameters
    ----------
    problem : str
    sources : sequence of Path
        Files or folders.
    out : Path
        Where the table is written.
    version : str or None
        None: the champion.
    abstain_below : float
        Least probability of a prediction.
    root : Path
        The project's main checkout.
    engine : str
        ``auto``, ``torch`` or ``onnx``.

    Returns
    -------
    Predicted

    Raises
    ------
    ConfigError
        There is no such version, or no champion yet; or the threshold or the suffix means nothing.
    DataError
        A row is not one that the problem's ingest would take; nothing is written then.
    """
    if not 0.0 <= abstain_below <= 1.0:
        raise ConfigError(f"--abstain-below {abstain_below:g} is not a probability: give one from 0 to 1")
    known, settings, paths = project.load(problem, "ingest", IngestSettings)
    model = find_model(project, problem, version)
    found = [one for source in sources for one in listed(source, settings)]
    total, contract = sum(len(one.table.numbers) for one in found), answers_contract(model)
    use(chosen(engine, known.modality, total), model.embedder, paths, must=engine == "onnx")
    chunks = progress(
        (chunk for one in found for chunk in one.chunks()), total=total, name="predict", size=CHUNK[known.modality]
    )
    counts: Counter[str | None] = Counter()
    with outgoing(out) as write:
        for chunk in chunks:
            table = check(answered(model, chunk, abstain_below), contract, where=str(out))
            counts.update(table["prediction"].to_list())
            write(table)
    return Predicted(model.version, total, dict(counts))


def answers_contract(model: Model) -> Contract:
    """Make the contract of what ``predict`` writes; a row may be there twice."""
    about = tuple(Column(name, pl.String) for name in ("source", "key", "row_id"))
    said = Column("prediction", pl.String, nullable=True)
    promised = predictions_contract(model.head.classes, outliers=model.outliers is not None)
    return replace(promised, columns=(*about, said, *promised.columns[1:]))


def answered(model: Model, rows: pl.DataFrame, abstain_below: float) -> pl.DataFrame:
    """Predict rows.

    Parameters
    ----------
    model : Model
    rows : polars.DataFrame
        With a column text or image.
    abstain_below : float

    Returns
    -------
    polars.DataFrame
        The other columns, the prediction and the probabilities.
    """
    said = model.say(rows, name="predict")
    classes = model.head.classes
    columns = {name: said.probabilities[:, k] for k, name in enumerate(probability_columns(classes))}
    if said.outlier is not None:
        columns[OUTLIER] = said.outlier
    predicted = pl.Series("prediction", said.decided(classes, abstain_below), dtype=pl.String)
    return rows.drop(model.embedder.modality).with_columns(predicted, **{k: pl.Series(v) for k, v in columns.items()})
