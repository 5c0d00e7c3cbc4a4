"""replay: the step, or the prediction, once more from what was recorded, and the bits compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.prove.twin import Opened, Twin
from pellucid.registry.config import read

SHOWN = 8
"""So many quantities that differ are named in words."""


@dataclass(frozen=True)
class Difference:
    """A quantity that has other bits the second time.

    Attributes:
        name: the quantity.
        cell: the first cell that differs; () of a single number, and of arrays of different shapes or types.
        before, after: its value, then and now; of arrays of different shapes or types these.
        cells, of: how many cells differ, of how many.
    """

    name: str
    cell: tuple[int, ...]
    before: Any
    after: Any
    cells: int
    of: int

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.cell))}]" if self.cell else ""
        return f"{self.name}{place}: {self.before} then, {self.after} now ({self.cells:,} of {self.of:,} cells differ)"


@dataclass(frozen=True)
class Replay:
    """What came of a second time.

    Attributes:
        compared: the names of the recorded quantities that were computed once more.
        differences: those with other bits, in the order of computation.
        unread: what a layer has put aside for its backward and has other bits, where nothing else has: cells that were
            never written and that nobody reads.
        missing: what was recorded and did not come to be the second time.
        what: "step 12" or "prediction".
    """

    compared: tuple[str, ...]
    differences: tuple[Difference, ...]
    missing: tuple[str, ...]
    unread: tuple[Difference, ...] = ()
    what: str = "step"

    @property
    def same(self) -> bool:
        """Whether every recorded quantity came to be again, with the same bits."""
        return not self.differences and not self.missing

    @property
    def differing(self) -> list[str]:
        """The names of the quantities with other bits, in the order of computation, and of those that are missing."""
        return [*(each.name for each in self.differences), *self.missing]

    def __str__(self) -> str:
        told = f"Replay of {self.what}: {len(self.compared):,} recorded quantities computed once more"
        if self.same:
            names = ", ".join(each.name for each in self.unread)
            aside = f" but for what nobody reads in {names}" if names else ""
            return f"{told}, all with the same bits{aside}."
        lines = [f"{told}, {len(self.differences)} with other bits, in the order of computation:" if self.differences
                 else f"{told} with the same bits."]  # fmt: skip
        lines += [f"  {each}" for each in self.differences[:SHOWN]]
        more = len(self.differences) - SHOWN
        lines += [f"  and {more} more"] if more > 0 else []
        if self.missing:
            more = len(self.missing) - SHOWN
            told = f" and {more} more" if more > 0 else ""
            lines.append(f"Not computed again: {', '.join(self.missing[:SHOWN])}{told}.")
        lines.append(
            "What a step is made of must depend on weights, batch and random numbers (ctx.uniform, ctx.normal) alone."
        )
        return "\n".join(lines)


def replay(trace: Opened) -> Replay:
    """Compute everything once more, on a copy in the model's type and on its backend, and compare the bits.

    Raises:
        ConfigError, DataError: see :class:`pellucid.glassbox.prove.twin.Twin`.
    """
    twin = Twin(trace)
    again: list[Any] = []
    opener = read("callback", {"type": "trace", "limit": 1 << 62})
    if twin.is_step:
        twin.step(opener.opener(twin.training, again.append))
    else:
        names = [name for name in trace.names() if name == "x" or name.startswith("x.")]
        again.append(opener.prediction(twin.model, tuple(twin.host(name) for name in names)))
    recorded = [name for name in trace.names() if trace.quantity(name).array is not None
                and trace.quantity(name).origin != "equation"]  # fmt: skip
    second = again[0]
    compared = [name for name in recorded if name in second and second.quantity(name).array is not None]
    found = (_difference(name, trace[name], second[name]) for name in compared)
    differences = tuple(each for each in found if each)
    unread = differences if all(".kept." in each.name for each in differences) else ()
    differences = () if unread else differences
    missing = tuple(name for name in recorded if name not in compared)
    what = f"step {trace.setting.step + 1:,}" if twin.is_step else "a prediction"
    return Replay(tuple(compared), differences, missing, unread, what)


def _difference(name: str, before: HostArray, after: HostArray) -> Difference | None:
    if before.shape != after.shape or before.dtype != after.dtype:
        then, now = (f"{array.dtype} of shape {array.shape}" for array in (before, after))
        return Difference(name, (), then, now, max(before.size, after.size), before.size)
    if before.tobytes() == after.tobytes():
        return None
    itemsize = before.dtype.itemsize
    bits = [np.frombuffer(array.tobytes(), np.uint8).reshape(-1, itemsize) for array in (before, after)]
    where = np.flatnonzero((bits[0] != bits[1]).any(axis=1))
    cell = tuple(int(i) for i in np.unravel_index(int(where[0]), before.shape))
    return Difference(name, cell, before[cell].item(), after[cell].item(), len(where), before.size)
