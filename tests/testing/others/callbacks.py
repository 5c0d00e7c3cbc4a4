"""Callbacks of a stranger's: stop early, average, keep the best, count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

import numpy as np
from pellucid import Callback, Equation, Example, check_float, check_int, require_runtime


class EarlyStop(Callback):
    """Ends a run after some epochs without a better validation loss."""

    examples = (Example({"patience": 3}), Example({"patience": 2, "least": 0.01}))

    def __init__(self, patience: int = 5, least: float = 0.0) -> None:
        check_int(self, "patience", patience, "[1, inf)")
        check_float(self, "least", least, "[0, inf)")
        self.patience = patience
        self.least = least
        self.best = inf
        self.waited = 0

    def on_epoch_end(self, run: Any) -> None:
        loss = run.history[-1].get("validation_loss", run.history[-1]["loss"])
        if loss < self.best - self.least:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        if self.waited >= self.patience:
            run.stop(f"no better for {self.waited} epochs")

    def state(self) -> dict[str, Any]:
        return {"best": None if self.best == inf else self.best, "waited": self.waited}

    def restore(self, state: Any) -> None:
        if state:
            self.best = inf if state["best"] is None else state["best"]
            self.waited = state["waited"]


class Average(Callback):
    """The mean of the weights of all steps, lent to the validation."""

    def __init__(self) -> None:
        self._count = 0
        self._mean: Any = None

    def on_run_start(self, run: Any) -> None:
        if self._mean is None:
            self._mean = np.zeros_like(require_runtime(run.model).arena.data)
        run.on_step(self._follow)

    def _follow(self, run: Any) -> None:
        self._count += 1
        self._mean += (require_runtime(run.model).arena.data - self._mean) / self._count

    @contextmanager
    def lent(self, run: Any) -> Iterator[None]:
        data = require_runtime(run.model).arena.data
        trained = data.copy()
        if self._count:
            data[...] = self._mean
        try:
            yield
        finally:
            data[...] = trained

    def state(self) -> dict[str, Any]:
        return {} if self._mean is None else {"count": self._count, "mean": np.array(self._mean)}

    def restore(self, state: Any) -> None:
        if state:
            self._count, self._mean = state["count"], np.array(state["mean"])


class BestLoss(Callback):
    """Gives the model the weights of the epoch with the smallest training loss when a run ends."""

    def __init__(self) -> None:
        self.loss = inf
        self.kept: Any = None

    def on_epoch_end(self, run: Any) -> None:
        loss = run.history[-1]["loss"]
        if loss < self.loss:
            self.loss = loss
            self.kept = require_runtime(run.model).arena.data.copy()

    def on_run_end(self, run: Any) -> None:
        if self.kept is not None:
            require_runtime(run.model).arena.data[...] = self.kept

    def state(self) -> dict[str, Any]:
        return {} if self.kept is None else {"loss": self.loss, "kept": self.kept.copy()}

    def restore(self, state: Any) -> None:
        if state:
            self.loss, self.kept = state["loss"], state["kept"]


class Counted(Callback):
    """Counts steps and epochs over all runs, and lowers the gradient's scale with the count."""

    def __init__(self, every: int = 1) -> None:
        check_int(self, "every", every, "[1, inf)")
        self.every = every
        self.steps = 0
        self.losses: list[float] = []

    def on_run_start(self, run: Any) -> None:
        run.on_step(self._count, every=self.every)
        run.on_gradients(self._damp)

    def _count(self, run: Any) -> None:
        self.steps += 1

    def _damp(self, segments: Any) -> None:
        for segment in segments:
            segment.ops.scale(segment.grad, 1 / (1 + 0.1 * self.steps))

    def on_epoch_end(self, run: Any) -> None:
        self.losses.append(run.history[-1]["loss"])

    def state(self) -> dict[str, Any]:
        return {"steps": self.steps, "losses": list(self.losses)}

    def restore(self, state: Any) -> None:
        if state:
            self.steps, self.losses = state["steps"], list(state["losses"])


class Plateau(Callback):
    """Lowers the learning rate when the validation loss has not fallen for some epochs."""

    examples = (Example({"patience": 1}), Example({"patience": 2, "factor": 0.3}))

    def __init__(self, patience: int = 3, factor: float = 0.5) -> None:
        check_int(self, "patience", patience, "[1, inf)")
        check_float(self, "factor", factor, "(0, 1)")
        self.patience = patience
        self.factor = factor
        self.best = inf
        self.bad = 0
        self.scale = 1.0

    def on_run_start(self, run: Any) -> None:
        run.on_gradients(self._scaled)

    def _scaled(self, segments: Any) -> None:
        for segment in segments:
            segment.ops.scale(segment.grad, self.scale)

    def on_epoch_end(self, run: Any) -> None:
        loss = run.history[-1].get("validation_loss", inf)
        self.bad = 0 if loss < self.best else self.bad + 1
        self.best = min(self.best, loss)
        if self.bad >= self.patience:
            self.scale *= self.factor
            self.bad = 0

    def state(self) -> dict[str, Any]:
        return {"best": str(self.best), "bad": self.bad, "scale": self.scale}

    def restore(self, state: Any) -> None:
        if state:
            self.best, self.bad, self.scale = float(state["best"]), state["bad"], state["scale"]


class Jitter(Callback):
    """Adds noise to the gradients, drawn from a generator whose place in its stream is remembered."""

    def __init__(self, strength: float = 0.01, seed: int = 0) -> None:
        check_float(self, "strength", strength, "[0, inf)")
        check_int(self, "seed", seed, "[0, inf)")
        self.strength = strength
        self.seed = seed
        self.drawn = 0

    def on_run_start(self, run: Any) -> None:
        run.on_gradients(self._shaken)

    def _shaken(self, segments: Any) -> None:
        for segment in segments:
            rng = np.random.default_rng([self.seed, self.drawn])
            noise = self.strength * rng.normal(size=segment.grad.shape)
            segment.grad += noise.astype(segment.grad.dtype)
            self.drawn += 1

    def state(self) -> dict[str, Any]:
        return {"drawn": self.drawn}

    def restore(self, state: Any) -> None:
        self.drawn = state.get("drawn", 0)


class Log(Callback):
    """Writes a line for each epoch into a file."""

    examples = (Example({"path": "epochs.txt"}),)

    def __init__(self, path: str) -> None:
        self.path = path

    def on_run_start(self, run: Any) -> None:
        self._file = open(self.path, "a", encoding="utf-8")  # noqa: PTH123, SIM115

    def on_epoch_end(self, run: Any) -> None:
        self._file.write(f"{run.epoch} {run.history[-1]['loss']}\n")

    def on_run_end(self, run: Any) -> None:
        self._file.close()


class Snapshots(Callback):
    """Writes the weights into a file of their own after every n-th epoch."""

    examples = (Example({"every": 2}),)

    def __init__(self, every: int = 1) -> None:
        check_int(self, "every", every, "[1, inf)")
        self.every = every

    def on_epoch_end(self, run: Any) -> None:
        if run.epoch % self.every == 0:
            np.save(f"weights-{run.epoch}.npy", require_runtime(run.model).arena.data)


class Shrink(Callback):
    """Makes all weights a little smaller after every n-th step."""

    examples = (Example({"every": 3}),)

    def __init__(self, every: int = 1, factor: float = 0.99) -> None:
        check_int(self, "every", every, "[1, inf)")
        check_float(self, "factor", factor, "(0, 1]")
        self.every = every
        self.factor = factor

    def on_run_start(self, run: Any) -> None:
        run.on_step(self._shrunk)

    def _shrunk(self, run: Any) -> None:
        if run.step % self.every == 0:
            require_runtime(run.model).arena.data[...] *= self.factor


class Thaw(Callback):
    """Leaves the weights alone until some epochs are over."""

    equations = (Equation("acts", r"e < n", "epoch < epochs"),)
    examples = (Example({"epochs": 2}),)

    def __init__(self, epochs: int = 1) -> None:
        check_int(self, "epochs", epochs, "[0, inf)")
        self.epochs = epochs

    def on_run_start(self, run: Any) -> None:
        run.on_gradients(lambda segments: self._frozen(run, segments))

    def _frozen(self, run: Any, segments: Any) -> None:
        for segment in segments if run.epoch < self.epochs else ():
            segment.ops.fill(segment.grad, 0.0)


class Norms(Callback):
    """Keeps the length of all weights after every n-th step, of the whole training."""

    equations = (Equation("acts", r"n \mid s", "step % every == 0"),)
    examples = (Example({"every": 4}),)

    def __init__(self, every: int = 1) -> None:
        check_int(self, "every", every, "[1, inf)")
        self.every = every
        self.norms: list[float] = []

    def on_run_start(self, run: Any) -> None:
        run.on_step(self._measured, every=self.every)

    def _measured(self, run: Any) -> None:
        self.norms.append(float(np.linalg.norm(require_runtime(run.model).arena.data)))

    def state(self) -> dict[str, Any]:
        return {"norms": list(self.norms)}

    def restore(self, state: Any) -> None:
        self.norms = list(state.get("norms", []))
