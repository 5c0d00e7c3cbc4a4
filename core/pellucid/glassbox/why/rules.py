"""How cells follow from cells, operation by operation. A rule says which cells of the operands are needed and builds
the expressions of the wanted cells of them."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.traced import Traced
from pellucid.glassbox.why.traced_equations import sources

Request = tuple[Traced, HostArray, bool]
"""An operand, which of its cells (flat), and whether they are those of the equation's result itself, only moved."""
Plan = tuple[list[Request], Callable[..., list[Expr]]]
"""What is needed, and the function from it, a list of expressions for each request, to the wanted ones."""
Rule = Callable[[Traced, HostArray, bool], Plan]
ZERO = Expr("number", 0)
RULED = ("sum", "product", "choose", "divide", "negative", "subtract", "power", "square")
"""Operations that mean something where terms are found and written: a call without a rule is called otherwise."""


def values_of(made: Traced, places: HostArray) -> list[Any]:
    """The values of these cells as Python numbers."""
    return made.value.flat[places].tolist()


def broadcast_places(operand: Traced, shape: tuple[int, ...], places: HostArray) -> HostArray:
    """Where in an operand the cells of a broadcast shape come from."""
    if operand.shape == shape:
        return places
    if operand.size == 1:
        return np.zeros_like(places)
    index = np.unravel_index(places, shape)[len(shape) - operand.ndim :]
    own = [np.zeros_like(i) if n == 1 else i for i, n in zip(index, operand.shape, strict=True)]
    return np.ravel_multi_index(own, operand.shape)


def elementwise(made: Traced, places: HostArray, first: bool) -> Plan:
    """f(a, b): of the cells at the same place."""
    assert made.operation is not None
    name, values = made.operation.name, values_of(made, places)
    requests = [(o, broadcast_places(o, made.shape, places), False) for o in made.operands]

    def build(*operands: list[Expr]) -> list[Expr]:
        return [apply(name, value, args) for value, args in zip(values, zip(*operands, strict=True), strict=True)]

    return requests, build


def apply(name: str, value: Any, args: tuple[Expr, ...]) -> Expr:
    """A function of expressions. ``1 · a`` is ``a``, ``0 · a`` is 0, and ``a + 0`` is ``a``, of constants 0 and 1."""
    if name in ("multiply", "product"):
        if value == 0 and any(_is(a, 0) for a in args):
            return ZERO
        kept = tuple(part for a in args if not _is(a, 1) for part in (a.args if a.op == "product" else (a,)))
        return kept[0] if len(kept) == 1 else Expr("product", value, kept or args[:1])
    if name == "divide" and _is(args[1], 1):
        return args[0]
    if name in ("add", "subtract"):
        if _is(args[1], 0):
            return args[0]
        if _is(args[0], 0):
            return args[1] if name == "add" else Expr("negative", value, args[1:])
    if name == "positive" or (name == "power" and _is(args[1], 1)):
        return args[0]
    return Expr("sum" if name == "add" else name, value, args)


def _is(expr: Expr, number: int) -> bool:
    """Whether it is this number and no quantity. An argument that is 0, such as ``weight_decay``, is none of its."""
    if expr.op == "number":
        return expr.value == number
    return number == 0 and expr.op == "cell" and expr.quantity is None and expr.value == 0


def total(value: Any, args: list[Expr]) -> Expr:
    """A sum of expressions, without constant zeros."""
    kept = tuple(a for a in args if not (a.op == "number" and a.value == 0))
    if len(kept) == 1:
        return kept[0]
    return Expr("sum", value, kept) if kept else Expr("number", value)


def move(made: Traced, places: HostArray, first: bool) -> Plan:
    """The cell that was put here."""
    assert made.operation is not None
    if made.operation.data is None:
        return [(made.operands[0], places, first)], _same
    source = sources(made).flat[places]
    requests, parts, start = [], [], 1
    for operand in made.operands:
        mine = np.flatnonzero((source >= start) & (source < start + operand.size))
        if mine.size:
            requests.append((operand, source[mine] - start, first))
            parts.append(mine.tolist())
        start += operand.size

    def build(*operands: list[Expr]) -> list[Expr]:
        found = [ZERO] * len(places)
        for where, expressions in zip(parts, operands, strict=True):
            for i, expr in zip(where, expressions, strict=True):
                found[i] = expr
        return found

    return requests, build


def _same(cells: list[Expr]) -> list[Expr]:
    return cells


def pick(made: Traced, places: HostArray, first: bool) -> Plan:
    """A cell of x that cells of the index have chosen."""
    assert made.operation is not None
    function, chosen_by = made.operation.data
    x, *conditions = made.operands
    source = function(np.arange(x.size).reshape(x.shape)).ravel()[places]
    requests = [(x, source, False)]
    for condition, by in zip(conditions, chosen_by, strict=True):
        requests.append((condition, np.arange(condition.size) if by is None else by[places], False))
    values = values_of(made, places)

    def build(cells: list[Expr], *reasons: list[Expr]) -> list[Expr]:
        found = []
        for i, expr in enumerate(cells):
            because: tuple[Expr, ...] = ()
            for by, each in zip(chosen_by, reasons, strict=True):
                because += tuple(each) if by is None else (each[i],)
            found.append(Expr("choose", values[i], (expr, *because)))
        return found

    return requests, build


def choose(made: Traced, places: HostArray, first: bool) -> Plan:
    """A cell of one of two, which the condition's cell has chosen; a constant condition needs no mention."""
    condition, *both = made.operands
    if len(both) == 1:  # `a if c else b`: the other one was never computed
        both = both * 2
    asked = broadcast_places(condition, made.shape, places)
    yes = condition.value.flat[asked].astype(bool)
    groups = [np.flatnonzero(yes), np.flatnonzero(~yes)]
    requests = [] if condition.constant else [(condition, asked, False)]
    for operand, group in zip(both, groups, strict=True):
        requests.append((operand, broadcast_places(operand, made.shape, places[group]), False))
    values = values_of(made, places)

    def build(*operands: list[Expr]) -> list[Expr]:
        *reason, first_cells, second_cells = operands
        found: list[Expr] = [ZERO] * len(places)
        for group, cells in zip(groups, (first_cells, second_cells), strict=True):
            for i, expr in zip(group.tolist(), cells, strict=True):
                found[i] = expr
        if not reason:
            return found
        return [Expr("choose", v, (e, why)) for v, e, why in zip(values, found, reason[0], strict=True)]

    return requests, build


def reduction(made: Traced, places: HostArray, first: bool) -> Plan:
    """A function of all cells along some axes."""
    assert made.operation is not None
    name, axes = made.operation.name, made.operation.data
    (x,) = made.operands
    kept = [i for i in range(x.ndim) if i not in axes]
    length = prod(x.shape[i] for i in axes)
    strides = [prod(x.shape[i + 1 :]) for i in range(x.ndim)]
    starts = _places_along(x.shape, kept, strides, places)
    rows = starts[:, None] + _places_along(x.shape, axes, strides, np.arange(length))
    values = values_of(made, places)

    def build(cells: list[Expr]) -> list[Expr]:
        parts = [cells[i : i + length] for i in range(0, len(cells), length)] if length else [[]] * len(places)
        if name == "sum":
            return [total(value, part) for value, part in zip(values, parts, strict=True)]
        return [
            apply("product", value, tuple(part)) if name == "prod" and part else Expr(name, value, tuple(part))
            for value, part in zip(values, parts, strict=True)
        ]

    return [(x, rows.ravel(), False)], build


def _places_along(shape: tuple[int, ...], axes: Any, strides: list[int], numbers: HostArray) -> HostArray:
    """Where in an array of that shape the cells of these numbers are, counted along some axes, from its beginning."""
    found = np.zeros_like(numbers)
    if axes and numbers.size:
        index = np.unravel_index(numbers, [shape[i] for i in axes])
        for i, along in zip(axes, index, strict=True):
            found = found + along * strides[i]
    return found


def scatter(made: Traced, places: HostArray, first: bool) -> Plan:
    """What was there, and the sum of what was added there."""
    assert made.operation is not None
    old, new = made.operands
    added = [np.flatnonzero(made.operation.data == place) for place in places]
    ends = np.cumsum([len(group) for group in added]).tolist()
    values = values_of(made, places)

    def build(before: list[Expr], cells: list[Expr]) -> list[Expr]:
        parts = [cells[end - len(group) : end] for end, group in zip(ends, added, strict=True)]
        return [total(v, [b, *part]) for v, b, part in zip(values, before, parts, strict=True)]

    return [(old, places, False), (new, np.concatenate(added) if added else np.zeros(0, int), False)], build


def opaque(made: Traced, places: HostArray, first: bool) -> Plan:
    """A function without a rule: it may depend on every cell of every operand."""
    assert made.operation is not None
    values = values_of(made, places)
    name = f"np.{made.operation.name}" if made.operation.name in RULED else made.operation.name

    def build(*operands: list[Expr]) -> list[Expr]:
        args = tuple(expr for cells in operands for expr in cells)
        return [Expr(name, value, args, opaque=True) for value in values]

    return [(o, np.arange(o.size), False) for o in made.operands], build


def contraction(made: Traced, places: HostArray, first: bool) -> Plan:
    """The sum over the letters that the output has not, of products of cells; see :func:`products`."""
    assert made.operation is not None
    inputs, output = made.operation.data
    index = np.unravel_index(places, made.shape) if made.ndim else ()
    lengths: dict[str, int] = {}
    for operand, letters in zip(made.operands, inputs, strict=True):
        for letter, n in zip(letters, operand.shape, strict=True):
            lengths[letter] = n if lengths.get(letter, 1) == 1 else lengths[letter]
    tables = [products(made.operands, inputs, lengths, {c: int(axis[k]) for c, axis in zip(output, index, strict=True)})
              for k in range(len(places))]  # fmt: skip
    ends = np.cumsum([table[0].size for table in tables]).tolist()
    requests = [(o, np.concatenate([table[i] for table in tables]), False) for i, o in enumerate(made.operands)]
    factors = [o.value.flat[cells].astype(np.float64) for o, cells, _ in requests]
    with np.errstate(all="ignore"):
        multiplied: list[float] = prod(factors[1:], start=factors[0]).tolist()
    values = values_of(made, places)
    varying = [i for i, o in enumerate(made.operands) if not (o.constant and o.ndim and np.isin(o.value, (0, 1)).all())]

    def build(*operands: list[Expr]) -> list[Expr]:
        shown = [operands[i] for i in varying or range(len(operands))]
        if len(shown) == 1:
            each = shown[0]
        elif len(shown) == 2:
            each = [_product(v, a, b) for v, a, b in zip(multiplied, *shown, strict=True)]
        else:
            each = [apply("product", v, args) for v, args in zip(multiplied, zip(*shown, strict=True), strict=True)]
        starts = [0, *ends[:-1]]
        return [total(v, each[start:end]) for v, start, end in zip(values, starts, ends, strict=True)]

    return requests, build


def _product(value: float, a: Expr, b: Expr) -> Expr:
    if a.op != "number" and b.op != "number":
        return Expr("product", value, (a, b))
    return apply("product", value, (a, b))


def products(
    operands: tuple[Traced, ...], inputs: tuple[str, ...], lengths: dict[str, int], fixed: dict[str, int]
) -> list[HostArray]:
    """Which cells of the operands (flat) are multiplied with each other for one cell of the output.

    Products with a constant zero are left out, and not even looked at: of a constant operand, such as the matrices that
    say which pixel lies under which weight, only the cells that are not zero are walked through.
    """
    table: dict[str, HostArray] = {c: np.array([i]) for c, i in fixed.items()}
    rows = 1
    for operand, letters in zip(operands, inputs, strict=True):
        if operand.constant and operand.ndim:
            coordinates: dict[str, HostArray] = {}
            keep = np.ones(np.count_nonzero(operand.value), bool)
            for letter, axis, n in zip(letters, np.nonzero(operand.value), operand.shape, strict=True):
                if n == 1 < lengths[letter]:
                    continue  # broadcast: any index fits
                if letter in fixed:
                    keep &= axis == fixed[letter]
                elif letter in coordinates:
                    keep &= axis == coordinates[letter]
                else:
                    coordinates[letter] = axis
            found = {c: axis[keep] for c, axis in coordinates.items()}
            count = int(keep.sum())
            left, right = np.repeat(np.arange(rows), count), np.tile(np.arange(count), rows)
            fits = np.ones(rows * count, bool)
            for letter in found.keys() & table.keys():
                fits &= table[letter][left] == found[letter][right]
            left, right = left[fits], right[fits]
            table = {c: np.broadcast_to(i, rows)[left] for c, i in table.items()}
            table |= {c: i[right] for c, i in found.items()}
            rows = len(left)
    for letter in dict.fromkeys("".join(inputs)):
        if letter not in table:
            n = lengths[letter]
            table = {c: np.repeat(np.broadcast_to(i, rows), n) for c, i in table.items()}
            table[letter] = np.tile(np.arange(n), rows)
            rows *= n
    found_cells = []
    for operand, letters in zip(operands, inputs, strict=True):
        index = [np.zeros(rows, int) if n == 1 else np.broadcast_to(table[c], rows)
                 for c, n in zip(letters, operand.shape, strict=True)]  # fmt: skip
        found_cells.append(np.ravel_multi_index(index, operand.shape) if index else np.zeros(rows, int))
    return found_cells


RULES: dict[str, Rule] = {
    "elementwise": elementwise, "move": move, "pick": pick, "choose": choose, "reduction": reduction,
    "scatter": scatter, "opaque": opaque, "contraction": contraction,
}  # fmt: skip
