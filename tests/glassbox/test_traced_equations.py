"""Equations of which each is seen by those below it as its result: what each cell is written as, and of what it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.equations import Activation
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.why.cells import cell
from pellucid.glassbox.why.traced import Traced, leaf
from pellucid.glassbox.why.traced_equations import TracedEquations, sources
from pellucid.glassbox.why.writing import TEXT

X, Y = np.array([1.0, 2.0, 4.0]), np.array([0.5, 0.25, 8.0])


def equations(**expressions: str) -> tuple[pl.Equation, ...]:
    return tuple(pl.Equation(name.rstrip("_"), name, expression) for name, expression in expressions.items())


def made(of: str, told: tuple[pl.Equation, ...], results: Any = None, **given: Any) -> str:
    """The second cell of an equation's result, and the quantities that it is made of."""
    held = {name: value if isinstance(value, tuple) else (name, value) for name, value in given.items()}
    root = TracedEquations(told, held, results)[of]
    expr = cell(root, (1,) if root.ndim else ())
    return f"{TEXT.write(expr)} of {', '.join(f'{name}{list(index)}' for name, index in expr.places)}"


@pytest.mark.parametrize(
    ("of", "told", "results", "given", "written"),
    [
        ("b", equations(a="2 * x", b="a + x"), None, {}, "a[1] + x[1] of a[1], x[1]"),
        ("b", equations(a="2 * x", b="a + x"), {"a": ("l.a", None)}, {}, "a[1] + x[1] of l.a[1], x[1]"),
        ("b", equations(a="2 * x", b="a + x"), {"a": (None, Y)}, {}, "a[1] + x[1] of a[1], x[1]"),
        ("b", equations(a="2 * x", b="2 * x + 1"), None, {}, "a[1] + 1 of a[1]"),  # known to be it
        ("b", equations(a="2 * x", b="2 * x + 1"), {"a": ("l.a", Y)}, {}, "2·x[1] + 1 of x[1]"),  # that may be rounded
        ("b", equations(a="2 * x", b="a[::-1]"), None, {}, "a[1] of a[1]"),
        ("b", equations(a="2 * x", b="(2 * x)[::-1][:2]"), None, {}, "2·x[1] of x[1]"),  # only moved
        ("b", equations(a="2 * x", b="(2 * x)[::-1][:2] * 3"), None, {}, "a[1]·3 of a[1]"),
        ("a", equations(a="2 * x", b="a"), None, {}, "2·x[1] of x[1]"),
        ("x", equations(x="x + 1", b="x"), None, {}, "x[1] + 1 of x[1]"),
        ("b", equations(x="x + 1", b="x * 2"), {"x": ("x.new", None)}, {}, "x[1]·2 of x.new[1]"),
        ("a", equations(a="x", a_="a + 1"), {"a": ("l.a", None)}, {}, "a[1] + 1 of a[1]"),
        ("b", equations(a="x", a_="a + 1", b="a * 2"), {"a": ("l.a", Y)}, {}, "a[1]·2 of l.a[1]"),
        ("b", equations(a="np.ones(3) * 2", b="a * x"), None, {}, "2·x[1] of x[1]"),
        ("b", equations(a="eps * 2", b="a * x"), None, {"eps": (None, 0.5)}, "a·x[1] of x[1]"),
        ("b", equations(b="x + eps"), None, {"eps": (None, np.float64(0.5))}, "x[1] + eps of x[1]"),
        ("b", equations(b="x + n"), None, {"n": (None, 3)}, "x[1] + 3 of x[1]"),
        ("b", equations(b="x * lr"), None, {"lr": 0.5}, "x[1]·lr of x[1], lr[]"),
        ("b", equations(b="x * n"), None, {"n": 2}, "x[1]·n of x[1], n[]"),
        ("b", equations(b="x * c"), None, {"c": (None, Y)}, "x[1]·0.25 of x[1]"),
        ("b", equations(b="inputs[0] + inputs[1]"), None, {"inputs": ("l", (X, Y))},
         "x[1] + inputs1[1] of x[1], l1[1]"),
        ("b", equations(b="inputs[0] * 2"), None, {"inputs": (None, [X])}, "x[1]·2 of x[1]"),
        ("b", equations(b="y"), None, {"y": (None, leaf(Y, "named", "q"))}, "named[1] of q[1]"),
        ("b", equations(b="f(x)"), None, {"f": (None, Activation("relu"))}, "max(x[1], 0) of x[1]"),
        ("b", equations(b="f.derivative(x)"), None, {"f": (None, Activation("relu"))}, "[x[1] > 0] of x[1]"),
        ("b", equations(b="f(x)"), None, {"f": (None, Activation(None))}, "x[1] of x[1]"),
        ("b", equations(b="x * normal_of(3)"), None, {"normal_of": ("l.n", lambda n: np.ones(n))},
         "x[1]·normal[1] of x[1], l.n[1]"),
        ("b", equations(b="g(x)"), None, {"g": (None, lambda x: x * 3)}, "x[1]·3 of x[1]"),
        ("b", equations(h="lambda a: a + 1", b="h(x)"), None, {}, "x[1] + 1 of x[1]"),
        ("b", equations(a="missing", b="x * 2"), None, {}, "x[1]·2 of x[1]"),  # what is not needed may be out of reach
        ("n", equations(n="len(x)", b="x"), None, {}, "3 of "),
    ],
)  # fmt: skip
def test_a_cell_is_made_of_results_above(of: str, told: Any, results: Any, given: Any, written: str) -> None:
    assert made(of, told, results, x=X, **given) == written


def test_it_is_a_mapping_of_the_equations_that_have_an_expression() -> None:
    told = (*equations(a="x", a_="a + 1", h="lambda: 1"), pl.Equation("n", "n"))
    found = TracedEquations(told, {"x": ("x", X)})
    assert list(found) == ["a", "h"] and len(found) == 2 and "a" in found and "n" not in found
    assert found.equation("a").python == "a + 1"
    assert found.is_function("h") and not found.is_function("a") and not found.is_function("n")
    assert isinstance(found["a"], Traced) and found["a"] is found["a"]
    with pytest.raises(pl.DataError, match=r"^No equation with an expression is of 'n'\."):
        found["n"]


@pytest.mark.parametrize(
    ("expression", "received"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"), ("x.nothing", "AttributeError: A Traced has no 'nothing'"),
        ("x[5]", "IndexError: index 5 is out of bounds"), ("y", "NameError: name 'y' is not defined"),
        ("x()", "TypeError: 'Traced' object is not callable"), ("x @ np.ones(2)", "ValueError: matmul"),
    ],
)  # fmt: skip
def test_what_cannot_be_traced_is_told(expression: str, received: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        TracedEquations(equations(b=expression), {"x": ("x", X)})["b"]
    assert caught.value.what == f"The expression of the equation of 'b' cannot be traced: {expression}"
    assert caught.value.received.startswith(received) and caught.value.expected == "a value"


def test_where_moved_cells_come_from() -> None:
    x: Any = leaf(np.arange(6.0).reshape(2, 3), "x", "x")
    moved: list[Any] = [
        np.transpose(x), x.reshape(3, 2), np.concatenate([x[0], x[1, :1]]), np.pad(x[0], 1),
    ]  # fmt: skip
    assert [sources(made).tolist() for made in moved] == [
        [[1, 4], [2, 5], [3, 6]], [[1, 2], [3, 4], [5, 6]],
        [1, 2, 3, 4],  # the fourth is of the second operand
        [0, 1, 2, 3, 0],
    ]  # fmt: skip
