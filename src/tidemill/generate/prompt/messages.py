"""A prompt filled with a row, the classes and examples, and the key by which its answers are kept."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ConfigError
from tidemill.label.conditions.generated import Prompt

ABSTAINS: Final = "abstain"
"""What a model answers that cannot tell."""
MASKED: Final = "[masked]"
_CLASSES: Final = "classes"
_SYSTEM: Final = (
    "You label rows of data. Answer with one of these and nothing else: {choices}. Answer {abstain} if you cannot tell."
)

Messages = list[dict[str, str]]


@dataclass(frozen=True)
class Request:
    """One row's request.

    Parameters
    ----------
    row
        Index of the row.
    key
        Hash of model, messages and parameters.
    body
        JSON body, without the form of the answer.
    """

    row: int
    key: str
    body: dict[str, Any]

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the messages, estimated: a token for three characters, and four for each message."""
        return sum(len(item["content"]) // 3 + 5 for item in self.body["messages"])


def columns_of(template: str) -> list[str]:
    """List the columns that a template names.

    Parameters
    ----------
    template
        With names in braces.

    Returns
    -------
    list of str

    Raises
    ------
    ConfigError
        A brace is not closed, or what stands in braces is more than a name.

    Examples
    --------
    >>> columns_of("{classes}? {subject}: {text}")
    ['subject', 'text']
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"template: {error}; write {{{{ for a brace") from error
    names = [name for _, name, _, _ in parts if name is not None]
    for _, name, form, conversion in parts:
        if name is not None and (not name.isidentifier() or form or conversion):
            raise ConfigError(f"template: {{{name}}} is not the name of a column; write {{{{ for a brace")
    return [name for name in names if name != _CLASSES]


def filled(template: str, row: Mapping[str, Any], classes: Sequence[str], masked: Sequence[str]) -> str:
    """Fill a template.

    Parameters
    ----------
    template
        With names of columns in braces.
    row
        Values by column.
    classes
        Names of the classes.
    masked
        Columns whose values are not shown.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        There is no such column.

    Examples
    --------
    >>> filled("{who}: {text} ({classes})", {"who": "Ann", "text": "hi"}, ["a", "b"], ["who"])
    '[masked]: hi (a, b)'
    """
    values = {_CLASSES: ", ".join(classes)}
    for name in columns_of(template):
        if name not in row:
            raise ConfigError(f"template: there is no column {name!r}{did_you_mean(name, [*row, _CLASSES])}")
        value = "" if row[name] is None else str(row[name])
        values[name] = MASKED if name in masked and value else value
    return template.format(**values)


def request_of(
    condition: Prompt,
    place: int,
    row: Mapping[str, Any],
    *,
    classes: Sequence[str],
    examples: Sequence[tuple[Mapping[str, Any], str]],
    masked: Sequence[str],
) -> Request:
    """Make the request of a row.

    Parameters
    ----------
    condition
        The generator.
    place
        Index of the row.
    row
        Its columns.
    classes
        Names of the classes.
    examples
        Rows with the name of their class, shown before it.
    masked
        Columns whose values are not shown.

    Returns
    -------
    Request
    """
    choices = ", ".join([*classes, ABSTAINS])
    system = condition.system or _SYSTEM.format(choices=choices, abstain=ABSTAINS)
    messages: Messages = [{"role": "system", "content": system}]
    for example, label in examples:
        messages.append({"role": "user", "content": filled(condition.template, example, classes, masked)})
        messages.append({"role": "assistant", "content": label})
    messages.append({"role": "user", "content": filled(condition.template, row, classes, masked)})
    body: dict[str, Any] = {
        "model": condition.model,
        "messages": messages,
        "temperature": condition.temperature,
        "max_tokens": condition.max_tokens,
        "seed": condition.seed,
    }
    if condition.samples > 1:
        body["n"] = condition.samples
    if condition.logprobs:
        body |= {"logprobs": True, "top_logprobs": min(20, 2 * len(classes) + 2)}
    content = json.dumps([body, condition.structured, *classes], sort_keys=True, ensure_ascii=False)
    return Request(place, hashlib.blake2b(content.encode(), digest_size=16).hexdigest(), body)


def answer_form(classes: Sequence[str]) -> dict[str, Any]:
    """Describe the only answers that a server with structured output may give.

    Parameters
    ----------
    classes
        Names of the classes.

    Returns
    -------
    dict
        ``response_format`` of OpenAI's protocol.
    """
    label = {"type": "string", "enum": [*classes, ABSTAINS]}
    schema = {"type": "object", "properties": {"label": label}, "required": ["label"], "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "label", "strict": True, "schema": schema}}
