"""Prefect's environment variables, looked at before Prefect is imported: a wrong one ends its import in a hundred lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

from tidemill.contracts import ConfigError

_PREFIX: Final = "PREFECT_"
_OF_A_RUN: Final = "PREFECT__"
"""How the variables begin that Prefect itself hands to the process of a flow run."""
_ANY_TEXT: Final = frozenset(
    {
        "PREFECT_HOME",
        "PREFECT_API_URL",
        "PREFECT_API_KEY",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_PROFILE",
        "PREFECT_UI_URL",
    }
)
"""Variables of which Prefect takes every text: most environments have no others, and a look at them takes seconds."""
_WHETHER: Final = "_ENABLED"
_TRUTH: Final = frozenset({"true", "false", "1", "0"})
_SECRET: Final = ("KEY", "PASSWORD", "TOKEN", "AUTH", "HEADERS", "CONNECTION_URL")
_CHECK: Final = """
import json, os, sys
given = {name: os.environ.pop(name) for name in json.loads(sys.argv[1])}
from prefect.settings import Settings
Settings()
wrong = {}
for name, value in given.items():
    os.environ[name] = value
    try:
        Settings()
    except ValueError as error:  # pydantic's errors are such
        details = error.errors() if hasattr(error, "errors") else []
        wrong[name] = details[0]["msg"] if details else str(error.__cause__ or error)
    del os.environ[name]
print(json.dumps(wrong))
"""
"""Each variable alone, in a process of its own: Prefect keeps the settings with which it was imported first."""
_FINE: Final[set[tuple[str, str]]] = set()
"""Variables that are Tidemill's own or have been looked at, with their values."""


def refuse_wrong_variables(own: Mapping[str, str]) -> None:
    """Refuse variables of the environment with which Prefect cannot be imported.

    Parameters
    ----------
    own
        Variables that Tidemill sets for Prefect, whatever the environment says.

    Raises
    ------
    ConfigError
        Prefect does not take the value of a variable.
    """
    given = {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(_PREFIX)  # Prefect reads them in either case
        and not name.startswith(_OF_A_RUN)
        and own.get(name, value) == value
        and (name, value) not in _FINE
        and name not in _ANY_TEXT
        and not (name.endswith(_WHETHER) and value.lower() in _TRUTH)
    }
    if given and "prefect" not in sys.modules:
        for name, reason in _wrong(given).items():
            value = "" if any(word in name for word in _SECRET) else f"={given[name]}"
            raise ConfigError(
                f"the environment variable {name}{value} is nothing that Prefect takes: {reason}; correct it, or unset it "
                f"(`unset {name}`)"
            )
    _FINE.update(given.items(), own.items())


def _wrong(given: Mapping[str, str]) -> dict[str, Any]:
    """Why Prefect does not take them, by name; empty where it says nothing, so that it is asked no more."""
    answer = subprocess.run(
        [sys.executable, "-P", "-c", _CHECK, json.dumps(list(given))],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
    )
    lines = answer.stdout.splitlines()
    return json.loads(lines[-1]) if answer.returncode == 0 and lines else {}
