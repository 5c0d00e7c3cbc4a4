"""The compiled kernels against their references: every cell, instruction set and number of threads; bits that stay."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.ops.base import ReferenceOps

core = pytest.importorskip("pellucid.ops.kernels", reason="the core's kernels are not compiled").native
native = pytest.importorskip("pellucid_recurrent.kernels.native", reason="the kernels are not compiled")
REFERENCE = ReferenceOps()
SIZES = ((1, 1, 1, 1), (3, 4, 2, 3), (17, 5, 7, 33), (40, 9, 20, 64))
"""(N, T, F, H): single numbers, odd ones, remainders of every vector, several parts."""
KINDS = (
    {}, {"return_sequences": False}, {"backwards": True, "masked": True}, {"return_sequences": False, "masked": True},
)  # fmt: skip


def results(cell: str, sizes: tuple[int, ...], kind: dict[str, Any], backend: str, dtype: str = "float32") -> list[Any]:
    """Output, input gradient and every parameter's, of one call."""
    n, t, f, h = sizes
    kind = dict(kind)
    masked = kind.pop("masked", False)
    shapes: Any = [(t, f), (t,)] if masked else (t, f)
    config = {"type": f"recurrent/{cell}", "units": h, **kind}
    layer = pl.build(config, input_shape=shapes, seed=1, backend=backend, dtype=dtype)
    rng = np.random.default_rng(sum(sizes))
    x, mask = rng.normal(size=(n, t, f)).astype(dtype), rng.integers(0, 2, (n, t)).astype(bool)
    ctx = pl.Context(layer.runtime.ops, training=True, dtype=dtype)
    y = layer.forward(ctx, x, *[mask] * masked)
    dx = layer.backward(ctx, rng.normal(size=y.shape).astype(dtype))
    return [y.copy(), (dx[0] if masked else dx).copy(), *[p.grad.copy() for p in layer.parameters()]]


@cache
def wanted_of(cell: str, kind: int, sizes: tuple[int, ...]) -> list[Any]:
    return results(cell, sizes, KINDS[kind], "reference")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_it_is_the_reference(cell: str, kind: int, simd: str) -> None:
    for sizes in SIZES:
        for ours, wanted in zip(results(cell, sizes, KINDS[kind], "cython"), wanted_of(cell, kind, sizes), strict=True):
            scale = max(1.0, float(np.abs(wanted).max()))
            what = str((cell, sizes, KINDS[kind]))
            np.testing.assert_allclose(ours / scale, wanted / scale, rtol=0, atol=5e-6, err_msg=what)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("units", [24, 70])
def test_the_bits_are_the_same_for_any_number_of_threads(cell: str, units: int, simd: str, threads: None) -> None:
    found = []
    for count in (1, 2, 5):
        core.set_threads(count)
        found.append(results(cell, (37, 7, 19, units), {"masked": True}, "cython"))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


def test_what_does_not_fit_is_refused() -> None:
    x, weight = np.zeros((2, 3, 4), np.float32), np.zeros((4, 5), np.float32)
    recurrent, bias, xs = np.zeros((5, 5), np.float32), np.zeros(5, np.float32), np.zeros((3, 2, 4), np.float32)
    gates, states = np.zeros((3, 2, 5), np.float32), np.zeros((4, 2, 5), np.float32)
    call = [REFERENCE, x, None, weight, recurrent, bias, "tanh", False, xs, gates, states, None]
    assert native.rnn_forward(*call) is None
    for place, wrong in ((1, x[:1]), (3, weight[:3]), (5, bias[:4]), (9, gates[:2]), (10, states[:3].copy())):
        with pytest.raises(pl.ShapeError, match="recurrent/rnn_forward"):
            native.rnn_forward(*call[:place], np.ascontiguousarray(wrong), *call[place + 1 :])
    assert native.rnn_forward(*call[:1], x.astype("float64"), *call[2:]) is NotImplemented


def test_a_training_step_is_recorded() -> None:
    layers = [{"type": "recurrent/lstm", "units": 8, "return_sequences": False}, {"type": "core/dense", "units": 1}]
    model = pl.build({"type": "sequential", "layers": layers}, input_shape=(5, 2), seed=0, backend="cython")
    trainer = pl.Trainer(model, loss="mse", seed=0)
    x = np.random.default_rng(0).normal(size=(32, 5, 2))
    trainer.fit((x, x.mean(axis=(1, 2))[:, None]), epochs=3, batch_size=16, verbose=False)
    assert all(step.recorded for step in trainer._stepper._steps.values())


def test_rows_that_are_not_carried_are_refused_where_a_kernel_runs() -> None:
    carried, out = np.ones((4, 3), np.float32), np.zeros((2, 3), np.float32)
    for offset, begins in ((2, None), (1, np.array([True, False]))):
        native.begin(REFERENCE, carried, np.array([offset], np.uint64), begins, out)
        assert (out == (1 if begins is None else [[0], [1]])).all()
    for offset in (3, 2**64 - 1):
        with pytest.raises(pl.DataError, match="more rows than are carried over"):
            native.begin(REFERENCE, carried, np.array([offset], np.uint64), None, out)
        with pytest.raises(pl.DataError, match="more rows than are carried over"):
            native.keep(REFERENCE, carried, np.array([offset], np.uint64), out, carried.copy())
