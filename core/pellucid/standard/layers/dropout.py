"""Dropout: silence a random part of the inputs in training, so that no unit can rely on another."""

from __future__ import annotations

from pellucid.basics.arrays import Array, Interval, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer


class Dropout(Layer):
    """``y = x ⊙ m / (1 − rate)`` in training, with ``m`` ~ Bernoulli(1 − rate); ``y = x`` in evaluation.

    The division keeps the expectation of y at x ("inverted" dropout, Srivastava et al., 2014, §10). The mask is not
    stored: the random numbers are counted, so backward draws the same ones again.

    Args:
        rate: the fraction dropped, in [0, 1).

    Shapes: any; y has the shape of x.
    """

    equations = (
        Equation("m", r"m = [u \ge \mathrm{rate}], \quad u \sim \mathcal{U}[0, 1)", "uniform >= rate"),
        Equation("y", r"y = \frac{x \odot m}{1 - \mathrm{rate}}", "x * m / (1 - rate)"),
        Equation("y_evaluation", r"y = x \quad\text{in evaluation}", "x"),
        Equation("dx", r"dx = \frac{dy \odot m}{1 - \mathrm{rate}}", "dy * m / (1 - rate)"),
    )
    examples = (Example({"rate": 0.5}), Example({"rate": 0.2}, ((3, 4),)), Example({"rate": 0.0}))
    capturable = True

    def __init__(self, rate: float = 0.5) -> None:
        check_float(self, "rate", rate, "[0, 1)")
        self.rate = rate

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def output_interval(self, *inputs: Interval) -> Interval:
        return inputs[0]

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.stream_used = ctx.stream() if ctx.training and self.rate > 0 else None
        if ctx.stream_used is None:
            return x
        y = ctx.scratch("y", x.shape)
        ctx.ops.dropout(x, self.rate, ctx.stream_used, y)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        if ctx.stream_used is None:
            return dy
        dx = ctx.scratch("dx", dy.shape)
        ctx.ops.dropout(dy, self.rate, ctx.stream_used, dx)
        return dx
