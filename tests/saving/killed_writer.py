"""Kills a process that saves checkpoints, 200 times at random moments, and loads what is left: killed_writer FOLDER.

Run by test_kill.py in a process of its own, because it forks.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import pellucid as pl
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.saving.temporary import remove_leftovers

KILLS = 200


def make() -> pl.Trainer:
    model = pl.build("dense", units=256, input_shape=(512,), seed=0, backend="reference")  # half a megabyte
    return pl.Trainer(model, loss="mse", seed=0)


def write_for_ever(path: Path) -> None:
    trainer = make()
    restore_checkpoint(trainer, path)
    while True:
        trainer.slots.t += 1
        trainer.model.parameters()[0].data[...] = trainer.steps
        save_checkpoint(trainer, path)


def wait_for_a_write(folder: Path) -> None:
    """Return when the child has begun to save, however slow the machine is."""
    until = time.monotonic() + 30
    while not any(folder.glob(".*.partial")):
        assert time.monotonic() < until, "the child does not save"
        time.sleep(0.0005)


def main(folder: Path) -> None:
    path = folder / "checkpoint.safetensors"
    trainer = make()
    save_checkpoint(trainer, path)
    moments = random.Random(0)
    cut_short = steps = 0
    for _ in range(KILLS):
        child = os.fork()
        if child == 0:
            write_for_ever(path)
        wait_for_a_write(folder)
        time.sleep(moments.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        cut_short += any(folder.glob(".*.partial"))
        remove_leftovers(folder)
        restore_checkpoint(trainer, path)
        assert trainer.steps >= steps, "an older checkpoint came back"
        assert (trainer.model.parameters()[0].data == trainer.steps).all() or trainer.steps == 0, "a torn checkpoint"
        steps = trainer.steps
    print(KILLS, cut_short, steps, [p.name for p in folder.iterdir()] == [path.name])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
