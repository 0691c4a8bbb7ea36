"""Report of one new batch by itself: what moved, by every detector of the settings, and whether it harms.

Each detector is a family of tests that says so with probability ``alpha`` divided by the number of detectors where nothing moved
(Bonferroni over families, Benjamini and Hochberg inside). A detector must also see an effect of at least its floor: with enough
rows everything is significant. This describes the batch and raises no alarm: over many batches such tests are wrong for certain,
so drift is decided by ``sequential`` alone. Harm is tested apart: drift and harm are not the same.
"""

from __future__ import annotations

from typing import Any

from tidemill.monitor.detectors import batch_detector
from tidemill.monitor.harm import estimate
from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.settings import MonitorSettings
from tidemill.reports.monitor import BatchDrift


def compare(reference: Rows, batch: Rows, names: Names, settings: MonitorSettings) -> BatchDrift:
    """Compare a batch with the reference, by every detector of the settings.

    A batch of fewer than ``min_rows`` rows is not judged: ``judged`` is False and ``harm`` None.

    Parameters
    ----------
    reference, batch
        Rows to compare.
    names
        Of classes and functions.
    settings
        Of the stage.

    Returns
    -------
    BatchDrift

    Raises
    ------
    ConfigError
        A detector is not known.
    """
    alpha = settings.alpha / max(len(settings.detectors), 1)
    detectors = {name: batch_detector(name, settings, names, alpha=alpha) for name in settings.detectors}
    if min(len(batch), len(reference)) < settings.min_rows:
        text = f"not judged: {len(batch)} rows against {len(reference)} of the reference, {settings.min_rows} are asked"
        return BatchDrift(rows=len(batch), judged=False, harm=None, relabel=False, moved=(), reasons=(text,))
    results = {name: detector.finding(reference, batch) for name, detector in detectors.items()}
    moved = tuple(name for name, finding in results.items() if finding.drift)
    harm = estimate(reference, batch, names, settings, alpha=settings.batch_alpha)
    first = () if moved else ("by itself it looks like the reference",)
    reports: dict[str, Any] = {name: finding.report for name, finding in results.items()}
    return BatchDrift(
        rows=len(batch),
        judged=True,
        harm=harm.harm,
        relabel=harm.relabel,
        moved=moved,
        reasons=(*first, *(reason for finding in results.values() for reason in finding.reasons), *harm.reasons),
        agreement=harm.agreement,
        confidence=harm.confidence,
        coverage=harm.coverage,
        **reports,
    )
