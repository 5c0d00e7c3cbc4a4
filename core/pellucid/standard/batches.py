"""Batches: what a function or an iterable yields, as a feed: cut to size, mixed in blocks, continued where it stood."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from pellucid.basics.arrays import as_array
from pellucid.basics.checks import check_int
from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError, DataError, PellucidWarning
from pellucid.interfaces.objective import Batch
from pellucid.interfaces.samples import Split
from pellucid.standard.arguments import check_bool
from pellucid.standard.feed import Feed


class Batches(Feed):
    """Batches of a function that is called for every epoch, or of an iterable: ``x``, ``(x, y)`` or ``(x, y, weight)``
    with one sample a row, of any number of rows; or a :class:`pellucid.Batch`.

    ``fit(…, batch_size=32)`` cuts them to that size; without a batch size each is a step. Nothing is read before it is
    needed, unless it is shuffled: the function may look at the model that is trained.

    A run that was interrupted goes on with the same bits where the epoch can be begun anew: the function is called
    again, and what was trained on is skipped. An iterator can only go forward; where that is not where the run stood, a
    warning says so.

    Args:
        source: a function, such as a generator function, whose arguments may be called ``rng`` (a generator for what it
            draws, the same whenever an epoch is begun) and ``epoch`` (its number, 0 the first); or an iterable.
        rows: samples of an epoch, of a source that has no end, or so that a schedule can know it. None: the epoch ends
            with the source.
        shuffle: rows that are read ahead and mixed, block by block; 0 leaves the order.
        samples: whether single samples are yielded, and no batches of them.
        classes, features: names, as of a ``Split``.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example({"source": [[[0.1, 0.2]] * 5, [[0.3, 0.4], [0.5, 0.6]] * 4]}),
        Example({"source": [[[0.1, 0.2], [0.3, 0.4]] * 9], "rows": 16, "shuffle": 5}),
        Example({"source": [[0.1, 0.2], [0.3, 0.4]] * 4, "samples": True}),
    )

    def __init__(
        self, source: Any, *, rows: int | None = None, shuffle: int = 0, samples: bool = False,
        classes: Sequence[str] | None = None, features: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        if not callable(source) and not isinstance(source, Iterable):
            raise ConfigError(
                "The 'source' of Batches must be a function that yields batches, or an iterable of batches. Received: "
                f"{type(source).__name__}."
            )
        if rows is not None:
            check_int(self, "rows", rows, "[1, inf)")
        check_int(self, "shuffle", shuffle, "[0, inf)")
        check_bool(self, "samples", samples)
        self.source, self.rows, self.shuffle, self.samples = source, rows, shuffle, samples
        self.classes = None if classes is None else tuple(classes)
        self.features = None if features is None else tuple(features)
        self._stream: _Stream | None = None  # of an iterator, which goes on in the next epoch
        self._given = (0, 0)  # the epoch, and the rows of it, that it has been asked for

    def batches(self, rng: np.random.Generator, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        stream, row = self._opened(rng, epoch, start), start
        while self.rows is None or row < self.rows:
            most = size if self.rows is None else min(size or self.rows, self.rows - row)
            batch = stream.take(most) if size else stream.next(most)
            if batch is None:
                break
            batch.index = np.arange(row, row + len(batch))
            row += len(batch)
            self._given = (epoch, row)
            yield batch
        if self.rows is not None and row < self.rows:
            raise DataError(
                f"Batches: {self.rows} rows were announced for an epoch, and {row} came in epoch {epoch + 1}. Let the "
                "source yield more, or leave 'rows' out: the epoch then ends with the source."
            )

    def _opened(self, rng: np.random.Generator, epoch: int, start: int) -> _Stream:
        """The rows of an epoch from ``start`` on."""
        mixing = np.random.default_rng(rng.integers(1 << 62))  # the source may draw from rng when it likes
        if isinstance(self.source, Iterator):
            if self._stream is None:
                self._stream = self._streamed(self.source, mixing)
            if start and self._given != (epoch, start):
                warnings.warn(
                    f"The run stood at row {start} of epoch {epoch + 1}. This {type(self.source).__name__} can only go "
                    "forward, and goes on with what it gives next: not with the bits of a run that was not "
                    "interrupted. For these pass a function that makes it, which is called anew.",
                    PellucidWarning, stacklevel=2,
                )  # fmt: skip
            return self._stream
        stream = self._streamed(iter(_called(self.source, rng, epoch)), mixing)
        skipped = 0
        while skipped < start:
            batch = stream.take(start - skipped)
            if batch is None:
                raise DataError(
                    f"The run stood at row {start} of epoch {epoch + 1}, and the source gave no more than {skipped} "
                    "rows of it now. Give the same data, or make a new Trainer."
                )
            skipped += len(batch)
        return stream

    def _streamed(self, items: Iterator[Any], rng: np.random.Generator) -> _Stream:
        found = _Stream(as_batch(item, self.samples) for item in items)
        return _Stream(_mixed(found, self.shuffle, rng)) if self.shuffle else found


class _Stream:
    """Rows that come in batches and are taken in others."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches, self._rest = batches, None

    _rest: Batch | None

    def next(self, most: int | None = None) -> Batch | None:
        """The next batch as it came, or its first rows; None at the end."""
        batch = next(self._batches, None) if self._rest is None else self._rest
        self._rest = None
        if batch is not None and most is not None and len(batch) > most:
            batch, self._rest = _rows(batch, slice(0, most)), _rows(batch, slice(most, None))
        return batch

    def take(self, n: int | None) -> Batch | None:
        """The next n rows, or what is left; None at the end."""
        parts: list[Batch] = []
        left = n or 0
        while left and (batch := self.next(left)) is not None:
            parts.append(batch)
            left -= len(batch)
        return _joined(parts) if parts else None


def _mixed(stream: _Stream, block: int, rng: np.random.Generator) -> Iterator[Batch]:
    while (batch := stream.take(block)) is not None:
        yield _rows(batch, rng.permutation(len(batch)))


def _called(source: Any, rng: np.random.Generator, epoch: int) -> Iterable[Any]:
    """What a source gives for an epoch; it is told what its arguments ask for by their names."""
    if not callable(source):
        return source
    known = {"rng": rng, "epoch": epoch}
    asked = inspect.signature(source).parameters
    given = source(**{name: known[name] for name in known if name in asked})
    if not isinstance(given, Iterable):
        raise DataError(
            f"{getattr(source, '__name__', 'The source of Batches')} must yield batches, or return an iterable of "
            f"them. Received: {type(given).__name__}."
        )
    return given


def as_batch(item: Any, single: bool = False) -> Batch:
    """What a source has yielded, as a batch of host arrays; a single sample as one of one row.

    Raises:
        DataError: it is no batch, or its arrays differ in their numbers of rows.
    """
    if isinstance(item, Split):
        item = Batch(item.x, item.y)
    elif not isinstance(item, Batch):
        parts = item if isinstance(item, tuple) else (item,)
        if not 1 <= len(parts) <= 3:
            raise DataError(
                "A source of batches must yield x, (x, y) or (x, y, weight), and several inputs as ((x₁, x₂), y). "
                f"Received: a tuple of {len(parts)}."
            )
        item = Batch(*parts)
    array = _single if single else as_array
    batch = Batch(*(_each(array, part, name) for part, name in ((item.x, "x"), (item.y, "y"), (item.weight, "weight"))))
    lengths = [np.shape(part)[:1] for part in _leaves((batch.x, batch.y, batch.weight))]
    if () in lengths or len(set(lengths)) > 1 or lengths[0] == (0,):
        raise DataError(
            "A source of batches must yield arrays with one sample a row, as many rows of each and at least one. "
            f"Received shapes: {[np.shape(part) for part in _leaves((batch.x, batch.y, batch.weight))]}. For single "
            "samples: Batches(source, samples=True)."
        )
    return batch


def _single(part: Any, name: str) -> Any:
    return as_array(part, name)[None]


def _each(act: Callable[..., Any], value: Any, *more: Any) -> Any:
    """The same done with an array, or each of several."""
    if isinstance(value, tuple):
        return tuple(_each(act, part, *more) for part in value)
    if isinstance(value, dict):
        return {name: _each(act, part, *more) for name, part in value.items()}
    return None if value is None else act(value, *more)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, tuple | dict):
        return [leaf for part in (value.values() if isinstance(value, dict) else value) for leaf in _leaves(part)]
    return [] if value is None else [value]


def _rows(batch: Batch, rows: Any) -> Batch:
    return Batch(*(_each(lambda part: part[rows], part) for part in (batch.x, batch.y, batch.weight)))


def _joined(batches: Sequence[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    columns = [[getattr(batch, name) for batch in batches] for name in ("x", "y", "weight")]
    return Batch(*map(_concatenated, columns))


def _concatenated(parts: Sequence[Any]) -> Any:
    first = parts[0]
    if isinstance(first, tuple):
        return tuple(_concatenated(column) for column in zip(*parts, strict=True))
    if isinstance(first, dict):
        return {name: _concatenated([part[name] for part in parts]) for name in first}
    return None if first is None else np.concatenate(parts)
