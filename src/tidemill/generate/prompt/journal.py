"""Answers that arrived, one line each, appended in one write: a kill leaves at most a torn last line, which is passed over.

The journal is local state that all worktrees of a project share, so that a run that is killed and thrown away loses no answer. What is
in it is also in the tracked file once a stage has ended, which other machines get.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.generate.prompt.answers import Answer


def read_answers(files: Iterable[Path]) -> dict[str, Answer]:
    """Read answers; a line that is torn or damaged is passed over.

    Parameters
    ----------
    files
        Journals and tracked files, which need not exist.

    Returns
    -------
    dict of str to Answer
        By key; of several, the first.
    """
    answers: dict[str, Answer] = {}
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            for line in file.read_bytes().split(b"\n"):
                with contextlib.suppress(ValidationError):
                    answer = Answer.model_validate_json(line)
                    answers.setdefault(answer.key, answer)
    return answers


def write_answers(file: Path, answers: Mapping[str, Answer]) -> None:
    """Write answers sorted by key: the same answers are the same bytes.

    Parameters
    ----------
    file
        Tracked file.
    answers
        By key.
    """
    with atomic_write(file) as part:
        part.write_text("".join(f"{answers[key].model_dump_json()}\n" for key in sorted(answers)), encoding="utf-8")


class Journal:
    """An open journal.

    Parameters
    ----------
    descriptor
        Of the file, opened to append.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def append(self, answer: Answer) -> None:
        """Append an answer, which is on the disk when this returns.

        Parameters
        ----------
        answer
            Answers to one request.
        """
        os.write(self.descriptor, answer.model_dump_json().encode() + b"\n")
        os.fsync(self.descriptor)


@contextlib.contextmanager
def open_journal(file: Path) -> Iterator[Journal]:
    """Open a journal to append to it; one process at a time does, so that no two ask the same row.

    Parameters
    ----------
    file
        The journal; it and its folder are made where they are missing.

    Yields
    ------
    Journal
    """
    with locked(file.with_suffix(".lock")):
        descriptor = os.open(file, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a kill tore the last line
                os.write(descriptor, b"\n")
            yield Journal(descriptor)
        finally:
            os.close(descriptor)
