"""Distinct rows: a row that occurs twice is one of twice the weight, and the order of rows means nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pellucid import HostArray

BLOCK = 1 << 18
"""Numbers whose bits are mixed at a time."""
_ODD = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


class Distinct(NamedTuple):
    """Which rows of a table differ, and what they weigh.

    Attributes:
        rows: the number of the first of each kind, in an order that their contents alone decide.
        weight: what all rows of the kind weigh together, or None where all weigh the same.
        keys: 64 bits of each, by its contents.
    """

    rows: HostArray
    weight: HostArray | None
    keys: HostArray


def distinct(x: HostArray, y: HostArray | None, weight: HostArray | None) -> Distinct:
    """The different rows of ``x`` and ``y`` together, those of weight 0 left out.

    So a weight of 3 is, to the bit, a row that stands there three times, and no row is both trained on and validated
    on. ``x`` (N, F), ``y`` (N, …) or None, ``weight`` (N,) or None for all alike.
    """
    keys = _keys(x, np.zeros((len(x), 1)) if y is None else y)
    used = np.arange(len(x)) if weight is None else np.flatnonzero(weight)
    order = used[np.argsort(keys[used], kind="stable")]
    sorted_keys = keys[order]
    again = np.zeros(len(order), bool)
    again[1:] = sorted_keys[1:] == sorted_keys[:-1]
    places = np.flatnonzero(again)  # of equal keys: hardly ever other rows
    step = max(1, BLOCK // max(1, x.shape[1]))
    for start in range(0, len(places), step):
        block = places[start : start + step]
        again[block] = _same(x, y, order[block], order[block - 1])
    first = np.flatnonzero(~again)
    total = np.add.reduceat(np.ones(len(order)) if weight is None else weight[order], first)
    return Distinct(order[first], None if (total == total[0]).all() else total, sorted_keys[first])


def repeated(weight: HostArray | None, n: int) -> HostArray | None:
    """Row numbers, each as often as it weighs, if the weights are small whole multiples of the least; else None."""
    if weight is None:
        return np.arange(n)
    times = weight / weight.min()
    if times.sum() > 4 * n + 1024 or not (np.abs(times - np.rint(times)) < 1e-9 * times).all():
        return None
    return np.repeat(np.arange(n), np.rint(times).astype(np.int64))


def in_proportion(weight: HostArray | None, n: int) -> HostArray:
    """Row numbers that stand for ``n`` rows of these weights where no weight can be given: as :func:`repeated` has
    them; else n rows at even distances of the cumulated weight."""
    rows = repeated(weight, n)
    if rows is not None or weight is None:
        return np.arange(n) if rows is None else rows
    ends = np.cumsum(weight)
    return np.searchsorted(ends, (np.arange(n) + 0.5) / n * ends[-1])


def _keys(*tables: HostArray) -> HostArray:
    """64 bits for each row of aligned tables (N, …)."""
    n = len(tables[0])
    keys = np.zeros(n, np.uint64)
    for table in tables:
        flat = table.reshape(n, -1)
        factors = np.random.Philox(key=len(flat[0]) if n else 0).random_raw(flat.shape[1]) | np.uint64(1)
        rows = max(1, BLOCK // max(1, flat.shape[1]))
        for start in range(0, n, rows):
            part = slice(start, start + rows)
            keys[part] = _mixed(keys[part]) + (_mixed(_bits(flat[part])) * factors).sum(axis=1, dtype=np.uint64)
    return _mixed(keys)


def _bits(part: HostArray) -> HostArray:
    numbers = np.ascontiguousarray(part, np.float64) + 0.0  # -0.0 is 0.0
    numbers[np.isnan(numbers)] = np.nan  # there are many
    return numbers.view(np.uint64)


def _mixed(bits: HostArray) -> HostArray:
    """Every bit of each number depends on all (the finaliser of splitmix64, Steele et al., 2014)."""
    first, second, third = map(np.uint64, _ODD)
    mixed = bits + first
    mixed = (mixed ^ (mixed >> np.uint64(30))) * second
    mixed = (mixed ^ (mixed >> np.uint64(27))) * third
    result: HostArray = mixed ^ (mixed >> np.uint64(31))
    return result


def _same(x: HostArray, y: HostArray | None, rows: HostArray, others: HostArray) -> HostArray:
    """Whether rows have the same contents as others, a truth value for each pair."""
    same = np.ones(len(rows), bool)
    for table in (x,) if y is None else (x, y):
        a, b = (_bits(table[of].reshape(len(of), -1)) for of in (rows, others))
        same &= (a == b).all(axis=1)
    return same
