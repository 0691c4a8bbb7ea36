"""Every vote on a row, how far each moved its label, and what would flip it."""

from __future__ import annotations

import textwrap
from typing import Final

import numpy as np

from tidemill.apps.workbench.formatting import WIDTH, columns, content, percent, vote_name
from tidemill.apps.workbench.problem_view import ProblemView, rows_named
from tidemill.contracts import ABSTAIN, NO_GOLD, DataError, Votes
from tidemill.denoise.report.explain import RowLogOdds, row_log_odds
from tidemill.project.project import Project
from tidemill.reports.workbench import Flip, OtherVote, RowExplanation, RowVote

_SHOWN: Final = 6
"""Lines of the row's text, and functions that would flip it."""


def explain_row(project: Project, row_id: str, asked: str | None) -> RowExplanation:
    """Explain a row's label.

    Parameters
    ----------
    project
        The project.
    row_id
        A row_id or its beginning.
    asked
        Problem to look in; None: all.

    Returns
    -------
    RowExplanation
        Votes on the row, how far each moved the label, and what would flip it.

    Raises
    ------
    DataError
        No row, or more than one, has such an id.
    """
    result = rows_named(project, row_id, [asked] if asked else project.problems)
    if not result:
        raise DataError(f"no row's id begins with {row_id!r}: `tidemill lf try` and the votes table name rows")
    look = result[0]
    places = look.voted["row_id"].str.starts_with(row_id).arg_true()
    if len(result) > 1 or len(places) > 1:
        raise DataError(f"{row_id!r} begins the id of more than one row, such as {look.voted['row_id'][places[0]]}")
    return explain_place(look, int(places[0]))


def explain_place(view: ProblemView, place: int) -> RowExplanation:
    """Explain the label of one row of the votes table.

    Parameters
    ----------
    view
        View of the problem.
    place
        Index of the row.

    Returns
    -------
    RowExplanation
        Votes on the row, how far each moved the label, and what would flip it.

    Raises
    ------
    DataError
        There is no label model of these functions.
    """
    rows = np.array([place])
    votes = view.votes[rows]
    features = view.features[rows] if view.features is not None else None
    probabilities = view.probabilities(votes, rows)[0]
    assert view.model is not None  # noqa: S101 - probabilities() says so otherwise
    moved = row_log_odds(view.model, votes, names=view.names, features=features if view.model.uses_features else None)[
        0
    ]
    gold = int(view.gold[place])
    order = np.argsort([-abs(moved.functions.get(name, 0.0)) for name in view.names], kind="stable")
    return RowExplanation(
        problem=view.name,
        row=view.raw.filter(row_id=view.voted["row_id"][place]).drop("image", strict=False).to_dicts()[0],
        gold=view.classes[gold] if gold != NO_GOLD else None,
        label=view.classes[moved.likeliest],
        probabilities=dict(zip(view.classes, probabilities.tolist(), strict=True)),
        log_odds=moved.log_odds,
        votes=tuple(
            RowVote(
                function=view.names[j],
                vote=vote_name(int(votes[0, j]), view.classes),
                log_odds=moved.functions[view.names[j]],
            )
            for j in order
            if votes[0, j] != ABSTAIN
        ),
        abstaining=tuple(view.names[j] for j in range(len(view.names)) if votes[0, j] == ABSTAIN),
        flips_without=_without(view, votes, place, moved),
        flips_if=_if_said(view, votes, place, moved.likeliest),
    )


def _without(view: ProblemView, votes: Votes, place: int, moved: RowLogOdds) -> Flip | None:
    """The fewest votes, taken from the strongest on, without which the label is another."""
    for_it = sorted((name for name, by in moved.functions.items() if by > 0), key=lambda name: -moved.functions[name])
    left = np.repeat(votes, len(for_it), axis=0)
    for count, name in enumerate(for_it):
        left[count:, view.names.index(name)] = ABSTAIN
    if not len(left):
        return None
    answers = view.probabilities(left, np.full(len(left), place)).argmax(axis=1)
    flips = np.flatnonzero(answers != moved.likeliest)
    if not len(flips):
        return None
    return Flip(functions=tuple(for_it[: int(flips[0]) + 1]), label=view.classes[answers[flips[0]]])


def _if_said(view: ProblemView, votes: Votes, place: int, label: int) -> tuple[OtherVote, ...]:
    """Single votes of functions, abstaining on the row or not, that would give it another label."""
    covered = view.votes != ABSTAIN
    beside = covered[covered[:, covered[place]].any(axis=1)].any(axis=0)
    tried = [
        (j, int(vote))
        for j in np.flatnonzero(beside if covered[place].any() else covered.any(axis=0))
        for vote in np.unique(view.votes[:, j])
        if vote not in (ABSTAIN, label, votes[0, j])
    ]
    if not tried:
        return ()
    changed = np.repeat(votes, len(tried), axis=0)
    for line, (j, vote) in enumerate(tried):
        changed[line, j] = vote
    result = view.probabilities(changed, np.full(len(tried), place))
    return tuple(
        OtherVote(function=view.names[j], vote=vote_name(vote, view.classes), label=view.classes[row.argmax()])
        for (j, vote), row in zip(tried, result, strict=True)
        if row.argmax() != label
    )


def printed(result: RowExplanation) -> list[str]:
    """Write an explanation as lines.

    Parameters
    ----------
    result
        Row, label, votes with their log-odds, and what would flip the label.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns.
    """
    row = result.row
    gold = f"; gold {result.gold}" if result.gold else ""
    chances = ", ".join(f"{name} {percent(chance, 1)}" for name, chance in result.probabilities.items())
    lines = [
        f"{row['row_id']} ({result.problem}, {row['batch']}, {row['split']})",
        f"label {result.label}: {chances}{gold}",
        "",
        *textwrap.wrap(content(row), WIDTH - 2, initial_indent="  ", subsequent_indent="  ", max_lines=_SHOWN),
        "",
    ]
    head = ["function", "says", f"log-odds of {result.label}"]
    cells = [[vote.function, vote.vote, f"{vote.log_odds:+.2f}"] for vote in result.votes]
    lines += columns([head, *cells]) if cells else ["no function votes on it: its label is the prior"]
    lines += ["", *textwrap.wrap(_flip(result), WIDTH, subsequent_indent="  ")]
    return lines


def _flip(result: RowExplanation) -> str:
    without, others = result.flips_without, result.flips_if
    first = (
        f"it would be {without.label} without {', '.join(without.functions)}"
        if without
        else "no votes that could be taken away would flip it"
    )
    some = [f"{other.function} voted {other.vote}" for other in others[:_SHOWN]]
    more = f" (or {len(others) - len(some)} more)" if len(others) > len(some) else ""
    return f"{first}; " + (f"or if {', or '.join(some)}{more}" if some else "no single other vote would flip it")
