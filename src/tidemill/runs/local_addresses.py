"""Local addresses: where `tidemill ui` serves Prefect and the reports, and how a run finds a server that is up."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from tidemill.project.project import Project
from tidemill.runs.prefect_variables import refuse_wrong_variables

HOST = "127.0.0.1"
PAGES_PORT = 4201
STUDIO_PORT = 4202
_LOOPBACK = (HOST, "localhost", "::1")
_PROXIES = frozenset({"http", "https", "socks5", "socks5h"})
"""Kinds of proxies that HTTPX knows."""


def page_url(page: str) -> str:
    """Build the address of a page while `tidemill ui` is up.

    Parameters
    ----------
    page
        File under ``reports/``, with ``/`` between folders.

    Returns
    -------
    str
        On the loopback interface; the port is ``TIDEMILL_PAGES_PORT`` where that is set.
    """
    return f"http://{HOST}:{os.environ.get('TIDEMILL_PAGES_PORT', PAGES_PORT)}/{page}"


def studio_url(page: str) -> str:
    """Build the address of a page of the studio while it is up.

    Parameters
    ----------
    page
        What follows ``#/``, such as ``spam/runs``.

    Returns
    -------
    str
        On the loopback interface; the port is ``TIDEMILL_STUDIO_PORT`` where that is set.
    """
    return f"http://{HOST}:{os.environ.get('TIDEMILL_STUDIO_PORT', STUDIO_PORT)}/#/{page}"


def api_url(port: int) -> str:
    """Build the address of a Prefect server's API.

    Parameters
    ----------
    port
        Port of the server on the loopback interface.

    Returns
    -------
    str
        Address for ``PREFECT_API_URL``.
    """
    return f"http://{HOST}:{port}/api"


def server_file(project: Project) -> Path:
    """Locate the file in which `tidemill ui` writes the port that its server listens on.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    Path
        File, which exists only while the server is up.
    """
    return project.state / "ui-port"


def _running_port(project: Project) -> int | None:
    """Port of the Prefect server that `tidemill ui` started here, or None where it is not up."""
    try:
        port = int(server_file(project).read_text(encoding="utf-8"))
        with socket.create_connection((HOST, port), timeout=0.5):
            return port
    except (OSError, ValueError):
        return None


def ui_address(project: Project) -> str | None:
    """Build the address of Prefect's pages, where `tidemill ui` is up.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    str or None
        None where it is not.
    """
    port = _running_port(project)
    return None if port is None else f"http://{HOST}:{port}"


def loopback_without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Add loopback to the addresses that need no proxy, in both spellings that programs read.

    Parameters
    ----------
    environment
        Environment variables.

    Returns
    -------
    dict of str
        The variables to set.
    """
    predicted = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    names = [name.strip() for name in predicted.split(",") if name.strip()]
    all_names = ",".join([*names, *(item for item in _LOOPBACK if item not in names)])
    return {"NO_PROXY": all_names, "no_proxy": all_names}


def _without_odd_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """Empty variables for proxies of which HTTPX knows no kind, such as ``socks://`` of GNOME: its clients would not start."""
    found = {
        name: value for name, value in environment.items() if name.lower() in {"http_proxy", "https_proxy", "all_proxy"}
    }
    odd = {
        name.lower()
        for name, value in found.items()
        if "://" in value and value.strip().partition("://")[0].lower() not in _PROXIES
    }
    return {spelled: "" for name in sorted(odd) for spelled in (name, name.upper())}


def prefect_environment(project: Project) -> dict[str, str]:
    """Build the settings that every Prefect process of the project needs: its own home and database, no telemetry.

    Where `tidemill ui` is up, runs report to its server; else to a short-lived one on the same SQLite database, so that
    the UI shows them later. The folder of the database is made.

    Parameters
    ----------
    project
        The project.

    Returns
    -------
    dict of str to str
        Environment variables.

    Raises
    ------
    ConfigError
        Prefect does not take the value of a variable that the environment has.
    """
    home = project.state / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "INFO"),
        "DO_NOT_TRACK": "1",
        **loopback_without_proxy(os.environ),
        **_without_odd_proxies(os.environ),
    }
    port = _running_port(project)
    if port is not None and "PREFECT_API_URL" not in os.environ:
        settings["PREFECT_API_URL"] = api_url(port)
    refuse_wrong_variables(settings)
    return settings
