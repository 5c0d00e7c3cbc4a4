"""The compiled kernels against their references: every layer, instruction set and number of threads; bits that stay."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pellucid as pl
import pytest

core = pytest.importorskip("pellucid.ops.kernels", reason="the core's kernels are not compiled").native
native = pytest.importorskip("pellucid_tabular.kernels.native", reason="the kernels are not compiled")
CATEGORIES = [3, 12, 2, 40]
LAYERS: tuple[dict[str, Any], ...] = (
    {"type": "tabular/periodic", "size": 5, "sigma": 1.0},
    {"type": "tabular/plr", "size": 5, "sigma": 1.0},
    {"type": "tabular/piecewise_linear", "size": 6, "bins": 9},
    {"type": "tabular/scaling"},
    {"type": "tabular/column_embedding", "categories": CATEGORIES, "numbers": {"type": "tabular/periodic"}, "size": 5},
)
SIZES = ((1, 1), (3, 2), (65, 17), (200, 130))
"""(N, F): single numbers, odd ones, remainders of blocks of rows and of columns."""


def results(which: int, sizes: tuple[int, int], backend: str) -> list[Any]:
    """Output, input gradient and every parameter's, of one call."""
    rng, config = np.random.default_rng(sum(sizes)), LAYERS[which]
    x = rng.normal(size=sizes)
    if "categories" in config:
        x = np.concatenate([x, *(rng.integers(-1, size + 1, (sizes[0], 1)) for size in CATEGORIES)], axis=1)
    layer = pl.build(config, input_shape=x.shape[1:], seed=1, backend=backend)
    for param in layer.parameters():
        param.data = rng.normal(size=param.shape)
    ctx = pl.Context(layer.runtime.ops, training=True)
    y = layer.forward(ctx, x.astype("float32"))
    dx = layer.backward(ctx, rng.normal(size=y.shape).astype("float32"))
    return [y.copy(), dx.copy(), *[p.grad.copy() for p in layer.parameters()]]


@cache
def wanted_of(which: int, sizes: tuple[int, int]) -> list[Any]:
    return results(which, sizes, "reference")


@pytest.mark.parametrize("which", range(len(LAYERS)), ids=[layer["type"] for layer in LAYERS])
def test_it_is_the_reference(which: int, simd: str) -> None:
    for sizes in SIZES:
        for ours, wanted in zip(results(which, sizes, "cython"), wanted_of(which, sizes), strict=True):
            scale = max(1.0, float(np.abs(wanted).max()))
            np.testing.assert_allclose(ours / scale, wanted / scale, rtol=0, atol=5e-6, err_msg=str(sizes))


@pytest.mark.parametrize("which", range(len(LAYERS)), ids=[layer["type"] for layer in LAYERS])
def test_the_bits_are_the_same_for_any_number_of_threads(which: int, simd: str, threads: None) -> None:
    found = []
    for count in (1, 2, 5):
        core.set_threads(count)
        found.append(results(which, (700, 130), "cython"))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("size", [3, 8])
def test_a_row_by_itself_has_the_bits_that_it_has_among_others(size: int, simd: str) -> None:
    rng = np.random.default_rng(0)
    layer = pl.build({"type": "tabular/piecewise_linear", "size": size, "bins": 48}, input_shape=(5,), seed=1,
                     backend="cython")  # fmt: skip
    layer.weight.data[...] = rng.normal(size=layer.weight.shape)
    x = rng.normal(scale=3, size=(70, 5)).astype("float32")  # beyond the edges, too
    x[3] = layer.edges[:, 7]
    ctx = pl.Context(layer.runtime.ops)
    together = layer.forward(ctx.child("all"), x).copy()
    for row, expected in zip(x, together, strict=True):
        np.testing.assert_array_equal(layer.forward(ctx.child("one"), row[None])[0], expected)


def test_a_quarter_of_a_turn_has_no_error(simd: str) -> None:
    model = pl.build({"type": "tabular/plr", "size": 2, "frequencies": 1}, input_shape=(1,), seed=0, backend="cython")
    model.frequency.data, model.weight.data, model.bias.data = np.ones((1, 1)), np.eye(2)[None], np.zeros((1, 2))
    found = model.predict(np.array([[0.0], [0.25], [0.5], [-0.75], [1.0], [1e6]]))
    assert found.tolist() == [[1, 0], [0, 1], [0, 0], [0, 1], [1, 0], [1, 0]]


def test_what_does_not_fit_is_refused() -> None:
    ops = pl.Context(pl.build("dense", units=1, input_shape=(1,), backend="cython").runtime.ops).ops
    x, scale = np.zeros((2, 3), np.float32), np.zeros(4, np.float32)
    with pytest.raises(pl.ShapeError, match="tabular/scaling_forward"):
        native.scaling_forward(ops, x, scale, x.copy())
    assert native.scaling_forward(ops, x.astype("float64"), scale, x.copy()) is NotImplemented
    table, y = np.zeros((5, 2), np.float32), np.zeros((2, 4), np.float32)
    with pytest.raises(pl.ShapeError, match="tabular/look_up_forward"):  # six rows are wanted
        native.look_up_forward(ops, x, np.array([7]), x[:, :2].copy(), table, 2, 2, y)
    with pytest.raises(pl.ShapeError, match="tabular/take_columns"):
        native.take_columns(ops, x, np.zeros((2, 4), np.float32))


@pytest.mark.parametrize("numbers", ["tabular/periodic", "tabular/plr", "tabular/piecewise_linear", None])
def test_a_training_step_is_recorded(numbers: str | None) -> None:
    config = {"type": "tabular/mlp", "outputs": 3, "categories": [3, 12], "hidden": [8], "numbers": numbers}
    model = pl.build(config, input_shape=(5,), seed=0, backend="cython")
    trainer = pl.Trainer(model, seed=0)
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(32, 3)), rng.integers(0, 3, (32, 2))], axis=1)
    trainer.fit((x, np.arange(32) % 3), epochs=3, batch_size=16, verbose=False)
    assert all(step.recorded for step in trainer._stepper._steps.values())
