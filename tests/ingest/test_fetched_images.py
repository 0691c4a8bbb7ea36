"""Images of URLs are fetched on request alone, once, within limits."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.factories import FRUIT, image_settings, png, take, write
from tidemill.contracts import DataError
from tidemill.ingest.fetched_images import FetchLimits, fetch_images, fetched_name
from tidemill.ingest.source import Source, fetch_beside

ASKED: list[str] = []


class Pictures(http.server.BaseHTTPRequestHandler):
    """Answers with a picture, with too many bytes, with an error, or by pointing at a file of the machine."""

    def do_GET(self) -> None:
        ASKED.append(self.path)
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/lost.png" else 200)
        self.end_headers()
        self.wfile.write(bytes(2 << 20) if self.path == "/large.png" else png(1))

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    ASKED.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_images_are_fetched_once_and_read_from_then_on(tmp_path: Path, address: str) -> None:
    path = write(tmp_path / "t.csv", f"path,label\n{address}/a.png,pear\n")
    with pytest.raises(DataError, match=r"line 2: .*a\.png' has not been fetched: say --fetch"):
        take(path, image_settings(), FRUIT)
    assert ASKED == []
    for _ in range(2):
        fetch_beside(Source(str(path)), image_settings())
    assert ASKED == ["/a.png"]
    assert take(path, image_settings(), FRUIT).raw["image"].to_list() == [png(1)]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("{}/lost.png", "cannot be fetched: Not Found"),
        ("{}/large.png", "it has more than 1 MB"),
        ("{}/elsewhere", "cannot be fetched"),
        ("file:///etc/hostname", "another scheme"),
        ("http://127.0.0.1:9/a.png", "cannot be fetched"),
    ],
)
def test_what_cannot_or_may_not_be_fetched_is_told_and_leaves_no_file(
    tmp_path: Path, address: str, url: str, told: str
) -> None:
    url = url.format(address)
    fetched, failed = fetch_images([url, "a.png", None, url], tmp_path, FetchLimits(megabytes=1))
    assert (fetched, list(failed)) == (0, [url])
    assert told in failed[url]
    assert not (tmp_path / fetched_name(url)).exists()


def test_a_row_whose_image_is_not_fetched_refuses_its_file_or_is_set_aside(tmp_path: Path, address: str) -> None:
    path = write(tmp_path / "t.csv", f"path,label\n{address}/a.png,pear\n{address}/lost.png,pear\n")
    with pytest.raises(DataError, match=r"1 of 2 images were not fetched; .*lost\.png"):
        fetch_beside(Source(str(path)), image_settings())
    chosen = image_settings(bad_rows="quarantine", max_bad_rows=0.6)
    assert "0 images fetched" in fetch_beside(Source(str(path)), chosen)[0]
    assert take(path, chosen, FRUIT).bad["number"].to_list() == [3]
