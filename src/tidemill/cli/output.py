"""Answers of commands: lines for people, JSON for programs."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

Answer = Callable[[Any, Sequence[str]], None]
"""Takes the content of an answer, for JSON, and the lines that say the same."""


@contextlib.contextmanager
def answering(*, as_json: bool = False, out: Path | None = None) -> Iterator[Answer]:
    """Give a function that prints a command's answer, and keep standard output for it.

    Parameters
    ----------
    as_json
        Print the content as JSON; whatever else is printed meanwhile goes to standard error.
    out
        File to write in place of printing.

    Yields
    ------
    Answer
        Called once, with the answer's content and its lines.
    """
    stdout = sys.stdout

    def answer(content: Any, lines: Sequence[str]) -> None:
        text = as_text(content) if as_json else "\n".join(lines)
        if out is None:
            _print(text, stdout)
        else:
            _write(text, out)

    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
        yield answer


def as_text(content: Any) -> str:
    """Format content as JSON; reports become objects, arrays and series lists, paths strings."""
    return json.dumps(content, indent=2, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    for method in ("model_dump", "tolist", "to_list"):
        if hasattr(value, method):
            return getattr(value, method)()
    return str(value)


def _print(text: str, stdout: Any) -> None:
    try:
        print(text, file=stdout, flush=True)
    except BrokenPipeError:  # a reader that has seen enough, such as head, is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())


def _write(text: str, path: Path) -> None:
    from tidemill.common.files import atomic_write

    with atomic_write(path) as part:
        part.write_text(text + "\n", encoding="utf-8")
