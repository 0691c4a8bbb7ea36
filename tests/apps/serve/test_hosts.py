"""Names by which the service may be asked for."""

import socket

import pytest

from tidemill.apps.serve.hosts import is_allowed

NAMES = ("api.example.org", "*.example.net")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "LOCALHOST:80",
        "127.0.0.1:80",
        "10.1.2.3",
        "[::1]:80",
        "::1",
        "api.example.org",
        "API.example.org.:80",
        "a.example.net",
        "b.a.example.net:8080",
        socket.gethostname(),
    ],
)
def test_addresses_the_machine_and_names_that_were_given_are_answered(host: str) -> None:
    assert is_allowed(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "api.example.org.evil.com",
        "xapi.example.org",
        "example.net",
        "evilexample.net",
        "127.0.0.1.evil.com",
        "localhost.evil.com",
        "[evil.com]",
        "localhost:18431@evil.example",
        "localhost/evil.example",
        "localhost:x",
        "127.0.0.1 evil.example",
        "*.example.net"[1:] + ".com",
    ],
)
def test_other_names_are_not_answered_though_they_end_or_begin_alike(host: str) -> None:
    assert not is_allowed(host, NAMES)


def test_a_star_allows_every_name() -> None:
    assert is_allowed("evil.example.com", ["*"])
