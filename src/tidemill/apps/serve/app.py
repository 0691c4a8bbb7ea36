"""The web application of a model; imported only to serve, for FastAPI takes its time."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidemill.apps.serve.answers import Answering, Body
from tidemill.apps.serve.hosts import is_allowed
from tidemill.apps.serve.request_queue import BusyError
from tidemill.apps.serve.request_rows import BAD_BODY, TOO_LARGE, refuse_many
from tidemill.apps.serve.settings import ServiceSettings
from tidemill.contracts import RequestError, TidemillError
from tidemill.ingest.settings import IngestSettings

_WRONG_TYPE: Final = 415
_SLOW: Final = 408
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})
"""Of a request with both, a proxy before the service may have counted by the other."""
_MALFORMED: Final = 400
_MISDIRECTED: Final = 421
_FAILED: Final = 500
_SECONDS: Final = "1"
"""After which a request is sent again; it waits itself for a model that is loaded."""


def application(
    queue: Answering, ingest: IngestSettings, settings: ServiceSettings, lineage: Mapping[str, Any]
) -> FastAPI:
    """Make the application: GET /health, GET /version, POST /predict; errors are JSON.

    Parameters
    ----------
    queue
        What answers requests, in this process or another.
    ingest
        What a row must be.
    settings
        Limits of size and time.
    lineage
        What ``GET /version`` answers.

    Returns
    -------
    fastapi.FastAPI
        To be run by an ASGI server.
    """
    service = FastAPI(title="Tidemill", docs_url=None, redoc_url=None, openapi_url=None)  # their pages need the network
    hosts = (settings.host, *settings.allowed_hosts)
    service.add_middleware(RequestGate, max_bytes=settings.max_bytes, hosts=hosts)
    _errors(service)

    @service.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok", "version": queue.version}

    @service.get("/version")
    async def version() -> dict[str, Any]:
        return dict(lineage)

    @service.post("/predict")
    async def predict(request: Request) -> Response:
        start = time.monotonic()
        try:
            async with asyncio.timeout(settings.seconds):
                body = await _body(request, ingest, settings.max_rows)
        except TimeoutError as error:
            raise RequestError(f"the body did not arrive in {settings.seconds:g} seconds", status=_SLOW) from error
        answer = await run_in_threadpool(queue.answer, body, start)
        request.state.rows = answer.rows
        return Response(answer.content, media_type="application/json")

    return service


async def _body(request: Request, ingest: IngestSettings, max_rows: int) -> Body:
    """JSON, or of images a form with a file for each."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed not in {"", "identity"}:
        raise RequestError(f"content encoding {packed}: send the body unpacked", status=_WRONG_TYPE)
    charset = _CHARSET.search(request.headers.get("content-type", ""))
    if charset is not None and charset[1].lower() not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        raise RequestError(f"charset {charset[1]}: send the body in UTF-8", status=_WRONG_TYPE)
    if kind == "application/json":
        return Body(None, (await request.body(),))
    if kind == "multipart/form-data" and ingest.modality == "image":
        async with request.form(max_files=max_rows + 1, max_fields=0) as form:
            files = [part for _, part in form.multi_items() if isinstance(part, UploadFile)]
            refuse_many(len(files), max_rows)
            return Body([file.filename or None for file in files], [await file.read() for file in files])
    wanted = "application/json" + (" or multipart/form-data" if ingest.modality == "image" else "")
    raise RequestError(f"content type {kind or 'none'} is not {wanted}", status=_WRONG_TYPE)


def _errors(service: FastAPI) -> None:
    """Of its own failures the application reports no more than that."""

    @service.exception_handler(TidemillError)
    async def refused(_: Request, error: TidemillError) -> JSONResponse:
        status, row = (error.status, error.row) if isinstance(error, RequestError) else (BAD_BODY, None)
        response = _error_response(status, str(error), row)
        if isinstance(error, BusyError):
            response.headers["Retry-After"] = _SECONDS
        return response

    @service.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> JSONResponse:
        return _error_response(_MALFORMED, "the connection was closed within the request", None)

    @service.exception_handler(HTTPException)
    async def unknown(_: Request, error: HTTPException) -> JSONResponse:
        return _error_response(error.status_code, str(error.detail), None)

    @service.exception_handler(Exception)
    async def failed(_: Request, __: Exception) -> JSONResponse:
        return _error_response(_FAILED, "the service failed; its log says how", None)


def _error_response(status: int, message: str, row: int | None) -> JSONResponse:
    return JSONResponse({"error": {"message": message} | ({} if row is None else {"row": row})}, status)


class RequestGate:
    """Lets in requests for the service's own names, of no more bytes than they may bring; tells each request in a line.

    A request HEAD is answered as GET is, without the body.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int, hosts: Sequence[str]) -> None:
        self.app, self.max_bytes, self.hosts = app, max_bytes, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one ASGI request, and log it on standard error."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, brought, status = time.monotonic(), 0, _FAILED

        async def counted() -> Message:
            nonlocal brought
            self._refuse(int(dict(scope["headers"]).get(b"content-length", b"0")))
            message = await receive()
            brought += len(message.get("body", b""))
            self._refuse(brought)
            return message

        async def answered(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            if (
                is_head and message["type"] == "http.response.start"
            ):  # a client that waits for a body sees that none comes
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        is_head = scope["method"] == "HEAD"
        inner: Scope = {**scope, "method": "GET"} if is_head else scope
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        try:
            if headers.keys() >= _LENGTHS:
                message = "the request has both Content-Length and Transfer-Encoding: send one of them"
                refusal = _error_response(_MALFORMED, message, None)
                refusal.headers["Connection"] = (
                    "close"  # where the next request begins is not known either (RFC 9112, 6.1)
                )
                await refusal(inner, counted, answered)
            elif is_allowed(host, self.hosts):
                await self.app(inner, counted, answered)
            else:
                message = f"this service is not asked for as {host}: tidemill serve --allowed-host allows another name"
                await _error_response(_MISDIRECTED, message, None)(inner, counted, answered)
        finally:
            rows = scope.get("state", {}).get("rows")
            text = f" {rows} rows" if rows else ""
            seconds = time.monotonic() - start
            line = f"{scope['method']} {json.dumps(scope['path'])[1:-1]} {status}{text} {seconds:.3f} s"
            print(line, file=sys.stderr, flush=True)

    def _refuse(self, size: int) -> None:
        if size > self.max_bytes:
            raise RequestError(f"more than {self.max_bytes} bytes in one request: send it in parts", status=TOO_LARGE)
