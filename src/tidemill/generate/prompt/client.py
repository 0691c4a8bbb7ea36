"""One request to a server in OpenAI's protocol: how often, how long it is waited for, what is tried again and what is refused."""

from __future__ import annotations

import json
import math
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self

import httpx

from tidemill.contracts import ConfigError, RunError
from tidemill.generate.prompt.answers import Answer, answer_from
from tidemill.generate.prompt.messages import Request, answer_form
from tidemill.label.settings import EndpointSettings

_AGAIN: Final = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which another try may be answered."""
_OF_ROW: Final = frozenset({400, 413, 422})
"""Statuses by which a server may refuse one row, such as one that is too long."""
_SERVER_ERROR: Final = 500
_LONGEST: Final = 60.0
"""Seconds that are waited at most between two tries, whatever the server asks for."""
_LARGEST: Final = 16_000_000
"""Bytes of a response from which on it is read no further."""


@dataclass(frozen=True)
class NoAnswer:
    """Why a request got no answer.

    Parameters
    ----------
    why
        In a few words, none of them the server's.
    remedy
        What a person may do.
    of_row
        Whether it may be this row alone.
    """

    why: str
    remedy: str
    of_row: bool = False


@dataclass(frozen=True)
class _Response:
    status: int
    retry_after: str
    content: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class _Lost:
    """A request without a response, and whether the server may have worked on it."""

    why: NoAnswer
    may_cost: bool


class Client:
    """A server and what it may be asked.

    Parameters
    ----------
    name
        Of the endpoint.
    endpoint
        Its settings.
    classes
        Names of the classes.
    structured
        Whether to ask for answers of one form, where the server can.
    sleep
        Waits so many seconds.

    Raises
    ------
    ConfigError
        The environment has no key where the endpoint needs one.
    """

    def __init__(
        self,
        name: str,
        endpoint: EndpointSettings,
        classes: Sequence[str],
        *,
        structured: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name, self.endpoint, self.classes, self.sleep = name, endpoint, classes, sleep
        self.structured = structured
        self._lock, self._next = threading.Lock(), 0.0
        self._http = httpx.Client(timeout=endpoint.timeout_seconds, headers=_key(name, endpoint), trust_env=False)

    def __enter__(self) -> Self:
        """Open connections as they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close them."""
        self._http.close()

    def ask(self, request: Request, row_id: str, lost: Callable[[], bool] = lambda: True) -> Answer | NoAnswer:
        """Send a request until it is answered, or as often as may be.

        Parameters
        ----------
        request
            The request.
        row_id
            Of its row.
        lost
            Called after each try that has no answer and may have been billed; False: there is no money for another.

        Returns
        -------
        Answer or NoAnswer
            Why there is none, after all tries, where the server refuses this row, or where what it answers is not the protocol's.

        Raises
        ------
        RunError
            The server refuses such requests: another try would be refused too.
        """
        failed = _UNREADABLE
        for attempt in range(self.endpoint.retries + 1):
            self._wait_for_turn()
            response = self._send(request)
            if isinstance(response, _Response) and response.status == HTTPStatus.OK:
                answer = answer_from(response.json(), request.key, row_id, request.prompt_tokens)
                if answer is None:
                    lost()
                return answer or _UNREADABLE
            failed = response.why if isinstance(response, _Lost) else self._failure(response)
            if failed.of_row:
                return failed
            if _may_cost(response) and not lost():
                return NoAnswer(f"{failed.why}, and the budget allows no other try", "raise it and run again")
            if attempt < self.endpoint.retries:
                self.sleep(_pause(attempt, response))
        return failed

    def _failure(self, response: _Response) -> NoAnswer:
        why = _words(response.status)
        if response.status in _OF_ROW:
            return NoAnswer(why, "check the function's model and parameters, and how long such rows are", of_row=True)
        if response.status in _AGAIN or response.status >= _SERVER_ERROR:
            return NoAnswer(why, "lower requests_per_minute or requests_at_once, or run again later")
        remedies = {
            401: f"set the key in the environment variable {self.endpoint.key_from or '(key_from)'}",
            403: "the key may not do this",
            404: "check url and model",
        }
        remedy = remedies.get(response.status, "check url, and the function's model and parameters")
        raise RunError(f"endpoint {self.name}: the server refuses ({why}): {remedy}")

    def _send(self, request: Request) -> _Response | _Lost:
        """A server that knows no structured output is asked without it, and what it answers is read as strictly."""
        has_form = self.structured
        response = self._post(request, {"response_format": answer_form(self.classes)} if has_form else {})
        if not (has_form and isinstance(response, _Response) and response.status in _OF_ROW):
            return response
        if b"response_format" not in response.content:
            return response
        self.structured = False
        return self._post(request, {})

    def _post(self, request: Request, more: dict[str, Any]) -> _Response | _Lost:
        """A response as far as it came in time: a server that sends a byte now and then is waited for no longer than another."""
        url = f"{self.endpoint.url.rstrip('/')}/chat/completions"
        until, content = time.monotonic() + self.endpoint.timeout_seconds, bytearray()
        slow = NoAnswer(f"nothing within {self.endpoint.timeout_seconds:g} seconds", "raise timeout_seconds")
        try:
            headers = {"Idempotency-Key": request.key}
            with self._http.stream("POST", url, json=request.body | more, headers=headers) as response:
                for part in response.iter_bytes():
                    content += part
                    if time.monotonic() > until:
                        return _Lost(slow, may_cost=True)
                    if len(content) > _LARGEST:
                        return _Lost(_UNREADABLE, may_cost=True)
                return _Response(response.status_code, response.headers.get("Retry-After", ""), bytes(content))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return _Lost(_UNREACHABLE, may_cost=False)
        except httpx.TimeoutException:
            return _Lost(slow, may_cost=True)
        except httpx.HTTPError:  # a connection that broke, or what is no HTTP
            return _Lost(NoAnswer("the connection broke", _UNREACHABLE.remedy), may_cost=True)

    def _wait_for_turn(self) -> None:
        if self.endpoint.requests_per_minute is None:
            return
        between = 60.0 / self.endpoint.requests_per_minute
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + between
        if turn > now:
            self.sleep(turn - now)


_UNREADABLE: Final = NoAnswer(
    "its responses are not those of OpenAI's protocol", "check url, which often ends in /v1", of_row=True
)
_UNREACHABLE: Final = NoAnswer("no connection", "check that it runs, and that url is right")


def _words(status: int) -> str:
    """A status in words that are not the server's, which might repeat the key."""
    return f"{status} {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else str(status)


def _may_cost(response: _Response | _Lost) -> bool:
    return response.may_cost if isinstance(response, _Lost) else response.status == HTTPStatus.GATEWAY_TIMEOUT


def _key(name: str, endpoint: EndpointSettings) -> dict[str, str]:
    if endpoint.key_from is None:
        return {}
    key = os.environ.get(endpoint.key_from, "").strip()
    if not key:
        raise ConfigError(f"endpoint {name}: set its key in the environment variable {endpoint.key_from}")
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            f"endpoint {name}: the environment variable {endpoint.key_from} holds characters that no key has; copy it anew"
        )
    return {"Authorization": f"Bearer {key}"}


def _pause(attempt: int, response: _Response | _Lost) -> float:
    """What the server asks for, else twice as long each time, with chance, so that threads do not come back together."""
    try:
        asked = float(response.retry_after) if isinstance(response, _Response) else math.nan
    except ValueError:
        asked = math.nan
    if not math.isnan(asked):
        return min(max(asked, 0.0), _LONGEST)
    return float(min(0.5 * 2**attempt * (1 + random.random()), _LONGEST))  # noqa: S311 - no secret
