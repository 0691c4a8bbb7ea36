"""Connections that do not keep others out: headers have to arrive in time, and one address holds only so many.

Where an address, or all together, hold as many connections as they may, a new one takes the place of the one that has waited longest for
its headers. So connections that never ask for anything cannot fill the service.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_BAD: Final = 400
_SLOW: Final = 408
_BUSY: Final = 503
_REASONS: Final = {_BAD: "Bad Request", _SLOW: "Request Timeout", _BUSY: "Service Unavailable"}


@dataclass(frozen=True)
class ConnectionLimits:
    """What connections may take.

    Parameters
    ----------
    header_seconds
        How long the headers of a request may take to arrive.
    in_all
        Most connections at a time.
    of_an_address
        Most connections of one address at a time.
    """

    header_seconds: float
    in_all: int
    of_an_address: int


class _Connection(H11Protocol):
    limits: ConnectionLimits
    deadline: asyncio.TimerHandle | None = None
    answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._finds_a_place():
            self._watch()
        else:
            self.end(_BUSY, "too many connections: try again")

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.answered:
            return
        super().data_received(data)
        self._watch()

    def send_400_response(self, msg: str) -> None:
        self.end(_BAD, msg)

    def end(self, status: int, message: str) -> None:
        """Answer with an error and close the connection."""
        self._disarm()
        self.answered = True
        self.connections.discard(self)
        body = json.dumps({"error": {"message": message}}).encode()
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        )
        if not self.transport.is_closing():
            self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
            self.transport.close()

    @property
    def is_waiting(self) -> bool:
        """Whether no request has arrived yet, or none since the last was answered."""
        return self.conn.their_state is h11.IDLE

    @property
    def address(self) -> str:
        """The address that it comes from."""
        return self.client[0] if self.client else ""

    def _finds_a_place(self) -> bool:
        others = [
            connection
            for connection in self.connections
            if isinstance(connection, _Connection) and connection is not self
        ]
        same = [connection for connection in others if connection.address == self.address]
        return _has_room(same, self.limits.of_an_address) and _has_room(
            [connection for connection in others if not connection.answered], self.limits.in_all
        )

    def _watch(self) -> None:
        if self.answered or not self.is_waiting:
            self._disarm()
        elif self.deadline is None:
            self.deadline = self.loop.call_later(self.limits.header_seconds, self._out_of_time)

    def _disarm(self) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _out_of_time(self) -> None:
        self.end(_SLOW, f"the headers did not arrive in {self.limits.header_seconds:g} seconds")


def _has_room(connections: list[_Connection], most: int) -> bool:
    """Whether one more may come; the one that has waited longest for its headers makes room for it."""
    if len(connections) < most:
        return True
    longest = _longest_waiting(connections)
    if longest is None:
        return False
    longest.end(_SLOW, "other connections need the place: send the headers at once")
    return True


def _longest_waiting(connections: Iterable[_Connection]) -> _Connection | None:
    waiting = [
        connection for connection in connections if connection.is_waiting
    ]  # without a deadline: it is kept open between requests
    return min(waiting, key=lambda connection: connection.deadline.when() if connection.deadline else 0.0, default=None)


def protocol(limits: ConnectionLimits) -> type[Any]:
    """Make the protocol that uvicorn speaks with clients.

    Parameters
    ----------
    limits
        What connections may take.

    Returns
    -------
    type
        A protocol of uvicorn.
    """
    return type("Connection", (_Connection,), {"limits": limits})
