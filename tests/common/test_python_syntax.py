"""Python source is parsed by one thread at a time."""

import ast
import contextlib
import threading

import pytest

from tidemill.common.python_syntax import parse_python


def test_threads_wait_for_each_other(monkeypatch):
    """Two parse at once where nothing holds them; a SystemError of Python 3.11 may follow."""
    inside, together = [], []
    both_began = threading.Barrier(3)

    def noted(source):
        inside.append(source)
        together.append(len(inside))
        with contextlib.suppress(threading.BrokenBarrierError):
            both_began.wait(timeout=0.2)  # as long as another thread could come in
        inside.remove(source)
        return ast.Module([], [])

    monkeypatch.setattr("ast.parse", noted)
    threads = [threading.Thread(target=parse_python, args=(f"x = {k}",)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [1, 1]


def test_what_is_no_python_is_an_error():
    with pytest.raises(SyntaxError):
        parse_python("def")
    assert isinstance(parse_python(b"x = 1").body[0], ast.Assign)
