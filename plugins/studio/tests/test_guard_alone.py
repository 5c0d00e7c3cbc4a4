"""The guard alone, around an application that says what it was given: refusals, bodies and headers to the byte."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid_studio import guards
from pellucid_studio.guards import BODY_SECONDS, HEADERS, MOST_BODY, POLICY, Guard, _limited
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

HOST = (b"host", b"127.0.0.1:80")
Messages = list[dict[str, Any]]


def answered(
    *headers: tuple[bytes, bytes], path: str = "/token/x", kind: str = "http", host: tuple[bytes, bytes] | None = HOST,
    response: dict[str, Any] | None = None,
) -> Messages:  # fmt: skip
    """What comes of one request: what the application passes on, where it is asked."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(dict(response or {"type": f"{kind}.response.start", "status": 200}))

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads")

    sent: Messages = []
    scope = {"type": kind, "path": path, "headers": [*([host] if host else []), *headers]}
    asyncio.run(Guard(app, "token", 80)(scope, receive, send))
    return sent


def status(*headers: tuple[bytes, bytes], **more: Any) -> Any:
    return answered(*headers, **more)[0].get("status")


def test_a_refusal_is_a_whole_answer_in_plain_words() -> None:
    start, body = answered(host=None)
    headers = dict(start["headers"])
    assert body == {"type": "http.response.body", "body": b"This server is 127.0.0.1 alone."}
    assert start["type"] == "http.response.start" and start["status"] == 421
    assert headers.pop(b"content-type") == b"text/plain; charset=utf-8" and headers.pop(b"connection") == b"close"
    assert headers.pop(b"content-length") == b"31"
    own = {"content-security-policy": POLICY, **HEADERS}
    assert headers == {name.encode(): value.encode() for name, value in own.items()}


def test_a_socket_that_is_refused_is_closed_with_a_reason() -> None:
    (closed,) = answered(path="/other/live", kind="websocket")
    assert closed == {
        "type": "websocket.close", "code": 1008,
        "reason": "There is nothing here. The studio's address stands where it was started.",
    }  # fmt: skip


def test_a_socket_is_passed_on_and_its_messages_as_they_are() -> None:
    response = {"type": "websocket.accept", "headers": [(b"a", b"b")]}
    assert answered((b"origin", b"http://localhost:80"), kind="websocket", response=response) == [response]
    assert answered(kind="websocket", response=response) == [response]


def test_what_is_neither_a_request_nor_a_socket_is_passed_on() -> None:
    assert answered(kind="lifespan", host=None, path="") == [{"type": "lifespan.response.start", "status": 200}]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([], 200), ([HOST], 421), ([(b"HOST", b"127.0.0.1:80")], 421), ([(b"origin", b"http://127.0.0.1:80")], 200),
        ([(b"Origin", b"HTTP://LOCALHOST:80")], 200), ([(b"origin", b"http://127.0.0.1:81")], 403),
        ([(b"origin", b"http://127.0.0.1:80")] * 2, 403), ([(b"sec-fetch-site", b"none")], 200),
    ],
)  # fmt: skip
def test_host_and_origin_are_given_once_and_are_this_servers(headers: Any, said: int) -> None:
    assert status(*headers) == said


def test_a_socket_of_a_browser_says_whose_page_it_is() -> None:
    site = (b"sec-fetch-site", b"cross-site")
    (closed,) = answered(site, kind="websocket")
    assert (closed["code"], closed["reason"]) == (1008, "A browser says whose page it is.")
    response = {"type": "websocket.accept"}
    assert answered(site, (b"origin", b"http://127.0.0.1:80"), kind="websocket", response=response) == [response]


@pytest.mark.parametrize("path", ["/token", "/token/", "/token/a/b"])
def test_the_token_is_the_first_part_of_the_path(path: str) -> None:
    assert status(path=path) == 200


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (b"0", 200), (str(MOST_BODY).encode(), 200), (str(MOST_BODY + 1).encode(), 413), (b"9" * 5000, 413),
        (b"-1", 200), (b"x", 200), (b"", 200),
    ],
)  # fmt: skip
def test_a_length_that_is_too_large_is_refused(length: bytes, said: int) -> None:
    assert status((b"Content-Length", length)) == said
    if said == 413:
        assert answered((b"content-length", length))[1]["body"] == b"At most 5,242,880 bytes."


def test_requests_are_counted_once_they_have_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "A_SECOND", 0.0)
    monkeypatch.setattr(guards, "AT_ONCE", 2.0)
    passed: Messages = []

    async def tried() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200})

        async def send(message: Any) -> None:
            passed.append(message)

        guard = Guard(app, "token", 80)
        for path in ("/x", "/x", "/x", "/token/", "/token/", "/token/", "/x"):
            await guard({"type": "http", "path": path, "headers": [HOST]}, send, send)  # type: ignore[arg-type]

    asyncio.run(tried())
    said = [message["status"] for message in passed if "status" in message]
    assert said == [404, 404, 404, 200, 200, 429, 404]


def test_headers_that_an_answer_brings_are_kept_and_all_others_added() -> None:
    given = [(b"Content-Security-Policy", b"own"), (b"Cache-Control", b"max-age=1"), (b"a", b"b")]
    response = {"type": "http.response.start", "status": 200, "headers": given}
    (start,) = answered(response=response)
    assert start["headers"][:3] == given
    own = {name: value for name, value in HEADERS.items() if name != "cache-control"}
    assert start["headers"][3:] == [(name.encode(), value.encode()) for name, value in own.items()]
    body = {"type": "http.response.body", "body": b"x"}
    assert answered(response=body) == [body]


# -- bodies ------------------------------------------------------------------------------------------------------------


def received(*messages: dict[str, Any], reads: int | None = None) -> Messages:
    """What comes through of these messages, in so many reads."""
    waiting = list(messages)

    async def receive() -> Any:
        return waiting.pop(0)

    async def read() -> Messages:
        limited = _limited(receive)
        return [dict(await limited()) for _ in range(len(messages) if reads is None else reads)]

    return asyncio.run(read())


def part(size: int, more: bool | None = None) -> dict[str, Any]:
    return {"type": "http.request", "body": bytes(size)} | ({} if more is None else {"more_body": more})


@pytest.mark.parametrize(
    "parts",
    [
        [part(MOST_BODY)], [part(MOST_BODY - 3, True), part(3, False)], [part(MOST_BODY, True), part(0)],
        [{"type": "http.request"}], [part(7, True), {"type": "http.disconnect"}],
    ],
)  # fmt: skip
def test_a_body_of_the_most_bytes_comes_through(parts: Messages) -> None:
    assert received(*parts) == parts


@pytest.mark.parametrize(
    "parts", [[part(MOST_BODY + 1)], [part(MOST_BODY, True), part(1, True)], [part(MOST_BODY, True), part(1)]]
)
def test_one_byte_more_is_refused(parts: Messages) -> None:
    with pytest.raises(HTTPException) as refused:
        received(*parts)
    assert (refused.value.status_code, refused.value.detail) == (413, "At most 5,242,880 bytes.")
    assert received(*parts, reads=len(parts) - 1) == parts[:-1]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the guard's clock shows; and in the others how long each part was waited for."""
    shown = [100.0]

    async def wait_for(waited: Any, seconds: float) -> Any:
        shown.append(seconds)
        return await asyncio.wait_for(waited, seconds)

    monkeypatch.setattr(guards, "time", SimpleNamespace(monotonic=lambda: shown[0]))
    loop = {name: getattr(asyncio, name) for name in ("CancelledError", "TimeoutError")}
    monkeypatch.setattr(guards, "asyncio", SimpleNamespace(wait_for=wait_for, **loop))
    return shown


def test_all_of_a_body_must_have_come_within_its_time(now: list[float]) -> None:
    async def tried() -> None:
        parts = [part(1, True), part(1, True), part(1, False), {"type": "http.disconnect"}]

        async def receive() -> Any:
            if len(parts) == 2:
                now[0] += 7.5
            return parts.pop(0)

        limited = _limited(receive)
        now[0] += 5.0
        await limited()
        now[0] += 2.5
        await limited()
        assert now[1:] == [BODY_SECONDS - 5.0, BODY_SECONDS - 7.5]
        now[0] += 1e6
        await limited()
        assert now[3:] == [0.001]
        await limited()
        assert now[3:] == [0.001], "the end of the connection may take its time"

    asyncio.run(tried())


def test_a_body_that_does_not_come_is_refused(now: list[float]) -> None:
    async def never() -> Any:
        await asyncio.sleep(60)

    async def tried() -> None:
        limited = _limited(never)
        now[0] += BODY_SECONDS
        await limited()

    with pytest.raises(HTTPException) as refused:
        asyncio.run(tried())
    assert refused.value.status_code == 408 and refused.value.detail == "The body has not come within 20 seconds."


@pytest.mark.parametrize(
    ("kind", "raised", "ends"),
    [
        ("http", ClientDisconnect, True), ("http", asyncio.CancelledError, True), ("http", ValueError, False),
        ("websocket", asyncio.CancelledError, False), ("websocket", ClientDisconnect, True),
    ],
)  # fmt: skip
def test_who_does_not_wait_for_an_answer_gets_none(kind: str, raised: type[BaseException], ends: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise raised

    async def tried() -> str:
        scope = {"type": kind, "path": "/token/", "headers": [HOST]}
        try:
            await Guard(app, "token", 80)(scope, None, None)  # type: ignore[arg-type]
        except BaseException as error:
            return type(error).__name__
        return ""

    assert asyncio.run(tried()) == ("" if ends else raised.__name__)
