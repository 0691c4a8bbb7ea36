"""Names of classes as the user gives them to a command."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tidemill.contracts import ConfigError

_SHOWN: Final = 12
_LONG: Final = 40


def shown(names: Sequence[str]) -> str:
    """Names of classes on a line, shortened where there are many or they are long.

    Parameters
    ----------
    names
        Of the classes, in their order.

    Returns
    -------
    str
        The first three and the last where there are more than twelve.

    Examples
    --------
    >>> shown(["No, thanks", "Yes"])
    "classes 'No, thanks', Yes"
    >>> shown([f"intent_{k}" for k in range(77)])
    '77 classes (intent_0, intent_1, intent_2, …, intent_76)'
    """
    short = [name if len(name) <= _LONG else f"{name[:_LONG]}…" for name in names]
    quoted = [repr(name) if "," in name else name for name in short]
    if len(names) <= _SHOWN:
        return f"classes {', '.join(quoted)}"
    return f"{len(names)} classes ({', '.join(quoted[:3])}, …, {quoted[-1]})"


def class_names(given: str | Sequence[str], option: str = "--classes") -> tuple[str, ...]:
    """Read names of classes.

    Parameters
    ----------
    given
        One value: names with commas between them, where quotes hold one that has a comma itself, or ``@FILE``, a name on each
        line of it. Several values: a name each.
    option
        What they were given by, for messages.

    Returns
    -------
    tuple of str
        In their order, in Unicode's composed form (NFC).

    Raises
    ------
    ConfigError
        The file cannot be read, or a name is empty or there twice.

    Examples
    --------
    >>> class_names('ham,"spam, bulk"')
    ('ham', 'spam, bulk')
    >>> class_names(["Yes, really", "No"])
    ('Yes, really', 'No')
    """
    values = [given] if isinstance(given, str) else list(given)
    if len(values) == 1:
        values = _lines(Path(values[0][1:]), option) if values[0].startswith("@") else next(csv.reader(values), [])
    names = tuple(unicodedata.normalize("NFC", value.strip()) for value in values)
    wrong = next((name for place, name in enumerate(names) if not name or name in names[:place]), None)
    if wrong is not None:
        raise ConfigError(
            f"{option}: {'a name is empty' if not wrong else f'{wrong!r} is there twice'}; give different names"
        )
    return names


def _lines(path: Path, option: str) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{option} @{path} cannot be read: {error}") from error
