"""Functions that only move elements: NumPy's, given the elements' numbers, says which goes where: so every slope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pellucid import DifferentiationError
from pellucid.autodiff.tape import grad, value_and_grad

ONE: dict[str, list[tuple[Callable[[Any], Any], tuple[int, ...]]]] = {
    "swapaxes": [(lambda x: np.swapaxes(x, 0, 1), (2, 3)), (lambda x: np.swapaxes(x, -1, 0), (2, 3, 4))],
    "squeeze": [
        (np.squeeze, (2, 1, 1)), (lambda x: np.squeeze(x, 1), (2, 1, 1)), (lambda x: np.squeeze(x, (0, -1)), (1, 2, 1))
    ],
    "expand_dims": [(lambda x: np.expand_dims(x, 1), (2, 3)), (lambda x: np.expand_dims(x, (0, -1)), (2, 3))],
    "broadcast_to": [
        (lambda x: np.broadcast_to(x, (3, 2, 4)), (2, 1)), (lambda x: np.broadcast_to(x, (4,)), ()),
        (lambda x: np.broadcast_to(x, (0, 3)), (1, 3)),
    ],
    "flip": [
        (np.flip, (2, 3)), (lambda x: np.flip(x, 0), (2, 3)), (lambda x: np.flip(x, (0, 2)), (2, 3, 2)),
        (np.flipud, (3, 2)), (np.fliplr, (3, 2)), (np.flipud, (3,)), (np.fliplr, (2, 3, 2)),
    ],
    "moveaxis": [
        (lambda x: np.moveaxis(x, 0, 2), (2, 3, 4)), (lambda x: np.moveaxis(x, (0, 1), (-1, 0)), (2, 3, 4)),
        (lambda x: np.moveaxis(x, [2], [0]), (2, 3, 4)),
    ],
    "roll": [
        (lambda x: np.roll(x, 2), (2, 3)), (lambda x: np.roll(x, -1, 0), (3, 2)), (lambda x: np.roll(x, 4, 1), (2, 3)),
        (lambda x: np.roll(x, (1, -2), (0, 1)), (3, 4)), (lambda x: np.roll(x, (1, 2), 1), (3, 4)),
    ],
    "repeat": [
        (lambda x: np.repeat(x, 2), (2, 3)), (lambda x: np.repeat(x, 3, axis=0), (2, 3)),
        (lambda x: np.repeat(x, 2, axis=-2), (2, 3, 2)), (lambda x: np.repeat(x, 1, axis=1), (2, 3)),
        (lambda x: np.repeat(x, 0, axis=1), (2, 3)), (lambda x: np.repeat(x, 2), (3,)), (lambda x: np.repeat(x, 3), ()),
    ],
    "tile": [
        (lambda x: np.tile(x, 2), (3,)), (lambda x: np.tile(x, 3), (2, 3)), (lambda x: np.tile(x, (2, 1)), (2, 3)),
        (lambda x: np.tile(x, (2, 3)), (4,)), (lambda x: np.tile(x, (2,)), (2, 3, 2)),
        (lambda x: np.tile(x, (2, 2)), ()),
        (lambda x: np.tile(x, (2, 1, 3)), (2, 2)), (lambda x: np.tile(x, ()), (2, 3)),
        (lambda x: np.tile(x, (0, 2)), (2, 3)), (lambda x: np.tile(x, np.int64(2)), (2, 3)),
    ],
    "take": [
        (lambda x: np.take(x, [3, 0, 3]), (2, 3)), (lambda x: np.take(x, [1, 1], axis=0), (2, 3)),
        (lambda x: np.take(x, 2, axis=-1), (2, 3)), (lambda x: np.take(x, [[0, -1], [2, 1]], axis=1), (2, 3, 2)),
    ],
    "take_along_axis": [
        (lambda x: np.take_along_axis(x, np.array([[2, 0], [1, 1]]), 1), (2, 3)),
        (lambda x: np.take_along_axis(x, np.array([[1, 0, 1]]), 0), (2, 3)),
        (lambda x: np.take_along_axis(x, np.array([5, 0, 5]), None), (2, 3)),
        (lambda x: np.take_along_axis(x, np.array([[[1], [0]]] * 2), -1), (2, 2, 3)),
    ],
    "diagonal": [
        (np.diagonal, (3, 4)), (lambda x: np.diagonal(x, 1), (3, 4)), (lambda x: np.diagonal(x, -2), (3, 4)),
        (lambda x: np.diagonal(x, 0, 1, 2), (2, 3, 3)), (lambda x: np.diagonal(x, 1, 0, 2), (3, 2, 4)),
        (lambda x: np.diagonal(x, 9), (3, 4)), (lambda x: np.diagonal(x, -9), (3, 4)), (np.diag, (3, 4)),
        (lambda x: np.diag(x, -1), (4, 3)), (lambda x: np.diag(x, 2), (4, 3)),
    ],
    "split": [
        (lambda x: np.split(x, 3)[1], (6, 2)), (lambda x: np.split(x, 2, axis=-1)[1], (3, 4)),
        (lambda x: np.split(x, [1, 4])[0], (6,)), (lambda x: np.split(x, [1, 4])[1], (6,)),
        (lambda x: np.split(x, (1, 4))[2], (6,)), (lambda x: np.split(x, np.int64(2))[0], (4,)),
        *[(lambda x, i=i: np.array_split(x, 4)[i], (10,)) for i in range(4)],
        *[(lambda x, i=i: np.array_split(x, 5, axis=1)[i], (2, 3)) for i in range(5)],
        *[(lambda x, i=i: np.array_split(x, [2, 3], axis=0)[i], (5, 2)) for i in range(3)],
    ],
    "ravel": [(lambda x: np.reshape(x, (3, -1)), (2, 6)), (np.ravel, (2, 3)), (np.transpose, (2, 3, 4))],
}  # fmt: skip
"""Of functions of one array: how they are called, and on which shape."""
ONES = [(name, f, shape) for name, cases in ONE.items() for f, shape in cases]
MANY: list[tuple[str, Callable[..., Any], list[tuple[int, ...]]]] = [
    ("concatenate", lambda *a: np.concatenate(a), [(2, 3), (1, 3), (0, 3)]),
    ("concatenate", lambda *a: np.concatenate(a, axis=-1), [(2, 3), (2, 1)]),
    ("concatenate", lambda *a: np.concatenate(a, axis=1), [(2, 1, 2), (2, 3, 2), (2, 2, 2)]),
    ("concatenate", lambda *a: np.concatenate(a, axis=None), [(2, 3), (4,), (1, 1)]),
    ("stack", lambda *a: np.stack(a), [(2, 3)] * 2), ("stack", lambda *a: np.stack(a, axis=1), [(2, 3)] * 3),
    ("stack", lambda *a: np.stack(a, axis=-1), [(2, 3)] * 2), ("stack", lambda *a: np.stack(a), [()] * 3),
    ("stack", lambda *a: np.stack(a, axis=-1), [()] * 2), ("stack", lambda *a: np.stack(a, axis=1), [(2,)] * 2),
    ("vstack", lambda *a: np.vstack(a), [(3,), (3,)]), ("vstack", lambda *a: np.vstack(a), [(2, 3), (3,), (1, 3)]),
    ("vstack", lambda *a: np.vstack(a), [(), ()]), ("vstack", lambda *a: np.vstack(a), [(2, 2, 3), (1, 2, 3)]),
    ("hstack", lambda *a: np.hstack(a), [(3,), (2,)]), ("hstack", lambda *a: np.hstack(a), [(2, 3), (2, 1)]),
    ("hstack", lambda *a: np.hstack(a), [(), ()]), ("hstack", lambda *a: np.hstack(a), [(2, 2, 3), (2, 1, 3)]),
    ("column_stack", lambda *a: np.column_stack(a), [(3,), (3,)]),
    ("column_stack", lambda *a: np.column_stack(a), [(3, 2), (3,), (3, 1)]),
    ("column_stack", lambda *a: np.column_stack(a), [(2, 2, 3), (2, 1, 3)]),
    ("append", lambda *a: np.append(*a), [(2, 3), (2,)]),
    ("append", lambda *a: np.append(*a, axis=0), [(2, 3), (1, 3)]),
    ("append", lambda *a: np.append(*a, axis=1), [(2, 3), (2, 2)]),
    ("where", lambda *a: np.where(np.array([True, False, True]), *a), [(2, 3), (3,)]),
    ("where", lambda *a: np.where(np.array([[True], [False]]), *a), [(), (2, 3)]),
]  # fmt: skip


def require_moved(f: Callable[..., Any], shapes: list[tuple[int, ...]]) -> None:
    """The numbers of all elements, sent through NumPy's function, tell where each has gone."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in shapes]
    numbers, total = [], 0
    for array in arrays:
        numbers.append(np.arange(total, total + array.size).reshape(array.shape))
        total += array.size
    places, expected = np.asarray(f(*numbers)), np.asarray(f(*arrays))
    w = rng.normal(size=places.shape)
    seen: list[Any] = []

    def weighed(*a: Any) -> Any:
        y = f(*a)
        seen.append(np.shape(y))
        return np.sum(w * y)

    value, slopes = value_and_grad(weighed, tuple(range(len(arrays))))(*arrays)
    assert seen == [expected.shape] and value == pytest.approx(np.sum(w * expected), rel=1e-12, abs=1e-15)
    of_each = np.bincount(places.ravel(), w.ravel(), total)
    for number, slope in zip(numbers, slopes, strict=True):
        assert np.shape(slope) == number.shape
        np.testing.assert_allclose(slope, of_each[number], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("f", "shape"), [case[1:] for case in ONES], ids=[case[0] for case in ONES])
def test_each_element_of_an_array_is_found_again(f: Callable[..., Any], shape: tuple[int, ...]) -> None:
    require_moved(f, [shape])


@pytest.mark.parametrize(("f", "shapes"), [case[1:] for case in MANY], ids=[case[0] for case in MANY])
def test_each_element_of_several_is_found_again(f: Callable[..., Any], shapes: list[tuple[int, ...]]) -> None:
    require_moved(f, shapes)


FILLED: list[tuple[Callable[[Any], Any], tuple[int, ...]]] = [
    (lambda x: np.pad(x, 1), (2, 3)), (lambda x: np.pad(x, (1, 2)), (3,)), (lambda x: np.pad(x, (2, 0)), (2, 3)),
    (lambda x: np.pad(x, ((1, 0), (0, 2))), (2, 3)), (lambda x: np.pad(x, 1, constant_values=3.0), (2,)),
    (lambda x: np.pad(x, ((0, 1), (2, 1)), "constant"), (2, 3)), (lambda x: np.pad(x, 0), (2, 3)),
    (np.tril, (3, 4)), (lambda x: np.tril(x, 1), (3, 4)), (lambda x: np.tril(x, -1), (2, 4, 3)), (np.tril, (3,)),
    (np.triu, (3, 4)), (lambda x: np.triu(x, -1), (3, 4)), (lambda x: np.triu(x, 2), (2, 4, 3)), (np.triu, (3,)),
    (np.diag, (3,)), (lambda x: np.diag(x, 2), (3,)), (lambda x: np.diag(x, -1), (3,)),
]  # fmt: skip


@pytest.mark.parametrize(("f", "shape"), FILLED)
def test_elements_between_constants_are_found_again(f: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
    """The difference of two inputs that differ in one element is 1 where it has gone, and 0 on constants."""
    x = np.random.default_rng(0).normal(size=shape)
    w = np.random.default_rng(1).normal(size=np.shape(f(x)))
    value, slope = value_and_grad(lambda a: np.sum(w * f(a)))(x)
    assert value == np.sum(w * f(x))
    expected = np.zeros(shape)
    for place in np.ndindex(shape):
        one = np.zeros(shape)
        one[place] = 1
        expected[place] = np.sum(w * (f(one) - f(np.zeros(shape))))
    np.testing.assert_allclose(slope, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("f", "shape", "axis"),
    [(np.sort, (5,), -1), (lambda x: np.sort(x, 0), (4, 2), 0), (lambda x: np.sort(x, axis=None), (2, 3), None),
     (lambda x: np.sort(x, axis=1, stable=True), (2, 4), 1), (np.sort, (2, 4), -1)],
)  # fmt: skip
def test_sorted_elements_take_their_slopes_along(f: Callable[[Any], Any], shape: tuple[int, ...], axis: Any) -> None:
    x = np.random.default_rng(0).integers(0, 4, shape).astype(float)  # with ties
    order = np.argsort(x, axis=axis, kind="stable")
    w = np.random.default_rng(1).normal(size=order.shape)
    expected = np.zeros(x.size if axis is None else shape)
    np.put_along_axis(expected, order, w, -1 if axis is None else axis)
    np.testing.assert_array_equal(grad(lambda a: np.sum(w * f(a)))(x), expected.reshape(shape))


def test_what_has_no_rule_is_refused() -> None:
    for f, message in (
        (lambda x: np.pad(x, 1, "edge"), r"pad is differentiated for mode='constant'\. Received: 'edge'"),
        (lambda x: np.repeat(x, [1, 2]), r"one number of repeats for all elements\. Received: \[1, 2\]"),
    ):
        with pytest.raises(DifferentiationError, match=message):
            grad(lambda a, f=f: np.sum(f(a)))(np.ones(2))
    for parts in (2, 4, np.int64(2)):
        with pytest.raises(ValueError, match=f"an axis of length 3 cannot be split into {parts} equal parts"):
            grad(lambda x, parts=parts: np.sum(np.split(x, parts)[0]))(np.ones(3))
