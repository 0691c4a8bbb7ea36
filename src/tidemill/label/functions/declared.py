"""Labeling functions declared in YAML: data, checked, never evaluated.

A file holds a list ``functions``; each has a name, a vote and a condition of one kind::

    functions:
      - {name: says_prize, kind: keywords, words: [prize, winner], vote: spam}
      - {name: many_capitals, kind: regex, pattern: "[A-Z]{4,}", at_least: 3, vote: not ham}
      - {name: "says_*", kind: keywords, each: {money: [cash, £], urgency: [now, urgent]}, vote: spam}
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import TypeAdapter, ValidationError

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN
from tidemill.label.conditions.base import Condition
from tidemill.label.conditions.generated import generated_within
from tidemill.label.conditions.registry import KINDS, AnyCondition
from tidemill.label.conditions.vote_names import vote_of
from tidemill.label.functions.labeling_function import BatchLabelingFunction, LabelingFunction
from tidemill.label.functions.yaml_lines import Location, YamlFile

HEAD = ("name", "vote", "each")
_TOP: Final = 2
"""Parts of the place of a key that stands in the function itself, its kind and the key, and not in a condition within."""


@dataclass(frozen=True)
class DeclaredLabelingFunction:
    """A condition and the vote it casts."""

    name: str
    condition: Condition
    vote: int
    where: str = ""

    def expression(self) -> pl.Expr:
        """Build the Polars expression of int16 votes; a missing value abstains.

        Returns
        -------
        polars.Expr
            int16 vote per row.
        """
        return self.condition.cast(self.vote).cast(pl.Int16).alias(self.name)


AnyFunction = LabelingFunction | BatchLabelingFunction | DeclaredLabelingFunction


def declare(name: str, *, kind: str, vote: int, **fields: Any) -> DeclaredLabelingFunction:
    """Declare a labeling function in Python, as a YAML entry does.

    Parameters
    ----------
    name
        Its name.
    kind
        Kind of the condition, such as ``keywords``.
    vote
        Class index, or ``not_class`` of one.
    fields
        Fields of the condition.

    Returns
    -------
    DeclaredLabelingFunction

    Examples
    --------
    >>> declare("long", kind="length", unit="words", above=200, vote=1).name
    'long'
    """
    condition = _adapter().validate_python({"kind": kind, **fields})
    return DeclaredLabelingFunction(name, condition, vote)


def keyword_functions(
    name: str, lists: Mapping[str, Sequence[str]], *, vote: int, **options: Any
) -> list[DeclaredLabelingFunction]:
    """Declare a labeling function per list of keywords.

    Parameters
    ----------
    name
        Their name; ``*`` stands for the list's key.
    lists
        Lists of keywords by key.
    vote
        Class index, or ``not_class`` of one.
    options
        Further fields of the ``keywords`` condition, for all of them.

    Returns
    -------
    list of DeclaredLabelingFunction

    Examples
    --------
    >>> keyword_functions("says_*", {"prize": ["prize", "winner"]}, vote=1)[0].name
    'says_prize'
    """
    return [
        declare(name.replace("*", key), kind="keywords", words=words, vote=vote, **options)
        for key, words in lists.items()
    ]


def declared_functions(
    file: YamlFile, classes: Sequence[str], closed: Sequence[Path] = ()
) -> list[DeclaredLabelingFunction]:
    """Read the labeling functions of a YAML file.

    Parameters
    ----------
    file
        Content of the file and its lines.
    classes
        Names of the classes.
    closed
        Files and folders that no function may read, besides all outside the file's folder.

    Returns
    -------
    list of DeclaredLabelingFunction
        In the order of the file.

    Raises
    ------
    ConfigError
        Names the file, the line and the nearest valid key, kind or class.
    """
    if not isinstance(file.content, dict) or "functions" not in file.content:
        raise file.error((), "a file of labeling functions is a mapping with the key `functions`")
    for key in file.content:
        if key != "functions":
            raise file.error((key,), f"unknown key {key!r}{did_you_mean(str(key), ['functions'])}")
    entries = file.content["functions"]
    if not isinstance(entries, list):
        raise file.error(("functions",), "`functions` is a list of labeling functions; begin each with `- name:`")
    context = {"folder": file.path.parent, "classes": tuple(classes), "closed": tuple(closed)}
    return [
        _function(file, location, entry, context)
        for index, whole in enumerate(entries)
        for location, entry in _expanded(file, ("functions", index), whole)
    ]


def _expanded(file: YamlFile, location: Location, entry: Any) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Give the entry itself, or one entry per item of its template."""
    if not isinstance(entry, dict):
        raise file.error(location, f"a labeling function is a mapping with name, kind and vote, not {entry!r}")
    if "each" not in entry:
        yield location, entry
        return
    plain = {key: value for key, value in entry.items() if key != "each"}
    each, name = entry["each"], str(entry.get("name"))
    if not isinstance(each, dict) or not each:
        raise file.error((*location, "each"), "`each` is a mapping: a name for each list")
    if "*" not in name:
        raise file.error((*location, "name"), f"{name!r} needs a * where the keys of `each` go")
    main = getattr(KINDS.get(str(plain.get("kind"))), "main", None)
    for key, value in each.items():
        fields = value if isinstance(value, dict) else {main or "of": value}
        yield (*location, "each", key), {**plain, "name": name.replace("*", str(key)), **fields}


def _function(
    file: YamlFile, location: Location, entry: dict[str, Any], context: dict[str, Any]
) -> DeclaredLabelingFunction:
    name, classes = entry.get("name"), context["classes"]
    if not isinstance(name, str) or not name.strip():
        quoted = (
            ""
            if name is None or isinstance(name, str)
            else f": YAML reads the one it has as {name!r}, so put it between quotes"
        )
        raise file.error(location, f"a labeling function needs a name{quoted}")
    fields = {key: entry[key] for key in entry if key not in HEAD}
    condition = _condition(file, location, name, fields, context)
    if inner := generated_within(condition):
        raise file.error(
            location,
            f"{name}: {type(inner).__name__.lower()} votes on all rows at once; write it as a function of its own",
        )
    if condition.votes_itself:
        return _voting_itself(file, location, entry, condition)
    if "vote" not in entry:
        raise file.error(location, f"{name}: the vote is missing; give a class: {', '.join(classes)}")
    vote = vote_of(str(entry["vote"]), classes)
    if vote is None:
        hint = "; put it in quotes" if isinstance(entry["vote"], bool) else did_you_mean(str(entry["vote"]), classes)
        raise file.error((*location, "vote"), f"{name}: there is no class {entry['vote']!r}{hint}")
    return DeclaredLabelingFunction(name, condition, vote, f"{file.path}:{file.line(location)}")


def _voting_itself(
    file: YamlFile, location: Location, entry: dict[str, Any], condition: Condition
) -> DeclaredLabelingFunction:
    if "vote" in entry:
        raise file.error((*location, "vote"), f"{entry['name']}: {entry['kind']} votes itself; take `vote` away here")
    return DeclaredLabelingFunction(entry["name"], condition, ABSTAIN, f"{file.path}:{file.line(location)}")


def _condition(
    file: YamlFile, location: Location, name: str, fields: dict[str, Any], context: dict[str, Any]
) -> Condition:
    try:
        return _adapter().validate_python(fields, context=context)
    except ValidationError as error:
        first = min(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
        location_of_error = (
            (*location, *first["loc"], "kind") if "union_tag" in first["type"] else (*location, *first["loc"])
        )
        raise file.error(location_of_error, f"{name}: {_message(first)}") from error


@functools.cache
def _adapter() -> TypeAdapter[Condition]:
    return TypeAdapter(AnyCondition)


def _message(error: Any) -> str:
    keys = [str(part) for part in error["loc"]]
    key = next((part for part in reversed(keys) if not part.isdecimal()), "")
    kind = next((part for part in reversed(keys[:-1]) if part in KINDS), "")
    given, valid = error["input"], [*KINDS[kind].model_fields, *(HEAD if len(keys) <= _TOP else ())] if kind else []
    tag = str(error.get("ctx", {}).get("tag"))
    messages = {
        "union_tag_invalid": f"unknown kind {tag!r}{did_you_mean(tag, KINDS)}",
        "union_tag_not_found": f"the kind is missing; valid are {', '.join(KINDS)}",
        "extra_forbidden": f"unknown key {key!r}{did_you_mean(key, valid)}",
        "missing": f"{kind} needs {key!r}",
        "tuple_type": f"{key} is a list: write [{given}]",
        "string_type": f"{key}: {given!r} is not text; put it in quotes",
        "string_too_short": f"{key}: an empty text is in every row; take it away",
        "too_short": f"{key} is empty; name at least one",
        "string_pattern_mismatch": f"{key}: {given!r} is no code of ISO 639-1, such as en",
        "literal_error": f"{key}: {given!r} is unknown; valid are {error.get('ctx', {}).get('expected')}",
    }
    return messages.get(error["type"], f"{key}: {error['msg'].removeprefix('Value error, ')}")
