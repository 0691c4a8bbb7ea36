"""Valid answers of a problem's gold history, by row and person, in the form that statistics read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.gold.rows import ProblemRows
from tidemill.contracts import NO_GOLD
from tidemill.project.gold_history import WITH_BATCH, Answer
from tidemill.review.answers import Answers, Indices
from tidemill.review.trust import Trust, ejected, trust_from_tests, truth_by_others

_CAME_WITH_ROW: Final = 2.0
"""People that a label which came with its row counts as, where it makes a test question for others."""
_PRIOR_TRUST: Final = 0.8
_PRIOR_TESTS: Final = 2.0
_LEAST_TRUST: Final = 0.7
_LEAST_TESTS: Final = 8


@dataclass(frozen=True)
class PeoplesAnswers:
    """Who says what of which row, the newest valid answer of each person.

    Parameters
    ----------
    answers
        Rows are those of the problem's table; annotators are ``people``.
    when : (n_answers,)
        Time of each; empty for labels that rows came with.
    people
        Ids; the last is ``WITH_BATCH``, whose answers are the labels that rows came with.
    trust
        What test questions say of each.
    """

    answers: Answers
    when: tuple[str, ...]
    people: tuple[str, ...]
    trust: Trust

    @property
    def ejected(self) -> Indices:
        """Indices of people whose answers are replaced."""
        return np.flatnonzero(ejected(self.trust, limit=_LEAST_TRUST, least_tests=_LEAST_TESTS))

    @property
    def settled(self) -> Indices:
        """Rows that can be a test question for whoever has not answered them: as ``peoples_answers`` has it."""
        counts = self.answers.counts(_weights(len(self.people)))
        leading = counts.max(axis=1, initial=0.0)
        return np.flatnonzero((leading >= _CAME_WITH_ROW) & (2.0 * leading > counts.sum(axis=1)))

    def of_people(self) -> Answers:
        """Leave out the labels that rows came with.

        Returns
        -------
        Answers
        """
        return self.answers.kept(self.answers.annotator != len(self.people) - 1)

    def counting(self) -> PeoplesAnswers:
        """Leave out the answers of people who are ejected.

        Returns
        -------
        PeoplesAnswers
        """
        kept = ~np.isin(self.answers.annotator, self.ejected)
        when = tuple(time for time, keep in zip(self.when, kept, strict=True) if keep)
        return replace(self, answers=self.answers.kept(kept), when=when)


def peoples_answers(rows: ProblemRows) -> PeoplesAnswers:
    """Read what every person says of every row.

    A row is a test question for a person where the label that it came with, or at least two others, say what it is. Who answers a row without a label first is not judged by it:
    others are asked where that answer is in dispute, and not where it is right.

    Parameters
    ----------
    rows
        Of the problem, with its history.

    Returns
    -------
    PeoplesAnswers
        Answers to rows that no batch has are left out.

    Raises
    ------
    DataError
        A label is no class of the problem.
    """
    newest = _newest(rows)
    people = (*sorted({who for _, who in newest}), WITH_BATCH)
    places = {name: place for place, name in enumerate(rows.problem.classes)}
    who = {name: place for place, name in enumerate(people)}
    own = _own(rows)
    answers = Answers(
        row=_indices([*(row for row, _ in newest), *own]),
        annotator=_indices([*(who[name] for _, name in newest), *[len(people) - 1] * len(own)]),
        label=_indices([*(places[str(answer.label)] for answer in newest.values()), *own.values()]),
        n_rows=rows.table.height,
        n_annotators=len(people),
        n_classes=len(places),
    )
    truth = truth_by_others(answers, _weights(len(people)), least=_CAME_WITH_ROW)
    when = (*(answer.when for answer in newest.values()), *[""] * len(own))
    truth[_first_alone(answers, when)] = NO_GOLD
    trust = trust_from_tests(answers, truth, prior=_PRIOR_TRUST, strength=_PRIOR_TESTS)
    return PeoplesAnswers(answers, when, people, trust)


def _weights(people: int) -> npt.NDArray[np.float64]:
    weights = np.ones(people)
    weights[-1] = _CAME_WITH_ROW
    return weights


def _first_alone(answers: Answers, when: Sequence[str]) -> Indices:
    """Places of people's answers that are older than all others of their row."""
    table = pl.DataFrame({"row": answers.row, "when": list(when)}, schema={"row": pl.Int64, "when": pl.String})
    oldest = pl.col("when") == pl.col("when").min().over("row")
    table = table.with_columns(oldest.alias("oldest"))
    alone = pl.col("oldest") & (pl.col("oldest").sum().over("row") == 1) & (pl.col("when") != "")
    return np.flatnonzero(table.select(alone).to_series().to_numpy())


def _newest(rows: ProblemRows) -> Mapping[tuple[int, str], Answer]:
    rows.history.applied(rows.table.select("row_id", "gold"), rows.problem.classes)  # names a label that is no class
    return {
        (rows.place[row_id], who): answer
        for (row_id, who), answer in rows.history.by_person.items()
        if row_id in rows.place and answer.label in rows.problem.classes
    }


def _own(rows: ProblemRows) -> dict[int, int]:
    """Labels that rows came with and nobody has withdrawn."""
    lost = {row_id for row_id, answer in rows.history.withdrawn if answer == WITH_BATCH}
    own = rows.table.with_row_index("place").filter((pl.col("own") != NO_GOLD) & ~pl.col("row_id").is_in(lost))
    return dict(zip(own["place"].to_list(), own["own"].to_list(), strict=True))


def _indices(values: list[int]) -> Indices:
    return np.array(values, dtype=np.int64)
