"""Sequences of different length, padded batch by batch with a mask; Streams, whose rows go on in the next batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, Shape, as_array, mapped, parts_of
from pellucid.basics.checks import check_int
from pellucid.basics.component import Example
from pellucid.basics.errors import ConfigError, DataError
from pellucid.interfaces.objective import Batch
from pellucid.interfaces.rows import Samples, Subset
from pellucid.interfaces.samples import Classes, Split, class_labels
from pellucid.standard.arguments import check_bool
from pellucid.standard.feed import Feed
from pellucid.standard.samplers import Sampler


class Sequences(Samples):
    """Samples that are sequences of different length, ``(T_i, …)``; those of a step are padded to one length.

    The model is given ``(x, mask)``: x (N, T, …) with ``padding`` behind the end of each sequence, and mask (N, T),
    whether a sequence has that step. T is the length of the longest one of the step, rounded up to a ``multiple``, so
    that there are few shapes, for each of which a step is recorded. Together with the sampler ``by_length``, which puts
    sequences of similar length into one batch, little is padded.

    Targets are one for each sequence, an array (N, …); or one for each step, a list of arrays ``(T_i, …)``, padded with
    ``ignore`` where they are integers: the argument ``ignore`` of ``softmax_cross_entropy`` and
    ``binary_cross_entropy``. Values are padded with zeros, which the objective ``masked`` leaves out, or a weight for
    each step. Several targets, of either form, are a tuple, or a table by their names.

    Args:
        x: one array for each sequence, of at least one step; their axes after the first agree.
        y: the targets, or None.
        multiple: lengths are rounded up to multiples of it.
        ignore: what integer targets are padded with.
        padding: what x is padded with, the number of a token that means nothing say.
        mask: whether the model is given the mask.
        classes: names of the classes.
        weight: of each sequence in training, an array (N,); or of each step, a list of arrays ``(T_i,)``, padded with
            zeros: what stands behind the end of a sequence then counts for nothing. None: all are alike.

    Attributes:
        lengths: T_i, int64 (N,).
        labels: class labels of whole sequences, if one target holds such, or None.

    Errors: DataError, which names the sequence, for what does not fit together.
    """

    def __init__(
        self, x: Sequence[Any], y: Any = None, *, multiple: int = 8, ignore: int = -1, padding: int = 0,
        mask: bool = True, classes: Classes | None = None, weight: Any = None,
    ) -> None:  # fmt: skip
        check_int(self, "multiple", multiple, "[1, inf)")
        check_int(self, "ignore", ignore, "(-inf, inf)")
        check_int(self, "padding", padding, "(-inf, inf)")
        check_bool(self, "mask", mask)
        self.sequences = [as_array(part, f"Sequence {i}") for i, part in enumerate(x)]
        _require_alike(self.sequences, "x")
        self.lengths = np.array([len(part) for part in self.sequences], np.int64)
        self.multiple, self.ignore, self.padding, self.mask = multiple, ignore, padding, mask
        self.classes = None if classes is None else tuple(classes)
        if isinstance(y, tuple) and len(y) == len(x) and all(map(self._is_of_steps, y, self.lengths)):
            raise DataError(
                f"Sequences: a tuple is several targets, and this one has {len(y)} arrays, a target for each step of "
                f"each sequence. For one target give a list: Sequences(x, list(y)). For {len(y)}, a table by their "
                "names."
            )
        self.targets = mapped(self._by_row, y, "y")
        labels = [part for part in parts_of(self.targets) if class_labels(part) is not None]
        self.labels = labels[0] if len(labels) == 1 else None
        self.weight: Any = None if weight is None else self._by_row(weight, "weight")

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """Those of a model for them: sequences of any length and, where it is given one, their mask."""
        return ((None, *self.sequences[0].shape[1:]), *[(None,)] * self.mask)

    @staticmethod
    def _is_of_steps(part: Any, length: int) -> bool:
        return np.ndim(part) > 0 and len(part) == length

    def _by_row(self, given: Any, name: str) -> Any:
        """One array (N, …), or a list of arrays with a row for each step."""
        n, found = len(self.sequences), given
        steps = isinstance(given, list) and len(given) > 0 and np.ndim(given[0]) > 0
        if steps:
            found = [as_array(part, f"{name} of sequence {i}") for i, part in enumerate(given)]
        elif np.ndim(found := as_array(given, name)) == 0:
            raise DataError(f"Sequences: {name} must be an array (N, …) or a list. Received: a single number.")
        if len(found) != n:
            kind = "weights" if name == "weight" else "targets"
            raise DataError(f"Sequences: {n} sequences need as many {kind} in {name}. Received: {len(found)}.")
        if steps:
            _require_alike(found, name)
        for i, (length, part) in enumerate(zip(self.lengths, found if steps else (), strict=False)):
            if len(part) != length:
                raise DataError(
                    f"Sequences: sequence {i} has {length} steps and needs in {name} a target or weight for each, "
                    f"or one for the whole, an array (N, …). Received: {len(part)}."
                )
        return found

    def __len__(self) -> int:
        return len(self.sequences)

    def _most(self, rows: HostArray) -> int:
        """Steps of a batch of these rows."""
        return -(-int(self.lengths[rows].max(initial=1)) // self.multiple) * self.multiple

    def take(self, rows: HostArray) -> Split:
        most = self._most(rows)
        x: Any = padded([self.sequences[row] for row in rows], most, self.padding)
        if self.mask:
            x = (x, np.arange(most) < self.lengths[rows, None])
        return Split(x, mapped(lambda target: self._taken(target, rows, most), self.targets), self.classes)

    def weights(self, rows: HostArray) -> HostArray | None:
        return None if self.weight is None else self._taken(self.weight, rows, self._most(rows), weights=True)

    def _taken(self, given: Any, rows: HostArray, most: int, weights: bool = False) -> HostArray:
        if not isinstance(given, list):
            return given[rows]
        parts = [given[row] for row in rows]
        return padded(parts, most, self.ignore if parts[0].dtype.kind in "iub" and not weights else 0)


def padded(parts: Sequence[HostArray], length: int, value: float) -> HostArray:
    """The arrays (T_i, …) below each other, (N, length, …), with the value behind the end of each."""
    dtype = np.result_type(*{part.dtype for part in parts})
    if value and dtype.kind in "iub" and not np.can_cast(np.min_scalar_type(value), dtype):
        dtype = np.dtype(np.int64)
    out = np.full((len(parts), length, *parts[0].shape[1:]), value, dtype)
    for row, part in zip(out, parts, strict=True):
        row[: len(part)] = part
    return out


def _require_alike(parts: Sequence[HostArray], name: str) -> None:
    """DataError unless there are arrays of at least one step whose further axes agree."""
    if not parts:
        raise DataError(f"Sequences needs at least one sequence. Received: {name} = [].")
    for i, part in enumerate(parts):
        if part.ndim == 0 or len(part) == 0 or part.shape[1:] != parts[0].shape[1:]:
            wanted = ("T", *parts[0].shape[1:])
            raise DataError(
                f"Sequences: every array of {name} must have the shape ({', '.join(map(str, wanted))}), with at least "
                f"one step. Received: shape {part.shape} for sequence {i}."
            )


class ByLength(Sampler):
    """Sequences of similar length in one batch, in an order that is another at every epoch.

    The shuffled samples are cut into pools of so many batches; a pool is sorted by length and cut into batches, which
    are shuffled. A large pool pads less, a small one mixes more.

    Args:
        pool: batches of a pool, at least 1.

    Errors: DataError for data that has no ``lengths``, (N,), as ``Sequences`` have.
    """

    examples = (Example(), Example({"pool": 1}))

    def __init__(self, pool: int = 50) -> None:
        check_int(self, "pool", pool, "[1, inf)")
        self.pool = pool

    def order(self, rng: np.random.Generator, data: Split | Samples, *, epoch: int, batch_size: int) -> HostArray:
        lengths = _lengths(data)
        if lengths is None:
            raise DataError(
                "ByLength needs the length of every sample, data.lengths. Received: "
                f"{type(data).__name__}, which has none. Take pellucid.Sequences, or leave the sampler out."
            )
        order, pool = rng.permutation(len(lengths)), self.pool * batch_size
        order = np.concatenate([
            part[np.argsort(lengths[part], kind="stable")]
            for part in (order[first : first + pool] for first in range(0, len(order), pool))
        ])  # fmt: skip
        whole = len(order) // batch_size
        batches = order[: whole * batch_size].reshape(whole, batch_size)
        return np.concatenate([rng.permutation(batches).ravel(), order[whole * batch_size :]])


def _lengths(data: Any) -> HostArray | None:
    """The length of every sample, of a part of some as well."""
    if isinstance(data, Subset):
        of_whole = _lengths(data.whole)
        return None if of_whole is None else of_whole[data.rows]
    return getattr(data, "lengths", None)


class Streams(Feed):
    """A long sequence, or several, side by side: row n of a batch goes on in row n of the next one.

    For layers that carry their state from step to step (``carry`` of a recurrent layer), so that they remember more
    than the steps they are trained on. A sequence (L, …) is cut into equal parts, one for each row; each batch holds
    the next ``steps`` of all of them. What is left at the end of each part, fewer than ``steps``, is not used. The
    model is given ``(x, begins)``: x (rows, steps, …), and begins (rows,), True in the first batch of an epoch.

    Args:
        x: an array (L, …), or a list of them, of which each row takes a part.
        y: the targets, one for each step, in the same form; or None.
        side_by_side: rows of a batch, ``carry`` of the layers; a multiple of the number of sequences.
        steps: T, steps of a batch.
        begins: whether the model is given begins.

    Errors: DataError for sequences that are too short; ConfigError for a batch size that would tear rows apart.
    """

    examples = (
        Example({"x": [[0.1 * i for i in range(40)]], "y": [[*range(40)]], "side_by_side": 6, "steps": 3}),
        Example({"x": [[0.5] * 40] * 2, "side_by_side": 6, "steps": 3, "begins": False}),
    )

    def __init__(
        self, x: Any, y: Any = None, *, side_by_side: int = 32, steps: int = 64, begins: bool = True
    ) -> None:  # fmt: skip
        check_int(self, "side_by_side", side_by_side, "[1, inf)")
        check_int(self, "steps", steps, "[1, inf)")
        check_bool(self, "begins", begins)
        self.x, self.y, self.side_by_side, self.steps, self.begins = x, y, side_by_side, steps, begins
        parts, targets = _several(x), None if y is None else _several(y)
        if not parts or side_by_side % len(parts):
            raise ConfigError(
                f"The 'side_by_side' of Streams must be a multiple of the number of sequences, {len(parts)}. Received: "
                f"{side_by_side}."
            )
        if targets is not None and [len(part) for part in targets] != [len(part) for part in parts]:
            raise DataError(
                "Streams needs a target for each step. Received: sequences of "
                f"{[len(part) for part in parts]} steps and targets for {[len(part) for part in targets]}."
            )
        each = side_by_side // len(parts)
        self.turns = min(len(part) // each for part in parts) // steps
        if not self.turns:
            raise DataError(
                f"Streams: {each} rows of {steps} steps need sequences of at least {each * steps} steps. Received: "
                f"{min(len(part) for part in parts)}. Take fewer rows, side_by_side, or steps."
            )
        self.rows, self.batch_rows = self.turns * side_by_side, side_by_side

    def batches(self, rng: np.random.Generator, epoch: int, start: int, size: int | None) -> Iterator[Batch]:
        n = self.side_by_side
        if size not in (None, n):
            raise ConfigError(
                f"The rows of a step, batch_size · accumulate, must be the {n} rows that Streams has side by side. "
                f"Received: {size}. Leave batch_size out, or change side_by_side."
            )
        x, y = self._side_by_side
        for turn in range(start // n, self.turns):
            at, left = slice(turn * self.steps, (turn + 1) * self.steps), max(0, start - turn * n)
            inputs = x[left:, at]
            yield Batch(
                (inputs, np.full(n - left, turn == 0)) if self.begins else inputs, None if y is None else y[left:, at],
                None, np.arange(turn * n + left, (turn + 1) * n),
            )  # fmt: skip

    @cached_property
    def _side_by_side(self) -> tuple[HostArray, HostArray | None]:
        """All rows as they lie below each other: x (rows, L, …) and y."""
        found = [
            None if given is None else np.concatenate([
                _cut(as_array(part, name), self.side_by_side // len(_several(given)), self.turns * self.steps)
                for part in _several(given)
            ])
            for name, given in (("x", self.x), ("y", self.y))
        ]  # fmt: skip
        assert found[0] is not None
        return found[0], found[1]


def _several(given: Any) -> list[Any]:
    """A list of sequences; an array is one."""
    return list(given) if isinstance(given, list | tuple) else [given]


def _cut(sequence: HostArray, rows: int, length: int) -> HostArray:
    """(L, …) -> (rows, length, …): equal parts below each other, each without what is left at its end."""
    part = len(sequence) // rows
    return np.stack([sequence[row * part : row * part + length] for row in range(rows)])
