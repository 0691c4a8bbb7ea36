"""What is asked of Prefect's server."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tidemill.errors import RunError
from tidemill.runs.local_addresses import api_url

_FINAL: Final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
_PATIENCE: Final = 300.0
_PAGE: Final = 200


def has_ended(run: Mapping[str, Any]) -> bool:
    """Whether nothing of a flow run goes on by itself: it has ended, or its question waits for a person.

    Parameters
    ----------
    run
        As Prefect's API has it.

    Returns
    -------
    bool

    Examples
    --------
    >>> has_ended({"state_type": "PAUSED"}), has_ended({"state_type": "PENDING"})
    (True, False)
    """
    return run["state_type"] in (*_FINAL, "PAUSED")


@dataclass(frozen=True)
class Api:
    """The API of a server on loopback.

    Attributes
    ----------
    port
        That it listens on.
    """

    port: int

    def ask(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """Ask the server, again while its database is busy.

        Parameters
        ----------
        path
            Below the API's address.
        body
            For JSON; None: nothing.
        method
            Of HTTP; None: GET without a body, POST with one.

        Returns
        -------
        object
            Of the JSON answer; None where it is empty.

        Raises
        ------
        RunError
            It did not answer, or refused.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{api_url(self.port)}/{path}", data, headers, method=method)  # noqa: S310
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                with direct.open(request, timeout=_PATIENCE) as answer:
                    return json.loads(answer.read() or b"null")
            except (OSError, http.client.HTTPException) as error:
                busy = (
                    not isinstance(error, urllib.error.HTTPError) or error.code == http.HTTPStatus.SERVICE_UNAVAILABLE
                )
                if not busy or time.monotonic() > end:
                    raise RunError(f"Prefect's server answered {path} with {error}") from error
            time.sleep(1.0)

    def runs(self) -> list[dict[str, Any]]:
        """List the flow runs that have begun or ended, newest first.

        Returns
        -------
        list of dict
        """
        found = list[dict[str, Any]]()
        while True:
            asked = {"sort": "EXPECTED_START_TIME_DESC", "limit": _PAGE, "offset": len(found)}
            page = self.ask("flow_runs/filter", asked)
            found += page
            if len(page) < _PAGE:
                break
        return [run for run in found if run["state_type"] != "SCHEDULED"]

    def automate(self, *, enabled: bool) -> None:
        """Turn all automations on or off.

        Parameters
        ----------
        enabled
            Whether they are to act.
        """
        for automation in self.ask("automations/filter", {}):
            self.ask(f"automations/{automation['id']}", {"enabled": enabled}, method="PATCH")

    def schedule(self, deployment: str, *, seconds: float | None) -> None:
        """Turn a deployment's schedule on or off.

        Parameters
        ----------
        deployment
            Such as ``monitor/monitor``.
        seconds
            Between two runs; None: off.
        """
        found = self.ask(f"deployments/name/{deployment}")
        for schedule in found["schedules"]:
            change: dict[str, Any] = {"active": seconds is not None}
            if seconds is not None:
                change["schedule"] = {"interval": seconds}
            self.ask(f"deployments/{found['id']}/schedules/{schedule['id']}", change, method="PATCH")
