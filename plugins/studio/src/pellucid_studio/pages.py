"""Pages: the browser pages that are connected, each with what it is still to be sent."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from pellucid_studio.arrays import text_of
from pellucid_studio.session import Session, Told, Watch
from pellucid_studio.viewing import Asking

MOST_PAGES = 16
MOST_WAITING = 64
"""Messages that wait for one page; frames do not, a newer one takes their place."""


class Page:
    """One page; it belongs to the server's loop."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._frame: Told | None = None
        self._views: dict[int, str] = {}
        self.asked: dict[int, Asking] = {}
        self._known = (0, 0, 0)
        self._ready = asyncio.Event()
        self.watch = Watch(surface=True, units=True)
        self.every, self._passed = 1, 0
        self.full = False
        """Whether it does not read what it is sent."""

    def tell(self, told: Told) -> None:
        if told.curve is not None:
            self._frame = told
        else:
            self.full = len(self._waiting) >= MOST_WAITING
            if self.full:
                self._waiting.clear()
            self._waiting.append(told.text)
        self._ready.set()

    def forget_frame(self) -> None:
        """Another network has been built: what was known of the curve is of the one before."""
        self._frame, self._known = None, (-1, 0, 0)

    def show(self, number: int, text: str) -> None:
        """What a view shows, in place of what it showed before and nobody has read."""
        self._views[number] = text
        self._ready.set()

    def leave(self, number: int) -> None:
        """What was asked under this number is no longer wanted."""
        if number in self.asked:
            self.asked.pop(number).over.set()
        self._views.pop(number, None)

    async def next(self) -> str:
        """The next message for this page."""
        while True:
            if self._waiting:
                return self._waiting.popleft()
            if self._views:
                return self._views.pop(next(iter(self._views)))
            if self._frame is not None:
                told, self._frame = self._frame, None
                assert told.curve is not None
                self._passed += 1
                if self._passed % self.every and told.text.startswith('{"is":"frame","state":"training"'):
                    continue
                curve, self._known = told.curve.since(*self._known)
                return f'{told.text},"curve":{text_of(curve)}}}'
            self._ready.clear()
            await self._ready.wait()


class Pages:
    """All of them. What the session tells, in threads of its own, reaches them in the server's loop."""

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._built = ""
        """The last of the messages ``built`` that came in the loop: frames of an earlier network lie before it."""
        self.session = Session(self._tell)

    def begin(self) -> None:
        """The server's loop runs: from here on pages can be told."""
        self._loop = asyncio.get_running_loop()
        self._built = self.session.built

    def add(self) -> Page | None:
        """A page that has come, or None where there are too many."""
        if len(self._pages) >= MOST_PAGES:
            return None
        page = Page()
        self._pages.add(page)
        if self._built:
            page.tell(Told(self._built))
        self.watched()
        return page

    def remove(self, page: Page) -> None:
        self._pages.discard(page)
        for number in list(page.asked):
            page.leave(number)
        self.watched()

    def watched(self) -> None:
        """What all pages together want in their frames has changed."""
        watch = self.session.watch
        watch.surface = any(page.watch.surface for page in self._pages)
        watch.units = any(page.watch.units for page in self._pages)
        watch.sample = next((page.watch.sample for page in self._pages), 0)
        self.session.watch_for(bool(self._pages))
        self.session.look_again()

    def _tell(self, told: Told) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, told)

    def _spread(self, told: Told) -> None:
        new = told.curve is None and told.text.startswith('{"is":"built"')
        if new:
            self._built = told.text
        for page in self._pages:
            if new:
                page.forget_frame()
            page.tell(told)

    def tell_all(self, message: dict[str, Any]) -> None:
        self._spread(Told(text_of(message)))
