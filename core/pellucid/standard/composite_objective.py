"""CompositeObjective: an objective written as plain code over layers; its backward comes from the tape."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.autodiff.primitive import Recorded
from pellucid.basics.arrays import Array
from pellucid.basics.errors import DifferentiationError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.objective import Batch, Objective
from pellucid.model.composite import CallTape


class CompositeObjective(Objective, ABC):
    """An objective whose author writes the forward only, in ``call``, as that of a Composite.

    ::

        class Adversarial(pl.CompositeObjective):
            turns = ("discriminator", "generator")              # parts of the model, which move in turns

            def call(self, ctx, model, batch):
                fake = model.generator(ctx.variable(ctx.normal((len(batch), 8))))
                if ctx.player == "generator":
                    return np.mean(np.logaddexp(0, -model.discriminator(fake)))
                real = model.discriminator(ctx.variable(batch.x))
                fake = model.discriminator(ctx.stop("fake", fake))
                return np.mean(np.logaddexp(0, -real)) + np.mean(np.logaddexp(0, fake))

    With ``turns`` each player's value is reported as a part by its name, in evaluation those of all.
    """

    @abstractmethod
    def call(self, ctx: Context, model: Any, batch: Batch) -> Any:
        """What is minimised, a Variable of shape (): a mean over the batch. Or a table of such parts, which are
        reported apart, and whose sum is minimised.

        ``ctx.variable(x)`` makes a Variable of an array; layers are called on Variables. ``ctx.player`` is the name of
        the part whose turn it is, or None. What must not carry a gradient goes through ``ctx.stop(name, value)``.
        """

    def mean(self, ctx: Context, batch: Batch, each: Any) -> Any:
        """``Σ wᵢ lᵢ / Σ wᵢ`` of a number for each sample, (N,), by the weights of the batch; sets ``ctx.count``."""
        if batch.weight is None:
            return np.sum(each) / len(batch)
        ctx.count = float(batch.weight.sum())
        return np.sum(each * (batch.weight / (ctx.count or 1.0)))

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        players: list[str | None] = [self.player(ctx.step)] if ctx.training else [*dict.fromkeys(self.turns)] or [None]
        total, ctx.parts = ctx.scratch("total", (), "float64"), {}
        ctx.ops.fill(total, 0.0)
        for player in players:
            own = ctx.child(player or "call")
            own.player, own.count = player, float(len(batch))
            own.values = self._values(own, model, batch)
            for name, value in own.values.items():
                part = ctx.scratch(("part", name), (), "float64")
                ctx.ops.copy(value.value, part)
                ctx.ops.add_scaled(total, part, 1.0 / len(players))
                if name:
                    ctx.parts[name] = part
            ctx.count = own.count
        return total

    def _values(self, own: Context, model: Layer, batch: Batch) -> dict[str, Any]:
        """What ``call`` returns, by name; a value without a name of its own is the player's."""
        tape = own.tape = CallTape(own)
        result = self.call(own, model, batch)
        values = dict(result) if isinstance(result, Mapping) else {own.player or "": result}
        for name, value in values.items():
            if not isinstance(value, Recorded) or value.tape is not tape or value.shape != ():  # type: ignore[attr-defined]
                shape = getattr(value, "shape", None)
                raise DifferentiationError(
                    f"{type(self).__name__}.call must return a Variable of shape (), or a table of them"
                    f"{f' ({name!r})' if name else ''}. Received: {type(value).__name__} of shape {shape}. Take the "
                    "mean over the batch, np.mean(…) or self.mean(ctx, batch, …), of what is computed from Variables."
                )
        return values

    def backward(self, ctx: Context, model: Layer) -> None:
        own = ctx.child(self.player(ctx.step) or "call")
        tape = own.tape
        assert isinstance(tape, CallTape)  # forward set it
        owned = [param for param, slot in tape.owned.values() if slot is not None]
        gradients = tape.gradients(list(own.values.values()), [tape.own(param) for param in owned])
        for param, gradient in zip(owned, gradients, strict=True):
            param.grad += gradient
