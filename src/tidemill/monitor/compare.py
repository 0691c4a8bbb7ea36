"""Comparison of one new batch with the reference: what moved, by every detector, and whether it harms.

Each detector is a family of tests that may raise a false alarm with probability ``alpha`` divided by the number of detectors, so
that a batch of the reference's own kind is called drifted with probability ``alpha`` at most (Bonferroni over
families, Benjamini and Hochberg inside). A detector must also see an effect of at least its floor: with enough rows
everything is significant. Harm is tested apart: drift and harm are not the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from tidemill.contracts import ConfigError
from tidemill.monitor import embedding_tests, function_tests, prediction_tests
from tidemill.monitor.harm import estimate
from tidemill.monitor.rows import Finding, Names, Rows
from tidemill.monitor.settings import MonitorSettings
from tidemill.reports.monitor import BatchDrift, DetectorDrift


class Detector(Protocol):
    """One family of tests of what moved."""

    def __call__(
        self, reference: Rows, batch: Rows, names: Names, settings: MonitorSettings, *, alpha: float
    ) -> Finding[DetectorDrift]:
        """Compare two sets of rows; no more than ``alpha`` of calls on rows of one kind may say drift."""


DETECTORS: Final[Mapping[str, Detector]] = {
    "embeddings": embedding_tests.detect,
    "functions": function_tests.detect,
    "predictions": prediction_tests.detect,
}


def compare(reference: Rows, batch: Rows, names: Names, settings: MonitorSettings) -> BatchDrift:
    """Compare a batch with the reference, by every detector of the settings.

    A batch of fewer than ``min_rows`` rows is not judged: ``drift`` and ``harm`` are None.

    Raises
    ------
    ConfigError
        A detector is not known.
    """
    unknown = [name for name in settings.detectors if name not in DETECTORS]
    if unknown:
        raise ConfigError(f"monitor.detectors: {unknown[0]!r} is unknown; valid are {', '.join(sorted(DETECTORS))}")
    if min(len(batch), len(reference)) < settings.min_rows:
        text = f"not judged: {len(batch)} rows against {len(reference)} of the reference, {settings.min_rows} are asked"
        return BatchDrift(rows=len(batch), drift=None, harm=None, relabel=False, moved=(), reasons=(text,))
    alpha = settings.alpha / max(len(settings.detectors), 1)
    found = {name: DETECTORS[name](reference, batch, names, settings, alpha=alpha) for name in settings.detectors}
    moved = tuple(name for name, finding in found.items() if finding.drift)
    harm = estimate(reference, batch, names, settings)
    first = () if moved else ("no drift: it looks like the reference",)
    reports: dict[str, Any] = {name: finding.report for name, finding in found.items()}
    return BatchDrift(
        rows=len(batch),
        drift=bool(moved),
        harm=harm.harm,
        relabel=harm.relabel,
        moved=moved,
        reasons=(*first, *(reason for finding in found.values() for reason in finding.reasons), *harm.reasons),
        agreement=harm.agreement,
        confidence=harm.confidence,
        coverage=harm.coverage,
        **reports,
    )
