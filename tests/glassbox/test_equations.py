"""Expressions evaluated and held against code; which of them are idle, and what of them is refused."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox import equations
from pellucid.glassbox.equations import (
    Activation,
    check_text,
    evaluate,
    idle,
    noted_comparisons,
    remembered,
    used,
    used_names,
)
from pellucid.glassbox.failure import ConformanceError, require, require_all_close, require_close, require_same


def of(**expressions: str | None) -> tuple[pl.Equation, ...]:
    return tuple(pl.Equation(name, name, expression) for name, expression in expressions.items())


# -- comparisons ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "expected", "tolerance"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0), ([0.0], [-0.0], 0.0), ([np.nan, np.inf], [np.nan, np.inf], 0.0), ([], [], 0.0),
        (101.0, 100.0, 0.01), (0.26, 0.25, 0.0101), ([1, 2], [1.0, 2.0], 0.0), (np.zeros((0, 3)), np.ones((0, 3)), 0.0),
        ([True], [1], 0.0), (1.5, 1.0, 0.5), (np.float32(1.0), 1.0, 0.0),
    ],
)  # fmt: skip
def test_what_is_close(received: Any, expected: Any, tolerance: float) -> None:
    require_close("y", received, expected, tolerance, "Look.")


@pytest.mark.parametrize(
    ("received", "expected", "tolerance", "told"),
    [
        ([1.0, 2.5], [1.0, 2.0], 1e-9, "y is wrong at (1,) (1 of 2 elements differ).|2.0|2.5"),
        ([[1.0, 9.0], [3.0, 0.0]], [[1.5, 2.0], [3.0, 0.5]], 0.5,
         "y is wrong at (0, 1) (1 of 4 elements differ).|2.0|9.0"),
        ([[1.0, 9.0], [3.0, 0.0]], [[1.5, 2.0], [3.0, 0.5]], 0.4,
         "y is wrong at (0, 1) (2 of 4 elements differ).|2.0|9.0"),
        (101.1, 100.0, 0.01, "y is wrong.|100.0|101.1"),  # relative to what was expected
        (0.27, 0.25, 0.01, "y is wrong.|0.25|0.27"),  # but to 1 where that is less
        ([0.27], [0.25], 0.01, "y is wrong at (0,).|0.25|0.27"),
        ([1.0, np.nan], [1.0, 1.0], 1e9, "y is wrong at (1,) (1 of 2 elements differ).|1.0|nan"),
        ([1.0, 1.0], [np.nan, 1.0], 1e9, "y is wrong at (0,) (1 of 2 elements differ).|nan|1.0"),
        ([np.inf], [-np.inf], 1e9, "y is wrong at (0,).|-inf|inf"),
        ([1.0], [1.0, 2.0], 1e9, "y has the wrong shape.|(2,)|(1,)"),
    ],
)  # fmt: skip
def test_what_is_not_close_is_told(received: Any, expected: Any, tolerance: float, told: str) -> None:
    what, wanted, came = told.split("|")
    with pytest.raises(ConformanceError) as caught:
        require_close("y", received, expected, tolerance, "Look.")
    assert str(caught.value) == f"{what}\n  Expected: {wanted}\n  Received: {came}\n  Remedy: Look."


def test_errors_say_where() -> None:
    error = ConformanceError("It is wrong.", expected=1, received=2, remedy="Look.", where="core/dense")
    assert str(error) == "core/dense: It is wrong.\n  Expected: 1\n  Received: 2\n  Remedy: Look."
    require(True, "a", expected=1, received=2, remedy="c")
    with pytest.raises(ConformanceError, match=r"^a\n  Expected: 1\n  Received: 2\n  Remedy: c$"):
        require(0, "a", expected=1, received=2, remedy="c")
    require_all_close("then", {"a": 1.0}, {"a": 1.0, "b": 2.0}, "Look.")
    with pytest.raises(
        ConformanceError, match=r"^'a' then is wrong\.\n  Expected: 1.0\n  Received: 1.5\n  Remedy: Look\.$"
    ):
        require_all_close("then", {"a": 1.5}, {"a": 1.0}, "Look.")
    with pytest.raises(ConformanceError):
        require_same("y", 1.0 + 1e-15, 1.0, "Look.")


# -- evaluation -------------------------------------------------------------------------------------------------------


def test_each_equation_may_use_those_above_it() -> None:
    found = evaluate(of(a="x + 1", b=None, c="a * np.sqrt(x)", a2="float(erf(0.0)) + len((1, 2))"), {"x": 4.0})
    assert found == {"a": 5.0, "c": 10.0, "a2": 2.0}
    assert evaluate(of(x="x + 1", y="x"), {"x": 1.0}) == {"x": 2.0, "y": 2.0}  # from there on it is what that gave


@pytest.mark.parametrize(
    "expression",
    [
        "abs(-2)", "float('2')", "int(2.5)", "len('ab')", "max(1, 2)", "min(3, 2)", "range(3)[2]", "sum((1, 1))",
        "tuple([2])[0]",
    ],
)  # fmt: skip
def test_what_an_expression_may_call(expression: str) -> None:
    assert evaluate(of(y=expression), {})["y"] == 2


@pytest.mark.parametrize(
    "expression", ["open('x')", "eval('1')", "print(1)", "__import__('os')", "__import__('numpyx')", "list(1)", "x"]
)
def test_nothing_else_is_in_reach(expression: str) -> None:
    with pytest.raises(ConformanceError, match="The expression of the equation of 'y' cannot be evaluated: ") as caught:
        evaluate(of(y=expression), {})
    assert caught.value.expected == "a value" and "An expression is made of x (x0, x1, …" in caught.value.remedy
    assert evaluate(of(y="__import__('numpy.linalg')"), {})["y"] is np


def test_products_of_several_arrays_are_numpys() -> None:
    rng = np.random.default_rng(0)
    names = {name: rng.normal(size=(3, 3)) for name in "abc"}
    found = evaluate(of(y="np.einsum('ij,jk,kl->il', a, b, c)", z="np.einsum('ij,jk', a, b, optimize=True)"), names)
    np.testing.assert_allclose(found["y"], names["a"] @ names["b"] @ names["c"])
    np.testing.assert_allclose(found["z"], names["a"] @ names["b"])


def test_a_function_is_computed_once_for_the_same_numbers_and_words() -> None:
    asked: list[Any] = []

    def function(*args: Any, **named: Any) -> int:
        asked.append(args)
        return len(asked)

    known = remembered(function)
    assert [known(1, "a"), known(1, "a"), known(2, "a"), known(1.5), known(1.5), known()] == [1, 1, 2, 3, 3, 4]
    array = np.ones(2)
    assert [known(array), known(array), known(1, b=2), known(1, b=2)] == [5, 6, 7, 8]
    assert known.__name__ == "function" and remembered(len) is len and remembered(3) == 3


def test_an_activation_is_what_its_equations_give() -> None:
    z = np.array([-0.5, 0.25])
    assert np.allclose(Activation("tanh")(z), np.tanh(z))
    assert np.allclose(Activation("tanh").derivative(z), 1 - np.tanh(z) ** 2)
    assert Activation(None)(z) is z and Activation(None).derivative(z).tolist() == [1.0, 1.0]


# -- held against code ------------------------------------------------------------------------------------------------


class Doubling:
    """What is asked of a component: ``y = 2 x``."""

    equations: ClassVar[Any] = of(a="x + x", y="a", n=None)

    def arguments(self) -> dict[str, Any]:
        return {"factor": 2.0}


def require_equations(component: Any, *args: Any, **named: Any) -> dict[str, Any]:
    return equations.require_equations(component, *args, **named)


def test_the_value_of_every_equation_is_given_and_the_wrong_one_is_told() -> None:
    x = np.array([1.0, 2.0])
    assert require_equations(Doubling(), {"x": x}, {"y": 2 * x, "n": 1})["a"].tolist() == [2.0, 4.0]
    require_equations(Doubling(), {"x": x}, {"y": 2 * x + 1e-10, "a": None})
    with pytest.raises(ConformanceError) as caught:
        require_equations(Doubling(), {"x": x}, {"y": 2.0 * x + 0.5}, where=" in step 3")
    assert str(caught.value) == (
        "The equation of 'y' and the code differ in step 3: the code's value is wrong at (0,) (2 of 2 elements differ)."
        "\n  Expected: 2.0\n  Received: 2.5\n  Remedy: One of the two is wrong: derive it again, and correct it."
    )
    require_equations(Doubling(), {"x": x}, {"y": 2.0 * x + 0.5}, 0.5)


def test_what_an_equation_is_to_give_is_out_of_its_reach() -> None:
    class Idle(Doubling):
        equations = of(y="y")

    class Shaped(Doubling):
        equations = of(y="x * np.ones(y.shape) * factor / 2")

    y = np.array([2.0, 4.0])
    with pytest.raises(ConformanceError, match=r"Received: 2\.0"):
        require_equations(Idle(), {"y": y}, {"y": y})
    require_equations(Shaped(), {"x": y, "y": y}, {"y": y})
    require_equations(Idle(), {"y": y}, {"y": y.copy()})  # given besides, and not what the code gave


def test_what_is_far_out_is_not_held_against_code() -> None:
    class Overflows(Doubling):
        equations = of(y="np.exp(x) / np.exp(x)")

    x, y = np.array([1.0, 1000.0]), np.array([1.0, 1.0])
    require_equations(Overflows(), {"x": x}, {"y": y}, finite=True)
    for wrong, how in ((y, False), (np.array([1.5, 1.0]), True)):
        with pytest.raises(ConformanceError):
            require_equations(Overflows(), {"x": x}, {"y": wrong}, finite=how)


def test_comparisons_are_noted_within_and_only_there() -> None:
    x = np.ones(2)
    with noted_comparisons() as outer:
        require_equations(Doubling(), {"x": x}, {"a": 2 * x})
        with noted_comparisons() as inner:
            require_equations(Doubling(), {"x": x}, {"y": 2 * x})
        assert (outer, inner) == ({"a"}, {"y"})
        require_equations(Doubling(), {"x": x}, {"a": 2 * x})
    require_equations(Doubling(), {"x": x}, {"a": 2 * x, "y": 2 * x})
    assert (outer, inner) == ({"a"}, {"y"})


@pytest.mark.parametrize(
    ("equations", "compared", "told"),
    [
        (of(a="x", y="a"), ["y"], []),
        (of(a="x", y="x"), ["y"], ["a"]),
        (of(a="x", b="x", y="x"), [], ["a", "b", "y"]),
        (of(a="x", b="a", y="x"), ["y"], ["a", "b"]),
        (of(y="x", z="y", x="z"), ["x"], []),
        (of(x="y", y="x"), ["y"], []),
        (of(y="x", x="y"), ["y"], ["x"]),
        (of(s="s + 1", y="x"), ["y"], ["s"]),
        (of(each="lambda n: x", f="each('f')", h="each('h')", y="h"), ["y"], []),
        (of(each="lambda n: x", f="each(n)", h="each('h')", y="h"), ["y"], ["f"]),
        (of(each="lambda n: x", f="each('f') + 1", h="each('h')", y="h"), ["y"], ["f"]),
        (of(each="lambda n: x", f="each(n='f')", h="each('h')", y="h"), ["y"], ["f"]),
        (of(each="lambda n: x", f="np.each('f')", h="each('h')", y="h"), ["y"], ["f"]),
        (of(n=None, y="x"), ["y"], []),
    ],
)
def test_what_is_idle(equations: Any, compared: list[str], told: list[str]) -> None:
    assert idle(equations, compared) == told


def test_names_that_an_expression_reads() -> None:
    assert used("np.sum(x * W) + (lambda k, b=c: k + d)(1)") == {"np", "x", "W", "c", "d"}
    assert used("[i * x for i in range(n)]") == {"x", "range", "n"} and used("(h := x) + h") == {"x"}
    assert used_names(of(a="x", b=None, c="y + x")) == {"x", "y"}


@pytest.mark.parametrize(
    ("latex", "good"),
    [("y", True), (r"\frac{a}{b}", True), (r"\{ a", True), (r"a \}", True), ("{a", False), ("a}", False),
     ("}a{", False),
     ("", False), ("  ", False), ("{{}}", True), ("{}}{", False)],
)  # fmt: skip
def test_latex_has_as_many_braces_closed_as_opened(latex: str, good: bool) -> None:
    if good:
        check_text((pl.Equation("y", latex),))
        return
    with pytest.raises(ConformanceError) as caught:
        check_text((pl.Equation("a", "a"), pl.Equation("y", latex)))
    assert str(caught.value).startswith("The LaTeX of the equation of 'y' is broken.\n  Expected: text with as many {")


def test_an_expression_that_is_none() -> None:
    check_text(of(y="x + 1"))
    with pytest.raises(ConformanceError) as caught:
        check_text(of(y="x +"))
    assert caught.value.what == "The expression of the equation of 'y' is no Python expression."
    assert caught.value.received == "'x +': invalid syntax"
