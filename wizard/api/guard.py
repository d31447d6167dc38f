"""What holds for every request and every answer, before and after any route.

- Host, size, content type and token are judged before a body is read.
- Every answer has the security headers, errors included; nothing allows another origin.
- An error that nobody expected is logged by type and place only: its text may quote anything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from wizard import freed
from wizard.api.problems import problem
from wizard.diagnostics import fault_id
from wizard.refusals import InvalidRequest

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from wizard.api.callers import Gate

MAXIMUM_BODY = 256 * 1024
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
_HAS_BODY = frozenset({"POST", "PUT", "PATCH"})
_UNROUTED = "unrouted"
_LET_GO_SECONDS = 0.1

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000"}
DEVELOPMENT = {"Datafold-Warning": "development configuration, not for data that matters"}

log = logging.getLogger("wizard.api")


@dataclass(slots=True)
class _Overwriting:
    """Freed memory, overwritten a moment after each request; once for all of the same moment.

    It takes milliseconds, and anybody can ask: without a token, and thousands of times a second.
    """

    due: bool = False
    again: bool = False

    def ask(self) -> None:
        """See to it that what is freed within a moment is overwritten soon after."""
        self.again = self.due
        if not self.due:
            self.due = True
            asyncio.get_running_loop().call_later(_LET_GO_SECONDS, self._now)

    def _now(self) -> None:
        self.due = False
        freed.overwrite()
        if self.again:
            self.ask()


@dataclass(slots=True)
class Guard:
    """ASGI middleware around the whole application."""

    app: ASGIApp
    gate: Gate
    hosts: frozenset[str]
    headers: dict[str, str]
    count: Callable[[str, str, int], None]
    _raw: list[tuple[bytes, bytes]] = field(init=False)
    _overwriting: _Overwriting = field(default_factory=_Overwriting)

    def __post_init__(self) -> None:
        self._raw = [
            (name.lower().encode(), value.encode()) for name, value in self.headers.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send, self._raw)
        try:
            self._judge(scope)
            await self.app(scope, _limited(receive), answer)
        except Exception as error:
            if answer.status:
                raise
            if not isinstance(error, HTTPException) and problem(error).status >= 500:  # noqa: PLR2004
                # Not exception(): a traceback quotes the error, and that may quote a secret.
                log.error("%s %s: %s", scope["method"], _route(scope), fault_id(error))  # noqa: TRY400
            await problem(error).response()(scope, receive, answer)
        finally:
            self._note(scope, answer.status)
            if scope["method"] in _HAS_BODY:
                # Not now: the server still holds the body. What it was parsed into cannot be wiped.
                self._overwriting.ask()

    def _judge(self, scope: Scope) -> None:
        given = {name: value for name, value in scope["headers"] if name in _WANTED}
        host = given.get(b"host", b"").decode("latin-1").lower()
        if "*" not in self.hosts and _without_port(host) not in self.hosts:
            raise InvalidRequest("The Host header is not one of this node's.", http_status=400)
        length = given.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 12 or int(length) > MAXIMUM_BODY:  # noqa: PLR2004
            raise HTTPException(413)
        if scope["path"] in OPEN_PATHS:
            return
        authorization = given.get(b"authorization", b"").decode("latin-1")
        caller = self.gate.caller(authorization, _peer(scope))
        scope.setdefault("state", {})["caller"] = caller
        if scope["method"] in _HAS_BODY and not _is_json(given.get(b"content-type", b"")):
            raise HTTPException(415)

    def _note(self, scope: Scope, status: int) -> None:
        self.count(
            scope["method"] if scope["method"] in _METHODS else "other", _route(scope), status
        )
        if scope["method"] in {"GET", "HEAD"}:
            return
        caller = scope.get("state", {}).get("caller")
        who = "nobody" if caller is None else caller.name
        log.info("%s %s by %s: %s", scope["method"], _route(scope), who, status)


_WANTED = frozenset({b"host", b"content-length", b"content-type", b"authorization"})
_METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"})


class _Answer:
    """Adds the headers on the way out."""

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._headers]
        await self._send(message)


def _limited(receive: Receive) -> Receive:
    """Count the bytes of a body whose length nobody has announced."""
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        if message["type"] == "http.request":
            read += len(message.get("body", b""))
            if read > MAXIMUM_BODY:
                raise HTTPException(413)
        return message

    return counted


def _is_json(content_type: bytes) -> bool:
    kind, _, parameters = content_type.decode("latin-1").lower().partition(";")
    return kind.strip() == "application/json" and parameters.strip() in {"", "charset=utf-8"}


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() and not name.endswith(":") else host


def _peer(scope: Scope) -> int | None:
    """Return the user at the other end of a unix socket, as the kernel tells it."""
    client: Any = scope.get("client")
    if client and str(client[0]).startswith("uid:"):
        return int(client[0].removeprefix("uid:"))
    return None


def _route(scope: Scope) -> str:
    # The template, never the path: a client chooses that.
    route = scope.get("route")
    return getattr(route, "path", _UNROUTED) if route is not None else _UNROUTED
