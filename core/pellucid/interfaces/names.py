"""Names of columns and of classes. What has a name is found by it, wherever it stands, or refused by it: the numbers do
not show a column in another place or a label of another numbering, and every figure would be wrong without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.basics.suggest import did_you_mean, listed

Names = tuple[str, ...]


def column_names(x: Any) -> Names | None:
    """The names of the columns of a data frame, as pandas, polars and pyarrow have them; None of anything else. Of
    several inputs those of the first.

    Raises:
        DataError: another input has names, too: nobody keeps them, so columns in another order would not be noticed.
    """
    if isinstance(x, tuple):
        first, *others = map(column_names, x or (None,))
        if any(others):
            raise DataError(
                "Of several inputs only the first may be a data frame, whose columns are compared by their names. Give "
                "the others as arrays: frame.to_numpy()."
            )
        return first
    if isinstance(x, np.ndarray):
        return None
    columns = getattr(x, "column_names" if hasattr(type(x), "column_names") else "columns", None)  # pyarrow: the values
    return None if columns is None else tuple(map(str, columns))


def reordered(
    values: HostArray, names: Iterable[str], known: Iterable[str], where: str, *, fixed: bool = False
) -> HostArray:
    """``values``, whose columns (the last axis) have ``names``, with its columns in the order of ``known``.

    Raises:
        DataError: there are others, or not as many as names; they stand in another order, and it is ``fixed``.
    """
    names, known = tuple(map(str, names)), tuple(map(str, known))
    if len(names) == values.shape[-1] and names == known:
        return values
    received, expected = set(names), set(known)
    if fixed or len(names) != values.shape[-1] or len(expected) < len(known) or sorted(names) != sorted(known):
        raise DataError(
            f"In {where}: its columns are not those of the training data. Expected: {listed(known)}. Received: "
            f"{listed(names)}, for an array of shape {values.shape}. Missing: "
            f"{listed(name for name in known if name not in received)}; not known: "
            f"{listed(name for name in names if name not in expected)}. Rename or remove columns; their order "
            f"{'matters where a model learns further' if fixed else 'does not matter'}. A column of targets is named "
            "by --target or 'target'. An array without names is taken as it is."
        )
    place = {name: column for column, name in enumerate(names)}
    return np.ascontiguousarray(values[..., [place[name] for name in known]])


def renumbered(y: HostArray, names: Iterable[str], known: Iterable[str], where: str) -> HostArray:
    """Targets of the classes ``names`` as targets of the classes ``known``.

    Labels, (N, …), get the numbers that their classes have in ``known``; targets with a column for each class,
    (N, …, K), get their columns in its order.

    Raises:
        DataError: a class that is not known, or a number that is no class, with its row.
    """
    names, known = tuple(map(str, names)), tuple(map(str, known))
    if names == known and y.dtype.kind not in "iu":
        return y
    if y.ndim > 1 and y.shape[-1] == len(names) and (y.dtype.kind in "fb" or (y.ndim == 2 and y.max(initial=0) <= 1)):
        return reordered(y, names, known, where)
    labels = y.astype(np.int64)
    named = (labels == y) & (labels >= 0) & (labels < len(names))
    number, often = {name: i for i, name in enumerate(known)}, Counter(known)
    numbers = np.array([number[name] if often[name] == 1 else -1 for name in names], np.int64)
    numbers = np.arange(len(names)) if names == known else numbers
    numbers = np.where(named, numbers[np.where(named, labels, 0)], -1)
    if (numbers < 0).any():
        place = tuple(np.argwhere(numbers < 0)[0])
        wrong = names[labels[place]] if named[place] else str(y[place])
        raise DataError(
            f"In {where}, row {place[0]} (counted from 0): unknown class {wrong!r}.{did_you_mean(wrong, known)} The "
            f"classes of the training data are: {listed(known)}. Leave these rows out, or train a new model for other "
            "classes. Labels without names, as in (x, y), are taken as they are."
        )
    return numbers.astype(y.dtype) if y.dtype.kind == "f" else numbers
