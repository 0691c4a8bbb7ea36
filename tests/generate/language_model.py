"""A language model's server on loopback, in OpenAI's protocol, that answers as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], Any]
"""Status, headers and body: JSON, or bytes as they are."""


def completion(*texts: str, **more: Any) -> Any:
    """The body of an answer."""
    choices = [{"message": {"role": "assistant", "content": text}, **more} for text in texts]
    return {"choices": choices, "usage": {"prompt_tokens": 100, "completion_tokens": 10}}


def by_words(body: Any) -> Reply:
    """Spam where the last message speaks of a prize, in the form that was asked for."""
    label = "spam" if "prize" in body["messages"][-1]["content"] else "ham"
    text = json.dumps({"label": label}) if "response_format" in body else label
    return 200, {}, completion(*[text] * body.get("n", 1))


class Server:
    """What was asked of the server, and how it answers.

    Parameters
    ----------
    answer
        From the body of a request to its reply.
    """

    def __init__(self, answer: Callable[[Any], Reply]) -> None:
        self.answer, self.bodies, self.headers = answer, [], []
        self.lock, self.at_once, self.most_at_once = threading.Lock(), 0, 0
        self.url, self.delay = "", 0.0

    @property
    def texts(self) -> Counter[str]:
        """How often each last message came."""
        return Counter(body["messages"][-1]["content"] for body in self.bodies)

    def take(self, body: Any, headers: Any) -> Reply:
        """Answer a request."""
        with self.lock:
            self.bodies.append(body)
            self.headers.append(headers)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self.delay)
        reply = self.answer(body)
        with self.lock:
            self.at_once -= 1
        return reply


@contextmanager
def language_model(answer: Callable[[Any], Reply] = by_words) -> Iterator[Server]:
    """Run a server for as long as the block lasts."""
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, content = server.take(body, dict(self.headers))
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:  # whoever asked has gone
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
