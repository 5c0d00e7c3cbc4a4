"""Handed: what a layer written by hand gives to the layers inside of it, there and back, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.record.quantity import Call
from pellucid.interfaces.context import Context

NUDGE = 1e-3
"""Relative to max(1, |x|): by so much numbers are moved to see whether they matter."""
NEAR = 1e-4
"""Relative to max(1, |value|): how near to the recorded number the code, run again, has to come."""


class Handed:
    """Runs the code of a layer once more with stand-ins for the layers inside, which give what was recorded of them.

    Args:
        trace: what was recorded.
        layer_of: the copy of the layer that was called.
        outer: the call of the layer around.
        back: whether its backward is run, too.

    Attributes:
        arrays: what it computes with, by the quantities' names: its inputs, its parameters, what layers inside have
            given, there and, of a backward, back. They may be changed in place.
    """

    def __init__(self, trace: Any, layer_of: Callable[[Call], Any], outer: Call, *, back: bool) -> None:
        self._trace, self._layer, self._outer, self._back = trace, layer_of(outer), outer, back
        self._inner = [(layer_of(call), call) for call in outer.inner if call.kind == "layer"]
        self.arrays: dict[str, HostArray] = {}
        names = [outer.given[of] for of in outer.values["inputs"]]
        names += [name for _, call in self._inner for of, name in call.made.items() if of.startswith("y")]
        if back:
            names += [name for of, name in outer.given.items() if of.startswith("dy")]
            names += [name for _, call in self._inner for name in self._dx(call) if name in trace]
        for name in dict.fromkeys(names):
            array = np.array(trace[name])
            self.arrays[name] = array.astype(np.float64) if array.dtype.kind == "f" else array
        for param in self._layer.parameters():
            self.arrays[param.path] = param.data

    @staticmethod
    def _dx(call: Call) -> list[str]:
        return [call.pattern.format(f"d{of}") for of in call.values["inputs"]]

    def run(self, ctx: Context, wanted: Call) -> list[HostArray]:
        """What a layer inside was given: the inputs of its forward, or of its backward."""
        found: dict[int, list[HostArray]] = {}
        with self._stand_ins(found):
            outer = self._outer
            self._layer.forward(ctx, *(self.arrays[outer.given[of]].copy() for of in outer.values["inputs"]))
            if self._back:
                told = [self.arrays[name].copy() for of, name in outer.given.items() if of.startswith("dy")]
                self._layer.backward(ctx, *told)
        return found[id(wanted)]

    @contextmanager
    def _stand_ins(self, found: dict[int, list[HostArray]]) -> Iterator[None]:
        calls = {id(layer): [call for each, call in self._inner if each is layer] for layer, _ in self._inner}
        begun: dict[tuple[int, int], Call] = {}

        def forward(layer: Any, ctx: Context, *given: HostArray) -> Any:
            call = begun[id(layer), id(ctx)] = calls[id(layer)].pop(0)
            if not self._back:
                found[id(call)] = [np.array(part) for part in given]
            outputs = tuple(self.arrays[name].copy() for of, name in call.made.items() if of.startswith("y"))
            return outputs if len(outputs) > 1 else outputs[0]

        def backward(layer: Any, ctx: Context, *dy: HostArray) -> Any:
            call = begun[id(layer), id(ctx)]
            found[id(call)] = [np.array(part) for part in dy]
            dx = tuple(self.arrays[name].copy() if name in self.arrays else None for name in self._dx(call))
            return dx if len(dx) > 1 else dx[0]

        with ExitStack() as shadows:
            for layer in {id(each): each for each, _ in self._inner}.values():
                for method, stand_in in (("forward", forward), ("backward", backward)):
                    vars(layer)[method] = lambda *given, _to=stand_in, _layer=layer: _to(_layer, *given)
                    shadows.callback(vars(layer).pop, method)
            yield


def influential(value: Callable[[], float], array: HostArray, rng: np.random.Generator, most: int) -> list[int]:
    """The cells that ``value()`` depends on, at most so many: groups of them are moved at random, and halved as long as
    that matters."""
    base, flat = value(), array.reshape(-1)
    found: list[int] = []
    pending = [np.arange(array.size)]
    while pending and len(found) < most:
        cells = pending.pop()
        before = flat[cells].copy()
        flat[cells] += NUDGE * np.maximum(1.0, np.abs(before)) * rng.uniform(0.5, 1.0, cells.size)
        matters = value() != base
        flat[cells] = before
        if matters and cells.size == 1:
            found.append(int(cells[0]))
        elif matters:
            pending += [cells[cells.size // 2 :], cells[: cells.size // 2]]
    return found
