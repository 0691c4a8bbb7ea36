"""How far people agree, and how far each is trusted."""

from __future__ import annotations

import math

import numpy as np

from tidemill.apps.gold.rows import problem_rows
from tidemill.apps.review.answers import peoples_answers
from tidemill.contracts import DataError
from tidemill.project.project import Project
from tidemill.reports.base import Estimate
from tidemill.reports.review import AnnotatorTable, AnnotatorTrust, RowAgreement
from tidemill.review.agreement import krippendorff_alpha


def row_agreement(project: Project, name: str, *, draws: int, seed: int) -> RowAgreement:
    """Compute Krippendorff's alpha of all valid answers of different people.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.
    draws, seed
        Resamples of rows for the interval, and their seed.

    Returns
    -------
    RowAgreement
        Labels that rows came with are left out, for nobody knows whose they are.

    Raises
    ------
    DataError
        No row was answered by two people.
    """
    answers = peoples_answers(problem_rows(project, name)).of_people()
    found = krippendorff_alpha(answers, draws=draws, seed=seed)
    if not found.rows:
        raise DataError(
            f"no row of {name} was answered by two people: let two label the same rows, each `tidemill gold add {name} FILE --who ID`"
        )
    alpha = Estimate(score=_known(found.alpha), low=_known(found.low), high=_known(found.high))
    people = len(np.unique(answers.annotator))
    return RowAgreement(problem=name, people=people, answers=len(answers.row), rows=found.rows, alpha=alpha)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def annotator_table(project: Project, name: str) -> AnnotatorTable:
    """List the people who answered, most trusted first.

    Parameters
    ----------
    project
        The project.
    name
        Name of the problem.

    Returns
    -------
    AnnotatorTable

    Raises
    ------
    DataError
        Nobody has answered.
    """
    found = peoples_answers(problem_rows(project, name))
    if not len(found.answers.row):
        raise DataError(f"nobody has labeled a row of {name}: `tidemill gold sample {name}` picks rows")
    counts = np.bincount(found.answers.annotator, minlength=len(found.people))
    lines = [
        AnnotatorTrust(
            who=who,
            answers=int(counts[place]),
            right=int(found.trust.right[place]),
            tests=int(found.trust.asked[place]),
            trust=float(found.trust.trust[place]),
            ejected=place in found.ejected,
        )
        for place, who in enumerate(found.people)
        if counts[place]
    ]
    return AnnotatorTable(problem=name, annotators=tuple(sorted(lines, key=lambda line: (-line.trust, line.who))))
