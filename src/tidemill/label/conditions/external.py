"""Conditions on another model's scores and on annotators' answers.

Tables have the column ``row_id`` and stand beside the file of labeling functions.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import polars as pl
from pydantic import PrivateAttr, StrictStr, ValidationInfo, WithJsonSchema, model_validator

from tidemill.common.class_names import class_indices, means_no_class
from tidemill.common.spelling import did_you_mean
from tidemill.contracts import ABSTAIN
from tidemill.label.conditions.base import Limits, Unread
from tidemill.label.conditions.files import FromFile, located, looked_up, read_column
from tidemill.label.conditions.vote_names import vote_of


class Scores(FromFile, Limits):
    """Another model's score of the row, in a table with ``row_id``, lies within limits; a row not in it has none."""

    kind: Literal["scores"]
    file: str
    column: str
    _scores: pl.DataFrame = PrivateAttr()

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Scores:
        self._scores = read_column(located(self.file, info), self.column)
        if not self._scores[self.column].dtype.is_numeric():
            raise ValueError(f"{self.file}: column {self.column!r} is not of numbers")
        return self

    def expression(self) -> pl.Expr:
        """Compare the row's score with the limits.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        return self.within(looked_up(self._scores, self.column, pl.Float64).fill_nan(None))

    def unread(self, table: pl.DataFrame) -> Unread | None:
        """Count the rows that the table of scores does not have, which is worth telling where it has none.

        Parameters
        ----------
        table
            The rows.

        Returns
        -------
        Unread or None
            None where rows have no ``row_id``.
        """
        return _not_there(table, self._scores, self.file)


class Annotator(FromFile):
    """An annotator's answer: a column of the row, or of a table with ``row_id``, that names a class.

    ``votes`` maps answers to classes; without it, answers are names of classes. Letter case, spaces, forms of Unicode and a fraction of
    zeros do not count where one answer is meant, as in labels. Other answers abstain.
    """

    votes_itself: ClassVar[bool] = True
    kind: Literal["annotator"]
    column: str
    votes: Annotated[
        dict[StrictStr, int], WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}})
    ]
    file: str | None = None
    _answers: pl.DataFrame | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _name_classes(cls, data: Any, info: ValidationInfo) -> Any:
        classes = (info.context or {}).get("classes", ())
        given = data.get("votes", {name: name for name in classes}) if isinstance(data, dict) else None
        if not isinstance(given, dict):
            return data
        votes = {answer: vote_of(str(name), classes) for answer, name in given.items()}
        if unknown := [str(given[answer]) for answer, vote in votes.items() if vote is None]:
            raise ValueError(f"votes: there is no class {unknown[0]!r}{did_you_mean(unknown[0], classes)}")
        return {**data, "votes": votes}

    @model_validator(mode="after")
    def _read(self, info: ValidationInfo) -> Annotator:
        if self.file is not None:
            self._answers = read_column(located(self.file, info), self.column)
        return self

    def expression(self) -> pl.Expr:
        """Build the expression that is true where the annotator's answer is a vote.

        Returns
        -------
        polars.Expr
            Boolean per row, never null: without an answer it is false.
        """
        return self.cast(ABSTAIN) != ABSTAIN

    def cast(self, vote: int) -> pl.Expr:  # noqa: ARG002 - the annotator votes, not the function
        """Build the expression that turns answers into votes.

        Parameters
        ----------
        vote
            Not read: each answer stands for a class of its own.

        Returns
        -------
        polars.Expr
            int16 vote per row; ``ABSTAIN`` where there is no answer, or one that stands for no class.
        """
        own = pl.col(self.column).cast(pl.String)
        answers = own if self._answers is None else looked_up(self._answers, self.column, pl.String)
        return answers.map_batches(self._votes_of, return_dtype=pl.Int16, is_elementwise=True)

    def unread(self, table: pl.DataFrame) -> Unread | None:
        """Count the answers that stand for no class and are no word for none; where a file has no row at all, the rows.

        Parameters
        ----------
        table
            The rows.

        Returns
        -------
        Unread or None
            None where the column is not there.
        """
        if self._answers is not None:
            missing = _not_there(table, self._answers, self.file or "")
            if missing is None or missing.tells:
                return missing
            answers = self._answers.filter(pl.col("row_id").is_in(table["row_id"].cast(pl.String).implode()))[
                self.column
            ]
        elif self.column in table.columns:
            answers = table[self.column]
        else:
            return None
        given = answers.cast(pl.String).drop_nulls()
        find = class_indices(tuple(self.votes))
        other = [item for item in given.unique(maintain_order=True) if find(item) is None and not means_no_class(item)]
        count = int(given.is_in(other).sum()) if other else 0
        what = (
            f"answers in column {self.column!r} name no class that they are to name ({', '.join(list(self.votes)[:5])})"
        )
        return Unread(count, len(given), other[0] if other else "", what)

    def _votes_of(self, answers: pl.Series) -> pl.Series:
        find, votes = class_indices(tuple(self.votes)), list(self.votes.values())
        found = {answer: find(answer) for answer in answers.unique().drop_nulls()}
        known = {answer: votes[place] for answer, place in found.items() if place is not None}
        if not known:
            return pl.Series(answers.name, [ABSTAIN], dtype=pl.Int16).new_from_index(0, len(answers))
        return answers.replace_strict(known, default=ABSTAIN, return_dtype=pl.Int16)


def _not_there(table: pl.DataFrame, known: pl.DataFrame, file: str) -> Unread | None:
    if "row_id" not in table.columns:
        return None
    ids = table["row_id"].cast(pl.String)
    missing = ids.filter(~ids.is_in(known["row_id"].implode()))
    what = (
        f"rows are not in {file}, whose row_id is {known['row_id'][0]!r} on the first line"
        if known.height
        else f"rows are not in {file}"
    )
    return Unread(len(missing), len(ids), str(missing[0]) if len(missing) else "", what, only_all=True)
