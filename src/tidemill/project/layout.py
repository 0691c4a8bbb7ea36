"""Where files are: those of one problem, and those that all runs share, whichever git worktree they work in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONF: Final = Path("conf")
PARAMS: Final = Path("params.yaml")
STATE: Final = ".tidemill"
RUNS: Final = Path(STATE, "runs")
"""Worktrees of runs, relative to the checkout in which they were started."""


EMPTY_HISTORY: Final = '{"format": 1}\n'
"""A history of gold without answers; DVC warns of files that hold nothing."""


@dataclass(frozen=True)
class Paths:
    """Where one problem's tables, model and reports are.

    Attributes
    ----------
    name
        Name of the problem.
    root
        Checkout that holds them.
    shared
        The user's checkout, whose runs share what is in it.
    """

    name: str
    root: Path
    shared: Path

    @classmethod
    def within(cls, name: str) -> Paths:
        """Locate a problem's files relative to the project's top folder, as git and DVC name them.

        Parameters
        ----------
        name
            Name of the problem.

        Returns
        -------
        Paths
            All of them relative.
        """
        return cls(name, Path(), Path())

    @property
    def data(self) -> Path:
        """Folder of the problem's tables."""
        return self.root / "data" / self.name

    @property
    def closed(self) -> tuple[Path, ...]:
        """What no labeling function may read: tables, gold among them, and where copies of them lie."""
        tops = dict.fromkeys((self.root, self.shared))
        folders = [top / name for top in tops for name in ("data", ".dvc", ".git", STATE, "reports")]
        return tuple(path for folder in folders for path in _all_but(folder, self.root))

    @property
    def preflight(self) -> Path:
        """File that records that params.yaml is what conf/ composes to."""
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
        """Folder of keys and signatures of every row read, by which repeats in later batches are detected."""
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
        """Folder of gold labels of valid and test; ``evaluate`` and ``monitor`` alone read it."""
        return self.data / "gold"

    @property
    def train_gold(self) -> Path:
        """Folder of gold labels of the train split; ``train`` may learn from it, ``monitor`` judges harm by it, and no expert sees it."""
        return self.data / "train_gold"

    @property
    def gold_history(self) -> Path:
        """Answers of people that came after a row's batch: who labeled what and when. git keeps it."""
        return self.data / "gold_history.jsonl"

    @property
    def answers(self) -> Path:
        """What each person says of rows of train and dev, from which ``denoise`` may learn."""
        return self.data / "answers.parquet"

    @property
    def audit_plan(self) -> Path:
        """What a review of the labels is to prove. git keeps it."""
        return self.data / "audit_plan.json"

    @property
    def certificate(self) -> Path:
        """What a review has proven of the labels. git keeps it."""
        return self.data / "certificate.json"

    @property
    def gold_state(self) -> Path:
        """As of when the gold labels are."""
        return self.gold / "as_of.json"

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
    def generated(self) -> Path:
        """Folder of what generates votes: fitted models, thresholds, answers of language models."""
        return self.data / "generated"

    @property
    def generated_report(self) -> Path:
        """What generated votes cost and are worth."""
        return self.reports / "generated.json"

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
        return self.root / "src" / "problems" / self.name

    @property
    def model(self) -> Path:
        """Folder of the candidate model."""
        return self.root / "models" / self.name / "candidate"

    @property
    def champion(self) -> Path:
        """The version of the champion that ``monitor`` and ``evaluate`` compare with."""
        return self.root / "models" / self.name / "champion.json"

    @property
    def search(self) -> Path:
        """Folder of the report of the search stage."""
        return self.reports / "search"

    @property
    def searched(self) -> Path:
        """Folder of the report of the last `tidemill search`."""
        return self.reports / "searched"

    @property
    def reports(self) -> Path:
        """Folder of small reports and plots."""
        return self.root / "reports" / self.name

    @property
    def state(self) -> Path:
        """Folder of local state that git and DVC ignore."""
        return self.shared / STATE

    @property
    def made_tables(self) -> Path:
        """Which tables of batches a command has made here before any run."""
        return self.state / "made_tables" / f"{self.name}.json"

    @property
    def last_drift(self) -> Path:
        """The report of the last look at batches that have arrived, which publishes nothing."""
        return self.state / "drift" / f"{self.name}.json"

    def data_docs(self, table: str) -> Path:
        """Locate the folder of the Data Docs of a table's last check.

        Parameters
        ----------
        table
            Name of the table.

        Returns
        -------
        Path
            Folder, which need not exist.
        """
        return self.shared / "reports" / "data_docs" / self.name / table

    def data_docs_page(self, table: str) -> Path:
        """Locate the page that leads to the result of a table's last check.

        Parameters
        ----------
        table
            Name of the table.

        Returns
        -------
        Path
            HTML file, which need not exist.
        """
        return self.data_docs(table) / "latest.html"

    def suite_result(self, table: str) -> Path:
        """Locate the JSON file of a table's last check.

        Parameters
        ----------
        table
            Name of the table.

        Returns
        -------
        Path
            JSON file, which need not exist.
        """
        return self.state / "suites" / self.name / f"{table}.json"


def shared_root_of(root: Path) -> Path:
    """Locate the user's checkout: of a run's own worktree the one that the run was started in, else the folder itself.

    Fetched packages, incoming files, Data Docs and Prefect's database are there. A worktree that a user made with `git
    worktree add` is a checkout of its own.

    Parameters
    ----------
    root
        Folder of a checkout.

    Returns
    -------
    Path
        Absolute.
    """
    top = root.resolve()
    return top.parents[2] if top.parts[-3:-1] == RUNS.parts else top


def _all_but(folder: Path, inner: Path) -> list[Path]:
    """The folder; where a run's checkout lies below it, what the folder holds besides that checkout."""
    if not inner.is_relative_to(folder) or not folder.is_dir():
        return [folder]
    others = []
    while folder != inner:
        towards = folder / inner.relative_to(folder).parts[0]
        others += sorted(path for path in folder.iterdir() if path != towards)
        folder = towards
    return others


def main_checkout_of(root: Path) -> Path | None:
    """Locate the main checkout of the project whose linked worktree a folder is; None where it is none, or the repository is bare.

    Git's own files are read: ``.git`` of a linked worktree is a file that names its folder in the repository, in which
    ``commondir`` names the repository.

    Parameters
    ----------
    root
        Top folder of the checkout.

    Returns
    -------
    Path or None
        Absolute; None where it is no linked worktree, or the repository is bare.
    """
    try:
        predicted = (root / ".git").read_text(encoding="utf-8").strip()
        folder = root / predicted.removeprefix("gitdir:").strip()
        common = (folder / (folder / "commondir").read_text(encoding="utf-8").strip()).resolve()
    except OSError:  # a folder, or not there; a submodule has no commondir
        return None
    return common.parent if common.name == ".git" and find_root(common.parent) == common.parent else None


def find_root(start: Path) -> Path | None:
    """Locate the top folder of the project that a folder is in.

    Parameters
    ----------
    start
        Any folder.

    Returns
    -------
    Path or None
        The nearest folder, itself or above, with a ``dvc.yaml``; None outside of a project.
    """
    here = start.resolve()
    return next((folder for folder in (here, *here.parents) if (folder / "dvc.yaml").exists()), None)


def problem_names(root: Path) -> list[str]:
    """List the problems of a project: those of params.yaml, and those in conf/ that are not composed yet.

    Parameters
    ----------
    root
        Top folder of the project.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    import yaml

    params = root / "params.yaml"
    try:
        content = yaml.load(params.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader) if params.exists() else {}
    except yaml.YAMLError:  # the command that reads it names what is wrong
        content = {}
    listed = content.get("problems", []) if isinstance(content, dict) else []
    return sorted({*map(str, listed), *(path.stem for path in (root / "conf" / "problem").glob("*.yaml"))})
