"""Source: training data on the device and the order of its rows; MicroBatch: gathers rows, computes their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, mapped, parts_of
from pellucid.basics.errors import ConfigError, ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Batch, Objective
from pellucid.interfaces.transform import Augmentation

Totals = dict[str, Array]


class Source:
    """Training data on the device, the order in which this epoch visits its rows, and how far it has come.

    Attributes:
        inputs, y, weight: arrays of n rows each (y and weight may be None; y a tuple or a table of several).
        numbers: which samples of the data these rows are; None: their places tell.
        order: int64 array, the rows in the order in which they are visited.
        cursor: 0-d int64 array, how many rows of the order have been used.
        totals: of the loss and of each part that the objective reports, by their names, Σ count·figure and Σ count over
            these rows, a float64 array.
        full: the rows of a full micro-batch; what is left of an epoch has fewer.
        own: whether the arrays are nobody else's.
        arrays: all of them: inputs, y, weight, numbers.
    """

    def __init__(
        self, inputs: tuple[Array, ...], y: Any, weight: Array | None, totals: Totals | None = None,
        numbers: Array | None = None, *, own: bool = False,
    ) -> None:  # fmt: skip
        self.inputs, self.y, self.weight, self.numbers, self.own = inputs, y, weight, numbers, own
        self.order = np.arange(len(inputs[0]), dtype=np.int64)
        self.cursor = np.zeros((), np.int64)
        self.full = max(1, len(self.order))
        self.totals = {} if totals is None else totals
        self.arrays = (*inputs, *(parts_of(y) or (None,)), weight, numbers)

    def __len__(self) -> int:
        return len(self.order)

    def copy(self, totals: Totals) -> Source:
        """A source of its own memory."""
        parts = (self.inputs, self.y, self.weight, self.numbers)
        inputs, y, weight, numbers = (mapped(lambda array: array.copy(), part) for part in parts)
        return Source(inputs, y, weight, totals, numbers, own=True)


class Weighted(Batch):
    """A batch that notes whether anybody has looked at its weights."""

    seen = False

    def __getattribute__(self, name: str) -> Any:
        if name == "weight":
            self.seen = True
        return super().__getattribute__(name)


class MicroBatch:
    """The memory of one micro-batch of ``rows`` rows, and what is computed in it: gather, augment, forward, backward.

    Attributes:
        ctx: its root context, a twin of the trainer's.
        batch: the gathered rows, its first input augmented.
        capturable: whether which calls it makes depends on nothing but shapes.
        pairs: what its arrays are gathered from, and each.
        augmentations: of the model's transforms.
    """

    def __init__(self, root: Context, model: Layer, objective: Objective, source: Source, rows: int) -> None:
        self.ctx, self.model, self.objective, self.source = root.twin(), model, objective, source
        self.ops = root.ops
        self.index = np.empty(rows, np.int64)
        self.pairs: list[tuple[Array, Array]] = []
        inputs = tuple(self._buffer(x) for x in source.inputs)
        self.batch = (Batch if source.weight is None else Weighted)(
            x=inputs if len(inputs) > 1 else inputs[0],
            y=mapped(self._buffer, source.y),
            weight=mapped(self._buffer, source.weight),
            index=self.index if source.numbers is None else self._buffer(source.numbers),
        )
        self.augmentations = [t for t in require_runtime(model).transforms if isinstance(t, Augmentation)]
        # With weights the number that losses divide by changes from batch to batch, and with it the recorded calls.
        parts = (objective, *(layer for _, layer in model.walk()), *self.augmentations)
        self.capturable = source.weight is None and all(part.capturable for part in parts)

    def _buffer(self, source: Array) -> Array:
        buffer = self.ops.empty((len(self.index), *source.shape[1:]), source.dtype)
        self.pairs.append((source, buffer))
        return buffer

    def _gather(self) -> None:
        """Take the next rows of the source's order, and augment them."""
        self.ops.next_rows(self.source.order, self.source.cursor, self.index)
        for source, buffer in self.pairs:
            self.ops.gather(source, self.index, buffer)
        if self.augmentations:
            first, *others = (buffer for _, buffer in self.pairs[: len(self.source.inputs)])
            x = (self._augmented(first), *others)
            self.batch.x = x if others else x[0]

    def _augmented(self, x: Array) -> Array:
        for i, augmentation in enumerate(self.augmentations):
            y = augmentation.augment(self.ctx.child(f"augmentation.{i}"), x)
            if y.shape != x.shape or y.dtype != x.dtype:
                raise ShapeError(
                    f"{type(augmentation).__name__}.augment: expected a batch like the one it was given, {x.dtype} of "
                    f"shape {x.shape}. Received: {y.dtype} of shape {y.shape}. A change of shape is a Transform's."
                )
            x = y
        return x

    def forward(self) -> Array:
        """Gather the next rows; their loss, a 0-d array, whose mean is over ``ctx.count``."""
        self._gather()
        loss = self.objective.forward(self.ctx, self.model, self.batch)
        if isinstance(self.batch, Weighted) and not self.batch.seen:
            told = "batch.weight. Train without sample_weight, or let it return the weighted mean, with ctx.count = Σw."
            who = type(self.objective).__name__
            raise ConfigError(f"{who} was given a weight for each sample, and has not looked at them: {told}")
        return loss

    def backward(self) -> None:
        """Add its gradient to the parameters' ``grad``."""
        self.objective.backward(self.ctx, self.model)
