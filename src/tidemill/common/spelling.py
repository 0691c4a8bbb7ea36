"""Words of messages: which valid name a wrong one was probably meant to be, and how a number of things is said."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

_SIMILAR = 0.5  # share of characters in common from which on two names are taken for one misspelled

_LISTED = 60
_NOT: Final = re.compile(r"(not|no|non|never)(?=[\W_])", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(\.\d+)?")


def closest(name: str, valid: Iterable[str], *, ignore_case: bool = False) -> str | None:
    """Choose the valid name that is most like a wrong one.

    Parameters
    ----------
    name
        The wrong name.
    valid
        Valid names.
    ignore_case
        Whether upper and lower case count as equal.

    Returns
    -------
    str or None
        The name as it stands in ``valid``; None where none is similar.

    Examples
    --------
    >>> closest("0.0", ["400", "0"]), closest("00000", ["400"])
    ('0', None)
    >>> closest("spma", ["solar", "spam"]), closest("TXET", ["Text"], ignore_case=True), closest("x", ["spam"])
    ('spam', 'Text', None)
    >>> closest("not spam", ["spam"]), closest("not_spam", ["not spam"])
    (None, 'not spam')
    """
    if _NUMBER.fullmatch(name):  # a number is no misspelling of another, but may be written otherwise
        return next((item for item in valid if _NUMBER.fullmatch(item) and float(item) == float(name)), None)
    spelled = {item.lower() if ignore_case else item: item for item in valid}
    same_side = [item for item in spelled if bool(_NOT.match(item)) == bool(_NOT.match(name))]  # not spam is not spam
    similar = difflib.get_close_matches(name.lower() if ignore_case else name, same_side, n=1, cutoff=_SIMILAR)
    return spelled[similar[0]] if similar else None


def listed(names: Sequence[str]) -> str:
    """Join names for a message, the first 60 where there are more.

    Parameters
    ----------
    names
        In their order.

    Returns
    -------
    str
        With commas between; how many more there are stands at the end. Control characters, which nobody sees, are written as escapes.

    Examples
    --------
    >>> listed(["ham", "spam"])
    'ham, spam'
    """
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    visible = ("".join(map(_visible, name)) for name in names[:_LISTED])
    return f"{', '.join(visible)}{more}"


def _visible(letter: str) -> str:
    return repr(letter)[1:-1] if unicodedata.category(letter) == "Cc" else letter


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Word the end of an error message about a name that is not valid.

    Parameters
    ----------
    name
        The wrong name.
    valid
        Valid names.

    Returns
    -------
    str
        The closest valid name as a question, with the letter of another script that stands in the wrong one, or the first valid names where none is close; says so where there are none.

    Examples
    --------
    >>> did_you_mean("spma", ["solar", "spam"]), did_you_mean("x", ["b", "a"]), did_you_mean("x", [])
    ('; did you mean spam?', '; valid are a, b', '; there are none')
    """
    names = sorted(valid)
    result = closest(name, names)
    valid_names = f"valid are {listed(names)}" if names else "there are none"
    return f"; did you mean {result}{_of_other_script(name, result)}?" if result else f"; {valid_names}"


def _of_other_script(name: str, meant: str) -> str:
    """Tell the first letter of a name that is of another script than the one that is meant, since both may look the same."""
    if len(name) != len(meant):
        return ""
    pairs = [(one, other) for one, other in zip(name, meant, strict=True) if one != other]
    return next(
        (
            f", without {_named(one)}"
            for one, other in pairs
            if _script(one) and _script(other) and _script(one) != _script(other)
        ),
        "",
    )


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0] if letter.isalpha() else ""


def _named(letter: str) -> str:
    return f"{letter!r} (U+{ord(letter):04X}, {unicodedata.name(letter, 'without a name').lower()})"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Word a number of things.

    Parameters
    ----------
    count
        How many.
    one
        What follows the number 1.
    many
        What follows other numbers; None: ``one`` with an s.

    Returns
    -------
    str
        The number, with commas between thousands, and the words.

    Examples
    --------
    >>> counted(1, "row"), counted(2000, "row"), counted(0, "row is", "rows are")
    ('1 row', '2,000 rows', '0 rows are')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def shown(value: object, most: int = 200) -> str:
    """Write a value as messages show it.

    Parameters
    ----------
    value
        A name, a path or a cell, which may be a whole file in base64.
    most
        Characters that are shown.

    Returns
    -------
    str
        In quotes where it is a text; what is cut off has dots in its place.

    Examples
    --------
    >>> shown("a.png"), shown("a" * 50, most=5)
    ("'a.png'", "'aaaa'…")
    """
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}{text[0] if isinstance(value, str) else ''}…"
