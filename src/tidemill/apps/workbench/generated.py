"""Generated voters: what each covers, is worth, cost and repeats, in words; and what prompts would cost before they are asked."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.apps.workbench.formatting import WIDTH
from tidemill.apps.workbench.problem_view import ProblemView
from tidemill.contracts import ABSTAIN, DataError, Votes
from tidemill.generate.fitted import read_voter
from tidemill.generate.prompt.budget import Budget, cost_of
from tidemill.generate.prompt.voter import Plan, ask_rows, choose_examples, plan
from tidemill.generate.rows import Indices, Rows
from tidemill.generate.storage import Storage
from tidemill.generate.thresholds import cast
from tidemill.label.conditions.generated import Prompt
from tidemill.label.engine.vote_reuse import Batch
from tidemill.label.functions.declared import DeclaredLabelingFunction
from tidemill.project.generated_votes import rows_of, storage_of
from tidemill.reports.generate import GeneratedVoter
from tidemill.reports.workbench import PromptCost, PromptCosts

PROMPTS: Final = 20
"""Rows that `lf try` asks a language model about, unless it is told otherwise."""


def generated_lines(voters: Sequence[GeneratedVoter], seconds: Mapping[str, float]) -> list[str]:
    """Write what generators are worth and cost.

    Parameters
    ----------
    voters
        As the label stage reports them.
    seconds
        That they took, by name.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns; none without a generator.
    """
    lines = [""] if voters else []
    for voter in voters:
        lines += textwrap.wrap(voter.sentence(seconds.get(voter.function)), WIDTH, subsequent_indent="  ")
    return lines


def generator_rows(view: ProblemView) -> Rows:
    """Collect what generators may read of a problem, whether or not a label stage has run on its rows and functions.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    Rows
        With the votes of the functions that generate nothing, as a label stage would give them now: those that are not in the votes
        table, and those edited since, are cast.

    Raises
    ------
    DataError
        A batch has no rows or features yet.
    """
    unread = [batch for batch in view.batches if not (view.paths.features / f"{batch}.parquet").exists()]
    if unread:
        raise DataError(
            f"batch {unread[0]} has arrived and has not been read yet: run `dvc repro embed@{view.name}`, which asks no language model"
        )
    view = view.of_rows_there_are()
    batches = [
        Batch(
            name,
            key="",
            read=partial(_table_of, view, name),
            ids=partial(_ids_of, view, name),
        )
        for name in view.batches
    ]
    dev = view.raw.select("row_id").with_columns(gold=view.gold)
    rows = rows_of(view.problem, view.paths, batches, dev, threads=1)
    return rows.with_votes(*_votes_of_functions(view))


def _votes_of_functions(view: ProblemView) -> tuple[Votes, tuple[str, ...]]:
    generated = {function.name for function in view.loaded.generated()}
    others = [function for function in view.functions if function.name not in generated]
    edited = view.edited() if view.has_votes else []
    table = {name: j for j, name in enumerate(view.names)} if view.has_votes else {}
    missing = [function for function in others if function.name not in table or function.name in edited]
    cast = view.votes_of(missing, np.arange(view.raw.height))[0] if missing else None
    votes = np.full((view.raw.height, len(others)), ABSTAIN, dtype=np.int16)
    for j, function in enumerate(others):
        if cast is not None and function in missing:
            votes[:, j] = cast[:, missing.index(function)]
        else:
            votes[:, j] = view.votes[:, table[function.name]]
    return votes, tuple(function.name for function in others)


def _table_of(view: ProblemView, batch: str) -> pl.DataFrame:
    return view.table((view.raw["batch"] == batch).arg_true().to_numpy())


def _ids_of(view: ProblemView, batch: str) -> pl.DataFrame:
    return view.raw.filter(batch=batch).select("row_id", "batch", "split")


def prompt_costs(view: ProblemView) -> PromptCosts:
    """Tell how many rows, tokens and money the prompts of a problem will take; nothing is sent.

    Parameters
    ----------
    view
        View of the problem.

    Returns
    -------
    PromptCosts

    Raises
    ------
    ConfigError
        An endpoint is not allowed, or a template names no column.
    """
    rows, storage = generator_rows(view), storage_of(view.paths, view.settings)
    costs = []
    for function in view.functions:
        if isinstance(function, DeclaredLabelingFunction) and isinstance(function.condition, Prompt):
            examples = _examples(function.condition, rows, storage)
            made = plan(function.name, function.condition, rows, storage, examples)
            costs.append(_cost(function.name, function.condition, made))
    return PromptCosts(problem=view.name, run_budget=view.settings.run_budget, functions=tuple(costs))


def _examples(condition: Prompt, rows: Rows, storage: Storage) -> list[tuple[str, int]]:
    """Those that the label stage shows, so that its requests are the same."""
    before = read_voter(storage.folder / condition.column.split()[-1], None)
    return choose_examples(condition, rows, () if before is None else before.examples)


@dataclass(frozen=True)
class PromptedSample:
    """What a language model says of a few rows.

    Parameters
    ----------
    rows : (n_asked,)
        Indices of the rows.
    votes : (n_asked,)
        ``ABSTAIN`` where it cannot tell, is not sure enough, or gave no answer that is a class.
    asked
        Requests that were sent; answers to the others were there.
    notes
        Rows that have no answer, and why.
    """

    rows: Indices
    votes: npt.NDArray[np.int16]
    asked: int
    notes: list[str]


def ask_sample(view: ProblemView, name: str, condition: Prompt, *, most: int) -> PromptedSample:
    """Ask a language model about a few of the rows that a run would ask about, within the function's budget.

    Parameters
    ----------
    view
        View of the problem.
    name
        Of the function.
    condition
        The function's.
    most
        Rows; those with gold of dev come first.

    Returns
    -------
    PromptedSample

    Raises
    ------
    ConfigError
        The endpoint is not allowed, its key is missing, or the template names no column of the rows.
    RunError
        The server refuses such requests, or does not answer at all.
    """
    rows, storage = generator_rows(view), storage_of(view.paths, view.settings)
    said = ask_rows(name, condition, rows, storage, _examples(condition, rows, storage), most=most)
    # thresholds for a precision take gold of all dev rows; of a sample the stated one counts
    thresholds = np.full(rows.n_classes, condition.at_least)
    votes = cast(said.probabilities[said.rows], thresholds)
    return PromptedSample(said.rows, votes, said.asked - said.left_out, said.notes)


def _cost(name: str, condition: Prompt, made: Plan) -> PromptCost:
    todo, endpoint = made.unanswered, made.endpoint
    known = {request.key: made.known[request.key] for request in made.requests if request.key in made.known}
    tokens = sum(request.prompt_tokens for request in todo)
    answers = len(todo) * condition.max_tokens * condition.samples
    priced = endpoint.prompt_price is not None or endpoint.completion_price is not None
    budget = Budget(endpoint, condition, ())
    spent = sum(cost_of(endpoint, answer.prompt_tokens, answer.completion_tokens) for answer in known.values())
    return PromptCost(
        function=name,
        endpoint=condition.endpoint,
        model=condition.model,
        rows=len(made.requests),
        answered=sum(request.key in known for request in made.requests),
        requests=len(todo),
        prompt_tokens=tokens,
        completion_tokens=answers,
        money=round(cost_of(endpoint, tokens, answers), 4) if priced else None,
        most=round(sum(map(budget.most, todo)), 4) if priced else None,
        spent=round(spent, 4) if priced else None,
        budget=condition.budget,
    )


def printed_costs(costs: PromptCosts) -> list[str]:
    """Write costs as lines.

    Parameters
    ----------
    costs
        Of a problem's prompts.

    Returns
    -------
    list of str
        Lines of a terminal of 100 columns.
    """
    if not costs.functions:
        return [f"{costs.problem}: no function of kind prompt"]
    lines = [f"{costs.problem}: nothing is sent by this command"]
    for cost in costs.functions:
        money = "no prices are known"
        if cost.money is not None:
            money = f"about {cost.money:.2f}, at most {cost.most:.2f}; spent so far {cost.spent:.2f}"
        limit = f"; budget {cost.budget:.2f}" if cost.budget is not None else ""
        text = (
            f"{cost.function}: {cost.model} at {cost.endpoint}, {cost.rows:,} rows, {cost.answered:,} of them answered; "
            f"{cost.requests:,} requests, about {cost.prompt_tokens:,} tokens and at most {cost.completion_tokens:,} of "
            f"answers: {money}{limit}"
        )
        lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
    return lines
