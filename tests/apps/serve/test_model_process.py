"""A model in a process of its own: it answers, says what is wrong, and is replaced where it hangs or ends."""

import io
import sys
import threading
import time
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.apps.serve.test_app import SETTINGS
from tests.ingest.factories import settings
from tidemill.apps.serve.answers import Answer, Body
from tidemill.apps.serve.app import application
from tidemill.apps.serve.frames import frame, read_frame
from tidemill.apps.serve.model_process import ModelProcess
from tidemill.apps.serve.model_worker import answer_all
from tidemill.apps.serve.request_queue import BusyError
from tidemill.contracts import ConfigError, DataError, RequestError, TidemillError

CHILD = """
import os, re, sys, time
from tidemill.apps.serve.answers import Answer
from tidemill.apps.serve.frames import frame
from tidemill.apps.serve.model_worker import answer_all
from tidemill.contracts import RequestError

class Echo:
    version = "echo@v1.0.0"

    def answer(self, body, start):
        told = body.parts[0]
        if told == b"hang":
            re.match("(a+)+$", "a" * 64 + "!")  # holds Python's lock
        if told == b"end":
            os._exit(3)
        if told == b"garble":
            replies.write(b"\\x02\\0\\0\\0" + bytes(8) + b"{]")
            replies.flush()
        if told == b"fail":
            1 / 0
        if told == b"refuse":
            raise RequestError("row 2: no", status=422, row=2)
        return Answer(b" ".join([*(name.encode() for name in body.names or ()), *body.parts]), len(body.parts))

replies = os.fdopen(os.dup(1), "wb")
replies.write(frame({"version": "echo@v1.0.0", "lineage": {}}))
replies.flush()
answer_all(sys.stdin.buffer, replies, Echo())
"""


@pytest.fixture
def echo(tmp_path):
    process = ModelProcess([sys.executable, "-c", CHILD], 60.0, tmp_path)
    yield process
    process.close()
    assert process.process.returncode is not None


def asked(process: ModelProcess, *parts: bytes, names=None) -> Answer:
    return process.answer(Body(names, parts), time.monotonic())


def test_a_request_passes_there_and_back_and_failures_are_the_ones_of_the_model(echo):
    assert echo.version == "echo@v1.0.0"
    assert asked(echo, b"a", b"\x00\xff", names=["one", "two"]) == Answer(b"one two a \x00\xff", 2)
    large = bytes(3_000_000)  # more than a pipe holds
    assert asked(echo, large).content == large
    with pytest.raises(RequestError, match="row 2: no") as refused:
        asked(echo, b"refuse")
    assert (refused.value.status, refused.value.row) == (422, 2)
    with pytest.raises(ChildProcessError, match="ZeroDivisionError"):
        asked(echo, b"fail")
    assert asked(echo, b"x") == Answer(b"x", 1)


@pytest.mark.slow
def test_after_an_answer_that_is_no_frame_the_next_request_gets_its_own(echo):
    with pytest.raises(BusyError, match="is started anew"):
        asked(echo, b"garble")
    assert asked(echo, b"x") == Answer(b"x", 1)


@pytest.mark.slow
def test_a_process_that_could_not_be_started_again_is_tried_at_the_next_request(echo):
    command, echo.command = echo.command, [sys.executable, "-c", "raise SystemExit(1)"]
    with pytest.raises(BusyError):
        asked(echo, b"end")
    with pytest.raises(BusyError, match="has ended"):  # and not: the service is busy, for ever
        asked(echo, b"x")
    echo.command = command
    with pytest.raises(BusyError):
        asked(echo, b"x")
    assert asked(echo, b"x") == Answer(b"x", 1)


@pytest.mark.slow
def test_a_request_is_never_written_to_a_later_process_however_late_its_thread_runs(echo, monkeypatch):
    late = []

    class Late(threading.Thread):
        """A thread that runs when it is told to."""

        def start(self):
            if "send" in getattr(vars(self)["_target"], "__name__", ""):
                late.append(super().start)
            else:
                super().start()

    monkeypatch.setattr("tidemill.apps.serve.model_process._GRACE", 0.0)
    monkeypatch.setattr("tidemill.apps.serve.model_process.threading.Thread", Late)
    echo.seconds = 0.2
    with pytest.raises(RequestError, match="was ended"):
        asked(echo, b"first")
    assert echo.lock.acquire(timeout=60)  # the next process is ready
    echo.lock.release()
    monkeypatch.undo()
    late[0]()
    echo.seconds = 60.0
    assert asked(echo, b"second") == Answer(b"second", 1)


@pytest.mark.slow
def test_a_request_that_never_ends_is_ended_and_the_next_is_answered(echo, monkeypatch):
    monkeypatch.setattr("tidemill.apps.serve.model_process._GRACE", 0.0)
    echo.seconds = 0.5
    with pytest.raises(RequestError, match=r"longer than 0\.5 seconds and was ended") as refused:
        asked(echo, b"hang")
    assert refused.value.status == 503
    echo.seconds = 60.0
    assert asked(echo, b"x") == Answer(b"x", 1)  # it waits until the new process is ready


@pytest.mark.slow
def test_a_process_that_ends_is_started_anew(echo, capfd):
    first = echo.process.pid
    with pytest.raises(BusyError, match="has ended, and is started anew: try again") as error:
        asked(echo, b"end")
    assert error.value.status == 503
    assert "the process of the model has ended (exit status " in capfd.readouterr().err
    assert asked(echo, b"x") == Answer(b"x", 1)
    assert echo.process.pid != first


@pytest.mark.slow
def test_a_process_that_was_killed_is_answered_as_a_busy_service_is(echo, capfd):
    client = TestClient(application(echo, settings(), SETTINGS, {}), "http://127.0.0.1")
    echo.process.kill()
    answer = client.post("/predict", json={})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["message"].endswith("is started anew: try again")
    assert client.post("/predict", json={}).content == b"{}"
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.slow
def test_a_request_waits_for_another_no_longer_than_it_may_take(echo):
    echo.seconds = 0.0
    with echo.lock, pytest.raises(RequestError, match="busy with other requests"):
        asked(echo, b"x")


@pytest.mark.parametrize(("kind", "raised"), [("ConfigError", ConfigError), ("DataError", TidemillError)])
def test_a_model_that_cannot_be_loaded_says_why(tmp_path, kind, raised):
    code = "import sys; from tidemill.apps.serve.frames import frame; sys.stdout.buffer.write(frame({'error': %r, 'message': 'no v9'}))"
    with pytest.raises(raised, match="no v9"):
        ModelProcess([sys.executable, "-c", code % kind], 60.0, tmp_path)
    with pytest.raises(ConfigError, match="ended before it was ready"):
        ModelProcess([sys.executable, "-c", ""], 60.0, Path())


class _Refusing:
    version = "x"

    def answer(self, body: Body, start: float) -> Answer:
        raise DataError(f"{len(body.parts)} parts at {start:g}")


def test_a_worker_answers_until_there_are_no_more_requests_and_leaves_half_a_frame():
    replies = io.BytesIO()
    request = frame({"names": None, "start": 7.0}, [b"x"])
    answer_all(io.BytesIO(request + request[:-1]), replies, _Refusing())
    replies.seek(0)
    assert read_frame(replies) == ({"message": "1 parts at 7"}, [])
    assert read_frame(replies) is None
