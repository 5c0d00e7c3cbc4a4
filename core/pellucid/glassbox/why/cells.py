"""From a Traced array and one of its cells to the scalar expression that made it.

Only what that cell needs is looked at. First from the end to the leaves: which cells of each array are wanted, array
after array in the reverse of the order in which they were made, so that none is visited twice and no recursion is
needed. Then back, building an :class:`~pellucid.glassbox.why.expr.Expr` of each.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.rules import RULES, Request
from pellucid.glassbox.why.traced import Traced

Key = tuple[int, bool]
"""A Traced array by its id, and whether it is what defines an equation's result: then it does not stand for that."""


def cell(made: Traced, index: tuple[int, ...] | int = ()) -> Expr:
    """The expression of ``made[index]``.

    Raises:
        DataError: there is no such cell.
    """
    index = index if isinstance(index, tuple) else (index,)
    if len(index) != made.ndim or not all(-n <= i < n for i, n in zip(index, made.shape, strict=True)):
        raise DataError(f"{made!r} has no cell {list(index)}: its shape is {made.shape}.")
    place = np.ravel_multi_index([i % n for i, n in zip(index, made.shape, strict=True)], made.shape) if index else 0
    return _expressions(made, int(place))


def _expressions(root: Traced, place: int) -> Expr:
    wanted: dict[Key, list[HostArray]] = {(id(root), True): [np.array([place])]}
    arrays: dict[Key, Traced] = {(id(root), True): root}
    order: list[tuple[int, Key]] = [(-root.serial, (id(root), True))]
    planned: list[tuple[Key, HostArray, list[tuple[Key, HostArray]], Callable[..., list[Expr]]]] = []
    while order:
        _, key = heapq.heappop(order)
        made, first = arrays[key], key[1]
        places = np.unique(np.concatenate(wanted[key]))
        if first or made.stands is None:
            groups = [(places, _plan(made, places, first))]
        else:  # of some of its cells those of the result that it stands for
            result, there = made.stands
            inside = there.flat[places] >= 0
            groups = [(places[inside], ([], _at(result, there.ravel()[places[inside]])))] if inside.any() else []
            groups += [(places[~inside], _plan(made, places[~inside], first))] if not inside.all() else []
        for some, (requests, build) in groups:
            needs = []
            for operand, cells, through in requests:
                below = (id(operand), through)
                if below not in wanted and cells.size:
                    wanted[below], arrays[below] = [], operand
                    heapq.heappush(order, (-operand.serial, below))
                if cells.size:
                    wanted[below].append(cells)
                needs.append((below, cells))
            planned.append((key, some, needs, build))
    found: dict[Key, dict[int, Expr]] = {key: {} for key in wanted}
    for key, places, needs, build in reversed(planned):
        built = build(*([found[below][i] for i in cells.tolist()] for below, cells in needs))
        found[key].update(zip(places.tolist(), built, strict=True))
    return found[id(root), True][place]


def _plan(made: Traced, places: HostArray, first: bool) -> tuple[list[Request], Callable[..., list[Expr]]]:
    """Which cells of the operands these cells need, and how they are built of them."""
    if made.operation is None:
        return [], _at(made, places)
    if made.constant and made.ndim:
        values = made.value.flat[places].tolist()
        return [], lambda: [Expr("number", value) for value in values]
    return RULES[made.operation.kind](made, places, first)


def _at(made: Traced, places: HostArray) -> Callable[[], list[Expr]]:
    """Cells of a leaf. Of a constant they are numbers; an argument of a component keeps its name."""
    values: list[Any] = made.value.flat[places].tolist()
    if made.quantity is None and (made.ndim or not made.symbol):
        return lambda: [Expr("number", value) for value in values]
    axes = np.unravel_index(places, made.shape) if made.ndim else ()
    indices = list(zip(*(axis.tolist() for axis in axes), strict=True)) if axes else [()] * len(values)
    symbol, quantity = made.symbol, made.quantity
    return lambda: [
        Expr("cell", value, (), symbol, index, quantity) for value, index in zip(values, indices, strict=True)
    ]
