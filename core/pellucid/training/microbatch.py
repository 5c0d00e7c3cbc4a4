"""MicroBatch: gathers rows, computes their loss and gradients; recorded once for its size, replayed after that."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.errors import ShapeError
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer, require_runtime
from pellucid.interfaces.objective import Batch, Objective
from pellucid.interfaces.transform import Augmentation
from pellucid.ops.recording import Recorded
from pellucid.training.update import Update


class Source:
    """Training data on the device, and the order in which this epoch visits its rows.

    Attributes:
        inputs, y, weight: arrays of n rows each (y and weight may be None).
        order: int64 array, a permutation of the rows.
        cursor: 0-d int64 array, how many rows of the order have been used.
    """

    def __init__(self, inputs: tuple[Array, ...], y: Array | None, weight: Array | None) -> None:
        self.inputs = inputs
        self.y = y
        self.weight = weight
        self.order = np.arange(len(inputs[0]), dtype=np.int64)
        self.cursor = np.zeros((), np.int64)

    def __len__(self) -> int:
        return len(self.order)

    @property
    def arrays(self) -> tuple[Array | None, ...]:
        """All of them: inputs, y, weight."""
        return (*self.inputs, self.y, self.weight)

    def copy(self) -> Source:
        """A source of its own memory."""
        *inputs, y, weight = (None if part is None else part.copy() for part in self.arrays)
        return Source(tuple(inputs), y, weight)

    def shuffle(self, seed: int, epoch: int) -> None:
        """Visit the rows in an order that depends on (seed, epoch) alone."""
        rng = np.random.Generator(np.random.Philox(key=[seed & (1 << 64) - 1, epoch]))
        self.order[:] = rng.permutation(len(self.order))


class MicroBatch:
    """The memory of one micro-batch of ``rows`` rows, and what is computed in it: gather, augment, forward, backward.

    Attributes:
        ctx: its root context, a twin of the trainer's.
        batch: the gathered rows, its first input augmented.
        loss: the objective of the last forward, a 0-d array.
        gradients: gathers, and computes loss and gradients, from a recorded plan where possible.
    """

    def __init__(
        self, root: Context, model: Layer, objective: Objective, source: Source, rows: int, update: Update,
        loss_total: Array,
    ) -> None:  # fmt: skip
        self.ctx, self.model, self.objective, self.source = root.twin(), model, objective, source
        self.ops = root.ops
        self.index = np.empty(rows, np.int64)
        self._pairs: list[tuple[Array, Array]] = []
        inputs = tuple(self._buffer(x) for x in source.inputs)
        self.batch = Batch(
            x=inputs if len(inputs) > 1 else inputs[0],
            y=None if source.y is None else self._buffer(source.y),
            weight=None if source.weight is None else self._buffer(source.weight),
            index=self.index,
        )
        self.loss: Array = None
        self._augmentations = [t for t in require_runtime(model).transforms if isinstance(t, Augmentation)]
        # With weights the number that losses divide by changes from batch to batch, and with it the recorded calls.
        capturable = source.weight is None and objective.capturable and all(la.capturable for _, la in model.walk())
        capturable = capturable and all(augmentation.capturable for augmentation in self._augmentations)
        self.gradients = Recorded(self.ops.record, self._gradients, capturable)
        self._update = Recorded(self.ops.record, self._updated, capturable and update.capturable)
        self._requests: list[Any] = []
        self._apply, self._loss_total = update.apply, loss_total
        self._step = Recorded(self.ops.record, self._whole_step, capturable and update.capturable)

    def _buffer(self, source: Array) -> Array:
        buffer = self.ops.empty((len(self.index), *source.shape[1:]), source.dtype)
        self._pairs.append((source, buffer))
        return buffer

    def gather(self) -> None:
        """Take the next rows of the source's order, and augment them."""
        self.ops.next_rows(self.source.order, self.source.cursor, self.index)
        for source, buffer in self._pairs:
            self.ops.gather(source, self.index, buffer)
        if self._augmentations:
            first, *others = (buffer for _, buffer in self._pairs[: len(self.source.inputs)])
            x = (self._augmented(first), *others)
            self.batch.x = x if others else x[0]

    def _augmented(self, x: Array) -> Array:
        for i, augmentation in enumerate(self._augmentations):
            y = augmentation.augment(self.ctx.child(f"augmentation.{i}"), x)
            if y.shape != x.shape or y.dtype != x.dtype:
                raise ShapeError(
                    f"{type(augmentation).__name__}.augment: expected a batch like the one it was given, {x.dtype} of "
                    f"shape {x.shape}. Received: {y.dtype} of shape {y.shape}. A change of shape is a Transform's."
                )
            x = y
        return x

    def forward(self) -> float:
        """Compute the loss of the gathered rows."""
        self.loss = self.objective.forward(self.ctx, self.model, self.batch)
        return float(self.loss)

    def backward(self) -> None:
        """Add its gradient to the parameters' ``grad``."""
        self.objective.backward(self.ctx, self.model)

    def _gradients(self) -> Array:
        self.gather()
        self.loss = self.objective.forward(self.ctx, self.model, self.batch)
        self.backward()
        self._requests = list(self.ctx.requested_updates)
        return self.loss

    def update(self) -> bool:
        """Apply the gradients of a step of this one micro-batch; False if they are not finite."""
        # Replayed gradients do not ask for their updates of states again; an update that is not replayed needs them.
        self.ctx.requested_updates[:] = self._requests
        applied: bool = self._update()
        self.ctx.discard()
        return applied

    def _updated(self) -> bool:
        return bool(self._apply(self.ctx, self.loss))

    @property
    def repeatable(self) -> bool:
        """Whether the step has been recorded and needs nothing new from Python, such as a key for random numbers."""
        return self.gradients.recorded and self._update.recorded and not self.ctx.uses_streams

    def repeat(self, times: int) -> bool:
        """That many whole steps, each of which adds count·loss to the total; False if a number was not finite."""
        if not self._step.recorded:
            return bool(self._step()) and (times == 1 or self.repeat(times - 1))
        return self._step(times) is not False

    def _whole_step(self) -> bool:
        loss = self._gradients()
        applied = self._apply(self.ctx, loss)
        if applied:
            self.ops.add_scaled(self._loss_total, loss, self.ctx.count)
        return applied
