"""The kernels of the recurrent plugin for CUDA, held against its references: on a GPU, or compiled for the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest

from tests.components.support import REFERENCE, built, context
from tests.components.test_cupy_backend import DTYPES, GPU, needs_compiler

pytest.importorskip("pellucid_recurrent")
from pellucid.registry.config import create

pytestmark = needs_compiler
KINDS: tuple[dict[str, Any], ...] = (
    {}, {"return_sequences": False, "masked": True}, {"backwards": True, "masked": True},
)  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", range(len(KINDS)))
@pytest.mark.parametrize("cell", ["rnn", "relu", "gru", "lstm"])
def test_forward_and_backward(cell: str, kind: int, dtype: str) -> None:
    rng, how = np.random.default_rng(kind), dict(KINDS[kind])
    masked = how.pop("masked", False)
    how |= {"activation": "relu"} if cell == "relu" else {}
    x, mask = rng.normal(size=(3, 4, 2)).astype(dtype), rng.integers(0, 3, (3, 4)) > 0
    mask[1] = False
    arrays = [x, mask][: 1 + masked]
    layer, its_layer = (
        built(create("layer", f"recurrent/{'rnn' if cell == 'relu' else cell}", units=5, **how),
              *(array.shape[1:] for array in arrays), ops=ops, dtype=dtype)
        for ops in (REFERENCE, GPU)
    )  # fmt: skip
    ctx, its_ctx = context(dtype=dtype), context(GPU, dtype=dtype)
    y, its_y = layer.forward(ctx, *arrays), its_layer.forward(its_ctx, *map(GPU.asarray, arrays))
    tolerance = {"rtol": 1e-11, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-4, "atol": 2e-5}
    np.testing.assert_allclose(GPU.to_host(its_y), y, **tolerance)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx, its_dx = layer.backward(ctx, dy), its_layer.backward(its_ctx, GPU.asarray(dy))
    dx, its_dx = (dx[0], its_dx[0]) if masked else (dx, its_dx)
    np.testing.assert_allclose(GPU.to_host(its_dx), dx, **tolerance)
    for p, its_p in zip(layer.parameters(), its_layer.parameters(), strict=True):
        np.testing.assert_allclose(GPU.to_host(its_p.grad), p.grad, **tolerance, err_msg=p.path)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_training_step_is_replayed_as_a_graph(cell: str) -> None:
    x = np.random.default_rng(0).normal(size=(12, 3, 2))
    found = []
    for ops in (REFERENCE, GPU):
        GPU.refused = None
        model = pl.build("recurrent_network", input_shape=(3, 2), outputs=1, hidden=[4], cell=cell, task="regression",
                         seed=0, backend=ops, dtype="float64")  # fmt: skip
        trainer = pl.Trainer(model, seed=0)
        trainer.fit((x, x.sum(axis=(1, 2))[:, None]), epochs=2, batch_size=4, verbose=False)
        found.append(trainer.history["loss"])
    assert all(step.recorded for step in trainer._stepper._steps.values()), GPU.refused
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


def test_a_state_is_carried_over() -> None:
    found = []
    for ops in (REFERENCE, GPU):
        layers = [{"type": "gru", "units": 3, "carry": 4}, {"type": "dense", "units": 2}]
        model = pl.build({"type": "stack", "layers": layers}, input_shape=[(2, 1), ()], seed=0, backend=ops,
                         dtype="float64")  # fmt: skip
        signal = np.random.default_rng(0).integers(0, 2, (32, 1)).astype(float)
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=0)
        data = pl.Streams(signal, np.roll(signal[:, 0], 2).astype(int), side_by_side=4, steps=2)
        trainer.fit(data, epochs=2, verbose=False)
        found.append(trainer.history["loss"])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)
