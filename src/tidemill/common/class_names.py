"""Names of classes: as the user gives them to a command, and as files spell them."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tidemill.contracts import ConfigError

_SHOWN: Final = 12
_LONG: Final = 40
JOINERS: Final = "\u200c\u200d"
"""Characters without a width that tell words and emoji apart."""
UNSEEN: Final = "\u034f\u115f\u1160\u3164\uffa0\ufe0e\ufe0f"
"""Letters and marks that nobody sees: fillers, and the choice between the colours and the outline of an emoji."""
_DOTTED_I: Final = "i\u0307"
"""What the Turkish capital letter of i is folded to."""
_WHOLE: Final = re.compile(r"([+-]?\d+)\.0+")
_NO_CLASS: Final = frozenset(
    {
        "-1",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "<na>",
        "none",
        "null",
        "nil",
        "\\n",
        "?",
        "??",
        "-",
        "--",
        "---",
        ".",
        "..",
        "...",
        "[]",
    }
    | {
        "unlabeled",
        "unlabelled",
        "un labeled",
        "un labelled",
        "not labeled",
        "not labelled",
        "no label",
        "without label",
    }
    | {"(blank)", "(empty)", "(none)", "(null)", "(na)", "(missing)"}
    | {"#ref!", "#value!", "#name?", "#null!", "#num!", "#div/0!"}
)
"""Labels, folded, that mean that there is none, where no class has that name; backslash n is a null of databases, and # begins errors of spreadsheets."""
_MAYBE_NO_CLASS: Final = frozenset(
    {
        "unknown",
        "missing",
        "undefined",
        "undecided",
        "undetermined",
        "unsure",
        "not sure",
        "don't know",
        "dont know",
        "i don't know",
        "idk",
        "dunno",
        "can't tell",
        "unassigned",
        "unclassified",
        "uncategorized",
        "unsorted",
        "unchecked",
        "unreviewed",
        "tbd",
        "todo",
        "needs review",
        "skip",
        "skipped",
        "abstain",
        "blank",
        "empty",
        "not set",
        "not specified",
        "unspecified",
        "not available",
        "not applicable",
        "no answer",
        "no response",
        "k a",
        "keine angabe",
        "select",
        "please select",
        "new folder",
        "untitled folder",
    }
    | {f"to {be}{act}" for be in ("", "be ") for act in ("do", "label", "labeled", "review", "check", "sort")}
)
"""Labels, folded, that are a class in some data and no label in others."""
_CODE_FOR_NONE: Final = re.compile(r"-9{2,4}")
"""Numbers that surveys write for a missing answer."""
_OTHER_SPACES: Final = re.compile(r"[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_SIGNS: Final = re.compile(r"[\s_.\-()\[\]<>{}*#!]+")
_COPY: Final = re.compile(r" \(\d+\)\Z")
"""What systems write after the name of a folder that is there already."""


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
        One value: names with commas between them, where quotes hold one that has a comma itself. Several values: a name each.
    option
        What they were given by, for messages.

    Returns
    -------
    tuple of str
        In their order, in Unicode's composed form (NFC).

    Raises
    ------
    ConfigError
        A name is empty or there twice.

    Examples
    --------
    >>> class_names('ham,"spam, bulk"')
    ('ham', 'spam, bulk')
    >>> class_names(["Yes, really", "No"])
    ('Yes, really', 'No')
    """
    values = [given] if isinstance(given, str) else list(given)
    return distinct_names(next(csv.reader(values), []) if len(values) == 1 else values, option)


def distinct_names(values: Sequence[str], option: str) -> tuple[str, ...]:
    """Bring names of classes into the form in which they are kept.

    Parameters
    ----------
    values
        A name each.
    option
        What they were given by, for messages.

    Returns
    -------
    tuple of str
        In their order.

    Raises
    ------
    ConfigError
        A name is empty or there twice.
    """
    names = tuple(map(as_written, values))
    wrong = next((name for place, name in enumerate(names) if not name or name in names[:place]), None)
    if wrong is not None:
        raise ConfigError(
            f"{option}: {'a name is empty' if not wrong else f'{wrong!r} is there twice'}; give different names"
        )
    return names


def as_written(name: str) -> str:
    """Bring the name of a class into the form in which it is kept.

    Parameters
    ----------
    name
        As a person or a file has it.

    Returns
    -------
    str
        In Unicode's composed form (NFC), without spaces around it and without soft hyphens and other marks that nobody sees; spaces that do not
        break and narrow ones are spaces.

    Examples
    --------
    >>> as_written(" tr\u00e8s\u00a0bien ")
    'tr\u00e8s bien'
    """
    seen = "".join(letter for letter in name if letter in JOINERS or unicodedata.category(letter) != "Cf")
    return _OTHER_SPACES.sub(" ", unicodedata.normalize("NFC", seen)).strip()


def fold(name: str) -> str:
    """Normalize the name of a class: letter case, spaces, forms of Unicode and ``.0`` do not tell classes apart.

    Parameters
    ----------
    name
        Name as written.

    Returns
    -------
    str
        NFKC, case-folded, single spaces; a whole number with a fraction of zeros is written whole.

    Examples
    --------
    >>> fold(" Very  Good "), fold("1.0")
    ('very good', '1')
    """
    visible = "".join(letter for letter in name if not _is_unseen(letter))
    folded = " ".join(unicodedata.normalize("NFKC", visible).casefold().replace(_DOTTED_I, "i").split())
    return _WHOLE.sub(r"\1", folded) if _WHOLE.fullmatch(folded) else folded


def _is_unseen(letter: str) -> bool:
    return letter in UNSEEN or (unicodedata.category(letter) == "Cf" and letter not in JOINERS)


def means_no_class(name: str) -> bool:
    """Decide whether a word in place of a class states that there is none.

    Parameters
    ----------
    name
        As a file has it.

    Returns
    -------
    bool

    Examples
    --------
    >>> means_no_class("N/A"), means_no_class("ham")
    (True, False)
    """
    return fold(name) in _NO_CLASS or plain_words(name) in _NO_CLASS


def may_mean_no_class(name: str) -> bool:
    """Decide whether a label is a class in some data and means that there is none in others.

    Parameters
    ----------
    name
        Label as written.

    Returns
    -------
    bool
        True for words such as unknown and skipped.
    """
    return plain_words(name) in _MAYBE_NO_CLASS or _CODE_FOR_NONE.fullmatch(fold(name)) is not None


def plain_words(name: str) -> str:
    """Fold the name of a folder or label, of which signs around and between its words are left out.

    Parameters
    ----------
    name
        As a file has it.

    Returns
    -------
    str
        Words with single spaces.

    Examples
    --------
    >>> plain_words("_To-Review"), plain_words("(unlabeled)"), plain_words("New folder (2)")
    ('to review', 'unlabeled', 'new folder')
    """
    return _SIGNS.sub(" ", _COPY.sub("", fold(name))).strip()


def class_indices(classes: Sequence[str]) -> ClassIndices:
    """Prepare to find classes by names as files spell them.

    Parameters
    ----------
    classes
        Names of the classes.

    Returns
    -------
    ClassIndices
        Letter case, spaces and forms of Unicode do not count where only one class is meant.

    Examples
    --------
    >>> find = class_indices(["good", "bad"])
    >>> find(" BAD"), find("worse")
    (1, None)
    """
    folded = [fold(name) for name in classes]
    return ClassIndices(
        {name: k for k, name in enumerate(classes)},
        {name: k for k, name in enumerate(folded) if folded.count(name) == 1},
    )


@dataclass(frozen=True)
class ClassIndices:
    """Indices of classes by their names, and by their folded names where no other class has the same."""

    exact: dict[str, int]
    folded: dict[str, int]

    def __call__(self, name: str) -> int | None:
        """Find a class.

        Parameters
        ----------
        name
            As a file has it.

        Returns
        -------
        int or None
            None where it names no class, or several.
        """
        known = self.exact.get(name.strip())
        return self.folded.get(fold(name)) if known is None else known
