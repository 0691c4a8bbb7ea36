"""From answers of a language model to probabilities of rows, and what they cost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from tidemill.common.spelling import counted, did_you_mean
from tidemill.contracts import ConfigError, Probabilities
from tidemill.generate.prompt.answers import Answer, probabilities_of
from tidemill.generate.prompt.ask import Asked, ask_all
from tidemill.generate.prompt.budget import Budget, Purse, cost_of
from tidemill.generate.prompt.client import Client
from tidemill.generate.prompt.journal import open_journal, read_answers, write_answers
from tidemill.generate.prompt.messages import ABSTAINS, Request, columns_of, request_of
from tidemill.generate.rows import Indices, Rows
from tidemill.generate.storage import Storage
from tidemill.generate.thresholds import uncertain_on
from tidemill.label.conditions.generated import Prompt
from tidemill.label.settings import EndpointSettings
from tidemill.reports.generate import Spending


@dataclass(frozen=True)
class Prompted:
    """What a language model says.

    Parameters
    ----------
    probabilities : (n_rows, n_classes)
        NaN where it was not asked, abstains, or said nothing that is a class.
    spending
        What it was asked and what that cost.
    notes
        Rows that have no answer, and why.
    asked
        Number of requests that had no answer before.
    left_out
        Of these, those that the budget did not allow.
    rows : (n_some,)
        Indices of the rows that it was asked about, now or before.
    """

    probabilities: Probabilities
    spending: Spending
    notes: list[str]
    asked: int
    left_out: int
    rows: Indices


@dataclass(frozen=True)
class Plan:
    """Requests of a function.

    Parameters
    ----------
    endpoint
        Settings of the server.
    requests
        Of all rows that it is to be asked about.
    known
        Answers that are kept, of these and other requests.
    """

    endpoint: EndpointSettings
    requests: list[Request]
    known: dict[str, Answer]

    @property
    def unanswered(self) -> list[Request]:
        """Requests without an answer; of those with the same key the first."""
        first = {request.key: request for request in reversed(self.requests)}
        return [request for request in first.values() if request.key not in self.known][::-1]


def allowed_endpoint(condition: Prompt, endpoints: Mapping[str, EndpointSettings], name: str) -> EndpointSettings:
    """Look up the endpoint that a function may use.

    Parameters
    ----------
    condition
        The generator.
    endpoints
        Those that the problem's config allows, by name.
    name
        Of the function.

    Returns
    -------
    EndpointSettings

    Raises
    ------
    ConfigError
        The config does not allow it.
    """
    if condition.endpoint not in endpoints:
        hint = did_you_mean(condition.endpoint, list(endpoints))
        raise ConfigError(
            f"{name}: label.endpoints allows no endpoint {condition.endpoint!r}{hint}; rows are sent to those alone that the "
            f"problem's config names: label: {{endpoints: {{{condition.endpoint}: {{url: ...}}}}}}"
        )
    return endpoints[condition.endpoint]


def _check(name: str, condition: Prompt, endpoint: EndpointSettings, classes: Sequence[str], purse: Purse) -> None:
    """A budget that cannot stop anything, and a class that no answer can name, are refused before anything is sent."""
    priced = endpoint.prompt_price is not None and endpoint.completion_price is not None
    if not priced and (condition.budget is not None or purse.limit is not None):
        kind = "budget" if condition.budget is not None else "label.run_budget"
        raise ConfigError(
            f"{name}: {kind} cannot stop it, for endpoint {condition.endpoint} has no prices: set prompt_price and "
            "completion_price of a million tokens, 0 where it is free"
        )
    if ABSTAINS in {item.casefold() for item in classes}:
        raise ConfigError(f"{name}: a class is named {ABSTAINS!r}, which is what a model answers that cannot tell")


def rows_to_ask(condition: Prompt, rows: Rows, examples: Sequence[str]) -> Indices:
    """Choose the rows that are asked; which ones depends on their ids and votes alone.

    Parameters
    ----------
    condition
        The generator.
    rows
        Rows of the problem and votes of its functions.
    examples
        Ids of rows that are shown as examples, which are not asked.

    Returns
    -------
    (n_asked,)
    """
    asked = np.ones(rows.ids.height, dtype=np.bool_)
    if condition.sample == "uncertain":
        asked = uncertain_on(rows.votes, n_classes=rows.n_classes)
    ids = rows.ids["row_id"]
    where = np.flatnonzero(asked & ~ids.is_in(list(examples)).to_numpy())
    if condition.rows is None or len(where) <= condition.rows:
        return where
    order = _hashes(ids.gather(where).to_list())
    return np.sort(where[sorted(range(len(where)), key=order.__getitem__)[: condition.rows]])


def _hashes(ids: Sequence[str]) -> list[bytes]:
    return [hashlib.blake2b(row_id.encode(), digest_size=8).digest() for row_id in ids]


def choose_examples(condition: Prompt, rows: Rows, kept: Sequence[str]) -> list[tuple[str, int]]:
    """Choose gold rows of dev to show: those that were shown before as long as they have the same class.

    Parameters
    ----------
    condition
        The generator.
    rows
        Rows of the problem.
    kept
        Ids of rows that were shown before.

    Returns
    -------
    list of (str, int)
        Ids and classes, classes in turn.
    """
    ids = rows.ids["row_id"].gather(rows.labeled).to_list()
    gold = dict(zip(ids, rows.gold[rows.labeled].tolist(), strict=True))
    hashes = {row_id: hashlib.blake2b(row_id.encode(), digest_size=8).digest() for row_id in ids}
    before = {row_id: place for place, row_id in enumerate(kept)}
    chosen = [
        sorted((i for i in ids if gold[i] == k), key=lambda i: (before.get(i, len(before)), hashes[i]))
        for k in range(rows.n_classes)
    ]
    return [
        (chosen[k][turn], k)
        for turn in range(condition.examples)
        for k in range(rows.n_classes)
        if turn < len(chosen[k])
    ]


def plan(name: str, condition: Prompt, rows: Rows, storage: Storage, examples: Sequence[tuple[str, int]]) -> Plan:
    """Make the requests of a function, and read the answers that are kept; nothing is sent.

    Parameters
    ----------
    name
        Of the function.
    condition
        The generator.
    rows
        Rows of the problem.
    storage
        Where answers are kept.
    examples
        Rows that are shown, and their classes.

    Returns
    -------
    Plan

    Raises
    ------
    ConfigError
        The endpoint is not allowed, a budget cannot stop it for want of prices, a class is named as an abstain, or the template names
        no column of the rows.
    """
    endpoint = allowed_endpoint(condition, storage.endpoints, name)
    _check(name, condition, endpoint, rows.problem.classes, storage.purse)
    columns = [*dict.fromkeys(columns_of(condition.template))]
    if not columns:
        raise ConfigError(
            f"{name}: template names no column of the row, such as {{text}}, so that all rows would be one question"
        )
    places = {row_id: place for place, row_id in enumerate(rows.ids["row_id"].to_list())}
    shown = _rows(rows, np.array([places[row_id] for row_id, _ in examples], dtype=np.intp), columns)
    pairs = [(row, rows.problem.classes[k]) for row, (_, k) in zip(shown, examples, strict=True)]
    where = rows_to_ask(condition, rows, [row_id for row_id, _ in examples])
    how: dict[str, Any] = {"classes": rows.problem.classes, "examples": pairs, "masked": endpoint.masked}
    asked = zip(where.tolist(), _rows(rows, where, columns), strict=True)
    requests = [request_of(condition, place, row, **how) for place, row in asked]
    return Plan(endpoint, requests, read_answers(storage.answer_files()))


def _rows(rows: Rows, where: Indices, columns: Sequence[str]) -> list[dict[str, Any]]:
    if not columns:
        return [{}] * len(where)
    table = rows.read(where)
    images = [name for name in columns if table.schema.get(name) == pl.Binary]
    if images:
        raise ConfigError(f"template: column {images[0]!r} holds images, and prompts are text: name another column")
    return table.select([name for name in columns if name in table.columns]).to_dicts()


def ask_rows(
    name: str,
    condition: Prompt,
    rows: Rows,
    storage: Storage,
    examples: Sequence[tuple[str, int]],
    *,
    most: int | None = None,
) -> Prompted:
    """Ask a language model about the rows that it was not asked about before.

    Parameters
    ----------
    name
        Of the function.
    condition
        The generator.
    rows
        Rows of the problem.
    storage
        Where answers are kept, endpoints that are allowed, and the money of the run.
    examples
        Rows that are shown, and their classes.
    most
        Of the rows that it is to be asked about so many alone, those with gold first; None: all. Answers to such a sample stand in
        the journal alone, which a run reads: outputs are left as they are.

    Returns
    -------
    Prompted

    Raises
    ------
    ConfigError
        The endpoint is not allowed, its key is missing, or the template names no column of the rows.
    RunError
        The server refuses such requests, or does not answer at all.
    """
    whole = plan(name, condition, rows, storage, examples)
    made = whole if most is None else replace(whole, requests=_sample(whole.requests, rows, most))
    new = len(made.unanswered)
    sent = _send(condition, rows, storage, made, whole.requests) if new else Asked()
    answers = [(request.row, made.known.get(request.key)) for request in made.requests]
    if most is None:
        _keep(storage.tracked, {answer.key: answer for _, answer in answers if answer is not None})
    probabilities = np.full((rows.ids.height, rows.n_classes), np.nan)
    quarantined = 0
    for place, answer in answers:
        found = None if answer is None else probabilities_of(answer, rows.problem.classes)
        quarantined += answer is not None and found is None
        if found is not None:
            probabilities[place] = found
    spending = _spending(made, [answer for _, answer in answers], quarantined)
    asked = np.array([request.row for request in made.requests], dtype=np.intp)
    notes = [*_notes(name, sent, quarantined), *_missing(name, condition, [answer for _, answer in answers])]
    return Prompted(probabilities, spending, notes, new, sent.left_out, asked)


def _sample(requests: Sequence[Request], rows: Rows, most: int) -> list[Request]:
    """Requests of rows with gold first, and of these as of the others those whose ids have the lowest hashes."""
    order, labeled = _hashes(rows.ids["row_id"].to_list()), set(rows.labeled.tolist())
    ranked = sorted(requests, key=lambda request: (request.row not in labeled, order[request.row]))
    return sorted(ranked[:most], key=lambda request: request.row)


def _send(condition: Prompt, rows: Rows, storage: Storage, made: Plan, requests: Sequence[Request]) -> Asked:
    """What came of asking; the budget is of all requests of the function."""
    ids = rows.ids["row_id"].to_list()
    own = {request.key for request in requests}
    spent = sum(_cost(made.endpoint, answer) for key, answer in made.known.items() if key in own)
    budget = Budget(made.endpoint, condition, (Purse(condition.budget, spent), storage.purse))
    client = Client(condition.endpoint, made.endpoint, rows.problem.classes, structured=_has_form(condition))
    with open_journal(storage.journal) as journal, client:
        made.known.update(read_answers(storage.answer_files()))  # another process may have asked meanwhile
        done = ask_all(made.unanswered, ids, client, budget, journal)
    made.known.update(done.answers)
    return done


def _has_form(condition: Prompt) -> bool:
    """Log probabilities are those of a class's first token, which JSON would not begin with."""
    return condition.structured and not condition.logprobs


def _cost(endpoint: EndpointSettings, answer: Answer) -> float:
    return cost_of(endpoint, answer.prompt_tokens, answer.completion_tokens)


def _keep(tracked: Path, used: Mapping[str, Answer]) -> None:
    """Of all problems' answers those that a function uses are tracked, and what was tracked stays: it was paid for."""
    before = read_answers([tracked])
    if not before.keys() >= used.keys():
        write_answers(tracked, {**used, **before})


def _spending(made: Plan, answers: Sequence[Answer | None], quarantined: int) -> Spending:
    once = {answer.key: answer for answer in answers if answer is not None}.values()
    priced = made.endpoint.prompt_price is not None or made.endpoint.completion_price is not None
    return Spending(
        answers=len(once),
        prompt_tokens=sum(answer.prompt_tokens for answer in once),
        completion_tokens=sum(answer.completion_tokens for answer in once),
        money=round(sum(_cost(made.endpoint, answer) for answer in once), 6) if priced else None,
        quarantined=quarantined,
        unanswered=sum(answer is None for answer in answers),
    )


def _notes(name: str, sent: Asked, quarantined: int) -> list[str]:
    notes = []
    if sent.left_out:
        notes.append(
            f"{name}: the budget is spent, and {counted(sent.left_out, 'row was', 'rows were')} not asked; raise it and run again"
        )
    notes += [
        f"{name}: the server did not answer about {counted(count, 'row')} ({why}); the next run asks them again"
        for why, count in sorted(sent.failed.items())
    ]
    if quarantined:
        notes.append(
            f"{name}: {counted(quarantined, 'answer is no class and was', 'answers are no class and were')} quarantined"
        )
    return notes


def _missing(name: str, condition: Prompt, answers: Sequence[Answer | None]) -> list[str]:
    """What was asked for beside a text and did not come: such answers are votes as they are, and look like sure ones."""
    came = [answer for answer in answers if answer is not None]
    fewer = sum(len(answer.texts) < condition.samples for answer in came)
    plain = sum(not answer.tops for answer in came) if condition.logprobs else 0
    notes = []
    if fewer:
        notes.append(
            f"{name}: {fewer} of {len(came)} answers have fewer than {condition.samples} samples, which the server may not know: "
            "a single one counts as sure"
        )
    if plain:
        notes.append(f"{name}: {plain} of {len(came)} answers have no log probabilities: each counts as sure")
    return notes


def is_soft(condition: Prompt) -> bool:
    """Tell whether answers are more than a class each.

    Parameters
    ----------
    condition
        The generator.

    Returns
    -------
    bool
    """
    return condition.samples > 1 or condition.logprobs


def folds_of(gold: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Deal gold rows to five folds in turn.

    Parameters
    ----------
    gold : (n_gold,)

    Returns
    -------
    (n_gold,)
    """
    return np.arange(len(gold)) % 5
