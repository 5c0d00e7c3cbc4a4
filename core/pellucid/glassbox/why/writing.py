"""Writer: scalar expressions as text or LaTeX, in symbols or with numbers put in; long sums by their pattern."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.pattern import Pattern, pattern_of

SHORT = 4
"""Sums of up to so many terms are written out."""
DEPTHS = (9, 6, 5, 4, 3, 2)
"""Levels of an expression that are written, as many as its length allows; below stands its value, or …."""
LONG = 400
"""Letters of an expression that are written."""

NOTHING = frozenset("…·/ +−()²")
"""Signs between what is left out."""

SUM, PRODUCT, POWER, ATOM = range(4)
"""How tightly an operation binds."""
COMPARISONS = {
    "equal": "=", "not_equal": "≠", "less": "<", "less_equal": "≤", "greater": ">", "greater_equal": "≥",
    "logical_and": "and", "logical_or": "or", "bitwise_and": "and", "bitwise_or": "or",
}  # fmt: skip
IN_LATEX = {"≠": r"\ne", "≤": r"\le", "≥": r"\ge", "and": r"\wedge", "or": r"\vee"}
NAMES = {
    "maximum": "max", "minimum": "min", "absolute": "abs", "arctan": "arctan", "remainder": "mod", "invert": "not",
    "logical_not": "not",
}  # fmt: skip
EXTREMES = {"max": -math.inf, "min": math.inf}
"""What neither of them ever chooses."""
WINDOW = 9
"""Numbers out of which the largest is chosen that are written out."""
LATEX_NAMES = ("exp", "log", "max", "min", "tanh", "sin", "cos", "tan", "sinh", "cosh", "arctan", "arcsin", "arccos")
GREEK = frozenset(
    (
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "eta",
        "theta",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "chi",
        "psi",
        "omega",
        "Phi",
        "Sigma",
    )
)


@dataclass(frozen=True)
class Writer:
    """A way of writing expressions.

    Args:
        latex: for a page instead of a terminal.
        with_numbers: the numbers in place of the symbols.
        long: letters that an expression may have before its inner levels are left out.
        deep: levels that are written.
    """

    latex: bool = False
    with_numbers: bool = False
    long: int = LONG
    deep: int = DEPTHS[0]

    def numbers(self) -> Writer:
        """The same with numbers put in."""
        return replace(self, with_numbers=True)

    def write(self, expr: Expr) -> str:
        """The expression, without brackets around it."""
        for deep in DEPTHS:
            text = replace(self, deep=deep)._write(expr, SUM, 0)
            if len(text) <= self.long:
                return text
        return text

    def number(self, value: float) -> str:
        """Four digits: ``0.1234``, ``1.23e−05``."""
        return (latex_number if self.latex else text_number)(value)

    def cell(self, symbol: str, index: tuple[Any, ...]) -> str:
        """``W[3,7]``, ``W_{3,7}``."""
        inside = ",".join(map(str, index))
        if not self.latex:
            return f"{symbol}[{inside}]" if index else symbol
        return latex_symbol(symbol) + (f"_{{{inside}}}" if index else "")

    def _cut(self, expr: Expr) -> str:
        return self.number(expr.value) if self.with_numbers else (r"\dots" if self.latex else "…")

    def _write(self, expr: Expr, around: int, depth: int, pattern: Pattern | None = None) -> str:
        known = depth <= self.deep or not expr.args
        text, binds = self._parts(expr, depth, pattern) if known else (self._cut(expr), ATOM)
        if depth and not self.latex and not set(text) - NOTHING:
            text, binds = "…", ATOM  # of it nothing is left
        if text.startswith(("-", MINUS)) and around > PRODUCT:
            binds = SUM
        return text if binds >= around else (rf"\left({text}\right)" if self.latex else f"({text})")

    def _parts(self, expr: Expr, depth: int, pattern: Pattern | None) -> tuple[str, int]:
        """The text, and how tightly it binds."""
        op, args, minus = expr.op, expr.args, "-" if self.latex else MINUS
        if op == "number" or (op == "cell" and self.with_numbers):
            return self.number(expr.value), ATOM
        if op == "cell":
            index: tuple[Any, ...] = expr.index if pattern is None else pattern.index(expr)
            return self.cell(expr.symbol, index), ATOM
        if op == "choose":
            return self._parts(args[0], depth, pattern)
        if op == "sum" and all(arg.op == "number" for arg in args):  # how many there are, say
            return self.number(expr.value), ATOM
        if op == "sum":
            long = self.with_numbers and depth and len(args) > SHORT
            return (self.number(expr.value), ATOM) if long else (self._sum(expr, depth, pattern), SUM)

        def one(i: int, around: int) -> str:
            return self._write(args[i], around, depth + 1, pattern)

        if op == "subtract":
            return f"{one(0, SUM)} {minus} {self._after_sign(one(1, PRODUCT))}", SUM
        if op == "negative":
            return f"{minus}{self._after_sign(one(0, PRODUCT))}", PRODUCT
        if op == "product":
            if len(args) > SHORT * 2:
                return self._function(expr, depth, pattern), ATOM
            times = r" \cdot " if self.latex else "·"
            return times.join(one(i, POWER if i else PRODUCT) for i in range(len(args))), PRODUCT
        if op == "divide":
            if self.latex:
                return rf"\frac{{{one(0, SUM)}}}{{{one(1, SUM)}}}", ATOM
            return f"{one(0, PRODUCT)}/{one(1, POWER)}", PRODUCT
        if op in ("power", "square"):
            exponent = "2" if op == "square" else one(1, SUM if self.latex else ATOM)
            if exponent == "2" and not self.latex:
                return f"{one(0, ATOM)}²", POWER
            return (f"{{{one(0, ATOM)}}}^{{{exponent}}}" if self.latex else f"{one(0, ATOM)}^{exponent}"), POWER
        if op in COMPARISONS and len(args) == 2:
            sign = COMPARISONS[op]
            sign = IN_LATEX.get(sign, sign) if self.latex else sign
            return f"[{one(0, SUM)} {sign} {one(1, SUM)}]", ATOM
        if op == "sqrt" and self.latex:
            return rf"\sqrt{{{one(0, SUM)}}}", ATOM
        return self._function(expr, depth, pattern), ATOM

    def _after_sign(self, text: str) -> str:
        """In brackets where it begins with a sign of its own."""
        if not text.startswith(("-", MINUS)):
            return text
        return rf"\left({text}\right)" if self.latex else f"({text})"

    def _function(self, expr: Expr, depth: int, pattern: Pattern | None) -> str:
        name = NAMES.get(expr.op, expr.op)
        if name.startswith("astype"):
            return self._write(expr.args[0], ATOM, depth + 1, pattern)
        args, most = expr.args, 2 if expr.opaque else SHORT
        if expr.op in EXTREMES:  # of a window: what lies outside of the image is the largest of nothing
            args, most = tuple(arg for arg in args if not _is_nothing(arg, EXTREMES[expr.op])) or args, WINDOW
        shown = [self._write(arg, SUM, depth + 1, pattern) for arg in args[:most]]
        if len(args) > len(shown):
            shown.append(r"\dots" if self.latex else "…")
        inside = ", ".join(shown)
        if not self.latex:
            return f"{name}({inside})"
        word = "\\" + name if name in LATEX_NAMES else rf"\operatorname{{{name.replace('_', ' ')}}}"
        return rf"{word}\left({inside}\right)"

    def _sum(self, expr: Expr, depth: int, pattern: Pattern | None) -> str:
        args = expr.args
        if len(args) > SHORT:
            found = None if self.with_numbers or pattern is not None else pattern_of(expr)
            if found is not None:
                return self._pattern(found, depth)
            if pattern is not None:  # the sum stands within another one's pattern
                return r"\sum \dots" if self.latex else "Σ…"
            ends = [self._write(args[i], SUM, depth + 1) for i in (0, 1, -1)]
            return " + ".join((*ends[:2], r"\dots" if self.latex else "…", ends[2]))
        text = self._write(args[0], SUM, depth + 1, pattern)
        for arg in args[1:]:
            part = self._write(arg, SUM, depth + 1, pattern)
            text += f" {part[0]} {part[1:]}" if part.startswith(("-", MINUS)) else f" + {part}"
        return text

    def _pattern(self, found: Pattern, depth: int) -> str:
        body = self._write(found.example, PRODUCT, depth + 1, found)
        letters = ",".join(found.letters)
        return rf"\sum_{{{letters}}} {body}" if self.latex else f"{'Σ' + ''.join(map(subscript, found.letters))} {body}"


def _is_nothing(expr: Expr, value: float) -> bool:
    while expr.op == "choose":
        expr = expr.args[0]
    return expr.op == "number" and expr.value == value


MINUS = "−"


def subscript(letter: str) -> str:
    """A letter as an index: ``ₖ``."""
    return dict(zip("kijlmnt", "ₖᵢⱼₗₘₙₜ", strict=True)).get(letter, f"_{letter}")


def text_number(value: float) -> str:
    """A number for a terminal, with four digits."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e6):
        return str(int(value)).replace("-", MINUS)
    return f"{value:.4g}".replace("-", MINUS).replace("inf", "∞")


def latex_number(value: float) -> str:
    """A number for a page."""
    text = text_number(value).replace(MINUS, "-")
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return text.replace("∞", r"\infty").replace("nan", r"\mathrm{NaN}")


def latex_symbol(symbol: str) -> str:
    """A name of the equations as a page shows it: ``dW``, ``\\gamma``, ``\\mathit{eps}``."""
    head = symbol[1:] if symbol.startswith("d") and symbol[1:] in GREEK else symbol
    if head in GREEK:
        return ("d" if head != symbol else "") + f"\\{head}"
    if len(symbol) == 1 or (len(symbol) == 2 and symbol[0] == "d"):
        return symbol
    return rf"\mathit{{{symbol}}}".replace("_", r"\_")


TEXT = Writer()
LATEX = Writer(latex=True)
