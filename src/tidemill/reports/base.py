"""What all reports share: a file is read and written through its model, and says in which format it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SerializationInfo, SerializerFunctionWrapHandler, model_serializer
from pydantic_core import ErrorDetails, ValidationError

from tidemill.common.files import atomic_write
from tidemill.common.merge_marks import left_by_merge
from tidemill.errors import DataError

FORMAT_KEY: Final = "format"
AGAIN: Final = "`tidemill run` makes it again"
"""Remedy for a file that a stage writes."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0)]
Interval = tuple[float | None, float | None]


class Part(BaseModel):
    """A part of a report: frozen, without keys that it does not name.

    A field that has a default and no value is left out of the file; one without a default is there as ``null``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_serializer(mode="wrap")
    def _without_absent(self, serialize: SerializerFunctionWrapHandler, _: SerializationInfo) -> dict[str, Any]:
        content: dict[str, Any] = serialize(self)
        optional = (name for name, field in type(self).model_fields.items() if not field.is_required())
        absent = {name for name in optional if content.get(name) is None}
        return {name: value for name, value in content.items() if name not in absent}


class Report(Part):
    """A whole JSON file.

    A subclass names its ``FORMAT``, the ``FILE`` that it is (as the documentation shows it) and the ``REMEDY`` for one that
    cannot be read, and what to do where a ``MERGE`` has left both sides in it. It overrides ``upgraded`` where files of an older format keep their meaning.
    """

    FORMAT: ClassVar[int] = 1
    FILE: ClassVar[str]
    REMEDY: ClassVar[str] = AGAIN
    MERGE: ClassVar[str] = "take one, `git checkout --ours` or `--theirs` and the file's name"

    @classmethod
    def upgraded(cls, content: Mapping[str, Any], result: object) -> Mapping[str, Any] | None:
        """Translate the content of an older format into today's.

        Parameters
        ----------
        content
            What the file holds, without its format.
        result
            The format that it names; None where it names none, as files of version 0.1.0.

        Returns
        -------
        Mapping or None
            None where such a file cannot be read any more.
        """
        del content, result
        return None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Parameters
        ----------
        path
            JSON file of this report.

        Returns
        -------
        Self
            The report, checked.

        Raises
        ------
        DataError
            The file is missing, damaged, of another format or holds a wrong value; names the file, the field, the
            value and the remedy.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise DataError(f"{path} is missing: {cls.REMEDY}") from error
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path} cannot be read ({error}): {cls.REMEDY}") from error
        return cls.parse(text, where=str(path))

    @classmethod
    def read_if_there(cls, path: Path) -> Self | None:
        """Read a file that need not exist.

        Parameters
        ----------
        path
            JSON file of this report.

        Returns
        -------
        Self or None
            None where there is no file.

        Raises
        ------
        DataError
            As ``read``, but for a missing file.
        """
        return cls.read(path) if path.exists() else None

    @classmethod
    def parse(cls, text: str, *, where: str) -> Self:
        """Read the text of a file.

        Parameters
        ----------
        text
            Its content.
        where
            How errors name the file.

        Returns
        -------
        Self
            The report, checked.

        Raises
        ------
        DataError
            As ``read``.
        """
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            if (merged := left_by_merge(text)) is not None:
                raise DataError(f"{where}, {merged}: {cls.MERGE}") from error
            raise DataError(f"{where} is not JSON ({error}): {cls.REMEDY}") from error
        if not isinstance(content, dict):
            raise DataError(f"{where} holds {_short(content)} in place of keys and values: {cls.REMEDY}")
        return cls._checked(cls._current(content, where), where)

    @classmethod
    def _current(cls, content: dict[str, Any], where: str) -> Mapping[str, Any]:
        result = content.get(FORMAT_KEY)
        rest = {key: value for key, value in content.items() if key != FORMAT_KEY}
        if result == cls.FORMAT and not isinstance(result, bool):
            return rest
        upgraded = cls.upgraded(rest, result)
        if upgraded is None:
            newer = isinstance(result, int) and result > cls.FORMAT
            remedy = "it is of a newer Tidemill, so install that" if newer else cls.REMEDY
            raise DataError(f"{where}, field {FORMAT_KEY}: {result!r}, this Tidemill reads {cls.FORMAT}: {remedy}")
        return upgraded

    @classmethod
    def _checked(cls, content: Mapping[str, Any], where: str) -> Self:
        try:
            return cls.model_validate_json(json.dumps(content), strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            more = f"; {error.error_count()} such fields" if error.error_count() > 1 else ""
            raise DataError(f"{where}, {_error_text(first)}{more}: {cls.REMEDY}") from error

    def text(self) -> str:
        """Write the content of the file as text.

        Returns
        -------
        str
            Indented JSON with sorted keys and a newline at the end.
        """
        content = {FORMAT_KEY: self.FORMAT, **self.model_dump()}
        return json.dumps(content, indent=2, sort_keys=True) + "\n"

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all.

        Parameters
        ----------
        path
            JSON file to write or replace.
        """
        with atomic_write(path) as temporary:
            temporary.write_text(self.text(), encoding="utf-8")


class Estimate(Part):
    """A score with the ends of its interval; ``null`` where it has no meaning, as of no rows."""

    score: float | None = Field(description="as measured")
    low: float | None = Field(description="lower end")
    high: float | None = Field(description="upper end")


def _error_text(error: ErrorDetails) -> str:
    field = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"field {field} is missing"
    if error["type"] == "extra_forbidden":
        return f"field {field}: {_short(error['input'])}, there is no such field"
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:
        return message
    return f"field {field}: {_short(error['input'])}, {message[:1].lower()}{message[1:]}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - what fits beside the rest of the line
