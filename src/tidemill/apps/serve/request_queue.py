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
            Keys and contents of the request's rows, checked.
        start
            When the request came.

        Returns
        -------
        dict
            version, classes, and of each row key, prediction and probabilities.

        Raises
        ------
        RequestError
            Another request has the model, or this one takes too long; a long one is given up between two chunks.
        """
        if not self.lock.acquire(timeout=max(0.0, start + self.seconds - time.monotonic())):
            raise RequestError("the service is busy with other requests: try again", status=BUSY)
        try:
            predicted = self._predict(rows, start + self.seconds)
        finally:
            self.lock.release()
        classes = self.model.head.classes
        decisions = predicted.decided(classes, self.abstain_below)
        summary = zip(rows.keys, decisions, predicted.probabilities.tolist(), strict=True)
        answers = [_row(classes, *item) for item in summary]
        if predicted.outlier is not None:
            answers = [item | {OUTLIER: far} for item, far in zip(answers, predicted.outlier.tolist(), strict=True)]
        return {"version": self.model.version, "classes": classes, "rows": answers}

    def _predict(self, rows: Rows, deadline: float) -> Predictions:
        modality = self.model.head.about.modality
        parts = []
        for start in range(0, len(rows.contents), CHUNK[modality]):
            if time.monotonic() > deadline:
                raise RequestError(
                    f"only {start} of {len(rows.contents)} rows were answered in {self.seconds:g} seconds: send fewer",
                    status=BUSY,
                )
            contents = list(rows.contents[start : start + CHUNK[modality]])
            numbers = [str(start + place + 1) for place in range(len(contents))]
            parts.append(self.model.say(pl.DataFrame({"row_id": numbers, modality: contents}), name="serve"))
        outlier = [part.outlier for part in parts if part.outlier is not None]
        together = np.concatenate([part.probabilities for part in parts])
        return Predictions(together, np.concatenate(outlier) if outlier else None)


def _row(classes: tuple[str, ...], key: str | None, decision: str | None, predicted: list[float]) -> dict[str, Any]:
    summary = {"prediction": decision, "probabilities": dict(zip(classes, predicted, strict=True))}
    return summary if key is None else {"key": key, **summary}
