"""Whether the champion became worse, by all rows since the change: harm, no harm, or undecided and how many labels decide.

Labels that a person gave decide where there are any; what they decided stays. Without labels it is harm where the champion
agrees less with the functions, surely by more than the tolerated fall, and its calibrated confidence surely fell too; confidence
alone decides nothing. It is no harm where nothing has changed, or where the whole interval of the accuracy is above the bar.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tidemill.monitor.accuracy import (
    Witnesses,
    chances_of,
    confidence_of,
    estimate_accuracy,
)
from tidemill.monitor.betting import decide, labels_to_go
from tidemill.monitor.harm import agreement_of
from tidemill.monitor.label_queue import (
    Arrived,
    Labels,
    answered_right,
    most_informative,
    otherwise_labeled,
    sample_order,
)
from tidemill.monitor.rows import Rows, rounded
from tidemill.monitor.settings import MonitorSettings
from tidemill.monitor.statistics import mean_difference
from tidemill.reports.monitor import Agreement, LabelTest, StreamHarm

Verdict = Literal["harm", "no harm", "undecided"]
DecidedBy = Literal["labels", "witnesses", "no change"]

_LEAST_BAR: Final = 0.01
_SHOWN: Final = 3
"""Functions that a sentence names."""
_CALLED: Final[dict[bool | None, Verdict]] = {True: "harm", False: "no harm", None: "undecided"}


def _no_labels(_: Sequence[str]) -> dict[str, int]:
    return {}


@dataclass(frozen=True)
class Since:
    """Batches that are judged together.

    Attributes
    ----------
    names
        Of the batches, in order of arrival; at least one.
    batches
        Their rows.
    before_alarm
        How many of them had arrived when the alarm was raised; None: there is none, and nothing has changed as far as can be seen.
    """

    names: tuple[str, ...]
    batches: tuple[Arrived, ...]
    before_alarm: int | None

    @property
    def rows(self) -> Rows:
        """All of them."""
        return joined_rows([batch.rows for batch in self.batches])

    @property
    def together(self) -> int:
        """How many of the first batches labels are drawn from together; others are drawn from in turn."""
        return self.before_alarm or 1


@dataclass(frozen=True)
class Judge:
    """What rows are judged by.

    Attributes
    ----------
    reference
        Rows that the champion was not trained on.
    witnesses
        Fitted on them.
    n_classes
        How many there are.
    labels
        Looks labels of arrived rows up.
    eligible
        Ids of arrived rows that a person may label.
    salt
        Such as the champion's version.
    settings
        Of the stage.
    same_features
        Functions that read the features that the champion reads.
    otherwise
        Looks labels up that arrived rows of any split have for another reason than being asked for: they came with the row, or it
        was drawn at random. Not those of rows that were picked for being hard.
    """

    reference: Rows
    witnesses: Witnesses
    n_classes: int
    labels: Labels
    eligible: Collection[str]
    salt: str
    settings: MonitorSettings
    same_features: tuple[str, ...] = ()
    otherwise: Labels = _no_labels

    def verdict(self, since: Since) -> StreamHarm:
        """Judge rows.

        Parameters
        ----------
        since : Since
            The rows.

        Returns
        -------
        StreamHarm
        """
        witnesses, rows = self.witnesses, since.rows
        now = estimate_accuracy(witnesses, rows, level=1.0 - self.settings.alpha)
        alpha = self.settings.look_alpha if since.before_alarm is None else self.settings.alpha
        agreement, fell = agreement_of(self.reference, rows, self.n_classes, self.settings, alpha=alpha)
        changed = since.before_alarm is not None or bool(fell)
        without = self._without_labels(rows, agreement, changed=changed, low=now.low)
        test = self._test(since, asks=changed and without is not False)
        labels = test if changed or (test.proven and test.outcome == "harm") else None
        harm, by = self._decided(labels, without=without, changed=changed)
        if len(rows) < self.settings.min_rows and by != "labels":
            harm, by = None, None
        result = StreamHarm(
            verdict=_CALLED[harm],
            harm=harm,
            decided_by=by,
            since=since.names[0],
            rows=len(rows),
            tolerated_drop=rounded(self.settings.harm.tolerated_drop),
            calibrated=witnesses.calibrated,
            reference=witnesses.reference,
            now=now,
            agreement=agreement,
            same_features=self.same_features,
            labels=labels,
            reasons=(),
        )
        return result.model_copy(update={"reasons": tuple(reasons_of(result, min_rows=self.settings.min_rows))})

    @property
    def _bar(self) -> float:
        bar = self.witnesses.reference.estimate - self.settings.harm.tolerated_drop
        return min(max(bar, _LEAST_BAR), 1.0 - _LEAST_BAR)

    def _without_labels(self, rows: Rows, agreement: Agreement, *, changed: bool, low: float) -> bool | None:
        if not changed or low >= self._bar:
            return False
        return True if self._both_witnesses_fell(rows, agreement) else None

    def _both_witnesses_fell(self, rows: Rows, agreement: Agreement) -> bool:
        if agreement.low is None or agreement.low <= self.settings.harm.tolerated_drop:
            return False
        after = confidence_of(self.witnesses, chances_of(self.witnesses.tables, rows))
        low, _ = mean_difference(self.witnesses.calibrated_confidence, after, 1.0 - 2.0 * self.settings.alpha)
        return low > 0.0

    @staticmethod
    def _decided(
        labels: LabelTest | None, *, without: bool | None, changed: bool
    ) -> tuple[bool | None, DecidedBy | None]:
        if labels is not None and labels.outcome is not None:
            return labels.outcome == "harm", "labels"
        if without is None:
            return None, None
        return without, "witnesses" if changed else "no change"

    def _test(self, since: Since, *, asks: bool) -> LabelTest:
        settings, alpha, bar = self.settings.harm, self.settings.alpha, self._bar
        order = sample_order(since.batches, since.together, self.eligible, self.salt)
        predicted, known = _predicted(since), self.labels(order)
        right = answered_right(order[: settings.max_labels], predicted, known)
        given = self.otherwise([row_id for batch in since.batches for row_id in batch.row_ids])
        others = otherwise_labeled(since.batches, since.together, given, order[: len(right)], self.salt)
        right = np.append(right, [given[row_id] == predicted[row_id] for row_id in others])[: settings.max_labels]
        right, open_rows = right.astype(np.bool_), [row_id for row_id in order if row_id not in known]
        first = joined_rows([batch.rows for batch in since.batches[: since.together]])
        expected = estimate_accuracy(self.witnesses, first, level=1.0 - alpha).estimate
        verdict = decide(right, bar, expected=expected, alpha=alpha, max_labels=settings.max_labels)
        more = 0
        if asks and verdict.below is None:
            counts = int(right.sum()), len(right)
            more = labels_to_go(*counts, bar, expected=expected, alpha=alpha, max_labels=settings.max_labels)
        return LabelTest(
            bar=rounded(bar),
            answered=len(right),
            right=int(right.sum()),
            outcome=None if verdict.below is None else ("harm" if verdict.below else "no harm"),
            proven=verdict.proven,
            labels_used=verdict.used,
            more_labels=more,
            rows=tuple(open_rows[:more]),
            informative=self._informative(since, {*order[: settings.max_labels], *open_rows[:more], *known})
            if more
            else (),
        )

    def _informative(self, since: Since, apart_from: Collection[str]) -> tuple[str, ...]:
        chances = chances_of(self.witnesses.tables, since.rows)
        doubt = np.asarray(np.abs(chances.confidence - chances.agreement))
        return most_informative(since.batches, doubt, apart_from, self.eligible)


def _predicted(since: Since) -> dict[str, int]:
    ids = [row_id for batch in since.batches for row_id in batch.row_ids]
    return dict(zip(ids, since.rows.probabilities.argmax(axis=1).tolist(), strict=True))


def joined_rows(parts: Sequence[Rows]) -> Rows:
    """Join rows.

    Parameters
    ----------
    parts : sequence of Rows
        At least one, of the same columns.

    Returns
    -------
    Rows
    """
    return Rows(
        *(np.concatenate([getattr(part, key) for part in parts]) for key in ("features", "probabilities", "votes"))
    )


def reasons_of(harm: StreamHarm, *, min_rows: int) -> list[str]:
    """Say a verdict in words.

    Parameters
    ----------
    harm : StreamHarm
        The verdict.
    min_rows : int
        Below which rows are not judged.

    Returns
    -------
    list of str
    """
    return [_first_reason(harm, min_rows), _estimate_reason(harm), *_blind_reasons(harm), *_label_reasons(harm)]


def _first_reason(harm: StreamHarm, min_rows: int) -> str:
    where = f"{harm.rows} rows since {harm.since}"
    if harm.decided_by == "labels" and harm.labels is not None:
        test = harm.labels
        share = f"{test.right} of {test.answered} labeled rows are predicted right"
        how = "proven" if test.proven else "not proven, so they and the estimate without labels are weighed"
        return f"{harm.verdict}, by labels: {share}, the bar is {test.bar:.2f}; {how} after {test.labels_used}"
    if harm.decided_by == "no change":
        return f"no harm: nothing has changed in {where} as far as can be seen"
    if harm.verdict == "harm":
        fall = f"{harm.agreement.drop:.2f}"
        return f"harm: in {where} the champion agrees less with the functions, by {fall}, and is less confident"
    if harm.verdict == "no harm":
        return f"no harm: in {where} the interval of the accuracy is above {_bar_of(harm):.2f}"
    if harm.rows < min_rows:
        return f"undecided: {where}, {min_rows} are asked"
    return f"undecided: what there is of {where} without labels does not tell harm from a harmless change"


def _estimate_reason(harm: StreamHarm) -> str:
    before, now = harm.reference, harm.now
    basis = (
        "gold of held-out rows" if harm.calibrated else "functions alone, for there is too little gold of held-out rows"
    )
    return (
        f"accuracy before {before.estimate:.2f} [{before.low:.2f}, {before.high:.2f}] by {basis}; now, without labels, "
        f"{now.estimate:.2f} [{now.low:.2f}, {now.high:.2f}]; a fall of {harm.tolerated_drop:.2f} is tolerated"
    )


def _blind_reasons(harm: StreamHarm) -> list[str]:
    names = harm.same_features
    if harm.decided_by == "labels" or not names:
        return []
    listed = f"{', '.join(names[:_SHOWN])}{f' and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''}"
    sentence = f"agreement is blind where the features mislead, for {listed} read the same features as the champion"
    return [f"{sentence} and err with it: only labels show that"]


def _label_reasons(harm: StreamHarm) -> list[str]:
    test = harm.labels
    if test is None or test.outcome is not None or not test.more_labels:
        return []
    listed = "" if len(test.rows) == test.more_labels else f"; {len(test.rows)} have arrived"
    verb = "decide it" if harm.harm is None else "confirm or refute it"
    sentence = (
        f"labels of about {test.more_labels} more rows drawn at random are likely to {verb}, {test.answered} are there"
    )
    return [f"{sentence}{listed}: `tidemill gold sample PROBLEM --harm` writes them to a file"]


def _bar_of(harm: StreamHarm) -> float:
    return harm.reference.estimate - harm.tolerated_drop
