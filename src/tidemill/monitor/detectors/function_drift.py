"""FunctionDrift: labeling functions that vote or are contradicted more or less often."""

from __future__ import annotations

from typing import Any, Self

from tidemill.common.arrays import NamedVotes, n_classes_of, named_votes
from tidemill.contracts import InputError, Votes
from tidemill.monitor import function_tests
from tidemill.monitor.detectors.base import BatchDetector
from tidemill.monitor.detectors.inputs import row_set
from tidemill.monitor.rows import Finding, Names, Rows
from tidemill.monitor.settings import FunctionSettings, MonitorSettings
from tidemill.reports.monitor import FunctionDrift as FunctionReport


class FunctionDrift(BatchDetector):
    """Detects that labeling functions vote more or less often, or are contradicted more or less often.

    Each function's coverage and conflicts are compared by Fisher's exact test; Benjamini and Hochberg's adjustment holds
    over all of them.

    Parameters
    ----------
    alpha
        Chance that a batch of the reference's kind is called drifted.
    min_rows
        Smaller batches are not judged.
    min_coverage_change
        Change of a function's coverage that counts, as a share of the rows; the largest is the ``effect``.
    min_conflict_change
        Change of its conflicts that counts, as a share of the rows on which it votes.
    classes
        Number of classes; None: as many as the votes name.
    """

    name = "functions"
    names_: tuple[str, ...]

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        min_rows: int = 30,
        min_coverage_change: float = 0.05,
        min_conflict_change: float = 0.1,
        classes: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.min_rows = min_rows
        self.min_coverage_change = min_coverage_change
        self.min_conflict_change = min_conflict_change
        self.classes = classes

    def fit(self, reference: Any, y: Any = None) -> Self:
        """Remember the votes of the reference.

        Parameters
        ----------
        reference : (n_rows, n_functions)
            NumPy array, or DataFrame of pandas or Polars with a column per function.
        y
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        FunctionDrift
            Itself.
        """
        named = named_votes(reference, self.classes)
        self.names_ = named.names or tuple(f"function {j}" for j in range(named.votes.shape[1]))
        return super().fit(reference, y)

    def _rows(self, data: Any) -> Rows:
        return row_set(votes=_aligned(named_votes(data, self.classes), self.names_))

    @classmethod
    def configured(cls, settings: MonitorSettings, names: Names, *, alpha: float) -> Self:
        """Make the detector of the stage, as ``BatchDetector.configured``.

        Parameters
        ----------
        settings
            Of the stage.
        names
            Of classes and functions.
        alpha
            Its share of the level.

        Returns
        -------
        FunctionDrift
        """
        own = settings.functions.model_dump()
        detector = cls(alpha=alpha, min_rows=settings.min_rows, classes=len(names.classes), **own)
        detector.names_ = names.functions
        return detector

    def finding(self, reference: Rows, batch: Rows) -> Finding[FunctionReport]:
        """Compare the votes of two sets of rows, as ``BatchDetector.finding``.

        Parameters
        ----------
        reference, batch
            Rows to compare.

        Returns
        -------
        Finding
        """
        count = self.classes or max(n_classes_of(reference.votes), n_classes_of(batch.votes))
        own = FunctionSettings(
            min_coverage_change=self.min_coverage_change, min_conflict_change=self.min_conflict_change
        )
        settings = MonitorSettings.model_construct(functions=own)
        names = Names(tuple(str(k) for k in range(count)), self.names_)
        return function_tests.detect(reference, batch, names, settings, alpha=self.alpha)

    @staticmethod
    def _measured(report: FunctionReport) -> tuple[float, float]:
        both = report.functions.values()
        tests = [*(about.coverage for about in both), *(about.conflict for about in both), report.any_function]
        changes = [about.coverage.change for about in both]
        return min(test.p_adjusted for test in tests), max(changes, key=abs, default=0.0)


def _aligned(named: NamedVotes, names: tuple[str, ...]) -> Votes:
    if named.names is not None and set(named.names) == set(names):
        return named.votes[:, [named.names.index(name) for name in names]]
    if named.names is not None and (missing := [name for name in names if name not in named.names]):
        raise InputError(f"there are no votes of function {missing[0]!r}, which the reference has")
    if named.votes.shape[1] != len(names):
        raise InputError(f"votes of {named.votes.shape[1]} functions, the reference has {len(names)}")
    return named.votes
