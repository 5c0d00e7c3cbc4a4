"""The compiled attention against its reference: every instruction set, threads, tiles and what is left of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.ops.base import ReferenceOps
from pellucid_transformer.ops import attention as reference
from pellucid_transformer.ops.rotary import angles, rotate

core = pytest.importorskip("pellucid.ops.kernels", reason="the core's kernels are not compiled").native
native = pytest.importorskip("pellucid_transformer.kernels.native", reason="the kernels are not compiled")
OPS = ReferenceOps()
SIZES = (
    (1, 1, 1, 1, 1, 1), (2, 5, 3, 4, 2, 3), (3, 64, 64, 2, 2, 32), (1, 70, 131, 2, 1, 17), (1, 130, 1100, 1, 1, 8),
    (2, 300, 3, 2, 1, 5),
)  # fmt: skip
"""(N, T, S, H, K, d): single numbers, odd ones, one tile, remainders of blocks of queries, several tiles of keys, and
blocks of queries before the first key."""
KINDS: tuple[tuple[str | None, bool], ...] = ((None, False), (None, True), ("keys", False), ("pairs", True))


def results(ops: Any, sizes: tuple[int, ...], masked: str | None, causal: bool, dtype: str = "float32") -> list[Any]:
    """y, the three gradients and what each query keeps, of arrays that lie beside each other."""
    n, t, s, heads, kv_heads, d = sizes
    rng = np.random.default_rng(sum(sizes))
    wide = [
        rng.normal(size=(n, t, heads * d + 3)).astype(dtype),
        rng.normal(size=(n, s, 2 * kv_heads * d)).astype(dtype),
    ]
    gradients = [np.full_like(part, np.nan) for part in wide]
    cut = kv_heads * d
    (q, k, v), (dq, dk, dv) = (
        (one[..., : heads * d], both[..., :cut], both[..., cut:]) for one, both in (wide, gradients)
    )
    mask = None if masked is None else rng.integers(0, 4, (n, s) if masked == "keys" else (n, t, s)) > 0
    if mask is not None:
        mask[0, : t // 2 + 1] = False
    rows, y = np.full((2, n, heads, t), np.nan, dtype), np.full((n, t, heads * d), np.nan, dtype)
    dy = rng.normal(size=y.shape).astype(dtype)
    assert ops.attention_forward(OPS, q, k, v, mask, heads, kv_heads, causal, rows, y) is None
    assert ops.attention_backward(OPS, dy, q, k, v, mask, heads, kv_heads, causal, rows, y, dq, dk, dv) is None
    return [y, dq, dk, dv, rows]


@cache
def wanted_of(sizes: tuple[int, ...], masked: str | None, causal: bool) -> list[Any]:
    return results(reference, sizes, masked, causal, "float64")


@pytest.mark.parametrize(("masked", "causal"), KINDS)
def test_it_is_the_reference(masked: str | None, causal: bool, simd: str) -> None:
    for sizes in SIZES:
        for ours, wanted in zip(results(native, sizes, masked, causal), wanted_of(sizes, masked, causal), strict=True):
            np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-5, err_msg=str((sizes, masked, causal)))


def test_the_bits_are_the_same_for_any_number_of_threads(simd: str, threads: None) -> None:
    found = []
    for count in (1, 2, 5):
        core.set_threads(count)
        found.append(results(native, (3, 130, 600, 4, 2, 24), "pairs", True))
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("back", [False, True])
def test_pairs_are_turned_where_they_lie(back: bool, simd: str) -> None:
    rng = np.random.default_rng(0)
    for n, t, heads, half, rest in ((1, 1, 1, 1, 0), (3, 5, 2, 16, 7), (40, 9, 3, 5, 1)):
        x = rng.normal(size=(n, t, heads * 2 * half + rest)).astype(np.float32)
        turn, wanted = angles(100.0, 2 * half, 3, t).astype(np.float32), x.copy()
        rotate(OPS, turn, heads, back, wanted)
        assert native.rotate(OPS, turn, heads, back, x) is None
        np.testing.assert_allclose(x, wanted, rtol=0, atol=1e-6)


def test_scores_far_out_stay_exact(simd: str) -> None:
    """Where one key takes all, gradients of the others vanish, and do not drown in what rounding leaves of it."""
    rng = np.random.default_rng(1)
    q, k, v, dy = (300 * rng.normal(size=(2, 6, 8)).astype(np.float32) for _ in range(4))
    rows, y = np.empty((2, 2, 2, 6), np.float32), np.empty_like(q)
    dq, dk, dv = (np.empty_like(q) for _ in range(3))
    native.attention_forward(OPS, q, k, v, None, 2, 2, False, rows, y)
    native.attention_backward(OPS, dy, q, k, v, None, 2, 2, False, rows, y, dq, dk, dv)
    assert np.abs(dq).max() < 1e-6
    assert np.isfinite(y).all()


def test_what_does_not_fit_is_refused() -> None:
    q, k, y = np.zeros((2, 3, 8), np.float32), np.zeros((2, 4, 4), np.float32), np.zeros((2, 3, 8), np.float32)
    rows, mask = np.zeros((2, 2, 4, 3), np.float32), np.ones((2, 4), bool)
    call = [OPS, q, k, k, mask, 4, 2, False, rows, y]
    assert native.attention_forward(*call) is None
    for place, wrong in (
        (1, q[:1]),
        (2, k[:, :3]),
        (4, mask[:, :3].copy()),
        (6, 3),
        (8, rows[:, :, :3].copy()),
        (9, y[:1]),
    ):
        with pytest.raises(pl.ShapeError, match="transformer/attention_forward"):
            native.attention_forward(*call[:place], wrong, *call[place + 1 :])
    assert native.attention_forward(OPS, q.astype("float64"), *call[2:]) is NotImplemented
    assert native.attention_forward(OPS, q[:, :, ::-1], *call[2:]) is NotImplemented
    assert native.attention_forward(*call[:4], mask.astype("int64"), *call[5:]) is NotImplemented
    with pytest.raises(pl.ShapeError, match="transformer/attention_backward"):
        native.attention_backward(OPS, y, *call[1:], q.copy(), k[:1].copy(), k.copy())
    with pytest.raises(pl.ShapeError, match="transformer/rotate"):
        native.rotate(OPS, np.zeros((2, 3, 5), np.float32), 1, False, q)


def test_a_training_step_is_recorded() -> None:
    attention = {"type": "transformer/multi_head_attention", "heads": 2, "causal": True, "rotary": 100.0}
    model = pl.build({"type": "core/sequential", "layers": [attention]}, input_shape=(5, 8), seed=0, backend="cython")
    trainer = pl.Trainer(model, loss="mse", seed=0)
    x = np.random.default_rng(0).normal(size=(32, 5, 8))
    trainer.fit((x, x), epochs=3, batch_size=16, verbose=False)
    assert all(step.recorded for step in trainer._stepper._steps.values())
