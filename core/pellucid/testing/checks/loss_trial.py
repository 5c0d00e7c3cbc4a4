"""LossTrial: a loss with predictions, targets and weights drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.glassbox.failure import ConformanceError
from pellucid.interfaces.context import Context
from pellucid.interfaces.objective import Loss
from pellucid.standard.ops.base import Ops
from pellucid.testing.subject import Subject, draw_input, tie
from pellucid.testing.trial import Arrays, CallTrial


class LossTrial(CallTrial):
    """The loss of an example whose input shapes are those of (prediction, target); a call may be given weights too.

    Args:
        tied: whether predictions, targets and weights meet: see ``tie``.
        specs: the shapes of prediction and target as an example writes them, in place of the example's.
    """

    words = ("The loss", "The gradient")
    names = ("The prediction", "The target", "The weight")

    def __init__(
        self, subject: Subject, *, dtype: str = "float64", ops: Ops | None = None, rows: int = 6, tied: bool = False,
        specs: tuple[tuple[Any, ...], ...] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(subject, dtype, ops)
        self.specs = subject.example.input_shapes if specs is None else specs
        if len(self.specs) != 2:
            raise ConformanceError(
                "The example of a loss must have two input shapes.", received=self.specs,
                expected="(prediction, target), as in ((4,), (4,))",
                remedy="Example({…}, ((4,), ('int', 4))) for class indices.",
            )  # fmt: skip
        self.loss: Loss = subject.create()
        self.component = self.loss
        self.given = self.prediction, self.target, self.weight = self.draw(rows, tied=tied)

    def draw(self, rows: int, seed: int = 0, *, tied: bool = False) -> Arrays:
        """Random predictions, targets (floating ones in [0, 1)), and weights between 0.2 and 2."""
        rng = np.random.default_rng([seed, 7])
        prediction, target = self.specs
        arrays = (
            2.0 * draw_input(prediction, rows, rng, self.dtype),
            draw_input(target, rows, rng, self.dtype, unit=True),
            rng.uniform(0.2, 2.0, rows).astype(self.dtype),
        )
        return tuple(self.ops.asarray(tie(array) if tied else array) for array in arrays)

    def ways(self, given: Arrays) -> list[Arrays]:
        """Without weights, and with them."""
        return [(*given[:2], None), given]

    def differentiated(self, given: Arrays) -> Arrays:
        return given[:1]

    def total(self, y: Arrays, given: Arrays) -> float:
        return float(y[0])

    def forward(self, ctx: Context, *given: Any) -> Arrays:
        return (self.loss.forward(ctx, *given),)

    def backward(self, ctx: Context, *given: Any) -> Arrays:
        return (self.loss.backward(ctx),)
