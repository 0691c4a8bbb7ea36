"""A request's body answered with a model: read, checked and predicted, apart from the event loop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tidemill.apps.serve.request_queue import RequestQueue
from tidemill.apps.serve.request_rows import Rows, checked_rows, from_json
from tidemill.ingest.settings import IngestSettings


@dataclass(frozen=True)
class Body:
    """What a request brought.

    Parameters
    ----------
    names
        Names of its files; None: it is JSON.
    parts
        Bytes of the files, or of the JSON alone.
    """

    names: Sequence[str | None] | None
    parts: Sequence[bytes]


@dataclass(frozen=True)
class Answer:
    """JSON, and the number of rows that it answers."""

    content: bytes
    rows: int


class Answering(Protocol):
    """What answers requests, in this process or another."""

    @property
    def version(self) -> str:
        """Version of the model."""

    def answer(self, body: Body, start: float) -> Answer:
        """Answer a request.

        Parameters
        ----------
        body
            What it brought.
        start
            When it came, in seconds of the monotonic clock.

        Returns
        -------
        Answer
            JSON, and how many rows it answers.
        """


@dataclass(frozen=True)
class ModelAnswers:
    """Answers with a model of this process.

    Parameters
    ----------
    queue
        The model.
    ingest
        What a row must be.
    max_rows
        Most rows of a request.
    """

    queue: RequestQueue
    ingest: IngestSettings
    max_rows: int

    @property
    def version(self) -> str:
        """Version of the model."""
        return self.queue.model.version

    def answer(self, body: Body, start: float) -> Answer:
        """Read, check and predict the rows of a request.

        Parameters
        ----------
        body
            What the request brought.
        start
            When it came, in seconds of the monotonic clock.

        Returns
        -------
        Answer
            JSON, and how many rows it answers.

        Raises
        ------
        RequestError
            The body is of another form, no row can be taken, or it takes too long.
        """
        rows = checked_rows(self._rows(body), self.ingest)
        content = json.dumps(self.queue.answer(rows, start), ensure_ascii=False, separators=(",", ":"))
        return Answer(content.encode(), len(rows.contents))

    def _rows(self, body: Body) -> Rows:
        if body.names is None:
            return from_json(body.parts[0], self.ingest, self.max_rows)
        return Rows(body.names, body.parts)
