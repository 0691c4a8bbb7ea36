"""Asks the rows that have no answer yet, several at once; each answer is on the disk before the next request of its thread."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tidemill.common.progress import progress
from tidemill.contracts import RunError
from tidemill.generate.prompt.answers import Answer
from tidemill.generate.prompt.budget import Budget
from tidemill.generate.prompt.client import Client
from tidemill.generate.prompt.journal import Journal
from tidemill.generate.prompt.messages import Request


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
        Requests that got no answer, after all tries.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    left_out: int = 0
    failed: int = 0


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
        The server refuses such requests; what was answered before is kept.
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
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, request: Request) -> None:
        """Ask one request, if the budget allows it and the server has refused none."""
        if self.refused:
            return
        if not self.budget.hold(request):
            with self.lock:
                self.asked.left_out += 1
            return
        answer = None
        try:
            answer = self.client.ask(request, self.row_ids[request.row])
        except RunError as error:
            self.refused.append(error)
        with self.lock:
            self._keep(answer)
        self.budget.settle(request, answer)

    def _keep(self, answer: Answer | None) -> None:
        if answer is not None:
            self.journal.append(answer)
            self.asked.answers[answer.key] = answer
        elif not self.refused:
            self.asked.failed += 1
            if not self.asked.answers and self.asked.failed >= self.client.endpoint.requests_at_once:
                where = f"endpoint {self.client.name}: {self.client.endpoint.url}"
                self.refused.append(RunError(f"{where} does not answer: check that it runs, and that url is right"))
