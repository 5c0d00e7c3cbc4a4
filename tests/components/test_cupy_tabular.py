"""What the tabular plugin has for CUDA, held against its references: on a GPU, or on the stand-in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

from tests.components.support import REFERENCE, built, context
from tests.components.test_cupy_backend import DTYPES, GPU, ON_A_GPU, needs_compiler

pytest.importorskip("pellucid_tabular")
from pellucid.registry.config import create

pytestmark = needs_compiler
CATEGORIES = [3, 12, 2]
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("periodic", {"size": 3, "sigma": 1.0}), ("plr", {"size": 3, "sigma": 1.0}),
    ("piecewise_linear", {"size": 4, "bins": 5}), ("scaling", {}),
    ("column_embedding", {"categories": CATEGORIES, "numbers": {"type": "tabular/periodic"}, "size": 5}),
)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "arguments"), CASES, ids=[c[0] for c in CASES])
def test_forward_and_backward(name: str, arguments: dict[str, Any], dtype: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(9, 4))
    if "categories" in arguments:
        x = np.concatenate([x, *(rng.integers(-1, size + 1, (9, 1)) for size in CATEGORIES)], axis=1)
    x = x.astype(dtype)
    layer, its_layer = (
        built(create("layer", f"tabular/{name}", **arguments), x.shape[1:], ops=ops, dtype=dtype)
        for ops in (REFERENCE, GPU)
    )
    ctx, its_ctx = context(dtype=dtype), context(GPU, dtype=dtype)
    y, its_y = layer.forward(ctx, x), its_layer.forward(its_ctx, GPU.asarray(x))
    tolerance = {"rtol": 1e-10, "atol": 1e-11} if dtype == "float64" else {"rtol": 1e-4, "atol": 2e-5}
    np.testing.assert_allclose(GPU.to_host(its_y), y, **tolerance)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx, its_dx = layer.backward(ctx, dy), its_layer.backward(its_ctx, GPU.asarray(dy))
    np.testing.assert_allclose(GPU.to_host(its_dx), dx, **tolerance)
    for p, its_p in zip(layer.parameters(), its_layer.parameters(), strict=True):
        np.testing.assert_allclose(GPU.to_host(its_p.grad), p.grad, **tolerance, err_msg=p.path)


@pytest.mark.parametrize("numbers", ["tabular/piecewise_linear", "tabular/plr"])
def test_a_training_step_is_that_of_the_reference(numbers: str) -> None:
    """On a GPU it is a graph; the stand-in captures no array code."""
    rng, found = np.random.default_rng(0), []
    x = np.concatenate([rng.normal(size=(16, 2)), rng.integers(0, 12, (16, 1))], axis=1)
    for ops in (REFERENCE, GPU):
        GPU.refused = None
        model = pl.build("tabular/mlp", input_shape=(3,), outputs=2, categories=[12], hidden=[4], numbers=numbers,
                         dropout=0.0, seed=0, backend=ops, dtype="float64")  # fmt: skip
        trainer = pl.Trainer(model, seed=0)
        trainer.fit((x, np.arange(16) % 2), epochs=2, batch_size=4, verbose=False)
        found.append(trainer.history["loss"])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-8)
    if ON_A_GPU:
        assert all(step.recorded for step in trainer._stepper._steps.values()), GPU.refused


def test_an_ensemble_is_trained_and_chosen() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(24, 3)).astype("float32")
    y, found = (x[:, 0] > 0).astype(int), []
    for ops in (REFERENCE, GPU):
        model = pl.build("tabular/ensemble", input_shape=(3,), outputs=2, members=2, widths=[4, 4], depths=[1, 1],
                         seed=1, backend=ops, settings={"numbers": None, "dropout": 0.0})  # fmt: skip
        pl.trainer_for(model, seed=0).fit((x[:16], y[:16]), validation=(x[16:], y[16:]), epochs=2, batch_size=8,
                                          verbose=False)  # fmt: skip
        found.append([np.array(ops.to_host(model.predict(x[:5]))) for _ in range(3)])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-3, atol=1e-4)
