"""Terms and patterns of expressions that were put together by hand: what is taken apart, what runs, and how far."""

from __future__ import annotations

import math

import pytest
from pellucid.glassbox.why import terms as module
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.pattern import pattern_of
from pellucid.glassbox.why.terms import Term, largest, terms_of, total


def cell(symbol: str, *index: int, value: float = 2.0, quantity: str = "") -> Expr:
    return Expr("cell", value, (), symbol, index, quantity or symbol)


def number(value: float) -> Expr:
    return Expr("number", value)


def of(op: str, *args: Expr, value: float = 7.0) -> Expr:
    return Expr(op, value, args)


A, B, C, D = (cell(name, value=value) for name, value in zip("abcd", (4.0, 3.0, 2.0, 8.0), strict=True))
SUM = of("sum", A, B, value=7.0)


@pytest.mark.parametrize(
    ("expr", "told"),
    [
        (A, {"a": 4.0}),
        (of("negative", A), {"−a": -4.0}),
        (of("negative", of("subtract", A, B)), {"−a": -4.0, "b": 3.0}),
        (of("subtract", A, of("subtract", B, C)), {"a": 4.0, "−b": -3.0, "c": 2.0}),
        (of("subtract", SUM, SUM), {"a": 4.0, "b": 3.0, "−a": -4.0, "−b": -3.0}),
        (of("product", C, SUM, D), {"c·a·d": 64.0, "c·b·d": 48.0}),
        (of("product", number(1), A), {"a": 4.0}),
        (of("product", number(2), A), {"2·a": 8.0}),
        (of("product", SUM, of("sum", A, B, C)), {"(a + b)·a": 28.0, "(a + b)·b": 21.0, "(a + b)·c": 14.0}),
        (of("product", of("sum", A, B, C), SUM), {"a·(a + b)": 28.0, "b·(a + b)": 21.0, "c·(a + b)": 14.0}),
        (of("product", SUM, of("sum", C, D)), {"a·(c + d)": 28.0, "b·(c + d)": 21.0}),  # the first of two as long
        (of("divide", SUM, C), {"a/c": 2.0, "b/c": 1.5}),
        (of("divide", of("divide", SUM, C), D), {"a/(d·c)": 0.25, "b/(d·c)": 0.1875}),
        (of("divide", A, SUM), {"a/(a + b)": 4 / 7}),
        (of("sum", number(1), A), {"1": 1.0, "a": 4.0}),
        (of("negative", of("subtract", number(1), A)), {"−1": -1.0, "a": 4.0}),
        (of("product", B, of("sum", number(1), A, value=5.0)), {"b·(1 + a)": 15.0}),
        (of("product", of("sum", number(1), A, value=5.0), B), {"(1 + a)·b": 15.0}),
        (of("divide", of("subtract", number(1), A, value=-3.0), B), {"(1 − a)/b": -1.0}),
        (of("product", of("sum", A, B), of("sum", number(1), A, B, C, value=10.0)),
         {"a·(1 + a + b + c)": 40.0, "b·(1 + a + b + c)": 30.0}),
        (of("product", B, of("sum", number(0), A)), {"b·a": 12.0}),
        (of("choose", SUM, C), {"a": 4.0, "b": 3.0}),
        (of("exp", SUM, value=9.0), {"exp(a + b)": 9.0}),
        (of("sum", A, number(0)), {"a": 4.0}),
        (of("sum", of("choose", number(0), C), number(0)), {"0": 0.0}),
        (of("product", A, number(0)), {"a·0": 0.0}),
        (of("sum", A, cell("e", value=0.0)), {"a": 4.0, "e": 0.0}),  # a quantity that is 0 is told
    ],
)  # fmt: skip
def test_what_adds_up_is_taken_apart_and_what_does_not_is_left(expr: Expr, told: dict[str, float]) -> None:
    assert {term.label: term.value for term in terms_of(expr)} == pytest.approx(told)
    assert [term.label for term in terms_of(expr)] == list(told)


def test_a_sum_of_too_many_stays_one_unless_it_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 6)
    four, five = ([cell("x", k) for k in range(n)] for n in (4, 5))
    assert [len(terms_of(of("sum", A, B, of("sum", *part)))) for part in (four, five)] == [6, 3]
    assert len(terms_of(of("sum", *(cell("x", k) for k in range(9))))) == 9


@pytest.mark.parametrize(
    ("values", "over", "value"),
    [
        ((2.0, 3.0), (4.0, 0.5), 3.0), ((), (), 1.0), ((2.0,), (0.0,), math.inf), ((-2.0,), (0.0,), -math.inf),
        ((0.0,), (0.0,), math.nan), ((math.nan,), (0.0,), math.nan), ((math.inf,), (0.0,), math.inf),
    ],
)  # fmt: skip
def test_the_value_of_a_term(values: tuple[float, ...], over: tuple[float, ...], value: float) -> None:
    for sign in (1, -1):
        made = Term(sign, tuple(map(number, values)), tuple(map(number, over)))
        assert made.value == pytest.approx(sign * value, nan_ok=True)


def test_terms_add_up_with_one_rounding_and_infinities_as_addition_has_them() -> None:
    def added(*values: float) -> float:
        return total([Term(1, (number(value),), ()) for value in values])

    assert added(1e16, 1.0, -1e16) == 1.0 and added() == 0.0
    assert added(math.inf, 1.0) == math.inf and math.isnan(added(math.inf, -math.inf))


def test_the_largest_come_first_and_before_them_what_is_no_number() -> None:
    values = [1.0, -3.0, math.nan, 2.0, -math.inf]
    found = [term.value for term in largest([Term(1, (number(value),), ()) for value in values])]
    assert str(found) == "[nan, -inf, -3.0, 2.0, 1.0]"


def test_a_term_is_written_with_symbols_and_with_numbers() -> None:
    term = Term(-1, (A, B), (C, D))
    assert (term.label, term.numbers, repr(term)) == ("−a·b/(c·d)", "−4·3/(2·8)", "Term(−a·b/(c·d) = -0.75)")
    for letters, label in ((35, f"exp(exp(exp(exp(exp({'x' * 35})))))"), (36, "exp(exp(exp(exp(…))))")):
        expr = cell("x" * letters)
        for _ in range(5):
            expr = of("exp", expr)
        assert Term(1, (expr,), ()).label == label


# -- patterns ---------------------------------------------------------------------------------------------------------


def runs(*terms: Expr) -> str | None:
    """What runs in the terms, from where to where, and the cells of the first with their letters."""
    found = pattern_of(of("sum", *terms))
    if found is None:
        return None
    cells = found.example.args or (found.example,)
    words = " ".join(f"{c.symbol}[{','.join(found.index(c))}]" for c in cells)
    ranges = " ".join(f"{k}={r.start}..{r.stop - 1}" for k, r in zip(found.letters, found.ranges, strict=True))
    return f"{words} {ranges}"


X = [cell("x", k) for k in range(8)]


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        (X, "x[k] k=0..7"),
        (X[3:], "x[k] k=3..7"),
        (X[::-1], "x[k] k=0..7"),
        (X[:2] + X[3:], None),  # one is left out
        ([*X, X[0]], None),  # one comes twice
        ([of("exp", x) for x in X], "x[k] k=0..7"),
        ([of("product", x, A) for x in X], "x[k] a[] k=0..7"),
        ([of("product", x, cell("y", 4, k + 1)) for k, x in enumerate(X)], "x[k] y[4,k+1] k=0..7"),
        ([of("product", cell("x", k + 3), cell("y", k)) for k in range(5)], "x[k] y[k−3] k=3..7"),
        ([of("product", x, cell("y", 7 - k)) for k, x in enumerate(X)], "x[k] y[7−k] k=0..7"),
        ([of("product", x, cell("y", 2 * k)) for k, x in enumerate(X)], None),
        ([cell("x", i, j) for i in range(2) for j in range(3)], "x[k,i] k=0..1 i=0..2"),
        ([cell("x", i, j) for i in range(2) for j in range(3)][:5], None),
        ([cell("x", i, j) for j in range(3) for i in range(4, 6)], "x[k,i] k=4..5 i=0..2"),
        ([cell("k", k) for k in range(5)], "k[i] i=0..4"),
        ([of("product", cell("i", k), cell("k", k)) for k in range(5)], "i[j] k[j] j=0..4"),
        ([*X[:4], cell("y", 4)], None),
        ([*X[:4], cell("x", 4, quantity="other")], None),
        ([*(of("exp", x) for x in X[:4]), of("log", X[4])], None),
        ([*(of("max", x) for x in X[:4]), of("max", X[4], A)], None),
        ([of("product", number(2.0), x) for x in X], "[] x[k] k=0..7"),
        ([of("product", number(float(k)), x) for k, x in enumerate(X)], None),
        ([of("choose", x, B) for x in X], "x[] b[] k=0..7"),
        ([A] * 5, None),
    ],
)  # fmt: skip
def test_what_runs_in_the_terms_of_a_sum(terms: list[Expr], told: str | None) -> None:
    if told is not None and told.startswith("x[] b[]"):
        assert (found := pattern_of(of("sum", *terms))) is not None and found.letters == ["k"]
    else:
        assert runs(*terms) == told


def test_a_part_that_all_terms_share_is_written_as_it_is() -> None:
    mean = of("divide", of("sum", *X), number(8))
    found = pattern_of(of("sum", *(of("subtract", x, mean) for x in X)))
    assert found is not None and found.index(X[0]) == ("k",) and found.index(X[1]) == ("1",)


def test_one_cell_of_the_first_term_that_stands_for_several_has_no_pattern() -> None:
    shared = [of("product", X[0], X[0]), *(of("product", X[k], cell("x", 0)) for k in range(1, 5))]
    assert pattern_of(of("sum", *shared)) is None
    assert pattern_of(of("sum", *(of("product", x, x) for x in X))) is not None


def test_more_runs_than_there_are_letters_have_no_pattern() -> None:
    pairs = [tuple(k >> b & 1 for b in range(n)) for n in (7, 8) for k in range(2**n)]
    seven, eight = ([cell("x", *pair) for pair in pairs if len(pair) == n] for n in (7, 8))
    assert runs(*seven) == "x[k,i,j,l,m,n,t] k=0..1 i=0..1 j=0..1 l=0..1 m=0..1 n=0..1 t=0..1"
    assert runs(*eight) is None


def test_of_what_is_longer_than_forty_parts_no_pattern_is_looked_for() -> None:
    def long(parts: int) -> list[Expr]:
        return [of("product", cell("x", k), *(number(3.0) for _ in range(parts - 2))) for k in range(5)]

    assert pattern_of(of("sum", *long(40))) is not None and pattern_of(of("sum", *long(41))) is None
