"""What a page of a step shows of a variational autoencoder's codes: the noise, and what each unit costs."""

from __future__ import annotations

import numpy as np
import pellucid as pl
from pellucid.glassbox.page.built_in import parts_of
from pellucid.glassbox.page.parts import PageNote, PagePicture


def test_the_cost_of_each_unit_adds_up_to_that_of_the_objective() -> None:
    """KL(N(μ, σ²) ‖ N(0, 1)) = (σ² + μ² − 1) / 2 − log σ, of which the objective takes the sum over units."""
    model = pl.build("vae", input_shape=(6,), latent=2, hidden=[3], seed=0)
    x = np.random.default_rng(0).random((5, 6), np.float32)
    for param in model.parameters():  # away from the prior
        param.data += np.random.default_rng(1).normal(size=param.shape, scale=0.3).astype("f4")
    trace = pl.Trainer(model, seed=0).trace_step(x)
    waiting, found = list(trace.calls), []
    while waiting:
        call = waiting.pop(0)
        waiting += call.inner
        if type(call.component).__name__ == "GaussianHead":
            found = parts_of(call, trace)
    noise, note, costs, means = found
    assert isinstance(noise, PagePicture) and isinstance(note, PageNote) and isinstance(costs, PagePicture)
    mean, log_std = (np.asarray(trace[f"model.{name}"], float) for name in ("y1", "y2"))
    sigma = np.exp(log_std)
    np.testing.assert_allclose(costs.array, (sigma**2 + mean**2 - 1) / 2 - np.log(sigma), atol=1e-6)
    np.testing.assert_allclose(means.array, np.asarray(costs.array).sum(0) / 5, atol=1e-6)
    np.testing.assert_allclose(np.sum(costs.array, axis=1).mean(), float(np.mean(trace["loss.kl"])), rtol=1e-5)
    assert np.shape(trace[str(noise.array)]) == (5, 2)


def test_labels_stand_beside_the_features_that_the_encoder_sees() -> None:
    """Dense ones see a row of all pixels and the label; one of the user's own sees pictures with planes of it."""
    row = pl.build("conditional_vae", input_shape=[(4, 4, 1), ()], classes=3, latent=2, hidden=[5], seed=0)
    assert next(param.shape for param in row.parameters()) == (16 + 3, 5)
    own = pl.build(
        "conditional_vae", input_shape=[(4, 4, 1), ()], classes=3, latent=2, seed=0,
        encoder={"type": "sequential", "layers": [{"type": "flatten"}, {"type": "dense", "units": 5}]},
        decoder={"type": "sequential", "layers": [{"type": "dense", "units": 16},
                                                  {"type": "reshape", "shape": [4, 4, 1]}]},
    )  # fmt: skip
    assert next(param.shape for param in own.parameters()) == (16 * (1 + 3), 5)
    x, label = np.random.default_rng(0).random((2, 4, 4, 1), np.float32), np.array([0, 2])
    assert [np.shape(part) for part in own.predict((x, label))] == [(2, 4, 4, 1), (2, 2), (2, 2)]
