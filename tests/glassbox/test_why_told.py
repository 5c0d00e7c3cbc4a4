"""Answers to why, put together by hand of numbers that one can check: as text, in LaTeX, and whether they agree."""

from __future__ import annotations

import math
from typing import Any

import pellucid as pl
import pytest
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.reason import Why
from pellucid.glassbox.why.terms import Term, terms_of


def cell(symbol: str, *index: int, value: float = 2.0, quantity: str = "") -> Expr:
    return Expr("cell", value, (), symbol, index, quantity or f"l.{symbol}")


def of(op: str, *args: Expr, value: float = 7.0) -> Expr:
    return Expr(op, value, args)


def why(expr: Expr, value: float | None = None, **other: Any) -> Why:
    told: dict[str, Any] = {"equation": pl.Equation("z", "z = x", "f(x)"), "symbol": "z", "cell": (1,), "name": "l.z"}
    held = {**told, "terms": terms_of(expr), "parents": expr.places, **other}
    return Why(value=expr.value if value is None else value, expr=expr, **held)


def products(count: int) -> Expr:
    """``Σ x[k]·w[1]``, of which x[k] is k and w[1] is 10."""
    terms = [of("product", cell("x", k, value=k), cell("w", 1, value=10.0), value=10.0 * k) for k in range(count)]
    return of("sum", *terms, value=10.0 * sum(range(count)))


def test_four_terms_are_written_out() -> None:
    assert str(why(products(4))).splitlines() == [
        "l.z[1] = 60",
        "  z = f(x)",
        "  z[1] = x[0]·w[1] + x[1]·w[1] + x[2]·w[1] + x[3]·w[1]",
        "       = 0·10 + 1·10 + 2·10 + 3·10",
        "       = 60",
        "  from l.x[0], l.w[1], l.x[1], l.x[2], l.x[3]",
    ]


def test_of_five_the_largest_are() -> None:
    answer = why(products(5), note="A note.")
    assert str(answer).splitlines() == [
        "l.z[1] = 100",
        "  z = f(x)",
        "  z[1] = Σₖ x[k]·w[1],  k = 0 … 4",
        "       = 4·10 + 3·10 + 2·10 + … and 2 more, together 10",
        "       = 100",
        "  the largest terms:",
        "    x[4]·w[1] = 40 = 4·10",
        "    x[3]·w[1] = 30 = 3·10",
        "    x[2]·w[1] = 20 = 2·10",
        "    x[1]·w[1] = 10 = 1·10",
        "    x[0]·w[1] = 0 = 0·10",
        "  from l.x[0], l.w[1], l.x[1], l.x[2], l.x[3] and 1 more",
        "  A note.",
    ]
    assert answer.latex == (
        r"\begin{aligned}&z = x \\ z_{1} &= \sum_{k} x_{k} \cdot w_{1},\quad k = 0 \dots 4 \\ &= 4 \cdot 10"
        r" + 3 \cdot 10 + 2 \cdot 10 + \underbrace{\dots}_{2\text{ more, together }10} \\ &= 100\end{aligned}"
    )


def test_terms_are_as_wide_as_the_widest_that_is_shown() -> None:
    names = ["x", "xy", "xyz", "x", "xy", "a_long_name"]
    parts = [cell(name, k, value=10.0 - k) for k, name in enumerate(names)]
    lines = str(why(of("sum", *parts, value=45.0))).splitlines()
    assert lines[lines.index("  the largest terms:") + 1 :][:6] == [
        "    x[0]   = 10", "    xy[1]  = 9", "    xyz[2] = 8", "    x[3]   = 7", "    xy[4]  = 6",
        "    … and 1 more, together 5",
    ]  # fmt: skip


def test_of_seven_terms_and_of_a_thousand_the_others_are_counted() -> None:
    lines = str(why(products(7))).splitlines()
    assert lines[10:] == [
        "    x[2]·w[1] = 20 = 2·10", "    … and 2 more, together 10",
        "  from l.x[0], l.w[1], l.x[1], l.x[2], l.x[3] and 3 more",
    ]  # fmt: skip
    many = str(why(products(1007)))
    assert (
        "    … and 1,002 more, together 5.005e+06\n" not in many
        and "    … and 1,002 more, together 5015010" not in many
    )
    assert "… and 1,004 more, together " in many and "    … and 1,002 more, together " in many
    assert many.endswith(" and 1,003 more")


def test_a_term_that_is_a_number_is_told_once_and_labels_stand_below_each_other() -> None:
    terms = [cell("x", k, value=float(k)) for k in (0, 10, 2, 7, 5)]
    lines = str(why(of("sum", *terms, value=24.0))).splitlines()
    assert lines[6:8] == ["    x[10] = 10", "    x[7]  = 7"]


@pytest.mark.parametrize(
    ("value", "terms", "agrees"),
    [
        (1.0, (1.0,), True), (1.0, (1.0 + 1.9e-5,), True), (1.0, (1.0 + 4.1e-5,), False), (0.0, (1.9e-5,), True),
        (0.0, (2.1e-5,), False), (100.0, (100.0 + 1.9e-3,), True), (100.0, (100.0 + 2.1e-3,), False),
        (0.0, (500.0, -500.0 + 1e-2,), True), (0.0, (500.0, -500.0 + 3e-2), False), (math.inf, (1.0,), True),
        (1.0, (math.inf,), True), (math.nan, (1.0,), True),
    ],
)  # fmt: skip
def test_what_agrees_but_for_rounding(value: float, terms: tuple[float, ...], agrees: bool) -> None:
    parts = [Term(1, (cell("x", value=term),), ()) for term in terms]
    answer = why(cell("x"), value, terms=parts)
    assert answer.agrees is agrees
    assert ("This is not what was recorded: equation and code" in str(answer)) is not agrees
    slopes = why(cell("x"), value, terms=parts, adds=False)
    assert slopes.agrees and math.isnan(slopes.total)


def test_what_has_chosen_is_told() -> None:
    reasons = [cell("t", k, value=float(k)) for k in range(5)]
    one = str(why(of("choose", cell("x", 3), Expr("number", 1), reasons[0], value=2.0))).splitlines()
    assert one[2:6] == ["  z[1] = x[3]", "       = 2", "       = 2", "  because t[0] = 0"]
    four, five = (str(why(of("choose", cell("x", 3), *reasons[:n], value=2.0))).splitlines() for n in (4, 5))
    assert four[5:9] == [f"  because t[{k}] = {k}" for k in range(4)] and four[9].startswith("  from")
    assert five[9] == "  because … and 1 more" and len(five) == 11
    nested = of("choose", of("choose", cell("x"), cell("a"), value=2.0), cell("b"), value=2.0)
    assert [line for line in str(why(nested)).splitlines() if "because" in line] == [
        "  because b = 2",
        "  because a = 2",
    ]


def test_what_is_explained_by_itself_is_told_in_two_lines() -> None:
    itself = cell("l.z", 1, quantity="l.z")
    told: dict[str, Any] = {"equation": None, "symbol": "l.z", "parents": [], "note": "given"}
    assert str(why(itself, **told)) == "l.z[1] = 2\n  given"
    for other in ({"parents": [("x", ())]}, {"note": ""}, {"symbol": "z"}, {"cell": (2,)}):
        assert len(str(why(itself, **{**told, **other})).splitlines()) > 2
    assert len(str(why(cell("l.z", 2), **told)).splitlines()) > 2


def test_the_steepest_slopes_are_told() -> None:
    def slopes(count: int) -> list[str]:
        terms = [Term(1, (cell(f"∂{k}", value=float(k)),), ()) for k in range(count)]
        return str(why(cell("x"), terms=terms, adds=False, note="Measured.")).splitlines()

    assert slopes(2) == [
        "l.z[1] = 2", "  how it would change, the steepest slopes:", "    ∂1 = 1", "    ∂0 = 0", "  Measured.",
    ]  # fmt: skip
    assert len(slopes(10)) == 13 and slopes(11)[-2] == "    … and 1 smaller ones" and slopes(11)[-3] == "    ∂1 = 1"
    assert slopes(1010)[-2] == "    … and 1,000 smaller ones"


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.1234567891, "0.123456789"), (-1.5, "−1.5"), (-0.0, "0"), (1e-7, "1e−07"), (math.inf, "inf"), (math.nan, "nan")],
)  # fmt: skip
def test_numbers_have_nine_digits(value: float, told: str) -> None:
    assert str(why(cell("x", value=value), value)).splitlines()[0] == f"l.z[1] = {told}"


def test_terms_without_an_expression_are_joined_by_their_signs() -> None:
    terms = [
        Term(sign, (cell(name, value=value),), ())
        for sign, name, value in ((1, "a", 2.0), (-1, "b", 3.0), (1, "c", -4.0))
    ]
    answer = why(cell("x"), -5.0, terms=terms)
    bare = Why("l.z", (), -5.0, None, None, "z", terms, [])
    assert bare.scalar == "z = a − b + c" and bare.numbers == "2 − 3 − 4" and bare.total == -5.0
    assert bare.latex == r"\begin{aligned}z &= a - b + c \\ &= 2 - 3 - 4 \\ &= -5\end{aligned}"
    assert answer.sorted()[0].label == "c"
    assert Why("l.z", (), 0.0, None, None, "z", [], []).scalar == "z = 0"
    many = Why("l.z", (), 0.0, None, None, "z", terms * 2, [])
    assert many.scalar == "z = a − b + c + a + …" and many.numbers == "−4 − 4 − 3 + … and 3 more, together 1"
    assert many.latex.startswith(r"\begin{aligned}z &= a - b + c + a + \dots \\ ")


def test_long_lines_go_on_below_their_beginning() -> None:
    names = [cell(f"{'w' * 30}{k}") for k in range(4)]
    lines = str(why(of("sum", *names, value=8.0))).splitlines()
    assert (
        lines[2] == f"  z[1] = {names[0].symbol} + {names[1].symbol} +"
        and lines[3] == f"         {names[2].symbol} + {names[3].symbol}"
    )
    far = why(of("sum", *names, value=8.0), symbol="s" * 40)
    assert str(far).splitlines()[4].startswith(f"{' ' * 30}w")  # but no further in than thirty columns
    assert max(map(len, lines)) <= 100


def test_sums_beside_something_are_told_with_their_numbers() -> None:
    beside = of("divide", products(5), cell("n", value=4.0), value=25.0)
    answer = why(beside)
    assert answer.scalar == "z[1] = (Σₖ x[k]·w[1])/n,  k = 0 … 4"
    assert answer.numbers == "4·10/4 + 3·10/4 + 2·10/4 + … and 2 more, together 2.5"
    two = of("subtract", products(5), products(6), value=-50.0)
    assert ",  k = " not in why(two).scalar  # of two sums nobody could tell which
    short = of("divide", products(3), cell("n", value=4.0), value=7.5)
    assert why(short).numbers == "(0·10 + 1·10 + 2·10)/4"
    assert why(of("exp", products(5), value=9.0)).numbers == "exp(100)"  # one term is written as it is
