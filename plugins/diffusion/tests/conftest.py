"""Small trained models that several tests look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest

STEPS = 50


def bars(n: int = 300) -> tuple[Any, Any]:
    """Images of 4 x 4 with a bar in the row of their class, 0 to 2."""
    y = np.arange(n) % 3
    x = np.zeros((n, 4, 4))
    x[np.arange(n), y] = 1.0
    return np.clip(x + 0.05 * np.random.default_rng(0).normal(size=x.shape), 0, 1), y


@pytest.fixture(scope="session")
def draws_bars() -> pl.Layer:
    """Has learned to draw bars of the classes a, b and c, with label dropout; data in [0, 1], scaled to [−1, 1]."""
    x, y = bars()
    part = pl.Split(x.astype("float32"), y, ("a", "b", "c"))
    empty = part.take(np.array([], int))
    splits = pl.Splits(part, empty, empty, [{"type": "scale", "factor": 2.0, "offset": -1.0}])
    model = pl.build("mlp_denoiser", input_shape=[(4, 4), (), ()], classes=3, hidden=48, blocks=2, embedding=16, seed=0)
    trainer = pl.Trainer(
        model, objective={"type": "diffusion/denoise", "steps": STEPS, "label_dropout": 0.15, "data_range": [-1, 1]},
        optimizer={"type": "adam", "lr": 4e-3}, schedule="cosine", seed=0,
    )  # fmt: skip
    trainer.fit(splits, epochs=60, batch_size=60, verbose=False)
    return model


@pytest.fixture(scope="session")
def saved_bars(draws_bars: pl.Layer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in a file."""
    path = tmp_path_factory.mktemp("model") / "bars.safetensors"
    pl.save(draws_bars, path)
    return path
