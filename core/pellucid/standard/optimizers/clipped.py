"""Clipped: bounds on every number of the gradient, before the step of another optimizer."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.interfaces.optimizer import Optimizer, Segment
from pellucid.interfaces.parameters import Param
from pellucid.standard.optimizers.combined import Around


class Clipped(Around):
    """``g ← max(−c, min(c, g))`` for each number, then the step of another optimizer.

    ``Trainer(model, optimizer="sgd", clip_value=0.5)`` makes it. It turns the gradient, where the bound on its norm,
    ``clip_norm``, only makes it shorter; if there are both, the norm is bounded first.

    Args:
        optimizer: whose steps are taken.
        value: c, above 0.

    Source: Mikolov, 2012, §3.2.2; Pascanu, Mikolov & Bengio, 2013, on both ways.
    """

    equations = (
        Equation("clipped", r"g \leftarrow \max(-c, \min(c, g))", why="it is what the other optimizer is given"),
        Equation("theta", r"\theta \leftarrow \mathrm{step}(\theta, g)", why="the step is the other optimizer's own"),
    )
    examples = (Example({"optimizer": {"type": "core/sgd"}, "value": 0.5}),)

    def __init__(self, optimizer: Optimizer, value: float) -> None:
        check_float(self, "value", value, "(0, inf)")
        self.optimizer = optimizer
        self.value = value

    def inner(self) -> Sequence[Optimizer]:
        return [self.optimizer]

    def of(self, param: Param) -> Optimizer | None:
        return self.optimizer.of(param)

    def step(self, segments: Sequence[Segment]) -> None:
        for s in segments:
            s.ops.clip_value(s.grad, self.value)
        self.optimizer.step(segments)
