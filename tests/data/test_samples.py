"""check_data: each kind of unusable data gets one message that says where and what to do."""

from __future__ import annotations

import numpy as np
import pytest
from pellucid.basics.errors import DataError
from pellucid.interfaces.samples import Split, check_data

GOOD = np.ones((4, 3), np.float32)
LABELS = np.array([0, 1, 0, 1])


def holed(value: float) -> np.ndarray:
    x = GOOD.copy()
    x[2, 1] = x[3, 0] = value
    return x


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (holed(np.nan), None, r"x of the data must be finite\. Received: nan in row 2, column 1 .* 1 more"),
        (holed(np.inf), None, r"Received: inf in row 2, column 1"),
        (holed(-np.inf), None, r"Received: -inf in row 2, column 1"),
        (np.full((2, 3, 3), np.nan), None, r"row 0, column \(0, 0\) .* 17 more"),
        (GOOD, np.array([0.0, 1.0, np.nan, 1.0]), r"y of the data must be finite\. Received: nan in row 2 "),
        (GOOD, LABELS[:3], r"Received: 4 rows in x, 3 in y"),
        ((GOOD, GOOD[:2]), LABELS, r"Received: 4 rows in x\[0\], 2 in x\[1\]"),
        (GOOD[:0], LABELS[:0], r"no samples in the data: x has shape \(0, 3\)"),
        (GOOD[0], None, r"must have one sample a row .* Received: shape \(3,\)\. .*x\[None\]"),
        (GOOD, np.float32(1), r"y of the data must have one sample a row\. Received: a single number"),
        (np.array(1.0), None, r"Received: a single number"),
        ([[1.0, 2.0], [3.0]], None, r"x of the data must hold real numbers, with rows of one length\. Received"),
        (GOOD, np.array(["a", "b", "a", "b"]), r"y of the data must hold real numbers.*numpy.unique"),
        ([[1.0, None]], None, r"x of the data must hold real numbers. Received: dtype object, with None"),
        (GOOD.astype(complex), None, r"Received: dtype complex128"),
    ],
)
def test_unusable_data_is_named(x: object, y: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_data(x, y)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (GOOD, None),
        (GOOD, LABELS),
        (GOOD, GOOD),
        (GOOD.astype(np.uint8), LABELS.astype(bool)),
        ((GOOD, LABELS), None),
        (np.full((1, 2), np.finfo(np.float32).max), None),
        (np.zeros((3, 0), np.float32), None),
    ],
)
def test_usable_data_passes(x: object, y: object) -> None:
    check_data(x, y)


def test_message_says_which_data() -> None:
    with pytest.raises(DataError, match="x of the validation data must be finite"):
        check_data(holed(np.nan), where="the validation data")


def test_take_keeps_inputs_targets_and_classes_together() -> None:
    x = np.arange(8.0).reshape(4, 2)
    split = Split((x, x[:, 0]), np.arange(4), ("a", "b", "c", "d"))
    part = split.take(np.array([3, 1]))
    assert len(split) == 4 and len(part) == 2
    np.testing.assert_array_equal(part.x[0], x[[3, 1]])
    np.testing.assert_array_equal(part.x[1], [6.0, 2.0])
    np.testing.assert_array_equal(part.y, [3, 1])
    assert part.classes == ("a", "b", "c", "d")
    assert repr(part) == "Split(x=float64(2, 2), float64(2,), y=int64(2,))"
    assert repr(Split(x)) == "Split(x=float64(4, 2), y=None)"
