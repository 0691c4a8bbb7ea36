"""Project: what a project on disk holds, for notebooks and programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import polars as pl

from tidemill.api.end_model import EndModel
from tidemill.apps.models.model import find_model
from tidemill.apps.reports.problem_report import ProblemReport, read_problem_report
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import (
    FEATURES,
    OUTLIER,
    ConfigError,
    Problem,
    Settings,
    gold_contract,
    labels_contract,
    predictions_contract,
    votes_contract,
)
from tidemill.denoise.label_model import LabelModel
from tidemill.denoise.settings import DenoiseSettings
from tidemill.embed.settings import EmbedSettings
from tidemill.evaluate.settings import EvaluateSettings
from tidemill.ingest.settings import IngestSettings
from tidemill.label.functions.declared import AnyFunction
from tidemill.label.functions.loading import load_functions
from tidemill.label.settings import LabelSettings
from tidemill.monitor.settings import MonitorSettings
from tidemill.project.config import load, load_params
from tidemill.project.layout import Paths
from tidemill.project.project import Project as ProjectOnDisk
from tidemill.project.tables import batch_names, read, read_batches
from tidemill.runs.model_registry import read_registry
from tidemill.train.search.settings import SearchSettings
from tidemill.train.settings import TrainSettings

_SETTINGS: Final[dict[str, type[Settings]]] = {
    "ingest": IngestSettings,
    "embed": EmbedSettings,
    "label": LabelSettings,
    "denoise": DenoiseSettings,
    "search": SearchSettings,
    "train": TrainSettings,
    "evaluate": EvaluateSettings,
    "monitor": MonitorSettings,
}


class Project:
    """A project: its problems with their settings, tables, models, versions and reports, each read on first use.

    Nothing is run or written, and the working directory plays no part, so several projects may be open at once. Rows and
    tables are those of the checkout: what its last `dvc repro` or `dvc checkout` left there.

    Parameters
    ----------
    path
        Folder of the project, or any below it.

    Attributes
    ----------
    root : pathlib.Path
        Its top folder, where ``dvc.yaml`` is.

    Raises
    ------
    ConfigError
        The folder is in no project.

    Examples
    --------
    >>> project = Project("reviews")  # doctest: +SKIP
    >>> project.problems  # doctest: +SKIP
    ['spam']
    >>> project.champion("spam").predict(["WINNER! Claim your prize"])  # doctest: +SKIP
    array(['spam'], dtype='<U4')
    """

    def __init__(self, path: Path | str = ".") -> None:
        self._on_disk = ProjectOnDisk.find(Path(path))
        self.root = self._on_disk.root

    @classmethod
    def open(cls, path: Path | str = ".") -> Self:
        """Open a project.

        Parameters
        ----------
        path
            Its folder, or any below it.

        Returns
        -------
        Project
            Its problems are read when they are used.

        Raises
        ------
        ConfigError
            The folder is in no project.
        """
        return cls(path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.root)!r})"

    @property
    def problems(self) -> list[str]:
        """Names of the problems."""
        return self._on_disk.problems

    def problem(self, name: str) -> Problem:
        """Give name, modality and classes of a problem.

        Parameters
        ----------
        name
            One of ``problems``.

        Returns
        -------
        Problem
            Frozen; its attributes are ``name``, ``modality`` and ``classes``.

        Raises
        ------
        ConfigError
            There is no such problem; the nearest is named.
        """
        return load(name, "problem", Problem, params=load_params(self._on_disk.params))[0]

    def paths(self, problem: str) -> Paths:
        """Locate the files of a problem, each a property: ``paths("spam").votes``.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        Paths
            Absolute; the files need not exist.

        Raises
        ------
        ConfigError
            There is no such problem.
        """
        return self._on_disk.paths(self.problem(problem).name)

    def settings(self, problem: str, stage: str) -> Any:
        """Read the settings of a stage, as ``params.yaml`` has them.

        Parameters
        ----------
        problem
            One of ``problems``.
        stage
            ``ingest``, ``embed``, ``label``, ``denoise``, ``search``, ``train``, ``evaluate`` or ``monitor``.

        Returns
        -------
        Settings
            A frozen model whose attributes are the settings; ``model_dump()`` gives a dict.

        Raises
        ------
        ConfigError
            There is no such problem or stage, or a setting is not what it promises.
        """
        if stage not in _SETTINGS:
            raise ConfigError(f"unknown stage {stage!r}{did_you_mean(stage, _SETTINGS)}")
        return self._on_disk.load(problem, stage, _SETTINGS[stage])[1]

    def batches(self, problem: str) -> list[str]:
        """List the batches that have arrived, oldest first.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        list of str
            Names of the batches.
        """
        return batch_names(self.paths(problem).manifest)

    def rows(self, problem: str, batches: Sequence[str] | None = None) -> pl.DataFrame:
        """Read raw rows: row_id, key, batch, split, text or image, and metadata.

        Parameters
        ----------
        problem
            One of ``problems``.
        batches
            Which; None: all that have arrived.

        Returns
        -------
        polars.DataFrame
            A line per row, batch by batch.

        Raises
        ------
        DataError
            A file is missing or breaks its contract: run its stage, or `dvc checkout`.
        """
        contract = self._on_disk.load(problem, "ingest", IngestSettings)[1].raw
        return self._of_batches(problem, "raw", contract, batches)

    def features(self, problem: str, batches: Sequence[str] | None = None) -> pl.DataFrame:
        """Read features: row_id and an array column ``feature``.

        Parameters
        ----------
        problem, batches
            As for ``rows``.

        Returns
        -------
        polars.DataFrame
            A line per row, batch by batch; ``feature`` is float32 of fixed length.

        Raises
        ------
        DataError
            As ``rows``.
        """
        return self._of_batches(problem, "features", FEATURES, batches)

    def dev_gold(self, problem: str) -> pl.DataFrame:
        """Read the gold of the development split: row_id and gold, -1 where the row has no gold.

        That of valid and test stays with ``evaluate``: who looks at it while writing functions has nothing to judge them by.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        polars.DataFrame
            A line per row of the development split.

        Raises
        ------
        DataError
            As ``rows``.
        """
        return self._of_batches(problem, "dev", gold_contract(len(self.problem(problem).classes)), None)

    def functions(self, problem: str) -> list[AnyFunction]:
        """Load the labeling functions from ``src/problems/``, to be called here: Python files run in this process, unconfined.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        list
            Declared functions and functions in Python.

        Raises
        ------
        FunctionError, ConfigError
            A file cannot be loaded; it and the line are named.
        """
        return load_functions(self.paths(problem).functions, classes=self.problem(problem).classes)

    def votes(self, problem: str) -> pl.DataFrame:
        """Read the votes: row_id, batch, split and an int16 column per labeling function.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        polars.DataFrame
            A line per row; a vote is a class index, ``ABSTAIN`` (-1) or ``not_class(k)``.

        Raises
        ------
        DataError
            The table is missing or breaks its contract.
        """
        return read(self.paths(problem).votes, votes_contract(len(self.problem(problem).classes)))

    def labels(self, problem: str) -> pl.DataFrame:
        """Read the probabilistic labels: row_id and a column ``p_<class>`` per class.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        polars.DataFrame
            A line per row; its probabilities sum to one.

        Raises
        ------
        DataError
            The table is missing or breaks its contract.
        """
        return read(self.paths(problem).labels, labels_contract(self.problem(problem).classes))

    def predictions(self, problem: str) -> pl.DataFrame:
        """Read the candidate's predictions of every row, shaped as ``labels``; with a column ``outlier`` where it rejects rows.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        polars.DataFrame
            A line per row; its probabilities sum to one.

        Raises
        ------
        DataError
            The table is missing or breaks its contract.
        """
        file = self.paths(problem).predictions
        rejects = file.exists() and OUTLIER in pl.scan_parquet(file, glob=False).collect_schema()
        return read(file, predictions_contract(self.problem(problem).classes, outliers=rejects))

    def label_model(self, problem: str) -> LabelModel:
        """Load the label model that the labels are of.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        LabelModel
            Fitted.

        Raises
        ------
        DataError
            The file is missing or damaged: run the denoise stage.
        """
        return LabelModel.load(self.paths(problem).label_model)

    def versions(self, problem: str) -> list[str]:
        """List the versions that were promoted, such as ``spam@v1.4.0``, oldest first.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        list of str
            Empty before the first promotion.
        """
        return list(read_registry(self._on_disk, self.problem(problem).name).versions)

    def champion_version(self, problem: str) -> str | None:
        """Name the version in production; None before the first promotion.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        str or None
            Such as ``spam@v1.4.0``.
        """
        return read_registry(self._on_disk, self.problem(problem).name).champion

    def champion(self, problem: str) -> EndModel:
        """Load the model in production.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        EndModel
            Ready to predict.

        Raises
        ------
        ConfigError
            Nothing has been promoted yet.
        DataError
            Its files are neither here nor in DVC's cache or remote.
        """
        return self.end_model(problem)

    def end_model(self, problem: str, version: str | None = None) -> EndModel:
        """Load a version of the model.

        Parameters
        ----------
        problem
            One of ``problems``.
        version
            Such as ``v1.4.0``; ``candidate`` is the model that the train stage has left in this checkout. None: the champion.

        Returns
        -------
        EndModel
            Ready to predict.

        Raises
        ------
        ConfigError, DataError
            As ``champion``; or there is no such version.
        """
        result = find_model(self._on_disk, self.problem(problem).name, version)
        return EndModel.load(result.folder, root=self._on_disk.shared, threads=result.threads)

    def report(self, problem: str) -> ProblemReport:
        """Gather all that is reported of a problem: batches, functions, scores, verdict, drift; None where it is not there.

        Parameters
        ----------
        problem
            One of ``problems``.

        Returns
        -------
        ProblemReport
            What is not there yet is None.
        """
        return read_problem_report(self._on_disk, self.problem(problem).name)

    def _of_batches(self, problem: str, folder: str, contract: Any, batches: Sequence[str] | None) -> pl.DataFrame:
        wanted = self.batches(problem) if batches is None else list(batches)
        return read_batches(getattr(self.paths(problem), folder), contract, wanted)
