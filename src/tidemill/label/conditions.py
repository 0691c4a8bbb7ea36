r"""What a declared labeling function asks of a row: plain data that compiles to one Polars expression.

A condition is true, false, or null where the column has no value; only true casts the vote.

>>> rows = pl.DataFrame({"text": ["WIN a prize", "winter", None]})
>>> rows.select(Keywords(kind="keywords", words=("win",)).expression()).to_series().to_list()
[True, False, None]
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

import polars as pl
from pydantic import (
    Field,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, Settings
from tidemill.label.condition import Condition, Limits, Word, Words, any_of, located
from tidemill.label.evidence import Annotator, Neighbours, Prototype, Scores
from tidemill.label.texts import Date, Fuzzy, Language, Lexicon
from tidemill.label.votes import vote_of

Flag = Literal["ignore_case", "multi_line", "dot_all"]
_FLAGS: Final = {"ignore_case": "i", "multi_line": "m", "dot_all": "s"}
_UNITS: Final = {"characters": r"(?s).", "words": r"\S+", "lines": r"\n"}


class Near(Settings):
    """Other words that stand close by, at most so many words between."""

    words: Words
    within: Annotated[int, Field(ge=0, le=50)] = 3


class Keywords(Condition):
    """The column says one of the words, all of them, at least so many different ones, or one near another."""

    main: ClassVar[str | None] = "words"
    kind: Literal["keywords"]
    words: Words
    column: str = "text"
    match: Literal["any", "all"] = "any"
    at_least: Annotated[int, Field(ge=1)] | None = None
    case: bool = False
    whole_words: bool = True
    near: Near | None = None

    @model_validator(mode="after")
    def _is_one_question(self) -> Keywords:
        if self.near is not None and (self.match == "all" or self.at_least is not None or not self.whole_words):
            raise ValueError(
                "near asks for any whole word beside another; it goes with neither all, at_least nor parts"
            )
        return self

    def expression(self) -> pl.Expr:
        """Words → one pattern where any will do, else a pattern per word."""
        if self.near is not None:
            return pl.col(self.column).str.contains(self._beside(self.near))
        if self.match == "any" and self.at_least in {None, 1}:
            return self._says(self.words)
        each = [self._says((word,)).cast(pl.UInt16) for word in self.words]
        wanted = len(each) if self.at_least is None else self.at_least
        return pl.sum_horizontal(each, ignore_nulls=False) >= wanted

    def _beside(self, near: Near) -> str:
        here, there = f"(?:{any_of(self.words)})", f"(?:{any_of(near.words)})"
        between = rf"(?:\W+\w+){{0,{near.within}}}\W*"
        return f"{'' if self.case else '(?i)'}{here}{between}{there}|{there}{between}{here}"

    def _says(self, words: tuple[str, ...]) -> pl.Expr:
        if not self.whole_words:
            return pl.col(self.column).str.contains_any(list(words), ascii_case_insensitive=not self.case)
        pattern = any_of(words)
        return pl.col(self.column).str.contains(pattern if self.case else f"(?i){pattern}")


class Regex(Condition):
    """The column matches a pattern (Rust's syntax: no look-around), at least so many times."""

    main: ClassVar[str | None] = "pattern"
    kind: Literal["regex"]
    pattern: Word
    column: str = "text"
    flags: tuple[Flag, ...] = ()
    at_least: Annotated[int, Field(ge=1)] = 1

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            pl.Series([""]).str.contains(pattern)
        except pl.exceptions.PolarsError as error:
            reason = str(error).split("\n\nThis error occurred")[0].strip()
            raise ValueError(f"the pattern does not compile: {reason}") from error
        return pattern

    @property
    def flagged(self) -> str:
        """The pattern with its flags."""
        flags = "".join(sorted({_FLAGS[flag] for flag in self.flags}))
        return f"(?{flags}){self.pattern}" if flags else self.pattern

    def expression(self) -> pl.Expr:
        """Pattern and flags → match."""
        text = pl.col(self.column).str
        return text.contains(self.flagged) if self.at_least == 1 else text.count_matches(self.flagged) >= self.at_least


class Threshold(Limits):
    """A number column, or a statistic of the image (``image.dark_fraction``), lies within limits."""

    kind: Literal["threshold"]
    column: str

    def expression(self) -> pl.Expr:
        """Limits → comparison; not-a-number counts as no value."""
        return self.within(pl.col(self.column).cast(pl.Float64).fill_nan(None))


class Length(Limits):
    """The text's length in characters, words or lines lies within limits."""

    kind: Literal["length"]
    column: str = "text"
    unit: Literal["characters", "words", "lines"] = "characters"

    def expression(self) -> pl.Expr:
        """Unit and limits → comparison."""
        text = pl.col(self.column).str
        count = text.len_chars() if self.unit == "characters" else text.count_matches(_UNITS[self.unit])
        return self.within(count.cast(pl.Int64) + int(self.unit == "lines"))


class Member(Condition):
    """The column's value stands in a list, given here or as a file of one value per line."""

    main: ClassVar[str | None] = "values"
    kind: Literal["member"]
    column: str
    values: Annotated[tuple[StrictStr | StrictInt | StrictFloat, ...], Field(min_length=1)]
    file: str | None = None
    case: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("file"), str):
            return data
        if "values" in data:
            raise ValueError("give values or a file, not both")
        lines = (line.strip() for line in located(data["file"], info).read_text(encoding="utf-8").splitlines())
        return {**data, "values": [line for line in lines if line and not line.startswith("#")]}

    @field_validator("values")
    @classmethod
    def _are_alike(cls, values: tuple[str | float, ...]) -> tuple[str | float, ...]:
        if len({isinstance(value, str) for value in values}) > 1:
            raise ValueError("some values are text and some are numbers; put the numbers in quotes")
        return values

    def expression(self) -> pl.Expr:
        """Values → membership; text is compared without case unless asked."""
        column = pl.col(self.column)
        if isinstance(self.values[0], str) and not self.case:
            return column.str.to_lowercase().is_in([str(value).lower() for value in self.values])
        return column.is_in(list(self.values))


class IsFlag(Condition):
    """A boolean column is true, or false where asked."""

    kind: Literal["flag"]
    column: str
    value: bool = True

    def expression(self) -> pl.Expr:
        """Column → the column or its contrary."""
        column = pl.col(self.column).cast(pl.Boolean)
        return column if self.value else ~column


class All(Condition):
    """All of the conditions hold."""

    kind: Literal["all"]
    of: tuple[AnyCondition, ...] = Field(min_length=1)

    def expression(self) -> pl.Expr:
        """Conditions → their conjunction."""
        return pl.all_horizontal(condition.expression() for condition in self.of)


class AnyOf(Condition):
    """Any of the conditions holds."""

    kind: Literal["any"]
    of: tuple[AnyCondition, ...] = Field(min_length=1)

    def expression(self) -> pl.Expr:
        """Conditions → their disjunction."""
        return pl.any_horizontal(condition.expression() for condition in self.of)


class Not(Condition):
    """The condition does not hold."""

    kind: Literal["not"]
    of: AnyCondition

    def expression(self) -> pl.Expr:
        """Condition → its contrary; where it is null, so is this."""
        return ~self.of.expression()


class Case(Settings):
    """A vote, and when it is cast."""

    vote: Annotated[int, WithJsonSchema({"type": "string"})]
    when: AnyCondition

    @field_validator("vote", mode="before")
    @classmethod
    def _name_class(cls, vote: Any, info: ValidationInfo) -> Any:
        classes = (info.context or {}).get("classes", ())
        found = vote_of(str(vote), classes)
        if found is None:
            raise ValueError(f"there is no class {vote!r}{did_you_mean(str(vote), classes)}")
        return found


class Cases(Condition):
    """One labeling function with several votes: the first case that holds casts its own."""

    votes_itself: ClassVar[bool] = True
    kind: Literal["cases"]
    of: tuple[Case, ...] = Field(min_length=1)

    def expression(self) -> pl.Expr:
        """Cases → whether any holds."""
        return pl.any_horizontal(case.when.expression().fill_null(value=False) for case in self.of)

    def cast(self, vote: int) -> pl.Expr:  # noqa: ARG002 - each case has its own
        """Cases → the vote of the first that holds."""
        votes = [pl.when(case.when.expression()).then(pl.lit(case.vote, dtype=pl.Int8)) for case in self.of]
        return pl.coalesce(votes).fill_null(ABSTAIN)


AnyCondition = Annotated[
    Keywords
    | Regex
    | Fuzzy
    | Lexicon
    | Language
    | Length
    | Threshold
    | Date
    | Member
    | IsFlag
    | Scores
    | Annotator
    | Prototype
    | Neighbours
    | All
    | AnyOf
    | Not
    | Cases,
    Field(discriminator="kind"),
]
KINDS: Final[dict[str, type[Condition]]] = {
    "keywords": Keywords,
    "regex": Regex,
    "fuzzy": Fuzzy,
    "lexicon": Lexicon,
    "language": Language,
    "length": Length,
    "threshold": Threshold,
    "date": Date,
    "member": Member,
    "flag": IsFlag,
    "scores": Scores,
    "annotator": Annotator,
    "prototype": Prototype,
    "neighbours": Neighbours,
    "all": All,
    "any": AnyOf,
    "not": Not,
    "cases": Cases,
}
for _model in (All, AnyOf, Not, Case, Cases):
    _model.model_rebuild()
