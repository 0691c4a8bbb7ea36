"""Keys and contents of a request's rows, with the checks that ingest makes."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from tidemill.contracts import DataError, RequestError
from tidemill.ingest import values
from tidemill.ingest.images import check_images, standard_images
from tidemill.ingest.settings import IngestSettings
from tidemill.readers.json_rows import unique_keys
from tidemill.readers.table import Table

BAD_ROW: Final = 422
BAD_BODY: Final = 400
TOO_LARGE: Final = 413


@dataclass(frozen=True)
class Rows:
    """Keys (None: the request gave none) and contents, text or bytes of images, in the order of the request."""

    keys: Sequence[str | None]
    contents: Sequence[Any]


def from_json(body: bytes, settings: IngestSettings, max_rows: int) -> Rows:
    """Read ``{"rows": [{"text": …, "key": …}, …]}``, or with ``image`` in base64; contents are not checked yet.

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
        Names the row that is not of this form.
    """
    try:
        content = json.loads(body, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:  # not UTF-8, no JSON, or a number of thousands of digits
        raise RequestError(f"the body is not JSON: {error}", status=BAD_BODY) from error
    rows = content.get("rows") if isinstance(content, dict) else None
    if not isinstance(rows, list) or set(content) != {"rows"}:
        form = f'{{"rows": [{{"{settings.modality}": …, "key": …}}]}}'
        raise RequestError(f"the body is not of the form {form}; key may be left out", status=BAD_BODY)
    refuse_many(len(rows), max_rows)
    pairs = [_pair(row, number, settings.modality) for number, row in enumerate(rows, start=1)]
    return Rows([key for key, _ in pairs], [item for _, item in pairs])


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


def _pair(row: object, number: int, modality: Literal["text", "image"]) -> tuple[str | None, Any]:
    if not isinstance(row, dict) or modality not in row or not set(row) <= {modality, "key"}:
        raise RequestError(f"row {number}: not an object with {modality}, and perhaps key", status=BAD_ROW, row=number)
    key, content = row.get("key"), row[modality]
    if not isinstance(key, str | None):
        raise RequestError(f"row {number}: key is {key!r}, not a string", status=BAD_ROW, row=number)
    if not isinstance(content, str):
        raise RequestError(f"row {number}: {modality} is {content!r:.40}, not a string", status=BAD_ROW, row=number)
    return key, content if modality == "text" else _decoded(content, number)


def _decoded(content: str, number: int) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"row {number}: image is not base64 ({error})", status=BAD_ROW, row=number) from error


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
        The same, images as ingest writes them.

    Raises
    ------
    RequestError
        Names the row, and what is wrong with it.
    """
    for number, (key, content) in enumerate(zip(rows.keys, rows.contents, strict=True), start=1):
        table = Table("request", {settings.modality: [content]}, [number], "row")
        try:
            (key or "").encode()
            if settings.modality == "text":
                values.texts(table, settings.model_copy(update={"text": "text"}))
                content.encode()
            else:
                check_images([content], ["image"], table, max_pixels=settings.max_pixels)
        except DataError as error:
            raise RequestError(str(error), status=BAD_ROW, row=number) from error
        except UnicodeEncodeError as error:
            raise RequestError(f"row {number}: half a character is no text", status=BAD_ROW, row=number) from error
    return rows if settings.modality == "text" else Rows(rows.keys, standard_images(rows.contents, settings))
