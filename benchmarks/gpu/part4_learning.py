"""Part 4: the ready experiments trained on the card: do they reach what they reach on a processor?"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.gpu.backend import gpu_ops, is_stand_in
from benchmarks.gpu.report import tell


@dataclass(frozen=True)
class Goal:
    """An experiment, how long it trains here, and the figure of its test set that it must reach.

    Attributes:
        experiment: a ready one, or the sections of one.
        of: the plugin that it is about.
        epochs: None for as many as the experiment says.
        least, most: bounds on the figure.
        validation: whether the figure is that of the validation set.
        prompt: how a text begins that the model is asked to go on with.
    """

    name: str
    experiment: str | Mapping[str, Any] = field(repr=False)
    figure: str
    of: str
    epochs: int | None = None
    least: float = -1e9
    most: float = 1e9
    backend: str = "cupy"
    validation: bool = False
    prompt: str | None = None


LSTM = {
    "data": {"type": "mnist", "flat": False},
    "model": {"type": "stack", "layers": [
        {"type": "reshape", "shape": [28, 28]}, {"type": "lstm", "units": 128, "return_sequences": False},
        {"type": "dense", "units": 10},
    ]},
    "loss": {"type": "softmax_cross_entropy"}, "optimizer": {"type": "adam", "lr": 2e-3},
    "train": {"epochs": 2, "batch_size": 128, "clip_norm": 1.0, "seed": 0},
}  # fmt: skip
"""Digits read row by row, as sequences of 28 steps."""
TABLE = {
    "data": {"type": "half_moons", "n": 2000, "noise": 0.15}, "optimizer": {"type": "adamw", "lr": 3e-3},
    "train": {"epochs": 20, "batch_size": 64, "seed": 0},
}  # fmt: skip
MLP = TABLE | {"model": {"type": "tabular/mlp", "outputs": 2, "hidden": [64, 64]}}
ENSEMBLE = TABLE | {"model": {"type": "tabular/ensemble", "outputs": 2, "members": 4, "widths": [16, 32]}}

# What the same settings reach on a processor, less the spread of seeds; see the plugins' READMEs. The newest first.
GOALS = (
    Goal("Shakespeare, 2,000 steps", "plugins/transformer/experiments/shakespeare.toml", "loss", "transformer",
         most=1.88, validation=True, prompt="ROMEO:"),
    Goal("LSTM reads MNIST row by row, 2 epochs", LSTM, "accuracy", "recurrent", least=0.965),
    Goal("mlp for tables on half moons", MLP, "accuracy", "tabular", least=0.97),
    Goal("ensemble of 4 on half moons", ENSEMBLE, "accuracy", "tabular", least=0.97),
    Goal("MNIST, 784-512-256-10", "plugins/ann/experiments/mnist.toml", "accuracy", "ann", least=0.984),
    Goal("the same in TF32", "plugins/ann/experiments/mnist.toml", "accuracy", "ann", least=0.984,
         backend="cupy/tf32"),
    Goal("LeNet on MNIST", "plugins/cnn/experiments/mnist.toml", "accuracy", "cnn", least=0.993),
    Goal("VAE on MNIST, 10 epochs", "plugins/vae/experiments/mnist.toml", "loss", "vae", epochs=10, most=110.0),
    Goal("Diffusion of half moons, 60 epochs", "plugins/diffusion/experiments/half_moons.toml", "loss", "diffusion",
         epochs=60, most=0.75),
)  # fmt: skip
SMALL = ("ann",)


def main(small: bool, of: tuple[str, ...] = ()) -> bool:
    """Train them all."""
    everything = True
    chosen = [goal for goal in GOALS if not of or goal.of in of]
    for goal in [goal for goal in chosen if goal.of in SMALL][:1] if small and not of else chosen:
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

    source = goal.experiment
    sections = {
        name: dict(section)
        for name, section in (tomllib.loads((ROOT / source).read_text()) if isinstance(source, str) else source).items()
    }
    sections["train"] |= {"backend": None if is_stand_in() else goal.backend}
    if small and is_stand_in():
        _cut(goal, sections)
    experiment = check({name: drop_none(section) for name, section in sections.items()})
    with on_stand_in():
        prepared = prepare(experiment)
    trainer, splits, settings = prepared.trainer, prepared.splits, prepared.settings
    epochs = 1 if small else goal.epochs or settings.epochs
    started = time.perf_counter()
    trainer.fit(splits, epochs=epochs, batch_size=settings.batch_size, verbose=False)
    seconds = time.perf_counter() - started
    if goal.validation:
        figures = trainer.evaluate(splits.validation)
    else:
        figures = trainer.evaluate(splits if len(splits.test) else (splits.train.x, splits.train.y))
    reached = figures[goal.figure]
    ops = trainer.runtime.ops
    assert ops.name == "cupy"
    return {
        "ok": small or bool(goal.least <= reached <= goal.most), "reached": reached, "epochs": epochs,
        "steps": trainer.steps, "seconds": round(seconds, 2),
        "us_per_step": round(1e6 * seconds / max(trainer.steps, 1), 1), "last_refusal": str(ops.refused)[:300],
        "graphs": _graphs(trainer), **_told(goal, trainer.model, 20 if small else 400),
    }  # fmt: skip


def _cut(goal: Goal, sections: dict[str, Any]) -> None:
    """To what the stand-in can do in seconds."""
    if goal.of == "transformer":
        sections["data"] |= {"of": {"type": "shakespeare", "first": 20_000}, "windows": 24}
        sections["model"] |= {"width": 8, "layers": 1, "heads": 2}
        sections["schedule"] = {"type": "constant"}
    elif goal.of == "recurrent":
        sections["data"] = {"type": "iris"}
        sections["model"]["layers"][0] = {"type": "reshape", "shape": [4, 1]}
        sections["model"]["layers"][1] |= {"units": 4}
        sections["model"]["layers"][2] |= {"units": 3}
    elif goal.of == "tabular":
        sections["data"] |= {"n": 100}
    else:
        sections["data"] = {"type": "iris"}


def _graphs(trainer: Any) -> str:
    """How many of the steps that were made, one for each size of a batch, are replayed as graphs."""
    steps = getattr(getattr(trainer, "_stepper", None), "_steps", {}).values()
    return f"{sum(1 for step in steps if step.recorded)} of {len(steps)}"


def _told(goal: Goal, model: Any, tokens: int) -> dict[str, Any]:
    """What the model says after the prompt, and how long it takes for it."""
    if goal.prompt is None:
        return {}
    from pellucid_transformer import generate

    started = time.perf_counter()
    text = "".join(generate(model, goal.prompt, tokens, temperature=0.8, seed=1))
    seconds = time.perf_counter() - started
    return {"sample": goal.prompt + text, "tokens_per_second": round(tokens / seconds, 1)}


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
