"""Graph: Traced operations as data, so that the page takes cells apart by the rules of ``rules.py`` on its own.

A node is a list: its letter, its shape, and what the rule of ``cells.js`` needs:

=====  ==============================  ============================================================
letter rest                            what a cell is
=====  ==============================  ============================================================
q      quantity, symbol                a cell of a quantity, where taking apart ends
c      number or array, symbol         a constant
e      name, operands                  a function of the cells at the same place, after broadcasting
m      name, operands, places          the cell that was put here
p      operands, places, chosen by     the cell of the first operand that cells of the others chose
w      operands                        one of two, by a condition
r      name, operand, axes             a function of all cells along axes
k      operands, letters, output       a sum of products
s      operands, places                what was there and what was added there
o      name, operands                  not taken apart: it depends on all cells of the operands
=====  ==============================  ============================================================

An ``e`` of constants alone and an ``o`` have a value at their end, which the page does not compute.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.page.packing import Packed
from pellucid.glassbox.why.traced import Traced
from pellucid.glassbox.why.traced_equations import sources

EXACT = frozenset((
    "add", "subtract", "multiply", "divide", "sqrt", "square", "negative", "positive", "absolute", "maximum", "minimum",
    "greater", "less", "greater_equal", "less_equal", "equal", "not_equal",
))  # fmt: skip
"""Functions whose result IEEE 754 leaves no choice about: the page gets the same bits as NumPy."""

KNOWN = EXACT | {
    "fabs", "power", "float_power", "reciprocal", "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "tanh",
    "sinh",
    "cosh", "sin", "cos", "tan", "arctan", "arcsin", "arccos", "arctan2", "arcsinh", "arctanh", "hypot", "cbrt", "erf",
    "fmax",
    "fmin", "logaddexp", "floor", "ceil", "trunc", "rint", "sign", "floor_divide", "remainder", "fmod",
    "logical_and", "logical_or", "logical_not", "logical_xor", "isnan", "isfinite", "isinf", "astype_bool",
    "astype_whole", "heaviside", "deg2rad", "rad2deg",
}  # fmt: skip
"""Functions of cells that the page computes; another one is not taken apart."""
OF_BOOLS = {
    "bitwise_and": "logical_and", "bitwise_or": "logical_or", "bitwise_xor": "logical_xor", "invert": "logical_not",
}  # fmt: skip


def _function(made: Traced) -> str:
    """The page's name of an elementwise operation."""
    assert made.operation is not None
    name = made.operation.name
    if name.startswith("astype_") and name != "astype_bool":
        return "astype_whole"
    return OF_BOOLS.get(name, name) if made.dtype == np.bool_ else name


def number(value: Any) -> Any:
    """A number as JSON has it; what JSON has no word for is a text."""
    value = value.item() if isinstance(value, np.ndarray | np.generic) else value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return int(value) if isinstance(value, bool) else value


class Graph:
    """Collects the nodes of Traced arrays.

    Args:
        packed: where arrays go.
        numbers: name of a quantity -> its number in the page.

    Attributes:
        nodes: see the top of this file; operands come before what is made of them.
    """

    def __init__(self, packed: Packed, numbers: dict[str, int]) -> None:
        self.nodes: list[list[Any]] = []
        self._packed, self._numbers = packed, numbers
        self._known: dict[int, int] = {}
        self._kept: list[Traced] = []  # so that no id is used twice
        self._constants: dict[bytes, list[Any]] = {}

    def add(self, root: Traced) -> int:
        """The number of the node of an array."""
        pending = [root]
        while pending:
            made = pending[-1]
            if id(made) in self._known:
                pending.pop()
                continue
            operands = () if made.operation is None or self._folded(made) else made.operands
            missing = [operand for operand in operands if id(operand) not in self._known]
            if missing:
                pending += missing
                continue
            self._known[id(made)] = len(self.nodes)
            self._kept.append(made)
            self.nodes.append(self._node(made))
            pending.pop()
        return self._known[id(root)]

    def stands(self) -> dict[int, list[Any]]:
        """Of each node that holds cells of an equation's result: ``[quantity, symbol, places in it, −1 of none]``."""
        found = {}
        for made in self._kept:
            if made.stands is None:
                continue
            result, places = made.stands
            quantity = self._numbers.get(result.quantity or "")
            if quantity is not None:
                found[self._known[id(made)]] = [quantity, result.symbol, self._packed.add_places(places)]
        return found

    def is_exact(self, root: Traced) -> bool:
        """Whether the page computes this array to the bit: cells put elsewhere, and arithmetic cell by cell."""
        pending, seen = [root], set()
        while pending:
            made = pending.pop()
            if id(made) in seen or made.operation is None or made.constant:
                continue
            seen.add(id(made))
            kind, name = made.operation.kind, made.operation.name
            squared = name == "power" and made.operands[1].ndim == 0 and made.operands[1].value == 2
            if not (kind in ("move", "choose") or (kind == "elementwise" and (name in EXACT or squared))):
                return False
            pending += made.operands
        return True

    @staticmethod
    def _folded(made: Traced) -> bool:
        """An array without data in it is kept as it is; a number keeps how it was written, ``1 − beta1``."""
        return made.constant and made.ndim > 0

    def _node(self, made: Traced) -> list[Any]:
        shape, operation = list(made.shape), made.operation
        if made.quantity is not None and made.quantity in self._numbers:
            return ["q", shape, self._numbers[made.quantity], made.symbol]
        if operation is None or self._folded(made):
            return ["c", shape, self._constant(made.value), made.symbol]
        operands = [self._known[id(operand)] for operand in made.operands]
        kind, name, data = operation
        if kind == "elementwise" and _function(made) in KNOWN:
            value = [number(made.value)] if made.constant and not made.ndim else []
            return ["e", shape, _function(made), operands, *value]
        if kind == "move":
            return ["m", shape, name, operands, self._places(made)]
        if kind == "pick":
            source, chosen = data
            x = made.operands[0]
            places = np.asarray(source(np.arange(x.size).reshape(x.shape)))
            by = [None if c is None else self._packed.add_places(c) for c in chosen]
            return ["p", shape, operands, self._packed.add_places(places), by]
        if kind == "choose":
            return ["w", shape, operands]
        if kind == "reduction":
            return ["r", shape, name, operands[0], list(data)]
        if kind == "contraction":
            return ["k", shape, operands, list(data[0]), data[1]]
        if kind == "scatter":
            return ["s", shape, operands, self._packed.add_places(np.asarray(data)), len(data)]
        return ["o", shape, name, operands, self._constant(made.value)]

    def _constant(self, value: HostArray) -> Any:
        if value.ndim == 0:
            return number(value)
        first = value.ravel()[:1]
        if value.size and (value == first).all():
            return {"all": number(first[0])}
        key = value.tobytes() + str((value.shape, value.dtype)).encode()
        if key not in self._constants:
            self._constants[key] = self._packed.add(value)
        return {"at": self._constants[key]}

    def _places(self, made: Traced) -> Any:
        """Where cells came from, counted through all operands from 1, 0 of none: in steps along each axis, if they are
        that regular, or all of them."""
        assert made.operation is not None
        if made.operation.data is None:  # all in their order
            return {"steps": [1, *(math.prod(made.shape[i + 1 :]) for i in range(made.ndim))]}
        source = sources(made)
        steps = _steps(source)
        return {"steps": steps} if steps is not None else {"at": self._packed.add_places(source)}


def cost(root: Traced) -> int:
    """About how many products and numbers of sums the page would look at for all of an array."""
    found, pending, seen = 0, [root], set()
    while pending:
        made = pending.pop()
        if id(made) in seen or made.operation is None or made.constant:
            continue
        seen.add(id(made))
        pending += made.operands
        if made.operation.kind == "reduction":
            found += made.operands[0].size
        elif made.operation.kind == "contraction":
            lengths: dict[str, int] = {}
            dense = 1.0
            for operand, letters in zip(made.operands, made.operation.data[0], strict=True):
                lengths |= {c: n for c, n in zip(letters, operand.shape, strict=True) if lengths.get(c, 1) == 1}
                if operand.constant and operand.size:
                    dense *= 4 * np.count_nonzero(operand.value) / operand.size  # found by a search, which costs, too
            found += int(math.prod(lengths.values()) * min(dense, 1.0))
    return found


def _steps(source: HostArray) -> list[int] | None:
    """``[first, step along axis 0, …]`` of an array that is such."""
    if source.size == 0:
        return [0] * (source.ndim + 1)
    first = int(source[(0,) * source.ndim])
    steps = [int(source[tuple(int(i == axis) for i in range(source.ndim))]) - first if n > 1 else 0
             for axis, n in enumerate(source.shape)]  # fmt: skip
    expected = np.full((1,) * source.ndim, first)
    for axis, (n, step) in enumerate(zip(source.shape, steps, strict=True)):
        expected = expected + (np.arange(n) * step).reshape([-1 if i == axis else 1 for i in range(source.ndim)])
    return [first, *steps] if np.array_equal(expected, source) else None
