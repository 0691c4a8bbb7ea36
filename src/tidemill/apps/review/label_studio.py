"""A running Label Studio over plain HTTP: projects, tasks and what people answered.

Its own SDK pins two dozen packages and takes five seconds to import; seven requests need none of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

import httpx

from tidemill.contracts import ConfigError, DataError

TOKEN: Final = "LABEL_STUDIO_API_KEY"  # noqa: S105 - the name of the variable
ADDRESS: Final = "LABEL_STUDIO_URL"
_TIMEOUT: Final = httpx.Timeout(10.0, read=300.0)
_PARTS_OF_A_JWT: Final = 3
_AT_ONCE: Final = 200
"""Tasks of a request: pictures are inside, and what a request brings is taken whole or not at all."""


@dataclass
class LabelStudio:
    """A server, and the account whose token is used.

    Parameters
    ----------
    url
        Such as http://127.0.0.1:8080.
    token
        A legacy token or a personal access token of Label Studio.
    """

    url: str
    token: str

    @classmethod
    def connect(cls, url: str | None) -> Self:
        """Take address and token from the environment where they are not given.

        Parameters
        ----------
        url
            Address; None: that of ``LABEL_STUDIO_URL``.

        Returns
        -------
        LabelStudio

        Raises
        ------
        ConfigError
            There is no address or no token.
        """
        address = url or os.environ.get(ADDRESS)
        if not address:
            raise ConfigError(f"which Label Studio? give --url http://HOST:PORT, or set {ADDRESS}")
        token = os.environ.get(TOKEN, "").strip()
        if not token:
            raise ConfigError(f"set {TOKEN} to your token: Label Studio shows it under Account & Settings")
        return cls(address.rstrip("/"), token)

    @cached_property
    def _client(self) -> httpx.Client:
        is_personal = len(self.token.split(".")) == _PARTS_OF_A_JWT
        if not is_personal:
            return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {self.token}"}, timeout=_TIMEOUT)
        with httpx.Client(
            base_url=self.url, timeout=_TIMEOUT
        ) as client:  # a personal one is changed for a short-lived one
            access = self._checked(client, "POST", "/api/token/refresh/", json={"refresh": self.token})["access"]
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {access}"}, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        """Connect where something is asked first."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        return self._checked(self._client, method, path, **content)

    def _checked(self, client: httpx.Client, method: str, path: str, **content: Any) -> Any:
        try:
            answer = client.request(method, path, **content)
        except httpx.HTTPError as error:
            raise DataError(
                f"Label Studio at {self.url} does not answer ({type(error).__name__}: {error}): is it running there?"
            ) from error
        if answer.status_code in (401, 403):
            raise ConfigError(
                f"Label Studio at {self.url} refuses the token in {TOKEN} ({answer.status_code}): copy it from Account & Settings, "
                "and let an administrator allow legacy tokens if it is one"
            )
        if answer.is_error:
            raise DataError(f"Label Studio at {self.url}: {method} {path}: {answer.status_code}: {answer.text[:500]}")
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise DataError(f"{self.url} does not answer as Label Studio does: no JSON at {path}") from error

    def find_project(self, title: str) -> int | None:
        """Find a project by its title.

        Parameters
        ----------
        title
            The whole title.

        Returns
        -------
        int or None
            Its number; the oldest where several have it.
        """
        found, page = [], 1
        while True:
            answer = self._ask("GET", "/api/projects/", params={"page": page, "page_size": 100})
            found += [project["id"] for project in answer["results"] if project["title"] == title]
            if not answer.get("next"):
                return min(found, default=None)
            page += 1

    def make_project(self, title: str, config: str) -> int:
        """Make a project.

        Parameters
        ----------
        title
            What people see.
        config
            Labeling interface, XML.

        Returns
        -------
        int
            Its number.
        """
        made = self._ask("POST", "/api/projects/", json={"title": title, "label_config": config})
        return int(made["id"])

    def set_config(self, project: int, config: str) -> None:
        """Give a project another labeling interface.

        Parameters
        ----------
        project
            Its number.
        config
            XML.
        """
        self._ask("PATCH", f"/api/projects/{project}/", json={"label_config": config})

    def config(self, project: int) -> str:
        """Read a project's labeling interface.

        Parameters
        ----------
        project
            Its number.

        Returns
        -------
        str
            XML.
        """
        return str(self._ask("GET", f"/api/projects/{project}/")["label_config"])

    def add_tasks(self, project: int, tasks: Sequence[dict[str, Any]]) -> None:
        """Add tasks.

        Parameters
        ----------
        project
            Its number.
        tasks
            In Label Studio's JSON.
        """
        for first in range(0, len(tasks), _AT_ONCE):
            self._ask("POST", f"/api/projects/{project}/import", json=list(tasks[first : first + _AT_ONCE]))

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """Read all tasks with the annotations that they have, in one request.

        Parameters
        ----------
        project
            Its number.

        Returns
        -------
        list of dict
            Label Studio's export format JSON.
        """
        params = {"exportType": "JSON", "download_all_tasks": "true"}
        tasks: list[dict[str, Any]] = self._ask("GET", f"/api/projects/{project}/export", params=params)
        return tasks
