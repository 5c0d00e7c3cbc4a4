"""Cells: the small arrays of the host that change from step to step, and where a captured graph finds their values.

A graph reads fixed addresses. So each cell has a place on the device, and the values of up to ``ROWS`` steps are sent
there in one copy before as many replays: the *feed*. The first kernel of a replay takes its row of it. Cells that the
step itself changes, such as the number of accepted steps, go there once and come back at the end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from pellucid import DataError, HostArray

from pellucid_cupy.device import Device

ROWS = 32
"""Steps whose values are sent together."""
HEAD, STATES, WIDTH = 4, 12, 1024
"""Words of the control block, of the cells that a step changes, and at the most of those that it reads."""


class NotRecordableError(Exception):
    """What was asked for cannot stand in a graph; the caller runs the step without one."""


class _Read(NamedTuple):
    host: HostArray
    words: HostArray
    start: int
    device: Any


class _State(NamedTuple):
    host: HostArray
    word: HostArray
    place: int
    device: Any


class _Rows(NamedTuple):
    order: HostArray
    cursor: HostArray
    numbers: HostArray
    device: Any
    feed: Any
    staged: HostArray


class _Watched(NamedTuple):
    host: HostArray
    last: HostArray
    device: Any


class Cells:
    """The cells of one plan.

    Attributes:
        control: int64 words on the device that kernels look at: see ``pellucid_cupy.kernels``.
    """

    def __init__(self, xp: Any, device: Device) -> None:
        self.xp, self.device = xp, device
        self._block = xp.zeros(HEAD + STATES + ROWS * WIDTH, dtype="int64")
        self._staged = device.pinned(HEAD + STATES + ROWS * WIDTH)
        self._back = device.pinned(HEAD + STATES)
        self._current = xp.zeros(WIDTH, dtype="int64")
        self.control = self._block[:HEAD]
        self.feed, self.current = self._block[HEAD + STATES :], self._current
        self._reads: dict[int, _Read] = {}
        self._states: dict[int, _State] = {}
        self._rows: list[_Rows] = []
        self._watched: dict[int, _Watched] = {}
        self._width = 0
        self._mark: Any = None

    # -- what a capture asks for -----------------------------------------------------------------------------------

    def read(self, host: HostArray) -> Any:
        """The device's place of a cell that the host rewrites before a step; 8 bytes a number."""
        if id(host) in self._states:
            return self._states[id(host)].device
        if id(host) not in self._reads:
            if host.dtype.itemsize != 8 or not host.flags.c_contiguous or self._width + host.size > WIDTH:
                raise NotRecordableError(f"a cell of {host.size} numbers of {host.dtype}")
            start, self._width = self._width, self._width + host.size
            place = self._current[start : start + host.size].view(host.dtype).reshape(host.shape)
            self._reads[id(host)] = _Read(host, host.reshape(-1).view(np.int64), start, place)
        return self._reads[id(host)].device

    def state(self, host: HostArray) -> Any:
        """The device's place of a cell of one number that the step itself changes."""
        if id(host) not in self._states:
            if id(host) in self._reads or len(self._states) == STATES or host.size != 1 or host.dtype.itemsize != 8:
                raise NotRecordableError("a cell that is read before it is changed, or one too many")
            place = HEAD + len(self._states)
            device = self._block[place : place + 1].view(host.dtype).reshape(host.shape)
            self._states[id(host)] = _State(host, host.reshape(-1).view(np.int64), place, device)
        return self._states[id(host)].device

    def rows(self, order: HostArray, cursor: HostArray, index: HostArray) -> tuple[Any, Any]:
        """The device's places of a batch's row numbers, and of those of all steps that are fed together."""
        n = index.shape[0]
        index_on_device, feed = self.xp.empty(n, dtype="int64"), self.xp.empty(n * ROWS, dtype="int64")
        self._rows.append(_Rows(order, cursor, index, index_on_device, feed, self.device.pinned(max(n, 1) * ROWS)))
        return index_on_device, feed

    def index(self, host: HostArray) -> Any:
        """The device's place of row numbers that ``rows`` has been asked for."""
        for rows in self._rows:
            if rows.numbers is host:
                return rows.device
        raise NotRecordableError("rows are gathered by numbers that nobody has drawn")

    def watched(self, host: HostArray) -> Any:
        """A copy on the device of an array of the host that seldom changes, such as a table."""
        if id(host) not in self._watched:
            self._watched[id(host)] = _Watched(host, host.copy(), self.device.constant(host))
        return self._watched[id(host)].device

    # -- before and after replays ----------------------------------------------------------------------------------

    @property
    def has_state(self) -> bool:
        return bool(self._states)

    def begin(self) -> None:
        """Wait until what was staged before has gone."""
        if self._mark is not None:
            self.device.wait(self._mark)
        for watched in self._watched.values():
            if not np.array_equal(watched.host, watched.last):
                watched.last[...] = watched.host
                watched.device[...] = self.xp.asarray(watched.host)

    def stage(self, step: int) -> None:
        """Note the present values of all cells as those of the step-th replay of the next run."""
        row = self._staged[HEAD + STATES + step * self._width :]
        for read in self._reads.values():
            row[read.start : read.start + read.words.size] = read.words
        for rows in self._rows:
            n = rows.numbers.shape[0]
            start = int(rows.cursor)
            rows.numbers[...] = rows.order[start : start + n]
            rows.staged[step * n : (step + 1) * n] = rows.numbers
            rows.cursor[...] = start + n

    def send(self, steps: int, limits: dict[int, int]) -> None:
        """Send what was staged. ``limits``: of each index, how many rows there are to choose from.

        Raises:
            DataError: a row number is out of range.
        """
        head = self._staged
        head[:HEAD] = 0, 0, 0, self._width
        for state in self._states.values():
            head[state.place] = state.word[0]
        for rows in self._rows:
            n = rows.numbers.shape[0]
            given = rows.staged[: steps * n]
            limit = limits.get(id(rows.numbers), 1 << 62)
            if n and not (given.min() >= 0 and given.max() < limit):
                raise DataError(
                    f"Cannot gather rows: an index lies outside 0 … {limit - 1}. Received: {given.min()} … "
                    f"{given.max()}. Check how the row numbers were made."
                )
            if n:
                self.device.upload(given, rows.feed)
        self.device.upload(head[: HEAD + STATES + steps * self._width], self._block)
        self._mark = self.device.mark()

    def aim(self, row: int, stop: int) -> None:
        """Let the next replay take this row of the feed, with this value of ``stop``."""
        self._staged[:HEAD] = row, stop, 0, self._width
        self.device.upload(self._staged[:HEAD], self._block)
        self._mark = self.device.mark()
        self.device.wait(self._mark)

    def collect(self) -> int | None:
        """Wait for the device; bring the states back. The row that was stopped at, or None."""
        self.device.download(self._block[: HEAD + STATES], self._back)
        for state in self._states.values():
            state.word[0] = self._back[state.place]
        return int(self._back[2]) if self._back[1] else None
