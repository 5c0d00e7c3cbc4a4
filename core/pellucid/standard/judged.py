"""Judged: an objective whose evaluation of the same rows, epoch after epoch, is recorded once and replayed."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray, mapped, parts_of
from pellucid.basics.component import CHANGES
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.objective import Batch
from pellucid.training.run import Run

SMALL = 1 << 15
"""Parameters. What a larger model computes of a batch takes so long that a replay would gain nothing, and memory of its
own for each of many models is much."""


class Judged:
    """Stands for the objective of a run where its epochs are validated: the same figures, bit for bit.

    Args:
        run: whose validation rows lie in memory.
        kept: whether the outputs are kept, for :meth:`outputs`.
    """

    def __init__(self, run: Run, *, kept: bool) -> None:
        trainer = run.trainer
        self.of, self.model, self.kept = trainer.objective, trainer.model, kept
        ops, runtime = trainer.runtime.ops, trainer.runtime
        self._ctx = Context(ops, training=False, seed=trainer.seed, dtype=runtime.dtype)
        small = runtime.arena.data.size <= SMALL and isinstance(run.validation, tuple) and not ops.queues
        self._recorded = small and all(part.capturable for part in (self.of, *(each for _, each in self.model.walk())))
        self._changes = CHANGES.count
        self._parts: dict[int, _Part] = {}
        self._seen: dict[int, HostArray] = {}

    def forward(self, ctx: Context, model: Layer, batch: Batch) -> Array:
        assert batch.index is not None
        start = int(batch.index[0])
        if self._changes != CHANGES.count:  # a component is another now, and so is what was recorded of it
            self._changes = CHANGES.count
            self._parts.clear()
        if self._recorded:
            part = self._parts.get(start)
            if part is None:
                part = self._parts[start] = _Part(self.of, self._ctx, model, batch)
            part.take()
            ctx.count, ctx.parts, value, self._pair = part.count, part.parts, part.value, part.pair
        else:
            value = self.of.forward(ctx, model, batch)
            self._pair = self.of.metric_pair(ctx)
        if self.kept and self._pair is not None:
            host = model.runtime.ops.to_host  # type: ignore[union-attr]
            self._seen[start] = mapped(lambda y: np.array(host(y)), self._pair[0])
        return value

    def metric_pair(self, ctx: Context) -> Any:
        return self._pair

    def outputs(self) -> HostArray | None:
        """What metrics compare with the targets, of all rows of the last validation, in the unit of the data; None of
        an objective that has no such thing, or several of it."""
        parts = [self._seen[start] for start in sorted(self._seen)]
        if not parts or not all(isinstance(part, np.ndarray) for part in parts):
            return None
        return self.of.unscaled(self.model, parts[0] if len(parts) == 1 else np.concatenate(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.of, name)


class _Part:
    """One batch of the rows: recorded at its first evaluation, held against the code at its second."""

    def __init__(self, objective: Any, ctx: Context, model: Layer, batch: Batch) -> None:
        self.objective, self.ctx, self.model, self.batch = objective, ctx, model, batch
        self._plan: Any = None
        self._proved = False
        self._recordable = True

    def take(self) -> None:
        """Evaluate: ``value``, ``count``, ``parts`` and ``pair`` are those of the weights as they are now."""
        if self._proved:
            self._plan.run()
        elif self._plan is not None:
            self._plan.run()
            replayed = self._bits()
            self._code()
            self._proved = replayed == self._bits()
            self._recordable = self._proved
            self._plan = self._plan if self._proved else None
        elif self._recordable:
            _, self._plan = self.ctx.ops.record(self._code)
            self._recordable = self._plan is not None
        else:
            self._code()

    def _code(self) -> None:
        ctx = self.ctx
        ctx.begin(0, 0, index=self.batch.index)
        ctx.parts = {}
        self.value = self.objective.forward(ctx, self.model, self.batch)
        self.count, self.parts, self.pair = ctx.count, ctx.parts, self.objective.metric_pair(ctx)

    def _bits(self) -> list[bytes]:
        """What was found, to be compared."""
        found = [self.value, *self.parts.values(), *(parts_of(self.pair[0]) if self.pair is not None else ())]
        return [np.asarray(each).tobytes() for each in found]
