"""Terms: what a number is the sum of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.writing import Writer

MOST = 100_000
"""Terms into which an expression is taken apart; a sum that would give more stays one, unless it is the first."""

SHORTER = Writer(long=60)
"""How a term is written in a table."""


class Term:
    """One of the terms that add up to a number: ``± factors / over``.

    Attributes:
        value: of the term.
        factors, over: expressions whose values are multiplied, and by which that is divided.
        sign: 1 or −1.
    """

    def __init__(self, sign: int, factors: tuple[Expr, ...], over: tuple[Expr, ...]) -> None:
        self.sign = sign
        self.factors = factors
        self.over = over
        self.value = _value(sign, factors, over)

    @property
    def is_zero(self) -> bool:
        """Whether nothing but a zero that was chosen in place of something stands here."""
        return self.value == 0 and any(factor.op == "number" and factor.value == 0 for factor in self.factors)

    @cached_property
    def label(self) -> str:
        """As symbols with their indices: ``x[12,3]·dz[12,7]``."""
        return self.written(SHORTER)

    @cached_property
    def numbers(self) -> str:
        """The same with numbers put in: ``0.25·(−0.0031)``."""
        return self.written(SHORTER.numbers())

    def written(self, writer: Writer) -> str:
        """As a text in a way of writing."""
        product = _product(self.factors)
        quotient = product if not self.over else Expr("divide", 0.0, (product, _product(self.over)))
        return writer.write(quotient if self.sign > 0 else Expr("negative", 0.0, (quotient,)))

    def __repr__(self) -> str:
        return f"Term({self.label} = {self.value!r})"


def _product(factors: tuple[Expr, ...]) -> Expr:
    if len(factors) == 1:
        return factors[0]
    return Expr("product", 0.0, factors) if factors else Expr("number", 1)


def _value(sign: int, factors: Iterable[Expr], over: Iterable[Expr]) -> float:
    value = float(sign)
    for factor in factors:
        value *= factor.value
    for divisor in over:
        value = value / divisor.value if divisor.value else _by_zero(value)
    return value


def _by_zero(value: float) -> float:
    return math.nan if value == 0 or math.isnan(value) else math.copysign(math.inf, value)


def total(terms: Iterable[Term]) -> float:
    """Their sum, rounded once; infinities and NaN as addition gives them."""
    values = [term.value for term in terms]
    return math.fsum(values) if all(map(math.isfinite, values)) else sum(values)


class _Part:
    """A term on its way: some factors are final, others may still be taken apart."""

    __slots__ = ("after", "before", "factors", "over", "sign")

    def __init__(
        self, sign: int, factors: Iterable[Expr], before: tuple[Expr, ...] = (), after: tuple[Expr, ...] = (),
        over: tuple[Expr, ...] = (),
    ) -> None:  # fmt: skip
        self.sign = sign
        self.factors = tuple(factors)
        self.before = before
        self.after = after
        self.over = over


def terms_of(expr: Expr) -> list[Term]:
    """The terms that add up to it.

    Sums, differences and signs are taken apart; what multiplies or divides a sum is put to each of its terms, unless a
    plain number is one of them: ``dy·(1 − y²)`` is one term, ``g·(a − b)`` two. A number that is no sum is one term.
    """
    finished: list[Term] = []
    pending = [_Part(1, (expr,))]
    opened = False
    while pending:
        part = _simplified(pending.pop())
        place = _additive(part)
        args = part.factors[place].args if place is not None else ()
        if place is None or (opened and len(finished) + len(pending) + len(args) > MOST):
            finished.append(_finish(part))
            continue
        opened = True
        name = part.factors[place].op
        before, after = part.before + part.factors[:place], part.factors[place + 1 :] + part.after
        for i in range(len(args) - 1, -1, -1):
            sign = -part.sign if name == "subtract" and i else part.sign
            pending.append(_Part(sign, (args[i],), before, after, part.over))
    return [term for term in finished if not term.is_zero] or finished[:1]


def _simplified(part: _Part) -> _Part:
    """Without products, quotients, signs and choices among its factors."""
    sign, over, found = part.sign, part.over, []
    pending = list(part.factors)[::-1]
    while pending:
        factor = pending.pop()
        if factor.op == "negative":
            sign = -sign
            pending.append(factor.args[0])
        elif factor.op == "choose":
            pending.append(factor.args[0])
        elif factor.op == "product":
            pending += factor.args[::-1]
        elif factor.op == "divide":
            pending.append(factor.args[0])
            over = (*over, factor.args[1])
        else:
            found.append(factor)
    return _Part(sign, found, part.before, part.after, over)


def _additive(part: _Part) -> int | None:
    """Which of its factors is taken apart: the longest sum without a plain number, or with one if it stands alone."""
    best: int | None = None
    for i, factor in enumerate(part.factors):
        if factor.op in ("sum", "subtract"):
            alone = len(part.factors) == 1 and not part.before and not part.after and not part.over
            if not alone and any(_number(arg) for arg in factor.args):
                continue
            if best is None or len(factor.args) > len(part.factors[best].args):
                best = i
    return best


def _number(expr: Expr) -> bool:
    return expr.op == "number" and expr.value != 0


def _finish(part: _Part) -> Term:
    factors = tuple(f for f in (*part.before, *part.factors, *part.after) if f.op != "number" or f.value != 1)
    return Term(part.sign, factors, part.over)


def largest(terms: list[Term]) -> list[Term]:
    """Sorted by size, the largest first; what is not a number comes before."""
    return sorted(terms, key=_size)


def _size(term: Term) -> Any:
    return -math.inf if math.isnan(term.value) else -abs(term.value)
