"""LossTrial: a loss with predictions, targets and weights drawn at random; the bench that a loss's cases work at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.failure import ConformanceError, require_close
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Loss
from pellucid.ops.base import Ops
from pellucid.testing.subject import Subject, draw_input, tie


@dataclass(frozen=True)
class LossResult:
    """Copies of what one forward and backward gave."""

    loss: HostArray
    gradient: HostArray
    count: float

    def require_close(self, expected: LossResult, tolerance: float, when: str, remedy: str) -> None:
        """Raise ConformanceError unless loss and gradient are those of ``expected``."""
        require_close(f"The loss {when}", self.loss, expected.loss, tolerance, remedy)
        require_close(f"The gradient {when}", self.gradient, expected.gradient, tolerance, remedy)


class LossTrial:
    """The loss of an example whose input shapes are those of (prediction, target).

    Args:
        tied: whether predictions, targets and weights meet: see ``tie``.
    """

    def __init__(
        self, subject: Subject, *, dtype: str = "float64", ops: Ops | None = None, rows: int = 6, seed: int = 0,
        tied: bool = False,
    ) -> None:  # fmt: skip
        if len(subject.example.input_shapes) != 2:
            raise ConformanceError(
                "The example of a loss must have two input shapes.", received=subject.example.input_shapes,
                expected="(prediction, target), as in ((4,), (4,))",
                remedy="Example({…}, ((4,), ('int', 4))) for class indices.",
            )  # fmt: skip
        self.subject = subject
        self.dtype = np.dtype(dtype)
        self.ops = subject.backends.reference if ops is None else ops
        self.loss: Loss = subject.create()
        self.prediction, self.target, self.weight = self.draw(rows, seed, tied=tied)

    def draw(self, rows: int, seed: int = 0, *, tied: bool = False) -> tuple[Any, Any, Any]:
        """Random predictions, targets (floating ones in [0, 1)), and weights between 0.2 and 2."""
        rng = np.random.default_rng([seed, 7])
        prediction, target = self.subject.example.input_shapes
        arrays = (
            2.0 * draw_input(prediction, rows, rng, self.dtype),
            draw_input(target, rows, rng, self.dtype, unit=True),
            rng.uniform(0.2, 2.0, rows).astype(self.dtype),
        )
        return tuple(self.ops.asarray(tie(array) if tied else array) for array in arrays)

    def context(self) -> Context:
        return Context(self.ops, training=True, dtype=self.dtype)

    def call(self, prediction: Any, target: Any, weight: Any = None, ctx: Context | None = None) -> LossResult:
        """One forward and backward."""
        ctx = self.context() if ctx is None else ctx
        loss = self.loss.forward(ctx, prediction, target, weight)
        gradient = self.loss.backward(ctx)
        return LossResult(np.array(self.ops.to_host(loss)), np.array(self.ops.to_host(gradient)), float(ctx.count))
