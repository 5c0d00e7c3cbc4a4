"""The application: what lies behind the address, and the socket through which pages and the session talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from pellucid_studio import asked
from pellucid_studio.arrays import text_of
from pellucid_studio.catalogue import catalogue
from pellucid_studio.experiment import Refused
from pellucid_studio.guards import STEP_POLICY, App, Guard, Rate
from pellucid_studio.pages import Page, Pages
from pellucid_studio.session import Told

MOST_REFUSED = 20
"""Messages that are none, before a socket is closed."""
MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 60.0, 200.0
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".md": "text/plain",
    ".html": "text/html",
}


def application(token: str, port: int) -> tuple[App, Pages]:
    """The studio as an ASGI application below ``/token/``, and its pages."""
    studio = _Studio()

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        studio.pages.begin()
        yield
        await asyncio.to_thread(studio.pages.session.close)

    routes = [
        Route("/", studio.index),
        Route("/catalogue", studio.catalogue),
        Route("/check", studio.check, methods=["POST"]),
        Route("/step", studio.step),
        Route("/page/{name:path}", studio.file),
        WebSocketRoute("/live", studio.live),
    ]
    app = Starlette(routes=[Mount(f"/{token}", routes=routes)], lifespan=lifespan)
    return Guard(app, token, port), studio.pages


def page_files() -> dict[str, Path]:
    """All files of the page by their names in the address: a name that is not here is nowhere."""
    here = Path(str(files("pellucid_studio") / "page"))
    found = {path.relative_to(here).as_posix(): path for path in sorted(here.rglob("*")) if path.is_file()}
    found["latex.js"] = Path(str(files("pellucid.glassbox.page") / "assets" / "latex.js"))
    return found


class _Studio:
    """The handlers of requests."""

    def __init__(self) -> None:
        self.pages = Pages()
        self._files = page_files()

    async def index(self, request: Request) -> Response:
        return self._file("index.html")

    async def file(self, request: Request) -> Response:
        return self._file(request.path_params["name"])

    def _file(self, name: str) -> Response:
        path = self._files.get(name)
        if path is None:
            return PlainTextResponse("There is no such file.", 404)
        kind = TYPES.get(path.suffix) or guess_type(path.name)[0] or "application/octet-stream"
        return Response(path.read_bytes(), media_type=kind)

    async def catalogue(self, request: Request) -> Response:
        return JSONResponse(await asyncio.to_thread(catalogue))

    async def check(self, request: Request) -> Response:
        table = await _body(request, {"sections": (asked.is_table, True)})
        if isinstance(table, Response):
            return table
        return JSONResponse(await asyncio.to_thread(self._checked, table["sections"]))

    def _checked(self, sections: Any) -> dict[str, Any]:
        from pellucid_studio.checking import network_of

        try:
            return {"network": network_of(sections)}
        except Refused as refused:
            return {"errors": [mistake._asdict() for mistake in refused.mistakes]}

    async def step(self, request: Request) -> Response:
        try:
            text = await asyncio.to_thread(self.pages.session.step_page)
        except Refused as refused:
            return PlainTextResponse(refused.mistakes[0].text, 404)
        return HTMLResponse(text, headers={"content-security-policy": STEP_POLICY})

    # -- the socket ------------------------------------------------------------------------------------------------

    async def live(self, socket: WebSocket) -> None:
        page = self.pages.add()
        if page is None:
            await socket.close(1013, "Too many pages.")
            return
        await socket.accept()
        sender = asyncio.create_task(_send(socket, page))
        try:
            await self._receive(socket, page)
        except (WebSocketDisconnect, OSError, RuntimeError):  # it is gone, and the run goes on
            pass
        finally:
            sender.cancel()
            self.pages.remove(page)

    async def _receive(self, socket: WebSocket, page: Page) -> None:
        rate, refused = Rate(MESSAGES_A_SECOND, MESSAGES_AT_ONCE), 0
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                if not rate.take():
                    raise asked.Refused("too many messages a second.")
                await self._do(asked.read_message(message.get("text")), page)
            except asked.Refused as error:
                refused += 1
                page.tell(Told(text_of({"is": "refused", "text": str(error)})))
                if refused >= MOST_REFUSED:
                    await socket.close(1008, "Too many messages that are none.")
                    return

    async def _do(self, message: asked.Asked, page: Page) -> None:
        session, given = self.pages.session, message.given
        if message.do == "build":
            await _answered(page, session.build, given["sections"])
        elif message.do == "reset":
            await _answered(page, session.reset)
        elif message.do in ("train", "pause", "step", "sample"):
            session.do(message.do)  # type: ignore[arg-type]
        elif message.do == "speed":
            session.limit(given["steps"])
        elif message.do == "open":
            try:
                page.tell(Told(text_of({"is": "opened", "step": session.opened()})))
            except Refused as refused:
                _tell_mistakes(page, refused)
        elif message.do == "watch":
            for name in ("surface", "units", "sample"):
                setattr(page.watch, name, given.get(name, getattr(page.watch, name)))
            page.every = given.get("every", page.every)
            self.pages.watched()
        elif message.do == "ping":
            page.tell(Told('{"is":"pong"}'))


async def _send(socket: WebSocket, page: Page) -> None:
    try:
        while True:
            await socket.send_text(await page.next())
    except (WebSocketDisconnect, OSError, RuntimeError):
        return


async def _answered(page: Page, build: Any, *given: Any) -> None:
    try:
        await asyncio.to_thread(build, *given)
    except Refused as refused:
        _tell_mistakes(page, refused)


def _tell_mistakes(page: Page, refused: Refused) -> None:
    page.tell(Told(text_of({"is": "errors", "errors": [mistake._asdict() for mistake in refused.mistakes]})))


async def _body(request: Request, wanted: dict[str, tuple[asked.Check, bool]]) -> dict[str, Any] | Response:
    """The JSON of a body with these keys, or the answer that refuses it."""
    try:
        return asked.checked(asked.read_table(await request.body()), wanted, request.url.path.rpartition("/")[2])
    except asked.Refused as error:
        return JSONResponse({"errors": [{"path": "", "text": str(error)}]}, 400)
