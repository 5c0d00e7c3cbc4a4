"""GaussianNoise: normal noise on the inputs, in training only."""

from __future__ import annotations

from pellucid import Array, Context, Equation, Example, Layer, Shape, check_float


class GaussianNoise(Layer):
    """``y = x + σ ε`` with ``ε ~ N(0, 1)`` in training; ``y = x`` in evaluation.

    Nothing is clipped: inputs in [0, 1] leave this interval. Source: Vincent et al., Stacked Denoising Autoencoders,
    2010, §3.3.

    Args:
        std: σ, in the units of x, at least 0.

    Shapes: any; y has the shape of x.
    """

    equations = (
        Equation("y", r"y = x + \sigma \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, 1)", "x + std * normal"),
        Equation("y_evaluation", r"y = x \quad\text{in evaluation}", "x"),
        Equation("dx", r"dx = dy", "dy"),
    )
    examples = (Example({"std": 0.5}), Example({"std": 0.1}, ((2, 3),)), Example({"std": 0.0}))
    capturable = True

    def __init__(self, std: float = 0.1) -> None:
        check_float(self, "std", std, "[0, inf)")
        self.std = std

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def forward(self, ctx: Context, x: Array) -> Array:
        if not ctx.training or self.std == 0:
            return x
        y = ctx.scratch("y", x.shape)
        ctx.ops.copy(x, y)
        ctx.ops.add_scaled(y, ctx.normal(x.shape), self.std)
        return y

    def backward(self, ctx: Context, dy: Array) -> Array:
        return dy
