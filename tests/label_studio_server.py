"""A real Label Studio on loopback, in an environment of its own: its pins would pull ours down.

The environment and a database that has been set up are made once and kept below .tidemill; each server has a copy of the database.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from filelock import FileLock

from tests.conftest import ROOT
from tests.end_to_end.conftest import free_port

PINS = ROOT / "tests" / "label_studio.lock"
TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - of a server that lives as long as its test
_UV = str(Path(sys.executable).with_name("uv"))
_PATIENCE = 900.0


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    client: httpx.Client


@contextmanager
def label_studio(folder: Path) -> Iterator[Running]:
    """Run a server whose files are in ``folder``; the test is skipped where its packages cannot be had."""
    home = _home()
    data = folder / "label-studio"
    shutil.copytree(home / "data", data)
    with _server(home, data) as running:
        yield running


def _home() -> Path:
    name = hashlib.sha256(PINS.read_bytes()).hexdigest()[:8]
    home = ROOT / ".tidemill" / "label-studio" / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}"
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lock"):
        if not (home / "data").exists():
            _install(home)
            shutil.rmtree(home / "first", ignore_errors=True)
            with _server(home, home / "first"):
                pass
            (home / "first").rename(home / "data")
    return home


def _install(home: Path) -> None:
    subprocess.run([_UV, "venv", "--quiet", "--clear", "--python", sys.executable, home / "env"], check=True)
    environment = os.environ | {"VIRTUAL_ENV": str(home / "env")}
    words = [_UV, "pip", "install", "--quiet", "--compile-bytecode", "-r", str(PINS)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Label Studio cannot be installed here: {done.stderr[-300:]}")


@contextmanager
def _server(home: Path, data: Path) -> Iterator[Running]:
    data.mkdir(exist_ok=True)
    port = free_port()
    quiet = {
        "LATEST_VERSION_CHECK": "false",
        "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
        "COLLECT_ANALYTICS": "False",
    }
    account = {
        "LABEL_STUDIO_USERNAME": "admin@tidemill.invalid",
        "LABEL_STUDIO_PASSWORD": "only-on-loopback",
        "LABEL_STUDIO_USER_TOKEN": TOKEN,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
    }
    storage = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(data),
        "DJANGO_DB": "sqlite",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    words = ["start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port), "--data-dir", str(data)]
    log = data / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [home / "env" / "bin" / "label-studio", *words, "--log-level", "WARNING"],
            env=inherited | quiet | account | storage,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    headers = {"Authorization": f"Token {TOKEN}"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=300.0) as client:
            _await(client, process, log)
            yield Running(str(client.base_url).rstrip("/"), client)
    finally:
        _stop(process)


def _await(client: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        with suppress(httpx.HTTPError):
            if client.get("/health").is_success:
                return
        time.sleep(0.5)
    raise TimeoutError(log.read_text(errors="replace")[-2000:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.terminate()
    process.terminate()
    process.wait()
