"""Gain: a factor for each feature, as an example of a layer with a parameter."""

from __future__ import annotations

from typing import Any

from pellucid import Context, Equation, Example, Initializer, Layer, Param, ShapeError


class Gain(Layer):
    """``y = x ⊙ g``.

    Args:
        init: initializer of ``g``, or its name.

    Shapes: x (N, …, features) -> y of the same shape; g (features,).
    """

    equations = (
        Equation("y", r"y = x \odot g", "x * g"),
        Equation("dx", r"dx = dy \odot g", "dy * g"),
        Equation("dg", r"dg = \sum_n dy_n \odot x_n", "(dy * x).reshape(-1, x.shape[-1]).sum(axis=0)"),
    )
    symbols = {"g": "gain"}  # noqa: RUF012
    examples = (Example(), Example({"init": {"type": "normal", "std": 0.5}}, ((3, 4),)))
    gain: Param

    def __init__(self, init: Initializer | str = "ones") -> None:
        self.init = init

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.gain = self.param("gain", (_features(input_shape),), init=self.init)

    def output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        _features(input_shape)
        return input_shape

    def forward(self, ctx: Context, x: Any) -> Any:
        ctx.x = x
        return x * self.gain.data

    def backward(self, ctx: Context, dy: Any) -> Any:
        self.gain.grad += (dy * ctx.x).reshape(-1, self.gain.shape[0]).sum(axis=0, dtype="float64")
        return dy * self.gain.data


def _features(shape: tuple[int | None, ...]) -> int:
    if not shape or shape[-1] is None:
        raise ShapeError(f"Gain needs samples whose last axis has a fixed length. Received: samples of shape {shape}.")
    return shape[-1]
