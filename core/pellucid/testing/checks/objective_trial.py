"""ObjectiveTrial: an objective with the model of its example and a batch drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.glassbox.failure import ConformanceError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.objective import Batch, Objective
from pellucid.interfaces.parameters import Param
from pellucid.model.build import initialize
from pellucid.registry.config import read
from pellucid.standard.ops.base import Ops
from pellucid.testing.subject import Subject, declared_shape, draw_input, draw_inputs
from pellucid.testing.trial import Arrays, CallTrial
from pellucid.training.microbatch import Weighted


class ObjectiveTrial(CallTrial):
    """An objective, the model of its example, and what batches are made of: inputs, the target if there is one, and
    which samples these are."""

    words = ("The objective", "")
    model: Layer
    weight: Any = None
    weighted: Weighted | None = None
    """The last batch with weights."""

    def __init__(self, subject: Subject, *, dtype: str = "float64", ops: Ops | None = None, rows: int = 6) -> None:
        super().__init__(subject, dtype, ops)
        self.share = 0.5 if rows == 1 else 1.0
        self.example = subject.example
        if self.example.model is None:
            raise ConformanceError(
                "The example of an objective must name a model.", expected="Example({…}, ((5,),), model={…}, target=…)",
                received="model=None", remedy="Give the configuration of a small model that the objective can train.",
            )  # fmt: skip
        target = self.example.target
        self.several = bool(target) and isinstance(target[0], tuple)  # type: ignore[index]
        self.targets: tuple[Any, ...] = target if self.several else () if target is None else (target,)  # type: ignore[assignment]
        self.objective: Objective = subject.create()
        self.component = self.objective
        self.model = read(("model", "layer"), self.example.model)
        shapes = map(declared_shape, self.example.input_shapes)
        initialize(self.model, *shapes, *self.model.made_inputs, seed=0, dtype=dtype, ops=self.ops)
        self.given = self.draw(rows)
        self.names = tuple(f"Part {i} of the batch" for i in range(len(self.given)))

    def draw(self, rows: int, seed: int = 0) -> Arrays:
        rng = np.random.default_rng([seed, 8])
        given = draw_inputs(self.example.input_shapes, rows, rng, self.dtype, self.ops)
        for target in self.targets:
            given += (self.ops.asarray(draw_input(target, rows, rng, self.dtype, unit=True)),)
        return (*given, np.arange(rows, dtype=np.int64))

    def batch(self, *given: Any) -> Batch:
        """These arrays, or else its own, as a batch; with ``weight`` if that is set."""
        *inputs, index = given or self.given
        y: Any = None
        if self.targets:
            y = tuple(inputs[-len(self.targets) :])
            inputs, y = inputs[: -len(y)], y if self.several else y[0]
        x = tuple(inputs) if len(inputs) > 1 else inputs[0]
        if self.weight is None:
            return Batch(x, y, None, index)
        self.weighted = Weighted(x, y, self.weight, index)
        return self.weighted

    def differentiated(self, given: Arrays) -> Arrays:
        return ()

    def moved(self, step: int) -> list[Param]:
        """The parameters that move at a step: all, or those of the player whose turn it is."""
        player = self.objective.player(step)
        return [param for param in self.parameters() if not player or param.path.startswith(f"{player}.")]

    def total(self, y: Arrays, given: Arrays) -> float:
        return float(y[0])

    def forward(self, ctx: Context, *given: Any) -> Arrays:
        return (self.objective.forward(ctx, self.model, self.batch(*given)),)

    def backward(self, ctx: Context, *given: Any) -> Arrays:
        self.objective.backward(ctx, self.model)
        return ()
