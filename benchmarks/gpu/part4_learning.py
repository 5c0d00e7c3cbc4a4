"""Part 4: the ready experiments trained on the card: do they reach what they reach on a processor?"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.gpu.backend import gpu_ops, is_stand_in
from benchmarks.gpu.report import tell


@dataclass(frozen=True)
class Goal:
    """An experiment, how long it trains here, and the figure of its test set that it must reach.

    Attributes:
        epochs: None for as many as the experiment says.
        least, most: bounds on the figure.
    """

    name: str
    experiment: str
    figure: str
    epochs: int | None = None
    least: float = -1e9
    most: float = 1e9
    backend: str = "cupy"


# What the same settings reach on a processor, less the spread of seeds; see the plugins' READMEs.
GOALS = (
    Goal("MNIST, 784-512-256-10", "plugins/ann/experiments/mnist.toml", "accuracy", least=0.984),
    Goal("the same in TF32", "plugins/ann/experiments/mnist.toml", "accuracy", least=0.984, backend="cupy/tf32"),
    Goal("LeNet on MNIST", "plugins/cnn/experiments/mnist.toml", "accuracy", least=0.993),
    Goal("VAE on MNIST, 10 epochs", "plugins/vae/experiments/mnist.toml", "loss", epochs=10, most=110.0),
    Goal("Diffusion of half moons, 60 epochs", "plugins/diffusion/experiments/half_moons.toml", "loss", epochs=60,
         most=0.75),
)  # fmt: skip


def main(small: bool) -> bool:
    """Train them all."""
    everything = True
    for goal in GOALS[:1] if small else GOALS:
        try:
            result = trained(goal, small)
        except Exception as error:
            result = {"ok": False, "why": f"{type(error).__name__}: {error}"[:600]}
            print(f"FAILED {goal.name}: {result['why']}", flush=True)
        everything = everything and result["ok"]
        tell(name=goal.name, figure=goal.figure, least=goal.least, most=goal.most, **result)
    return everything


def trained(goal: Goal, small: bool) -> dict[str, Any]:
    """Train one, as its file says, and evaluate it on the test set."""
    from pellucid.workbench.experiments.experiment import check, prepare

    sections = tomllib.loads((ROOT / goal.experiment).read_text())
    sections["train"] |= {"backend": None if is_stand_in() else goal.backend}
    if small and is_stand_in():
        sections["data"] = {"type": "iris"}
    experiment = check({name: drop_none(section) for name, section in sections.items()})
    with on_stand_in():
        prepared = prepare(experiment)
    trainer, splits, settings = prepared.trainer, prepared.splits, prepared.settings
    epochs = 1 if small else goal.epochs or settings.epochs
    started = time.perf_counter()
    trainer.fit(splits, epochs=epochs, batch_size=settings.batch_size, verbose=False)
    seconds = time.perf_counter() - started
    figures = trainer.evaluate(splits if len(splits.test) else (splits.train.x, splits.train.y))
    reached = figures[goal.figure]
    ops = trainer.runtime.ops
    assert ops.name == "cupy"
    return {
        "ok": small or bool(goal.least <= reached <= goal.most), "reached": reached, "epochs": epochs,
        "steps": trainer.steps, "seconds": round(seconds, 2),
        "us_per_step": round(1e6 * seconds / max(trainer.steps, 1), 1), "last_refusal": str(ops.refused)[:300],
    }  # fmt: skip


def drop_none(section: dict[str, Any]) -> dict[str, Any]:
    """The section without keys that say nothing."""
    return {key: value for key, value in section.items() if value is not None}


@contextmanager
def on_stand_in() -> Iterator[None]:
    """Within, on a dry run: the best installed backend is the stand-in."""
    if not is_stand_in():
        gpu_ops()  # verified or not
        yield
        return
    from pellucid.workbench.experiments import experiment

    before = experiment.get_ops
    experiment.get_ops = lambda backend=None: gpu_ops()  # type: ignore[assignment]
    try:
        yield
    finally:
        experiment.get_ops = before
