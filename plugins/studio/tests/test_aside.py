"""Work that is done aside: its result or what it raises, so many at once, and nobody waits for it at the end."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pellucid_studio.aside import Aside
from pellucid_studio.experiment import Refused


def test_results_and_errors_come_back_and_a_place_is_free_again() -> None:
    async def tried() -> None:
        aside = Aside(1)
        assert await aside(lambda a, b: a + b, 1, 2) == 3
        with pytest.raises(ZeroDivisionError):
            await aside(lambda: 1 // 0)
        assert await aside(lambda: "still") == "still"

    asyncio.run(tried())


def test_more_are_refused_and_the_end_waits_for_none() -> None:
    held = threading.Event()

    async def tried() -> None:
        aside = Aside(1)
        first = asyncio.ensure_future(aside(held.wait, 30))
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="at work on 1 other"):
            await aside(int)
        first.cancel()

    asyncio.run(tried())  # ends, though the thread still waits
    held.set()
