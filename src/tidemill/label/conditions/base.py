"""What every condition shares: the base class, limits on a number, patterns of words."""

from __future__ import annotations

import math
import operator
import re
import unicodedata
from abc import ABC, abstractmethod
from dataclasses import dataclass
from textwrap import shorten
from typing import Annotated, ClassVar, Final

import polars as pl
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from tidemill.contracts import ABSTAIN, Settings

_ESCAPES: Final = {"\a": r"\a", "\b": r"\b", "\v": r"\v", "\x1b": r"\e", "\0": r"\0"}
"""Characters that no one searches for, and the escapes of double quotes in YAML (and of strings in Python) that make them."""
_BETWEEN: Final = re.compile(r"(?<=\S)[^\S\x1c-\x1f]+(?=\S)")
"""White space within a phrase, as Polars' patterns know it."""

_LONG: Final = 60
"""Characters of a text that a note shows."""
_WITHOUT_SPACES: Final = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3005\u3007\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
    "]"
)
"""Letters of scripts that put no spaces between words."""
WITHOUT_SPACES: Final = _WITHOUT_SPACES.pattern
"""The same for Polars."""


def _as_written(word: str) -> str:
    for character, escape in _ESCAPES.items():
        if character in word:
            raise ValueError(
                f"{escape} between double quotes is the control character {ord(character):#04x}, which no text has: put the pattern "
                "between single quotes (in Python, before them an r)"
            )
    return unicodedata.normalize("NFC", word.rstrip("\n"))  # which a block of YAML (|) adds


Word = Annotated[str, StringConstraints(min_length=1), AfterValidator(_as_written)]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]
WholeWords = Annotated[
    tuple[Annotated[Word, StringConstraints(strip_whitespace=True, min_length=1)], ...], Field(min_length=1)
]
"""Words whose bounds are those of words: a space before or behind one is a slip."""


@dataclass(frozen=True)
class Unread:
    """Values that a condition cannot read, so that they have none for it.

    Parameters
    ----------
    count, known
        How many, of how many that are there.
    first
        One of them; empty where there is none.
    what
        What they are and of which column, as part of a sentence.
    only_all
        Whether it is worth telling only where no value can be read at all.
    effect
        What comes of it.
    """

    count: int
    known: int
    first: str
    what: str
    only_all: bool = False
    effect: str = "it abstains there"

    @property
    def tells(self) -> bool:
        """Whether a person should know."""
        return self.count == self.known if self.only_all else self.count > 0

    def __add__(self, other: Unread) -> Unread:
        """Add those of further rows."""
        return Unread(
            self.count + other.count,
            self.known + other.known,
            self.first or other.first,
            self.what,
            self.only_all,
            self.effect,
        )


def unread_texts(found: pl.Series, known: pl.Series, what: str, effect: str = Unread.effect) -> Unread:
    """Count texts among those that are there, and show the first.

    Parameters
    ----------
    found
        Texts that a condition reads otherwise than was meant.
    known
        All that are there.
    what, effect
        As of ``Unread``.

    Returns
    -------
    Unread
    """
    return Unread(len(found), len(known), shorten(found[0], _LONG) if len(found) else "", what, effect=effect)


class Condition(Settings, ABC):
    """A condition on a row.

    Attributes
    ----------
    main
        The field that a template's entries fill.
    votes_itself
        Whether the condition casts votes of its own, so that its entry names none.
    """

    main: ClassVar[str | None] = None
    votes_itself: ClassVar[bool] = False

    @abstractmethod
    def expression(self) -> pl.Expr:
        """Build the Polars expression that is true where the condition holds, null where the column has no value.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """

    def cast(self, vote: int) -> pl.Expr:
        """Build the Polars expression of votes: ``vote`` where the condition is true, else an abstain.

        Parameters
        ----------
        vote
            Class index, or ``not_class(k)``.

        Returns
        -------
        polars.Expr
            A vote per row; ``ABSTAIN`` where the condition is false or null.
        """
        return pl.when(self.expression()).then(vote).otherwise(ABSTAIN)

    def unread(self, table: pl.DataFrame) -> Unread | None:  # noqa: ARG002 - most conditions read whatever is there
        """Count the values of a table that the condition cannot read.

        Parameters
        ----------
        table
            The rows.

        Returns
        -------
        Unread or None
            None for a condition that reads whatever is there.
        """
        return None

    def fits(self, schema: pl.Schema) -> bool:  # noqa: ARG002 - most conditions fit any column, or Polars refuses it
        """Tell whether the condition means something on columns of these types, where Polars would compute something else.

        Parameters
        ----------
        schema
            Types of the columns that the condition reads, and of others.

        Returns
        -------
        bool
            False where it must not be asked, for which ``unfit`` gives the reason.
        """
        return True

    def unfit(self, table: pl.DataFrame) -> str | None:  # noqa: ARG002 - most conditions fit any column
        """Say why the condition cannot be asked of a table, where a column is of another kind than it reads.

        Parameters
        ----------
        table
            Rows with the columns that the condition reads.

        Returns
        -------
        str or None
            The column, its type, a value of it and the remedy; None where nothing is known to be in the way.
        """
        return None


class Limits(Condition, ABC):
    """Limits on a number; ``between`` includes both ends.

    Attributes
    ----------
    least
        The least number that there can be.
    kind_of_number
        What the number is, for errors.
    """

    least: ClassVar[float] = -math.inf
    kind_of_number: ClassVar[str] = "number"

    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Limits:
        if all(limit is None for limit in (self.above, self.below, self.at_least, self.at_most, self.between)):
            raise ValueError("no limit is given; give above, below, at_least, at_most or between")
        if self.between is not None and self.between[0] > self.between[1]:
            raise ValueError(f"between {self.between[0]:g} and {self.between[1]:g} lies nothing; swap them")
        return self

    @model_validator(mode="after")
    def _hold_for_some_number(self) -> Limits:
        """Refuse limits that a function would abstain on every row with, as it does where its units are mistaken."""
        low, high = self.between or (None, None)
        floors = [(self.least, False), (self.above, True), (self.at_least, False), (low, False)]
        ceilings = [(math.inf, False), (self.below, True), (self.at_most, False), (high, False)]
        if any(limit is not None and math.isnan(limit) for limit, _ in (*floors, *ceilings)):
            raise ValueError("nan is no limit: give a number")
        floor, leaves_out = max((limit, strict) for limit, strict in floors if limit is not None)
        ceiling, _ = min((limit, not strict) for limit, strict in ceilings if limit is not None)
        leaves_out |= any(strict and limit == ceiling for limit, strict in ceilings)
        if floor > ceiling or (floor == ceiling and leaves_out):
            given = self.model_dump(include={"above", "below", "at_least", "at_most", "between"}, exclude_none=True)
            limits = ", ".join(f"{name} {list(limit) if name == 'between' else limit}" for name, limit in given.items())
            raise ValueError(f"no {self.kind_of_number} is within {limits}, so that it holds for no row")
        return self

    def within(self, number: pl.Expr) -> pl.Expr:
        """Build the expression that is true where a number is within all limits.

        Parameters
        ----------
        number
            Numeric expression to compare with the limits of this condition.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the number is null.
        """
        low, high = self.between or (None, None)
        compared = [
            compare(number, limit)
            for compare, limits in (
                (operator.gt, [self.above]),
                (operator.lt, [self.below]),
                (operator.ge, [self.at_least, low]),
                (operator.le, [self.at_most, high]),
            )
            for limit in limits
            if limit is not None
        ]
        return pl.all_horizontal(compared)


def described(column: pl.Series) -> str:
    """Word what a column holds, for messages.

    Parameters
    ----------
    column
        The column, with its name.

    Returns
    -------
    str
        Its name, what it holds, and its first value.

    Examples
    --------
    >>> described(pl.Series("zip", [None, "02134"])), described(pl.Series("n", [1]))
    ("column 'zip' is text, such as '02134'", "column 'n' is numbers (Int64), such as 1")
    >>> described(pl.Series("seen", [True]))
    "column 'seen' is truth values, such as true"
    """
    kind = column.dtype
    words = {"String": "text", "Boolean": "truth values"}
    what = words.get(str(kind), f"numbers ({kind})" if kind.is_numeric() else f"of type {kind}")
    known = column.drop_nulls().head(1).to_list()
    value = _shown(known[0]) if known else ""
    return f"column {column.name!r} is {what}{', such as ' if value else ''}{value}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(shorten(value, 60, placeholder=" …") if isinstance(value, str) else value)


def as_text(column: str) -> pl.Expr:
    """Read a column as text: numbers, dates and truth values as they are written.

    Parameters
    ----------
    column
        Name of the column.

    Returns
    -------
    polars.Expr
        Strings; null where the column has no value.
    """
    return pl.col(column).cast(pl.String)


def bounded(word: str) -> str:
    r"""Make a pattern of a word; a boundary stands only beside letters and digits, so that "$$$" can be matched.

    None stands beside letters of Chinese, Japanese, Thai and other scripts that put no spaces between words.

    Parameters
    ----------
    word
        Text to match, at least one character; characters that mean something in a regular expression are escaped.

    Returns
    -------
    str
        Regular expression in the syntax of Polars.

    Examples
    --------
    >>> bounded("free"), bounded("$9.99")
    ('\\bfree\\b', '\\$9\\.99\\b')
    """
    left = r"\b" if _has_boundary(word[0]) else ""
    right = r"\b" if _has_boundary(word[-1]) else ""
    return f"{left}{escaped(word)}{right}"


def _has_boundary(letter: str) -> bool:
    return re.match(r"\w", letter) is not None and _WITHOUT_SPACES.match(letter) is None


def any_of(words: tuple[str, ...]) -> str:
    """Make a pattern that matches any of the words.

    Parameters
    ----------
    words
        Texts to match, as for ``bounded``.

    Returns
    -------
    str
        Regular expression in the syntax of Polars.
    """
    return "|".join(bounded(word) for word in words)


def parts_of(word: str) -> list[str]:
    """Split a phrase at the white space between its words; what stands before the first and after the last stays with them.

    Parameters
    ----------
    word
        Word or phrase to match.

    Returns
    -------
    list of str
        One, where it is a single word.

    Examples
    --------
    >>> parts_of("free  prize "), parts_of("free")
    (['free', 'prize '], ['free'])
    """
    return _BETWEEN.split(word)


def escaped(word: str) -> str:
    r"""Make a pattern that matches a text as it is written; for white space within stands any, such as a line break.

    Parameters
    ----------
    word
        Text to match.

    Returns
    -------
    str
        Regular expression in the syntax of Polars.

    Examples
    --------
    >>> escaped("$9.99"), escaped("act now")
    ('\\$9\\.99', 'act\\s+now')
    """
    return r"\s+".join(
        re.sub(r"[.^$*+?()\[\]{}|\\]", lambda match: f"\\{match.group()}", part) for part in parts_of(word)
    )
