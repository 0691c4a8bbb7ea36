"""Whether the champion has become worse, without gold.

Champion and functions do not see the same things: the champion sees features, the functions see the row. How often the
champion predicts the functions' majority vote, on rows where the majority is clear, moves with the accuracy of both.
A fall is harm: one of the two is wrong more often than it was, and either way somebody must look. On rows without votes
this sees nothing; there the champion's own confidence is all there is, and it is reported, not trusted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidemill.common.statistics import wilson
from tidemill.contracts import ABSTAIN
from tidemill.monitor.rows import Names, Rows, covered, majority, rounded
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.statistics import mean_difference, share_difference
from tidemill.reports.monitor import Agreement, AgreementShare, Confidence, Shift


@dataclass(frozen=True)
class Harm:
    """Whether the champion became worse, and what speaks for it.

    Parameters
    ----------
    harm
        None where it cannot be judged.
    agreement
        How often the champion predicts what the functions' majority votes.
    confidence
        Of the champion.
    coverage
        Share of rows on which any function votes.
    relabel
        Whether functions vote on surely fewer rows than before, by at least ``min_coverage_drop``.
    min_rows
        Rows that the functions have to decide.
    """

    harm: bool | None
    agreement: Agreement
    confidence: Confidence
    coverage: Shift
    relabel: bool
    min_rows: int

    @property
    def reasons(self) -> tuple[str, ...]:
        """The same, a sentence each."""
        reasons = [_agreement_reason(self)]
        if self.confidence.fell:
            before, after = self.confidence.reference, self.confidence.batch
            reasons.append(f"the champion is less confident, mean confidence {before:.2f} -> {after:.2f}")
        if self.relabel:
            reasons.append(
                f"coverage is {self.coverage.batch:.2f}, {self.coverage.reference:.2f} before: "
                "write functions for what is new, or label some of it by hand, before retraining"
            )
        return tuple(reasons)


def estimate(
    reference: Rows, batch: Rows, names: Names, settings: MonitorSettings, *, alpha: float | None = None
) -> Harm:
    """Estimate whether the champion became worse, without gold.

    Harm: the agreement fell by at least ``min_agreement_drop``, and the one-sided interval of the fall at level ``alpha`` is
    above zero.

    Parameters
    ----------
    reference, batch
        Rows to compare.
    names
        Of classes and functions.
    settings
        Of the stage.
    alpha
        Level of the interval of the fall; None: that of the settings.

    Returns
    -------
    Harm
    """
    agreement, harm = agreement_of(reference, batch, len(names.classes), settings, alpha=alpha)
    coverage = Shift(
        reference=rounded(covered(reference.votes).mean()),
        batch=rounded(covered(batch.votes).mean()),
    )
    relabel = _coverage_fell(reference, batch, settings)
    return Harm(harm, agreement, _confidence(reference, batch, settings), coverage, relabel, settings.harm.min_rows)


def functions_decide_few(reference: Rows, rows: Rows, n_classes: int, settings: MonitorSettings) -> bool:
    """Tell whether the functions decide too few rows to judge by, and surely a smaller share than of the reference.

    Parameters
    ----------
    reference : Rows
        What the rows are compared with.
    rows : Rows
        All since the promotion: few rows alone are no reason to write functions.
    n_classes : int
        How many there are.
    settings : MonitorSettings
        Of the stage.

    Returns
    -------
    bool
    """
    before, now = _hits(reference, n_classes)[1], _hits(rows, n_classes)[1]
    if now >= settings.harm.min_rows:
        return False
    low, _ = share_difference(before, len(reference), now, len(rows), 1.0 - 2.0 * settings.alpha)
    return low > 0.0


def _coverage_fell(reference: Rows, batch: Rows, settings: MonitorSettings) -> bool:
    before, now = (covered(rows.votes) for rows in (reference, batch))
    low, _ = share_difference(int(before.sum()), len(before), int(now.sum()), len(now), 1.0 - 2.0 * settings.alpha)
    drop = rounded(before.mean()) - rounded(now.mean())
    return bool(low > 0.0 and drop >= settings.harm.min_coverage_drop)


def agreement_of(
    reference: Rows, batch: Rows, n_classes: int, settings: MonitorSettings, *, alpha: float | None = None
) -> tuple[Agreement, bool | None]:
    """Compare how often the champion predicts the functions' majority vote.

    Parameters
    ----------
    reference, batch : Rows
        Rows to compare.
    n_classes : int
        How many there are.
    settings : MonitorSettings
        Of the stage.
    alpha : float, optional
        Level; None: that of the settings.

    Returns
    -------
    agreement : Agreement
        Before and now, with the one-sided interval of the fall at level ``alpha``.
    fell : bool or None
        Surely, and by at least ``min_agreement_drop``; None where the majority decides fewer than ``min_rows`` rows of either.
    """
    one, other = (_hits(rows, n_classes) for rows in (reference, batch))
    level = 1.0 - 2.0 * (settings.alpha if alpha is None else alpha)
    before, after = (_share(*hits, confidence=level) for hits in (one, other))
    if min(one[1], other[1]) < settings.harm.min_rows:
        return Agreement(reference=before, batch=after), None
    low, high = share_difference(*one, *other, level)
    drop = one[0] / one[1] - other[0] / other[1]
    result = Agreement(reference=before, batch=after, drop=rounded(drop), low=rounded(low), high=rounded(high))
    return result, bool(drop >= settings.harm.min_agreement_drop and low > 0.0)


def _hits(rows: Rows, n_classes: int) -> tuple[int, int]:
    votes_for = majority(rows.votes, n_classes)
    clear = votes_for != ABSTAIN
    return int((rows.probabilities.argmax(axis=1) == votes_for)[clear].sum()), int(clear.sum())


def _share(hits: int, rows: int, *, confidence: float) -> AgreementShare:
    if not rows:
        return AgreementShare(score=None, rows=0)
    low, high = wilson(hits, rows, confidence)
    return AgreementShare(score=rounded(hits / rows), low=rounded(low), high=rounded(high), rows=rows)


def _confidence(reference: Rows, batch: Rows, settings: MonitorSettings) -> Confidence:
    one, other = (np.asarray(rows.probabilities.max(axis=1)) for rows in (reference, batch))
    low, high = mean_difference(one, other, 1.0 - 2.0 * settings.alpha)
    drop = one.mean() - other.mean()
    return Confidence(
        reference=rounded(one.mean()),
        batch=rounded(other.mean()),
        drop=rounded(drop),
        low=rounded(low),
        high=rounded(high),
        fell=bool(low > 0.0 and drop >= settings.harm.min_agreement_drop),
    )


def _agreement_reason(result: Harm) -> str:
    agreement = result.agreement
    rows = agreement.batch.rows
    if result.harm is None:
        return f"harm cannot be judged: the functions decide {rows} rows, {result.min_rows} are asked"
    verb = "harm: the champion agrees less" if result.harm else "no harm seen: the champion agrees as before"
    interval = f"a fall of {agreement.drop:.2f} [{agreement.low:.2f}, {agreement.high:.2f}]"
    change = f"{agreement.reference.score:.2f} -> {agreement.batch.score:.2f}"
    return f"{verb} with the functions' majority, {change} on {rows} rows, {interval}"
