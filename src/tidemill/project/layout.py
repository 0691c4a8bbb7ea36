"""Where files are: those of one problem, and those that all runs share, whichever git worktree they work in."""

from __future__ import annotations

import functools
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    """Where one problem's tables, model and reports are, relative to the project."""

    name: str

    @property
    def data(self) -> Path:
        """Folder of the problem's tables."""
        return Path("data") / self.name

    @property
    def preflight(self) -> Path:
        """Says that params.yaml is what conf/ composes to."""
        return self.data / "preflight.json"

    @property
    def slices(self) -> Path:
        """Folder of the columns that only ``evaluate`` reads, to score per slice."""
        return self.data / "slices"

    @property
    def quarantine(self) -> Path:
        """Folder of rows that could not be taken, a file per batch."""
        return self.data / "quarantine"

    @property
    def seen(self) -> Path:
        """Folder of keys and signatures of every row read, by which later batches' repeats are found."""
        return self.data / "seen"

    @property
    def manifest(self) -> Path:
        """The batches that have arrived, in order."""
        return self.data / "batches.json"

    @property
    def raw(self) -> Path:
        """Folder of raw batches."""
        return self.data / "raw"

    @property
    def gold(self) -> Path:
        """Folder of gold labels outside the development split; ``evaluate`` alone reads it."""
        return self.data / "gold"

    @property
    def dev(self) -> Path:
        """Folder of gold labels of the development split."""
        return self.data / "dev"

    @property
    def features(self) -> Path:
        """Folder of features, a file per batch."""
        return self.data / "features"

    @property
    def votes(self) -> Path:
        """Votes of every labeling function on every row."""
        return self.data / "votes.parquet"

    @property
    def labels(self) -> Path:
        """Probabilistic labels."""
        return self.data / "labels.parquet"

    @property
    def label_model(self) -> Path:
        """What the label model learned."""
        return self.data / "label_model.json"

    @property
    def predictions(self) -> Path:
        """The candidate's probabilities on every row."""
        return self.data / "predictions.parquet"

    @property
    def functions(self) -> Path:
        """Folder of the problem's labeling functions."""
        return Path("src/problems") / self.name

    @property
    def model(self) -> Path:
        """Folder of the candidate model."""
        return Path("models") / self.name / "candidate"

    @property
    def champion(self) -> Path:
        """The version of the champion that ``monitor`` and ``evaluate`` compare with."""
        return Path("models") / self.name / "champion.json"

    @property
    def search(self) -> Path:
        """Folder of the report of the search that the stage made."""
        return self.reports / "search"

    @property
    def searched(self) -> Path:
        """Folder of the report of the last `tidemill search`."""
        return self.reports / "searched"

    @property
    def reports(self) -> Path:
        """Folder of small reports and plots."""
        return Path("reports") / self.name


def shared_root(start: Path | None = None) -> Path:
    """Any folder of the project (default: the current one) → top folder of the project's main checkout.

    A run works in a git worktree of its own; fetched packages, incoming files, Data Docs and Prefect's database stay
    in the main checkout. Outside of git the folder itself is the root.
    """
    return _root_of((start or Path.cwd()).resolve())


@functools.cache
def _root_of(folder: Path) -> Path:
    answer = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "--path-format=absolute", "--git-common-dir"],
        capture_output=True,
        text=True,
        check=False,
        env={key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    )
    common = Path(answer.stdout.strip()) if answer.returncode == 0 else None
    return common.parent if common is not None and common.name == ".git" else folder


def state_folder(start: Path | None = None) -> Path:
    """Any folder of the project → the folder of local state that git and DVC ignore."""
    return shared_root(start) / ".tidemill"


def data_docs(problem: str, table: str) -> Path:
    """Problem and table → folder of the Data Docs of that table's last check."""
    return shared_root() / "reports" / "data_docs" / problem / table


def data_docs_page(problem: str, table: str) -> Path:
    """Problem and table → the page that leads to the result of that table's last check."""
    return data_docs(problem, table) / "latest.html"


def suite_result(problem: str, table: str) -> Path:
    """Problem and table → JSON file of that table's last check."""
    return state_folder() / "suites" / problem / f"{table}.json"
