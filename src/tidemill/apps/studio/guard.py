"""Who may ask the studio, and what a browser may load and send from its pages.

A page of another site must neither read nor change anything: its name is refused (``Host``), so is its origin (``Origin``,
``Sec-Fetch-Site``), and a request that changes something needs a header with a value that only our own page can have read.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidemill.apps.serve.hosts import is_allowed

COOKIE: Final = "tidemill_studio"
CSRF: Final = "x-tidemill-csrf"
MAX_BYTES: Final = 1_000_000
UPLOADS: Final = "/api/uploads"
MAX_UPLOAD_BYTES: Final = 1_000_000_000
REPORTS: Final = "/reports/"
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-same-origin allow-top-navigation-by-user-activation"
)
"""Pages of reports have styles of their own, and no script runs in them."""


@dataclass(frozen=True)
class Access:
    """What a request must show.

    Attributes
    ----------
    host
        Name or address that the studio listens on.
    token
        Secret that a browser gives once, in the address; None: nobody is asked.
    csrf
        Value of the header of requests that change something; drawn at the start.
    session
        Value of the cookie of a browser that has given the token; drawn at the start.
    """

    host: str
    token: str | None = None
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def refusal(self, method: str, headers: dict[str, str], path: str = "") -> tuple[int, str] | None:
        """Decide on a request.

        Parameters
        ----------
        method
            Its HTTP method.
        headers
            Its headers by lower-case name.
        path
            That is asked for.

        Returns
        -------
        tuple of int and str, or None
            Status and reason of a refusal; None: it may be answered.
        """
        host = headers.get("host", "")
        if not host or not is_allowed(host, [self.host]):
            return 421, f"the studio is not asked for as {host}"
        if not _is_same_origin(headers, host):
            return 403, "a page of another site asked"
        if self.token is not None and not _equal(_cookie(headers), self.session):
            return 401, "open the address with ?token=..., as the terminal shows it"
        return None if method in {"GET", "HEAD"} else self._refusal_of_change(headers, path)

    def _refusal_of_change(self, headers: dict[str, str], path: str) -> tuple[int, str] | None:
        is_upload = path == UPLOADS
        kind, most = ("application/octet-stream", MAX_UPLOAD_BYTES) if is_upload else ("application/json", MAX_BYTES)
        length = headers.get("content-length", "")
        if not _equal(headers.get(CSRF, ""), self.csrf):
            return 403, "the page is of an earlier start of the studio: load it again"
        if headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
            return 415, f"send {kind}"
        if not (length.isascii() and length.isdecimal()):
            return 411, "give the length of the content"
        return (413, f"more than {most:,} bytes") if int(length) > most else None

    def accepts(self, query: str) -> bool:
        """Tell whether the query of an address has the token.

        Parameters
        ----------
        query
            What follows the question mark.

        Returns
        -------
        bool
        """
        given = parse_qs(query, max_num_fields=10).get("token", [""])[0]
        return self.token is not None and _equal(given, self.token)


def _is_same_origin(headers: dict[str, str], host: str) -> bool:
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"} and not _is_link(headers):
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


def _is_link(headers: dict[str, str]) -> bool:
    """A link from elsewhere to a page is no more than typing its address."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _cookie(headers: dict[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


class Guard:
    """Refuses requests that may not be answered, and adds headers of safety to every answer."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one ASGI request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {"content-security-policy": _REPORT_POLICY} if scope["path"].startswith(REPORTS) else {}
                extra = [(name.encode(), value.encode()) for name, value in (_HEADERS | own).items()]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        answer = self._answer(scope, headers)
        await (answer or self.app)(scope, receive, safely)

    def _answer(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        refusal = self.access.refusal(scope["method"], headers, scope["path"])
        if refusal is None:
            return None
        status, reason = refusal
        if status == 401 and scope["path"] == "/" and self.access.accepts(scope["query_string"].decode("latin-1")):  # noqa: PLR2004
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, self.access.session, httponly=True, samesite="strict")
            return answer
        if scope["path"] == "/":
            return PlainTextResponse(f"Tidemill studio: {reason}\n", status)
        return JSONResponse({"error": reason}, status)
