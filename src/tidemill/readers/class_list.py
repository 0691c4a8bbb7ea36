"""Names of classes as a command is given them: in one value, in several, or in a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tidemill.common.class_names import class_names, distinct_names, plain_words
from tidemill.contracts import ConfigError, DataError
from tidemill.readers.read import read_text

_COMMENT: Final = "# "
_HEADINGS: Final = frozenset(
    {"class", "classes", "class name", "class names", "label", "labels", "label name", "name", "names", "category"}
    | {"categories"}
)
"""What may stand above names of classes, folded."""
_NAME_ENCODING: Final = re.compile(
    r"(?:; save the file as UTF-8, or|, or|;) name (?:it|its encoding|another(?: encoding)?)\b[^;]*?\(ingest\.encoding\)"
)
"""What is said of tables, and not of a list of names, whose encoding no option states."""


def read_class_names(given: str | Sequence[str], option: str = "--classes") -> tuple[tuple[str, ...], list[str]]:
    """Read names of classes.

    Parameters
    ----------
    given
        As ``class_names`` takes them, or ``@FILE``, a name on each line of it; a line that begins with ``#`` and a space is a comment.
    option
        What they were given by, for messages.

    Returns
    -------
    names : tuple of str
        In their order.
    notes : list of str
        How a file was read.

    Raises
    ------
    ConfigError
        The file cannot be read, or a name is empty or there twice.
    """
    values = [given] if isinstance(given, str) else list(given)
    if len(values) > 1 or not values or not values[0].startswith("@"):
        return class_names(given, option), []
    path = Path(values[0][1:])
    try:
        text, note = read_text(path.read_bytes(), path.name)
    except (OSError, DataError) as error:
        raise ConfigError(f"{option} @{path} cannot be read: {_of_a_list(str(error))}") from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    named = [(number, line.strip()) for number, line in lines if not line.startswith(_COMMENT)]
    notes = [_of_a_list(note)] if note else []
    notes += [
        f"{path.name}: line {number} is a comment, and no class: {line!r}"
        for number, line in lines
        if line.startswith(_COMMENT)
    ]
    return distinct_names([line for _, line in named], option), [*notes, *_heading(named, path.name)]


def _heading(named: Sequence[tuple[int, str]], file: str) -> list[str]:
    """A note about a first line that is a class, though it may say what is below."""
    words = [plain_words(name) in _HEADINGS for _, name in named]
    if not words or not words[0] or any(words[1:]):
        return []
    number, name = named[0]
    return [f"{file}: line {number} is taken for a class, {name!r}; take it out where it says what is below"]


def _of_a_list(told: str) -> str:
    return _NAME_ENCODING.sub("; save it as UTF-8", told)
