"""Augmentations of a stranger's: noise, and holes."""

from __future__ import annotations

from typing import Any

from pellucid import Augmentation, Example, check_float


class Noise(Augmentation):
    """``x + s ε`` with ε ~ N(0, 1) of each number."""

    examples = (Example({}, ((4,),)), Example({"strength": 0.5}, ((3, 2),)))

    def __init__(self, strength: float = 0.1) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        self.strength = strength

    def augment(self, ctx: Any, x: Any) -> Any:
        noisy = ctx.normal(x.shape)
        ctx.ops.scale(noisy, self.strength)
        ctx.ops.add_scaled(noisy, x, 1.0)
        return noisy


class Cutout(Augmentation):
    """Each feature of a row is 0 with this probability."""

    examples = (Example({}, ((4,),)),)

    def __init__(self, probability: float = 0.3) -> None:
        check_float(self, "probability", probability, "[0, 1]")
        self.probability = probability

    def augment(self, ctx: Any, x: Any) -> Any:
        kept = ctx.uniform(x.shape) >= self.probability
        y = ctx.scratch("y", x.shape)
        y[...] = x * kept
        return y


class Brighten(Augmentation):
    """Each sample times a factor from 1 − s to 1 + s."""

    examples = (Example({}, ((3, 2),)), Example({"spread": 0.5}, ((4,),)))

    def __init__(self, spread: float = 0.2) -> None:
        check_float(self, "spread", spread, "[0, 1)")
        self.spread = spread

    def augment(self, ctx: Any, x: Any) -> Any:
        u = ctx.uniform((len(x), *(1 for _ in x.shape[1:])))
        y = ctx.scratch("y", x.shape)
        y[...] = x * (1 + self.spread * (2 * u - 1))
        return y
