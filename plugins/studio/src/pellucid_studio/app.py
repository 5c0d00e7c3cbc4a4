"""The application: what lies behind the address, and the socket through which pages and the session talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from typing import Any

from pellucid import Viewed
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from pellucid_studio import asked
from pellucid_studio.arrays import text_of
from pellucid_studio.aside import Aside
from pellucid_studio.catalogue import catalogue
from pellucid_studio.checking import checked
from pellucid_studio.experiment import Refused, made_of, refusing
from pellucid_studio.guards import STEP_POLICY, App, Guard, Rate
from pellucid_studio.pages import Page, Pages
from pellucid_studio.session import Told
from pellucid_studio.table import give
from pellucid_studio.viewing import Viewing
from pellucid_studio.written import python_of, toml_of

MOST_REFUSED = 20
"""Messages that are none, before a socket is closed."""
MOST_ASKED = 16
"""Views that one page shows at once."""
MOST_ASIDE = 6
"""Networks and tables that are made at once; and as many other answers."""
MESSAGES_A_SECOND, MESSAGES_AT_ONCE = 60.0, 200.0
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".md": "text/plain",
    ".html": "text/html",
}


def application(token: str, port: int, runs: Sequence[Viewed] = ()) -> tuple[App, Pages]:
    """The studio as an ASGI application below ``/token/``, and its pages.

    Args:
        runs: trained models to look at.
    """
    studio = _Studio(runs)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        studio.pages.begin()
        yield
        studio.pages.session.close()

    routes = [
        Route("/", studio.index),
        Route("/catalogue", studio.catalogue),
        Route("/check", studio.check, methods=["POST"]),
        Route("/written", studio.written, methods=["POST"]),
        Route("/table", studio.table, methods=["POST"]),
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

    def __init__(self, runs: Sequence[Viewed]) -> None:
        self.pages = Pages()
        self.viewing = Viewing(runs, self.pages.session.viewed)
        self.pages.session.views_of = self.viewing.of_live
        self._files = page_files()
        self._reading, self._making = Aside(MOST_ASIDE), Aside(MOST_ASIDE)
        self._catalogue = ""

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
        try:
            self._catalogue = self._catalogue or await self._reading(self._listed)
        except Refused as refused:
            return PlainTextResponse(refused.mistakes[0].text, 503)
        return Response(self._catalogue, media_type="application/json")

    def _listed(self) -> str:
        """All that is installed, which stays as it is while this process runs."""
        return text_of(catalogue() | self.viewing.catalogue())

    async def check(self, request: Request) -> Response:
        table = await _body(request, {"sections": (asked.is_table, True)})
        if isinstance(table, Response):
            return table
        return await self._answer(self._making, checked, table["sections"])

    async def written(self, request: Request) -> Response:
        table = await _body(request, {"sections": (asked.is_table, True)})
        if isinstance(table, Response):
            return table
        return await self._answer(self._making, self._written, table["sections"])

    def _written(self, sections: Any) -> dict[str, Any]:
        present = self.pages.session.ready
        ready = present if present is not None and present.sections == sections else made_of(sections)
        with refusing():
            return {"toml": toml_of(sections), "python": python_of(ready)}

    async def table(self, request: Request) -> Response:
        text = await request.body()
        return await self._answer(self._making, self._given, request.headers.get("x-name", "table.csv"), text)

    def _given(self, name: str, text: bytes) -> dict[str, Any]:
        with refusing():
            return {"data": {"type": "studio/own_table", "name": give(name, text)}}

    async def _answer(self, aside: Aside, function: Callable[..., dict[str, Any]], *given: Any) -> Response:
        try:
            return JSONResponse(await aside(function, *given))
        except Refused as refused:
            return JSONResponse({"errors": [mistake._asdict() for mistake in refused.mistakes]})

    async def step(self, request: Request) -> Response:
        try:
            text = await self._reading(self.pages.session.step_page)
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
            await self._build(page, session.build, given["sections"])
        elif message.do == "reset":
            await self._build(page, session.reset)
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
        elif message.do == "view":
            self._ask(page, **given)
        elif message.do == "leave":
            page.leave(given["id"])
        elif message.do == "ping":
            page.tell(Told('{"is":"pong"}'))

    async def _build(self, page: Page, build: Callable[..., None], *given: Any) -> None:
        try:
            await self._making(build, *given)
        except Refused as refused:
            _tell_mistakes(page, refused)

    def _ask(self, page: Page, id: int, view: str, run: Any, values: dict[str, Any]) -> None:
        if id not in page.asked and len(page.asked) >= MOST_ASKED:
            raise asked.Refused(f"at most {MOST_ASKED} views at once.")
        page.leave(id)
        loop = asyncio.get_running_loop()

        def tell(message: dict[str, Any]) -> None:
            text = text_of({"is": "shown", "id": id, **message})  # in the view's thread, not in the server's
            with suppress(RuntimeError):  # the server has ended in the meantime
                loop.call_soon_threadsafe(show, text)

        def show(text: str) -> None:
            if page.asked.get(id) is asking:
                page.show(id, text)

        asking = page.asked[id] = self.viewing.ask(view, run, values, tell)


async def _send(socket: WebSocket, page: Page) -> None:
    try:
        while True:
            await socket.send_text(await page.next())
    except (WebSocketDisconnect, OSError, RuntimeError):
        return


def _tell_mistakes(page: Page, refused: Refused) -> None:
    page.tell(Told(text_of({"is": "errors", "errors": [mistake._asdict() for mistake in refused.mistakes]})))


async def _body(request: Request, wanted: dict[str, tuple[asked.Check, bool]]) -> dict[str, Any] | Response:
    """The JSON of a body with these keys, or the answer that refuses it."""
    try:
        return asked.checked(asked.read_table(await request.body()), wanted, request.url.path.rpartition("/")[2])
    except asked.Refused as error:
        return JSONResponse({"errors": [{"path": "", "text": str(error)}]}, 400)
