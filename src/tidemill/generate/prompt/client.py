"""One request to a server in OpenAI's protocol: how often, how long it is waited for, what is tried again and what is refused."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Self

import httpx

from tidemill.contracts import ConfigError, RunError
from tidemill.generate.prompt.answers import Answer, answer_from
from tidemill.generate.prompt.messages import Request, answer_form
from tidemill.label.settings import EndpointSettings

_AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_BAD_REQUEST: Final = 400
_OK: Final = 200
_LONGEST: Final = 60.0
"""Seconds that are waited at most between two tries, whatever the server asks for."""


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

    def ask(self, request: Request, row_id: str) -> Answer | None:
        """Send a request until it is answered, or as often as may be.

        Parameters
        ----------
        request
            The request.
        row_id
            Of its row.

        Returns
        -------
        Answer or None
            None where the server did not answer in its tries, or what it answered is not the protocol's.

        Raises
        ------
        RunError
            The server refuses such requests: another try would be refused too.
        """
        for attempt in range(self.endpoint.retries + 1):
            self._wait_for_turn()
            response = self._send(request)
            if response is not None and response.status_code == _OK:
                return answer_from(_json(response), request.key, row_id, request.prompt_tokens)
            if response is not None and response.status_code not in _AGAIN:
                raise RunError(self._refusal(response))
            if attempt < self.endpoint.retries:
                self.sleep(_pause(attempt, response))
        return None

    def _send(self, request: Request) -> httpx.Response | None:
        """A server that knows no structured output is asked without it, and what it answers is read as strictly."""
        has_form = self.structured
        response = self._post(request, {"response_format": answer_form(self.classes)} if has_form else {})
        unknown = response is not None and response.status_code == _BAD_REQUEST and "response_format" in response.text
        if not (has_form and unknown):
            return response
        self.structured = False
        return self._post(request, {})

    def _post(self, request: Request, more: dict[str, Any]) -> httpx.Response | None:
        url = f"{self.endpoint.url.rstrip('/')}/chat/completions"
        try:
            return self._http.post(url, json=request.body | more, headers={"Idempotency-Key": request.key})
        except httpx.HTTPError:  # no connection, no answer in time, a connection that broke
            return None

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

    def _refusal(self, response: httpx.Response) -> str:
        remedies = {
            401: f"set the key in the environment variable {self.endpoint.key_from or '(key_from)'}",
            403: "the key may not do this",
            404: "check url and model",
        }
        remedy = remedies.get(response.status_code, "check the function's model and parameters")
        return f"endpoint {self.name}: the server refuses ({response.status_code} {response.reason_phrase}): {remedy}"


def _key(name: str, endpoint: EndpointSettings) -> dict[str, str]:
    if endpoint.key_from is None:
        return {}
    key = os.environ.get(endpoint.key_from, "").strip()
    if not key:
        raise ConfigError(f"endpoint {name}: set its key in the environment variable {endpoint.key_from}")
    return {"Authorization": f"Bearer {key}"}


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _pause(attempt: int, response: httpx.Response | None) -> float:
    """What the server asks for, else twice as long each time, with chance, so that threads do not come back together."""
    asked = "" if response is None else response.headers.get("Retry-After", "")
    try:
        return min(max(float(asked), 0.0), _LONGEST)
    except ValueError:
        return float(min(0.5 * 2**attempt * (1 + random.random()), _LONGEST))  # noqa: S311 - no secret
