"""JSON Schema of a YAML file of labeling functions, for editors: made from the models that read such files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import TypeAdapter

from tidemill.label.conditions.registry import KINDS, AnyCondition

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_READ_FROM_FILE: Final = {"member": "values", "lexicon": "weights"}
_OPTIONAL: Final = {"annotator": ["votes"]}


def json_schema(classes: Sequence[str] = ()) -> dict[str, Any]:
    """Make the JSON Schema (draft 7) of a file of labeling functions.

    Parameters
    ----------
    classes
        Names of the classes, where they are known.

    Returns
    -------
    dict
        JSON Schema of the whole file.
    """
    whole = TypeAdapter(AnyCondition).json_schema(ref_template="#/definitions/{model}")
    definitions = {name: _hand_written(model) for name, model in whole["$defs"].items()}
    definitions["Case"]["properties"]["vote"] = _vote(classes)
    definitions["Annotator"]["properties"]["votes"]["additionalProperties"] = _vote(classes)
    definitions["Condition"] = _by_kind({kind: f"#/definitions/{model.__name__}" for kind, model in KINDS.items()})
    for kind, model in KINDS.items():
        definitions[f"function_{kind}"] = _function(definitions[model.__name__], kind, classes)
    definitions["Function"] = _by_kind({kind: f"#/definitions/function_{kind}" for kind in KINDS})
    return {
        "$schema": _DRAFT,
        "title": "Tidemill labeling functions",
        "type": "object",
        "required": ["functions"],
        "additionalProperties": False,
        "properties": {"functions": {"type": "array", "items": {"$ref": "#/definitions/Function"}}},
        "definitions": definitions,
    }


def _hand_written(model: dict[str, Any]) -> dict[str, Any]:
    """What a person may write: no digests, a list or a file, conditions by their kind."""
    properties = {name: _nested(field) for name, field in model.get("properties", {}).items() if name != "digest"}
    schema = {**model, "properties": properties, "additionalProperties": False}
    kind = properties.get("kind", {}).get("const")
    if kind is None:
        return schema
    read = _READ_FROM_FILE.get(kind)
    optional = [*_OPTIONAL.get(kind, []), *([read] if read else [])]
    schema["required"] = [name for name in model.get("required", []) if name not in optional]
    return schema | ({"oneOf": [{"required": [read]}, {"required": ["file"]}]} if read else {})


def _nested(field: dict[str, Any]) -> dict[str, Any]:
    condition = {"$ref": "#/definitions/Condition"}
    if "discriminator" in field:
        return condition
    return {**field, "items": condition} if "discriminator" in field.get("items", {}) else field


def _by_kind(references: dict[str, str]) -> dict[str, Any]:
    """A schema whose errors name the kind that was written, not of all of them."""
    chosen = [
        {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": reference}}
        for kind, reference in references.items()
    ]
    return {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": list(references)}},
        "allOf": chosen,
    }


def _vote(classes: Sequence[str]) -> dict[str, Any]:
    votes = [*classes, *(f"not {name}" for name in classes)]
    return {"enum": votes} if votes else {"type": "string"}


def _function(condition: dict[str, Any], kind: str, classes: Sequence[str]) -> dict[str, Any]:
    """What a template's entries give is not required beside them."""
    head = {
        "name": {"type": "string", "minLength": 1, "description": "a template's * stands for the keys of `each`"},
        "vote": _vote(classes),
        "each": {"type": "object", "minProperties": 1, "description": "a template: a labeling function for each key"},
    }
    own = ["name"] if KINDS[kind].votes_itself else ["name", "vote"]
    rest = {"required": condition.get("required", [])} | {key: condition[key] for key in ("oneOf",) if key in condition}
    plain = {key: value for key, value in condition.items() if key not in ("required", "oneOf")}
    properties = {**head, **condition["properties"]}
    if KINDS[kind].votes_itself:
        del properties["vote"]
    templated = {"if": {"not": {"required": ["each"]}}, "then": rest}
    return {**plain, "properties": properties, "required": [*own, "kind"], **templated}
