"""Loopback is asked directly, whatever proxies the machine has."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tidemill.contracts import ConfigError
from tidemill.project.project import Project
from tidemill.runs import prefect_variables
from tidemill.runs.local_addresses import loopback_without_proxy, prefect_environment


class Answer(http.server.BaseHTTPRequestHandler):
    """Says yes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_what_is_excepted_already_stays_and_nothing_is_said_twice():
    said = loopback_without_proxy({"no_proxy": "example.org, localhost"})
    assert said == dict.fromkeys(("NO_PROXY", "no_proxy"), "example.org,localhost,127.0.0.1,::1")
    assert loopback_without_proxy(said) == said
    assert loopback_without_proxy({})["NO_PROXY"] == "127.0.0.1,localhost,::1"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["http", "socks5h", "socks"])
def test_prefects_client_reaches_loopback_past_a_proxy_that_answers_nothing(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"{kind}://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises((httpx.ConnectError, ValueError)):  # of kinds that it does not know
        httpx.get(f"http://127.0.0.1:{port}/")
    for name, value in prefect_environment(Project(tmp_path, tmp_path)).items():
        monkeypatch.setenv(name, value)
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        (
            "PREFECT_LOGGING_LEVEL",
            "WARN",
            r"PREFECT_LOGGING_LEVEL=WARN .*'WARNING'.* \(`unset PREFECT_LOGGING_LEVEL`\)",
        ),
        ("PREFECT_SERVER_API_PORT", "abc", "PREFECT_SERVER_API_PORT=abc .*valid integer"),
        ("prefect_server_api_port", "abc", "prefect_server_api_port=abc"),
        ("PREFECT_CLIENT_CUSTOM_HEADERS", "[hush", "PREFECT_CLIENT_CUSTOM_HEADERS is nothing"),  # it may hold a secret
    ],
)
def test_a_variable_that_prefect_does_not_take_is_told_in_one_line(tmp_path, monkeypatch, name, value, told):
    monkeypatch.delitem(sys.modules, "prefect", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=told) as error:
        prefect_environment(Project(tmp_path, tmp_path))
    assert "\n" not in str(error.value)
    assert "hush" not in str(error.value)


def test_variables_that_prefect_takes_are_looked_at_once_and_its_own_never(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "prefect", raising=False)
    looked_at: list[list[str]] = []

    def look(given):
        looked_at.append(sorted(given))
        return {}

    monkeypatch.setattr(prefect_variables, "_FINE", set())
    monkeypatch.setattr(prefect_variables, "_wrong", look)
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "3")
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "1")
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")  # any text will do
    monkeypatch.setenv("PREFECT_MEMO_STORE_ENABLED", "False")
    monkeypatch.setenv("PREFECT_HOME", "/elsewhere")  # a project has a home of its own
    for _ in range(2):
        for variable, content in prefect_environment(Project(tmp_path, tmp_path)).items():
            monkeypatch.setenv(variable, content)
    assert looked_at == [["PREFECT_CLIENT_MAX_RETRIES"]]
