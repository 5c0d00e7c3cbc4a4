"""The first steps of every ready experiment of the plugins, opened: the bits of those that nobody looks at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.sections import change, read_sections

from tests.glassbox.nets import bits

ROOT = Path(__file__).resolve().parents[2]
READY = sorted(ROOT.glob("plugins/*/experiments/*.toml"))
STEPS = 5
WIDTH = 8
LATENT = [f"model.autoencoder={{type='ae/autoencoder', latent=128, hidden=[{WIDTH}], outputs='logits'}}",
          "model.autoencoder_epochs=1"]  # fmt: skip
SMALLER = {"glyphs_latent": [*LATENT, "data.samples=60"], "mnist_latent": LATENT}
"""They train an autoencoder for minutes before their first step. What its codes are matters little to the bits of the
steps behind it, so it is a small one here that has seen the rows of these steps once; the network is as it stands."""
ROWS = 1300


class Stop(pl.Callback):
    """Ends the run after some steps."""

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(lambda run: run.stop("enough"), every=STEPS)


def first_steps(path: Path, traces: list[Any] | None) -> list[bytes]:
    """What they leave; with a list each is opened."""
    sections = read_sections(path)
    change(sections, SMALLER.get(path.stem, ()))
    prepared = prepare(check(sections))
    trainer = prepared.trainer
    trainer.callbacks[:] = [Stop()]
    if traces is not None:
        tracing = pl.create("callback", "trace", keep=["loss", "*.bias.grad"])
        trainer.openers.append((1, tracing.opener(trainer, traces.append)))
    splits = prepared.splits
    if path.stem in SMALLER:
        splits = replace(splits, train=splits.train.take(np.arange(ROWS)))
    trainer.fit(splits, epochs=1, batch_size=prepared.settings.batch_size, verbose=False)
    assert trainer.steps == STEPS
    return bits(trainer)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The warm-up of the cosine schedule")  # which is longer than these few steps
@pytest.mark.parametrize("path", READY, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_its_steps_are_the_same_opened(path: Path) -> None:
    try:
        plain = first_steps(path, None)
    except pl.DataError as error:  # of a data set that is not on this machine
        pytest.skip(str(error))
    traces: list[Any] = []
    assert first_steps(path, traces) == plain
    assert len(traces) == STEPS and all("loss" in trace for trace in traces)
