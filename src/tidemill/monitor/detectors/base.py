"""What every drift detector shares: fit, check, its result, and the registry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from tidemill.common.estimators import Estimator
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ConfigError
from tidemill.monitor.rows import Finding, Names, Rows
from tidemill.monitor.settings import MonitorSettings

_BY_NAME: Final[dict[str, type[DriftDetector]]] = {}


@dataclass(frozen=True)
class DriftResult:
    """What a detector saw in a batch.

    Parameters
    ----------
    drift
        Whether the batch is of another kind than the reference; None: too few rows to judge.
    p_value
        Chance of what was seen, or more, where the batch is of the reference's kind; None where nothing was judged.
    effect
        How large the change is, in the detector's own measure; None where nothing was judged.
    reasons
        In words; empty where nothing moved.
    details
        All that was measured.
    """

    drift: bool | None
    p_value: float | None
    effect: float | None
    reasons: tuple[str, ...]
    details: Mapping[str, Any]


class DriftDetector(Estimator, ABC):
    """Compares batches with a reference.

    A subclass names itself by the class attribute ``name``, takes keyword parameters with defaults in its constructor,
    ``alpha`` and ``min_rows`` among them, and implements ``_rows`` and ``_compare``. One that the monitor stage may run on each
    batch by itself is a ``BatchDetector``.

    Attributes
    ----------
    reference_ : Rows
        What ``fit`` was given.
    """

    name: ClassVar[str]
    alpha: float
    min_rows: int
    reference_: Rows

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "name" in cls.__dict__:
            _BY_NAME[cls.name] = cls

    def fit(self, reference: Any, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Remember the reference: rows of the kind that is expected.

        Parameters
        ----------
        reference : (n_rows, …)
            What the detector compares.
        y
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        DriftDetector
            Itself.

        Raises
        ------
        InputError
            The reference is not what the detector compares.
        """
        self.reference_ = self._rows(reference)
        return self

    def check(self, batch: Any) -> DriftResult:
        """Compare a batch with the reference.

        Parameters
        ----------
        batch : (n_rows, …)
            As the reference.

        Returns
        -------
        DriftResult
            No more than ``alpha`` of the batches of the reference's kind are called drifted.

        Raises
        ------
        InputError
            The batch is not what the detector compares, or has other columns than the reference.
        NotFittedError
            ``fit`` has not been called.
        """
        self._check_is_fitted()
        rows = self._rows(batch)
        few = min(len(rows), len(self.reference_))
        if few < self.min_rows:
            reason = f"not judged: {len(rows)} rows against {len(self.reference_)} of the reference, {self.min_rows} are asked"
            return DriftResult(None, None, None, (reason,), {})
        return self._compare(self.reference_, rows)

    @abstractmethod
    def _rows(self, data: Any) -> Rows:
        """Read what ``fit`` and ``check`` are given."""

    @abstractmethod
    def _compare(self, reference: Rows, batch: Rows) -> DriftResult:
        """Compare two sets of rows, each with at least ``min_rows``."""


class BatchDetector(DriftDetector):
    """Judges each batch by itself; what the monitor stage asks of every new batch, and what ``check`` asks.

    A subclass implements ``_rows``, ``_measured``, and ``finding`` and ``configured`` for the stage.
    """

    @classmethod
    @abstractmethod
    def configured(cls, settings: MonitorSettings, names: Names, *, alpha: float) -> Self:
        """Make the detector of the stage.

        Parameters
        ----------
        settings : MonitorSettings
            Of the stage.
        names : Names
            Of classes and functions.
        alpha : float
            Its share of the level.

        Returns
        -------
        BatchDetector
        """

    @abstractmethod
    def finding(self, reference: Rows, batch: Rows) -> Finding[Any]:
        """Compare two sets of rows.

        Parameters
        ----------
        reference, batch : Rows
            Rows to compare.

        Returns
        -------
        Finding
            Of the detector's own report. No more than ``alpha`` of the batches of one kind are reported as moved.
        """

    @staticmethod
    @abstractmethod
    def _measured(report: Any) -> tuple[float, float]:
        """Read p value and effect from the detector's report."""

    def _compare(self, reference: Rows, batch: Rows) -> DriftResult:
        finding = self.finding(reference, batch)
        p_value, effect = self._measured(finding.report)
        return DriftResult(finding.drift, p_value, effect, finding.reasons, finding.report.model_dump())


def drift_detectors() -> list[str]:
    """List the names of the drift detectors.

    Returns
    -------
    list of str

    Examples
    --------
    >>> import tidemill.monitor.detectors
    >>> drift_detectors()
    ['embeddings', 'functions', 'predictions', 'sequential']
    """
    return sorted(_BY_NAME)


def batch_detector(name: str, settings: MonitorSettings, names: Names, *, alpha: float) -> BatchDetector:
    """Make one of the detectors that the monitor stage runs on each batch by itself.

    Parameters
    ----------
    name
        Of ``monitor.detectors``.
    settings : MonitorSettings
        Of the stage.
    names : Names
        Of classes and functions.
    alpha : float
        Its share of the level.

    Returns
    -------
    BatchDetector

    Raises
    ------
    ConfigError
        There is no such detector, or it does not judge batches by themselves.
    """
    kinds = {key: kind for key, kind in _BY_NAME.items() if issubclass(kind, BatchDetector)}
    if name not in kinds:
        raise ConfigError(f"monitor.detectors: {name!r} is unknown; valid are {', '.join(sorted(kinds))}")
    return kinds[name].configured(settings, names, alpha=alpha)


def drift_detector(name: str, **parameters: Any) -> DriftDetector:
    """Make a drift detector by its name in ``conf/monitor/``.

    Parameters
    ----------
    name
        One of ``drift_detectors()``.
    parameters
        Of its constructor.

    Returns
    -------
    DriftDetector

    Raises
    ------
    ConfigError
        There is no such detector.
    """
    if name not in _BY_NAME:
        raise ConfigError(f"unknown drift detector {name!r}{did_you_mean(name, _BY_NAME)}")
    return _BY_NAME[name](**parameters)
