"""One labeling function on a sample of rows: how it does, and rows where it fires, is outvoted or nearly fires."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tidemill.apps.workbench.formatting import percent, row_line, vote_name
from tidemill.apps.workbench.generated import PROMPTS, ask_sample
from tidemill.apps.workbench.problem_view import SEED, ProblemView
from tidemill.common.spelling import counted
from tidemill.contracts import ABSTAIN, NO_GOLD, Votes
from tidemill.label.analysis.disagreements import disagreements, plurality
from tidemill.label.analysis.summary import is_right
from tidemill.label.conditions.generated import Prompt
from tidemill.label.conditions.labeled_examples import unit
from tidemill.label.conditions.match_span import match_span
from tidemill.label.conditions.near_misses import weakened
from tidemill.label.conditions.registry import AnyOf
from tidemill.label.engine.failures import Failure
from tidemill.label.engine.load import LoadedFunction
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.reports.workbench import Row, Trial

Indices = npt.NDArray[np.intp]
_FIRED: Final = 500
"""Rows that a function fires on, to which others are compared."""


def evaluate_function(view: ProblemView, name: str, *, size: int | None = None, shown: int = 5) -> Trial:
    """Try a labeling function.

    Parameters
    ----------
    view
        View of the problem.
    name
        Of the function.
    size
        Rows of the sample; None: 5,000 texts or 400 images, and of a prompt ``PROMPTS`` rows, for each that was never asked
        about is sent to its endpoint, and may cost.
    shown
        Rows shown of each kind.

    Returns
    -------
    Trial
        Figures on the sample, and example rows.
    """
    function, prompted = view.function(name), None
    if isinstance(function, DeclaredLabelingFunction) and isinstance(function.condition, Prompt):
        view = view.of_rows_there_are()
        prompted = ask_sample(view, name, function.condition, most=size or PROMPTS)
        rows, votes, failures = prompted.rows, prompted.votes, list[Failure]()
    else:
        rows = view.sample(size)
        by_function, failures = view.votes_of([function], rows)
        votes = by_function[:, 0]
    answer, source = answers(view, name, votes, rows)
    lost = disagreements(votes[:, None], answer)[:, 0] & (answer != ABSTAIN)
    gold = view.gold[rows]
    covered = (votes != ABSTAIN) & (gold != NO_GOLD)
    near = _near(view, function, votes, rows, answer)
    fires_on = spread(np.flatnonzero((votes != ABSTAIN) & ~lost), gold, shown)
    outvoted_on = spread(np.flatnonzero(lost), gold, shown)
    return Trial(
        problem=view.name,
        function=name,
        where=function.where.removeprefix(f"{view.project.root}/"),
        rows=len(rows),
        dev_rows=int((gold != NO_GOLD).sum()),
        votes=_counted(view, votes),
        coverage=float((votes != ABSTAIN).mean()),
        dev_correct=int((is_right(votes[:, None], gold)[:, 0] & covered).sum()),
        dev_votes=int(covered.sum()),
        answer=source,
        outvoted=int(lost.sum()),
        near_misses=len(near),
        failures=tuple(str(failure) for failure in failures[:shown]),
        failed=len(failures),
        fires_on=worth_reading(view, function, rows, fires_on, votes, answer),
        outvoted_on=worth_reading(view, function, rows, outvoted_on, votes, answer),
        nearly_on=worth_reading(view, function, rows, near[:shown], votes, answer),
        asked=None if prompted is None else prompted.asked,
        notes=() if prompted is None else tuple(prompted.notes),
    )


def _counted(view: ProblemView, votes: Votes) -> dict[str, int]:
    predicted, counts = np.unique(votes[votes != ABSTAIN], return_counts=True)
    return {vote_name(int(vote), view.classes): int(count) for vote, count in zip(predicted, counts, strict=True)}


def answers(view: ProblemView, name: str, votes: Votes, rows: Indices) -> tuple[npt.NDArray[np.int16], str]:
    """Find the class of each row, by gold, the label model or the other functions.

    Parameters
    ----------
    view
        View of the problem.
    name
        Of the function.
    votes : (n_rows,)
        Its votes.
    rows : (n_rows,)
        Indices of rows.

    Returns
    -------
    classes : (n_rows,)
        ``ABSTAIN`` where there is none.
    source : str
        What the classes are by.
    """
    others = view.votes[rows].copy() if view.has_votes else np.empty((len(rows), 0), dtype=np.int16)
    names = view.names if view.has_votes else []
    if name in names:
        others[:, names.index(name)] = votes
        if view.model is not None:
            result = view.probabilities(others, rows).argmax(axis=1).astype(np.int16)
            return np.where((others == ABSTAIN).all(axis=1), np.int16(ABSTAIN), result), "label model"
    else:
        others = np.column_stack([others, votes])
    return plurality(others, n_classes=len(view.classes)), "majority of the functions"


def _near(
    view: ProblemView, function: LoadedFunction, votes: Votes, rows: Indices, answer: npt.NDArray[np.int16]
) -> Indices:
    """Rows on which it is silent and nearly fires: by a weaker condition, or by likeness to rows on which it fires."""
    weak = weaker(function)
    if weak is not None:
        return nearly(view, votes, rows, answer, view.votes_of([weak], rows)[0][:, 0])
    return nearly(view, votes, rows, answer, None if isinstance(function, DeclaredLabelingFunction) else votes)


def weaker(function: LoadedFunction) -> DeclaredLabelingFunction | None:
    """Make a function that votes wherever any weakening of the condition holds.

    Parameters
    ----------
    function
        The labeling function to weaken.

    Returns
    -------
    DeclaredLabelingFunction or None
        None for a function in Python, or where no part of the condition can be weakened.
    """
    if not isinstance(function, DeclaredLabelingFunction):
        return None
    parts = tuple(weakened(function.condition))
    whole = AnyOf.model_construct(kind="any", of=parts)
    return DeclaredLabelingFunction(function.name, whole, 0, function.where) if parts else None


def nearly(
    view: ProblemView, votes: Votes, rows: Indices, answer: npt.NDArray[np.int16], weak: Votes | None
) -> Indices:
    """List near misses; those on which the other functions vote for the same class come first.

    Parameters
    ----------
    view
        View of the problem.
    votes : (n_rows,)
        Of the function.
    rows : (n_rows,)
        Indices of rows.
    answer : (n_rows,)
        Class of each row.
    weak : (n_rows,) or None
        Votes of the weaker function, where there is one.

    Returns
    -------
    (n_found,)
        Places among ``rows``.
    """
    silent = votes == ABSTAIN
    if weak is None:
        return np.empty(0, dtype=np.intp)
    result = (
        _alike(view, np.flatnonzero(~silent), np.flatnonzero(silent), rows)
        if weak is votes
        else np.flatnonzero((weak != ABSTAIN) & silent)
    )
    common = np.bincount(votes[votes >= 0]).argmax() if (votes >= 0).any() else ABSTAIN
    return result[np.argsort(answer[result] != common, kind="stable")]


def _alike(view: ProblemView, fired: Indices, silent: Indices, rows: Indices) -> Indices:
    """The twentieth of the rows without its vote that is most like a row it fired on."""
    if view.features is None or not len(fired) or not len(silent):
        return np.empty(0, dtype=np.intp)
    chosen = np.random.default_rng(SEED).permutation(fired)[:_FIRED]
    alike = (unit(view.features[rows[silent]]) @ unit(view.features[rows[chosen]]).T).max(axis=1)
    return silent[np.argsort(-alike, kind="stable")[: max(1, len(silent) // 20)]]


def spread(result: Indices, gold: npt.NDArray[np.int16], shown: int) -> Indices:
    """Choose a few of the rows, those with gold first, else drawn once and for all.

    Parameters
    ----------
    result : (n_found,)
        Places of rows.
    gold : (n_rows,)
    shown
        How many rows to choose.

    Returns
    -------
    (n_chosen,)
    """
    mixed = np.random.default_rng(SEED).permutation(result)
    return mixed[np.argsort(gold[mixed] == NO_GOLD, kind="stable")][:shown]


def worth_reading(
    view: ProblemView,
    function: LoadedFunction | None,
    rows: Indices,
    places: Indices,
    votes: Votes,
    answer: npt.NDArray[np.int16],
) -> tuple[Row, ...]:
    """Collect what is shown of example rows.

    Parameters
    ----------
    view
        View of the problem.
    function
        Labeling function whose match in the text is marked; None: no match is marked.
    rows : (n_rows,)
        Indices of rows.
    places : (n_some,)
        Places among them.
    votes : (n_rows,)
        A class index, ``ABSTAIN`` (-1) or ``not_class(k)``.
    answer : (n_rows,)
        Class of each row.

    Returns
    -------
    tuple of Row
        Columns without images, with the function's vote, the others' class and gold.
    """
    kept = view.raw[rows[places]].drop("image", strict=False)
    return tuple(
        row
        | {
            "vote": vote_name(int(votes[place]), view.classes),
            "answer": vote_name(int(answer[place]), view.classes),
            "gold": view.classes[gold] if (gold := int(view.gold[rows[place]])) != NO_GOLD else None,
        }
        | ({"matched": span} if (span := _matched(function, row)) else {})
        for row, place in zip(kept.to_dicts(), places, strict=True)
    )


def _matched(function: LoadedFunction | None, row: dict[str, Any]) -> tuple[int, int] | None:
    if not isinstance(function, DeclaredLabelingFunction) or not isinstance(row.get("text"), str):
        return None
    return match_span(function.condition, row["text"])


def printed(result: Trial) -> list[str]:
    """Write the trial as lines.

    Parameters
    ----------
    result
        Votes, failures and example rows of the function.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns.
    """
    votes = ", ".join(f"{name} {count:,}" for name, count in result.votes.items()) or "nothing"
    right = f"; right on {result.dev_correct} of {result.dev_votes} dev rows" if result.dev_votes else ""
    lines = [
        f"{result.function} ({result.where})",
        f"on {result.rows:,} rows of {result.problem} it says {votes}: {percent(result.coverage, 1)}{right}",
    ]
    if result.asked is not None:
        lines += [
            f"of these rows {result.asked:,} were sent to its endpoint now; answers are kept, and a run does not ask again"
        ]
    lines += result.notes
    if result.failed:
        lines += [
            f"FAILED on {counted(result.failed, 'row')}, such as",
            *[f"  {failure}" for failure in result.failures],
        ]
    for title, rows in (
        ("fires on", result.fires_on),
        (f"outvoted on {counted(result.outvoted, 'row')}, by the {result.answer}", result.outvoted_on),
        (f"nearly fires on {counted(result.near_misses, 'row')}", result.nearly_on),
    ):
        lines += ["", f"{title}:" if rows else title]
        lines += [row_line(row, gold=f"{_row_text(row)}") for row in rows]
    return lines


def _row_text(row: Row) -> str:
    """Gold where known, else the class by the others, in brackets."""
    return str(row["gold"]) if row["gold"] is not None else f"({row['answer'] or '-'})"
