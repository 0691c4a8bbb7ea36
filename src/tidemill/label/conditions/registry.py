r"""All kinds of conditions by name, and those that join others: all, any, not, cases.

A condition is true, false, or null where the column has no value; only true casts the vote.

>>> rows = pl.DataFrame({"text": ["WIN a prize", "winter", None]})
>>> rows.select(Keywords(kind="keywords", words=("win",)).expression()).to_series().to_list()
[True, False, None]
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

import polars as pl
from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator

from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN, Settings
from tidemill.label.conditions.base import Condition
from tidemill.label.conditions.external import Annotator, Scores
from tidemill.label.conditions.generated import Model, Prompt, ZeroShot
from tidemill.label.conditions.knowledge import Knowledge
from tidemill.label.conditions.labeled_examples import Neighbours, Prototype
from tidemill.label.conditions.text import Fuzzy, Language, Lexicon
from tidemill.label.conditions.values import Date, IsFlag, Length, Member, Threshold
from tidemill.label.conditions.vote_names import vote_of
from tidemill.label.conditions.words import Keywords, Regex


class All(Condition):
    """All of the conditions hold."""

    kind: Literal["all"]
    of: tuple[AnyCondition, ...] = Field(min_length=1)

    def expression(self) -> pl.Expr:
        """Build the conjunction of the conditions.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        return pl.all_horizontal(condition.expression() for condition in self.of)


class AnyOf(Condition):
    """Any of the conditions holds."""

    kind: Literal["any"]
    of: tuple[AnyCondition, ...] = Field(min_length=1)

    def expression(self) -> pl.Expr:
        """Build the disjunction of the conditions.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        return pl.any_horizontal(condition.expression() for condition in self.of)


class Not(Condition):
    """The condition does not hold."""

    kind: Literal["not"]
    of: AnyCondition

    def expression(self) -> pl.Expr:
        """Build the negation of the condition.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        return ~self.of.expression()


class Case(Settings):
    """A vote, and when it is cast."""

    vote: Annotated[int, WithJsonSchema({"type": "string"})]
    when: AnyCondition

    @field_validator("vote", mode="before")
    @classmethod
    def _name_class(cls, vote: Any, info: ValidationInfo) -> Any:
        classes = (info.context or {}).get("classes", ())
        index = vote_of(str(vote), classes)
        if index is None:
            raise ValueError(f"there is no class {vote!r}{did_you_mean(str(vote), classes)}")
        return index


class Cases(Condition):
    """One labeling function with several votes: the first case that holds casts its own."""

    votes_itself: ClassVar[bool] = True
    kind: Literal["cases"]
    of: tuple[Case, ...] = Field(min_length=1)

    def expression(self) -> pl.Expr:
        """Build the expression that is true where any case holds.

        Returns
        -------
        polars.Expr
            Boolean per row, never null.
        """
        return pl.any_horizontal(case.when.expression().fill_null(value=False) for case in self.of)

    def cast(self, vote: int) -> pl.Expr:  # noqa: ARG002 - each case has its own
        """Build the expression of the vote of the first case that holds.

        Parameters
        ----------
        vote
            Not read: each case has a vote of its own.

        Returns
        -------
        polars.Expr
            int16 vote per row; ``ABSTAIN`` where no case holds.
        """
        votes = [pl.when(case.when.expression()).then(pl.lit(case.vote, dtype=pl.Int16)) for case in self.of]
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
    | Knowledge
    | Prototype
    | Neighbours
    | ZeroShot
    | Model
    | Prompt
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
    "knowledge": Knowledge,
    "prototype": Prototype,
    "neighbours": Neighbours,
    "zero_shot": ZeroShot,
    "model": Model,
    "prompt": Prompt,
    "all": All,
    "any": AnyOf,
    "not": Not,
    "cases": Cases,
}
for _model in (All, AnyOf, Not, Case, Cases):
    _model.model_rebuild()
