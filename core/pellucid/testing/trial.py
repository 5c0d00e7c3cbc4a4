"""Trial: a layer that has been built, with parameters, inputs and dy drawn at random; the bench that cases work at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.failure import require_close
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.model.build import initialize
from pellucid.ops.base import Ops
from pellucid.testing.subject import Subject, declared_shape, draw_input, tie

Arrays = tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    """Copies of what one forward and backward gave: outputs, input gradients (or None), parameter gradients by path."""

    y: Arrays
    dx: Arrays
    grads: dict[str, HostArray]

    def require_close(self, expected: Result, tolerance: float, when: str, remedy: str) -> None:
        """Raise ConformanceError unless all of it equals ``expected``; ``when`` completes "the output …"."""
        for i, (a, b) in enumerate(zip(self.y, expected.y, strict=True)):
            require_close(f"{_numbered('The output', i, self.y)} {when}", a, b, tolerance, remedy)
        for i, (a, b) in enumerate(zip(self.dx, expected.dx, strict=True)):
            if a is not None or b is not None:
                require_close(f"{_numbered('The gradient of input', i, self.dx)} {when}", a, b, tolerance, remedy)
        for path in expected.grads:
            name = f"The gradient of '{path}' {when}"
            require_close(name, self.grads[path], expected.grads[path], tolerance, remedy)


def _numbered(name: str, i: int, among: Arrays) -> str:
    return f"{name} {i}" if len(among) > 1 else name


class Trial:
    """A layer made by name and built for the shapes of its example.

    Parameters and states are moved at random from where initialisers put them: a bias that starts at zero, or a scale
    that starts at one, would hide its own absence.

    Args:
        tied: whether numbers meet: see ``tie``. Parameters are rounded to halves, so that what goes into a rectifier
            is 0 here and there.
    """

    def __init__(
        self, subject: Subject, *, dtype: str = "float64", ops: Ops | None = None, rows: int = 4, seed: int = 0,
        layer: Layer | None = None, tied: bool = False,
    ) -> None:  # fmt: skip
        self.specs = subject.example.input_shapes
        self.shapes = tuple(declared_shape(spec) for spec in self.specs)
        self.dtype = np.dtype(dtype)
        self.ops = subject.backends.reference if ops is None else ops
        self.layer: Layer = subject.create() if layer is None else layer
        initialize(self.layer, *self.shapes, seed=seed, dtype=dtype, ops=self.ops)
        rng = np.random.default_rng([seed, 2])
        for param in self.layer.parameters():
            self._move(param.data, 0.3 * rng.normal(size=param.shape))
        for state in self.layer.states():
            self._move(state.data, 0.3 * np.abs(rng.normal(size=state.shape)))  # a variance must stay positive
        self.inputs = self.draw(rows, seed)
        if tied:
            self._tie()
        self.dy = self.draw_dy(self.inputs, seed)

    def _move(self, data: Any, by: HostArray) -> None:
        self.ops.add_scaled(data, self.ops.asarray(by.astype(self.dtype)), 1.0)

    def _tie(self) -> None:
        self.inputs = tuple(self.ops.asarray(tie(np.array(self.ops.to_host(x)))) for x in self.inputs)
        for param in self.layer.parameters():
            param.data = self.ops.asarray(np.rint(2.0 * self.ops.to_host(param.data)) / 2.0)

    def draw(self, rows: int, seed: int = 0) -> Arrays:
        """Random inputs."""
        rng = np.random.default_rng([seed, 3])
        return tuple(self.ops.asarray(draw_input(spec, rows, rng, self.dtype)) for spec in self.specs)

    def draw_dy(self, inputs: Arrays, seed: int = 0) -> Arrays:
        """Random gradients at the outputs for these inputs."""
        rng = np.random.default_rng([seed, 4])
        outputs = as_tuple(self.layer.forward(self.context(), *inputs))
        return tuple(self.ops.asarray(rng.normal(size=y.shape).astype(self.dtype)) for y in outputs)

    def context(self, *, training: bool = True, step: int = 0, index: Any = None) -> Context:
        """A new root context; ``index`` says which samples an evaluation is about."""
        ctx = Context(self.ops, training=training, seed=0, dtype=self.dtype)
        self.begin(ctx, step, index)
        return ctx

    @staticmethod
    def begin(ctx: Context, step: int, index: Any = None) -> None:
        """Set the step of the next call; its rows are counted from 3, as in a later micro-batch."""
        ctx.begin(step, 0, row_offset=3, index=index)

    def call(
        self, inputs: Arrays | None = None, dy: Arrays | None = None, *, training: bool = True,
        ctx: Context | None = None,
    ) -> Result:  # fmt: skip
        """One forward and backward from zeroed gradients."""
        inputs, dy = self.inputs if inputs is None else inputs, self.dy if dy is None else dy
        if ctx is None:
            index = None if training else np.arange(len(inputs[0]), dtype=np.int64)
            ctx = self.context(training=training, index=index)
        self.zero_gradients()
        y = copies(self.ops, as_tuple(self.layer.forward(ctx, *inputs)))
        dx = copies(self.ops, as_tuple(self.layer.backward(ctx, *dy)))
        return Result(y, dx, self.gradients())

    def zero_gradients(self) -> None:
        for param in self.layer.parameters():
            self.ops.fill(param.grad, 0.0)

    def gradients(self) -> dict[str, HostArray]:
        """Copies of the parameters' gradients by path."""
        return {p.path: np.array(self.ops.to_host(p.grad)) for p in self.layer.parameters()}

    def values(self) -> dict[str, HostArray]:
        """Copies of parameters and states by path."""
        both: list[Any] = [*self.layer.parameters(), *self.layer.states()]
        return {p.path: np.array(self.ops.to_host(p.data)) for p in both}


def as_tuple(result: Any) -> Arrays:
    """The outputs of a layer, or the gradients at its inputs, as a tuple."""
    return result if isinstance(result, tuple) else (result,)


def copies(ops: Ops, arrays: Iterable[Any]) -> Arrays:
    """Copies on the host; None stays None."""
    return tuple(None if a is None else np.array(ops.to_host(a)) for a in arrays)
