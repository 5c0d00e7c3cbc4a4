"""Infinity and NaN in weights, running statistics and the optimizer's memory, and rates of 3e38: noticed within the
epoch, by an error that is true, and never saved over a checkpoint of finite numbers."""

from __future__ import annotations

import random
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.saving.reading import opened

COUNT = 2_000
SHORT = 12
RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6)).astype("float32")
Y = np.argmax(X[:, :3], axis=1)
LAYERS = [
    {"type": "dense", "units": 7, "activation": "relu"}, {"type": "batch_norm"}, {"type": "dense", "units": 3},
]  # fmt: skip
OPTIMIZERS = (
    {"type": "adam", "lr": 1e-2}, {"type": "adamw", "lr": 1e-2}, {"type": "sgd", "lr": 0.1, "momentum": 0.9},
)  # fmt: skip
PLACES = ("weights", "states", "memory", "rate")
EPOCH = 6  # steps


class Throw(pl.Callback):
    """After one step a number is no number any more, or from then on the rate is one that no weight can bear."""

    def __init__(self, place: str, step: int, value: float, rng: random.Random) -> None:
        self.place, self.step, self.value, self.rng = place, step, value, rng
        self.weights: dict[int, bytes] = {}  # after each step
        self.thrown = False

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(self.look)

    def look(self, run: pl.Run) -> None:
        trainer = run.trainer
        if run.step == self.step and not self.thrown:
            self.thrown = True
            self.throw(trainer)
        self.weights[run.step] = weights(trainer).tobytes()

    def throw(self, trainer: Any) -> None:
        if self.place == "rate":
            trainer.optimizer.lr = 3e38
            return
        arrays = {
            "weights": [p.data for p in trainer.model.parameters()],
            "states": [s.data for s in trainer.model.states()],
            "memory": list(trainer.slots.buffers.values()),
        }[self.place]
        array = self.rng.choice(arrays)
        used = np.flatnonzero(array) if self.place == "memory" else np.arange(array.size)  # not the gaps between
        array.reshape(-1)[self.rng.choice(list(used))] = self.value


def weights(trainer: Any) -> Any:
    return np.concatenate([p.data.ravel() for p in trainer.model.parameters()])


def throw(place: str, path: Path, rng: random.Random) -> None:
    backend, optimizer = rng.choice(["reference", "cython"]), dict(rng.choice(OPTIMIZERS))
    step, value = rng.randrange(1, 3 * EPOCH + 1), rng.choice([np.nan, np.inf, -np.inf])
    fault = f"{value} in {place} after step {step}, {optimizer['type']} on {backend}"
    thrower = Throw(place, step, value, rng)
    model = pl.build({"type": "sequential", "layers": LAYERS}, input_shape=(6,), seed=1, backend=backend)
    path.unlink(missing_ok=True)
    callbacks = [thrower, {"type": "checkpoint", "path": str(path), "seconds": rng.choice([0.0, 30.0])}]
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer=optimizer, callbacks=callbacks, seed=1)
    try:
        trainer.fit((X, Y), epochs=4, batch_size=8, verbose=False)
    except pl.NumericalError as error:
        said = str(error)
    else:
        # A rate of 3e38 may lead to weights that are huge and finite, and dead.
        assert place == "rate" and np.isfinite(weights(trainer)).all(), f"{fault}: not noticed"
        said = ""
    if place != "rate":
        assert trainer.epochs == (step - 1) // EPOCH, f"{fault}: noticed in epoch {trainer.epochs + 1} only"
    if "the weights are those of the step before" in said:
        now = weights(trainer)
        assert np.isfinite(now).all(), f"{fault}: {said}"
        assert now.tobytes() == thrower.weights.get(trainer.steps, now.tobytes()), f"{fault}: {said}"
    elif said:
        assert re.search(r"'.+' at \(.*\) is -?(nan|inf)", said) or "holds infinity or NaN" in said, f"{fault}: {said}"
    with opened(path, "checkpoint") as file:
        saved = file.tensors()
    assert all(np.isfinite(array).all() for array in saved.values()), f"{fault}: saved, though: {said}"


def main(count: int, seed: int) -> str:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        for k in range(count):
            throw(PLACES[k % len(PLACES)], Path(folder) / "run.checkpoint", rng)
    return f"{count} numbers that are none, in {', '.join(PLACES)}: noticed in their epoch, told as it is, none saved"
