"""The model in production: its predictions of rows that arrived after it, and its training data for comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from tidemill.contracts import FEATURES, DataError, Features, Probabilities, Problem, probability_columns
from tidemill.embed.embedder import backbone_record, embed_rows
from tidemill.embed.settings import EmbedSettings
from tidemill.evaluate.baselines import align_classes
from tidemill.ingest.settings import IngestSettings
from tidemill.monitor.rows import Names, Rows
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read
from tidemill.reports.model import BackboneRecord
from tidemill.reports.project import ChampionPin
from tidemill.runs.model_files import champion_folder
from tidemill.train.end_model.model import EndModel
from tidemill.train.end_model.reference import FILE, reference_contract
from tidemill.train.head.head import TUNED

HELD_OUT = ("valid", "test")

_LEAST_SINCE_CHANGE: Final = 60
"""Rows; half of them fit scores. Of fewer, rows of the batches before are better than nothing."""


@dataclass(frozen=True)
class Reference:
    """What new batches are compared with.

    Attributes
    ----------
    rows
        Features, predictions and votes.
    names
        Of classes, and of the functions that it can be compared by.
    places
        Row id and batch of each row.
    held_out
        Whether the champion was trained on none of them.
    """

    rows: Rows
    names: Names
    places: tuple[tuple[str, str], ...]
    held_out: bool


@dataclass(frozen=True)
class Champion:
    """Version, folder and files of the model in production, for one problem, and since which batch rows are as they are now."""

    version: str
    folder: Path
    model: EndModel
    problem: Problem
    project: Project
    since: str | None = None

    @property
    def batches(self) -> tuple[str, ...]:
        """Names of the batches it was trained on."""
        return tuple(self.model.config.batches)

    @property
    def batches_since_change(self) -> tuple[str, ...]:
        """Those of them since the change that it was promoted after, in order of arrival; all where nothing had changed."""
        names = self._arrived
        return names[names.index(self.since) :] if self.since in names else names

    @property
    def _arrived(self) -> tuple[str, ...]:
        """Batches that it was trained on, in order of arrival."""
        arrived = batch_names(self.project.paths(self.problem.name).manifest)
        return tuple(name for name in arrived if name in self.batches)

    def features(self, batch: str) -> tuple[pl.Series, Features]:
        """Compute features of a batch by the champion's backbone.

        Those on disk serve when the same backbone made them; else the rows are embedded again.

        Parameters
        ----------
        batch
            Name of the batch.

        Returns
        -------
        row_ids : polars.Series
        features : (n_rows, n_dimensions)
        """
        file = self.project.paths(self.problem.name).features / f"{batch}.parquet"
        if backbone_record(file) == self.model.backbone:
            table = read(file, FEATURES)
            return table["row_id"], table["feature"].to_numpy()
        rows = read(
            self.project.paths(self.problem.name).raw / f"{batch}.parquet", _settings(self.project, self.problem)[0].raw
        )
        threads = _settings(self.project, self.problem)[1].threads
        root = backbone_root(self.folder, self.model.backbone, self.project)
        return rows["row_id"], embed_rows(rows, self.model.backbone, root=root, threads=threads)

    def say(self, batch: str, features: Features) -> Probabilities:
        """Predict a batch.

        Parameters
        ----------
        batch
            Name of the batch.
        features : (n_rows, n_dimensions)
            By the champion's backbone.

        Returns
        -------
        (n_rows, n_classes)
            Of the problem's current classes.
        """
        texts = None
        if self.model.reads_text:
            texts = read(
                self.project.paths(self.problem.name).raw / f"{batch}.parquet",
                _settings(self.project, self.problem)[0].raw,
            )["text"].to_list()
        return align_classes(self.model.predict_proba(features, texts), self.model.classes, self.problem.classes)

    def predictions(self, batches: Sequence[str]) -> pl.DataFrame:
        """Predict batches.

        Parameters
        ----------
        batches
            Names of the batches.

        Returns
        -------
        polars.DataFrame
            Row ids and probabilities.
        """
        tables = []
        for batch in batches:
            row_ids, features = self.features(batch)
            predicted = self.say(batch, features)
            columns = {name: predicted[:, k] for k, name in enumerate(probability_columns(self.problem.classes))}
            tables.append(pl.DataFrame({"row_id": row_ids, **columns}))
        return pl.concat(tables)

    def arrived(self, batch: str, votes: pl.DataFrame, names: Names) -> tuple[tuple[str, ...], Rows]:
        """Collect what is compared of a new batch.

        Parameters
        ----------
        batch
            Name of the batch.
        votes
            Votes on all rows.
        names
            Classes and functions that are compared.

        Returns
        -------
        row_ids : tuple of str
            In the order of the rows.
        rows : Rows
            Features, predictions and votes of the batch's rows.

        Raises
        ------
        DataError
            A row of the batch has features but no votes.
        """
        row_ids, features = self.features(batch)
        voted = pl.DataFrame({"row_id": row_ids}).join(votes, on="row_id", how="left", maintain_order="left")
        if voted["batch"].null_count():
            lost = voted.filter(pl.col("batch").is_null())["row_id"][0]
            raise DataError(f"row {lost} of batch {batch} has features but no votes: run the label stage")
        return tuple(row_ids), Rows(features, self.say(batch, features), _votes(voted, names))

    def reference(self, votes: pl.DataFrame, names: Names, *, min_rows: int) -> Reference:
        """Collect what a new batch is compared with.

        The functions of now vote anew on the rows of the reference, so that an edited function is not taken for
        drift. Rows that the champion was not trained on are preferred: of the others it is too confident. Of these, where it
        was promoted after a change, those since the change: among rows of before, rows of now would be news for ever.
        Where too few of the rows are still there, the votes that were kept with the champion stand in.

        Parameters
        ----------
        votes
            Votes on all rows.
        names
            Classes and functions that are compared.
        min_rows
            Least number of rows to compare with.

        Returns
        -------
        Reference
        """
        kept = read(self.folder / FILE, reference_contract(self.model.classes))
        again = (
            kept.drop(votes.columns, strict=False)
            .with_columns(kept["row_id"])
            .join(votes, on="row_id", maintain_order="left")
        )
        held_out = again.filter(pl.col("split").is_in(HELD_OUT))
        for since in self._tables_since_change(held_out):
            if since.height >= max(min_rows, _LEAST_SINCE_CHANGE):
                return self._reference(since, names, held_out=True)
        for table in (held_out, again):
            if table.height >= min_rows:
                return self._reference(table, names, held_out=table is held_out)
        shared = Names(names.classes, tuple(name for name in names.functions if name in kept.columns))
        return self._reference(kept, shared, held_out=False)

    def _tables_since_change(self, table: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Rows since the change, then with those of ever more batches before it."""
        names = self._arrived
        for first in range(len(names) - len(self.batches_since_change), -1, -1):
            yield table.filter(pl.col("batch").is_in(names[first:]))

    def _reference(self, table: pl.DataFrame, names: Names, *, held_out: bool) -> Reference:
        places = tuple(zip(table["row_id"], table["batch"], strict=True))
        return Reference(self._rows(table, names), names, places, held_out=held_out)

    def _rows(self, table: pl.DataFrame, names: Names) -> Rows:
        predicted = table.select(probability_columns(self.model.classes)).to_numpy()
        probabilities = align_classes(predicted, self.model.classes, self.problem.classes)
        return Rows(table["feature"].to_numpy(), probabilities, _votes(table, names))


def find_champion(project: Project, problem: Problem) -> Champion | None:
    """Load the champion that a problem's champion.json names.

    Parameters
    ----------
    project
        The project.
    problem
        The problem.

    Returns
    -------
    Champion or None
        None before the first promotion.

    Raises
    ------
    DataError
        The folder of that version lacks a file, or a file is damaged.
    """
    pin = ChampionPin.read_if_there(project.paths(problem.name).champion)
    if pin is None or pin.version is None:
        return None
    folder = champion_folder(project, problem.name, pin.version)
    return Champion(pin.version, folder, EndModel.load(folder), problem, project, pin.since)


def backbone_root(folder: Path, about: BackboneRecord, project: Project) -> Path:
    """Choose the folder below which the weights of a model's backbone are.

    Parameters
    ----------
    folder
        Folder of the model.
    about
        What the model records of its backbone.
    project
        The project, whose shared folder has pretrained weights.

    Returns
    -------
    Path
        The model's own folder where the backbone was fine-tuned with it.
    """
    return folder if about.settings.get("weights") == TUNED else project.shared


def _settings(project: Project, problem: Problem) -> tuple[IngestSettings, EmbedSettings]:
    ingest = project.load(problem.name, "ingest", IngestSettings)[1]
    return ingest, project.load(problem.name, "embed", EmbedSettings)[1]


def _votes(table: pl.DataFrame, names: Names) -> np.ndarray:
    return table.select(names.functions).to_numpy().astype(np.int16).reshape(table.height, len(names.functions))
