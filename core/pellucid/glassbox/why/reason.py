"""Why: the answer to "why is this number what it is?", as a worked example: equation, numbers put in, result."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pellucid.basics.component import Equation
from pellucid.glassbox.why.cells import cell as expression_of
from pellucid.glassbox.why.expr import Expr, Place
from pellucid.glassbox.why.pattern import Pattern, pattern_of
from pellucid.glassbox.why.terms import Term, largest, terms_of, total
from pellucid.glassbox.why.traced import Traced
from pellucid.glassbox.why.writing import LATEX, SHORT, TEXT, Writer

WIDTH = 100
"""Columns of the text of a Why."""
ROUNDING = 2e-5
"""How far equations and recorded numbers may be apart; a certificate allows as much."""
SHOWN = 5
"""Terms, and parents, that the text of a Why names."""


@dataclass(frozen=True)
class Why:
    """Why a cell of a quantity is what it is.

    Attributes:
        name, cell: of the quantity and where in it: ``"layers.0.weight.grad"``, ``(3, 7)``.
        value: the number that was recorded.
        equation: what the component says of it; None where there is none.
        expr: the right-hand side for this cell; None where derivatives were measured.
        symbol: what the equation calls it: ``"dW"``.
        terms: what it is the sum of: each has ``label``, ``value``, ``numbers``, ``factors``.
        parents: names and cells that it was computed from, each once.
        measured: whether the terms are derivatives that were measured: of what there is no expression.
        note: said below the example, such as why there is no expression.
        adds: whether the terms add up to the number; not where they are mere slopes: how it would change.
    """

    name: str
    cell: tuple[int, ...]
    value: float
    equation: Equation | None
    expr: Expr | None
    symbol: str
    terms: list[Term] = field(repr=False)
    parents: list[Place] = field(repr=False)
    measured: bool = False
    note: str = ""
    adds: bool = True

    @cached_property
    def total(self) -> float:
        """The sum of the terms; NaN where they do not add up to the number."""
        return total(self.terms) if self.adds else math.nan

    @property
    def agrees(self) -> bool:
        """Whether the sum is the recorded number, but for rounding; True of slopes, which add up to nothing."""
        size = max(1.0, abs(self.value), math.fsum(abs(term.value) for term in self.terms if math.isfinite(term.value)))
        finite = math.isfinite(self.total) and math.isfinite(self.value)
        return not self.adds or not finite or abs(self.total - self.value) <= ROUNDING * size

    def sorted(self) -> list[Term]:
        """The terms by size, the largest first."""
        return largest(self.terms)

    @property
    def scalar(self) -> str:
        """The equation for this cell: ``dW[3,7] = Σₖ x[k,3]·dz[k,7]``."""
        return f"{TEXT.cell(self.symbol, self.cell)} = {self._right(TEXT)}{self._ranges(TEXT)}"

    @property
    def numbers(self) -> str:
        """The same with numbers put in, of many terms the largest, in the order of their size."""
        return self._with_numbers(TEXT)

    @property
    def latex(self) -> str:
        """The worked example for a page, to stand between ``$$``: equation, this cell, numbers, result."""
        left = LATEX.cell(self.symbol, self.cell)
        lines = [rf"&{self.equation.latex}"] if self.equation is not None else []
        lines += [
            rf"{left} &= {self._right(LATEX)}{self._ranges(LATEX)}", f"&= {self._with_numbers(LATEX)}",
            f"&= {LATEX.number(self.total)}",
        ]  # fmt: skip
        return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"

    def __str__(self) -> str:
        left = TEXT.cell(self.symbol, self.cell)
        pad = " " * len(left)
        lines = [f"{TEXT.cell(self.name, self.cell)} = {_exact(self.value)}"]
        if not self.adds:
            return "\n".join([*lines, *self._slopes(), f"  {self.note}"])
        if self._is_given:
            return "\n".join([*lines, f"  {self.note}"])
        if self.equation is not None and self.equation.python is not None:
            lines += _wrapped(f"  {self.equation.of} = ", self.equation.python)
        lines += _wrapped(f"  {left} = ", self.scalar.removeprefix(f"{left} = "))
        if self.expr is None or self.expr.op not in ("cell", "number"):
            lines += _wrapped(f"  {pad} = ", self.numbers)
        lines.append(f"  {pad} = {_exact(self.total)}")
        if not self.agrees:
            lines.append("  This is not what was recorded: equation and code differ further than rounding explains.")
        if len(self.terms) > SHORT:
            lines += self._largest()
        for reason in self._reasons():
            lines += _wrapped("  because ", reason)
        if self.parents:
            named = ", ".join(TEXT.cell(*place) for place in self.parents[:SHOWN])
            rest = len(self.parents) - SHOWN
            lines += _wrapped("  from ", named + (f" and {rest:,} more" if rest > 0 else ""))
        return "\n".join([*lines, *([f"  {self.note}"] if self.note else [])])

    @property
    def _is_given(self) -> bool:
        """Whether it is explained by itself alone: there is nothing to be put in."""
        expr = self.expr
        itself = expr is not None and expr.op == "cell" and (expr.symbol, expr.index) == (self.symbol, self.cell)
        return itself and self.equation is None and bool(self.note) and not self.parents

    def _slopes(self) -> list[str]:
        found = self.sorted()
        shown = [f"    {term.label} = {TEXT.number(term.value)}" for term in found[: 2 * SHOWN]]
        more = [f"    … and {len(found) - len(shown):,} smaller ones"] if len(found) > len(shown) else []
        return ["  how it would change, the steepest slopes:", *shown, *more]

    def _largest(self) -> list[str]:
        found = self.sorted()
        width = max(len(term.label) for term in found[:SHOWN])
        lines = ["  the largest terms:"]
        for term in found[:SHOWN]:
            value = TEXT.number(term.value)
            numbers = "" if term.numbers == value else f" = {term.numbers}"
            line = f"    {term.label:{width}} = {value}"
            lines.append(line + numbers if len(line + numbers) <= WIDTH else line)
        if len(found) > SHOWN:
            lines.append(f"    … and {len(found) - SHOWN:,} more, together {TEXT.number(total(found[SHOWN:]))}")
        return lines

    def _reasons(self) -> list[str]:
        """What has chosen the expression among others, a few of it."""
        expr, found = self.expr, []
        while expr is not None and expr.op == "choose":
            found += [reason for reason in expr.args[1:] if reason.op != "number"]
            expr = expr.args[0]
        shown = [f"{TEXT.write(reason)} = {TEXT.number(reason.value)}" for reason in found[:SHORT]]
        return shown + ([f"… and {len(found) - SHORT:,} more"] if len(found) > SHORT else [])

    def _pattern(self) -> Pattern | None:
        """Of a right-hand side that is a long sum, with or without something beside it."""
        if self.expr is None:
            return None
        sums = [part for part in (self.expr, *self.expr.args) if part.op == "sum" and len(part.args) > SHORT]
        found = [pattern_of(part) for part in sums]
        return found[0] if len(found) == 1 else None

    def _right(self, writer: Writer) -> str:
        if self.expr is not None:
            return writer.write(self.expr)
        return _joined([term.written(writer) for term in self.terms[:SHORT]], len(self.terms) > SHORT, writer)

    def _ranges(self, writer: Writer) -> str:
        found = self._pattern()
        if found is None:
            return ""
        dots = r"\dots" if writer.latex else "…"
        words = [f"{c} = {r.start} {dots} {r.stop - 1}" for c, r in zip(found.letters, found.ranges, strict=True)]
        return (r",\quad " if writer.latex else ",  ") + ", ".join(words)

    def _with_numbers(self, writer: Writer) -> str:
        writer = writer.numbers()
        if self.expr is not None and (len(self.terms) == 1 or not _has_long_sum(self.expr)):
            return writer.write(self.expr)
        if len(self.terms) <= SHORT:
            return _joined([term.written(writer) for term in self.terms], False, writer)
        found = self.sorted()
        rest = len(found) - SHORT + 1
        shown = _joined([term.written(writer) for term in found[: SHORT - 1]], False, writer)
        together = writer.number(total(found[SHORT - 1 :]))
        if writer.latex:
            return shown + rf" + \underbrace{{\dots}}_{{{rest}\text{{ more, together }}{together}}}"
        return f"{shown} + … and {rest:,} more, together {together}"


def _has_long_sum(expr: Expr) -> bool:
    """Whether a sum that is taken apart is too long to be written out."""
    pending, looked_at = [expr], 0
    while pending and looked_at < 50:
        expr, looked_at = pending.pop(), looked_at + 1
        if expr.op == "sum" and len(expr.args) > SHORT:
            return True
        if expr.op in ("sum", "subtract", "product", "divide", "negative", "choose"):
            pending += expr.args
    return bool(pending)


def _exact(value: float) -> str:
    """A number with nine digits: what float32 tells apart."""
    return f"{value + 0.0:.9g}".replace("-", "−")  # −0 + 0 is 0


def _wrapped(first: str, text: str) -> list[str]:
    """Lines that fit a terminal, the further ones below the beginning of the text."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=" " * min(len(first), 30), break_long_words=False,
        break_on_hyphens=False,
    ) or [first]  # fmt: skip


def _joined(parts: Sequence[str], more: bool, writer: Writer) -> str:
    """Terms with their signs between them."""
    text = parts[0] if parts else "0"
    for part in parts[1:]:
        if part.startswith(("−", "-")):
            text += f" {part[0]} {part[1:]}"
        else:
            text += f" + {part}"
    return text + ((r" + \dots" if writer.latex else " + …") if more else "")


def explain(
    name: str, cell: tuple[int, ...], value: float, equation: Equation | None, traced: Traced, *,
    symbol: str | None = None, note: str = "",
) -> Why:  # fmt: skip
    """Why a cell is what it is, by the equation that made its quantity.

    Args:
        name, cell: of the quantity, and where in it.
        value: the number that was recorded there.
        equation: see :class:`Why`.
        traced: what the right-hand side of the equation was evaluated to, see
            :class:`~pellucid.glassbox.why.traced_equations.TracedEquations`.
        symbol: what to call the quantity on the left, by default as the equation does.

    Raises:
        DataError: there is no such cell.
    """
    expr = expression_of(traced, cell)
    cell = tuple(int(i) % n for i, n in zip(cell, traced.shape, strict=True))
    left = symbol or (equation.of if equation is not None else name)
    return Why(name, cell, float(value), equation, expr, left, terms_of(expr), expr.places, note=note)
