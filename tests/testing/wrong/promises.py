"""Components of every kind that promise capture and do not keep it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pellucid as pl


class Sine(pl.Layer):
    """y = sin x by NumPy, as in the README, and a promise too many."""

    capturable = True

    def output_shape(self, x: Any) -> Any:
        return x

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        ctx.x = x
        return np.sin(x)

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return dy * np.cos(ctx.x)


class InPlace(Sine):
    """The same on scratch."""

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        ctx.x = x
        return np.sin(x, out=ctx.scratch("y", x.shape))

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return np.multiply(dy, np.cos(ctx.x), out=ctx.scratch("dx", dy.shape))


class Scaled(Sine):
    """y = c x, by ops, with a c from somewhere."""

    def factor(self, ctx: pl.Context, x: Any) -> float:
        raise NotImplementedError

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        y, ctx.c = ctx.scratch("y", x.shape), self.factor(ctx, x)
        ctx.ops.copy(x, y)
        ctx.ops.scale(y, ctx.c)
        return y

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        dx = ctx.scratch("dx", dy.shape)
        ctx.ops.copy(dy, dx)
        ctx.ops.scale(dx, ctx.c)
        return dx


class SineOfMany(Scaled):
    """By NumPy above 8 rows only."""

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return 0.5

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        if len(x) <= 8:
            return super().forward(ctx, x)
        ctx.x = x
        return np.sin(x)

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return super().backward(ctx, dy) if len(dy) <= 8 else dy * np.cos(ctx.x)


class OfEpoch(Scaled):
    """c grows with the epochs."""

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return 1.0 if ctx.training and ctx.epoch < 2 else 1.5


class OfStep(Scaled):
    """c is another one from the 7th step on."""

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return 1.0 if ctx.training and ctx.step < 6 else 1.5


class OfChance(Scaled):
    """c is seldom another one."""

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return 1.5 if ctx.training and ctx.rng.uniform() < 0.1 else 1.0


class OfBatch(Scaled):
    """c is read from the numbers."""

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return float(abs(x).mean())


class Square(pl.Loss):
    """mse, by NumPy."""

    capturable = True
    examples = (pl.Example({}, ((3,), (3,))),)

    def forward(self, ctx: pl.Context, prediction: Any, target: Any, weight: Any = None) -> Any:
        ctx.difference, ctx.count = prediction - target, float(len(target))
        return np.mean(ctx.difference**2, dtype="float64")

    def backward(self, ctx: pl.Context) -> Any:
        return 2 * ctx.difference / ctx.difference.size


class Whole(pl.Objective):
    """The same as an objective."""

    capturable = True
    examples = (pl.Example({}, ((5,),), model={"type": "core/dense", "units": 3}, target=(3,)),)

    def forward(self, ctx: pl.Context, model: pl.Layer, batch: pl.Batch) -> Any:
        ctx.d = model.forward(ctx.child("model", needs_dx=(False,)), *batch.inputs) - batch.y
        ctx.count = float(len(batch))
        return np.mean(ctx.d**2, dtype="float64")

    def backward(self, ctx: pl.Context, model: pl.Layer) -> None:
        model.backward(ctx.child("model"), 2 * ctx.d / ctx.d.size)


class Descent(pl.Optimizer):
    """By ops, with a learning rate that is read in Python."""

    capturable = True

    def __init__(self, lr: float = 0.1) -> None:
        self.lr = lr

    def rate(self, segment: Any) -> float:
        return float(segment.lr)

    def step(self, segments: Sequence[Any]) -> None:
        for segment in segments:
            segment.ops.add_scaled(segment.data, segment.grad, -self.rate(segment))


class ByNumPy(Descent):
    """By NumPy."""

    def step(self, segments: Sequence[Any]) -> None:
        for segment in segments:
            segment.data -= 0.1 * segment.grad


class Fading(Descent):
    """Its rate falls with the number of the step."""

    def rate(self, segment: Any) -> float:
        return 0.1 / float(segment.t)


class Hidden(Descent):
    """The same, read where nobody notices."""

    def rate(self, segment: Any) -> float:
        return 0.1 / float(segment.t_cell)


class Shrink(pl.Regularizer):
    """L2 by NumPy."""

    capturable = True

    def __init__(self, strength: float = 0.1) -> None:
        self.strength = strength

    def penalty(self, ops: Any, data: Any) -> Any:
        return self.strength / 2 * (data**2).sum()

    def add_gradient(self, ops: Any, data: Any, grad: Any) -> None:
        grad += self.strength * data


class Jitter(pl.Augmentation):
    """x scaled by a number of NumPy's."""

    capturable = True

    def augment(self, ctx: pl.Context, x: Any) -> Any:
        return x * x.dtype.type(1 + 0.1 * np.tanh(x).mean())


class Rarely(Scaled):
    """By NumPy for large numbers."""

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        return x + np.float32(0.0) if (abs(x) > 10.0).any() else super().forward(ctx, x)

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return 1.0


class Listed(Scaled):
    """An array is made of a list at every step."""

    def forward(self, ctx: pl.Context, x: Any) -> Any:
        y = super().forward(ctx, x)
        ctx.ops.add_scaled(y, ctx.ops.asarray([[0.5] * x.shape[1]] * len(x), y.dtype), 1.0)
        return y

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return 1.0


class Taken(Scaled):
    """c is the share of steps that a mask takes, read in Python."""

    integer_inputs = (1,)
    takes_mask = True
    examples = (pl.Example({}, ((4, 3), ("bool", 4))),)

    def build(self, x: Any, mask: Any) -> None:
        """Two inputs."""

    def output_shape(self, x: Any, mask: Any) -> Any:
        if len(mask) != 1 or x[:1] != mask:
            raise pl.ShapeError(f"Taken takes x (T, F) and a mask (T,). Received: {x} and {mask}.")
        return x

    def forward(self, ctx: pl.Context, x: Any, mask: Any) -> Any:
        ctx.mask = mask
        return super().forward(ctx, x)

    def factor(self, ctx: pl.Context, x: Any) -> float:
        return float(ctx.mask.sum() / max(ctx.mask.size, 1))

    def backward(self, ctx: pl.Context, dy: Any) -> Any:
        return super().backward(ctx, dy), None


KINDS: dict[str, list[type]] = {
    "layer": [Sine, InPlace, SineOfMany, OfEpoch, OfStep, OfChance, OfBatch, Rarely, Listed, Taken],
    "loss": [Square], "objective": [Whole], "optimizer": [ByNumPy, Descent, Fading, Hidden], "regularizer": [Shrink],
    "transform": [Jitter],
}  # fmt: skip
"""By kind, what the kit is to catch."""
