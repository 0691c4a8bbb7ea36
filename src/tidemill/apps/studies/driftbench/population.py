"""Rows of a packaged problem with its first champion's predictions: those of the kind that it knows, and those of a later source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.models.champion_reference import HELD_OUT, Champion
from tidemill.apps.models.watched_stream import content_of
from tidemill.contracts import NO_GOLD, ConfigError, DataError, Votes, votes_contract
from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.sequential.batch import LENGTH, Batch
from tidemill.monitor.settings import MonitorSettings
from tidemill.project.gold import gold_rows
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read
from tidemill.runs.model_files import champion_folder
from tidemill.runs.model_registry import read_registry
from tidemill.train.end_model.model import EndModel

Index = npt.NDArray[np.int64]

SOURCES: Final = {"spam": ("channel", "sms"), "solar": ("cell", "mono")}
"""Packaged problem, and the metadata column and value that tell rows of the first source."""


@dataclass(frozen=True)
class Population:
    """Rows that streams are drawn from.

    Attributes
    ----------
    problem
        Its name.
    names
        Of classes and functions.
    rows
        Of both sources; the strata are the sources.
    known, later : (n_rows,)
        Places of the rows of the first source that the champion was not trained on, and of the rows of later ones.
    gold : (n_rows,)
        ``NO_GOLD`` where there is none.
    settings
        Of the monitor.
    champion
        The first of the problem.
    """

    problem: str
    names: Names
    rows: Batch
    known: Index
    later: Index
    gold: npt.NDArray[np.int16]
    settings: MonitorSettings
    champion: Champion

    def bare(self, *, functions: bool) -> Population:
        """Take metadata and length away, which name the source, and the functions too where they are not asked for.

        Parameters
        ----------
        functions : bool
            Whether votes stay.

        Returns
        -------
        Population
        """
        kept = self.rows.rows
        votes = kept.votes if functions else kept.votes[:, :0]
        names = self.names if functions else Names(self.names.classes, ())
        rows = replace(
            self.rows,
            rows=Rows(kept.features, kept.probabilities, votes),
            metadata=pl.DataFrame(),
            quality=pl.DataFrame(),
        )
        return replace(self, rows=rows, names=names)

    def with_votes(self, votes: Votes) -> Population:
        """Replace the votes.

        Parameters
        ----------
        votes : (n_rows, n_functions)

        Returns
        -------
        Population
        """
        kept = self.rows.rows
        return replace(self, rows=replace(self.rows, rows=Rows(kept.features, kept.probabilities, votes)))


def population(project: Project, name: str) -> Population:
    """Read the rows of a packaged problem.

    Parameters
    ----------
    project : Project
        That has been run.
    name : str
        Of the problem.

    Returns
    -------
    Population

    Raises
    ------
    ConfigError
        The problem is not a packaged one.
    DataError
        The project has not been run.
    """
    if name not in SOURCES:
        raise ConfigError(f"driftbench is of the packaged problems {' and '.join(SOURCES)}, not of {name!r}")
    problem, settings, paths = project.load(name, "monitor", MonitorSettings)
    versions = list(read_registry(project, name).versions)
    if not versions:
        raise DataError(f"{name} has no champion yet: `tidemill run` makes one")
    folder = champion_folder(project, name, versions[0])
    champion = Champion(versions[0], folder, EndModel.load(folder), problem, project)
    contract = votes_contract(len(problem.classes))
    votes = read(paths.votes, contract)
    names = Names(problem.classes, tuple(contract.other_names(votes.columns)))
    arrived = [champion.arrived(batch, votes, names) for batch in batch_names(paths.manifest)]
    ids = tuple(row_id for part, _ in arrived for row_id in part)
    parts = [rows for _, rows in arrived]
    about = _about(project, champion, ids, votes)
    column, value = SOURCES[name]
    source = (about[column] == value).to_numpy()
    unseen = (about["split"].is_in(HELD_OUT) | ~about["batch"].is_in(champion.batches)).to_numpy()
    gold = pl.DataFrame({"row_id": ids}).join(
        gold_rows(paths, len(problem.classes)).select("row_id", "gold"), on="row_id", how="left", maintain_order="left"
    )
    return Population(
        problem=name,
        names=names,
        rows=Batch(
            name="population",
            row_ids=ids,
            rows=Rows(*(np.concatenate([getattr(item, key) for item in parts]) for key in _PARTS)),
            metadata=about.drop("row_id", "batch", "split", LENGTH, column),
            quality=about.select(LENGTH),
            strata=tuple(about[column].to_list()),
            fingerprint="population",
        ),
        known=np.flatnonzero(source & unseen),
        later=np.flatnonzero(~source),
        gold=gold["gold"].fill_null(NO_GOLD).to_numpy(),
        settings=settings,
        champion=champion,
    )


_PARTS: Final = ("features", "probabilities", "votes")


def _about(project: Project, champion: Champion, ids: tuple[str, ...], votes: pl.DataFrame) -> pl.DataFrame:
    """Batch, split, metadata and length of rows."""
    paths = project.paths(champion.problem.name)
    tables = [content_of(champion, batch) for batch in batch_names(paths.manifest)]
    content = pl.concat([table for table in tables if table is not None])
    known = content.join(votes.select("row_id", "batch", "split"), on="row_id", how="left")
    return pl.DataFrame({"row_id": ids}).join(known, on="row_id", how="left", maintain_order="left")
