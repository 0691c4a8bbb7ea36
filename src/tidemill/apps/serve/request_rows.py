"""Keys and contents of a request's rows, with the checks that ingest makes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tidemill.common.spelling import closest, shown
from tidemill.contracts import DataError, RequestError
from tidemill.ingest import values
from tidemill.ingest.images import check_images, standard_images
from tidemill.ingest.row_errors import RowErrors
from tidemill.ingest.settings import IngestSettings
from tidemill.readers.cell_text import as_string
from tidemill.readers.json_rows import unique_keys, why_not_json
from tidemill.readers.table import Table

BAD_ROW: Final = 422
BAD_BODY: Final = 400
TOO_LARGE: Final = 413
_SHOWN: Final = 40


@dataclass(frozen=True)
class Rows:
    """Keys (None: the request gave none) and contents, text or bytes of images, in the order of the request.

    Parameters
    ----------
    keys, contents
        One for each row; the content of a row that cannot be taken may be anything.
    reasons
        Why rows cannot be taken, by their place, counted from 0.
    mentions
        Cells of the columns that list mentions, for each document of a relation problem that has such columns.
    """

    keys: Sequence[str | None]
    contents: Sequence[Any]
    reasons: Mapping[int, str] = field(default_factory=dict)
    mentions: Sequence[Mapping[str, object]] = ()

    @property
    def taken(self) -> list[int]:
        """Places of the rows that can be taken."""
        return [place for place in range(len(self.contents)) if place not in self.reasons]


def from_json(body: bytes, settings: IngestSettings, max_rows: int) -> Rows:
    """Read ``{"rows": [{"text": …, "key": …}, …]}``, or with ``image`` in base64; of contents only the type is checked.

    A document has beside its text the columns that list its mentions, where its problem has any.

    Parameters
    ----------
    body
        Body of the request.
    settings
        Settings of ingest.
    max_rows
        Rows that one request may have.

    Returns
    -------
    Rows
        Keys and contents of the rows.

    Raises
    ------
    RequestError
        Names the row that is not an object of this form.
    """
    try:
        content = json.loads(body, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:  # not UTF-8, no JSON, or a number of thousands of digits
        raise RequestError(f"the body is not JSON: {why_not_json(error)}", status=BAD_BODY) from error
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or set(content) != {"rows"}:
        form = f'{{"rows": [{{"{settings.modality}": …, "key": …}}]}}'
        raise RequestError(f"the body is not of the form {form}; key may be left out", status=BAD_BODY)
    refuse_many(len(rows), max_rows)
    names = () if settings.candidates is None else settings.candidates.columns
    pairs = [_pair(row, number, settings.modality, names) for number, row in enumerate(rows, start=1)]
    contents: list[Any] = []
    reasons: dict[int, str] = {}
    for place, (_, content) in enumerate(pairs):
        try:
            read = _content(content, settings.modality)
            contents.append(values.composed(read) if isinstance(read, str) and not names else read)
        except DataError as error:
            contents.append(None)
            reasons[place] = str(error)
    mentions = [{name: row[name] for name in names} for row in rows] if names else []
    return Rows([key for key, _ in pairs], contents, reasons, mentions)


def refuse_many(count: int, max_rows: int) -> None:
    """Refuse a request without rows, or with too many.

    Parameters
    ----------
    count
        Number of rows in the request.
    max_rows
        Rows that one request may have.

    Raises
    ------
    RequestError
        The count is 0 (status 400) or above the limit (status 413).
    """
    if not count:
        raise RequestError("the request has no rows", status=BAD_BODY)
    if count > max_rows:
        raise RequestError(f"{count} rows, at most {max_rows} in one request: send them in parts", status=TOO_LARGE)


def _pair(
    row: object, number: int, modality: Literal["text", "image"], mentions: Sequence[str]
) -> tuple[str | None, Any]:
    wanted = (modality, *mentions)
    if not isinstance(row, dict) or not set(wanted) <= set(row) <= {*wanted, "key"}:
        other = next((name for name in row if name not in {*wanted, "key"}), None) if isinstance(row, dict) else None
        near = None if other is None else closest(other, (*wanted, "key"), ignore_case=True)
        found = "" if other is None else f", but with {shown(other, _SHOWN)}{f'; did you mean {near}?' if near else ''}"
        raise RequestError(
            f"row {number}: not an object with {', '.join(wanted)}, and perhaps key{found}", status=BAD_ROW, row=number
        )
    key, content = row.get("key"), row[modality]
    if not isinstance(key, str | None):
        raise RequestError(f"row {number}: key is {key!r}, not a string", status=BAD_ROW, row=number)
    return key, content


def _content(content: object, modality: Literal["text", "image"]) -> str | bytes:
    if modality == "text" and isinstance(content, bool | int | float) and not values.is_missing(content):
        return as_string(content)  # as in a file of rows
    if not isinstance(content, str):
        raise DataError(f"{modality} is {content!r:.40}, not a string")
    if modality == "text":
        return content
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"image is not base64 ({error})") from error


def checked_rows(rows: Rows, settings: IngestSettings) -> Rows:
    """Check that each row is one that ingest would accept.

    Parameters
    ----------
    rows
        Keys and contents of the request's rows.
    settings
        Settings of ingest.

    Returns
    -------
    Rows
        The same, with the reasons of all rows that cannot be taken, images as ingest writes them.

    Raises
    ------
    RequestError
        No row can be taken, or the key of one is damaged; names the row, and what is wrong with it.
    """
    reasons = dict(rows.reasons)
    for place, key in enumerate(rows.keys):
        if not _is_text(key or ""):
            raise RequestError(
                f"row {place + 1}: key holds half of a character, cut inside one", status=BAD_ROW, row=place + 1
            )
    for place in rows.taken:
        reason = _reason(rows.contents[place], settings)
        if reason is not None:
            reasons[place] = reason
    if len(reasons) == len(rows.contents):
        raise RequestError(f"row 1: {reasons[0]}", status=BAD_ROW, row=1)
    checked = Rows(rows.keys, list(rows.contents), reasons, rows.mentions)
    return checked if settings.modality == "text" else _standard(checked, settings)


def _reason(content: Any, settings: IngestSettings) -> str | None:
    table = Table("request", {settings.modality: [content]}, [1], "row")
    errors = RowErrors(table, "quarantine")
    if settings.modality == "image":
        check_images(
            [content],
            ["image"],
            table,
            max_pixels=settings.max_pixels,
            background=settings.image_background,
            errors=errors,
        )
    elif not _is_text(content):
        return "half a character is no text"
    else:
        values.texts(table, settings.model_copy(update={"text": "text"}), errors)
    return errors.reasons.get(0)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _standard(rows: Rows, settings: IngestSettings) -> Rows:
    contents = list(rows.contents)
    for place, content in zip(rows.taken, standard_images([contents[k] for k in rows.taken], settings), strict=True):
        contents[place] = content
    return Rows(rows.keys, contents, rows.reasons)
