"""What holds for a feed (whole batches, the same of the same epoch, from any row on) and for a sampler (row numbers, as
many at every epoch, a pure function of what it is given)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.basics.errors import ConfigError
from pellucid.glassbox.failure import require, require_same
from pellucid.interfaces.objective import Batch
from pellucid.interfaces.samples import Split
from pellucid.testing.check import checks
from pellucid.testing.checks.using import small_samples
from pellucid.testing.subject import Subject

SIZE = 6
MOST = 40
"""Batches that are looked at: a feed may have no end."""


def _batches(feed: Any, epoch: int, start: int, size: int | None) -> list[Batch]:
    return list(islice(feed.batches(np.random.default_rng([7, epoch]), epoch, start, size), MOST))


def _columns(batches: Sequence[Batch]) -> list[HostArray]:
    """All their rows: inputs, targets, weights."""
    rows = [[*as_tuple(batch.x), *as_tuple(batch.y), batch.weight] for batch in batches]
    return [np.concatenate(parts) for parts in zip(*rows, strict=True) if parts[0] is not None]


def whole_batches(subject: Subject) -> None:
    """Every batch but the last has the size that is asked for, of aligned arrays; an epoch has its announced rows."""
    feed = subject.create()
    batches = _batches(feed, 0, 0, SIZE)
    require(bool(batches), "An epoch has no batches.", expected="at least one", received=0,
            remedy="Yield pellucid.Batch objects.")  # fmt: skip
    for i, batch in enumerate(batches):
        parts = [part for part in (*as_tuple(batch.x), *as_tuple(batch.y), batch.weight) if part is not None]
        lengths = {len(part) for part in parts}
        short = i + 1 == len(batches) and 0 < len(batch) < SIZE
        require(
            lengths == {SIZE} or (short and len(lengths) == 1), f"Batch {i} has not the size that was asked for.",
            expected=f"{SIZE} rows of each array", received=sorted(lengths),
            remedy="Cut the batches to 'size', as pellucid.Batches does with what a function yields.",
        )  # fmt: skip
    if feed.rows is not None and len(batches) < MOST:
        require(sum(map(len, batches)) == feed.rows, "An epoch has other than the announced rows.", expected=feed.rows,
                received=sum(map(len, batches)), remedy="Correct 'rows', or leave it None.")  # fmt: skip
    require(bool(_batches(feed, 0, 0, None)), "Without a size an epoch has no batches.", expected="at least one",
            received=0, remedy="Where 'size' is None, yield batches of a size of your own.")  # fmt: skip


def repeats(subject: Subject) -> None:
    """The same epoch and generator give the same samples, also after another epoch, and by a feed made anew."""
    feed = subject.create()
    first = _columns(_batches(feed, 1, 0, SIZE))
    _batches(feed, 2, 0, SIZE)
    for again in (feed, subject.create()):
        for a, b in zip(_columns(_batches(again, 1, 0, SIZE)), first, strict=True):
            require_same("What an epoch gives when it is begun again", a, b, "Draw only from the generator given.")


def from_any_row(subject: Subject) -> None:
    """Batches that begin at a row are the rest of the epoch: so a run that was interrupted goes on."""
    feed = subject.create()
    whole = _columns(_batches(feed, 1, 0, SIZE))
    for start in (SIZE, len(whole[0]) // 2):
        rest = _columns(_batches(feed, 1, start, SIZE)) if start < len(whole[0]) else whole
        for a, b in zip(rest, whole, strict=True):
            n = min(len(a), len(b) - start)
            if feed.rows == len(b) and start < len(b):
                require(len(a) == n == len(b) - start, f"From row {start} on other rows come than are left.",
                        expected=len(b) - start, received=len(a), remedy="End where the epoch ends.")  # fmt: skip
            require_same(f"What an epoch gives from row {start} on", a[:n], b[start : start + n],
                         "Skip 'start' rows, or begin there.")  # fmt: skip


FEED = checks(whole_batches, repeats, from_any_row)


# -- samplers ----------------------------------------------------------------------------------------------------------


def _order(sampler: Any, data: Split, epoch: int, *, size: int = SIZE) -> HostArray:
    return np.asarray(sampler.order(np.random.default_rng([3, epoch]), data, epoch=epoch, batch_size=size))


def row_numbers(subject: Subject) -> None:
    """It gives numbers of rows, as many at every epoch, and changes no sample."""
    sampler, data = subject.create(), small_samples()
    x, y = data.x.copy(), data.y.copy()  # type: ignore[union-attr]
    first = len(_order(sampler, data, 0))
    for epoch in (0, 1, 2, 7, 100):
        order = _order(sampler, data, epoch)
        right = order.ndim == 1 and order.dtype.kind in "iu" and len(order) == first > 0
        require(
            right and order.min() >= 0 and order.max() < len(data), f"The order of epoch {epoch} is none.",
            expected=f"{first} integers from 0 to {len(data) - 1}", received=order,
            remedy="Row numbers from 0, as many at every epoch; repeat some: rng.choice(rows, len(data)).",
        )  # fmt: skip
    require_same("The samples after order", np.c_[data.x, data.y], np.c_[x, y], "Do not write into them.")


def pure(subject: Subject) -> None:
    """The same arguments give the same order, whatever was asked before: so a run can continue anywhere."""
    data = small_samples()
    for size in (SIZE, 2):  # of two batches, and of several
        sampler = subject.create()
        try:
            orders = [_order(sampler, data, epoch, size=size) for epoch in range(4)]
        except ConfigError:  # there are samplers that cut no group of rows apart
            if size == SIZE:
                raise
            return
        for epoch in (3, 1, 0, 2):
            for again in (sampler, subject.create()):
                require_same(
                    f"The order of epoch {epoch} in batches of {size}, asked for again",
                    _order(again, data, epoch, size=size), orders[epoch],
                    "Draw only from the generator given, and keep nothing on self.",
                )  # fmt: skip


SAMPLER = checks(row_numbers, pure)
