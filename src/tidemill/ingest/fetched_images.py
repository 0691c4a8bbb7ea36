"""Images that a table names by URLs, fetched on request into a folder beside it, where every later reading finds them."""

from __future__ import annotations

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidemill.common.files import atomic_write
from tidemill.common.progress import progress
from tidemill.contracts import DataError

URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
FOLDER: Final = "fetched"
_SCHEMES: Final = ("http://", "https://")
_THREADS: Final = 8
_BLOCK: Final = 1 << 16


@dataclass(frozen=True)
class FetchLimits:
    """What one image may take.

    Parameters
    ----------
    megabytes
    seconds
        Of silence from the other side.
    """

    megabytes: int = 50
    seconds: float = 20.0


def fetched_name(url: str) -> str:
    """Path of the image of a URL, relative to the folder of the images.

    Parameters
    ----------
    url
        As the table has it.

    Returns
    -------
    str
        Below ``fetched/``, without a suffix.

    Examples
    --------
    >>> fetched_name("https://example.org/a.png")
    'fetched/077c887d094368c955d80cb3562e2e02'
    """
    return f"{FOLDER}/{hashlib.sha256(url.encode()).hexdigest()[:32]}"


def fetch_images(named: Iterable[object], folder: Path, limits: FetchLimits) -> tuple[int, dict[str, str]]:
    """Fetch the images of a table's URLs that are not there yet.

    Parameters
    ----------
    named
        Cells of its column of images; those that are no URLs are passed over.
    folder
        Of the images.
    limits
        Size and time of one image.

    Returns
    -------
    int
        Images that were fetched.
    dict of str to str
        Why each of the others was not, by its URL.
    """
    urls = [
        fromkey.strip() for fromkey in dict.fromkeys(named) if isinstance(fromkey, str) and URL.match(fromkey.strip())
    ]
    missing = [url for url in urls if not (folder / fetched_name(url)).exists()]
    with ThreadPoolExecutor(_THREADS) as threads:
        answers = threads.map(lambda url: _fetch(url, folder / fetched_name(url), limits), missing)
        together = zip(missing, answers, strict=True)
        outcomes = progress(together, total=len(missing), name="fetching images", unit="images")
        failed = {url: problem for url, problem in outcomes if problem is not None}
    return len(missing) - len(failed), failed


def _fetch(url: str, path: Path, limits: FetchLimits) -> str | None:
    """Fetch one image; the reason where that fails."""
    if not url.lower().startswith(_SCHEMES):
        return "is of another scheme than http and https"
    try:
        with _opener().open(url, timeout=limits.seconds) as answer:
            data = _limited(answer, limits.megabytes << 20)
    except (OSError, http.client.HTTPException, ValueError, DataError) as error:
        return f"cannot be fetched: {getattr(error, 'reason', error)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as part:
        part.write_bytes(data)
    return None


def _opener() -> urllib.request.OpenerDirector:
    """For http and https alone, also where one leads on to another."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "tidemill")]
    return opener


def _limited(answer: http.client.HTTPResponse, most: int) -> bytes:
    result = bytearray()
    while block := answer.read(_BLOCK):
        result += block
        if len(result) > most:
            raise DataError(f"it has more than {most >> 20} MB")
    return bytes(result)
