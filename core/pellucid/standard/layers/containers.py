"""Sequential, Residual, Parallel: layers made of layers by plain loops, without a tape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import prod
from typing import Any, Literal

import numpy as np

from pellucid.basics.arrays import Array, Interval, Shape, as_tuple
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import ConfigError, PellucidError, ShapeError
from pellucid.basics.limits import check_memory
from pellucid.interfaces.context import EVERY_INPUT, Context
from pellucid.interfaces.layer import Layer
from pellucid.standard.arguments import check_choice
from pellucid.standard.rows import as_rows, contiguous

NO_INPUT = (False,) * len(EVERY_INPUT)
"""``needs_dx`` of a layer none of whose input gradients is wanted, whatever their number."""
INSIDE = "the layers inside compute it, by equations of their own"
_DENSE = {"type": "core/dense", "units": 3}
_SAME_WIDTH = {"type": "core/dense", "units": 5, "activation": "tanh"}


class Sequential(Layer):
    """One layer after another: ``y = f_n(… f_2(f_1(x)))``.

    ``forward`` passes the activation from the first layer to the last, ``backward`` the gradient from the last to the
    first: the chain rule as a loop. Layers before the first trainable one compute no input gradient.

    Args:
        layers: at least one layer.

    Shapes: those of the first layer in, those of the last layer out.
    """

    equations = (
        Equation("y", r"y = (f_n \circ \dots \circ f_1)(x)", why=INSIDE),
        Equation("dx", r"dx = J_{f_1}^\top \cdots J_{f_n}^\top\, dy"),
    )
    examples = (Example({"layers": [_SAME_WIDTH, _DENSE]}),)
    capturable = True

    def __init__(self, layers: Sequence[Layer]) -> None:
        if not layers:
            raise ConfigError("The 'layers' of Sequential must hold at least one layer. Received: an empty list.")
        check_layers(self, layers)
        self.layers = layers

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return self.layers[0].integer_inputs

    def build(self, *input_shapes: Shape) -> None:
        self._pass_shapes(input_shapes, build=True)

    def output_shape(self, *input_shapes: Shape) -> Any:
        return self._pass_shapes(input_shapes, build=False)

    def _pass_shapes(self, shapes: tuple[Shape, ...], *, build: bool) -> Any:
        so_far: list[tuple[str, tuple[Shape, ...]]] = [("input", shapes)]
        for i, layer in enumerate(self.layers):
            try:
                if build:
                    layer.build(*shapes)
                result = layer.output_shape(*shapes)
            except ShapeError as error:
                if "shapes so far" in str(error):
                    raise
                where = f"layers.{i} ({type(layer).__name__})"
                shown = " → ".join(f"{name} {_shown(of_it)}" for name, of_it in so_far)
                raise ShapeError(f"{where}: {error} The shapes so far: {shown}.") from error
            shapes = result if result and all(isinstance(part, tuple) for part in result) else (result,)
            for shape in shapes if build else ():
                numbers = prod(size or 1 for size in shape)
                check_memory(
                    4 * numbers, f"One sample after layers.{i} ({type(layer).__name__})", "Make it smaller.", ShapeError
                )
            so_far.append((type(layer).__name__, shapes))
        return result

    def output_interval(self, *inputs: Interval) -> Interval:
        for layer in self.layers:
            inputs = (layer.output_interval(*inputs),)
        return inputs[0]

    def as_calls(self, ctx: Context, *inputs: Any) -> Any:
        """The forward as calls of its layers on Variables, as in ``Composite.call``; see :func:`pellucid.slopes`."""
        for layer in self.layers:
            inputs = as_tuple(layer(*inputs))
        return inputs if len(inputs) > 1 else inputs[0]

    def forward(self, ctx: Context, *inputs: Array) -> Any:
        ctx.inputs = len(inputs)
        for i, layer in enumerate(self.layers):
            y = layer.forward(self._context(ctx, i), *inputs)
            inputs = y if type(y) is tuple else (y,)
        return y

    def backward(self, ctx: Context, *dy: Array) -> Any:
        for i in range(len(self.layers) - 1, -1, -1):
            own = ctx.child(i)
            dx = self.layers[i].backward(own, *dy)
            if dx is None or True not in own.needs_dx:  # nobody below wants one, whatever the layer answers
                return None if ctx.inputs == 1 else (None,) * ctx.inputs
            dy = dx if type(dx) is tuple else (dx,)
        return dx

    def _context(self, ctx: Context, i: int) -> Context:
        if i == 0:
            return ctx.child(0, ctx.needs_dx)
        if ctx.has_child(i):
            return ctx.child(i)
        wanted = any(ctx.needs_dx) or any(p.trainable for layer in self.layers[:i] for p in layer.parameters())
        return ctx.child(i, EVERY_INPUT if wanted else NO_INPUT)  # of however many inputs a layer in the middle has


class Residual(Layer):
    """A detour with a short cut: ``y = x + f(x)``; ``dx = dy + f'(x)ᵀ dy``.

    Args:
        layer: f; its output has the shape of its input.

    Source: He et al., Deep Residual Learning for Image Recognition, 2015.
    """

    equations = (Equation("y", r"y = x + f(x)", why=INSIDE), Equation("dx", r"dx = dy + J_f^\top dy"))
    examples = (Example({"layer": _SAME_WIDTH}),)
    capturable = True

    def __init__(self, layer: Layer) -> None:
        check_layers(self, [layer])
        self.layer = layer

    def build(self, input_shape: Shape) -> None:
        self.layer.build(input_shape)
        self.output_shape(input_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        shape = self.layer.output_shape(input_shape)
        if shape != input_shape:
            raise ShapeError(
                f"The layer inside Residual must keep the shape of its input, {tuple(input_shape)}. It gives "
                f"{shape}. Choose its width equal to the input's."
            )
        return input_shape

    def output_interval(self, *inputs: Interval) -> Interval:
        return _sum_of([*inputs, self.layer.output_interval(*inputs)])

    def as_calls(self, ctx: Context, x: Any) -> Any:
        """See :meth:`Sequential.as_calls`."""
        return x + self.layer(x)

    def forward(self, ctx: Context, x: Array) -> Array:
        return _total(ctx, "y", [x, self.layer.forward(ctx.child(0, ctx.needs_dx[:1]), x)])

    def backward(self, ctx: Context, dy: Array) -> Array | None:
        dx = self.layer.backward(ctx.child(0), dy)
        return _total(ctx, "dx", [dy, dx]) if ctx.needs_dx[0] else None


class Parallel(Layer):
    """Several layers on the same input, their outputs joined along the last axis, added, or given apart.

    Args:
        layers: at least one layer.
        join: ``"concatenate"`` along the last axis, ``"sum"``, or ``"apart"``: an output for each layer, for a model of
            several targets.
    """

    equations = (
        Equation(
            "y",
            r"y = [f_1(x), \dots, f_n(x)] \quad\text{or}\quad y = \sum_i f_i(x) \quad\text{or}\quad"
            r" y_i = f_i(x)",
            why=INSIDE,
        ),
        Equation("dx", r"dx = \sum_i J_{f_i}^\top\, dy_i"),
    )
    examples = (
        Example({"layers": [_DENSE, _SAME_WIDTH]}),
        Example({"layers": [_SAME_WIDTH, _SAME_WIDTH], "join": "sum"}),
        Example({"layers": [_DENSE, _SAME_WIDTH], "join": "apart"}),
    )  # fmt: skip
    capturable = True

    def __init__(self, layers: Sequence[Layer], join: Literal["concatenate", "sum", "apart"] = "concatenate") -> None:
        if not layers:
            raise ConfigError("The 'layers' of Parallel must hold at least one layer. Received: an empty list.")
        check_choice(self, "join", join, ("concatenate", "sum", "apart"))
        check_layers(self, layers)
        self.layers = layers
        self.join = join

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return tuple(sorted({i for layer in self.layers for i in layer.integer_inputs}))

    def build(self, *input_shapes: Shape) -> None:
        for i, layer in enumerate(self.layers):
            try:
                layer.build(*input_shapes)
            except PellucidError as error:
                raise type(error)(f"layers.{i} ({type(layer).__name__}): {error}") from error
        self.output_shape(*input_shapes)

    def output_shape(self, *input_shapes: Shape) -> Any:
        shapes = [layer.output_shape(*input_shapes) for layer in self.layers]
        if self.join == "apart":
            return tuple(map(tuple, shapes))
        compared = [shape[:-1] for shape in shapes] if self.join == "concatenate" else shapes
        scalars = self.join == "concatenate" and any(not shape or shape[-1] is None for shape in shapes)
        if scalars or any(shape != compared[0] for shape in compared):
            raise ShapeError(f"The outputs of the layers inside Parallel cannot be joined by {self.join}: {shapes}.")
        if self.join == "sum":
            return tuple(shapes[0])
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def output_interval(self, *inputs: Interval) -> Interval:
        parts = [layer.output_interval(*inputs) for layer in self.layers]
        if self.join == "sum":
            return _sum_of(parts)
        return min(low for low, _ in parts), max(high for _, high in parts)

    def as_calls(self, ctx: Context, *inputs: Any) -> Any:
        """See :meth:`Sequential.as_calls`."""
        outputs = [layer(*inputs) for layer in self.layers]
        if self.join == "apart":
            return tuple(outputs)
        return sum(outputs[1:], outputs[0]) if self.join == "sum" else np.concatenate(outputs, axis=-1)

    def forward(self, ctx: Context, *inputs: Array) -> Any:
        ctx.inputs = len(inputs)
        outputs = [layer.forward(ctx.child(i, ctx.needs_dx), *inputs) for i, layer in enumerate(self.layers)]
        if self.join == "apart":
            return tuple(outputs)
        return _total(ctx, "y", outputs) if self.join == "sum" else _joined(ctx, outputs)

    def backward(self, ctx: Context, *dy: Array) -> Any:
        parts = list(dy)
        if self.join != "apart":
            parts = [dy[0]] * len(self.layers) if self.join == "sum" else _parted(ctx, dy[0])
        answers = [
            as_tuple(layer.backward(ctx.child(i), part))
            for i, (layer, part) in enumerate(zip(self.layers, parts, strict=True))
        ]
        # Only what was asked for is looked at: where it was not, one branch may answer None and another an array.
        dx = [_sum_at(ctx, i, answers) if ctx.needs_dx[i] else None for i in range(ctx.inputs)]
        return dx[0] if ctx.inputs == 1 else tuple(dx)


def _sum_of(parts: list[Interval]) -> Interval:
    """What sums of numbers in these intervals lie in."""
    return sum(low for low, _ in parts), sum(high for _, high in parts)


def _sum_at(ctx: Context, i: int, answers: list[tuple[Any, ...]]) -> Array | None:
    """The gradient at input i, from what each branch says of its inputs; None where it holds integers for all."""
    found = [answer[i] for answer in answers if answer[i] is not None]
    return _total(ctx, ("dx", i), found) if found else None


def _total(ctx: Context, name: Any, arrays: list[Array]) -> Array:
    total = ctx.scratch(name, arrays[0].shape, arrays[0].dtype)
    ctx.ops.copy(arrays[0], total)
    for array in arrays[1:]:
        ctx.ops.add_scaled(total, array, 1.0)
    return total


BLOCK = 64
"""Rows that are joined at a time: their transposed stays in the cache."""


def _joined(ctx: Context, outputs: list[Array]) -> Array:
    """The outputs side by side along the last axis. They are put together transposed, a block of rows after the other:
    there each output lies in memory in one piece, as the kernels, and so a recorded step, want it."""
    ctx.widths = [y.shape[-1] for y in outputs]
    joined = ctx.scratch("y", (*outputs[0].shape[:-1], sum(ctx.widths)))
    parts = [as_rows(ctx, y, f"y{i}") for i, y in enumerate(outputs)]  # (rows, width)
    for rows, block in _blocks(joined):
        columns = ctx.scratch(("columns", len(block)), block.shape[::-1])
        for part, place in zip(parts, _places(ctx.widths), strict=True):
            ctx.ops.copy(part[rows].T, columns[place])
        ctx.ops.copy(columns.T, block)
    return joined


def _parted(ctx: Context, dy: Array) -> list[Array]:
    """The gradient at each output, from that at all of them side by side."""
    gradients = [ctx.scratch(("dy", i), (*dy.shape[:-1], width)) for i, width in enumerate(ctx.widths)]
    parts = [gradient.reshape(-1, gradient.shape[-1]) for gradient in gradients]
    for rows, block in _blocks(contiguous(ctx, dy, "dy")):
        columns = ctx.scratch(("columns", len(block)), block.shape[::-1])
        ctx.ops.copy(block.T, columns)
        for part, place in zip(parts, _places(ctx.widths), strict=True):
            ctx.ops.copy(columns[place].T, part[rows])
    return gradients


def _blocks(a: Array) -> Iterator[tuple[slice, Array]]:
    """The rows of a contiguous array (N, …, features), some at a time: which, and themselves."""
    rows = a.reshape(-1, a.shape[-1])
    for start in range(0, len(rows), BLOCK):
        yield slice(start, start + BLOCK), rows[start : start + BLOCK]


def _places(widths: list[int]) -> list[slice]:
    """Where each of several parts of these widths stands among all of them."""
    return [slice(end - width, end) for width, end in zip(widths, accumulate(widths), strict=True)]


def _shown(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(str(tuple(shape)) for shape in shapes)


def check_layers(owner: Layer, layers: Sequence[Layer]) -> None:
    """Raise ConfigError unless all are layers."""
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise ConfigError(
                f"{type(owner).__name__} is made of layers. Received: {layer!r:.80}, item {i}. A function is made "
                "one by FunctionLayer(f), a name by create('layer', name)."
            )
