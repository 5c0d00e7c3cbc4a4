"""Aside: what a request asks for is done in a thread, and nobody waits for that thread when the studio ends.

A component may compute for hours while it is built (a transform that trains a network, a plugin's mistake), and Python
waits at its end for the threads of asyncio's own pool: Ctrl-C would wait for them, too.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pellucid_studio.allowed import Mistake
from pellucid_studio.experiment import Refused


class Aside:
    """Awaited with a function and its arguments: its result, or what it raises. It belongs to the server's loop.

    Args:
        most: so many at once.

    Raises:
        Refused: so many are at work already.
    """

    def __init__(self, most: int) -> None:
        self._most, self._busy = most, 0

    async def __call__(self, function: Callable[..., Any], *given: Any) -> Any:
        if self._busy >= self._most:
            text = f"The studio is at work on {self._most} other requests. Ask again later, or start it anew."
            raise Refused([Mistake("", text)])
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def work() -> None:
            result, error = None, None
            try:
                result = function(*given)
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the server has ended in the meantime
                loop.call_soon_threadsafe(settle, result, error)

        def settle(result: Any, error: BaseException | None) -> None:
            self._busy -= 1
            if answer.done():  # nobody waits for it any more
                return
            if error is None:
                answer.set_result(result)
            else:
                answer.set_exception(error)

        self._busy += 1
        threading.Thread(target=work, name="studio-aside", daemon=True).start()
        return await answer
