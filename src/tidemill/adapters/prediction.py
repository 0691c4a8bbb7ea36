"""A file of new rows → what the champion says of each."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from tidemill.adapters.champions import home
from tidemill.adapters.config import load
from tidemill.adapters.registry import champion_folder, read_registry
from tidemill.adapters.tables import write
from tidemill.contracts import Column, ConfigError, predictions_contract
from tidemill.embed.run import embed_rows
from tidemill.embed.settings import EmbedSettings
from tidemill.ingest.batch import build, empty_seen
from tidemill.ingest.settings import IngestSettings
from tidemill.ingest.source import Source
from tidemill.train.head import Head
from tidemill.train.predict import predict


def predict_file(name: str, source: Path, out: Path, *, root: Path) -> None:
    """Problem, a file as its batches are, and where to write → a table of row_id and a probability per class.

    Raises
    ------
    ConfigError
        The problem has no champion yet.
    DataError
        The file is not one that the problem's ingest would take.
    """
    version = read_registry(name, root).champion
    if version is None:
        raise ConfigError(f"{name} has no champion yet: tidemill run problem={name}")
    problem, settings, _ = load(name, "ingest", IngestSettings)
    embedding = load(name, "embed", EmbedSettings)[1]
    unlabeled = settings.model_copy(update={"gold": None, "slices": (), "near_duplicates": None})
    batch = build(source.stem, Source(str(source.resolve())), problem, unlabeled, before=empty_seen(unlabeled))
    folder = champion_folder(name, version)
    embed = partial(embed_rows, root=home(folder, Head.load(folder).backbone), threads=embedding.threads)
    table = predict(folder, batch.raw, embed=embed)
    contract = predictions_contract(problem.classes)
    keyed = batch.raw.select("row_id", "key").join(table, on="row_id", maintain_order="left")
    write(keyed, out, replace(contract, columns=(*contract.columns, Column("key", pl.String))))
    _tell(keyed.drop("row_id", "key"), problem.classes, f"{out}, by {version}")
    if batch.seen.height > keyed.height:
        print(f"{batch.seen.height - keyed.height:,} rows repeat an earlier row's content and are told once")


def _tell(probabilities: pl.DataFrame, classes: tuple[str, ...], head: str) -> None:
    likely = [classes[index] for index in probabilities.to_numpy().argmax(axis=1)]
    print(f"{head}: {len(likely):,} rows: {', '.join(f'{name} {likely.count(name):,}' for name in classes)}")
