"""Facts listed and explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from tidemill.apps.workbench.facts import WhichFacts, explain_fact, list_facts, printed_fact
from tidemill.contracts import ConfigError, DataError, not_class
from tidemill.project.project import Project
from tidemill.reports.project import Arrival, Manifest

PROBLEM = {"name": "located", "modality": "text", "classes": ["unrelated", "located"]}


@pytest.fixture
def project(inside: Path) -> Project:
    params = {"problems": ["located", "spam"], "relations": ["located"], "located": {"problem": PROBLEM}}
    (inside / "params.yaml").write_text(yaml.safe_dump(params))
    data = inside / "data/located"
    (data / "raw").mkdir(parents=True)
    rows = ["r1", "r2", "r3"]
    Manifest(batches=(Arrival(batch="b", source="b.csv", sha256="0" * 64),)).write(data / "batches.json")
    raw = {"row_id": rows, "document": ["d1", "d2", "d3"], "sentence": ["Rome in Italy.", "Rome, Italy", "Oslo"]}
    pl.DataFrame(raw).write_parquet(data / "raw/b.parquet")
    pl.DataFrame({"row_id": rows, "p_unrelated": [0.4, 0.1, 0.9], "p_located": [0.6, 0.9, 0.1]}).write_parquet(
        data / "predictions.parquet"
    )
    votes = {"row_id": rows, "batch": ["b"] * 3, "split": ["test"] * 3}
    cast = {"known": pl.Series([1, -1, -1], dtype=pl.Int16), "far": pl.Series([-1, not_class(1), 0], dtype=pl.Int16)}
    pl.DataFrame(votes | cast).write_parquet(data / "votes.parquet")
    facts = {
        "subject": ["Rome", "Oslo"],
        "relation": ["located"] * 2,
        "object": ["Italy"] * 2,
        "probability": [0.95, 0.1],
        "published": [True, False],
        "evidence": [0.9, 0.2],
        "documents": pl.Series([2, 1], dtype=pl.UInt32),
        "sentences": [["Rome, Italy", "Rome in Italy."], ["Oslo"]],
        "rows": [["r2", "r1"], ["r3"]],
        "truth": pl.Series([True, None]),
    }
    pl.DataFrame(facts).write_parquet(data / "facts.parquet")
    return Project.open(inside)


def test_facts_are_listed_by_names_and_probability(project: Project):
    def subjects(*names: str, **which: Any) -> list[str]:
        return [fact.subject for fact in list_facts(project, "located", names, WhichFacts(**which))]

    assert subjects("Italy") == ["Rome", "Oslo"]
    assert subjects("Italy", "Oslo") == ["Oslo"]
    assert subjects(above=0.5) == ["Rome"]
    assert subjects(most=1) == ["Rome"]
    assert subjects(below=0.5) == ["Oslo"]


def test_true_and_false_extractions_are_drawn_at_random(project: Project):
    def subjects(**which: Any) -> list[str]:
        return [fact.subject for fact in list_facts(project, "located", (), WhichFacts(**which))]

    assert [subjects(truth=name) for name in ("true", "false", "unknown")] == [["Rome"], [], ["Oslo"]]
    assert subjects(seed=1) == ["Rome", "Oslo"]
    assert {tuple(subjects(seed=seed, most=1)) for seed in range(20)} == {("Rome",), ("Oslo",)}
    assert subjects(seed=3, most=1) == subjects(seed=3, most=1)
    (fact,) = list_facts(project, "located", (), WhichFacts(truth="true"))
    assert printed_fact(fact, [])[0].endswith("(2 documents, published, true by gold)")


def test_a_fact_is_explained_by_its_sentences_and_their_votes(project: Project):
    (fact,) = list_facts(project, "located", ["Rome"], WhichFacts())
    behind = explain_fact(project, "located", fact)
    assert [(item.row_id, item.probability, item.votes) for item in behind] == [
        ("r2", 0.9, {"far": "not located"}),
        ("r1", 0.6, {"known": "located"}),
    ]
    lines = printed_fact(fact, behind)
    assert lines[0] == "0.950  Rome | located | Italy  (2 documents, published, true by gold)"
    assert "0.900 by its sentences alone, 0.950 beside other facts" in lines[1]
    assert lines[3].endswith("r2; votes: far not located")


def test_what_cannot_be_listed_is_named(project: Project):
    with pytest.raises(DataError, match="no fact is about 'Rom'; did you mean Rome"):
        list_facts(project, "located", ["Rom"], WhichFacts())
    with pytest.raises(ConfigError, match="'spam' is no relation problem; there are located"):
        list_facts(project, "spam", [], WhichFacts())
    (project.root / "data/located/facts.parquet").unlink()
    with pytest.raises(DataError, match=r"facts\.parquet is missing: run `tidemill run problem=located`"):
        list_facts(project, "located", [], WhichFacts())
