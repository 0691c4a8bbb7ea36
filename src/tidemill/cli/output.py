"""Answers of commands: lines for people, JSON for programs."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

_OTHER: Final = frozenset(
    {
        ".csv",
        ".tsv",
        ".jsonl",
        ".ndjson",
        ".parquet",
        ".xlsx",
        ".xls",
        ".ods",
        ".arrow",
        ".feather",
        ".py",
        ".yaml",
        ".yml",
        ".toml",
    }
)
"""Suffixes of files of rows, functions and settings, which an answer never is."""
Answer = Callable[[Any, Sequence[str]], None]
"""Takes the content of an answer, for JSON, and the lines that say the same."""


@contextlib.contextmanager
def answering(*, as_json: bool = False, out: Path | None = None, table: Path | None = None) -> Iterator[Answer]:
    """Give a function that prints a command's answer, and keep standard output for it.

    Parameters
    ----------
    as_json
        Print the content as JSON; whatever else is printed meanwhile goes to standard error.
    out
        File to write in place of printing.
    table
        Where the command writes a table; where that is standard output (``-``), the answer goes to standard error.

    Yields
    ------
    Answer
        Called once, with the answer's content and its lines.
    """
    is_taken = table is not None and str(table) == "-"
    stdout = sys.stderr if is_taken else sys.stdout

    def answer(content: Any, lines: Sequence[str]) -> None:
        text = as_text(content, any_character=out is not None or _is_unicode(stdout)) if as_json else "\n".join(lines)
        if out is None:
            _print(text, stdout)
        else:
            _write(text, out)

    with contextlib.redirect_stdout(sys.stderr) if as_json and not is_taken else contextlib.nullcontext():
        yield answer


def as_text(content: Any, *, any_character: bool = True) -> str:
    """Format content as JSON; reports become objects, arrays and series lists, paths strings.

    Parameters
    ----------
    content
        Of the answer.
    any_character
        Whether it is written where every character can be; else those beyond ASCII are escaped.
    """
    return json.dumps(content, indent=2, default=_plain, ensure_ascii=not any_character)


def _is_unicode(stream: Any) -> bool:
    return str(getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")


def _plain(value: Any) -> Any:
    for method in ("model_dump", "tolist", "to_list"):
        if hasattr(value, method):
            return getattr(value, method)()
    return str(value)


def _print(text: str, stdout: Any) -> None:
    if stdout is not None:  # closed before the command was started, as by >&-
        print(text, file=stdout, flush=True)


def _write(text: str, path: Path) -> None:
    from tidemill.common.files import write_output
    from tidemill.contracts import ConfigError
    from tidemill.readers.hand_labels import keep_hand_labels

    if path.suffix.lower() in _OTHER and path.exists():
        raise ConfigError(
            f"{path} is there, and {path.suffix} is not what is written, which is text: name another file with --out, such as answer.txt, or remove it"
        )
    keep_hand_labels(path)
    with write_output(path) as part:
        part.write_text(text + "\n", encoding="utf-8")
