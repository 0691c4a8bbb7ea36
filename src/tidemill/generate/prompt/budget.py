"""What requests may cost: the most that one can cost is set aside before it is sent, and what it did cost is counted after it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tidemill.generate.prompt.answers import Answer
from tidemill.generate.prompt.messages import Request
from tidemill.label.conditions.generated import Prompt
from tidemill.label.settings import EndpointSettings

_MILLION = 1e6


def cost_of(endpoint: EndpointSettings, prompt_tokens: int, completion_tokens: int) -> float:
    """Compute what tokens cost.

    Parameters
    ----------
    endpoint
        With its prices.
    prompt_tokens, completion_tokens
        How many.

    Returns
    -------
    float
        0 where there is no price.
    """
    price = prompt_tokens * (endpoint.prompt_price or 0.0) + completion_tokens * (endpoint.completion_price or 0.0)
    return price / _MILLION


@dataclass
class Purse:
    """Money for one function or for all functions of a run.

    Parameters
    ----------
    limit
        Most that may be spent; None: no limit.
    spent
        What has been spent so far.
    """

    limit: float | None
    spent: float = 0.0
    held: float = 0.0


class Budget:
    """Purses that each request is paid from; threads share them.

    Parameters
    ----------
    endpoint
        With its prices.
    condition
        The generator.
    purses
        Of the function, and of the run.
    """

    def __init__(self, endpoint: EndpointSettings, condition: Prompt, purses: tuple[Purse, ...]) -> None:
        self.endpoint, self.condition, self.purses = endpoint, condition, purses
        self._lock = threading.Lock()

    def most(self, request: Request) -> float:
        """Compute the most that a request can cost.

        Parameters
        ----------
        request
            The request; a token is at least one byte, so that its bytes bound its tokens.

        Returns
        -------
        float
        """
        tokens = sum(len(item["content"].encode()) + 8 for item in request.body["messages"])
        return cost_of(self.endpoint, tokens, self.condition.max_tokens * self.condition.samples)

    def hold(self, request: Request) -> bool:
        """Set money aside for a request.

        Parameters
        ----------
        request
            The request.

        Returns
        -------
        bool
            False where a purse has not enough, and then nothing is set aside.
        """
        most = self.most(request)
        with self._lock:
            if any(purse.limit is not None and purse.spent + purse.held + most > purse.limit for purse in self.purses):
                return False
            for purse in self.purses:
                purse.held += most
            return True

    def lose(self, request: Request) -> bool:
        """Count a try as spent that has no answer and may have been billed, and set money aside for another.

        Parameters
        ----------
        request
            For which money was set aside.

        Returns
        -------
        bool
            As of ``hold``.
        """
        most = self.most(request)
        with self._lock:
            for purse in self.purses:
                purse.held -= most
                purse.spent += most
        return self.hold(request)

    def settle(self, request: Request, answer: Answer | None) -> None:
        """Count what a request has cost.

        Parameters
        ----------
        request
            For which money was set aside.
        answer
            Its answer; None: there was none, and nothing is counted.
        """
        paid = 0.0 if answer is None else cost_of(self.endpoint, answer.prompt_tokens, answer.completion_tokens)
        with self._lock:
            for purse in self.purses:
                purse.held -= self.most(request)
                purse.spent += paid
