"""The first steps of every ready experiment of the plugins, opened: the bits of those that nobody looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pellucid as pl
import pytest
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.sections import read_sections

from tests.glassbox.nets import bits

ROOT = Path(__file__).resolve().parents[2]
READY = sorted(ROOT.glob("plugins/*/experiments/*.toml"))
STEPS = 5
TOO_LONG = ("glyphs_latent", "mnist_latent")
"""They train an autoencoder for minutes before their first step; the first of them was tried by hand."""


class Stop(pl.Callback):
    """Ends the run after some steps."""

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(lambda run: run.stop("enough"), every=STEPS)


def first_steps(path: Path, traces: list[Any] | None) -> list[bytes]:
    """What they leave; with a list each is opened."""
    prepared = prepare(check(read_sections(path)))
    trainer = prepared.trainer
    trainer.callbacks[:] = [Stop()]
    if traces is not None:
        tracing = pl.create("callback", "trace", keep=["loss", "*.bias.grad"])
        trainer.openers.append((1, tracing.opener(trainer, traces.append)))
    trainer.fit(prepared.splits, epochs=1, batch_size=prepared.settings.batch_size, verbose=False)
    assert trainer.steps == STEPS
    return bits(trainer)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The warm-up of the cosine schedule")  # which is longer than these few steps
@pytest.mark.parametrize("path", READY, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_its_steps_are_the_same_opened(path: Path) -> None:
    if path.stem in TOO_LONG:
        pytest.skip("it trains an autoencoder for minutes before its first step")
    try:
        plain = first_steps(path, None)
    except pl.DataError as error:  # of a data set that is not on this machine
        pytest.skip(str(error))
    traces: list[Any] = []
    assert first_steps(path, traces) == plain
    assert len(traces) == STEPS and all("loss" in trace for trace in traces)
