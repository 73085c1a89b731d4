"""Who may ask, and how much: the checks in front of every request, as an ASGI middleware.

A page on this machine can be asked by every web page that its user looks at. So the ``Host`` must
be a name of this machine (else a stranger's domain that suddenly resolves to 127.0.0.1 could read
the answers), and an ``Origin``, where a browser sends one, must be the page itself. On an interface
that others reach, whoever asks needs the token.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from serkit.web.limits import Limits

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

COOKIE = "serkit-token"

HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        b"worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
    (b"cache-control", b"no-store"),
)
"""Headers of every response."""

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        hosts: Accepted host names, without port; None accepts any, for an interface that others
            reach.
        token: Token that clients must send; None if only this machine has access.
    """

    hosts: frozenset[str] | None = _LOCAL
    token: str | None = None

    def refusal(self, scope: Mapping[str, Any]) -> tuple[int, str] | None:
        """Return status and sentence where a request is refused, else None."""
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        host = headers.get("host", "")
        name = _host_name(host)
        if self.hosts is not None and name not in self.hosts:
            return 421, f"this server is not called {name[:60]!r}; ask for localhost"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "another site may not ask this server"
        if headers.get("sec-fetch-site") == "cross-site" and scope["method"] != "GET":
            return 403, "another site may not ask this server"
        if self.token is not None and not self._shows_token(scope, headers):
            return 401, "a token is needed; open the address that 'serkit serve' printed"
        return None

    def _shows_token(self, scope: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            cookies = SimpleCookie()
        shown = [
            *query.get("token", ()),
            headers.get("authorization", "").removeprefix("Bearer "),
            *([cookies[COOKIE].value] if COOKIE in cookies else []),
        ]
        expected = str(self.token).encode()
        return any(secrets.compare_digest(each.encode(), expected) for each in shown)


def _host_name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


class Guard:
    """Middleware that rejects requests without access.

    Args:
        app: The application behind it.
        access: Who may ask.
        limits: How much.
    """

    def __init__(self, app: App, access: Access, limits: Limits) -> None:
        self._app = app
        self._access = access
        self._limits = limits
        self._turn = asyncio.Semaphore(limits.at_work)
        self._waiting = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # no WebSockets here
            return
        refused = self._too_large(scope) or self._access.refusal(scope)
        if refused:
            await _answer(send, *refused)
        elif scope["method"] == "POST":
            await self._in_turn(scope, receive, send)
        else:
            await self._app(scope, receive, self._adding(scope, send))

    async def _in_turn(self, scope: Message, receive: Receive, send: Send) -> None:
        """Compute a few requests at a time; others wait with their uploads in memory."""
        if self._waiting >= self._limits.waiting:
            await _answer(send, 503, "too many ask at once; try again in a few seconds")
            return
        self._waiting += 1
        try:
            body = await self._body(receive)
            if isinstance(body, tuple):
                await _answer(send, *body)
                return
            async with self._turn:
                await self._app(scope, _replaying(body, receive), self._adding(scope, send))
        finally:
            self._waiting -= 1

    def _too_large(self, scope: Mapping[str, Any]) -> tuple[int, str] | None:
        most = self._limits.header_bytes
        if sum(len(name) + len(value) for name, value in scope["headers"]) > most:
            return 431, f"the headers of a request may have {most / 2**10:g} KiB"
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit():
            return 400, "Content-Length is no number"
        return self._excess() if int(length) > self._limits.bytes else None

    def _excess(self) -> tuple[int, str]:
        return 413, f"an upload may have {self._limits.bytes / 2**20:g} MiB; cut the recording"

    async def _body(self, receive: Receive) -> bytes | tuple[int, str]:
        """Return the upload, or status and message if it is too large or too slow."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return 400, "the upload broke off"
                    part = message.get("body", b"")
                    size += len(part)
                    if size > self._limits.bytes:
                        return self._excess()
                    parts.append(part)
                    if not message.get("more_body"):
                        return b"".join(parts)
        except TimeoutError:
            return 408, f"the upload took longer than {self._limits.upload_seconds:g} s"

    def _adding(self, scope: Mapping[str, Any], send: Send) -> Send:
        """Add headers to every response, and the token as a cookie to the page."""
        extra = list(HEADERS)
        if self._access.token is not None and scope["path"] == "/":
            cookie = f"{COOKIE}={self._access.token}; HttpOnly; SameSite=Strict; Path=/"
            extra.append((b"set-cookie", cookie.encode()))

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        return adding


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that returns a body that has already been read."""
    handed = False

    async def replay() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _answer(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": "refused", "message": message}).encode()
    headers = [(b"content-type", b"application/json"), *HEADERS]
    headers += [(b"retry-after", b"5")] if status == 503 else []
    headers += [(b"www-authenticate", b"Bearer")] if status == 401 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
