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
    found = rows_named(project, row_id, [asked] if asked else project.problems)
    if not found:
        raise DataError(f"no row's id begins with {row_id!r}: `tidemill lf try` and the votes table name rows")
    look = found[0]
    places = look.voted["row_id"].str.starts_with(row_id).arg_true()
    if len(found) > 1 or len(places) > 1:
        raise DataError(f"{row_id!r} begins the id of more than one row, such as {look.voted['row_id'][places[0]]}")
    return _explained(look, int(places[0]))


def _explained(look: ProblemView, place: int) -> RowExplanation:
    rows = np.array([place])
    votes = look.votes[rows]
    features = look.features[rows] if look.features is not None else None
    probabilities = look.probabilities(votes, rows)[0]
    assert look.model is not None  # noqa: S101 - probabilities() says so otherwise
    moved = row_log_odds(look.model, votes, names=look.names, features=features if look.model.uses_features else None)[
        0
    ]
    gold = int(look.gold[place])
    order = np.argsort([-abs(moved.functions.get(name, 0.0)) for name in look.names], kind="stable")
    return RowExplanation(
        problem=look.name,
        row=look.raw.filter(row_id=look.voted["row_id"][place]).drop("image", strict=False).to_dicts()[0],
        gold=look.classes[gold] if gold != NO_GOLD else None,
        label=look.classes[moved.likeliest],
        probabilities=dict(zip(look.classes, probabilities.tolist(), strict=True)),
        log_odds=moved.log_odds,
        votes=tuple(
            RowVote(
                function=look.names[j],
                vote=vote_name(int(votes[0, j]), look.classes),
                log_odds=moved.functions[look.names[j]],
            )
            for j in order
            if votes[0, j] != ABSTAIN
        ),
        abstaining=tuple(look.names[j] for j in range(len(look.names)) if votes[0, j] == ABSTAIN),
        flips_without=_without(look, votes, place, moved),
        flips_if=_if_said(look, votes, place, moved.likeliest),
    )


def _without(look: ProblemView, votes: Votes, place: int, moved: RowLogOdds) -> Flip | None:
    """The fewest votes, taken from the strongest on, without which the label is another."""
    for_it = sorted((name for name, by in moved.functions.items() if by > 0), key=lambda name: -moved.functions[name])
    left = np.repeat(votes, len(for_it), axis=0)
    for count, name in enumerate(for_it):
        left[count:, look.names.index(name)] = ABSTAIN
    if not len(left):
        return None
    answers = look.probabilities(left, np.full(len(left), place)).argmax(axis=1)
    flips = np.flatnonzero(answers != moved.likeliest)
    if not len(flips):
        return None
    return Flip(functions=tuple(for_it[: int(flips[0]) + 1]), label=look.classes[answers[flips[0]]])


def _if_said(look: ProblemView, votes: Votes, place: int, label: int) -> tuple[OtherVote, ...]:
    """Single votes of functions, abstaining on the row or not, that would give it another label."""
    spoke = look.votes != ABSTAIN
    beside = spoke[spoke[:, spoke[place]].any(axis=1)].any(axis=0)
    tried = [
        (j, int(vote))
        for j in np.flatnonzero(beside if spoke[place].any() else spoke.any(axis=0))
        for vote in np.unique(look.votes[:, j])
        if vote not in (ABSTAIN, label, votes[0, j])
    ]
    if not tried:
        return ()
    changed = np.repeat(votes, len(tried), axis=0)
    for line, (j, vote) in enumerate(tried):
        changed[line, j] = vote
    found = look.probabilities(changed, np.full(len(tried), place))
    return tuple(
        OtherVote(function=look.names[j], vote=vote_name(vote, look.classes), label=look.classes[row.argmax()])
        for (j, vote), row in zip(tried, found, strict=True)
        if row.argmax() != label
    )


def printed(found: RowExplanation) -> list[str]:
    """Write an explanation as lines.

    Parameters
    ----------
    found
        Row, label, votes with their log-odds, and what would flip the label.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns.
    """
    row = found.row
    gold = f"; gold {found.gold}" if found.gold else ""
    chances = ", ".join(f"{name} {percent(chance, 1)}" for name, chance in found.probabilities.items())
    lines = [
        f"{row['row_id']} ({found.problem}, {row['batch']}, {row['split']})",
        f"label {found.label}: {chances}{gold}",
        "",
        *textwrap.wrap(content(row), WIDTH - 2, initial_indent="  ", subsequent_indent="  ", max_lines=_SHOWN),
        "",
    ]
    head = ["function", "says", f"log-odds of {found.label}"]
    cells = [[vote.function, vote.vote, f"{vote.log_odds:+.2f}"] for vote in found.votes]
    lines += columns([head, *cells]) if cells else ["no function votes on it: its label is the prior"]
    lines += ["", *textwrap.wrap(_flip(found), WIDTH, subsequent_indent="  ")]
    return lines


def _flip(found: RowExplanation) -> str:
    without, others = found.flips_without, found.flips_if
    first = (
        f"it would be {without.label} without {', '.join(without.functions)}"
        if without
        else "no votes that could be taken away would flip it"
    )
    some = [f"{other.function} said {other.vote}" for other in others[:_SHOWN]]
    more = f" (or {len(others) - len(some)} more)" if len(others) > len(some) else ""
    return f"{first}; " + (f"or if {', or '.join(some)}{more}" if some else "no single other vote would flip it")
