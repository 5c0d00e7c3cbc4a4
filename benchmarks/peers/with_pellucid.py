"""pellucid through its front door: one long ``Trainer.fit``, as a user calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pellucid as pl

from benchmarks.cases import BETA1, BETA2, EPSILON, LEARNING_RATE, Case, Denoising
from benchmarks.peer import Peer


class EpochEnds(pl.Callback):
    """Tells the benchmark when an epoch is over."""

    def __init__(self, epoch_done: Callable[[float], None]) -> None:
        self.epoch_done = epoch_done

    def on_epoch_end(self, run: pl.Run) -> None:
        self.epoch_done(run.history[-1]["loss"])


class Pellucid(Peer):
    """What ``fit`` does beyond the others: it checks loss and gradient of every step for NaN and infinity before the
    weights change, serves observers, and keeps a history."""

    distributions: tuple[str, ...] = ("pellucid", "numpy", "scipy-openblas32")

    def backend(self) -> Any:
        """What the model is built on; None for the best installed."""
        return None

    def __init__(self, case: Case, threads: int) -> None:
        super().__init__(case, threads)
        self.objective = self.denoiser(case) if isinstance(case, Denoising) else self.network(case)
        self.note = type(self.model.runtime.ops).__name__

    def denoiser(self, case: Denoising) -> dict[str, Any]:
        """Make the model of case 7; its objective."""
        config = {"type": "diffusion/unet_denoiser", "channels": case.channels, "embedding": case.embedding}
        self.model = pl.build(config, input_shape=[case.image, ()], seed=0, backend=self.backend())
        values = case.named_weights()
        for param in self.model.parameters():
            param.data = values.pop(param.path.replace(".layers.", "."))
        assert not values
        return {"type": "diffusion/denoise", "schedule": "linear", "steps": case.times, "predict": "epsilon"}

    def network(self, case: Case) -> dict[str, Any]:
        """Make the model of another case; its objective."""
        layers: list[dict[str, Any]] = []
        for filters in case.filters:
            layers.append({"type": "cnn/conv2d", "filters": filters, "kernel_size": 3, "activation": "relu"})
            layers[-1]["padding"] = "same"
            layers.append({"type": "cnn/max_pool2d"})
        if case.filters:
            self.x = self.x.reshape(-1, *case.image)
            layers.append({"type": "flatten"})
        widths = case.sizes[1:]
        layers += [{"type": "dense", "units": units, "activation": "relu"} for units in widths[:-1]]
        layers.append({"type": "dense", "units": widths[-1]})
        config = {"type": "sequential", "input_shape": self.x.shape[1:], "layers": layers}
        self.model = pl.build(config, seed=0, backend=self.backend())
        values = [array for layer in case.weights() for array in layer]
        for param, value in zip(self.model.parameters(), values, strict=True):
            param.data = value
        return {"type": "supervised", "loss": "softmax_cross_entropy" if case.classify else "mse"}

    def train(self, epoch_done: Callable[[float], None]) -> None:
        trainer = pl.Trainer(
            self.model,
            objective=self.objective,
            optimizer={"type": "adam", "lr": LEARNING_RATE, "beta1": BETA1, "beta2": BETA2, "eps": EPSILON},
            callbacks=[EpochEnds(epoch_done)],
            seed=0,
        )
        y = self.y if self.y.size else None
        trainer.fit((self.x, y), epochs=1 << 40, batch_size=self.case.batch, verbose=False)

    def predictor(self) -> Callable[[Any], Any]:
        return self.model.predict
