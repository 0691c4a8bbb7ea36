"""Answers to many requests, one request at a time, none for longer than it may take."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from tidemill.apps.models.model import CHUNK, Model, Predictions
from tidemill.apps.serve.request_rows import Rows
from tidemill.contracts import OUTLIER, RequestError

BUSY: Final = 503


class BusyError(RequestError):
    """What the same request may find otherwise in a moment; the answer has a header that says so."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}: try again", status=BUSY)


@dataclass(frozen=True)
class RequestQueue:
    """A model and the lock by which one request at a time uses it: two would only slow each other."""

    model: Model
    abstain_below: float
    seconds: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, rows: Rows, start: float) -> dict[str, Any]:
        """Predict the rows of a request.

        Parameters
        ----------
        rows
            Keys and contents of the request's rows, checked; at least one can be taken.
        start
            When the request came.

        Returns
        -------
        dict
            version, classes, and of each row key, prediction and probabilities; null and an error where it cannot be taken.

        Raises
        ------
        BusyError
            Another request has the model.
        RequestError
            This one takes too long; it is given up between two chunks.
        """
        if not self.lock.acquire(timeout=max(0.0, start + self.seconds - time.monotonic())):
            raise BusyError("the service is busy with other requests")
        try:
            predicted = self._predict(rows, start + self.seconds)
        finally:
            self.lock.release()
        answers: list[dict[str, Any]] = [
            {"prediction": None, "probabilities": None, "error": rows.reasons.get(place)}
            for place in range(len(rows.contents))
        ]
        for place, summary in zip(rows.taken, self._summaries(predicted), strict=True):
            answers[place] = summary
        named = [item if key is None else {"key": key, **item} for key, item in zip(rows.keys, answers, strict=True)]
        return {"version": self.model.version, "classes": self.model.head.classes, "rows": named}

    def _summaries(self, predicted: Predictions) -> list[dict[str, Any]]:
        classes = self.model.head.classes
        decisions = predicted.decided(classes, self.abstain_below)
        result: list[dict[str, Any]] = [
            {"prediction": decision, "probabilities": dict(zip(classes, probabilities, strict=True))}
            for decision, probabilities in zip(decisions, predicted.probabilities.tolist(), strict=True)
        ]
        if predicted.outlier is None:
            return result
        return [item | {OUTLIER: far} for item, far in zip(result, predicted.outlier.tolist(), strict=True)]

    def _predict(self, rows: Rows, deadline: float) -> Predictions:
        modality = self.model.head.about.modality
        taken = [rows.contents[place] for place in rows.taken]
        parts = []
        for start in range(0, len(taken), CHUNK[modality]):
            if time.monotonic() > deadline:
                raise RequestError(
                    f"only {start} of {len(taken)} rows were answered in {self.seconds:g} seconds: send fewer",
                    status=BUSY,
                )
            contents = taken[start : start + CHUNK[modality]]
            numbers = [str(start + place + 1) for place in range(len(contents))]
            parts.append(self.model.say(pl.DataFrame({"row_id": numbers, modality: contents}), name="serve"))
        outlier = [part.outlier for part in parts if part.outlier is not None]
        together = np.concatenate([part.probabilities for part in parts])
        return Predictions(together, np.concatenate(outlier) if outlier else None)
