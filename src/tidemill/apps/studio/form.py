"""Fields of a function's YAML as a form shows them, and the YAML changed by what a person entered in the form."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tidemill.apps.studio.function_file import one_function
from tidemill.contracts import ConfigError

FIELDS: Final = {
    "keywords": ("words", "column", "match", "at_least", "case", "whole_words"),
    "regex": ("pattern", "column", "flags", "at_least"),
    "threshold": ("column", "above", "below", "at_least", "at_most"),
}
"""Fields of the kinds that have a form; other kinds, templates and further fields are edited as YAML."""
_HEAD: Final = ("name", "kind", "vote")


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
    known = FIELDS.get(str(entry.get("kind")))
    if known is None or not set(entry) <= {*_HEAD, *known}:
        return None
    return entry


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
    return _edited(text, before, {**_of_other_kinds(before, kind), **fields})


def _of_other_kinds(before: Mapping[str, Any], kind: str) -> dict[str, None]:
    return {name: None for name in before if name not in {*_HEAD, *FIELDS[kind]}}


def _edited(text: str, before: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML

    writer = YAML()
    writer.preserve_quotes = True
    writer.width = 10_000
    writer.indent(mapping=2, sequence=4, offset=2)
    entry = writer.load(text)
    for name, value in fields.items():
        if value is None:
            entry.pop(name, None)
        elif before.get(name) != value:
            entry[name] = _inline(value) if isinstance(value, list) else value
    out = io.StringIO()
    writer.dump(entry, out)
    return out.getvalue().rstrip("\n")


def _inline(values: list[Any]) -> Any:
    from ruamel.yaml.comments import CommentedSeq

    listed = CommentedSeq(values)
    listed.fa.set_flow_style()
    return listed
