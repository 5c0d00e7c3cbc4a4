"""MaskingNoise: a random part of the inputs is set to 0, in training only."""

from __future__ import annotations

from typing import Any

from pellucid import Array, Context, Equation, Example, Layer, PageNote, PagePart, Shape, check_float


class MaskingNoise(Layer):
    """``y = x ⊙ m`` with ``m`` ~ Bernoulli(1 − fraction) in training; ``y = x`` in evaluation.

    Unlike dropout it does not scale what is left: a picture of which pixels are missing is no brighter elsewhere.
    Source: Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, 2008, §2.3.

    Args:
        fraction: of the inputs that is set to 0, in [0, 1).

    Shapes: any; y has the shape of x.
    """

    equations = (
        Equation("m", r"m = [u \ge \mathrm{fraction}], \quad u \sim \mathcal{U}[0, 1)", "uniform >= fraction"),
        Equation("y", r"y = x \odot m", "x * m"),
        Equation("y_evaluation", r"y = x \quad\text{in evaluation}", "x"),
        Equation("dx", r"dx = dy \odot m", "dy * m"),
    )
    examples = (Example({"fraction": 0.5}), Example({"fraction": 0.25}, ((2, 3),)), Example({"fraction": 0.0}))
    capturable = True

    def __init__(self, fraction: float = 0.3) -> None:
        check_float(self, "fraction", fraction, "[0, 1)")
        self.fraction = fraction

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def page_parts(self, call: Any, trace: Any) -> list[PagePart]:
        """For the page of a step: how much was masked."""
        name = call.name_of("m")
        return [PageNote.kept(trace[name])] if name in trace else []

    def forward(self, ctx: Context, x: Array) -> Array:
        ctx.stream_used = ctx.stream() if ctx.training and self.fraction > 0 else None
        return self._masked(ctx, x, "y")

    def backward(self, ctx: Context, dy: Array) -> Array:
        return self._masked(ctx, dy, "dx")  # the numbers are counted, so the same ones are drawn again

    def _masked(self, ctx: Context, a: Array, name: str) -> Array:
        if ctx.stream_used is None:
            return a
        out = ctx.scratch(name, a.shape)
        ctx.ops.dropout(a, self.fraction, ctx.stream_used, out)  # which divides by 1 − fraction
        ctx.ops.scale(out, 1 - self.fraction)
        return out
