"""champion and functions on two sets of rows -> has the champion become worse? Without gold.

Two witnesses that do not see the same things: the champion sees features, the functions see the row. How often the
champion says what the functions' majority says, on rows where the majority is clear, moves with the accuracy of both.
A fall is harm: one of the two is wrong more often than it was, and either way somebody must look. Where the functions
do not speak this sees nothing; there the champion's own confidence is all there is, and it is told, not trusted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tidemill.common.statistics import wilson
from tidemill.contracts import ABSTAIN
from tidemill.monitor.rows import Names, Rows, covered, majority, rounded
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.statistics import mean_difference, share_difference


def estimate(reference: Rows, batch: Rows, names: Names, settings: MonitorSettings) -> dict[str, Any]:
    """Reference and batch -> ``harm`` (None: cannot be judged), agreement, confidence, coverage, ``relabel``, reasons.

    Harm: the agreement fell by at least ``min_agreement_drop``, and the one-sided interval of the fall at level ``alpha`` is
    above zero.
    """
    agreement = _agreement(reference, batch, len(names.classes), settings)
    confidence = _confidence(reference, batch, settings)
    coverage = {"reference": rounded(covered(reference.votes).mean()), "batch": rounded(covered(batch.votes).mean())}
    fall = coverage["reference"] - coverage["batch"]
    few = agreement["batch"]["rows"] < settings.harm.min_rows
    found = {"harm": agreement.pop("harm"), "agreement": agreement, "confidence": confidence, "coverage": coverage}
    found["relabel"] = bool(few or fall >= settings.harm.min_coverage_drop)
    return found | {"reasons": _reasons(found, settings)}


def _agreement(reference: Rows, batch: Rows, n_classes: int, settings: MonitorSettings) -> dict[str, Any]:
    one, other = (_hits(rows, n_classes) for rows in (reference, batch))
    level = 1.0 - 2.0 * settings.alpha
    found: dict[str, Any] = {
        "reference": _share(*one, confidence=level),
        "batch": _share(*other, confidence=level),
        "harm": None,
    }
    if min(one[1], other[1]) < settings.harm.min_rows:
        return found
    low, high = share_difference(*one, *other, level)
    drop = one[0] / one[1] - other[0] / other[1]
    harm = bool(drop >= settings.harm.min_agreement_drop and low > 0.0)
    return found | {"drop": rounded(drop), "low": rounded(low), "high": rounded(high), "harm": harm}


def _hits(rows: Rows, n_classes: int) -> tuple[int, int]:
    said = majority(rows.votes, n_classes)
    clear = said != ABSTAIN
    return int((rows.probabilities.argmax(axis=1) == said)[clear].sum()), int(clear.sum())


def _share(hits: int, rows: int, *, confidence: float) -> dict[str, Any]:
    if not rows:
        return {"score": None, "rows": 0}
    low, high = wilson(hits, rows, confidence)
    return {"score": rounded(hits / rows), "low": rounded(low), "high": rounded(high), "rows": rows}


def _confidence(reference: Rows, batch: Rows, settings: MonitorSettings) -> dict[str, Any]:
    one, other = (np.asarray(rows.probabilities.max(axis=1)) for rows in (reference, batch))
    low, high = mean_difference(one, other, 1.0 - 2.0 * settings.alpha)
    drop = one.mean() - other.mean()
    return {
        "reference": rounded(one.mean()),
        "batch": rounded(other.mean()),
        "drop": rounded(drop),
        "low": rounded(low),
        "high": rounded(high),
        "fell": bool(low > 0.0 and drop >= settings.harm.min_agreement_drop),
    }


def _reasons(found: dict[str, Any], settings: MonitorSettings) -> list[str]:
    agreement, coverage = found["agreement"], found["coverage"]
    if found["harm"] is None:
        rows = agreement["batch"]["rows"]
        reasons = [f"harm cannot be judged: the functions decide {rows} rows, {settings.harm.min_rows} are asked"]
    else:
        before, after = agreement["reference"]["score"], agreement["batch"]["score"]
        how = "harm: the champion agrees less" if found["harm"] else "no harm seen: the champion agrees as before"
        interval = f"a fall of {agreement['drop']:.2f} [{agreement['low']:.2f}, {agreement['high']:.2f}]"
        rows = agreement["batch"]["rows"]
        reasons = [f"{how} with the functions' majority, {before:.2f} -> {after:.2f} on {rows} rows, {interval}"]
    if found["confidence"]["fell"]:
        before, after = found["confidence"]["reference"], found["confidence"]["batch"]
        reasons.append(f"the champion is less sure of itself, mean confidence {before:.2f} -> {after:.2f}")
    if found["relabel"]:
        reasons.append(
            f"the functions speak on {coverage['batch']:.2f} of the rows, {coverage['reference']:.2f} before: "
            "write functions for what is new, or label some of it by hand, before retraining"
        )
    return reasons
