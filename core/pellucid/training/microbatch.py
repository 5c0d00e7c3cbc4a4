"""Source: training data on the device and the order of its rows; MicroBatch: gathers rows, computes their gradient."""

from __future__ import annotations

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Batch, Objective
from pellucid.interfaces.transform import Augmentation


class Source:
    """Training data on the device, the order in which this epoch visits its rows, and how far it has come.

    Attributes:
        inputs, y, weight: arrays of n rows each (y and weight may be None).
        order: int64 array, a permutation of the rows.
        cursor: 0-d int64 array, how many rows of the order have been used.
        totals: float64 array: Σ count·loss and Σ count over them.
        full: the rows of a full micro-batch; what is left of an epoch has fewer.
        own: whether the arrays are nobody else's.
    """

    def __init__(
        self, inputs: tuple[Array, ...], y: Array | None, weight: Array | None, totals: Array | None = None,
        *, own: bool = False,
    ) -> None:  # fmt: skip
        self.inputs = inputs
        self.y = y
        self.weight = weight
        self.order = np.arange(len(inputs[0]), dtype=np.int64)
        self.cursor = np.zeros((), np.int64)
        self.full = max(1, len(self.order))
        self.totals = np.zeros(2) if totals is None else totals
        self.own = own

    def __len__(self) -> int:
        return len(self.order)

    @property
    def arrays(self) -> tuple[Array | None, ...]:
        """All of them: inputs, y, weight."""
        return (*self.inputs, self.y, self.weight)

    def copy(self, totals: Array) -> Source:
        """A source of its own memory."""
        *inputs, y, weight = (None if part is None else part.copy() for part in self.arrays)
        return Source(tuple(inputs), y, weight, totals, own=True)

    def shuffle(self, seed: int, epoch: int) -> None:
        """Visit the rows in an order that depends on (seed, epoch) alone."""
        rng = np.random.Generator(np.random.Philox(key=[seed & (1 << 64) - 1, epoch]))
        self.order[:] = rng.permutation(len(self.order))


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
        self.batch = Batch(
            x=inputs if len(inputs) > 1 else inputs[0],
            y=None if source.y is None else self._buffer(source.y),
            weight=None if source.weight is None else self._buffer(source.weight),
            index=self.index,
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
        return self.objective.forward(self.ctx, self.model, self.batch)

    def backward(self) -> None:
        """Add its gradient to the parameters' ``grad``."""
        self.objective.backward(self.ctx, self.model)
