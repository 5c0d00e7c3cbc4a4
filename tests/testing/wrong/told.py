"""Layers of layers that tell with ``as_calls`` something else than they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl


class Gated(pl.Layer):
    """``y = s ⊙ f(x) ⊙ (1 + u) + x`` in training, and without u in evaluation: told rightly."""

    integer_inputs = ()

    def __init__(self) -> None:
        self.inner = pl.Dense(5, "tanh")

    def build(self, x: Any) -> None:
        self.inner.build(x)
        self.scale = self.param("scale", (5,), init="ones")

    def output_shape(self, x: Any) -> Any:
        if len(x) != 1 or x[-1] != 5:
            raise pl.ShapeError(f"Gated takes samples of 5 features. Received: {tuple(x)}.")
        return x

    def as_calls(self, ctx: Any, x: Any) -> Any:
        u = 1 + ctx.uniform(x.shape) if ctx.training else 1.0
        return ctx.variable(self.scale) * self.inner(x) * u + x

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.u = 1 + ctx.uniform(x.shape) if ctx.training else 1.0
        ctx.inside = self.inner.forward(ctx.child("inner"), x)
        return self.scale.data * ctx.inside * ctx.u + x

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.scale.grad += (dy * ctx.u * ctx.inside).sum(axis=0)
        return self.inner.backward(ctx.child("inner"), dy * ctx.u * self.scale.data) + dy


class Forgets(Gated):
    """Leaves out what is added."""

    def as_calls(self, ctx: Any, x: Any) -> Any:
        return super().as_calls(ctx, x) - x


class AlwaysDrawn(Gated):
    """Tells of evaluation what is true of training alone."""

    def as_calls(self, ctx: Any, x: Any) -> Any:
        return ctx.variable(self.scale) * self.inner(x) * (1 + ctx.uniform(x.shape)) + x


class Elsewhere(Gated):
    """Calls the layer inside on something else."""

    def as_calls(self, ctx: Any, x: Any) -> Any:
        u = 1 + ctx.uniform(x.shape) if ctx.training else 1.0
        return ctx.variable(self.scale) * self.inner(2 * x) * u + x


class Stopped(Gated):
    """Takes the parameter as an array, past the tape."""

    def as_calls(self, ctx: Any, x: Any) -> Any:
        u = 1 + ctx.uniform(x.shape) if ctx.training else 1.0
        return self.scale.data * self.inner(x) * u + x


class Twice(Gated):
    """Calls the layer inside twice."""

    def as_calls(self, ctx: Any, x: Any) -> Any:
        u = 1 + ctx.uniform(x.shape) if ctx.training else 1.0
        return ctx.variable(self.scale) * (self.inner(x) + 0 * self.inner(x)) * u + x


class NeverCalled(Gated):
    """Computes by itself what the layer inside does."""

    def as_calls(self, ctx: Any, x: Any) -> Any:
        u = 1 + ctx.uniform(x.shape) if ctx.training else 1.0
        f = np.tanh(x @ ctx.variable(self.inner.weight) + ctx.variable(self.inner.bias))
        return ctx.variable(self.scale) * f * u + x


class Unread(Gated):
    """Reads numbers out of Variables."""

    def as_calls(self, ctx: Any, x: Any) -> Any:
        return super().as_calls(ctx, x) * (1.0 if float(x[0, 0]) > -1e9 else 2.0)


WRONG = [Forgets, AlwaysDrawn, Elsewhere, Stopped, Twice, NeverCalled, Unread]
