"""What is made once for images of a size is made anew for those of another, in the same run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

SIZES = [(6, 5, "float64"), (5, 6, "float64"), (6, 4, "float64"), (6, 5, "float32"), (6, 5, "float64")]


def moved(transform: Any, ctx: Any, height: int, width: int, dtype: str) -> Any:
    x = np.random.default_rng(0).uniform(size=(3, height, width, 2)).astype(dtype)
    ctx.begin(0, 0)
    y = np.array(transform.augment(ctx, x))
    assert y.dtype == dtype
    return y


@pytest.mark.parametrize("name", ["random_affine", "elastic"])
def test_images_of_any_size_are_moved_as_if_there_were_no_others(name: str) -> None:
    transform = pl.create("transform", f"cnn/{name}")
    one = pl.Context(pl.get_ops("reference"), training=True, dtype="float64")
    for height, width, dtype in SIZES:
        alone = pl.Context(pl.get_ops("reference"), training=True, dtype="float64")
        expected = moved(transform, alone, height, width, dtype)
        np.testing.assert_array_equal(moved(transform, one, height, width, dtype), expected)
