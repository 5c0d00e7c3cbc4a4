"""Witness: a layer of the sample package, which knows nothing of images, at the bottom of a U-Net by its name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pellucid as pl
import pytest

BOTTOM = {"type": "cnn/pixelwise", "layer": {"type": "acme/rbf", "units": 8, "width": 2.0}}


@pytest.mark.usefixtures("acme")
def test_it_learns_between_the_halves_and_is_saved(tmp_path: Path) -> None:
    x = np.random.default_rng(0).uniform(size=(20, 8, 8, 3)).astype(np.float32)
    model = pl.build("unet", input_shape=(8, 8, 3), outputs=3, filters=[4, 8], bottom=BOTTOM, seed=0)
    own = [param for param in model.parameters() if param.path.endswith("centers")]
    before = [param.data.copy() for param in own]
    history = pl.Trainer(model, seed=0).fit((x, x), epochs=3, batch_size=5, verbose=False)
    assert history[-1]["loss"] < history[0]["loss"]
    assert len(own) == 1 and not np.array_equal(own[0].data, before[0])
    pl.save(model, tmp_path / "model.safetensors")
    again = pl.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert pl.to_config(again)["bottom"]["layer"]["type"] == "acme/rbf"
