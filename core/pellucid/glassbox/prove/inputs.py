"""LayerInputs: the inputs of the layers of a twin, which can be moved, and the gradients that come back to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.prove.twin import Twin
from pellucid.glassbox.record.names import numbered, prefix_of
from pellucid.interfaces.context import EVERY_INPUT
from pellucid.interfaces.layer import Layer


class LayerInputs:
    """Looks on while the loss of a twin is computed, and moves an input of a layer on its way in.

    Args:
        twin: an exact one.

    Attributes:
        arrays: each floating input by its name, ``"layers.0.x"``, as :meth:`gradients` has met it.
        slopes: the gradient that came back to it, of the mean over its micro-batch, where one was wanted.
        micro: which micro-batch each belongs to, from 1.
        shifts: what is added to inputs, by their names.
        jolt: what is done to each array on its way in and out of a layer, there and back; None: nothing.
    """

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.arrays: dict[str, HostArray] = {}
        self.slopes: dict[str, HostArray] = {}
        self.micro: dict[str, int] = {}
        self.shifts: dict[str, HostArray] = {}
        self.jolt: Callable[[HostArray], HostArray] | None = None
        self._calls: dict[tuple[int, int], list[str]] = {}  # names of inputs, by layer and context
        self._numbers: dict[str, int] = {}
        self._depth, self._noting = 0, False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within: it looks on. What the objective calls is asked for the gradients at its inputs, too."""
        with self.twin.watched(self._look):
            yield

    def gradients(self) -> dict[str, HostArray]:
        """The gradient at each parameter; those at inputs are noted."""
        self._noting, self.slopes = True, {}
        self._numbers.clear()
        try:
            return self.twin.gradients()
        finally:
            self._noting = False
            self._calls.clear()

    def loss(self) -> float:
        """The loss with all inputs moved by their shifts."""
        self._numbers.clear()
        return self.twin.loss()

    def _look(self, path: str, layer: Layer, method: str, code: Any, given: tuple[Any, ...]) -> Any:
        if method == "forward":
            return self._forward(path, layer, code, given)
        ctx, *dy = given
        result = code(ctx, *self._jolted(dy))
        result = tuple(self._jolted(result)) if isinstance(result, tuple) else self._jolted((result,))[0]
        names = self._calls.get((id(layer), id(ctx)), []) if self._noting else []
        for name, dx, wanted in zip(names, as_tuple(result), ctx.needs_dx, strict=False):
            if name in self.arrays and dx is not None and wanted:
                self.slopes[name] = self.slopes.get(name, 0.0) + np.array(dx)
        return result

    def _forward(self, path: str, layer: Layer, code: Any, given: tuple[Any, ...]) -> Any:
        ctx, *inputs = given
        if self._depth == 0:
            ctx.needs_dx = EVERY_INPUT
        called = f"{prefix_of(self.twin.micro)}{path}"
        number = self._numbers[called] = self._numbers.get(called, 0) + 1
        called = called if number == 1 else f"{called}#{number}"
        names = [f"{called}.{of}" for of in numbered("x", inputs)]
        if self._noting:
            self._calls[id(layer), id(ctx)] = names
            for name, x in zip(names, inputs, strict=True):
                if np.asarray(x).dtype.kind == "f":
                    self.arrays[name], self.micro[name] = np.array(x), self.twin.micro
        elif self.shifts:
            inputs = [x + self.shifts.get(name, 0) for name, x in zip(names, inputs, strict=True)]
        self._depth += 1
        try:
            return code(ctx, *self._jolted(inputs))
        finally:
            self._depth -= 1

    def _jolted(self, arrays: Sequence[Any]) -> Sequence[Any]:
        if self.jolt is None:
            return arrays
        return [self.jolt(x) if x is not None and np.asarray(x).dtype.kind == "f" else x for x in arrays]
