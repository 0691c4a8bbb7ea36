"""reference and one new batch -> what moved, by every detector, and whether it harms.

Each detector is a family of tests that may cry wolf with probability ``alpha`` divided by the number of detectors, so
that a batch of the reference's own kind is called drifted with probability ``alpha`` at most (Bonferroni over
families, Benjamini and Hochberg inside). A detector must also see an effect of at least its floor: with enough rows
everything is significant. Whether it harms is asked apart: drift and harm are not the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from tidemill.contracts import ConfigError
from tidemill.monitor import embeddings, functions, predictions
from tidemill.monitor.harm import estimate
from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.settings import MonitorSettings


class Detector(Protocol):
    """Reference and batch -> finding with at least ``drift`` and ``reasons``."""

    def __call__(
        self, reference: Rows, batch: Rows, names: Names, settings: MonitorSettings, *, alpha: float
    ) -> dict[str, Any]:
        """Two sets of rows -> finding; no more than ``alpha`` of calls on rows of one kind may say drift."""


DETECTORS: Final[Mapping[str, Detector]] = {
    "embeddings": embeddings.detect,
    "functions": functions.detect,
    "predictions": predictions.detect,
}


def compare(reference: Rows, batch: Rows, names: Names, settings: MonitorSettings) -> dict[str, Any]:
    """Reference and batch -> finding: rows, drift, harm, relabel, moved, reasons, and what each detector saw.

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
        return {"rows": len(batch), "drift": None, "harm": None, "relabel": False, "moved": [], "reasons": [text]}
    alpha = settings.alpha / max(len(settings.detectors), 1)
    seen = {name: DETECTORS[name](reference, batch, names, settings, alpha=alpha) for name in settings.detectors}
    moved = [name for name, finding in seen.items() if finding["drift"]]
    harm = estimate(reference, batch, names, settings)
    reasons = [reason for finding in (*seen.values(), harm) for reason in finding.pop("reasons")]
    first = [] if moved else ["no drift: it looks like the reference"]
    return {"rows": len(batch), "drift": bool(moved), "moved": moved, "reasons": first + reasons} | harm | seen
