"""Expr: a number and what it was computed from: a tree (its branches may meet) down to cells of quantities."""

from __future__ import annotations

from typing import Any

Place = tuple[str, tuple[int, ...]]
"""A quantity's name and one of its cells: ``("layers.0.weight", (3, 7))``."""


NOT_TRIED = object()
"""The pattern of a sum that nobody has asked for."""


class Expr:
    """A scalar expression with its value.

    Attributes:
        op: ``"cell"`` and ``"number"`` at the ends; ``"sum"`` and ``"product"`` of any number of operands;
            ``"choose"``: the first operand, chosen because of the others; otherwise the name of a function of the
            operands, such as ``"subtract"``, ``"exp"``, ``"max"``.
        value: in float64; of comparisons 0 and 1.
        args: the operands.
        symbol, index: of a cell what equations call its quantity, and where in it it is.
        quantity: the name of its quantity in a trace; None of a constant.
        opaque: of a function of which it is only known that it depends on these operands.
        pattern: of a sum, see :mod:`pellucid.glassbox.why.pattern`, once it was asked for.
    """

    __slots__ = ("args", "index", "op", "opaque", "pattern", "quantity", "symbol", "value")

    def __init__(
        self, op: str, value: float, args: tuple[Expr, ...] = (), symbol: str = "", index: tuple[int, ...] = (),
        quantity: str | None = None, opaque: bool = False,
    ) -> None:  # fmt: skip
        self.op = op
        self.value = value
        self.args = args
        self.symbol = symbol
        self.index = index
        self.quantity = quantity
        self.opaque = opaque
        self.pattern: Any = NOT_TRIED

    def __repr__(self) -> str:
        if self.op in ("cell", "number"):
            return f"{self.symbol}{list(self.index) if self.index else ''}={self.value!r}"
        return f"{self.op}({', '.join(map(repr, self.args[:6]))}{', …' if len(self.args) > 6 else ''})"

    @property
    def places(self) -> list[Place]:
        """The cells of quantities that it was computed from, each once, in the order in which they are met."""
        found: dict[Place, None] = {}
        seen: set[int] = set()
        pending = [self]
        while pending:
            expr = pending.pop()
            if expr.quantity is not None:
                found[expr.quantity, expr.index] = None
            elif expr.args and id(expr) not in seen:
                seen.add(id(expr))
                pending += expr.args[::-1]
        return list(found)
