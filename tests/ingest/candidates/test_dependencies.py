"""Dependency paths between two mentions."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.candidates.parsed_sentences import CAPITAL, FOUNDED, TWO_TREES, Word, pipeline, spacys, stand_in
from tests.ingest.candidates.test_candidates import LOCATED, SPLIT, candidates, documents
from tests.ingest.factories import settings, take, write
from tidemill.ingest.candidates.dependencies import dependency_path
from tidemill.ingest.candidates.expand import Candidates
from tidemill.ingest.candidates.taggers import load_tagger
from tidemill.label import ABSTAIN, labeling_function, load_functions
from tidemill.label.applier import LFApplier

MENTIONS = {"person": {"tagger": "spacy:byhand", "labels": ["PERSON"]}, "company": {"pattern": "Acme|Globex"}}
parser = pipeline(FOUNDED, tagged="Ada Smith")
PAIRS = {"mentions": MENTIONS, "pairs": [["company", "person"]]}


@pytest.fixture(params=["stand-in", "spacy"])
def parsed(request: pytest.FixtureRequest) -> Any:
    if request.param == "spacy":
        pytest.importorskip("spacy", reason="spaCy is installed by those who name a model of it")
        return spacys
    return stand_in


@pytest.mark.parametrize(
    ("words", "first", "second", "path"),
    [
        (FOUNDED, (0, 9), (22, 26), "nsubj< found >dobj"),
        (FOUNDED, (22, 26), (0, 9), "dobj< found >nsubj"),
        (FOUNDED, (18, 26), (4, 9), "dobj< found >nsubj"),  # the top word of a mention counts, wherever it is
        (FOUNDED, (23, 25), (0, 3), "dobj< found >nsubj Smith >compound"),  # a part of a word is that word
        (CAPITAL, (0, 4), (16, 21), ">appos capital >prep of >pobj"),
        (CAPITAL, (16, 21), (0, 4), "pobj< of prep< capital appos<"),
        (CAPITAL, (0, 12), (0, 4), ""),
        (CAPITAL, (4, 5), (16, 21), ""),
        (TWO_TREES, (0, 4), (5, 10), ""),
    ],
)
def test_a_path_goes_up_to_the_word_above_both_and_down(
    parsed: Any, words: list[Word], first: tuple[int, int], second: tuple[int, int], path: str
):
    assert dependency_path(parsed(words), first, second) == path


def pairs_of(text: str, root: Path = Path(), **changes: Any) -> list[tuple[str, str]]:
    found = Candidates(candidates(**(PAIRS | changes)), root).of(text)
    return [(pair.subject.entity, pair.path) for pair in found]


def load(monkeypatch: pytest.MonkeyPatch, **pipelines: Any) -> list[str]:
    """Let spaCy have these models; the names of those that are loaded."""
    loaded = list[str]()

    def by_name(name: str) -> Any:
        loaded.append(name)
        return pipelines[name]

    monkeypatch.setitem(sys.modules, "spacy", types.SimpleNamespace(load=by_name))
    load_tagger.cache_clear()
    return loaded


def test_a_model_with_a_parser_gives_each_candidate_the_path_from_subject_to_object(monkeypatch: pytest.MonkeyPatch):
    runs = list[str]()

    def counted(text: str) -> Any:
        runs.append(text)
        return parser(text)

    loaded = load(monkeypatch, byhand=counted)
    both = {**MENTIONS, "founder": {"tagger": "spacy:byhand", "labels": ["PERSON"]}}
    assert pairs_of("Ada Smith founded the Acme", mentions=both) == [("Acme", "dobj< found >nsubj")]
    assert (loaded, runs) == (["byhand"], ["Ada Smith founded the Acme"])  # once for two types and the path
    assert pairs_of("Ada Smith met Acme") == [("Acme", "")]  # a sentence that it does not parse


def test_the_first_model_that_parses_is_asked_whatever_finds_the_mentions(monkeypatch: pytest.MonkeyPatch):
    load(monkeypatch, tagger=pipeline(tagged="Ada Smith"), byhand=parser)
    by_pattern = {
        "person": {"tagger": "spacy:tagger", "labels": ["PERSON"]},
        "company": {"pattern": "Acme"},
        "place": {"tagger": "spacy:byhand", "labels": ["GPE"]},
    }
    assert pairs_of("Ada Smith founded the Acme", mentions=by_pattern) == [("Acme", "dobj< found >nsubj")]


def test_functions_in_yaml_and_python_ask_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    load(monkeypatch, byhand=parser)
    chosen = settings(candidates=candidates(**PAIRS).model_dump(), split=SPLIT)
    rows = documents(("a", "Ada Smith founded the Acme", None), ("b", "Ada Smith left Acme", None))
    raw = take(write(tmp_path / "b.jsonl", rows), chosen, LOCATED).raw.sort("document")
    assert raw["path"].to_list() == ["dobj< found >nsubj", ""]
    (tmp_path / "functions.yaml").write_text(FUNCTIONS, encoding="utf-8")

    @labeling_function()
    def founder(row):
        return 1 if row.path.endswith("found >nsubj") else ABSTAIN

    functions = [*load_functions(tmp_path, classes=LOCATED.classes), founder]
    votes = LFApplier(functions, classes=LOCATED.classes).apply(raw)
    assert [function.name for function in functions] == ["none", "shape", "word", "founder"]
    assert votes.tolist() == [[-1, 1, 1, 1], [0, -1, -1, -1]]


def test_without_a_parser_paths_are_empty(tmp_path: Path):
    chosen = settings(candidates=candidates().model_dump(), split=SPLIT)
    raw = take(write(tmp_path / "b.jsonl", documents(("a", "Rome in Italy", None))), chosen, LOCATED).raw
    assert raw["path"].to_list() == ["", ""]


FUNCTIONS = """functions:
  - {name: word, kind: keywords, column: path, words: [found], vote: located}
  - {name: shape, kind: regex, column: path, pattern: "^dobj< \\\\w+ >nsubj$", vote: located}
  - {name: none, kind: regex, column: path, pattern: "^$", vote: unrelated}
"""
