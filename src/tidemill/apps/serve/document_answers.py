"""Documents of a request answered with the facts that a relation problem's model finds in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidemill.apps.serve.answers import Answer, Body
from tidemill.apps.serve.request_queue import RequestQueue
from tidemill.apps.serve.request_rows import BAD_ROW, Rows, checked_rows, from_json
from tidemill.contracts import DataError, RequestError
from tidemill.ingest.candidates.expand import Candidates
from tidemill.ingest.candidates.pairs import Pair, marked
from tidemill.ingest.settings import IngestSettings


@dataclass(frozen=True)
class DocumentAnswers:
    """Answers with the facts of documents.

    Parameters
    ----------
    queue
        The model of candidates.
    ingest
        What a document must be, and what its candidates are.
    max_rows
        Most documents of a request.
    candidates
        What finds them.
    """

    queue: RequestQueue
    ingest: IngestSettings
    max_rows: int
    candidates: Candidates

    @property
    def version(self) -> str:
        """Version of the model."""
        return self.queue.model.version

    def answer(self, body: Body, start: float) -> Answer:
        """Read the documents of a request, and predict the candidates in them.

        Parameters
        ----------
        body
            What the request brought.
        start
            When it came, in seconds of the monotonic clock.

        Returns
        -------
        Answer
            JSON: version, classes, and of each document its key and its facts, the likeliest first, each with the probability
            of its likeliest sentence and its sentences; null and an error where the document cannot be taken.

        Raises
        ------
        RequestError
            The body is of another form, no document can be taken, or it takes too long.
        """
        documents = checked_rows(from_json(body.parts[0], self.ingest, self.max_rows), self.ingest)
        reasons, found = dict(documents.reasons), list[tuple[int, Pair]]()
        for place in documents.taken:
            cells = documents.mentions[place] if documents.mentions else {}
            try:
                listed = self.candidates.listed(cells, documents.contents[place])
            except DataError as error:
                reasons[place] = str(error)
                continue
            found += ((place, pair) for pair in self.candidates.of(documents.contents[place], listed))
        if len(reasons) == len(documents.contents):
            raise RequestError(f"row 1: {reasons[0]}", status=BAD_ROW, row=1)
        by_type = self.candidates.settings.markers == "types"
        contents = [marked(pair, by_type=by_type) for _, pair in found]
        answered = self.queue.answer(Rows([None] * len(found), contents), start)["rows"] if found else []
        classes = self.queue.model.head.classes
        facts: list[list[dict[str, Any]]] = [[] for _ in documents.contents]
        for (place, pair), row in zip(found, answered, strict=True):
            _add(facts[place], pair, row, classes)
        rows = [_row(documents.keys[place], facts[place], reasons.get(place)) for place in range(len(facts))]
        content = {"version": self.version, "classes": classes, "rows": rows}
        return Answer(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(), len(rows))


def _add(facts: list[dict[str, Any]], pair: Pair, row: dict[str, Any], classes: Sequence[str]) -> None:
    relation = row["prediction"]
    if relation not in classes[1:]:
        return
    names = {"subject": pair.subject.entity, "relation": relation, "object": pair.object.entity}
    known = next((fact for fact in facts if names.items() <= fact.items()), None)
    if known is None:
        known = {**names, "probability": 0.0, "sentences": []}
        facts.append(known)
    known["probability"] = max(known["probability"], row["probabilities"][relation])
    if pair.sentence.text not in known["sentences"]:
        known["sentences"].append(pair.sentence.text)


def _row(key: str | None, facts: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
    named: dict[str, Any] = {} if key is None else {"key": key}
    if reason is not None:
        return {**named, "facts": None, "error": reason}
    return {**named, "facts": sorted(facts, key=lambda fact: -fact["probability"])}
