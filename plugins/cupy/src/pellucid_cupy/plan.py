"""CupyPlan: a captured step, replayed; several at once, with their values sent ahead and one look at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid import HostArray

from pellucid_cupy.cells import ROWS, Cells
from pellucid_cupy.device import Device


class Recording:
    """What is collected while a function is being captured.

    Attributes:
        cells: the cells that it reads and changes.
        guarded: ``guard_finite`` has been passed: from here on nothing may change after a number that is not finite.
        kept: the arrays whose addresses the graph holds.
        taken: the addresses of the graph's own memory.
        limits: of each array of row numbers, how many rows it chooses from.
    """

    def __init__(self, xp: Any, device: Device) -> None:
        self.cells = Cells(xp, device)
        self.guarded = False
        self.kept: list[Any] = []
        self.taken: set[int] = set()
        self.limits: dict[int, int] = {}


class CupyPlan:
    """Replays a graph. A replay costs the host a launch; nothing is waited for between replays."""

    def __init__(self, device: Device, graph: Any, memory: Any, recording: Recording) -> None:
        self._device, self._graph, self._memory, self._recording = device, graph, memory, recording
        self._reports = recording.guarded or recording.cells.has_state

    def run(self, times: int = 1, cells: Sequence[tuple[HostArray, HostArray]] = ()) -> bool:
        """Replay so many times; before the k-th each of these cells of the host is given its k-th value.

        False if ``guard_finite`` stopped it. Then all after it was skipped, and loss and gradients are those of the
        step that was stopped: it is computed again, for replays sent ahead had added theirs.
        """
        own = self._recording.cells
        for start in range(0, times, ROWS):
            steps = min(ROWS, times - start)
            own.begin()
            for k in range(steps):
                for cell, values in cells:
                    cell[...] = values[start + k]
                own.stage(k)
            own.send(steps, self._recording.limits)
            stopped = self._launch(steps)
            if stopped is not None:
                if stopped < steps - 1:
                    self._compute_again(stopped)
                return False
        return True

    def _launch(self, steps: int) -> int | None:
        """So many replays; the one that was stopped, or None."""
        cells = self._recording.cells
        try:
            for _ in range(steps):
                self._device.launch(self._graph)
            return cells.collect() if self._reports else None
        except BaseException:
            # Ctrl-C is heard when the wait is over: what was launched has been done, and the host's cells say so.
            if self._reports:
                cells.collect()
            raise

    def _compute_again(self, row: int) -> None:
        self._recording.cells.aim(row, stop=2)  # clears the gradients, changes nothing else
        self._device.launch(self._graph)
        self._recording.cells.aim(row, stop=0)  # the same numbers lead to the same end
        self._device.launch(self._graph)
        self._recording.cells.collect()
