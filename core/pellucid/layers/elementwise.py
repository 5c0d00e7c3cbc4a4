"""Elementwise: what all activations that act on each number by itself have in common."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, ClassVar

from pellucid.component import Example
from pellucid.layer import Layer
from pellucid.ops.activations import NEEDS_INPUT

if TYPE_CHECKING:
    from pellucid.context import Context
    from pellucid.layer import Array, Shape


class Elementwise(Layer, ABC):
    """``y = f(x)``, ``dx = dy ⊙ f′(x)``. Shapes: any; y has the shape of x.

    A subclass names its op, one of ``pellucid.ops.activations.ACTIVATIONS``.
    """

    examples = (Example(), Example({}, ((3, 4),)))
    capturable = True
    op: ClassVar[str]

    def parameter(self) -> float | None:
        """The activation's α, if it has one."""
        return None

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, ctx: Context, *inputs: Array) -> Array:
        (x,) = inputs
        ctx.x = x if self.op in NEEDS_INPUT else None
        ctx.y = ctx.scratch("y", x.shape)
        ctx.ops.activation_forward(self.op, x, ctx.y, self.parameter())
        return ctx.y

    def backward(self, ctx: Context, *dy: Array) -> Array:
        dx = ctx.scratch("dx", ctx.y.shape)
        ctx.ops.activation_backward(self.op, dy[0], ctx.x, ctx.y, dx, self.parameter())
        return dx
