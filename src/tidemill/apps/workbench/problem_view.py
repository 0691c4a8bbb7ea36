"""A problem's files as the commands of `tidemill lf` look at them, each read once and only when asked for.

Gold is read of the development split alone. Functions in Python are loaded in confined workers, as the label stage loads them.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import (
    FEATURES,
    NO_GOLD,
    ConfigError,
    DataError,
    Features,
    Probabilities,
    TidemillError,
    Votes,
    gold_contract,
    labels_contract,
    probability_columns,
    votes_contract,
)
from tidemill.denoise.models.base import BaseLabelModel
from tidemill.denoise.run import load_label_model
from tidemill.ingest.settings import IngestSettings
from tidemill.label.cautions import print_cautions
from tidemill.label.conditions.generated import Generated
from tidemill.label.conditions.labeled_examples import FEATURE
from tidemill.label.engine.apply_loaded import apply_loaded
from tidemill.label.engine.failures import Failure, Quarantine
from tidemill.label.engine.load import Access, LoadedFunction, LoadedFunctions, fingerprint_or_empty, open_functions
from tidemill.label.engine.worker_pool import Limits
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.label.functions.loading import files_of, load_file
from tidemill.label.run import gold_of, visible_columns
from tidemill.label.settings import LabelSettings
from tidemill.project.applied_functions import applied
from tidemill.project.project import Project
from tidemill.project.tables import batch_names, read, read_batches
from tidemill.reports.denoise import LabelModelFile

SEED: Final = 20
TEXTS: Final = 5_000
IMAGES: Final = 400
_ALL_FAILURES: Final = 1 << 30


class ProblemView:
    """One problem, its rows, votes, labels and label model."""

    def __init__(self, project: Project, name: str, *, before_votes: bool = False) -> None:
        self.project, self.name = project, name
        self.before_votes = before_votes
        self.problem, self.settings, self.paths = project.load(name, "label", LabelSettings)
        self.ingest = project.load(name, "ingest", IngestSettings)[1]
        self.classes = self.problem.classes

    @cached_property
    def batches(self) -> list[str]:
        """Batches that have arrived."""
        return batch_names(self.paths.manifest)

    @cached_property
    def raw(self) -> pl.DataFrame:
        """All rows, in the order of the votes table."""
        return read_batches(self.paths.raw, self.ingest.raw, self.batches)

    @property
    def limits(self) -> Limits:
        """What a function in Python may take; its failures are borne, for they are shown."""
        return Limits(self.settings.timeout_seconds, self.settings.memory_limit_mb, _ALL_FAILURES)

    @property
    def access(self) -> Access:
        """What functions may read."""
        return Access.configured(self.settings, self.paths.closed)

    @cached_property
    def loaded(self) -> LoadedFunctions:
        """The labeling functions as the problem's folder has them now, and their workers, which end with this view."""
        opened = self.open_functions(self.paths.functions)
        weakref.finalize(self, opened.__exit__)
        print_cautions(opened.notes)
        return opened

    @property
    def functions(self) -> list[LoadedFunction]:
        """The labeling functions, as the problem's folder has them now."""
        return self.loaded.functions

    def open_functions(self, folder: Path) -> LoadedFunctions:
        """Load the labeling functions of a folder, confined as the problem's settings say.

        Parameters
        ----------
        folder
            The problem's folder of functions, or a copy of an earlier one.

        Returns
        -------
        LoadedFunctions
            A context manager that ends the workers.
        """
        return open_functions(folder, self.classes, self.limits, processes=self.settings.n_workers, access=self.access)

    def votes_of(
        self, functions: Sequence[LoadedFunction], rows: npt.NDArray[np.intp], loaded: LoadedFunctions | None = None
    ) -> tuple[Votes, list[Failure]]:
        """Apply labeling functions; where one fails it abstains.

        Parameters
        ----------
        functions
            Some of the loaded functions, or declared ones.
        rows : (n_rows,)
            Indices of rows.
        loaded
            What the functions are of; None: the problem's folder as it is now.

        Returns
        -------
        votes : (n_rows, n_functions)
        failures : list of Failure
        """
        quarantine = Quarantine(limit=len(rows))
        votes = apply_loaded(loaded or self.loaded, functions, self.table(rows), on_error=quarantine)
        return votes, quarantine.failures

    def function(self, name: str) -> LoadedFunction:
        """Look up a labeling function.

        Parameters
        ----------
        name
            Name of the function.

        Returns
        -------
        LoadedFunction
            As the problem's folder has it now.

        Raises
        ------
        ConfigError
            No function has that name.
        """
        results = {item.name: item for item in self.functions}
        if name not in results:
            raise ConfigError(
                f"{self.paths.functions} has no labeling function {name!r}{did_you_mean(name, list(results))}"
            )
        return results[name]

    @cached_property
    def voted(self) -> pl.DataFrame:
        """The votes table as the label stage wrote it last."""
        return read(self.paths.votes, votes_contract(len(self.classes)))

    @property
    def has_votes(self) -> bool:
        """Whether there is a votes table to look at."""
        return not self.before_votes and self.paths.votes.exists()

    def of_rows_there_are(self) -> ProblemView:
        """Look at the rows that have arrived, although no vote may have been cast on some of them yet.

        Returns
        -------
        ProblemView
            This one where the votes table is of these rows, else one without a votes table.
        """
        if self.has_votes and self.raw["row_id"].equals(self.voted["row_id"]):
            return self
        return ProblemView(self.project, self.name, before_votes=True)

    @property
    def _ids(self) -> pl.DataFrame:
        return self.voted if self.has_votes else self.raw

    def edited(self) -> list[str]:
        """List the functions that have votes in the votes table and were edited since.

        Returns
        -------
        list of str
            Names; none where another machine cast the votes.
        """
        known, voted = applied(self.paths) or {}, set(self.names)
        now = {function.name: fingerprint_or_empty(function) for function in self.functions if function.name in voted}
        return [name for name, own in now.items() if (before := known.get(name)) and own not in {before, ""}]

    @property
    def names(self) -> list[str]:
        """Labeling functions of the votes table."""
        return votes_contract(len(self.classes)).other_names(self.voted.columns)

    @cached_property
    def votes(self) -> Votes:
        """(rows, functions) of the votes table."""
        return self.voted.select(self.names).to_numpy().astype(np.int16)

    @cached_property
    def gold(self) -> npt.NDArray[np.int16]:
        """(rows,) of the votes table, before there is one of all rows: gold of dev, ``NO_GOLD`` elsewhere."""
        dev = read_batches(self.paths.dev, gold_contract(len(self.classes)), self.batches)
        is_dev = (self._ids["split"] == "dev").to_numpy()
        return np.where(is_dev, gold_of(self._ids, dev), NO_GOLD).astype(np.int16)

    @cached_property
    def labels(self) -> Probabilities | None:
        """(rows, classes) probabilities of the votes table's rows; None before denoise has run on them, or with these classes."""
        columns = set(probability_columns(self.classes))
        if (
            not self.paths.labels.exists()
            or not columns <= pl.scan_parquet(self.paths.labels, glob=False).collect_schema().keys()
        ):
            return None
        table = read(self.paths.labels, labels_contract(self.classes))
        if not table["row_id"].equals(self.voted["row_id"]):
            return None
        return table.select(probability_columns(self.classes)).to_numpy()

    @cached_property
    def model(self) -> BaseLabelModel | None:
        """The fitted label model; None before denoise has run on these functions with these classes."""
        if not self.paths.label_model.exists():
            return None
        saved = LabelModelFile.read(self.paths.label_model)
        is_current = list(saved.functions) == self.names and saved.classes == self.classes
        return load_label_model(saved) if is_current else None

    @cached_property
    def features(self) -> Features | None:
        """(rows, dimensions) of the votes table's rows; None before embed has run."""
        try:
            table = read_batches(self.paths.features, FEATURES, self.batches)
        except DataError:
            return None
        joined = self._ids.select("row_id").join(table, on="row_id", how="left", maintain_order="left")["feature"]
        return None if joined.has_nulls() else joined.to_numpy()

    def probabilities(self, votes: Votes, rows: npt.NDArray[Any]) -> Probabilities:
        """Predict class probabilities by the problem's label model.

        Parameters
        ----------
        votes : (n_some, n_functions)
            Votes to predict from.
        rows : (n_some,)
            Indices in the votes table of the rows they are of.

        Returns
        -------
        (n_some, n_classes)
            Rows sum to one.

        Raises
        ------
        DataError
            The label model was fitted on other functions.
        """
        if self.model is None:
            raise DataError(
                f"{self.paths.label_model} is of other functions or classes: run `dvc repro denoise@{self.name}`"
            )
        features = self.features if self.model.uses_features else None
        return self.model.predict_proba(votes, features=None if features is None else features[rows])

    def sample(self, size: int | None = None, *, batch: str | None = None) -> npt.NDArray[np.intp]:
        """Sample rows to try functions on: all of dev and others drawn once and for all.

        Parameters
        ----------
        size
            Rows at most.
        batch
            Batch whose rows are drawn beside those of dev; None: any.

        Returns
        -------
        (n_sampled,)
            Their indices.
        """
        limit = size or (IMAGES if self.problem.modality == "image" else TEXTS)
        split = self.raw["split"]
        asked = split.is_in(["train"]) if batch is None else split.is_in(["train"]) & (self.raw["batch"] == batch)
        dev, others = ((split == "dev").arg_true().to_numpy(), asked.arg_true().to_numpy())
        mixed = np.random.default_rng(SEED)
        most = limit if batch is None else limit // 2
        dev = dev if len(dev) <= most else mixed.choice(dev, most, replace=False)
        drawn = mixed.choice(others, min(len(others), limit - len(dev)), replace=False)
        return np.sort(np.concatenate([dev, drawn])).astype(np.intp)

    def table(self, rows: npt.NDArray[np.intp] | None = None, *, features: bool = True) -> pl.DataFrame:
        """Select what labeling functions see of rows.

        Parameters
        ----------
        rows : (n_some,)
            Their indices; None: all rows, which are not copied.
        features
            Whether with the column ``feature``, where features have been computed: of a million rows they take over a gigabyte.

        Returns
        -------
        polars.DataFrame
            Visible columns, ``feature``, and votes that the label stage has generated.
        """
        whole = self.raw.with_columns(pl.Series(name, votes) for name, votes in self._generated.items())
        kept = visible_columns(whole if rows is None else whole[rows], self.settings.hidden_columns)
        if not features or self.features is None:
            return kept
        return kept.with_columns(pl.Series(FEATURE, self.features if rows is None else self.features[rows]))

    @cached_property
    def _generated(self) -> dict[str, npt.NDArray[np.int16]]:
        """Votes of generators by their column, as the votes table has them: they are not made anew."""
        if not self.has_votes:
            return {}
        try:  # Python functions are not loaded for this: only files in YAML have generators
            files = [file for file in files_of(self.paths.functions) if file.suffix != ".py"]
            functions = [
                one for file in files for one in load_file(file, classes=self.classes, closed=self.paths.closed)
            ]
        except TidemillError:  # commands that need no function say nothing of one that cannot be loaded
            return {}
        return {
            function.condition.column: self.votes[:, self.names.index(function.name)]
            for function in functions
            if isinstance(function, DeclaredLabelingFunction)
            and isinstance(function.condition, Generated)
            and function.name in self.names
        }

    def check(self) -> None:
        """The votes are of the rows that have arrived.

        Raises
        ------
        DataError
            They are not.
        """
        if not self.raw["row_id"].equals(self.voted["row_id"]):
            raise DataError(
                f"{self.paths.votes} is of other rows than have arrived: run `dvc repro denoise@{self.name}`"
            )


def problem_with(project: Project, name: str, asked: str | None) -> ProblemView:
    """Choose the problem that has a labeling function.

    Parameters
    ----------
    project
        The project.
    name
        Name of the function.
    asked
        Problem that the user named, which is taken without a look; None: the first that has the function.

    Returns
    -------
    ProblemView
        That problem.

    Raises
    ------
    ConfigError
        No problem has such a function.
    """
    if asked is not None:
        return ProblemView(project, asked)
    known: list[str] = []
    for problem in project.problems:
        view = ProblemView(project, problem)
        names = [function.name for function in view.functions]
        if name in names:
            return view
        known += names
    raise ConfigError(f"no problem has a labeling function {name!r}{did_you_mean(name, known)}")


def rows_named(project: Project, name: str, among: Sequence[str]) -> list[ProblemView]:
    """List the problems that have a row of an id.

    Parameters
    ----------
    project
        The project.
    name
        A row_id or its beginning.
    among
        Names of the problems to look in; those without votes are left out.

    Returns
    -------
    list of ProblemView
        In the order of ``among``.
    """
    looks = [ProblemView(project, problem) for problem in among]
    return [look for look in looks if look.paths.votes.exists() and look.voted["row_id"].str.starts_with(name).any()]
