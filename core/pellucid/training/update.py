"""Update: from complete gradients to new weights: penalties, finite check, clipping, optimizer, states."""

from __future__ import annotations

from copy import copy
from math import inf

import numpy as np

from pellucid.basics.arrays import Array, HostArray
from pellucid.basics.checks import check_float
from pellucid.interfaces.context import Context
from pellucid.interfaces.optimizer import Optimizer, Slots, make_segments
from pellucid.interfaces.schedule import Schedule


class Update:
    """Applies one step's gradients, unless they are not finite: then nothing changes.

    Of a ``player``, a part of the model that has turns, it moves the parameters alone; its steps are counted by
    themselves, in ``t``.
    """

    def __init__(
        self, optimizer: Optimizer, schedule: Schedule | None, clip_norm: float | None, slots: Slots,
        player: str | None = None,
    ) -> None:  # fmt: skip
        self.optimizer, self.schedule, self.slots = optimizer, schedule, slots
        self.arena = slots.arena
        self.ops = self.arena.ops
        own = copy(slots)
        own.t = self.t = slots.t if player is None else np.zeros((), np.int64)
        self.segments = make_segments(optimizer, own, player)
        moved = [param for segment in self.segments for param in segment.params]
        self.regularized = [(p, p.regularizer) for p in moved if p.regularizer is not None]
        self.frozen = [p for p in self.arena.params if p not in moved]
        groups = {id(s.group): s.group for s in self.segments if s.group and "clip_norm" in s.group}.values()
        self.limits = [(g["clip_norm"], [s.grad for s in self.segments if s.group is g]) for g in groups]
        self.limits += [] if clip_norm is None else [(clip_norm, [self.arena.grad])]
        self.sum_squares = self.ops.zeros((), np.float64)
        self.state_squares = self.ops.zeros((), np.float64)
        # ‖g‖² times this is infinite in float64 where the model's type cannot hold it.
        limited = optimizer.squares and clip_norm is None
        self.headroom = float(np.finfo(np.float64).max / np.finfo(self.arena.dtype).max) if limited else 1.0
        self.capturable = optimizer.capturable and all(r.capturable for _, r in self.regularized)

    def set_lr(self, step: int, total: int) -> None:
        """Write the learning rates of this step where the kernels read them."""
        if self.schedule is not None:
            factor = self._factor(step, total)
            for segment in self.segments:
                segment.hyper[0] = segment.base_lr * factor

    def rates(self, step: int, times: int, total: int) -> list[tuple[HostArray, HostArray]]:
        """The same of so many steps, as cells and the values that they are given before each."""
        if self.schedule is None:
            return []
        factors = np.array([self._factor(step + k, total) for k in range(times)])
        return [(segment.hyper[:1], segment.base_lr * factors) for segment in self.segments]

    def _factor(self, step: int, total: int) -> float:
        factor = self.schedule(step, total)  # type: ignore[misc]  # whoever asks has one
        if type(factor) is not float or not 0.0 <= factor < inf:
            check_float(self.schedule, "factor", factor, "[0, inf)")
        return float(factor)

    def penalties(self) -> dict[str, float]:
        """``{"penalty": …}``, the sum at the present weights, if any parameter is regularized."""
        values = [float(r.penalty(self.ops, p.data)) for p, r in self.regularized]
        return {"penalty": sum(values)} if values else {}

    def apply(self, ctx: Context, figures: dict[str, Array], totals: dict[str, Array], count: float) -> bool:
        """One optimizer step; its loss and other figures, times ``count``, are added to the totals. False, and nothing
        changed but the gradients, if a number is not finite."""
        ops, grad = self.ops, self.arena.grad
        for param in self.frozen:
            ops.fill(param.grad, 0.0)
        for param, regularizer in self.regularized:
            regularizer.add_gradient(ops, param.data, param.grad)
        ops.sum_squares(grad, self.sum_squares)
        if self.headroom != 1:
            ops.scale(self.sum_squares, self.headroom)
        if not ops.guard_finite(self.sum_squares) or not ops.guard_finite(figures["loss"]):
            return False
        for _, value, _ in ctx.requested_updates:
            ops.sum_squares(value, self.state_squares)
            if not ops.guard_finite(self.state_squares):
                return False
        for limit, gradients in self.limits:  # each group by its norm, then all by that of what is left of them
            if len(self.limits) > 1 or gradients[0] is not grad:
                ops.fill(self.sum_squares, 0.0)
                for gradient in gradients:
                    ops.sum_squares(gradient, self.state_squares)
                    ops.add_scaled(self.sum_squares, self.state_squares, 1.0)
            for gradient in gradients:
                ops.clip_norm(gradient, self.sum_squares, limit)
        self.slots.broken_off = True
        for name, figure in figures.items():
            if name not in totals:  # not ops.zeros: that belongs to the step and is replayed with it
                totals[name] = ops.xp.zeros(2, np.float64)
            ops.add_scaled(totals[name][:1].reshape(()), figure, count)
        ops.increment(self.slots.t)
        self.optimizer.step(self.segments)
        if not self.optimizer.zeroes_grad:
            ops.fill(grad, 0.0)
        ctx.commit()
        self.slots.broken_off = False
        return True
