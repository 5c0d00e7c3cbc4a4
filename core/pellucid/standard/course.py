"""Course: what is trained on, and the batches of each epoch in the order in which it visits them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from typing import Any

import numpy as np

from pellucid.basics.arrays import Array, HostArray, as_array, as_tuple
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.objective import Batch
from pellucid.interfaces.rows import Samples, in_memory
from pellucid.interfaces.samples import Split, choose_rows
from pellucid.interfaces.transform import Transform, as_read
from pellucid.ops.random import mix
from pellucid.standard.feed import Feed
from pellucid.standard.samplers import Ordered, Sampler
from pellucid.training.microbatch import Source
from pellucid.training.run import Run

Held = Callable[[], AbstractContextManager[None]]
FITTED = 1 << 24
"""Numbers of samples that are not in memory which transforms are fitted on: 64 or 128 MiB."""


class Course(Feed):
    """The rows that a call of ``fit`` visits, epoch after epoch, or that an evaluation reads in their order. Nothing is
    read before it is needed. Every call makes its own.

    Attributes:
        data: a ``Split`` or ``Samples``, whose rows are shuffled or chosen by the sampler; or a ``Feed``, as it comes.
        rows: of an epoch; None where only its end tells.
        batch_size: rows of a micro-batch; None where a feed decides, and each of its batches is a step.
        source: all rows on the device, where steps take them from there; None where batches are brought one by one.
    """

    examples = ()

    def __init__(self) -> None:
        self.source: Source | None = None
        self._due = 0  # rows of the batch that a loop is at

    def over(
        self, data: Split | Samples | Feed, *, sampler: Sampler | None = None, weight: Any = None, seed: int = 0,
        batch_size: int | None = None, accumulate: int = 1, totals: Array | None = None,
    ) -> Course:  # fmt: skip
        """This course over data: in the order of the sampler, None shuffles; with a weight for each row or None; with
        ``accumulate`` micro-batches in a step, of 32 rows if it is not said how many. Losses sum up in ``totals``.

        Errors: ConfigError and DataError for what does not go with the data; what a sampler raises.
        """
        self.data: Any = data
        self.sampler, self.weight, self.seed = sampler, weight, seed
        self.classes, self.features = data.classes, data.features
        self.batch_size, self.accumulate, self.totals = batch_size, accumulate, totals
        if isinstance(data, Feed):
            self.rows = data.rows
            if sampler is not None or weight is not None:
                raise ConfigError(
                    f"{type(data).__name__} gives batches in an order of its own: there are no rows for a sampler to "
                    "choose or for sample_weight to name. Leave these out; a feed yields the weights with its batches."
                )
            return self
        self.batch_size, self.rows = batch_size or 32, len(data)
        if weight is not None:
            self.weight = as_array(weight, "The array of sample weights")
            if self.weight.shape[:1] != (self.rows,):
                raise DataError(
                    f"Sample weights must be {self.rows} numbers, one per sample, each 0 or from 1e-15 to 1e15. "
                    f"Received: shape {self.weight.shape}."
                )
            if isinstance(data, Samples) and data.weights(np.arange(1)) is not None:
                raise ConfigError(
                    f"sample_weight was given, and {type(data).__name__} has weights of its own. Leave one of them out."
                )
        if sampler is not None or isinstance(data, Ordered):
            self.rows = len(self.order(0))
        return self

    @property
    def arrays(self) -> tuple[Array | None, ...]:
        """Inputs, y and weight as the model is given them, where steps take them from memory; else none."""
        return () if self.source is None else self.source.arrays

    def place(self, source: Source) -> None:
        """Take the rows from here on from the device."""
        self.source, source.order, source.full = source, np.arange(self.rows or 0), self.full(len(source))

    def full(self, rows: int) -> int:
        """Rows of a full micro-batch, of a step of so many rows where the feed decides."""
        size = self.batch_size or -(-rows // self.accumulate)
        return size if self.rows is None else min(size, self.rows)

    @property
    def step_rows(self) -> int | None:
        """Rows of a step; None where the feed decides."""
        return None if self.batch_size is None else self.batch_size * self.accumulate

    def planned(self, steps: int, epochs: int, position: int) -> int:
        """After how many steps so many epochs end, the first of them begun before; 0 where nobody knows."""
        if not self.rows or not self.step_rows:
            return 0
        return steps + max(epochs * -(-self.rows // self.step_rows) - -(-position // self.step_rows), 0)

    def order(self, epoch: int) -> HostArray:
        """The numbers of the rows in the order in which this epoch visits them; it depends on (seed, epoch) alone."""
        rng, n = self._rng(epoch), len(self.data)
        if self.sampler is not None:
            order = self.sampler.order(rng, self.data, epoch=epoch, batch_size=self.batch_size or n)
        elif isinstance(self.data, Ordered):
            order = self.data.order(rng, epoch=epoch, batch_size=self.batch_size or n)
        else:
            return rng.permutation(n)
        order = np.asarray(order)
        good = order.ndim == 1 and order.dtype.kind in "iu" and order.size and order.min() >= 0 and order.max() < n
        if not good or (epoch and len(order) != self.rows):
            who, before = type(self.sampler or self.data).__name__, f", after {self.rows} in the first epoch"
            raise DataError(
                f"{who}.order must give row numbers from 0 to {n - 1}, as many at every epoch, for steps are planned. "
                f"Received in epoch {epoch + 1}: {order.dtype}, shape {order.shape}, {order}{before * bool(epoch)}. "
                "Where there are too few, take some several times: rng.choice(rows, len(data))."
            )
        return order.astype(np.int64)

    def steps(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of an epoch behind its first ``start`` rows, each a step, as the data has them."""
        found = start
        fed = isinstance(self.data, Feed)
        for batch in (
            self.data.batches(self._rng(epoch), epoch, start, self.step_rows) if fed else self._ordered(epoch, start)
        ):
            found += len(batch)
            yield batch
        if not found:
            raise DataError(
                f"The data gave no samples in epoch {epoch + 1}. An iterator that is used up gives none again: pass "
                "the function that makes it, which is called anew for every epoch."
            )

    def loop(self, run: Run, end_epoch: Callable[[Run], None], held: Held) -> Generator[Batch]:
        """The batches of a run up to its planned end, or until it is stopped; whoever has one steps on it or not."""
        trainer = run.trainer
        with _entered(run, held):
            while trainer.epochs < run.last_epoch:
                for batch in self.steps(trainer.epochs, trainer.position):
                    self._due = len(batch)
                    yield batch
                    self.count(run)
                    if run.stop_reason is not None:
                        return
                end_epoch(run)
                if run.stop_reason is not None:
                    return

    def drive(self, run: Run, end_epoch: Callable[[Run], None], held: Held, step: Callable[[Batch], Any]) -> None:
        """Take the steps of the loop, and end its run whatever becomes of them."""
        with closing(self.loop(run, end_epoch, held)) as loop:
            for batch in loop:
                step(batch)

    def count(self, run: Run) -> None:
        """A batch of the loop lies behind, with its first step: what is saved now goes on with the next one."""
        run.trainer.position, self._due = run.trainer.position + self._due, 0

    def _ordered(self, epoch: int, start: int) -> Iterator[Batch]:
        order = self.order(epoch)
        size = self.step_rows or len(order)
        for first in range(start, len(order), size):
            index = order[first : first + size]
            split = self._taken(index)
            own = self.data.weights(index) if isinstance(self.data, Samples) else None
            yield Batch(split.x, split.y, own if self.weight is None else self.weight[index], index)

    def batches(self, rng: np.random.Generator, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        """In the order of the data, for an evaluation."""
        if isinstance(self.data, Feed):
            yield from self.data.batches(rng, epoch, start, size)
            return
        for first in range(start, len(self.data), size or 1024):
            index = np.arange(first, min(first + (size or 1024), len(self.data)))
            split = self._taken(index)
            yield Batch(split.x, split.y, None, index)

    def _taken(self, index: HostArray) -> Split:
        split: Split = self.data.take(index)
        if len(split) != len(index):
            raise DataError(
                f"{type(self.data).__name__}.take must give a row for each number that it is asked for. Expected: "
                f"{len(index)} rows. Received: {len(split)}."
            )
        return split

    def splits(self, batch_size: int) -> Iterator[tuple[slice, Split]]:
        """Which rows, and what they are, batch by batch in the order of the data; of a feed that has a size of its own
        in that."""
        place, size = 0, (isinstance(self.data, Feed) and self.data.batch_rows) or batch_size
        for batch in self.batches(np.random.default_rng(0), 0, 0, size):
            yield slice(place, place + len(batch)), self.named(batch)
            place += len(batch)

    def known_by(self) -> tuple[HostArray, ...]:
        """Arrays that other data would not have: how many rows there are, and the first and the last of them."""
        if isinstance(self.data, Feed):
            return ()
        first, last = (as_tuple(self.data.take(np.array([row])).x) for row in (0, len(self.data) - 1))
        return (np.array(len(self.data)), *first, *last)

    def named(self, batch: Batch, transforms: Sequence[Transform] = ()) -> Split:
        """A batch, as the first of the transforms reads it, with the names that the data has."""
        return Split(as_read(transforms, batch.x), batch.y, self.classes, self.features)

    def sample(self, proposed: Sequence[Transform]) -> Any:
        """The inputs that transforms are fitted on: all that are in memory, else some by chance."""
        data: Split | Samples | Feed = self.data
        if in_memory(data):
            return data.x
        if all(type(transform).fit is Transform.fit for transform in proposed):  # they learn nothing from samples
            return None
        if isinstance(data, Feed):
            raise ConfigError(
                f"transforms: {proposed} are fitted to the training samples, and {type(data).__name__} gives them "
                "once, one batch after the other. Let it yield what the model is to see."
            )
        rows, width = np.arange(len(data)), sum(part[0].size for part in as_tuple(data.take(np.arange(1)).x))
        n = min(len(rows), max(1, FITTED // max(width, 1)))
        return data.take(choose_rows(rows, n, None, self._rng(0))[1]).x

    def _rng(self, epoch: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[mix(self.seed) & (1 << 64) - 1, epoch]))


@contextmanager
def _entered(run: Run, held: Held) -> Iterator[None]:
    """Within: the run. What callbacks do at its two ends no signal breaks off."""
    error: BaseException | None = None
    try:
        with held():
            run.__enter__()
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        if run.trainer.run is run:  # it has begun
            end = partial(run.__exit__, None if error is None else type(error), error, None)
            try:
                with held():
                    end()
            finally:
                if run.trainer.run is run:  # a signal came before its end had begun
                    end()
