"""The application's handlers alone: what each message of a page does to the session, and which answers come of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from pellucid_studio import asked
from pellucid_studio.allowed import Mistake
from pellucid_studio.app import MOST_ASKED, MOST_REFUSED, _send, _Studio
from pellucid_studio.experiment import Refused
from pellucid_studio.pages import Page
from pellucid_studio.session import Told
from pellucid_studio.viewing import Asking


class Session:
    """One that notes what is asked of it."""

    def __init__(self) -> None:
        self.did: list[tuple[Any, ...]] = []
        self.refuses = False

    def do(self, order: str) -> None:
        self.did.append((order,))

    def limit(self, steps: Any) -> None:
        self.did.append(("limit", steps))

    def build(self, sections: Any) -> None:
        self.did.append(("build", sections))
        if self.refuses:
            raise Refused([Mistake("loss", "no such loss"), Mistake("", "and more")])

    def reset(self) -> None:
        self.did.append(("reset",))

    def opened(self) -> int:
        if self.refuses:
            raise Refused([Mistake("", "no step")])
        return 7


class Pages:
    """One page and its session."""

    def __init__(self) -> None:
        self.session = Session()
        self.page: Page | None = Page()
        self.removed: list[Page] = []
        self.watched_times = 0

    def watched(self) -> None:
        self.watched_times += 1

    def add(self) -> Page | None:
        return self.page

    def remove(self, page: Page) -> None:
        self.removed.append(page)


@pytest.fixture
def studio() -> Iterator[Any]:
    found: Any = _Studio([])
    found.pages.session.close()
    found.pages = Pages()
    yield found


def test_views_see_the_network_of_the_session_and_pages_those_that_suit_it() -> None:
    found = _Studio([])
    found.pages.session.close()
    assert found.pages.session.views_of == found.viewing.of_live and found.viewing._live == found.pages.session.viewed


def run(tried: Callable[[], Awaitable[Any]]) -> Any:
    async def limited() -> Any:
        return await asyncio.wait_for(tried(), 10)

    return asyncio.run(limited())


async def waiting(page: Page) -> list[dict[str, Any]]:
    """All that the page is still to be sent."""
    found = []
    while page._waiting or page._views:
        found.append(json.loads(await page.next()))
    return found


def done(studio: Any, page: Page, **message: Any) -> list[dict[str, Any]]:
    async def tried() -> list[dict[str, Any]]:
        await studio._do(asked.read_message(json.dumps(message)), page)
        return await waiting(page)

    found: list[dict[str, Any]] = run(tried)
    return found


@pytest.mark.parametrize("order", ["train", "pause", "step", "sample"])
def test_orders_are_handed_on(order: str, studio: Any) -> None:
    assert done(studio, Page(), do=order) == [] and studio.pages.session.did == [(order,)]


def test_speeds_builds_and_resets_are_those_of_the_session(studio: Any) -> None:
    page, sections = Page(), {"data": {"type": "iris"}}
    for message in ({"do": "speed", "steps": 2.5}, {"do": "build", "sections": sections}, {"do": "reset"}):
        assert done(studio, page, **message) == []
    assert studio.pages.session.did == [("limit", 2.5), ("build", sections), ("reset",)]


def test_what_is_refused_is_told_to_who_asked(studio: Any) -> None:
    studio.pages.session.refuses = True
    errors = [{"path": "loss", "text": "no such loss"}, {"path": "", "text": "and more"}]
    assert done(studio, Page(), do="build", sections={}) == [{"is": "errors", "errors": errors}]
    assert done(studio, Page(), do="open") == [{"is": "errors", "errors": [{"path": "", "text": "no step"}]}]
    studio.pages.session.refuses = False
    assert done(studio, Page(), do="open") == [{"is": "opened", "step": 7}]
    assert done(studio, Page(), do="ping") == [{"is": "pong"}]


def test_what_a_page_watches_is_its_own_and_the_session_is_told(studio: Any) -> None:
    page = Page()
    assert done(studio, page, do="watch", surface=False, sample=3) == []
    assert (page.watch.surface, page.watch.units, page.watch.sample, page.every) == (False, True, 3, 1)
    done(studio, page, do="watch", units=False, every=4)
    assert (page.watch.surface, page.watch.units, page.watch.sample, page.every) == (False, False, 3, 4)
    assert studio.pages.watched_times == 2


# -- views -------------------------------------------------------------------------------------------------------------


class Viewing:
    """Notes questions; they are answered by whoever calls what it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def ask(self, view: str, run: Any, values: Any, tell: Any) -> Asking:
        self.asked.append((view, run, values, tell))
        return Asking()


def test_a_view_that_is_asked_again_is_over_and_its_late_answer_is_not_shown(studio: Any) -> None:
    studio.viewing = Viewing()

    async def tried() -> list[dict[str, Any]]:
        page = Page()
        studio._ask(page, 7, "a/view", 0, {"x": 1})
        first = page.asked[7]
        studio._ask(page, 7, "a/view", "live", {"x": 2})
        assert first.over.is_set() and not page.asked[7].over.is_set() and list(page.asked) == [7]
        assert [each[:3] for each in studio.viewing.asked] == [("a/view", 0, {"x": 1}), ("a/view", "live", {"x": 2})]
        for number, (*_, tell) in enumerate(studio.viewing.asked):
            tell({"parts": [number], "more": False})
        await asyncio.sleep(0.01)
        return await waiting(page)

    assert run(tried) == [{"is": "shown", "id": 7, "parts": [1], "more": False}]


def test_what_was_shown_and_not_read_is_forgotten_with_a_new_question(studio: Any) -> None:
    studio.viewing = Viewing()

    async def tried() -> list[dict[str, Any]]:
        page = Page()
        studio._ask(page, 7, "a/view", 0, {})
        studio.viewing.asked[0][3]({"parts": ["old"]})
        await asyncio.sleep(0.01)
        studio._ask(page, 7, "a/view", 0, {})
        return await waiting(page)

    assert run(tried) == []


def test_so_many_views_are_asked_at_once_and_no_more(studio: Any) -> None:
    studio.viewing = Viewing()

    async def tried() -> None:
        page = Page()
        for number in range(MOST_ASKED):
            studio._ask(page, number, "a/view", 0, {})
        studio._ask(page, 3, "a/view", 0, {})
        with pytest.raises(asked.Refused, match=f"at most {MOST_ASKED} views at once"):
            studio._ask(page, MOST_ASKED, "a/view", 0, {})
        page.leave(3)
        studio._ask(page, MOST_ASKED, "a/view", 0, {})
        assert len(page.asked) == MOST_ASKED

    run(tried)


# -- the socket --------------------------------------------------------------------------------------------------------


class Socket:
    """Gives these messages, and then says that it is gone."""

    def __init__(self, *texts: Any) -> None:
        self.messages = [{"type": "websocket.receive", "text": text} for text in texts]
        self.closed: list[tuple[int, str]] = []
        self.sent: list[str] = []
        self.accepted = False

    async def accept(self) -> None:
        self.accepted = True

    async def receive(self) -> Any:
        return self.messages.pop(0) if self.messages else {"type": "websocket.disconnect"}

    async def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))

    async def send_text(self, text: str) -> None:
        self.sent.append(text)
        if text == "break":
            raise RuntimeError("it is gone")


def received(studio: Any, *texts: Any) -> tuple[Socket, list[dict[str, Any]]]:
    async def tried() -> tuple[Socket, list[dict[str, Any]]]:
        socket, page = Socket(*texts), Page()
        await studio._receive(socket, page)
        return socket, await waiting(page)

    found: tuple[Socket, list[dict[str, Any]]] = run(tried)
    return found


def test_messages_that_are_none_are_refused_each_and_too_many_end_it(studio: Any) -> None:
    socket, told = received(studio, *["x"] * (MOST_REFUSED - 1), '{"do":"step"}')
    assert socket.closed == [] and {each["is"] for each in told} == {"refused"} and len(told) == MOST_REFUSED - 1
    assert told[0]["text"] == "expected a JSON object." and studio.pages.session.did == [("step",)]
    socket, told = received(studio, *["x"] * MOST_REFUSED, '{"do":"step"}')
    assert socket.closed == [(1008, "Too many messages that are none.")] and len(told) == MOST_REFUSED
    assert studio.pages.session.did == [("step",)]


def test_a_page_is_gone_when_its_socket_is(studio: Any) -> None:
    async def tried() -> Socket:
        socket: Any = Socket('{"do":"step"}')
        await studio.live(socket)
        found: Socket = socket
        return found

    assert run(tried).accepted and studio.pages.removed == [studio.pages.page]
    assert studio.pages.session.did == [("step",)]
    studio.pages.page = None
    socket = run(tried)
    assert socket.closed == [(1013, "Too many pages.")] and not socket.accepted and len(studio.pages.removed) == 1


def test_who_sends_goes_on_until_the_socket_breaks() -> None:
    async def tried() -> Socket:
        socket, page = Socket(), Page()
        for text in ("a", "b", "break", "c"):
            page.tell(Told(text))
        await _send(socket, page)  # type: ignore[arg-type]
        return socket

    assert run(tried).sent == ["a", "b", "break"]
