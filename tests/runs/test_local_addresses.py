"""Loopback is asked directly, whatever proxies the machine has."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tidemill.project.project import Project
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
