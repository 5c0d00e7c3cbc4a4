"""Central differences of functions whose slopes are known, and what tells a kink from a mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pellucid.glassbox.prove.differences import measured, slope
from pellucid.glassbox.prove.held import _held, _Variable
from pellucid.glassbox.why.handed import influential


class Watched:
    """A function of the second of three numbers, and where it was asked."""

    def __init__(self, function: Callable[[float], float], x: float) -> None:
        self.x, self.function, self.asked = np.array([[7.0, x, 7.0]]), function, list[float]()

    def __call__(self) -> float:
        assert self.x[0, 0] == self.x[0, 2] == 7.0
        self.asked.append(float(self.x[0, 1]))
        return self.function(self.asked[-1])


def found(function: Callable[[float], float], x: float, gradient: float, **how: Any) -> tuple[Any, Watched]:
    watched = Watched(function, x)
    answer = measured(watched, watched.x, 1, gradient, how.pop("tolerance", 1e-6), **how)
    assert watched.x[0, 1] == x  # it was put back
    return answer, watched


def square(x: float) -> float:
    return x * x


@pytest.mark.parametrize(
    ("function", "x", "gradient", "slope", "error", "kink", "asked"),
    [
        (square, 3.0, 6.0, 6.0, 0.0, False, 2),
        (square, 3.0, 6.6, 6.0, 0.6 / 6.6, False, 5),  # wrong at once, and as wrong at a tenth of the step
        (square, 3.0, 3.0, 6.0, 0.5, False, 5),
        (square, 0.0, 0.25, 0.0, 0.25, False, 5),  # what is small is measured by 1
        (abs, 0.0, 1.0, 0.0, 1.0, True, 5),
        (abs, 0.0, 0.0, 0.0, 0.0, False, 2),  # between the two slopes: nobody can tell
        (lambda x: max(x, 0.0), 0.0, 0.0, 0.5, 0.5, True, 5),
        (abs, 5e-6, 1.0, 1.0, 0.0, False, 5),  # within the step, and left behind by a tenth of it
        (abs, 5e-8, 1.0, 1.0, 0.0, False, 9),
        (abs, 5e-6, 2.0, 1.0, 0.5, False, 7),  # beside a kink, and wrong all the same
        (abs, 5e-8, 2.0, 1.0, 0.5, False, 9),
        (lambda x: float(x > 0), 0.0, 0.0, 5e7, 1.0, True, 9),  # a jump is steeper at each step
        (lambda x: -float(x > 0), 0.0, 0.0, -5e7, 1.0, True, 9),
    ],
)
def test_a_gradient_held_against_a_slope(
    function: Any, x: float, gradient: float, slope: float, error: float, kink: bool, asked: int
) -> None:
    answer, watched = found(function, x, gradient)
    assert answer.slope == pytest.approx(slope, abs=1e-5)
    assert answer.error == pytest.approx(error, abs=1e-5)
    assert (answer.kink, len(watched.asked)) == (kink, asked)


@pytest.mark.parametrize(
    ("x", "at", "step"), [(0.0, None, 1e-5), (-0.5, None, 1e-5), (-4.0, None, 4e-5), (0.0, 30.0, 3e-4)]
)
def test_the_step_is_relative_to_the_number_and_at_least_that_of_1(x: float, at: float | None, step: float) -> None:
    _, watched = found(lambda x: 2 * x, x, 2.0, at=at)
    assert watched.asked == pytest.approx([x + step, x - step], abs=1e-12)
    _, watched = found(lambda x: 2 * x, x, 3.0, at=at)
    assert watched.asked == pytest.approx([x + step, x - step, x, x + step / 10, x - step / 10], abs=1e-12)


def test_what_an_error_is_relative_to() -> None:
    assert found(lambda x: 0.0, 0.0, 1e-3)[0].error == pytest.approx(1e-3)
    assert found(lambda x: 0.0, 0.0, 1e-3, size=0.1)[0].error == pytest.approx(1e-2)
    assert found(lambda x: 0.0, 0.0, 1e-3, size=1e-9)[0].error == pytest.approx(1.0)  # the gradient itself
    assert found(lambda x: 4 * x, 0.0, 1.0)[0].error == pytest.approx(0.75)  # or the slope, where that is larger
    noisy = found(lambda x: -1e6, 0.0, 1.0, rounding=1e-14)[0]  # 1e-14 / 1e-6 · 1e6 / 1e-6 at the last step
    assert noisy.error == pytest.approx(1e-4)
    assert found(lambda x: -1e6, 0.0, 1.0)[0].error == pytest.approx(1.0)


def test_slopes_that_differ_by_less_than_a_jump_are_no_kink() -> None:
    def bent(x: float) -> float:
        return x + 0.5 * abs(x)

    assert found(bent, 0.0, 0.0)[0].kink and not found(bent, 0.0, 0.0, jump=1.01)[0].kink
    assert not found(bent, 0.0, 0.0, size=1e5)[0].kink
    assert found(bent, 0.0, 0.0, jump=0.99)[0].kink


def test_a_slope() -> None:
    x = np.array([1.0, 2.0])
    assert slope(lambda: float(x[0] * x[1] ** 2), x, 1, 1e-4) == pytest.approx(4.0)
    assert x.tolist() == [1.0, 2.0]
    assert slope(lambda: float(x[0] * x[1] ** 2), x, 0, 0.5) == 4.0


# -- all cells of a gradient -------------------------------------------------------------------------------------------


def _of(gradient: list[float], recorded: list[float] | None, cells: list[int], **how: Any) -> Any:
    """Of ``L = Σ xᵢ²/2 + |x₃|``, whose gradient is x, and which has a kink in the last, at x = (1, 2, −4, 0)."""
    x = np.array([[1.0, 2.0], [-4.0, 0.0]])
    variable = _Variable(
        "g", lambda: float(np.sum(x**2) / 2 + abs(x[1, 1])), x, x.copy(), np.array(gradient).reshape(2, 2),
        None if recorded is None else np.array(recorded).reshape(2, 2), how.get("added", 0.0),
    )  # fmt: skip
    return _held(variable, np.array(cells), how.get("allowed", 1e-3), how.get("least", 1e-2))


RIGHT = [1.0, 2.0, -4.0, 0.5]


def test_gradients_that_are_right_are_held() -> None:
    found = _of(RIGHT, None, [2, 0, 1])
    assert (found.name, found.cells, found.kinks, found.recorded, found.passed) == ("g", 3, 0, False, True)
    assert found.error < 1e-9 and found.exact < 1e-9
    kinks = _of(RIGHT, None, [3, 1])
    assert (kinks.cells, kinks.kinks, kinks.passed, kinks.cell) == (1, 1, True, (0, 1))
    alone = _of(RIGHT, None, [3])
    assert (alone.cells, alone.kinks, alone.error, alone.passed) == (0, 1, 0.0, True)


def test_the_worst_cell_is_named() -> None:
    found = _of(RIGHT, [1.0, 2.0002, -4.002, 0.0], [0, 1, 2])
    assert (found.cell, found.gradient, found.recorded, found.passed) == ((1, 0), -4.002, True, True)
    assert (found.error, found.slope) == pytest.approx((0.002 / 4.002, -4.0)) and found.exact < 1e-9
    assert not _of(RIGHT, [1.0, 2.0002, -4.002, 0.0], [0, 1, 2], allowed=4e-4).passed
    added = _of(RIGHT, [1.0, 2.0002, -4.002, 0.0], [0, 1, 2], allowed=4e-4, added=10.0)  # of what cancels
    assert added.passed and added.error == pytest.approx(2e-4)
    wrong = _of([1.0, 2.5, -4.0, 0.5], [1.0, 2.0, -4.0, 0.0], [0, 1, 2])
    assert wrong.exact == pytest.approx(0.2) and wrong.error < 1e-9 and not wrong.passed
    none = _of([1.0, np.nan, -4.0, 0.5], None, [0, 1])
    assert (none.exact, none.passed) == (np.inf, False)


def test_small_cells_are_measured_by_the_largest_gradient() -> None:
    found = _of([1.0, 2.0, -4.0, 0.5], [1.002, 2.0, -4.0, 0.5], [0])
    assert found.error == pytest.approx(0.002 / 1.002)  # the largest of this array is 4, and 0.04 is less than 1
    assert _of(RIGHT, [1.002, 2.0, -4.0, 0.5], [0], least=5.0).error == pytest.approx(0.002 / 5)


# -- what matters ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [[], [0], [6], [2, 3], [0, 1, 2, 3, 4, 5, 6]])
def test_cells_that_matter_are_found_in_their_order(wanted: list[int]) -> None:
    x = np.arange(7.0)
    before = x.copy()
    assert influential(lambda: float(np.sum(x[wanted] ** 2)), x, np.random.default_rng(0), 24) == wanted
    assert np.array_equal(x, before)


def test_of_many_cells_that_matter_some_are_found() -> None:
    x = np.arange(12.0).reshape(3, 4)
    assert influential(lambda: float(x.sum()), x, np.random.default_rng(0), 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("scale", [1e-6, 1.0, -3e5, 1e12])
def test_cells_that_matter_are_found_however_large_they_are(scale: float) -> None:
    array = scale * np.arange(1.0, 25.0).reshape(4, 6)
    before = array.copy()

    def value() -> float:
        return float(array[0, 3] + 2 * array[2, 5] - array[3, 0])

    for most in (1, 2, 3, 9):
        found = influential(value, array, np.random.default_rng(0), most)
        assert set(found) <= {3, 17, 18} and len(found) == min(most, 3)
        assert (array == before).all()
