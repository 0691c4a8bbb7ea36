"""SequentialDrift: a stream of batches with one false-alarm guarantee for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from tidemill.common.arrays import feature_array, n_classes_of, named_votes, probability_array
from tidemill.contracts import InputError
from tidemill.monitor.detectors.base import DriftDetector, DriftResult
from tidemill.monitor.detectors.inputs import row_set
from tidemill.monitor.rows import Names, Rows
from tidemill.monitor.sequential.batch import plain_batch
from tidemill.monitor.sequential.stream import Stream, advance, start
from tidemill.monitor.settings import SequentialSettings

_PARTS = ("features", "probabilities", "votes")


class SequentialDrift(DriftDetector):
    """Detects a change in a stream of batches, as the monitor stage does.

    The chance of any false alarm over all calls of ``check``, whatever the sizes of the batches, is at most ``alpha`` while rows of
    the reference and of the batches are exchangeable. An alarm stays until ``fit`` is called again.

    Parameters
    ----------
    alpha
        Chance of any false alarm.
    min_rows
        Of a batch and of the reference; smaller batches are not taken.
    horizon
        Checks among which a change is looked for most.

    References
    ----------
    Vovk, Nouretdinov and Gammerman, "Testing exchangeability on-line" (2003); Vovk, "Testing randomness online" (2021).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> detector = SequentialDrift().fit({"features": rng.normal(size=(600, 4))})
    >>> [detector.check({"features": rng.normal(k == 2, size=(50, 4))}).drift for k in range(3)]
    [False, False, True]
    """

    name = "sequential"
    stream_: Stream
    checks_: int

    def __init__(self, *, alpha: float = 0.05, min_rows: int = 1, horizon: int = 365) -> None:
        self.alpha = alpha
        self.min_rows = min_rows
        self.horizon = horizon

    def fit(self, reference: Any, y: Any = None) -> Self:
        """Begin a stream.

        Parameters
        ----------
        reference : mapping or (n_rows, n_dimensions)
            ``features``, ``probabilities`` and ``votes`` of the same rows, each as far as it is known; an array is features.
        y
            Not used; scikit-learn's pipelines pass it.

        Returns
        -------
        SequentialDrift
            Itself.
        """
        super().fit(reference, y)
        rows = self.reference_
        n_classes = rows.probabilities.shape[1] or n_classes_of(rows.votes)
        settings = SequentialSettings(horizon=self.horizon, min_reference=2, strata=(), weights={})
        names = Names(tuple(str(k) for k in range(n_classes)), tuple(str(j) for j in range(rows.votes.shape[1])))
        self.stream_ = start(plain_batch("reference", _uniform(rows, n_classes)), names, settings, alpha=self.alpha)
        self.checks_ = 0
        return self

    def _rows(self, data: Any) -> Rows:
        parts = data if isinstance(data, Mapping) else {"features": data}
        unknown = [part for part in parts if part not in _PARTS]
        if unknown or not parts:
            raise InputError(
                f"{unknown[0]!r} is none of {', '.join(_PARTS)}" if unknown else "no part of any row is given"
            )
        probabilities = probability_array(parts["probabilities"]) if "probabilities" in parts else None
        n_classes = None if probabilities is None else probabilities.shape[1]
        rows = row_set(
            features=feature_array(parts["features"]) if "features" in parts else None,
            probabilities=probabilities,
            votes=named_votes(parts["votes"], n_classes).votes if "votes" in parts else None,
        )
        lengths = {part: len(parts[part]) for part in parts}
        if len(set(lengths.values())) > 1:
            raise InputError(f"parts are of the same rows, but they are {lengths}")
        return rows

    def _compare(self, reference: Rows, batch: Rows) -> DriftResult:
        for part in _PARTS:
            ours, theirs = (getattr(rows, part).shape[1] for rows in (reference, batch))
            if ours != theirs:
                raise InputError(f"{part} of {theirs} columns, the reference has {ours}")
        self.checks_ += 1
        n_classes = len(self.stream_.watch.names.classes)
        self.stream_ = advance(self.stream_, plain_batch(f"check {self.checks_}", _uniform(batch, n_classes)))
        margin, alarm = float(self.stream_.margins().max()), self.stream_.alarm
        if alarm is None:
            return DriftResult(False, min(1.0, self.alpha * np.exp(-margin)), margin, (), {})
        watch = self.stream_.watch
        owner = watch.owners[[column.name for column in watch.columns].index(alarm.column)]
        summary = watch.scores[owner].describe(
            watch.columns[[column.name for column in watch.columns].index(alarm.column)]
        )
        reason = f"{summary}, since check {alarm.change + 1}; alarm at check {alarm.check + 1}"
        return DriftResult(True, min(1.0, self.alpha * np.exp(-margin)), margin, (reason,), vars(alarm))


def _uniform(rows: Rows, n_classes: int) -> Rows:
    """Rows without probabilities get those of a champion that knows nothing."""
    if rows.probabilities.shape[1]:
        return rows
    return Rows(rows.features, np.full((len(rows), max(n_classes, 1)), 1.0 / max(n_classes, 1)), rows.votes)
