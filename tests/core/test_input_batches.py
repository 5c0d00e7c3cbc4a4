"""What a model takes: which shapes fit, what is hinted at where they do not, in which blocks rows are made ready."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError, DataError, PellucidError, ShapeError
from pellucid.model import inputs
from pellucid.model.inputs import as_model_input, batches, check_inputs, collected, in_type, ready_batches


def shaped(*shape: int) -> np.ndarray[Any, Any]:
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("shape", "declared"),
    [
        ((5, 3), (3,)), ((0, 3), (3,)), ((5,), ()), ((5, 4, 3), (4, 3)), ((5, 7, 3), (None, 3)), ((5, 0), (None,)),
        ((5, 4, 4, 1), (4, 4, 1)),
    ],
)  # fmt: skip
def test_shapes_that_fit(shape: tuple[int, ...], declared: tuple[int | None, ...]) -> None:
    check_inputs((shaped(*shape),), (declared,))
    check_inputs((shaped(2, 9), shaped(*shape)), ((9,), declared))


SINGLE = " A single sample needs a batch axis: x[None]."


@pytest.mark.parametrize(
    ("shape", "declared", "wanted", "hint"),
    [
        ((5, 4), (3,), "(N, 3)", ""), ((5, 7, 3), (3,), "(N, 3)", ""), ((3,), (3,), "(N, 3)", SINGLE),
        ((4, 3), (4, 3), "(N, 4, 3)", SINGLE), ((4,), (3,), "(N, 3)", ""), ((12,), (4, 3), "(N, 4, 3)", ""),
        ((5, 28, 28), (784,), "(N, 784)", " The sizes agree: x.reshape(-1, 784) would fit."),
        ((5, 12), (2, 6), "(N, 2, 6)", " The sizes agree: x.reshape(-1, 2, 6) would fit."),
        ((5, 6, 2), (2, 6), "(N, 2, 6)", " The sizes agree: x.reshape(-1, 2, 6) would fit."),
        ((5, 2, 6), (6,), "(N, 6)", ""), ((5, 13), (2, 6), "(N, 2, 6)", ""), ((5, 3), (), "(N)", ""),
        ((5, 12), (None, 6), "(N, any, 6)", ""), ((5, 2, 7), (None, 6), "(N, any, 6)", ""),
        ((5, 2, 3, 6), (None, 6), "(N, any, 6)", ""),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(shape: tuple[int, ...], declared: Any, wanted: str, hint: str) -> None:
    for i, given in enumerate([((shape,), (declared,)), (((2, 9), shape), ((9,), declared))]):
        with pytest.raises(ShapeError) as caught:
            check_inputs(tuple(shaped(*each) for each in given[0]), given[1])
        assert str(caught.value) == (
            f"Input {i} of the model must have shape {wanted}, one sample a row. Received: {shape}.{hint}"
        )


def test_inputs_are_counted() -> None:
    for number in (0, 1, 3):
        with pytest.raises(ShapeError) as caught:
            check_inputs((shaped(5, 3),) * number, ((3,), (4,)))
        assert str(caught.value) == f"The model takes 2 input(s) of shapes [(3,), (4,)]. Received: {number}."


def test_numbers_that_the_type_of_the_model_cannot_hold_are_named() -> None:
    half, single, double = np.dtype("f2"), np.dtype("f4"), np.dtype("f8")
    x = np.array([[1.0, 2.0], [3.0, 70_000.0]])
    assert in_type("x", x, double).dtype == double and in_type("x", x, single).dtype == single
    assert in_type("x", x[:, :1], half).dtype == half and in_type("x", x[:0], half).shape == (0, 2)
    assert in_type("x", np.array([[1, 2], [3, 4]]), single).dtype == single
    assert in_type("x", x.astype("f4"), double).tolist() == x.tolist()
    infinite = in_type("x", np.array([np.inf, np.nan, -np.inf]), single)
    np.testing.assert_array_equal(infinite, np.array([np.inf, np.nan, -np.inf], "f4"))
    advice = "Scale the data, or build the model with dtype='float64'."
    for given, dtype, where in (
        (x, half, "float16: 70000.0 in row 1, column 1"),
        (-x.reshape(1, 2, 2), half, "float16: -70000.0 in row 0, column (1, 1)"),
        (np.array([np.inf, 1.0, 1e39]), single, "float32: 1e+39 in row 2"),
        (np.array([-1e39, 1.0, 1e39]), single, "float32: -1e+39 in row 0"),
    ):
        with pytest.raises(DataError) as caught:
            in_type("x", given, dtype)
        assert str(caught.value) == f"x holds a number too large for the model's {where}. {advice}"


def test_indices_and_masks_stay_what_they_are() -> None:
    model: Any = SimpleNamespace(integer_inputs=(1,), runtime=SimpleNamespace(dtype=np.dtype("f4")))
    for given, expected in ((np.ones((1, 3), "?"), "bool"), (np.ones((1, 3), "u1"), "int64")):
        assert as_model_input(model, 1, given).dtype == expected
        assert as_model_input(model, 0, given).dtype == "float32"
    with pytest.raises(DataError, match=r"Input 1 .* of integers or booleans\. Received: dtype float64\. Convert it"):
        as_model_input(model, 1, np.ones((1, 3)))


@pytest.mark.parametrize(
    ("n", "size", "least", "expected"),
    [
        (7, 3, 0, [(0, 3), (3, 6), (6, 7)]), (6, 3, 0, [(0, 3), (3, 6)]), (7, 3, 5, [(0, 3), (3, 6), (6, 7)]),
        (7, 3, 6, [(0, 6), (6, 7)]), (7, 2, 5, [(0, 4), (4, 7)]), (0, 3, 0, [(0, 0)]), (2, 3, 0, [(0, 2)]),
        (7, 1, 7, [(0, 7)]), (1, 1, 0, [(0, 1)]),
    ],
)  # fmt: skip
def test_slices_of_all_rows(n: int, size: int, least: int, expected: list[tuple[int, int]]) -> None:
    assert [(rows.start, rows.stop) for rows in batches(n, size, least)] == expected


@pytest.mark.parametrize("size", [0, -1, 2.0, True, None])
def test_a_size_of_batches_is_a_number_of_rows(size: Any) -> None:
    with pytest.raises(ConfigError, match="The 'batch_size' must be an int of at least 1"):
        [*batches(4, size)]


@pytest.mark.parametrize(
    ("width", "block", "size", "asked"),
    [
        ((6,), 12, 1, [2, 2, 2, 1]), ((2, 3), 12, 1, [2, 2, 2, 1]), ((6,), 12, 2, [2, 2, 2, 1]),
        ((6,), 11, 1, [1] * 7), ((6,), 25, 2, [4, 3]), ((6,), 12, 3, [3, 3, 1]), ((0,), 3, 1, [3, 3, 1]),
        ((), 3, 1, [3, 3, 1]), ((6,), 1000, 2, [7]),
    ],
)  # fmt: skip
def test_as_many_batches_are_made_ready_as_fill_a_block(
    width: tuple[int, ...], block: int, size: int, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "BLOCK", block)
    x, y = np.arange(7.0).reshape(7, *[1] * len(width)) + np.zeros(width), {"a": np.arange(7)}
    seen: list[int] = []

    def ready(x: Any, y: Any, nothing: None) -> tuple[Any, ...]:
        seen.append(len(x))
        return 2 * x, y["a"], nothing

    for wide in ((x, y, None), (np.arange(7), {"a": x}, None)):  # the widest counts, wherever it stands
        seen.clear()
        found = [*ready_batches(wide, size, ready)]
        assert seen == asked
        assert sum(rows.stop - rows.start for rows, _ in found) == 7 and found[-1][0].stop == 7
        assert max(rows.stop - rows.start for rows, _ in found) == min(size, 7)
        for rows, (doubled, told, nothing) in found:
            np.testing.assert_array_equal(doubled, 2 * wide[0][rows])
            np.testing.assert_array_equal(told, wide[1]["a"][rows])  # type: ignore[index, call-overload]
            assert nothing is None


def test_an_error_counts_the_rows_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "BLOCK", 4)

    def ready(x: Any) -> tuple[Any]:
        if (wrong := np.flatnonzero(x[:, 0] == 9)).size:
            raise DataError(f"row {wrong[0]}")
        return (x,)

    x = np.zeros((8, 2))
    x[5, 0] = 9
    with pytest.raises(DataError, match=r"^row 5$"):
        [*ready_batches((x,), 1, ready)]

    def never_whole(x: Any) -> tuple[Any]:
        if len(x) < 8 and (x == 9).any():
            raise PellucidError("only of a part")
        return (x,)

    with pytest.raises(PellucidError, match="only of a part"):
        [*ready_batches((x,), 1, never_whole)]


def test_outputs_are_put_where_their_rows_are() -> None:
    whole = np.arange(14.0).reshape(7, 2)
    for size in (1, 3, 7):
        one = collected(((rows, whole[rows]) for rows in batches(7, size)), 7)
        np.testing.assert_array_equal(one, whole)
        two = collected(((rows, (whole[rows], whole[rows, :1].astype(int))) for rows in batches(7, size)), 7)
        assert isinstance(two, tuple) and two[1].dtype == np.dtype(int)
        np.testing.assert_array_equal(two[0], whole)
        np.testing.assert_array_equal(two[1], whole[:, :1])
    with pytest.raises(ShapeError, match=r"One row for each of 3 samples .* an array of shape \(2, 2\)\."):
        collected(((rows, whole[rows][:2]) for rows in batches(7, 3)), 7)
