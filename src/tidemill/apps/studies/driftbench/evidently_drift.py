"""Evidently in an environment of its own, which is made on first use: its pins are not ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from tidemill.common.files import atomic_write
from tidemill.errors import RunError

PINS: Final = ("evidently==0.7.23", "pandas==2.3.3", "scikit-learn==1.9.1", "numpy==2.4.6", "scipy==1.17.1")

Columns = dict[str, list[float] | list[str]]


class Evidently:
    """A process that answers whether rows drifted.

    Parameters
    ----------
    process
        Of ``evidently_worker``, with pipes at both ends.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        if process.stdin is None or process.stdout is None:
            raise RunError("both ends of Evidently's process have to be pipes")
        self._process = process
        self._asked: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout

    def reference(self, columns: Columns) -> None:
        """Take other rows to compare with.

        Parameters
        ----------
        columns
            Values by name.
        """
        self._send({"reference": columns})

    def drifted(self, columns: Columns) -> bool:
        """Compare rows with the reference.

        Parameters
        ----------
        columns
            Values by name, of the same columns.

        Returns
        -------
        bool

        Raises
        ------
        RunError
            The process has ended.
        """
        self._send({"rows": columns})
        line = self._answers.readline()
        if not line:
            raise RunError(f"Evidently ended with status {self._process.wait()}; what it printed is above")
        return bool(json.loads(line)["drift"])

    def _send(self, message: dict[str, Any]) -> None:
        self._asked.write(json.dumps(message) + "\n")
        self._asked.flush()


@contextmanager
def evidently(state: Path) -> Iterator[Evidently | None]:
    """Start Evidently.

    Parameters
    ----------
    state : Path
        Folder below which its environment is kept.

    Yields
    ------
    Evidently or None
        None where its packages cannot be installed.
    """
    python = _python(state / "evidently")
    if python is None:
        yield None
        return
    command = [str(python), "-W", "ignore", str(Path(__file__).with_name("evidently_worker.py"))]
    quiet = {"DO_NOT_TRACK": "1", "PATH": "", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet) as process:
        try:
            yield Evidently(process)
        finally:
            process.kill()


def _python(home: Path) -> Path | None:
    python, pins = home / "bin" / "python", home / "pins.txt"
    text = "\n".join(PINS)
    if pins.exists() and pins.read_text(encoding="utf-8") == text:
        return python
    home.parent.mkdir(parents=True, exist_ok=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"Evidently cannot be installed: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return None
    with atomic_write(pins) as path:
        path.write_text(text, encoding="utf-8")
    return python
