"""Conditions on words and patterns of a text, each one Polars expression."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final, Literal

import polars as pl
from pydantic import Field, field_validator, model_validator

from tidemill.contracts import Settings
from tidemill.label.conditions.base import (
    Condition,
    Unread,
    WholeWords,
    Word,
    Words,
    any_of,
    as_text,
    escaped,
    parts_of,
    unread_texts,
)
from tidemill.label.conditions.lookaround import compiled, has_matches, reason_against

Flag = Literal["ignore_case", "multi_line", "dot_all"]
_RUN: Final = 5
"""Length of the texts of one character in which the pattern is looked for."""
_AT_ENDS: Final = 2
"""Matches of no length that anchors alone may give: one at either end."""
_VERBOSE: Final = re.compile(r"\s*\(\?[a-wyz]*x[a-z]*[):]")
_PATTERN: Final = re.compile(r"(?<=\w)\*|\*(?=\w)| OR | AND | NOT ")
"""What searches take for a pattern or an operator, and a list of words does not."""
_SWAPPED: Final = {
    "apostrophe": (("'", "\u2019"), ("\u2019", "'")),
    "hyphen": (("-", "\u2011"), ("-", "\u2010"), ("\u2010\u2011", "--")),
}
"""Signs as they are typed and as they are typeset, each and the one for it."""
_SHOWN: Final = 3
_STEM: Final = 3
"""Letters of a part of a word from which on texts that have it are counted."""
_FLAGS: Final = {"ignore_case": "i", "multi_line": "m", "dot_all": "s"}


class Near(Settings):
    """Other words near a keyword, with at most a number of words between."""

    words: WholeWords
    within: Annotated[int, Field(ge=0, le=50)] = 3


class Keywords(Condition):
    """The column contains one of the words, all of them, at least so many different ones, or one near another."""

    main: ClassVar[str | None] = "words"
    kind: Literal["keywords"]
    words: Words
    column: str = "text"
    match: Literal["any", "all"] = "any"
    at_least: Annotated[int, Field(ge=1)] | None = None
    case: bool = False
    whole_words: bool = True
    near: Near | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_outer_space(cls, data: Any) -> Any:
        """A space before or behind a whole word is a slip, and part of what is looked for in parts of words."""
        words = data.get("words") if isinstance(data, dict) else None
        if not isinstance(words, (list, tuple)) or data.get("whole_words") is False:
            return data
        return {**data, "words": [word.strip() if isinstance(word, str) else word for word in words]}

    @model_validator(mode="after")
    def _is_one_question(self) -> Keywords:
        if self.near is not None and (self.match == "all" or self.at_least is not None or not self.whole_words):
            raise ValueError(
                "near asks for any whole word beside another; it goes with neither all, at_least nor parts"
            )
        distinct = {word if self.case else word.lower() for word in self.words}
        if self.at_least is not None and self.at_least > len(distinct):
            raise ValueError(
                f"at_least asks for {self.at_least} different words of {len(distinct)}, so that it holds for no row"
            )
        return self

    def expression(self) -> pl.Expr:
        """Build one pattern where any word will do, else a pattern per word.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        if self.near is not None:
            return as_text(self.column).str.contains(self._next_to(self.near))
        if self.match == "any" and self.at_least in {None, 1}:
            return self._contains(self.words)
        each = [self._contains((word,)).cast(pl.UInt16) for word in self.words]
        wanted = len(each) if self.at_least is None else self.at_least
        return pl.sum_horizontal(each, ignore_nulls=False) >= wanted

    def unread(self, table: pl.DataFrame) -> Unread | None:
        """Count the texts that have a word with another apostrophe or hyphen, typed for typeset or the other way round, and none as it is written.

        Parameters
        ----------
        table
            The rows.

        Returns
        -------
        Unread or None
            None where no text has, and no word looks like a pattern, or the column is not there.
        """
        if table.schema.get(self.column) != pl.String:
            return None
        texts = table[self.column].drop_nulls()
        return self._unread_signs(texts) or self._unread_patterns(texts)

    def _unread_signs(self, texts: pl.Series) -> Unread | None:
        for sign, others in _SWAPPED.items():
            pairs = [
                (word, typeset)
                for typed, other in others
                for word in self.words
                if (typeset := word.translate(str.maketrans(typed, other))) != word
            ]
            if not pairs:
                continue
            own, swapped = (tuple(dict.fromkeys(words)) for words in zip(*pairs, strict=True))
            signs = sorted(
                {letter for _, other in others for letter in other if any(letter in word for word in swapped)}
            )
            near = texts.filter(texts.str.contains_any(signs))  # few have one, and the pattern is slow
            missed = near.filter(near.to_frame().select(self._contains(swapped) & ~self._contains(own)).to_series())
            if len(missed):
                shown = ", ".join(swapped[:_SHOWN])
                what = f"texts of column {self.column!r} have a word with another {sign} ({shown}: add it to the words)"
                return unread_texts(missed, texts, what)
        return None

    def _unread_patterns(self, texts: pl.Series) -> Unread | None:
        """Texts that a word such as `refund*` or `cheap OR free` would find, were it a pattern."""
        own = tuple(word for word in self.words if _PATTERN.search(word))
        parts = [part.strip() for word in own for part in _PATTERN.split(word) if len(part.strip()) >= _STEM]
        if not parts:
            return None
        found = pl.col(texts.name).str.contains_any(parts, ascii_case_insensitive=True) & ~self._contains(self.words)
        missed = texts.filter(texts.to_frame().select(found).to_series())
        what = f"texts of column {self.column!r} have a part of {', '.join(map(repr, own[:_SHOWN]))}, which is looked for as it is written (kind: regex takes patterns)"
        return unread_texts(missed, texts, what)

    def _next_to(self, near: Near) -> str:
        here, there = f"(?:{any_of(self.words)})", f"(?:{any_of(near.words)})"
        between = rf"(?:\W+\w+){{0,{near.within}}}\W*"
        return f"{'' if self.case else '(?i)'}{here}{between}{there}|{there}{between}{here}"

    def _contains(self, words: tuple[str, ...]) -> pl.Expr:
        is_plain = self.case or all(map(str.isascii, words))
        if not self.whole_words and is_plain and all(len(parts_of(word)) == 1 for word in words):
            return as_text(self.column).str.contains_any(list(words), ascii_case_insensitive=not self.case)
        pattern = any_of(words) if self.whole_words else "|".join(map(escaped, words))  # which folds case beyond ASCII
        return as_text(self.column).str.contains(pattern if self.case else f"(?i){pattern}")


def _found_everywhere(pattern: str, *, goes_back: bool) -> bool:
    """Whether the pattern matches nothing at all amid a run of one character, and so somewhere in every text.

    A match of no length at the ends of a run may be what an anchor asks for, and so may look-ahead for this character.
    """
    runs = [character * _RUN for character in ("§ \ta0" if goes_back else {*pattern, "§"} - {"\n"})]
    if goes_back:
        each = [[match.group() for match in compiled(pattern).finditer(run)] for run in runs]
    else:
        each = pl.Series(runs).str.extract_all(pattern).to_list()
    amid = [matches.count("") > _AT_ENDS for matches in each]
    return all(amid) if goes_back else any(amid)


class Regex(Condition):
    """The column matches a pattern, at least so many times.

    Patterns are of Rust's syntax, linear in the text. One with look-around or back-references is matched by ``regex``, text by
    text, for no longer than two seconds each.
    """

    main: ClassVar[str | None] = "pattern"
    kind: Literal["regex"]
    pattern: Word
    column: str = "text"
    flags: tuple[Flag, ...] = ()
    at_least: Annotated[int, Field(ge=1)] = 1

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        before, has_break, _ = pattern.partition("\n")
        if has_break and not _VERBOSE.match(pattern):
            raise ValueError(
                f"the pattern has a line break in it, after {before!r}, which texts must have too: write it on one line, \\n "
                "for a line break, or begin it with (?x), which leaves white space out"
            )
        reason = reason_against(pattern)
        if reason:
            try:
                compiled(pattern)
            except ValueError as error:
                raise ValueError(f"the pattern does not compile: {reason}") from error
        if _found_everywhere(pattern, goes_back=bool(reason)):
            raise ValueError(
                "the pattern matches the empty text, and so every row: it has an empty choice, as in `cash|`, or all of it may be "
                "left out, as in `(cash)?` or `x*`"
            )
        return pattern

    @property
    def goes_back(self) -> bool:
        """Whether the pattern needs an engine that goes back: it has look-around or back-references."""
        return bool(reason_against(self.pattern))

    @property
    def flagged(self) -> str:
        """The pattern with its flags."""
        flags = "".join(sorted({_FLAGS[flag] for flag in self.flags}))
        return f"(?{flags}){self.pattern}" if flags else self.pattern

    def expression(self) -> pl.Expr:
        """Match the pattern with its flags.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        column = as_text(self.column)
        if self.goes_back:
            return column.map_batches(
                lambda texts: has_matches(texts, self.flagged, self.at_least), return_dtype=pl.Boolean
            )
        text = column.str
        return text.contains(self.flagged) if self.at_least == 1 else text.count_matches(self.flagged) >= self.at_least
