"""Asks the rows that have no answer yet, several at once; each answer is on the disk before the next request of its thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from tidemill.common.progress import progress
from tidemill.contracts import RunError
from tidemill.generate.prompt.answers import Answer
from tidemill.generate.prompt.budget import Budget
from tidemill.generate.prompt.client import Client, NoAnswer
from tidemill.generate.prompt.journal import Journal
from tidemill.generate.prompt.messages import Request

_IN_A_ROW: Final = 20
"""Requests without an answer after the last one that had one, by which the server has gone: the others are not waited for."""


@dataclass
class Asked:
    """What came of asking.

    Parameters
    ----------
    answers
        By key.
    left_out
        Requests that the budget did not allow.
    failed
        Requests that got no answer, after all tries, by the reason.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    left_out: int = 0
    failed: Counter[str] = field(default_factory=Counter)


def ask_all(
    requests: Sequence[Request], row_ids: Sequence[str], client: Client, budget: Budget, journal: Journal
) -> Asked:
    """Ask requests that have no answer.

    Parameters
    ----------
    requests
        Requests; of those with the same key one is sent.
    row_ids
        Of all rows, by index.
    client
        The server.
    budget
        What may be spent.
    journal
        Where answers are kept as they arrive.

    Returns
    -------
    Asked

    Raises
    ------
    RunError
        The server refuses such requests, or answers no more; what was answered before is kept.
    """
    todo = list({request.key: request for request in requests}.values())
    asking = _Asking(row_ids, client, budget, journal)
    with ThreadPoolExecutor(client.endpoint.requests_at_once) as pool:
        try:
            for _ in progress(pool.map(asking.ask, todo), total=len(todo), name=f"prompt {client.name}", unit="rows"):
                pass
        except BaseException:  # a person's Ctrl-C: what is under way is waited for and kept, nothing more is sent
            asking.refused.append(RunError("stopped"))
            raise
    if asking.refused:
        raise asking.refused[0]
    return asking.asked


@dataclass
class _Asking:
    """What the threads share."""

    row_ids: Sequence[str]
    client: Client
    budget: Budget
    journal: Journal
    asked: Asked = field(default_factory=Asked)
    refused: list[RunError] = field(default_factory=list)
    in_a_row: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: Request) -> None:
        """Ask one request, if the budget allows it and the server has refused none."""
        if self.refused:
            return
        if not self.budget.hold(request):
            with self.lock:
                self.asked.left_out += 1
            return
        held, answer = [True], None

        def lost() -> bool:
            held.append(self.budget.lose(request))
            return held[-1]

        try:
            answer = self.client.ask(request, self.row_ids[request.row], lost)
        except RunError as error:
            self.refused.append(error)
        with self.lock:
            if isinstance(answer, NoAnswer):
                self._fail(answer)
            elif answer is not None:
                self.journal.append(answer)
                self.asked.answers[answer.key] = answer
                self.in_a_row = 0
        if held[-1]:
            self.budget.settle(request, answer if isinstance(answer, Answer) else None)

    def _fail(self, reason: NoAnswer) -> None:
        """A server that answers nothing, or has gone, is not asked about all other rows, each as often as may be."""
        self.asked.failed[reason.why] += 1
        self.in_a_row += not reason.of_row
        none = not self.asked.answers and self.asked.failed.total() >= self.client.endpoint.requests_at_once
        if none or self.in_a_row >= max(_IN_A_ROW, self.client.endpoint.requests_at_once):
            where = f"endpoint {self.client.name}: {self.client.endpoint.url}"
            more = (
                ""
                if none
                else f" any more ({len(self.asked.answers):,} answers are kept, the next run asks the others)"
            )
            self.refused.append(RunError(f"{where} does not answer{more}: {reason.why}; {reason.remedy}"))
