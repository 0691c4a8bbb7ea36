"""A studio as people meet it: a server that is a process of its own, and a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Page, sync_playwright

from tidemill.apps.studio.guard import CSRF

_SECONDS: Final = 120
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Server:
    """A studio that runs.

    Attributes
    ----------
    address
        Without a path.
    pid
        Its process.
    """

    address: str
    pid: int

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """A browser's connection, which has loaded the page."""
        with httpx.Client(base_url=self.address, timeout=_SECONDS) as client:
            client.headers[CSRF] = client.get("/api/session").json()["csrf"]
            yield client

    def peak_memory(self) -> float:
        """Most memory that the process has held, in MiB (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) / 2**10 if found else float("nan")


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """The studio of a project, on a free port."""
    words = [sys.executable, "-P", "-m", "tidemill", "studio", "--port", "0", "--no-browser"]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"http://[^/\s;]+", process.stderr.readline() if process.stderr else "")
            if found is None:
                raise SystemExit("the studio did not start")
            yield Server(found[0], process.pid)
        finally:
            process.terminate()


@contextmanager
def browsing(**page: Any) -> Iterator[Page]:
    """An empty page of a browser."""
    chromium = next((path for name in _NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        one = browser.new_page(**page)
        one.set_default_timeout(1000 * _SECONDS)
        yield one
        browser.close()
