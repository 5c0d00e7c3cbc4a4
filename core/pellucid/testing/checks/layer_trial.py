"""LayerTrial: a layer that has been built, with parameters, inputs and dy drawn at random."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.model.build import initialize
from pellucid.standard.ops.base import Ops
from pellucid.testing.subject import Subject, declared_shape, draw_inputs, tie
from pellucid.testing.trial import Arrays, CallTrial


class LayerTrial(CallTrial):
    """A layer made by name and built for the shapes of its example; a call is given its inputs and dy.

    Parameters and states are moved at random from where initialisers put them: a bias that starts at zero, or a scale
    that starts at one, would hide its own absence.

    Args:
        tied: whether numbers meet: see ``tie``. Parameters are rounded to halves, so that what goes into a rectifier
            is 0 here and there.
        specs: input shapes as an example writes them, in place of the example's.
    """

    modes = (True, False)
    model: Layer

    def __init__(
        self, subject: Subject, *, dtype: str = "float64", ops: Ops | None = None, rows: int = 4, seed: int = 0,
        layer: Layer | None = None, tied: bool = False, specs: tuple[tuple[Any, ...], ...] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(subject, dtype, ops)
        self.share = 0.5 if rows == 1 else 1.0
        self.specs = subject.example.input_shapes if specs is None else specs
        self.shapes = tuple(declared_shape(spec) for spec in self.specs)
        self.component = self.model = subject.create() if layer is None else layer
        initialize(self.model, *self.shapes, seed=seed, dtype=dtype, ops=self.ops)
        rng = np.random.default_rng([seed, 2])
        for param in self.model.parameters():
            self._move(param.data, 0.3 * rng.normal(size=param.shape))
        for state in self.model.states():
            self._move(state.data, 0.3 * np.abs(rng.normal(size=state.shape)))  # a variance must stay positive
        inputs = self.draw_inputs(rows, seed)
        if tied:
            inputs = tuple(self.ops.asarray(tie(x)) for x in self.copies(inputs))
            for param in self.model.parameters():
                param.data = self.ops.asarray(np.rint(2.0 * self.ops.to_host(param.data)) / 2.0)
        self.given = (*inputs, *self.draw_dy(inputs, seed))
        self.names = (*(f"Input {i}" for i in range(len(inputs))), *(f"dy {i}" for i in range(len(self.dy))))

    def _move(self, data: Any, by: HostArray) -> None:
        self.ops.add_scaled(data, self.ops.asarray(by.astype(self.dtype)), 1.0)

    @property
    def inputs(self) -> Arrays:
        return self.given[: len(self.specs)]

    @property
    def dy(self) -> Arrays:
        return self.given[len(self.specs) :]

    def draw_inputs(self, rows: int, seed: int = 0) -> Arrays:
        """Random inputs."""
        return draw_inputs(self.specs, rows, np.random.default_rng([seed, 3]), self.dtype, self.ops)

    def draw_dy(self, inputs: Arrays, seed: int = 0) -> Arrays:
        """Random gradients at the outputs for these inputs."""
        rng = np.random.default_rng([seed, 4])
        outputs = self.forward(self.context(), *inputs)
        return tuple(self.ops.asarray(rng.normal(size=y.shape).astype(self.dtype)) for y in outputs)

    def draw(self, rows: int, seed: int = 0) -> Arrays:
        inputs = self.draw_inputs(rows, seed)
        return (*inputs, *self.draw_dy(inputs, seed))

    def use(self, *inputs: Any) -> LayerTrial:
        """Take these inputs from now on, with dy drawn for them."""
        inputs = tuple(map(self.ops.asarray, inputs))
        self.given = (*inputs, *self.draw_dy(inputs))
        return self

    def differentiated(self, given: Arrays) -> Arrays:
        return given[: len(self.specs)]

    def total(self, y: Arrays, given: Arrays) -> float:
        return float(sum(np.sum(a * b) for a, b in zip(y, given[len(self.specs) :], strict=True)))

    def forward(self, ctx: Context, *given: Any) -> Arrays:
        return as_tuple(self.model.forward(ctx, *given[: len(self.specs)]))

    def backward(self, ctx: Context, *given: Any) -> Arrays:
        return as_tuple(self.model.backward(ctx, *given[len(self.specs) :]))


def on_every_backend(subject: Subject) -> Iterator[LayerTrial]:
    """The layer on each backend, in its type: float64 on the reference, float32 where kernels are."""
    for ops in subject.backends.all():
        yield LayerTrial(subject, ops=ops, dtype="float64" if ops is subject.backends.reference else "float32")
