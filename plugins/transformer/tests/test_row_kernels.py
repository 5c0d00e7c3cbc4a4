"""The compiled kernels of single positions against their references: instruction sets, threads, bits that stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.ops.base import ReferenceOps

core = pytest.importorskip("pellucid.ops.kernels", reason="the core's kernels are not compiled").native
native = pytest.importorskip("pellucid_transformer.kernels.native", reason="the kernels are not compiled")
REFERENCE = ReferenceOps()
SIZES = ((1, 1, 1), (3, 4, 5), (17, 9, 33), (6, 40, 130))
"""(N, T, D): single numbers, odd ones, remainders of every vector, several parts and blocks of columns."""
LAYERS: dict[str, dict[str, Any]] = {
    "embedding": {"vocabulary": 7}, "padded": {"vocabulary": 7, "padding": 2}, "positions": {"longest": 50},
    "sinusoidal": {"form": "sinusoidal", "longest": 50}, "rms_norm": {}, "unit": {"eps": 1e-12},
    "swiglu": {"hidden": 19}, "pooling": {}, "masked": {}, "first": {"take": "first"},
}  # fmt: skip
NAMES = {"padded": "embedding", "sinusoidal": "positions", "masked": "pooling", "first": "pooling"}


def results(which: str, sizes: tuple[int, ...], backend: str) -> list[Any]:
    """Output, input gradient and every parameter's, of one call."""
    n, t, d = sizes
    name = NAMES.get(which, which)
    config = {"type": f"transformer/{name}", **LAYERS[which], **({"units": d} if name == "embedding" else {})}
    shapes: Any = (t,) if name == "embedding" else [(t, d), (t,)] if which in ("masked", "first") else (t, d)
    layer = pl.build(config, input_shape=shapes, seed=1, backend=backend)
    rng = np.random.default_rng(sum(sizes))
    x: Any = rng.normal(size=(n, t, d)).astype("float32")
    if name == "embedding":
        x = rng.integers(0, 7, (n, t))
    mask = [rng.integers(0, 2, (n, t)).astype(bool)] if which in ("masked", "first") else []
    ctx = pl.Context(layer.runtime.ops, training=True)
    y = layer.forward(ctx, x, *mask)
    dx = layer.backward(ctx, rng.normal(size=y.shape).astype("float32"))
    dx = dx[0] if isinstance(dx, tuple) else dx
    return [y.copy(), *([] if dx is None else [dx.copy()]), *[p.grad.copy() for p in layer.parameters()]]


@pytest.mark.parametrize("which", LAYERS)
def test_it_is_the_reference(which: str, simd: str) -> None:
    for sizes in SIZES:
        for ours, wanted in zip(results(which, sizes, "cython"), results(which, sizes, "reference"), strict=True):
            scale = max(1.0, float(np.abs(wanted).max()))
            np.testing.assert_allclose(ours / scale, wanted / scale, rtol=0, atol=3e-6, err_msg=f"{which} {sizes}")


@pytest.mark.parametrize("which", LAYERS)
def test_the_bits_are_the_same_for_any_number_of_threads(which: str, simd: str, threads: None) -> None:
    found = []
    for count in (1, 2, 5):
        core.set_threads(count)
        found.append(results(which, (70, 33, 72), "cython"))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


def contrastive(ops: Any, n: int, d: int, weighted: bool) -> tuple[float, Any]:
    rng = np.random.default_rng(n + d)
    z = rng.normal(size=(n, d))
    z = (z / np.linalg.norm(z, axis=1, keepdims=True)).astype("float32")
    weight = rng.uniform(size=n).astype("float32") if weighted else None
    ctx, loss = pl.Context(ops, training=True), pl.create("loss", "transformer/contrastive", temperature=0.2)
    value = float(loss.forward(ctx, z, np.arange(n) // 2, weight))
    return value, loss.backward(ctx).copy()


def test_texts_are_compared_as_the_reference_does(simd: str, threads: None) -> None:
    for n, d in ((0, 3), (1, 3), (2, 1), (7, 5), (130, 40)):
        for weighted in (False, True):
            wanted, slope = contrastive(REFERENCE, n, d, weighted)
            core.set_threads(1)
            value, dz = contrastive(pl.get_ops("cython"), n, d, weighted)
            core.set_threads(3)
            again = contrastive(pl.get_ops("cython"), n, d, weighted)
            assert abs(value - wanted) < 1e-5 * max(1.0, wanted)
            np.testing.assert_allclose(dz, slope, rtol=0, atol=1e-6)
            assert again[0] == value
            assert again[1].tobytes() == dz.tobytes()


def test_the_same_token_a_hundred_thousand_times_adds_up_exactly() -> None:
    tokens, dy = np.full((1, 100_000), 3), np.full((1, 100_000, 1), 0.1, np.float32)
    starts, order, dweight = np.zeros(6, np.int64), np.zeros(100_000, np.int64), np.zeros((5, 1), np.float32)
    native.embedding_backward(REFERENCE, dy, tokens, -1, starts, order, dweight)
    assert dweight[3, 0] == np.float32(dy.sum(dtype="float64"))


def test_what_does_not_fit_is_refused() -> None:
    x, gain, inverse = (np.zeros(shape, np.float32) for shape in ((3, 4), (4,), (3,)))
    call = [REFERENCE, x, gain, 1e-5, inverse, x.copy()]
    assert native.rms_norm_forward(*call) is None
    for place, wrong in ((2, gain[:3]), (4, inverse[:2]), (5, x[:2])):
        with pytest.raises(pl.ShapeError, match="transformer/rms_norm_forward"):
            native.rms_norm_forward(*call[:place], wrong.copy(), *call[place + 1 :])
    assert native.rms_norm_forward(REFERENCE, x.astype("float64"), *call[2:]) is NotImplemented
    weight, y = np.zeros((5, 4), np.float32), np.zeros((2, 3, 4), np.float32)
    with pytest.raises(pl.ShapeError, match="transformer/embedding_forward"):
        native.embedding_forward(REFERENCE, np.zeros((2, 2), np.int64), weight, -1, y)
    with pytest.raises(pl.DataError, match=r"0 … 4\. Received: 5 at row 1, position 1 \(and 1 more\)"):
        native.embedding_forward(REFERENCE, np.array([[0, 1, 2], [0, 5, -1]]), weight, -1, y)


@pytest.mark.parametrize("kind", ["language_model", "sentence_encoder"])
def test_a_training_step_is_recorded(kind: str) -> None:
    sizes = {"vocabulary": 9, "width": 8, "layers": 1, "heads": 2, "context": 8}
    model = pl.build(f"transformer/{kind}", input_shape=(6,), seed=0, backend="cython", **sizes)
    trainer = pl.Trainer(model, seed=0)
    x = np.random.default_rng(0).integers(0, 9, (32, 6))
    y = np.roll(x, -1, 1) if kind == "language_model" else np.arange(32) // 2
    trainer.fit((x, y), epochs=3, batch_size=16, verbose=False)
    assert all(step.recorded for step in trainer._stepper._steps.values())
