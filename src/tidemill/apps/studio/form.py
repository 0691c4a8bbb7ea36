"""Fields of a function's YAML as a form shows them, and the YAML changed by what a person entered in the form."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tidemill.apps.studio.function_file import one_function
from tidemill.common.edited_yaml import yaml_text
from tidemill.contracts import ConfigError
from tidemill.label.conditions.registry import KINDS

FIELDS: Final = {
    kind: tuple(name for name in model.model_fields if name not in {"kind", "digest"}) for kind, model in KINDS.items()
}
"""Fields that the form has, by kind; templates are edited as YAML."""
_HEAD: Final = ("name", "kind", "vote")
_OF_EVERY_KIND: Final = frozenset({"column", "words", "file"})
"""What stays when another kind is chosen that has it too."""


def fields_of(text: str, path: Path) -> dict[str, Any] | None:
    """Read the fields of a function.

    Parameters
    ----------
    text
        YAML of the function.
    path
        Its file.

    Returns
    -------
    dict or None
        Fields that the file gives; None where the form could not show all of them.

    Raises
    ------
    ConfigError
        The text is not the YAML of one function.
    """
    entry: dict[str, Any] = one_function(text, path).content["functions"][0]
    return entry if set(entry) <= {*_HEAD, *_fields(entry)} and _can_be_shown(entry) else None


def is_template(text: str, path: Path) -> bool:
    """Tell whether the YAML makes a function of each of several entries, which the form does not show.

    Parameters
    ----------
    text
        YAML of the function.
    path
        Its file.

    Returns
    -------
    bool

    Raises
    ------
    ConfigError
        The text is not the YAML of one function.
    """
    return "each" in one_function(text, path).content["functions"][0]


def _fields(condition: Mapping[str, Any]) -> tuple[str, ...]:
    return FIELDS.get(str(condition.get("kind")), ())


def _can_be_shown(condition: Any) -> bool:
    """Every condition in it is of a kind that is known, with fields of that kind."""
    if not isinstance(condition, dict) or str(condition.get("kind")) not in FIELDS:
        return False
    inner = condition.get("of")
    if condition["kind"] == "not":
        return inner is None or _can_be_part(inner)
    if condition["kind"] in {"all", "any"}:
        return inner is None or (isinstance(inner, list) and all(map(_can_be_part, inner)))
    if condition["kind"] == "cases":
        return inner is None or (isinstance(inner, list) and all(map(_can_be_case, inner)))
    return True


def _can_be_case(case: Any) -> bool:
    is_case = isinstance(case, dict) and set(case) <= {"vote", "when"}
    return is_case and (case.get("when") is None or _can_be_part(case["when"]))


def _can_be_part(condition: Any) -> bool:
    return isinstance(condition, dict) and _can_be_shown(condition) and set(condition) <= {"kind", *_fields(condition)}


def with_fields(text: str, fields: Mapping[str, Any], path: Path) -> str:
    """Change fields in a function's YAML; comments, order and quotes of the rest stay.

    Parameters
    ----------
    text
        YAML of the function.
    fields
        New values; null takes a field away.
    path
        Its file.

    Returns
    -------
    str
        YAML of the function.

    Raises
    ------
    ConfigError
        The text is not the YAML of one function, or a field is none of the form's.
    """
    before: dict[str, Any] = one_function(text, path).content["functions"][0]
    kind = str(fields.get("kind", before.get("kind")))
    unknown = set(fields) - {*_HEAD, *(name for names in FIELDS.values() for name in names)}
    if kind not in FIELDS or unknown:
        raise ConfigError(f"the form has no field {min(unknown, default=kind)!r}: edit the YAML")
    return _edited(text, before, {**_of_other_kinds(before, kind), **fields, **_no_vote(kind)})


def _no_vote(kind: str) -> dict[str, None]:
    return {"vote": None} if KINDS[kind].votes_itself else {}


def _of_other_kinds(before: Mapping[str, Any], kind: str) -> dict[str, None]:
    """What goes where another kind is chosen, for fields of one name mean different things."""
    if kind == before.get("kind"):
        return {}
    kept = {*_HEAD, *(_OF_EVERY_KIND & set(FIELDS[kind]))}
    return {name: None for name in before if name not in kept}


def _edited(text: str, before: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 10_000
    writer.indent(mapping=2, sequence=4, offset=2)
    entry = writer.load(text)
    for name, value in fields.items():
        _put(entry, name, before.get(name), value)
    out = io.StringIO()
    writer.dump(entry, out)
    return out.getvalue().rstrip("\n")


def _put(entry: Any, name: Any, before: Any, value: Any) -> None:
    """Change no more than what differs, so that comments and quotes inside of a field stay too."""
    if value is None:
        entry.pop(name, None)
    elif isinstance(value, dict) and isinstance(before, dict):
        for key in before.keys() - value.keys():
            entry[name].pop(key)
        for key, inner in value.items():
            _put(entry[name], key, before.get(key), inner)
    elif _are_alike(value, before):
        for place, (was, now) in enumerate(zip(before, value, strict=True)):
            _put(entry[name], place, was, now)
    elif before != value:
        entry[name] = _made(value)


def _are_alike(value: Any, before: Any) -> bool:
    """Both are lists of as many mappings."""
    both = isinstance(value, list) and isinstance(before, list) and len(value) == len(before)
    return both and all(isinstance(one, dict) for one in [*value, *before])


def _made(value: Any) -> Any:
    """Lists of words and mappings stand on one line; lists of conditions have a line for each."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, str):
        return yaml_text(value)
    if isinstance(value, dict):
        made: Any = CommentedMap({_made(key): _made(inner) for key, inner in value.items() if inner is not None})
        is_flat = not any(
            isinstance(inner, list) and any(isinstance(one, dict) for one in inner) for inner in made.values()
        )
    elif isinstance(value, list):
        made = CommentedSeq(map(_made, value))
        is_flat = not any(isinstance(one, dict) for one in value)
    else:
        return value
    if is_flat:
        made.fa.set_flow_style()
    return made
