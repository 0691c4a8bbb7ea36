from pathlib import Path

import jsonschema
import pytest
import yaml

from tidemill.label.conditions.registry import KINDS
from tidemill.label.functions.declared import HEAD as HEAD_KEYS
from tidemill.label.functions.json_schema import json_schema

PROBLEMS = sorted((Path(__file__).parents[3] / "src/problems").glob("*/*.yaml"))
HEAD = {"name": "f", "vote": "spam"}
VALID = [
    {**HEAD, "kind": "keywords", "words": ["a"], "near": {"words": ["b"], "within": 2}},
    {**HEAD, "kind": "member", "column": "c", "values": ["a"]},
    {**HEAD, "kind": "member", "column": "c", "file": "a.txt"},
    {**HEAD, "kind": "lexicon", "file": "a.tsv", "above": 1},
    {**HEAD, "kind": "date", "column": "sent", "after": "2026-01-01"},
    {**HEAD, "kind": "knowledge", "file": "facts.csv", "says": "contradicted"},
    {"name": "f", "kind": "annotator", "column": "ann"},
    {"name": "f", "kind": "annotator", "column": "ann", "votes": {"yes": "spam"}},
    {**HEAD, "name": "f_*", "kind": "regex", "each": {"a": "x", "b": {"pattern": "y"}}},
    {**HEAD, "vote": "not ham", "kind": "not", "of": {"kind": "all", "of": [{"kind": "flag", "column": "c"}]}},
]
VALID += [{"name": "f", "kind": "cases", "of": [{"vote": "spam", "when": {"kind": "flag", "column": "c"}}]}]
INVALID = [
    {"name": "f", "kind": "cases", "of": [{"vote": "spma", "when": {"kind": "flag", "column": "c"}}]},
    {"name": "f", "kind": "annotator", "column": "ann", "votes": {"yes": "spma"}},
    {"name": "f", "kind": "cases", "of": [{"vote": "spam", "when": {"kind": "flag", "colum": "c"}}]},
    {**HEAD, "kind": "keyword", "words": ["a"]},
    {**HEAD, "kind": "keywords", "word": ["a"]},
    {**HEAD, "kind": "keywords"},
    {**HEAD, "kind": "keywords", "words": ["a"], "vote": "spma"},
    {"kind": "keywords", "words": ["a"], "vote": "spam"},
    {**HEAD, "kind": "member", "column": "c"},
    {**HEAD, "kind": "scores", "file": "a.csv", "column": "p", "digest": "x"},
    {**HEAD, "kind": "annotator", "column": "ann"},
    {**HEAD, "kind": "not", "of": {"kind": "all", "of": [{"kind": "flag", "colum": "c"}]}},
]


@pytest.fixture(scope="module")
def schema():
    return json_schema(("ham", "spam"))


def test_it_is_a_schema_that_knows_every_kind(schema):
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["definitions"]["Condition"]["properties"]["kind"]["enum"] == list(KINDS)


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.name)
def test_the_packaged_files_keep_it(path):
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), json_schema())


@pytest.mark.parametrize("entry", VALID, ids=lambda entry: entry["kind"])
def test_what_the_models_take_keeps_it(schema, entry):
    jsonschema.validate({"functions": [entry]}, schema)


@pytest.mark.parametrize("entry", INVALID, ids=lambda entry: str(sorted(entry)))
def test_what_the_models_refuse_breaks_it(schema, entry):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"functions": [entry]}, schema)


def test_every_field_of_every_kind_is_in_it(schema):
    for kind, model in KINDS.items():
        known = set(schema["definitions"][f"function_{kind}"]["properties"])
        assert {*model.model_fields, *HEAD_KEYS} - ({"vote"} if model.votes_itself else set()) - {"digest"} <= known
