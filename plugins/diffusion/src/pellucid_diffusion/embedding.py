"""Embedding: what the network is told beside the sample, the time and a label, as a row of features."""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from pellucid import Array, ConfigError, Context, Dense, Equation, Example, Layer, Shape, ShapeError, check_int

from pellucid_diffusion.ops import LONGEST


class Embedding(Layer):
    """``e = silu(V silu(W s(t) + b) + c + U[label])`` with the sines and cosines s(t) of many periods.

    The label K of K classes stands for "none": it has a row of U as well, which is learned from the samples whose
    label the objective drops.

    Args:
        units: features of e, an even number.
        classes: number of classes K; 0 takes no label.

    Shapes: t (N,), label (N,) in 0 … K if there are classes -> e (N, units).

    Source: Ho, Jain & Abbeel, 2020, appendix B; Dhariwal & Nichol, 2021, §4.
    """

    equations = (
        Equation("s", r"s(t) = [\sin(t\,\omega_i),\ \cos(t\,\omega_i)], \quad \omega_i = 10000^{-i/H}",
                 why="it is computed on the way to y, and given to nobody"),
        Equation("y", r"e = \mathrm{silu}(V\,\mathrm{silu}(W s(t) + b) + c + U_{\mathrm{label}})",
                 why="the layers inside compute it, and the label is in one form of two"),
        Equation("dU", r"dU_k = \sum_{n:\, \mathrm{label}_n = k} de_n \odot \mathrm{silu}'"),
    )  # fmt: skip
    examples = (Example({"units": 4}, (("int", 50),)), Example({"units": 6, "classes": 2}, (("int", 50), ("int", 3))))
    capturable = True

    def __init__(self, units: int = 64, classes: int = 0) -> None:
        check_int(self, "units", units, "[2, inf)")
        check_int(self, "classes", classes, "[0, inf)")
        if units % 2:
            raise ConfigError(f"The 'units' of Embedding must be even: half are sines. Received: {units}.")
        self.units = units
        self.classes = classes
        self.first = Dense(units, "silu")
        self.second = Dense(units)
        self.labels = Dense(units, use_bias=False) if classes else None

    @property
    def integer_inputs(self) -> tuple[int, ...]:  # type: ignore[override]
        return (0, 1) if self.classes else (0,)

    def build(self, *input_shapes: Shape) -> None:
        self.output_shape(*input_shapes)
        self.first.build((self.units,))
        self.second.build((self.units,))
        if self.labels is not None:
            self.labels.build((self.classes + 1,))

    def output_shape(self, *input_shapes: Shape) -> Shape:
        expected = ((), ()) if self.classes else ((),)
        if tuple(map(tuple, input_shapes)) != expected:
            wanted = "a time and a label, each" if self.classes else "a time,"
            raise ShapeError(
                f"Embedding with classes = {self.classes} takes {wanted} of shape (). Received: inputs of shapes "
                f"{[tuple(shape) for shape in input_shapes]}."
            )
        return (self.units,)

    def as_calls(self, ctx: Context, t: Any, label: Any = None) -> Any:
        """The forward as calls of its layers on Variables, see :func:`pellucid.slopes`."""
        half = self.units // 2
        angle = t.reshape(-1, 1) * np.exp(np.arange(half) * (-log(LONGEST) / half))
        z = self.second(self.first(np.concatenate([np.sin(angle), np.cos(angle)], axis=1)))
        if self.labels is not None:
            one_hot = label.reshape(-1, 1) == np.arange(self.classes + 1)
            z = z + self.labels(ctx.variable(one_hot.astype(ctx.dtype)))
        return z / (1 + np.exp(-z))

    def forward(self, ctx: Context, t: Array, label: Array | None = None) -> Array:
        features = ctx.scratch("features", (t.shape[0], self.units))
        ctx.op("diffusion/time_features")(t, features)
        hidden = self.first.forward(ctx.child("first", (False,)), features)
        ctx.z = self.second.forward(ctx.child("second"), hidden)
        if self.labels is not None:
            one_hot = ctx.scratch("one_hot", (t.shape[0], self.classes + 1))
            ctx.op("diffusion/one_hot")(label, one_hot)
            ctx.ops.add_scaled(ctx.z, self.labels.forward(ctx.child("labels", (False,)), one_hot), 1.0)
        ctx.e = ctx.scratch("e", ctx.z.shape)
        ctx.ops.activation_forward("silu", ctx.z, ctx.e)
        return ctx.e

    def backward(self, ctx: Context, dy: Array) -> tuple[None, ...]:
        dz = ctx.scratch("dz", ctx.z.shape)
        ctx.ops.activation_backward("silu", dy, ctx.z, ctx.e, dz)
        if self.labels is not None:
            self.labels.backward(ctx.child("labels"), dz)
        self.first.backward(ctx.child("first"), self.second.backward(ctx.child("second"), dz))
        return (None, None) if self.classes else (None,)
