"""Conditions on values: numbers, lengths, dates, membership in a list, booleans."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, Literal

import polars as pl
from pydantic import Field, StrictFloat, StrictInt, StrictStr, ValidationInfo, field_validator, model_validator

from tidemill.label.conditions.base import WITHOUT_SPACES, Condition, Limits, Unread, as_text, described, unread_texts
from tidemill.label.conditions.files import located, read_lines

_WEEKDAYS: Final = range(1, 8)
_MANY: Final = 10
"""Texts of which not one is a date, from which on their form is another and not each of them a slip."""
_DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
_UNITS: Final = {"characters": r"(?s).", "words": r"\S+", "lines": r"\n"}

_FORMS: Final = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m.%d.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%b %d, %Y",
)
_TIMES: Final = ("", " %H:%M", " %H:%M:%S")
_LEAST_YEAR: Final = 100
"""Years below are two digits that `%Y` has taken for all of a year: 24 for 2024."""
_ISO: Final = ((19, "%Y-%m-%dT%H:%M:%S"), (19, "%Y-%m-%d %H:%M:%S"), (10, "%Y-%m-%d"))


class Threshold(Limits):
    """A number column, or a statistic of the image (``image.dark_fraction``), lies within limits."""

    kind: Literal["threshold"]
    column: str

    def expression(self) -> pl.Expr:
        """Compare the number with the limits; not-a-number counts as no value.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        return self.within(pl.col(self.column).cast(pl.Float64).fill_nan(None))

    def fits(self, schema: pl.Schema) -> bool:
        """Tell whether the column holds no dates, times or durations: their number depends on the unit that the file chose.

        Parameters
        ----------
        schema
            Types of the columns.

        Returns
        -------
        bool
            False for a column of dates, times or durations.
        """
        return not schema[self.column].is_temporal()

    def unfit(self, table: pl.DataFrame) -> str | None:
        """Name a value that is no number.

        Parameters
        ----------
        table
            Rows with the column.

        Returns
        -------
        str or None
            None where every value is a number.
        """
        column = table[self.column]
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            return None
        if column.dtype == pl.String:
            column = column.filter(column.cast(pl.Float64, strict=False).is_null() & column.is_not_null())
        if column.is_empty():
            return None
        remedy = (
            _of_moments(column)
            if column.dtype.is_temporal()
            else "name a column of numbers, or make the values numbers"
        )
        return f"{described(column)}, and threshold compares numbers: {remedy}"


class Length(Limits):
    """The text's length in characters, words or lines lies within limits."""

    least: ClassVar[float] = 0
    kind_of_number: ClassVar[str] = "length"
    kind: Literal["length"]
    column: str = "text"
    unit: Literal["characters", "words", "lines"] = "characters"

    def expression(self) -> pl.Expr:
        """Count the units of the text and compare the count with the limits.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        text = as_text(self.column).str
        count = text.len_chars() if self.unit == "characters" else text.count_matches(_UNITS[self.unit])
        return self.within(count.cast(pl.Int64) + int(self.unit == "lines"))

    def unread(self, table: pl.DataFrame) -> Unread | None:
        """Count the texts whose words cannot be counted by spaces.

        Parameters
        ----------
        table
            The rows.

        Returns
        -------
        Unread or None
            None where other units are counted, or the column is no text.
        """
        if self.unit != "words" or table.schema.get(self.column) != pl.String:
            return None
        texts = table[self.column].drop_nulls()
        found = texts.filter(texts.str.contains(f"{WITHOUT_SPACES}{{2}}"))
        what = f"texts of column {self.column!r} are in letters between whose words no spaces stand (unit: characters counts letters)"
        return unread_texts(found, texts, what, "a run of them counts as one word")


class Member(Condition):
    """The column's value is in a list, given inline or as a file of one value per line."""

    main: ClassVar[str | None] = "values"
    kind: Literal["member"]
    column: str
    values: Annotated[tuple[StrictStr | StrictInt | StrictFloat, ...], Field(min_length=1)]
    file: str | None = None
    case: bool = False

    @model_validator(mode="before")
    @classmethod
    def _read_file(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("file"), str):
            return data
        if "values" in data:
            raise ValueError("give values or a file, not both")
        path = located(data["file"], info)
        lines = [line for line in map(str.strip, read_lines(path)) if line and not line.startswith("#")]
        delimiter = _DELIMITERS.get(path.suffix.lower())
        if delimiter is not None and lines and all(delimiter in line for line in lines):
            raise ValueError(
                f"{path} has several columns, and each line is taken for one value: keep the column of values; where values hold "
                f"{delimiter!r} themselves, name the file .txt"
            )
        return {**data, "values": lines}

    @field_validator("values")
    @classmethod
    def _are_alike(cls, values: tuple[str | float, ...]) -> tuple[str | float, ...]:
        if len({isinstance(value, str) for value in values}) > 1:
            raise ValueError("some values are text and some are numbers; put the numbers in quotes")
        return tuple(unicodedata.normalize("NFC", value) if isinstance(value, str) else value for value in values)

    def expression(self) -> pl.Expr:
        """Compare the value with the list; text is compared without case and outer white space unless the condition says otherwise.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        column = pl.col(self.column)
        if not isinstance(self.values[0], str):  # one by one: `is_in` takes 1 and 1.0 for values of two kinds
            return pl.any_horizontal(column == value for value in self.values)
        if not self.case:
            return (
                column.str.strip_chars().str.to_lowercase().is_in([str(value).strip().lower() for value in self.values])
            )
        return column.is_in(list(self.values))

    def fits(self, schema: pl.Schema) -> bool:
        """Tell whether the column holds no dates, times or durations: Polars would compare the numbers that they are stored as.

        Parameters
        ----------
        schema
            Types of the columns.

        Returns
        -------
        bool
            False for a column of dates, times or durations.
        """
        return not schema[self.column].is_temporal()

    def unfit(self, table: pl.DataFrame) -> str | None:
        """Name a column that is text where the values are numbers, or the other way round.

        Parameters
        ----------
        table
            Rows with the column.

        Returns
        -------
        str or None
            None where both are of one kind.
        """
        column, value = table[self.column], self.values[0]
        kind = "text" if isinstance(value, str) else "numbers"
        remedy = None
        if column.dtype == pl.String and kind == "numbers":
            known = next(iter(column.drop_nulls()), value)
            remedy = f"put each between quotes, as in {str(known)!r} (YAML takes digits for a number)"
        elif column.dtype.is_numeric() and kind == "text":
            remedy = (
                "write them as numbers, without quotes" if self.file is None else "list them in `values`, as numbers"
            )
        elif column.dtype == pl.Boolean:
            remedy = "take kind: flag"
        elif column.dtype.is_temporal():
            remedy = _of_moments(column)
        return f"{described(column)}, and its values here are {kind}, such as {value!r}: {remedy}" if remedy else None


class IsFlag(Condition):
    """A boolean column is true, or false where ``value`` is false."""

    kind: Literal["flag"]
    column: str
    value: bool = True

    def expression(self) -> pl.Expr:
        """Take the column, or its negation where ``value`` is false.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        column = pl.col(self.column).cast(pl.Boolean)
        return column if self.value else ~column

    def unfit(self, table: pl.DataFrame) -> str | None:
        """Name a column that holds no truth values.

        Parameters
        ----------
        table
            Rows with the column.

        Returns
        -------
        str or None
            None where it holds them, or numbers.
        """
        column = table[self.column]
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            return None
        value = next(iter(column.drop_nulls()), "yes")
        return f"{described(column)}, and flag reads truth values: take kind: member, with the values that count, as in [{str(value)!r}]"


class Date(Condition):
    """A date or time column lies after, before or on given days.

    Text is read as ISO 8601 (``2026-11-24``, ``2026-11-24T18:30:00``), or by ``format``; what cannot be read has no
    value. ``after`` and ``before`` leave the moment itself out, ``since`` and ``until`` include it.
    """

    kind: Literal["date"]
    column: str
    after: datetime | date | None = None
    before: datetime | date | None = None
    since: datetime | date | None = None
    until: datetime | date | None = None
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] | None = None
    format: str | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Date:
        if not any((self.after, self.before, self.since, self.until, self.weekdays)):
            raise ValueError("no limit is given; give after, before, since, until or weekdays (1 is Monday)")
        return self

    @model_validator(mode="after")
    def _holds_for_some_day(self) -> Date:
        starts = [(_start(day), name) for name in ("after", "since") if (day := getattr(self, name))]
        ends = [(_start(day), name) for name in ("before", "until") if (day := getattr(self, name))]
        for (start, first), (end, second) in itertools.product(starts, ends):
            if start > end or (start == end and (first, second) != ("since", "until")):
                raise ValueError(f"nothing is {first} {start:%Y-%m-%d} and {second} {end:%Y-%m-%d}; swap them")
        return self

    @field_validator("weekdays", mode="before")
    @classmethod
    def _are_numbers(cls, weekdays: Any) -> Any:
        if isinstance(weekdays, (list, tuple)) and not all(type(day) is int and day in _WEEKDAYS for day in weekdays):
            raise ValueError("weekdays are numbers: 1 is Monday, 7 is Sunday")
        return weekdays

    @field_validator("format")
    @classmethod
    def _has_directives(cls, form: str | None) -> str | None:
        if form is not None and "%" not in form:
            raise ValueError(
                f"{form!r} reads no date: write %d for the day, %m for the month and %Y for the year, as in %d/%m/%Y"
            )
        return form

    def expression(self) -> pl.Expr:
        """Compare the date and time with the limits.

        Returns
        -------
        polars.Expr
            Boolean per row; null where the column has no value.
        """
        moment = self._moment()
        compared = [] if self.weekdays is None else [moment.dt.weekday().is_in(list(self.weekdays))]
        compared += [moment > _start(self.after)] if self.after else []
        compared += [moment < _start(self.before)] if self.before else []
        compared += [moment >= _start(self.since)] if self.since else []
        compared += [moment <= _start(self.until)] if self.until else []
        return pl.all_horizontal(compared)

    def unread(self, table: pl.DataFrame) -> Unread | None:
        """Count the values that are no date in the form.

        Parameters
        ----------
        table
            The rows.

        Returns
        -------
        Unread or None
            None where the column is not there.
        """
        if self.column not in table.columns:
            return None
        text, read = self._text_and_moment()
        both = table.lazy().select(text=text, read=read).collect().filter(pl.col("text").str.strip_chars() != "")
        wrong = both.filter(pl.col("read").is_null())["text"]
        what = f"values of column {self.column!r} are no date in {self._form}"
        return Unread(len(wrong), both.height, wrong[0] if len(wrong) else "", what)

    @property
    def _form(self) -> str:
        return f"{self.format!r}" if self.format is not None else "ISO 8601 (2026-11-24)"

    def _text_and_moment(self) -> tuple[pl.Expr, pl.Expr]:
        text = pl.col(self.column).cast(pl.String)
        if self.format is not None:
            read = text.str.to_datetime(self.format, strict=False, time_unit="us")
        else:
            read = pl.coalesce(
                text.str.slice(0, length).str.to_datetime(pattern, strict=False, time_unit="us")
                for length, pattern in _ISO
            )
        return text, pl.when(read.dt.year() >= _LEAST_YEAR).then(read)

    def _moment(self) -> pl.Expr:
        return pl.map_batches(self._text_and_moment(), self._refuse_other_forms, return_dtype=pl.Datetime("us"))

    def _refuse_other_forms(self, columns: Sequence[pl.Series]) -> pl.Series:
        """The moments; an error where none of many texts is one, since a form that nobody named would abstain on all."""
        texts, moments = columns
        written = texts.drop_nulls()
        if len(written) >= _MANY and moments.null_count() == len(moments):
            raise ValueError(
                f"none of the {len(written)} values of column {self.column!r} is a date in {self._form}, such as {written[0]!r}: name their "
                f"form, {_likely_forms(written)}"
            )
        return moments


def _likely_forms(texts: pl.Series) -> str:
    """The forms in which all of the texts are dates; where day and month may be either, only a person knows."""
    fit = [
        form
        for form in (f"{day}{time}" for day in _FORMS for time in _TIMES)
        if not (read := texts.str.to_datetime(form, strict=False, time_unit="us")).null_count()
        and (read.dt.year() >= _LEAST_YEAR).all()
    ]
    if not fit:
        return "as in format: '%d/%m/%Y'"
    return f"format: {fit[0]!r}" if len(fit) == 1 else f"format: {' or '.join(map(repr, fit))}, which all values fit"


def _start(day: datetime | date) -> datetime:
    whole = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as the column
    return whole.replace(tzinfo=None)


def _of_moments(column: pl.Series) -> str:
    """What to do with a column of dates, times or durations."""
    if column.dtype == pl.Duration:
        return "make them numbers of one unit in the file, as in hours"
    if column.dtype == pl.Time:
        return "make them numbers of one unit in the file, as in hours since midnight"
    return "take kind: date"
