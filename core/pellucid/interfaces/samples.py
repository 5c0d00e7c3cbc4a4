"""Samples: inputs with their targets, checked; divided by class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_array, as_tuple, mapped, named_parts, taken
from pellucid.basics.errors import DataError
from pellucid.interfaces.names import Names, column_names, renumbered, reordered

Inputs = HostArray | tuple[HostArray, ...]
"""One array with a sample a row, or a tuple of them for a model of several inputs."""
Classes = Names


@dataclass(frozen=True, eq=False)
class Split:
    """Samples, one a row. What is given as lists, data frames and the like becomes arrays and tuples of texts.

    Attributes:
        x: inputs, (N, …), or a tuple of them.
        y: targets: class labels (N,) of an integer type, or numbers (N, …); None if there are none. Several of them
            are a tuple, or a table by their names: ``{"digit": labels, "angle": angles}``.
        classes: names of the classes in the order of their labels, or of the columns of ``y``; or None.
        features: names of the columns of ``x``, of the first if there are several; or None.

    A data frame has names of its own, which count: they stay with their columns, whatever is given.

    Raises:
        DataError: x or y mean no numbers; see :func:`pellucid.as_array`.
    """

    x: Inputs
    y: Any = None
    classes: Classes | None = None
    features: Names | None = None

    def __post_init__(self) -> None:
        of_x, of_y = column_names(self.x), None if isinstance(self.y, (tuple, dict)) else column_names(self.y)
        of_y = of_y if len(of_y or ()) > 1 else None
        features, classes = of_x or _texts(self.features), of_y or _texts(self.classes)
        x = mapped(as_array, self.x, "x") if isinstance(self.x, tuple) else as_array(self.x, "x")
        y = as_array(self.y, "y") if isinstance(self.y, np.ndarray) else mapped(as_array, self.y, "y")
        y = y.astype(np.float64) if y is not None and of_y else y  # columns, so no labels
        if not (x is self.x and y is self.y and classes is features is None):  # as a step finds it
            self.__dict__.update(x=x, y=y, classes=classes, features=features)  # else frozen

    def __len__(self) -> int:
        return len(as_tuple(self.x)[0])

    @property
    def labels(self) -> HostArray | None:
        """The targets if they are class labels (N,), else None."""
        return class_labels(self.y)

    @property
    def mapped(self) -> bool:
        """Whether some of it lies in a file that is mapped into memory, ``numpy.memmap``, and is read where it lies."""
        return any(isinstance(part, np.memmap) for part in (*as_tuple(self.x), self.y))

    def take(self, rows: HostArray) -> Split:
        """The samples of these rows, as copies."""
        return Split(taken(self.x, rows), taken(self.y, rows), self.classes, self.features)

    def named(self, classes: Classes | None, features: Names | None, where: str, *, fixed: bool = False) -> Split:
        """The same samples by the names that somebody else knows, a model or the training part: columns in the order of
        ``features``, labels numbered as in ``classes``. What has no names, here or there, is taken as it stands.

        Raises:
            DataError: a column or a class that is not known, or columns in another order, which is ``fixed``; ``where``
                is what the message calls the samples.
        """
        x, y = self.x, self.y
        classes = self.classes if classes is None else classes
        features = self.features if features is None else features
        if self.features is not None and features is not None:
            first, *others = as_tuple(x)
            first = reordered(first, self.features, features, where, fixed=fixed)
            x = (first, *others) if isinstance(x, tuple) else first
        if isinstance(y, np.ndarray) and self.classes is not None and classes is not None:
            y = renumbered(y, self.classes, classes, where)
        return Split(x, y, classes, features)

    def __repr__(self) -> str:
        x, y = (", ".join(f"{part.dtype}{part.shape}" for _, part in named_parts(of, "")) for of in (self.x, self.y))
        return f"Split(x={x}, y={y or None})"


def class_labels(y: Inputs | None) -> HostArray | None:
    """``y`` if it holds one class label a row, else None: nothing to stratify by."""
    return y if isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "iu" else None


def _texts(names: Iterable[Any] | None) -> tuple[str, ...] | None:
    if names is not None and (isinstance(names, str | Set | Mapping) or not isinstance(names, Iterable)):
        raise DataError(f"Names of classes and of features stand in a list, one text each. Received: {names!r:.80}.")
    return None if names is None else tuple(map(str, names))


def check_data(x: Any, y: Any = None, *, where: str = "the data", missing: bool = False) -> None:
    """Raise DataError unless ``x`` and ``y`` hold finite numbers with one sample a row.

    Whether labels fit the number of classes is for the loss to check.

    Args:
        x: inputs (N, …), at least two axes; or a tuple of arrays (N, …).
        y: targets (N, …), a tuple or a table of them, or None.
        where: what the message calls them.
        missing: whether NaN may stand in ``x``, in the first of several, for what is missing.
    """
    single = not isinstance(x, tuple)
    given = [("x", x)] if single else [*named_parts(x, "x")]
    given += [("y", y)] if isinstance(y, np.ndarray) else named_parts(y, "y")
    named = [(name, as_array(array, f"{name} of {where}")) for name, array in given]
    for name, array in named:
        if array.ndim == 0:
            raise DataError(f"{name} of {where} must have one sample a row. Received: a single number, shape ().")
    shape = named[0][1].shape
    if single and len(shape) < 2:
        raise DataError(
            f"x of {where} must have one sample a row and its features in columns, shape (N, features). "
            f"Received: shape {shape}. For samples of one feature pass x[:, None], for one sample x[None]."
        )
    rows = shape[0]
    for name, array in named[1:]:
        if len(array) != rows:
            raise DataError(
                f"x and y of {where} must have one row for each sample. "
                f"Received: {rows} rows in {named[0][0]}, {len(array)} in {name}."
            )
    if rows == 0:
        raise DataError(f"There are no samples in {where}: x has shape {shape}. At least one is needed.")
    for i, (name, array) in enumerate(named):
        _check_finite(name, array, where, missing and i == 0)


def _check_finite(name: str, array: HostArray, where: str, missing: bool) -> None:
    # Minimum and maximum pass NaN and infinity on and need no second array of this size.
    if array.dtype.kind != "f" or array.size == 0 or (isfinite(array.min()) and isfinite(array.max())):
        return
    bad = np.argwhere(np.isinf(array) if missing else ~np.isfinite(array))
    if not len(bad):
        return  # NaN that may stand there, or a longdouble that no float can hold
    row, *column = (int(i) for i in bad[0])
    place = f"row {row}"
    if column:
        place += f", column {column[0] if len(column) == 1 else tuple(column)}"
    raise DataError(
        f"{name} of {where} must be finite. Received: {array[tuple(bad[0])]} in {place} (counted from 0)"
        f"{f', and {len(bad) - 1} more that are not' if len(bad) > 1 else ''}. "
        "Remove these rows or fill in the values."
    )


Rows = np.ndarray[Any, Any]


def choose_rows(rows: Rows, n: int, labels: Rows | None, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Divide ``rows`` into (the rest, ``n`` chosen ones), both in their original order.

    Args:
        rows: row numbers, ascending.
        n: how many to choose, at most ``len(rows)``.
        labels: class labels of the whole data set, indexed by row number, for a choice in proportion to the classes
            (chance decides among classes of equal claim); or None for a choice among all alike.
        rng: decides which.
    """
    order = rng.permutation(len(rows))
    shuffled = np.zeros(len(rows)) if labels is None else labels[rows][order]
    _, first, which, sizes = np.unique(shuffled, return_index=True, return_inverse=True, return_counts=True)
    quotas, turn = np.empty_like(sizes), first.argsort()  # of equal claims that of the first shuffled row comes first
    quotas[turn] = apportion(n, sizes[turn])
    number = np.arange(len(rows)) - np.repeat(sizes.cumsum() - sizes, sizes)  # of a row within its class
    chosen = np.zeros(len(rows), bool)
    chosen[order[which.argsort(kind="stable")][number < np.repeat(quotas, sizes)]] = True
    return rows[~chosen], rows[chosen]


def apportion(n: int, sizes: Rows) -> Rows:
    """Share ``n`` seats in proportion to ``sizes`` by largest remainders: each share is its exact quota rounded up or
    down, and they add up to ``n``. Equal remainders: the first class first. No share exceeds its size.

    >>> apportion(5, np.array([4, 2, 2]))
    array([3, 1, 1])
    """
    quotas, remainders = np.divmod(n * sizes.astype(np.int64), sizes.sum())
    seats_left = n - int(quotas.sum())
    quotas[np.argsort(-remainders, kind="stable")[:seats_left]] += 1
    return quotas
