"""What each page is still to be sent: messages in their order, the newest of views and frames, and what all watch."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from pellucid_studio.pages import MOST_PAGES, MOST_WAITING, Page, Pages
from pellucid_studio.session import Told
from pellucid_studio.viewing import Asking


class Points:
    """A curve of which pages are told what they do not know."""

    def __init__(self, version: int = 0, known: int = 0) -> None:
        self.version, self.known = version, known

    def since(self, version: int, place: int, ends: int) -> tuple[dict[str, Any], tuple[int, int, int]]:
        return {"asked": [version, place, ends]}, (self.version, self.known, 0)


def frame(step: int, state: str = "training", curve: Any = None) -> Told:
    given: Any = curve or Points()
    return Told(f'{{"is":"frame","state":"{state}","step":{step}', given)


def step(text: str) -> int:
    return int(json.loads(text)["step"])


def run(tried: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(tried(), 10)

    asyncio.run(limited())


async def nothing(page: Page) -> bool:
    """Whether there is nothing to be sent."""
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(page.next(), 0.01)
    return True


def test_messages_come_first_then_views_then_the_last_frame() -> None:
    async def tried() -> None:
        page = Page()
        page.tell(frame(1))
        page.show(7, "seven")
        page.tell(frame(2))
        page.tell(Told("first"))
        page.show(8, "eight")
        page.show(7, "seven again")
        page.tell(Told("second"))
        assert [await page.next() for _ in range(4)] == ["first", "second", "seven again", "eight"]
        assert step(await page.next()) == 2 and await nothing(page)

    run(tried)


@pytest.mark.parametrize("put", [
    lambda page: page.tell(Told("x")), lambda page: page.show(1, "x"), lambda page: page.tell(frame(3)),
])  # fmt: skip
def test_who_waits_is_told_at_once(put: Callable[[Page], None]) -> None:
    async def tried() -> None:
        page = Page()
        waiting = asyncio.ensure_future(page.next())
        await asyncio.sleep(0)
        put(page)
        assert await waiting

    run(tried)


def test_the_curve_goes_on_where_a_page_knows_it_and_begins_anew_with_another_network() -> None:
    async def tried() -> None:
        page, asked = Page(), []
        for curve in (Points(3, 10), Points(3, 25)):
            page.tell(frame(1, curve=curve))
            asked.append(json.loads(await page.next())["curve"]["asked"])
        page.tell(frame(2))
        page.forget_frame()
        assert await nothing(page)
        page.tell(frame(3))
        asked.append(json.loads(await page.next())["curve"]["asked"])
        assert asked == [[0, 0, 0], [3, 10, 0], [-1, 0, 0]]

    run(tried)


@pytest.mark.parametrize(("every", "sent"), [(1, [1, 2, 3, 4, 5, 6]), (2, [2, 4, 6]), (3, [3, 6])])
def test_of_a_training_every_so_many_frames_are_sent(every: int, sent: list[int]) -> None:
    async def tried() -> None:
        page, found = Page(), []
        page.every = every
        for number in range(1, 7):
            page.tell(frame(number))
            if number in sent:
                found.append(step(await page.next()))
            else:
                assert await nothing(page)
        assert found == sent

    run(tried)


def test_where_nothing_moves_each_frame_is_sent() -> None:
    async def tried() -> None:
        page = Page()
        page.every = 60
        for number in range(4):
            page.tell(frame(number, "paused"))
            assert step(await page.next()) == number

    run(tried)


def test_of_a_page_that_reads_nothing_messages_are_let_go() -> None:
    async def tried() -> None:
        page = Page()
        assert not page.full
        for number in range(MOST_WAITING):
            page.tell(Told(str(number)))
        assert not page.full
        page.tell(frame(0))
        assert not page.full
        page.tell(Told("last"))
        assert await page.next() == "last"
        full = [page.full]
        page.tell(Told("later"))
        assert await page.next() == "later"
        assert [*full, page.full] == [True, False]

    run(tried)


def test_what_a_page_leaves_is_over_and_not_shown() -> None:
    async def tried() -> None:
        page, one, two = Page(), Asking(), Asking()
        page.asked |= {1: one, 2: two}
        page.show(1, "one")
        page.show(2, "two")
        page.leave(1)
        page.leave(3)
        assert one.over.is_set() and not two.over.is_set() and list(page.asked) == [2]
        assert await page.next() == "two" and await nothing(page)

    run(tried)


# -- all of them -------------------------------------------------------------------------------------------------------


@pytest.fixture
def pages() -> Iterator[Pages]:
    found = Pages()
    yield found
    found.session.close()


def added(pages: Pages) -> Page:
    page = pages.add()
    assert page is not None
    return page


def test_sixteen_pages_are_connected_and_no_more(pages: Pages) -> None:
    async def tried() -> None:
        found = [added(pages) for _ in range(MOST_PAGES)]
        assert pages.add() is None
        pages.remove(found[3])
        assert pages.add() is not None and pages.add() is None

    run(tried)


def test_frames_hold_what_any_page_wants(pages: Pages) -> None:
    watch = pages.session.watch
    heard: list[bool] = []
    pages.session.watch_for = heard.append  # type: ignore[method-assign,assignment]

    async def tried() -> None:
        one, two = added(pages), added(pages)
        assert (watch.surface, watch.units, watch.sample) == (True, True, 0)
        one.watch.surface, two.watch.units = False, False
        pages.watched()
        assert (watch.surface, watch.units) == (True, True)
        two.watch.surface = False
        pages.watched()
        assert (watch.surface, watch.units) == (False, True)
        pages.remove(one)
        assert (watch.surface, watch.units) == (False, False)
        two.watch.sample = 5
        pages.watched()
        assert watch.sample == 5
        pages.remove(two)
        assert (watch.surface, watch.units, watch.sample) == (False, False, 0)

    run(tried)
    assert heard[0] is True and heard[-1] is False and heard.count(False) == 1


def test_who_comes_or_changes_what_it_watches_is_shown_a_frame(pages: Pages) -> None:
    looks: list[int] = []
    pages.session.look_again = lambda: looks.append(1)  # type: ignore[method-assign]

    async def tried() -> None:
        page = added(pages)
        assert len(looks) == 1
        pages.watched()
        assert len(looks) == 2
        pages.remove(page)
        assert len(looks) == 3

    run(tried)


def test_a_page_that_goes_leaves_what_it_asked(pages: Pages) -> None:
    async def tried() -> None:
        page, asking = added(pages), [Asking(), Asking()]
        page.asked |= dict(enumerate(asking))
        pages.remove(page)
        pages.remove(page)
        assert all(each.over.is_set() for each in asking) and not page.asked

    run(tried)


def test_all_are_told_and_who_comes_later_what_was_built_last(pages: Pages) -> None:
    async def tried() -> None:
        pages.begin()
        one, two = added(pages), added(pages)
        assert await nothing(one)
        pages.tell_all({"is": "x"})
        assert await one.next() == await two.next() == '{"is":"x"}'
        one.tell(frame(1))
        pages._tell(Told('{"is":"built","a":1}'))
        await asyncio.sleep(0.01)
        assert await one.next() == '{"is":"built","a":1}' and await nothing(one)
        pages._tell(Told('{"is":"built"', Points()))  # type: ignore[arg-type]
        pages._tell(Told('{"is":"other"}'))
        await asyncio.sleep(0.01)
        three = added(pages)
        assert await three.next() == '{"is":"built","a":1}' and await nothing(three)

    run(tried)


def test_before_the_loop_runs_and_after_it_nobody_is_told(pages: Pages) -> None:
    pages._tell(Told("x"))

    async def tried() -> None:
        pages.session.built = '{"is":"built"}'
        pages.begin()
        assert await added(pages).next() == '{"is":"built"}'

    run(tried)
    pages._tell(Told("x"))
