"""What a page of a step shows of layers of images, read back from a trace."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.page.built_in import parts_of
from pellucid.glassbox.page.parts import PageTable, PageWindow


def parts(layer: dict[str, Any], x: np.ndarray) -> list[Any]:
    """Of this layer, the first of its model, in a step on these samples."""
    layers = [layer, {"type": "flatten"}, {"type": "dense", "units": 2}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=x.shape[1:], seed=0)
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(x, np.zeros((len(x), 2), np.float32))
    waiting = list(trace.calls)
    while waiting:
        call = waiting.pop(0)
        if call.path == "layers.0":
            return parts_of(call, trace)
        waiting += call.inner
    raise AssertionError("The layer was not called.")


@pytest.mark.parametrize("shape", [(4, 5, 6), (7, 4)])
def test_of_each_group_of_each_image_mean_and_variance_are_told(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(2.0, 3.0, (3, *shape)).astype("f4")
    (table,) = parts({"type": "cnn/group_norm", "groups": 2, "eps": 1e-5}, x)
    assert isinstance(table, PageTable) and table.columns[0] == "image and group"
    half = shape[-1] // 2
    groups = [each[..., part].astype(float) for each in x for part in (slice(0, half), slice(half, None))]
    assert [row[0] for row in table.rows] == list(range(6))
    expected = [[group.mean(), group.var(), 0.0, group.var() / (group.var() + 1e-5)] for group in groups]
    np.testing.assert_allclose([row[1:] for row in table.rows], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "of", "shows"),
    [
        ({"type": "cnn/conv2d", "filters": 2}, "z", ("x", "W")), ({"type": "cnn/max_pool2d"}, "y", ("x",)),
        ({"type": "cnn/average_pool2d"}, "y", ("x",)), ({"type": "cnn/conv_transpose2d", "filters": 2}, None, ()),
    ],
)  # fmt: skip
def test_a_cell_shows_the_window_that_it_came_from(
    layer: dict[str, Any], of: str | None, shows: tuple[str, ...]
) -> None:
    found = parts(layer, np.random.default_rng(0).normal(size=(2, 4, 4, 3)).astype("f4"))
    windows = [(part.of, tuple(part.shows)) for part in found if isinstance(part, PageWindow)]
    assert of is None or windows == [(of, shows)]
