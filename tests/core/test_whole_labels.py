"""Labels of classes that are held as floats, as tables and CSV files give them."""

from __future__ import annotations

import numpy as np
import pytest
from pellucid import DataError
from pellucid.standard.labels import whole


@pytest.mark.parametrize("label", [0.0, -3.0, 106.0, 107.0, 2.0**53 - 1, 1 - 2.0**53])
def test_labels_with_a_decimal_point_are_whole_numbers_as_far_as_floats_tell_them_apart(label: float) -> None:
    found = whole(np.array([label, 1.0]), "y")
    assert found.dtype.kind == "i" and found.tolist() == [int(label), 1]


@pytest.mark.parametrize("label", [0.5, 2.0**53, -(2.0**53), float("inf"), float("nan")])
def test_labels_that_are_no_whole_numbers_are_refused(label: float) -> None:
    with pytest.raises(DataError, match=r"y: class labels must be whole numbers\. Received: "):
        whole(np.array([1.0, label]), "y")
