"""Guard: what a request must be before anything of the studio sees it, and what is said with every answer.

A page of a stranger in the same browser can reach 127.0.0.1: it may send requests there, and by DNS rebinding even
read answers. So the host must be this server's by its own name, the origin, where one is given, the same, and the path
begins with a token that nobody else knows.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from h11 import LocalProtocolError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BODY = 5 * 1024 * 1024
"""Bytes: a table of one's own. JSON is held shorter by who reads it."""
BODY_SECONDS = 20.0
"""Within which a body must have come."""
A_SECOND, AT_ONCE = 100.0, 300.0
"""Requests that are answered; module files come in a burst."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STEP_POLICY = "frame-ancestors 'self'"
"""Of the page of a step, which brings a policy of its own with the hashes of all that is in it."""
HEADERS = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}  # fmt: skip


class Rate:
    """So many a second, and some more at once."""

    def __init__(self, a_second: float, at_once: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second, self._at_once, self._clock = a_second, at_once, clock
        self._left, self._looked = at_once, clock()

    def take(self) -> bool:
        """Whether there is one more."""
        now = self._clock()
        self._left = min(self._at_once, self._left + (now - self._looked) * self._a_second)
        self._looked = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class Guard:
    """Around an ASGI application.

    Args:
        app: who answers what passes.
        token: with which paths begin.
        port: of this server, which stands in Host and Origin.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self._app, self._token = app, token.encode()
        self._hosts = {f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()}
        self._rate = Rate(A_SECOND, AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Who does not wait for an answer gets none; a body that is none has been answered by the server; and whose
        # body still comes when the studio ends is not waited for.
        ends = asyncio.CancelledError if scope["type"] == "http" else LocalProtocolError
        with suppress(ClientDisconnect, LocalProtocolError, ends):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope) if scope["type"] in ("http", "websocket") else None
        if refused:
            await _refuse(scope, send, *refused)
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message.get("headers", []), *_headers(message)]
                await send(message)

            await self._app(scope, _limited(receive), told)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the reason, if this is answered with no more than these."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "This server is 127.0.0.1 alone."
        if len(origins) > 1 or (origins and origins[0].lower() not in {b"http://" + host for host in self._hosts}):
            return 403, "This page is not the studio's."
        if scope["type"] == "websocket" and not origins and b"sec-fetch-site" in headers:
            return 403, "A browser says whose page it is."
        first = scope["path"].encode("utf-8", "replace").partition(b"/")[2].partition(b"/")[0]
        if not hmac.compare_digest(first, self._token):
            return 404, "There is nothing here. The studio's address stands where it was started."
        if not self._rate.take():
            return 429, "Too many requests at once."
        length = headers.get(b"content-length", [b"0"])[0]
        if length.isdigit() and int(length[:20]) > MOST_BODY:
            return 413, f"At most {MOST_BODY:,} bytes."
        return None


def _limited(receive: Receive) -> Receive:
    """The body, as far as it is no longer and no slower than any that is meant; who reads it raises the answer."""
    received, until = 0, time.monotonic() + BODY_SECONDS
    whole = False

    async def limited() -> Message:
        nonlocal received, whole
        if whole:  # what follows is the end of the connection, which may take its time
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0.001))
        except TimeoutError:
            raise HTTPException(408, f"The body has not come within {BODY_SECONDS:g} seconds.") from None
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if received > MOST_BODY:
                raise HTTPException(413, f"At most {MOST_BODY:,} bytes.")
        return message

    return limited


def _headers(message: Message) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in message.get("headers", [])}
    headers = {"content-security-policy": POLICY, **HEADERS}
    return [(name.encode(), value.encode()) for name, value in headers.items() if name.encode() not in given]


async def _refuse(scope: Scope, send: Send, status: int, why: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    body = why.encode()
    start: Message = {"type": "http.response.start", "status": status, "headers": [
        (b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]}  # fmt: skip
    start["headers"] += _headers(start)
    await send(start)
    await send({"type": "http.response.body", "body": body})
