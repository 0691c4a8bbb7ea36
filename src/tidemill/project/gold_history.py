"""The history of a problem's gold: an answer a line, appended and never edited, which git keeps and merges line by line.

A label that a row came with is in its batch. Labels that come later are here: the newest answer that nobody has
withdrawn counts, in whatever order the lines stand, so that the additions of two people are both kept when they are merged.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import polars as pl
from pydantic import Field, ValidationError

from tidemill.common.files import atomic_write
from tidemill.common.locks import locked
from tidemill.common.merge_marks import left_by_merge
from tidemill.contracts import NO_GOLD, DataError, Settings
from tidemill.project.layout import EMPTY_HISTORY, Paths
from tidemill.readers.table import nearest

WITH_BATCH: Final = "batch"
"""What ``replaces`` holds for the label that a row came with."""
UNKNOWN: Final = "unknown"
"""People of whom a file does not say who they are."""
FOR_HARM: Final = "random: is the drift harmful"
"""What ``picked`` of a file holds for rows that the monitor asks about, in an order of which none may be skipped."""
Picked = Literal["random", "uncertain", "asked"]
_WHO: Final = r"^[a-z0-9][a-z0-9_-]{0,31}$"
_WHEN: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"
_TOOLS: Final = frozenset({"label-studio", "mturk", "toloka"})
_STEP: Final = dt.timedelta(microseconds=1)


class Answer(Settings):
    """What one person, or one file, says of one row.

    Attributes
    ----------
    row_id
        The row.
    label
        Name of its class; None withdraws the answer that ``replaces`` names.
    who
        Id of a person, never a name; None where a file does not say.
    when
        UTC, to the microsecond, so that texts compare as times do.
    source
        File that it came from.
    replaces
        The answer that counted until then, by its id; ``WITH_BATCH`` for the label that the row came with.
    picked
        How the row was chosen to be labeled: drawn at random, for being hard, or asked for by the monitor; None where it is not known.
    note
        What the person wrote beside it.
    sha256
        Fingerprint of an incoming file that holds labels only, so that it is read once.
    """

    row_id: str
    label: str | None
    who: Annotated[str, Field(pattern=_WHO)] | None = None
    when: Annotated[str, Field(pattern=_WHEN)]
    source: str
    replaces: str | None = None
    picked: Picked | None = None
    note: Annotated[str, Field(max_length=2000)] | None = None
    sha256: str | None = None

    @cached_property
    def id(self) -> str:
        """12 hexadecimal digits of what it says."""
        content = "\0".join([self.row_id, self.label or "", self.who or "", self.when, self.source])
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def origin(self) -> str:
        """Where it came from, in a word: the file, or the tool, whose answers have a source each."""
        tool, more, _ = self.source.partition("/")
        return tool if more and tool in _TOOLS else self.source

    def line(self) -> str:
        """Write it as a line of the file.

        Returns
        -------
        str
            JSON; fields without a value are left out, but for the label.
        """
        content = {name: value for name, value in self.model_dump().items() if value is not None or name == "label"}
        return json.dumps(content, ensure_ascii=False)


@dataclass(frozen=True)
class GoldHistory:
    """All answers of a problem, in the order of the file, which decides nothing.

    Parameters
    ----------
    answers
        Labels and withdrawals.
    """

    answers: tuple[Answer, ...] = ()

    @classmethod
    def read(cls, path: Path) -> GoldHistory:
        """Read a file.

        Parameters
        ----------
        path
            JSON lines; a missing file has no answers.

        Returns
        -------
        GoldHistory
            Lines that stand twice, as a merge can leave them, once.

        Raises
        ------
        DataError
            Names the line that is no answer, the field and the value.
        """
        if not path.exists():
            return cls()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path} is not UTF-8 ({error}): `git checkout` brings the last committed one back"
            ) from error
        return cls.parse(text, where=str(path))

    @classmethod
    def parse(cls, text: str, *, where: str) -> GoldHistory:
        """Read the text of a file.

        Parameters
        ----------
        text
            JSON lines.
        where
            Its place, for messages.

        Returns
        -------
        GoldHistory
            Lines that stand twice, as a merge can leave them, once.

        Raises
        ------
        DataError
            A merge has left both sides in it.
        """
        if (merged := left_by_merge(text)) is not None:
            raise DataError(
                f"{where}, {merged}: the lines of both belong in it: take out git's three lines of marks, and `git add` the file"
            )
        lines = text.split("\n")  # names may hold other separators of lines
        first = {line: number for number, line in reversed([*enumerate(lines, start=1)])}
        kept = [line for line in dict.fromkeys(lines) if line.strip() and line != EMPTY_HISTORY.strip()]
        return cls(tuple(_parsed(line, f"{where}, line {first[line]}") for line in kept))

    @cached_property
    def withdrawn(self) -> frozenset[tuple[str, str]]:
        """Row and id of each answer that does not count any more."""
        return frozenset(
            (answer.row_id, answer.replaces) for answer in self.answers if answer.label is None and answer.replaces
        )

    @cached_property
    def counting(self) -> Mapping[str, Answer]:
        """The newest answer of each row that nobody has withdrawn."""
        result: dict[str, Answer] = {}
        for answer in self.valid:
            before = result.get(answer.row_id)
            if before is None or before.when < answer.when or (before.when == answer.when and before.id < answer.id):
                result[answer.row_id] = answer
        return result

    @cached_property
    def valid(self) -> tuple[Answer, ...]:
        """Labels that nobody has withdrawn."""
        rows = {row_id for row_id, _ in self.withdrawn}  # ids are computed for these alone
        return tuple(
            answer
            for answer in self.answers
            if answer.label is not None
            and (answer.row_id not in rows or (answer.row_id, answer.id) not in self.withdrawn)
        )

    @cached_property
    def by_person(self) -> Mapping[tuple[str, str], Answer]:
        """The newest answer of each person to each row that nobody has withdrawn, by row and person."""
        ordered = sorted(self.valid, key=lambda answer: (answer.when, answer.id))
        return {(answer.row_id, answer.who or UNKNOWN): answer for answer in ordered}

    @cached_property
    def as_of(self) -> str | None:
        """When the last line was added; None where there is none."""
        return max((answer.when for answer in self.answers), default=None)

    def rows_since(self, before: GoldHistory) -> int:
        """Count the rows with lines that an earlier history lacks.

        Parameters
        ----------
        before
            The same history at an earlier time.

        Returns
        -------
        int
            At least as many as have another label since.
        """
        known = {answer.line() for answer in before.answers}
        return len({answer.row_id for answer in self.answers if answer.line() not in known})

    def of_row(self, row_id: str) -> list[Answer]:
        """List the answers of a row.

        Parameters
        ----------
        row_id
            The row.

        Returns
        -------
        list of Answer
            Oldest first.
        """
        return sorted((answer for answer in self.answers if answer.row_id == row_id), key=lambda item: item.when)

    def applied(self, own: pl.DataFrame, classes: Sequence[str]) -> pl.DataFrame:
        """Replace the labels that rows came with by those that count.

        Parameters
        ----------
        own
            row_id, and in ``gold`` the class that each row came with, ``NO_GOLD`` where there is none.
        classes
            Names of the classes.

        Returns
        -------
        polars.DataFrame
            The same rows in the same order.

        Raises
        ------
        DataError
            An answer names a class that the problem does not have.
        """
        if not self.answers:
            return own
        places = {name: place for place, name in enumerate(classes)}
        labels = {row_id: _place(answer, places) for row_id, answer in self.counting.items()}
        lost = [row_id for row_id, answer in self.withdrawn if answer == WITH_BATCH]
        newest = pl.DataFrame(
            {"row_id": list(labels), "newest": list(labels.values())}, schema={"row_id": pl.String, "newest": pl.Int16}
        )
        left = pl.when(pl.col("row_id").is_in(lost)).then(pl.lit(NO_GOLD, pl.Int16)).otherwise(pl.col("gold"))
        joined = own.join(newest, on="row_id", how="left", maintain_order="left")
        return joined.select("row_id", pl.coalesce("newest", left).alias("gold"))

    def time(self, rows: Iterable[str] = (), *, now: dt.datetime | None = None) -> str:
        """Time an answer: now, and after every earlier answer of the rows, whose clock may be fast.

        Parameters
        ----------
        rows
            Rows that are answered.
        now
            Given by tests.

        Returns
        -------
        str
            As ``Answer.when`` has it.
        """
        asked = set(rows)
        newest = max((answer.when for answer in self.answers if answer.row_id in asked), default=None)
        time = now or dt.datetime.now(dt.UTC)
        if newest is not None:
            time = max(time, dt.datetime.fromisoformat(newest) + _STEP)
        return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def how_picked(reason: object) -> Picked | None:
    """Tell how a row was chosen from the reason that a file names.

    Parameters
    ----------
    reason
        Such as "random", or "functions disagree" of a queue; anything that is no text is no reason.

    Returns
    -------
    str or None
        "asked" for rows of the monitor's test of harm, in whose order none may be skipped; "uncertain" for whatever else is not random.

    Examples
    --------
    >>> how_picked("random: is the drift harmful"), how_picked("functions disagree"), how_picked(None)
    ('asked', 'uncertain', None)
    """
    if not isinstance(reason, str) or not reason.strip():
        return None
    if reason.startswith(("asked", FOR_HARM)):
        return "asked"
    return "random" if reason.startswith("random") else "uncertain"


def _parsed(line: str, where: str) -> Answer:
    try:
        return Answer.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise DataError(
            f"{where}: {field}: {first['msg']}, not {first['input']!r}; mend the line, or "
            "`git checkout` brings the last committed file back"
        ) from error


def _place(answer: Answer, places: Mapping[str, int]) -> int:
    if answer.label not in places:
        raise DataError(
            f"row {answer.row_id} of the gold history has the label {answer.label!r} (from {answer.source}, {answer.when}), "
            f"not a class{nearest(str(answer.label), list(places))}; add the class to problem.classes, or withdraw the "
            "labels with `tidemill gold withdraw`"
        )
    return places[str(answer.label)]


def append_answers(paths: Paths, answers: Sequence[Answer]) -> None:
    """Add answers to a problem's history, whole or not at all.

    Parameters
    ----------
    paths
        Of the problem, in the checkout whose history is meant.
    answers
        What is added; none leaves the file as it is.
    """
    if not answers:
        return
    path = paths.gold_history
    with locked(paths.state / "locks" / f"gold-{paths.name}.lock"):
        before = path.read_text(encoding="utf-8") if path.exists() else EMPTY_HISTORY
        joint = "\n" if before and not before.endswith("\n") else ""
        with atomic_write(path) as part:
            part.write_text(before + joint + "".join(f"{answer.line()}\n" for answer in answers), encoding="utf-8")


def merged_lines(*texts: str) -> str:
    r"""Join versions of a history, each line once.

    Parameters
    ----------
    *texts
        Contents of the file.

    Returns
    -------
    str
        Lines of the first, then those that only later ones have.

    Examples
    --------
    >>> merged_lines("a\nb\n", "a\nc\n")
    'a\nb\nc\n'
    """
    lines: dict[str, Any] = dict.fromkeys(line for text in texts for line in text.split("\n") if line.strip())
    return "".join(f"{line}\n" for line in lines)
