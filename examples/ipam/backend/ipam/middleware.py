"""One ASGI middleware around every request: request id, access log, metrics."""

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import logs, metrics

logger = logging.getLogger("ipam.access")
ACCEPTED_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
QUIET_ROUTES = frozenset({"/api/health", "/metrics"})


class RequestContext:
    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = time.perf_counter()
        request_id = _request_id(Headers(scope=scope))
        token = logs.request_id.set(request_id)
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            _record(scope, status, time.perf_counter() - started)
            logs.request_id.reset(token)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if ACCEPTED_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _record(scope: Scope, status: int, seconds: float) -> None:
    # Without a route the path is the client's choice and must not become a label.
    route = getattr(scope.get("route"), "path", "unmatched")
    metrics.REQUESTS.labels(scope["method"], route, str(status)).inc()
    metrics.REQUEST_SECONDS.labels(scope["method"], route).observe(seconds)
    quiet = route in QUIET_ROUTES and status < 400
    logger.log(
        logging.DEBUG if quiet else logging.INFO,
        "request",
        extra={
            "fields": {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(seconds * 1000, 1),
                "client": scope["client"][0] if scope.get("client") else None,
                "user": scope.get("state", {}).get("username"),
            }
        },
    )
