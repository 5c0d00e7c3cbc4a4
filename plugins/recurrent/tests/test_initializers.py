"""What the equation of orthogonal says of a draw, which the kit cannot hold against an expression."""

from __future__ import annotations

import numpy as np
import pellucid as pl
import pytest


@pytest.mark.parametrize("shape", [(4, 4), (4, 12), (3, 7), (5, 2)])
def test_the_columns_of_each_block_are_orthonormal(shape: tuple[int, int]) -> None:
    n, m = shape
    theta = pl.create("initializer", "recurrent/orthogonal")(np.random.default_rng(0), shape, n, m)
    for at in range(0, m, n):
        block = theta[:, at : at + n]
        np.testing.assert_allclose(block.T @ block, np.eye(block.shape[1]), atol=1e-12)
