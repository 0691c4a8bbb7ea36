"""Connections that never ask for anything do not keep others out."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn

from tidemill.apps.serve import connections
from tidemill.apps.serve.app import RequestGate
from tidemill.apps.serve.connections import ConnectionLimits, protocol

BEGUN = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
KEPT_OPEN = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nConnection: close\r\n"
BODY += b"Expect: 100-continue\r\n\r\na"
KEPT = 60.0


async def application(scope, receive, send):
    """Answer with the length of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    content = json.dumps(size).encode()
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


@contextlib.contextmanager
def served(limits: ConnectionLimits) -> Iterator[int]:
    config = uvicorn.Config(application, http=protocol(limits), lifespan="off", log_level="critical", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            thread.join()


def opened(port: int, begun: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(begun)
    return connection


def whole_answer(connection: socket.socket) -> bytes:
    """Read until the service closes the connection."""
    with connection:
        try:
            return b"".join(iter(lambda: connection.recv(4096), b""))
        except ConnectionResetError:
            return b""


@pytest.mark.slow
@pytest.mark.parametrize("begun", [b"", b"GET", BEGUN, WHOLE[:-2]])
def test_headers_that_never_end_are_given_up(begun):
    with served(ConnectionLimits(0.2, 8, 8)) as port:
        told = whole_answer(opened(port, begun))
    assert told.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"the headers did not arrive in 0.2 seconds" in told


@pytest.mark.slow
def test_the_second_request_of_a_connection_has_no_longer():
    with served(ConnectionLimits(0.5, 8, 8)) as port:
        connection = opened(port, KEPT_OPEN)
        assert b" 200 " in connection.recv(4096)
        connection.sendall(BEGUN)
        assert b" 408 " in whole_answer(connection)


def test_a_body_takes_as_long_as_the_application_lets_it():
    with served(ConnectionLimits(0.2, 8, 8)) as port:
        connection = opened(port, BODY)
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        given_up = opened(port)
        assert b" 408 " in whole_answer(given_up)  # so much time has passed
        connection.sendall(b"bc")
        assert whole_answer(connection).endswith(b"3")


@pytest.mark.parametrize(("in_all", "of_an_address"), [(100, 4), (4, 100)])
def test_connections_that_wait_make_room_for_one_that_asks(in_all, of_an_address):
    with served(ConnectionLimits(KEPT, in_all, of_an_address)) as port:
        slow = [opened(port, BEGUN) for _ in range(12)]
        assert b" 200 " in whole_answer(opened(port, WHOLE))
        told = [whole_answer(one) for one in slow[:8]]  # the last may still be there
        for one in slow[8:]:
            one.close()
    assert all(one == b"" or b"other connections need the place" in one for one in told)  # reset, or told why


def test_where_all_connections_are_busy_one_more_is_refused_with_a_word():
    with served(ConnectionLimits(KEPT, 100, 2)) as port:
        first, second = opened(port, BODY), opened(port, BODY)
        for one in (first, second):
            assert one.recv(4096).startswith(b"HTTP/1.1 100 ")  # the application has begun
        third = opened(port)
        told = whole_answer(third)
        assert told.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"too many connections: try again" in told
        for one in (first, second):
            one.sendall(b"bc")
            assert whole_answer(one).endswith(b"3")


def test_an_address_that_holds_as_many_as_it_may_keeps_no_other_address_out(monkeypatch):
    elsewhere = (
        socket.socket()
    )  # the one loopback address that every machine has is given out as two, by the ports of clients
    elsewhere.bind(("127.0.0.1", 0))
    port_of_other = elsewhere.getsockname()[1]
    monkeypatch.setattr(
        connections._Connection, "address", property(lambda self: "other" if self.client[1] == port_of_other else "one")
    )
    with served(ConnectionLimits(KEPT, 100, 2)) as port:
        busy = [opened(port, BODY) for _ in range(2)]
        for one in busy:
            assert one.recv(4096).startswith(b"HTTP/1.1 100 ")
        assert b" 503 " in whole_answer(opened(port))
        elsewhere.connect(("127.0.0.1", port))
        elsewhere.sendall(WHOLE)
        assert b" 200 " in whole_answer(elsewhere)
        for one in busy:
            one.sendall(b"bc")
            assert whole_answer(one).endswith(b"3")


def test_what_is_no_request_is_refused_as_json():
    with served(ConnectionLimits(KEPT, 8, 8)) as port:
        told = whole_answer(opened(port, b"\x16\x03\x01 hello\r\n\r\n"))
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["message"]


def test_after_a_request_of_two_lengths_nothing_more_of_its_connection_is_answered(monkeypatch):
    two = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    monkeypatch.setattr(f"{__name__}.application", RequestGate(application, max_bytes=99, hosts=("localhost",)))
    with served(ConnectionLimits(5.0, 8, 8)) as port:
        told = whole_answer(opened(port, two + WHOLE))
    assert told.startswith(b"HTTP/1.1 400 ")
    assert told.count(b"HTTP/1.1") == 1
