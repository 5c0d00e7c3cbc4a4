"""OptimizerTrial: an optimizer with parameters to move and gradients drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.interfaces.layer import require_runtime
from pellucid.interfaces.optimizer import Optimizer, Segment, Slots, make_segments
from pellucid.model.build import initialize
from pellucid.ops.base import Ops
from pellucid.standard.layers.containers import Sequential
from pellucid.standard.layers.dense import Dense
from pellucid.testing.subject import Subject, tie
from pellucid.testing.trial import Trial

SIZES = 5, 4, 3
"""Inputs, hidden units and outputs of the small network whose parameters are moved."""


class OptimizerTrial(Trial):
    """The parameters of a small network under an optimizer; weights decay, biases do not.

    Args:
        apart: one segment for each parameter, where otherwise equal neighbours make one.
        tied: whether the numbers of parameters and of gradients meet: see ``tie``.
        sizes: of the network.
    """

    def __init__(
        self, subject: Subject, *, dtype: str = "float64", ops: Ops | None = None, apart: bool = False,
        optimizer: Optimizer | None = None, tied: bool = False, sizes: tuple[int, int, int] = SIZES,
    ) -> None:  # fmt: skip
        super().__init__(subject, dtype, ops)
        self.optimizer: Optimizer = subject.create() if optimizer is None else optimizer
        self.model = Sequential([Dense(sizes[1]), Dense(sizes[2])])
        initialize(self.model, sizes[:1], seed=0, dtype=dtype, ops=self.ops)
        self.arena = require_runtime(self.model).arena
        self.slots = Slots(self.arena)
        self.segments = make_segments(self.optimizer, self.slots)
        if apart:
            self.segments = [part for segment in self.segments for part in self._apart(segment)]
        rng = np.random.default_rng(9)
        self.tied = tied
        for param in self.arena.params:
            param.data = self._drawn(rng, param.shape).astype(dtype)

    def _apart(self, segment: Segment) -> list[Segment]:
        arena = self.arena
        first = arena.params.index(segment.params[0])
        return [
            Segment(arena.offsets[i], arena.end(i), (param,), segment.hyper.copy(), segment.base_lr, self.slots)
            for i, param in enumerate(segment.params, first)
        ]

    def _drawn(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        drawn = rng.normal(size=shape)
        return self.ops.asarray(tie(drawn) if self.tied else drawn)

    def set_gradients(self, seed: int) -> None:
        """Random gradients."""
        rng = np.random.default_rng([seed, 10])
        for param in self.arena.params:
            self.ops.copy(self._drawn(rng, param.shape), param.grad)

    def step(self, segments: list[Segment] | None = None) -> None:
        """One accepted step with the gradients as they are."""
        self.ops.increment(self.slots.t)
        self.optimizer.step(self.segments if segments is None else segments)

    def run(self, steps: int, first: int = 0) -> None:
        """Steps with random gradients that depend on their number."""
        for number in range(first, first + steps):
            self.set_gradients(number)
            self.step()

    def slot_values(self, param: Any) -> dict[str, Any]:
        """Copies of a parameter's part of every slot."""
        start = self.arena.offsets[self.arena.params.index(param)]
        stop = start + int(np.prod(param.shape))
        return {
            name: np.array(self.ops.to_host(buffer))[start:stop].reshape(param.shape)
            for name, buffer in self.slots.buffers.items()
        }
