"""Writes the golden files of a release: python -m tests.saving.make_golden.

Run it once, when a version is new; files of a version that has been released are never written again.
"""

from __future__ import annotations

import json

import numpy as np
import pellucid as pl
from packaging.version import Version
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split
from pellucid.saving.checkpoint import save_checkpoint

from tests.saving.support import small_data, small_trainer
from tests.saving.test_versions import GOLDEN


class StopAt(pl.Callback):
    """Saves a checkpoint after a step, in the middle of an epoch, and ends the run there."""

    def __init__(self, step: int, path: str) -> None:
        self.step = step
        self.path = path

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(self._look)

    def _look(self, run: pl.Run) -> None:
        if run.step == self.step:
            save_checkpoint(run.trainer, self.path)
            run.stop("enough")


def main() -> None:
    x, y = small_data(40)
    split = Split(x, y, ("rose", "tulip", "iris"))
    empty = split.take(np.arange(0))
    trainer = small_trainer()
    trainer.fit(Splits(split, split, empty, ["standardize"]), epochs=2, batch_size=16)
    release = Version(pl.__version__).base_version  # that which is in the making
    name = f"model-{release}"
    pl.save(trainer.model, GOLDEN / f"{name}.safetensors")
    known = {"x": x[:4].tolist(), "prediction": trainer.model.predict(x[:4]).tolist(), "classes": split.classes}
    (GOLDEN / f"{name}.json").write_text(json.dumps(known) + "\n")

    name = f"checkpoint-{release}"
    stopped = small_trainer()
    stopped.callbacks.append(StopAt(5, str(GOLDEN / f"{name}.safetensors")))
    stopped.fit((x, y), validation=(x, y), epochs=3, batch_size=16)
    history = small_trainer().fit((x, y), validation=(x, y), epochs=3, batch_size=16)
    known = {"epochs": stopped.epochs, "position": stopped.position, "loss": history["loss"]}
    (GOLDEN / f"{name}.json").write_text(json.dumps(known) + "\n")


if __name__ == "__main__":
    main()
