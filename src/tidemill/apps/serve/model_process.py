"""The model in a process of its own, which is ended and started anew where a request takes longer than it may.

Nothing that a request brings is read in the process of the event loop, so that the service answers others whatever it is. A thread could
not be ended, and one that holds Python's lock would stop the event loop.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

from tidemill.apps.serve import model_worker
from tidemill.apps.serve.answers import Answer, Body
from tidemill.apps.serve.frames import frame, read_frame
from tidemill.apps.serve.request_queue import BUSY, BusyError
from tidemill.contracts import ConfigError, RequestError, TidemillError

_GRACE: Final = 1.0
"""Seconds beyond the limit in which the model's process may say itself how far it came."""
_TICK: Final = 1.0


class ModelProcess:
    """A process that holds the model.

    Parameters
    ----------
    command
        What starts it; ``model_command`` gives it.
    seconds
        How long a request may take.
    folder
        Working directory of the process.
    """

    def __init__(self, command: Sequence[str], seconds: float, folder: Path) -> None:
        self.command, self.seconds, self.folder = list(command), seconds, folder
        self.lock = threading.Lock()
        self.closed = False
        self.about = self._start()

    @property
    def version(self) -> str:
        """Version of the model."""
        return str(self.about["version"])

    def answer(self, body: Body, start: float) -> Answer:
        """Have the model answer a request.

        Parameters
        ----------
        body
            What the request brought.
        start
            When it came, in seconds of the monotonic clock.

        Returns
        -------
        Answer
            JSON, and how many rows it answers.

        Raises
        ------
        BusyError
            Another request has the model's process; or it has ended, as where the machine's memory is short, and another is started.
        ChildProcessError
            The model's process has failed.
        RequestError
            As the model's process says; or this one took too long, and its process was ended.
        """
        deadline = start + self.seconds
        if not self.lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise BusyError("the service is busy with other requests")
        try:
            reply = self._ask(body, start)
        except TimeoutError as error:
            self._replace()
            raise RequestError(
                f"the request took longer than {self.seconds:g} seconds and was ended: send fewer or smaller rows",
                status=BUSY,
            ) from error
        except (EOFError, OSError, ValueError, KeyError) as error:  # it has ended, or its answer is no frame
            ended = self.process
            self._replace()
            why = f"exit status {ended.returncode}, {error!r}"
            print(f"the process of the model has ended ({why}) and is started anew", file=sys.stderr, flush=True)
            raise BusyError("the process of the model has ended, and is started anew") from error
        except BaseException:  # whatever it is, an answer may still be under way: the next request must not get it
            self._replace()
            raise
        self.lock.release()
        return _answer(*reply)

    def close(self) -> None:
        """End the process."""
        self.closed = True
        self._end()

    def _ask(self, body: Body, start: float) -> tuple[dict[str, Any], list[bytes]]:
        header = {"names": body.names, "start": start}  # one clock for all processes
        # a process that has stopped reading does not stop this one; and a thread that runs late does not write to the next process
        content = frame(header, body.parts)
        threading.Thread(target=_send, args=(self.process.stdin, content), daemon=True).start()
        return self._receive(start + self.seconds + _GRACE)

    def _receive(self, deadline: float | None) -> tuple[dict[str, Any], list[bytes]]:
        assert self.process.stdout is not None  # noqa: S101 - it was asked for
        reply = read_frame(_Timed(self.process.stdout.fileno(), deadline))
        if reply is None:
            raise EOFError
        return reply

    def _start(self) -> dict[str, Any]:
        self.process = subprocess.Popen(
            self.command,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the service, which lets what has begun end
        )
        try:
            about, _ = self._receive(None)
        except EOFError:
            self._end()
            raise ConfigError(
                "the process of the model has ended before it was ready; what it printed says why"
            ) from None
        if "error" in about:
            self._end()
            raise (ConfigError if about["error"] == "ConfigError" else TidemillError)(about["message"])
        return about

    def _replace(self) -> None:
        """End the process and start another; the lock is let go of once that is ready."""
        self._end()
        threading.Thread(target=self._start_again, daemon=True).start()

    def _start_again(self) -> None:
        try:
            if not self.closed:
                self._start()
        except TidemillError as error:
            print(f"the model cannot be loaded again: {error}", file=sys.stderr, flush=True)
        finally:
            self.lock.release()

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError, ValueError):
                pipe.close()  # type: ignore[union-attr]


class _Timed:
    """Reads a pipe until a deadline."""

    def __init__(self, descriptor: int, deadline: float | None) -> None:
        self.descriptor, self.deadline = descriptor, deadline

    def read(self, size: int, /) -> bytes:
        received = bytearray()
        while len(received) < size:
            left = _TICK if self.deadline is None else self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if not select.select([self.descriptor], [], [], min(left, _TICK))[0]:
                continue
            piece = os.read(self.descriptor, min(size - len(received), 1 << 20))
            if not piece:
                break
            received += piece
        return bytes(received)


def _send(pipe: IO[bytes], content: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):  # it has been ended; whoever waits for the answer sees that
        pipe.write(content)
        pipe.flush()


def model_command(*words: str) -> list[str]:
    """Give the command that starts the process of a model.

    Parameters
    ----------
    words
        Arguments of ``model_worker``.

    Returns
    -------
    list of str
    """
    return [sys.executable, "-P", "-m", model_worker.__name__, *words]


def _answer(header: dict[str, Any], parts: Sequence[bytes]) -> Answer:
    if "status" in header:
        raise RequestError(header["message"], status=header["status"], row=header["row"])
    if "message" in header:
        raise TidemillError(header["message"])
    if "failed" in header:
        raise ChildProcessError(header["failed"])
    return Answer(parts[0], header["rows"])
