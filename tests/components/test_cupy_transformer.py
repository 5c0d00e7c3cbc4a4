"""The kernels of the transformer plugin for CUDA, held against its references: on a GPU, or compiled for the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

from tests.components.support import REFERENCE, built, context
from tests.components.test_cupy_backend import DTYPES, GPU, ON_A_GPU, needs_compiler

pytest.importorskip("pellucid_transformer")
from pellucid.registry.config import create

pytestmark = needs_compiler
ROWS = 3
MASK, PAIRS, TOKENS = "mask", "pairs", "tokens"
CASES: list[tuple[str, dict[str, Any], list[Any]]] = [
    ("scaled_dot_product_attention", {"heads": 2}, [(4, 6), (5, 6), (5, 6)]),
    ("scaled_dot_product_attention", {"heads": 2}, [(4, 6), (5, 6), (5, 6), (MASK, 5)]),
    ("scaled_dot_product_attention", {"heads": 1, "causal": True}, [(4, 3), (4, 3), (4, 3), (PAIRS, 4, 4)]),
    ("scaled_dot_product_attention", {"heads": 4, "kv_heads": 2, "causal": True}, [(4, 8), (6, 4), (6, 4)]),
    ("scaled_dot_product_attention", {"heads": 1, "causal": True}, [(9, 4), (70, 4), (70, 4)]),
    ("multi_head_attention", {"heads": 2, "causal": True, "head_size": 4}, [(4, 6), (MASK, 4)]),
    ("multi_head_attention", {"heads": 4, "kv_heads": 2, "causal": True, "rotary": 100.0}, [(5, 8)]),
    ("multi_head_attention", {"heads": 2, "cross": True, "kv_heads": 1}, [(3, 4), (5, 3), (MASK, 5)]),
    ("embedding", {"vocabulary": 7, "units": 5}, [(TOKENS, 4)]),
    ("embedding", {"vocabulary": 7, "units": 3, "padding": 2}, [(TOKENS, 40)]),
    ("positions", {"longest": 9}, [(4, 3)]),
    ("positions", {"longest": 9, "form": "sinusoidal"}, [(4, 6)]),
    ("rms_norm", {}, [(3, 7)]),
    ("rms_norm", {"eps": 1e-3}, [(40,)]),
    ("unit", {"eps": 1e-12}, [(3, 5)]),
    ("feed_forward", {"hidden": 6}, [(3, 4)]),
    ("swiglu", {"hidden": 5}, [(3, 4)]),
    ("pooling", {}, [(4, 3)]),
    ("pooling", {}, [(4, 3), (MASK, 4)]),
    ("pooling", {"take": "first"}, [(4, 3), (MASK, 4)]),
    ("transformer_block", {"heads": 2, "norm": "transformer/rms_norm", "activation": "swiglu"}, [(4, 6), (MASK, 4)]),
]


def given(spec: Any, rng: np.random.Generator, dtype: str) -> Any:
    if spec[0] == TOKENS:
        return rng.integers(0, 7, (ROWS, *spec[1:]))
    if spec[0] in (MASK, PAIRS):
        mask = rng.integers(0, 3, (ROWS, *spec[1:])) > 0
        mask[1] = False  # nothing is seen, or there
        return mask
    return rng.normal(size=(ROWS, *spec)).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "arguments", "specs"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_forward_and_backward(name: str, arguments: dict[str, Any], specs: list[Any], dtype: str) -> None:
    rng = np.random.default_rng(len(name))
    arrays = [given(spec, rng, dtype) for spec in specs]
    shapes = [array.shape[1:] for array in arrays]
    layer, its_layer = (
        built(create("layer", f"transformer/{name}", **arguments), *shapes, ops=ops, dtype=dtype)
        for ops in (REFERENCE, GPU)
    )
    ctx, its_ctx = context(dtype=dtype), context(GPU, dtype=dtype)
    y, its_y = layer.forward(ctx, *arrays), its_layer.forward(its_ctx, *(GPU.asarray(array) for array in arrays))
    tolerance = {"rtol": 1e-10, "atol": 1e-11} if dtype == "float64" else {"rtol": 1e-4, "atol": 2e-5}
    np.testing.assert_allclose(GPU.to_host(its_y), y, **tolerance)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx, its_dx = layer.backward(ctx, dy), its_layer.backward(its_ctx, GPU.asarray(dy))
    for mine, its in zip(*((d if isinstance(d, tuple) else (d,)) for d in (dx, its_dx)), strict=True):
        if mine is not None:
            np.testing.assert_allclose(GPU.to_host(its), mine, **tolerance)
    for p, its_p in zip(layer.parameters(), its_layer.parameters(), strict=True):
        np.testing.assert_allclose(GPU.to_host(its_p.grad), p.grad, **tolerance, err_msg=p.path)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 2, 7, 40])
def test_texts_are_compared(rows: int, weighted: bool) -> None:
    rng = np.random.default_rng(rows)
    z = rng.normal(size=(rows, 5))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    weight = rng.uniform(size=rows) if weighted else None
    found = []
    for ops in (REFERENCE, GPU):
        loss, ctx = create("loss", "transformer/contrastive", temperature=0.2), context(ops)
        arrays = [None if a is None else ops.asarray(a) for a in (z, np.arange(rows) // 3, weight)]
        value = float(loss.forward(ctx, *arrays))
        found.append((value, np.array(ops.to_host(loss.backward(ctx)))))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-10, atol=1e-12)


def test_scores_far_out_stay_exact() -> None:
    """Where one key takes all, gradients of the others vanish, and do not drown in what rounding leaves of it."""
    rng = np.random.default_rng(1)
    layer = built(create("layer", "transformer/scaled_dot_product_attention", heads=2), (6, 8), (6, 8), (6, 8),
                  ops=GPU, dtype="float32")  # fmt: skip
    ctx = context(GPU, dtype="float32")
    q, k, v, dy = (GPU.asarray(300 * rng.normal(size=(2, 6, 8)).astype("float32")) for _ in range(4))
    assert np.isfinite(GPU.to_host(layer.forward(ctx, q, k, v))).all()
    assert np.abs(GPU.to_host(layer.backward(ctx, dy)[0])).max() < 1e-6


def test_a_token_that_is_no_row_is_named() -> None:
    layer = built(create("layer", "transformer/embedding", vocabulary=4, units=2), (3,), ops=GPU, dtype="float64")
    with pytest.raises(pl.DataError, match=r"0 … 3\. Received: 4 at row 1, position 2"):
        layer.forward(context(GPU), GPU.asarray(np.array([[0, 1, 2], [3, 0, 4]])))


MODELS: dict[str, dict[str, Any]] = {
    "language_model": {"dropout": 0.1},
    "rotary": {"positions": "rotary", "norm": "transformer/rms_norm", "activation": "swiglu", "kv_heads": 1},
    "sinusoidal": {"positions": "sinusoidal"},
    "sequence_classifier": {"outputs": 3},
    "sentence_encoder": {"pooling": "first"},
}


@pytest.mark.parametrize("which", MODELS if ON_A_GPU else ["language_model", "rotary", "sentence_encoder"])
def test_a_training_step_is_replayed_as_a_graph(which: str) -> None:
    kind = "language_model" if which in ("rotary", "sinusoidal") else which
    sizes = {"vocabulary": 9, "width": 8, "layers": 1, "heads": 2, "context": 8, **MODELS[which]}
    x = np.random.default_rng(0).integers(0, 9, (12, 5))
    y = np.roll(x, -1, 1) if kind == "language_model" else np.arange(12) // 2 % (3 if "outputs" in sizes else 99)
    found = []
    for ops in (REFERENCE, GPU):
        GPU.refused = None
        model = pl.build(f"transformer/{kind}", input_shape=(5,), seed=0, backend=ops, dtype="float64", **sizes)
        trainer = pl.Trainer(model, sampler="groups" if kind == "sentence_encoder" else None, seed=0)
        trainer.fit((x, y), epochs=2, batch_size=4, verbose=False)
        found.append((trainer.history["loss"], np.array(ops.to_host(model.predict(x[:4])))))
    assert all(step.recorded for step in trainer._stepper._steps.values()), GPU.refused
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-9)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-7, atol=1e-9)


@pytest.mark.skipif(not ON_A_GPU, reason="the stand-in has one order of work")
def test_the_same_steps_give_the_same_bits() -> None:
    found = []
    for _ in range(2):
        sizes = {"vocabulary": 9, "width": 4, "layers": 1, "heads": 2, "context": 4}
        model = pl.build("transformer/language_model", input_shape=(4,), seed=0, backend=GPU, **sizes)
        trainer = pl.Trainer(model, seed=0)
        x = np.random.default_rng(0).integers(0, 9, (16, 4))
        trainer.fit((x, np.roll(x, -1, 1)), epochs=1, batch_size=4, verbose=False)
        found.append(np.array(GPU.to_host(trainer.runtime.arena.data)).tobytes())
    assert found[0] == found[1]


def test_a_text_goes_on_as_on_a_processor() -> None:
    from pellucid_transformer import generate_tokens

    sizes = {"vocabulary": 9, "width": 8, "layers": 1, "heads": 2, "context": 6, "positions": "rotary"}
    texts = [
        list(generate_tokens(
            pl.build("transformer/language_model", input_shape=(6,), seed=0, backend=ops, dtype="float64", **sizes),
            [1, 2, 3], 6, temperature=0.7, seed=1,
        ))
        for ops in (REFERENCE, GPU)
    ]  # fmt: skip
    assert texts[0] == texts[1] and (ON_A_GPU or len(texts[0]) == 6)
