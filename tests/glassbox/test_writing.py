"""How expressions are written: operators with the brackets that they need, numbers, names, and what is left out."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.writing import (
    COMPARISONS,
    LATEX,
    TEXT,
    Writer,
    latex_number,
    latex_symbol,
    subscript,
    text_number,
)


def cell(symbol: str, *index: int, value: float = 2.0) -> Expr:
    return Expr("cell", value, (), symbol, index, symbol)


def number(value: float) -> Expr:
    return Expr("number", value)


def of(op: str, *args: Expr, value: float = 7.0, opaque: bool = False) -> Expr:
    return Expr(op, value, args, opaque=opaque)


A, B, C, D, E = map(cell, "abcde")
SUM, LESS, MINUS, TIMES, OVER = (
    of("sum", A, B),
    of("subtract", A, B),
    of("negative", A),
    of("product", A, B),
    of("divide", A, B),
)
LETTERS = [cell(letter) for letter in "abcdefghijklmn"]


@pytest.mark.parametrize(
    ("expr", "text", "latex"),
    [
        (cell("W", 3, 7), "W[3,7]", "W_{3,7}"),
        (cell("gamma", 1), "gamma[1]", r"\gamma_{1}"),
        (A, "a", "a"),
        (number(-2.5), "−2.5", "-2.5"),
        (SUM, "a + b", "a + b"),
        (of("sum", A, MINUS, B), "a − a + b", "a - a + b"),
        (of("sum", number(1.0), number(1.0), value=2.0), "2", "2"),
        (of("sum", A, B, C, D), "a + b + c + d", "a + b + c + d"),
        (of("sum", A, of("exp", B), C, D, E), "a + exp(b) + … + e", r"a + \exp\left(b\right) + \dots + e"),
        (of("subtract", A, SUM), "a − (a + b)", r"a - \left(a + b\right)"),
        (of("subtract", A, LESS), "a − (a − b)", r"a - \left(a - b\right)"),
        (of("subtract", LESS, C), "a − b − c", "a - b - c"),
        (of("subtract", A, MINUS), "a − (−a)", r"a - \left(-a\right)"),
        (of("subtract", A, TIMES), "a − a·b", r"a - a \cdot b"),
        (of("negative", SUM), "−(a + b)", r"-\left(a + b\right)"),
        (of("negative", MINUS), "−(−a)", r"-\left(-a\right)"),
        (of("negative", TIMES), "−a·b", r"-a \cdot b"),
        (of("negative", number(-3.0)), "−(−3)", r"-\left(-3\right)"),
        (of("product", SUM, C), "(a + b)·c", r"\left(a + b\right) \cdot c"),
        (of("product", C, SUM), "c·(a + b)", r"c \cdot \left(a + b\right)"),
        (of("product", MINUS, B), "−a·b", r"-a \cdot b"),
        (of("product", B, MINUS), "b·(−a)", r"b \cdot \left(-a\right)"),
        (of("product", OVER, C), "a/b·c", r"\frac{a}{b} \cdot c"),
        (of("product", C, OVER), "c·(a/b)", r"c \cdot \frac{a}{b}"),
        (of("product", C, of("square", A)), "c·a²", r"c \cdot {a}^{2}"),
        (of("product", *LETTERS[:8]), "a·b·c·d·e·f·g·h", r" \cdot ".join("abcdefgh")),
        (of("product", *LETTERS[:9]), "product(a, b, c, d, …)",
         r"\operatorname{product}\left(a, b, c, d, \dots\right)"),
        (of("divide", SUM, TIMES), "(a + b)/(a·b)", r"\frac{a + b}{a \cdot b}"),
        (of("divide", TIMES, C), "a·b/c", r"\frac{a \cdot b}{c}"),
        (of("divide", A, OVER), "a/(a/b)", r"\frac{a}{\frac{a}{b}}"),
        (of("divide", A, of("square", B)), "a/b²", r"\frac{a}{{b}^{2}}"),
        (of("square", A), "a²", "{a}^{2}"),
        (of("square", SUM), "(a + b)²", r"{\left(a + b\right)}^{2}"),
        (of("square", of("square", A)), "(a²)²", r"{\left({a}^{2}\right)}^{2}"),
        (of("power", A, number(2)), "a²", "{a}^{2}"),
        (of("power", A, number(3)), "a^3", "{a}^{3}"),
        (of("power", A, number(-1)), "a^(−1)", "{a}^{-1}"),
        (of("power", A, SUM), "a^(a + b)", "{a}^{a + b}"),
        (of("power", of("square", A), B), "(a²)^b", r"{\left({a}^{2}\right)}^{b}"),
        (of("choose", OVER, C, D), "a/b", r"\frac{a}{b}"),
        (of("product", C, of("choose", SUM, D)), "c·(a + b)", r"c \cdot \left(a + b\right)"),
        (of("sqrt", SUM), "sqrt(a + b)", r"\sqrt{a + b}"),
        (of("exp", SUM), "exp(a + b)", r"\exp\left(a + b\right)"),
        (of("maximum", A, MINUS), "max(a, −a)", r"\max\left(a, -a\right)"),
        (of("minimum", A, B), "min(a, b)", r"\min\left(a, b\right)"),
        (of("absolute", A), "abs(a)", r"\operatorname{abs}\left(a\right)"),
        (of("remainder", A, B), "mod(a, b)", r"\operatorname{mod}\left(a, b\right)"),
        (of("invert", A), "not(a)", r"\operatorname{not}\left(a\right)"),
        (of("logical_not", A), "not(a)", r"\operatorname{not}\left(a\right)"),
        (of("my_own", A), "my_own(a)", r"\operatorname{my own}\left(a\right)"),
        (of("astype_float64", A), "a", "a"),
        (of("square", of("astype_float64", TIMES)), "(a·b)²", r"{\left(a \cdot b\right)}^{2}"),
        (of("f", *LETTERS[:4]), "f(a, b, c, d)", r"\operatorname{f}\left(a, b, c, d\right)"),
        (of("f", *LETTERS[:5]), "f(a, b, c, d, …)", r"\operatorname{f}\left(a, b, c, d, \dots\right)"),
        (of("f", A, B, opaque=True), "f(a, b)", r"\operatorname{f}\left(a, b\right)"),
        (of("f", A, B, C, opaque=True), "f(a, b, …)", r"\operatorname{f}\left(a, b, \dots\right)"),
        (of("max", *LETTERS[:9]), "max(a, b, c, d, e, f, g, h, i)", r"\max\left(a, b, c, d, e, f, g, h, i\right)"),
        (of("max", *LETTERS[:10]), "max(a, b, c, d, e, f, g, h, i, …)",
         r"\max\left(a, b, c, d, e, f, g, h, i, \dots\right)"),
        (of("max", A, number(-math.inf), of("choose", number(-math.inf), B)), "max(a)", r"\max\left(a\right)"),
        (of("max", A, number(math.inf)), "max(a, ∞)", r"\max\left(a, \infty\right)"),
        (of("max", number(-math.inf)), "max(−∞)", r"\max\left(-\infty\right)"),
        (of("min", A, number(math.inf), B), "min(a, b)", r"\min\left(a, b\right)"),
        (of("equal", A, SUM), "[a = a + b]", "[a = a + b]"),
        (of("product", A, of("less", A, B)), "a·[a < b]", r"a \cdot [a < b]"),
    ],
)  # fmt: skip
def test_expressions_have_the_brackets_that_they_need(expr: Expr, text: str, latex: str) -> None:
    assert (TEXT.write(expr), LATEX.write(expr)) == (text, latex)


@pytest.mark.parametrize(
    ("op", "text", "latex"),
    [
        ("equal", "=", "="), ("not_equal", "≠", r"\ne"), ("less", "<", "<"), ("less_equal", "≤", r"\le"),
        ("greater", ">", ">"), ("greater_equal", "≥", r"\ge"), ("logical_and", "and", r"\wedge"),
        ("logical_or", "or", r"\vee"), ("bitwise_and", "and", r"\wedge"), ("bitwise_or", "or", r"\vee"),
    ],
)  # fmt: skip
def test_comparisons_have_their_signs(op: str, text: str, latex: str) -> None:
    assert op in COMPARISONS
    assert (TEXT.write(of(op, A, B)), LATEX.write(of(op, A, B))) == (f"[a {text} b]", f"[a {latex} b]")


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (of("sum", cell("a", value=0.5), cell("b", 1, value=-0.25)), "0.5 − 0.25"),
        (of("product", cell("a", value=-0.5), cell("b", value=-2.0)), "−0.5·(−2)"),
        (of("square", cell("a", value=-3.0)), "(−3)²"),
        (of("exp", of("sum", *LETTERS[:4])), "exp(2 + 2 + 2 + 2)"),
        (of("exp", of("sum", *LETTERS[:5], value=10.0)), "exp(10)"),  # a sum of many is a number
        (of("sum", *LETTERS[:5]), "2 + 2 + … + 2"),
    ],
)
def test_numbers_stand_in_the_place_of_symbols(expr: Expr, text: str) -> None:
    assert TEXT.numbers().write(expr) == text


def nested(levels: int, symbol: str = "a") -> Expr:
    """``exp(a + exp(a + … exp(a)))``, of so many ``exp``."""
    expr = of("exp", cell(symbol), value=0.5)
    for _ in range(levels - 1):
        expr = of("exp", of("sum", cell(symbol), expr, value=1.5), value=0.5)
    return expr


@pytest.mark.parametrize(
    ("writer", "text"),
    [
        (Writer(long=46), "exp(a + exp(a + exp(a + exp(a + exp(a + …)))))"),
        (Writer(long=45), "exp(a + exp(a + exp(a + exp(…))))"),
        (Writer(long=33), "exp(a + exp(a + exp(a + exp(…))))"),
        (Writer(long=32), "exp(a + exp(a + exp(a + …)))"),
        (Writer(long=27), "exp(a + exp(a + exp(…)))"),
        (Writer(long=23), "exp(a + exp(a + …))"),
        (Writer(long=18), "exp(a + exp(…))"),
        (Writer(long=1), "exp(a + exp(…))"),
        (Writer(long=23, with_numbers=True), "exp(2 + exp(2 + 0.5))"),
        (Writer(long=1, with_numbers=True), "exp(2 + exp(1.5))"),
        (Writer(long=1, latex=True), r"\exp\left(a + \exp\left(\dots\right)\right)"),
    ],
)
def test_inner_levels_are_left_out_where_it_is_too_long(writer: Writer, text: str) -> None:
    assert writer.write(nested(6)) == text


def test_four_hundred_letters_are_not_too_long() -> None:
    texts = [TEXT.write(nested(6, "x" * n)) for n in (71, 72)]
    assert [len(text) for text in texts] == [396, 246]
    assert [text.count("exp") for text in texts] == [5, 4]


def test_signs_between_what_is_left_out_are_left_out_too() -> None:
    expr = of("exp", of("product", of("divide", nested(3), nested(3)), A))
    assert Writer(long=1).write(expr) == "exp(…·a)"
    assert Writer(long=1, latex=True).write(expr) == r"\exp\left(\frac{\dots}{\dots} \cdot a\right)"


def rows(terms: int) -> list[Expr]:
    return [of("product", cell("x", k, 3), cell("dz", k + 2, 7)) for k in range(terms)]


@pytest.mark.parametrize(
    ("expr", "text", "latex"),
    [
        (of("sum", *rows(5)), "Σₖ x[k,3]·dz[k+2,7]", r"\sum_{k} x_{k,3} \cdot dz_{k+2,7}"),
        (of("product", A, of("sum", *rows(5))), "a·(Σₖ x[k,3]·dz[k+2,7])",
         r"a \cdot \left(\sum_{k} x_{k,3} \cdot dz_{k+2,7}\right)"),
        (of("sum", *(of("exp", cell("x", k)) for k in range(5))), "Σₖ exp(x[k])", r"\sum_{k} \exp\left(x_{k}\right)"),
        (of("sum", *(of("sum", cell("x", k), A) for k in range(5))), "Σₖ (x[k] + a)",
         r"\sum_{k} \left(x_{k} + a\right)"),
        (of("sum", *(of("exp", of("sum", *(cell("x", k, j) for j in range(5)))) for k in range(5))), "Σₖ exp(Σ…)",
         r"\sum_{k} \exp\left(\sum \dots\right)"),
    ],
)  # fmt: skip
def test_long_sums_are_written_by_what_runs(expr: Expr, text: str, latex: str) -> None:
    assert (TEXT.write(expr), LATEX.write(expr)) == (text, latex)


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (True, "1", "1"), (False, "0", "0"), (12, "12", "12"), (-12, "−12", "-12"), (3.0, "3", "3"), (-0.0, "0", "0"),
        (10_000_000, "10000000", "10000000"), (999999.0, "999999", "999999"), (-999999.0, "−999999", "-999999"),
        (1e6, "1e+06", r"1 \cdot 10^{6}"), (-1e6, "−1e+06", r"-1 \cdot 10^{6}"),
        (123456.7, "1.235e+05", r"1.235 \cdot 10^{5}"),
        (0.123456, "0.1235", "0.1235"), (-1234.56, "−1235", "-1235"), (1.5e-5, "1.5e−05", r"1.5 \cdot 10^{-5}"),
        (math.inf, "∞", r"\infty"), (-math.inf, "−∞", r"-\infty"), (math.nan, "nan", r"\mathrm{NaN}"),
    ],
)  # fmt: skip
def test_numbers_have_four_digits(value: Any, text: str, latex: str) -> None:
    assert (text_number(value), latex_number(value)) == (text, latex)


@pytest.mark.parametrize(
    ("symbol", "latex"),
    [
        ("W", "W"), ("dW", "dW"), ("d", "d"), ("dd", "dd"), ("Wd", r"\mathit{Wd}"), ("xx", r"\mathit{xx}"),
        ("eps", r"\mathit{eps}"),
        ("dx0", r"\mathit{dx0}"), ("weight_decay", r"\mathit{weight\_decay}"), ("gamma", r"\gamma"),
        ("dgamma", r"d\gamma"), ("delta", r"\delta"), ("ddelta", r"d\delta"), ("Phi", r"\Phi"),
        ("Gamma", r"\mathit{Gamma}"),
    ],
)  # fmt: skip
def test_symbols_of_latex(symbol: str, latex: str) -> None:
    assert latex_symbol(symbol) == latex


def test_greek_letters_and_subscripts_are_known() -> None:
    greek = (
        "alpha beta gamma delta epsilon eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi omega Phi Sigma"
    )
    assert [latex_symbol(name) for name in greek.split()] == [f"\\{name}" for name in greek.split()]
    assert "".join(map(subscript, "kijlmntz")) == "ₖᵢⱼₗₘₙₜ_z"
