"""Slopes of convolutions, pools and blocks can be differentiated again, as a penalty on a critic's slopes asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.testing import check_gradients

LAYERS: dict[str, dict[str, Any]] = {
    "conv2d": {"filters": 2, "activation": "tanh", "stride": 2},
    "conv_transpose2d": {"filters": 2, "activation": "silu", "stride": 2},
    "max_pool2d": {},
    "average_pool2d": {},
    "global_average_pool2d": {},
    "group_norm": {"groups": 1},
    "pixelwise": {"layer": {"type": "dense", "units": 2, "activation": "tanh"}},
    "residual_block": {"filters": 2, "activation": "tanh"},
}


class Sloped(pl.Composite):
    def __init__(self, inner: pl.Layer) -> None:
        self.inner = inner

    def call(self, ctx: pl.Context, x: Any) -> Any:
        slope = pl.slopes(self.inner, x)
        return np.sum(slope.reshape(len(x), -1) ** 2, axis=1, keepdims=True) + np.sum(self.inner(x) ** 2)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_of_gradients_are_right(name: str) -> None:
    layer = pl.create("layer", f"cnn/{name}", **LAYERS[name])
    assert check_gradients(Sloped(layer), np.random.default_rng(0).normal(size=(2, 4, 4, 2))).worst < 1e-6
