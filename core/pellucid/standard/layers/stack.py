"""Stack: layers one after another, each of which that takes a mask is given it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid.basics.arrays import Array, Interval, Shape
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer

_WIDE = {"type": "core/dense", "units": 3, "activation": "tanh"}
_DENSE = {"type": "core/dense", "units": 2}


class Stack(Layer):
    """``y = f_n(… f_2(f_1(x, m), m) …)``: as ``sequential``, but what comes beside the sequences, a mask m and begins,
    goes to every layer that takes it, which it says by ``takes_mask``: recurrent layers, attention, and ``parallel`` of
    them. A layer that takes one input, such as ``dense``, gets that alone.

    Args:
        layers: at least one layer.

    Shapes: x (N, T, F), and optional mask (N, T), begins (N,) -> that of the last layer.
    """

    equations = (
        Equation(
            "y",
            r"y = f_n(\dots f_2(f_1(x, m), m) \dots)",
            why="the layers inside compute it, by equations of their own",
        ),
        Equation("dx", r"dx = J_{f_1}^\top \cdots J_{f_n}^\top\, dy"),
    )
    examples = (
        Example({"layers": [_WIDE, _DENSE]}, ((4, 2),)),
        Example({"layers": [_DENSE]}, ((None, 2),)),
    )
    capturable = True
    beside = 0
    """How many inputs there are beside the sequences, known when it is built."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        if not layers:
            raise ConfigError("The 'layers' of Stack must hold at least one layer. Received: an empty list.")
        self.layers = layers

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        first = (0,) if 0 in self.layers[0].integer_inputs else ()
        return (*first, *range(1, 1 + self.beside))

    def build(self, x: Shape, *more: Shape) -> None:
        self._pass(x, more, build=True)
        self.beside = len(more)

    def output_shape(self, x: Shape, *more: Shape) -> Shape:
        return self._pass(x, more, build=False)

    def _pass(self, shape: Shape, more: tuple[Shape, ...], *, build: bool) -> Shape:
        if more and not any(map(_takes_mask, self.layers)):
            raise ShapeError(
                "Stack has no layer that takes a mask. Received: inputs of shapes "
                f"{[tuple(each) for each in (shape, *more)]}. Give it x alone."
            )
        for i, layer in enumerate(self.layers):
            shapes = (shape, *self._beside(layer, more))
            try:
                if build:
                    layer.build(*shapes)
                shape = layer.output_shape(*shapes)
            except ShapeError as error:
                raise ShapeError(f"layers.{i} ({type(layer).__name__}) of Stack: {error}") from error
        return shape

    def _beside(self, layer: Layer, more: tuple[Any, ...]) -> tuple[Any, ...]:
        return more if _takes_mask(layer) else ()

    def output_interval(self, *inputs: Interval) -> Interval:
        interval = inputs[0]
        for layer in self.layers:
            interval = layer.output_interval(interval)
        return interval

    def as_calls(self, ctx: Context, x: Any, *more: Any) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        for layer in self.layers:
            x = layer(x, *self._beside(layer, more))
        return x

    def forward(self, ctx: Context, x: Array, *more: Array) -> Any:
        ctx.inputs = 1 + len(more)
        for i, layer in enumerate(self.layers):
            wanted = ctx.needs_dx[0] if i == 0 else None
            beside = self._beside(layer, more)
            own = ctx.child(i) if wanted is None else ctx.child(i, (wanted,) * (1 + len(beside)))
            x = layer.forward(own, x, *beside)
        return x

    def backward(self, ctx: Context, *dy: Array) -> Any:
        for i in range(len(self.layers) - 1, -1, -1):
            dx = self.layers[i].backward(ctx.child(i), *dy)
            dy = (dx[0] if isinstance(dx, tuple) else dx,)
        return dy[0] if ctx.inputs == 1 else (*dy, *[None] * (ctx.inputs - 1))


def _takes_mask(layer: Layer) -> bool:
    return any(part.takes_mask for _, part in layer.walk())
