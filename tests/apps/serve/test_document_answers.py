"""Documents answered with their facts."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.ingest.candidates.test_candidates import SPLIT, candidates
from tests.ingest.factories import settings
from tidemill.apps.serve.answers import Body
from tidemill.apps.serve.document_answers import DocumentAnswers
from tidemill.apps.serve.request_queue import RequestQueue
from tidemill.contracts import RequestError
from tidemill.ingest.candidates.expand import Candidates


class Model:
    """Finds a relation where "in" stands between."""

    model = SimpleNamespace(version="located@v1", head=SimpleNamespace(classes=("unrelated", "located")))

    def answer(self, rows: Any, _: float) -> dict[str, Any]:
        assert rows.contents
        chances = [0.9 if "] in <" in text else 0.6 if "in" in text else 0.2 for text in rows.contents]
        return {
            "rows": [
                {
                    "prediction": "located" if p > 0.5 else "unrelated",
                    "probabilities": {"unrelated": 1 - p, "located": p},
                }
                for p in chances
            ]
        }


def test_each_document_has_its_facts_with_the_sentences_behind_them(tmp_path):
    chosen = candidates(order="subject_first", markers="types")
    ingest = settings(candidates=chosen.model_dump(), split=SPLIT)
    answers = DocumentAnswers(cast("RequestQueue", Model()), ingest, 9, Candidates(chosen, tmp_path))
    texts = ["Rome lies in Italy. Rome in Italy! Rome is in Italy. Paris, France.", "", "nothing"]
    body = json.dumps({"rows": [{"text": text, "key": str(n)} for n, text in enumerate(texts)]}).encode()
    answer = answers.answer(Body(None, (body,)), 0.0)
    first, second, third = json.loads(answer.content)["rows"]
    assert answer.rows == 3
    assert first["key"] == "0"
    assert first["facts"] == [
        {
            "subject": "Rome",
            "relation": "located",
            "object": "Italy",
            "probability": 0.9,
            "sentences": ["Rome lies in Italy.", "Rome in Italy!", "Rome is in Italy."],
        }
    ]
    assert (second["facts"], "error" in second) == (None, True)
    assert third["facts"] == []


def test_mentions_come_with_the_document_where_a_column_lists_them(tmp_path):
    chosen = candidates(mentions={"place": {"spans": "places"}}, order="subject_first", markers="types")
    ingest = settings(candidates=chosen.model_dump(), split=SPLIT)
    answers = DocumentAnswers(cast("RequestQueue", Model()), ingest, 9, Candidates(chosen, tmp_path))
    spans = [{"begin": 0, "end": 4, "entity": "Roma"}, {"begin": 8, "end": 13}]

    def answer(*rows: dict[str, Any]) -> list[dict[str, Any]]:
        content = answers.answer(Body(None, (json.dumps({"rows": rows}).encode(),)), 0.0).content
        return json.loads(content)["rows"]

    text = "Rome in Italy"
    good, none, bad = answer(
        {"text": text, "places": spans}, {"text": text, "places": None}, {"text": text, "places": [{"begin": 9}]}
    )
    assert [(fact["subject"], fact["object"]) for fact in good["facts"]] == [("Roma", "Italy")]
    assert none["facts"] == []
    assert bad["facts"] is None
    assert bad["error"].startswith("column 'places': {'begin': 9} is no mention")
    with pytest.raises(RequestError, match="row 1: not an object with text, places, and perhaps key"):
        answer({"text": text})
    with pytest.raises(RequestError, match="row 1: column 'places'"):
        answer({"text": text, "places": [{"begin": 0, "end": 99}]})
