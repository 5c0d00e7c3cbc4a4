"""Stack: layers one after another, each of which that takes a mask is given it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pellucid import Array, ConfigError, Context, Equation, Example, Interval, Layer, Shape, ShapeError

_GRU = {"type": "recurrent/gru", "units": 3}
_LAST = {"type": "recurrent/rnn", "units": 3, "return_sequences": False}
_DENSE = {"type": "core/dense", "units": 2}
MASKED = 1
"""The first input, after the sequences, of a layer that takes truth values."""


class Stack(Layer):
    """``y = f_n(… f_2(f_1(x, m), m) …)``: as ``sequential``, but what comes beside the sequences, a mask m and begins,
    goes to every layer that takes it: ``rnn``, ``gru``, ``lstm``, and ``parallel`` of them, which reads a sequence both
    ways. A layer that takes one input, such as ``dense``, gets that alone.

    Args:
        layers: at least one layer.

    Shapes: x (N, T, F), and optional mask (N, T), begins (N,) -> that of the last layer.
    """

    equations = (
        Equation("y", r"y = f_n(\dots f_2(f_1(x, m), m) \dots)"),
        Equation("dx", r"dx = J_{f_1}^\top \cdots J_{f_n}^\top\, dy"),
    )
    examples = (
        Example({"layers": [_GRU, _LAST, _DENSE]}, ((4, 2), ("bool", 4))),
        Example({"layers": [_GRU, _DENSE]}, ((None, 2),)),
    )
    integer_inputs = (1, 2)
    capturable = True

    def __init__(self, layers: Sequence[Layer]) -> None:
        if not layers:
            raise ConfigError("The 'layers' of Stack must hold at least one layer. Received: an empty list.")
        self.layers = layers

    def build(self, x: Shape, *more: Shape) -> None:
        self._pass(x, more, build=True)

    def output_shape(self, x: Shape, *more: Shape) -> Shape:
        return self._pass(x, more, build=False)

    def _pass(self, shape: Shape, more: tuple[Shape, ...], *, build: bool) -> Shape:
        if more and not any(MASKED in layer.integer_inputs for layer in self.layers):
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
        return more if MASKED in layer.integer_inputs else ()

    def output_interval(self, *inputs: Interval) -> Interval:
        interval = inputs[0]
        for layer in self.layers:
            interval = layer.output_interval(interval)
        return interval

    def forward(self, ctx: Context, x: Array, *more: Array) -> Any:
        ctx.inputs = 1 + len(more)
        for i, layer in enumerate(self.layers):
            wanted = ctx.needs_dx[0] if i == 0 else None
            beside = self._beside(layer, more)
            own = ctx.child(i) if wanted is None else ctx.child(i, (wanted,) * (1 + len(beside)))
            x = layer.forward(own, x, *beside)
        return x

    def backward(self, ctx: Context, dy: Array) -> Any:
        for i in range(len(self.layers) - 1, -1, -1):
            dx = self.layers[i].backward(ctx.child(i), dy)
            dy = dx[0] if isinstance(dx, tuple) else dx
        return dy if ctx.inputs == 1 else (dy, *[None] * (ctx.inputs - 1))
