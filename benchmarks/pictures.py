"""The pictures of docs/maths/optimizers.md and docs/guide/training.md, drawn by the components themselves.

    python -m benchmarks.pictures

writes docs/images/schedules.png and docs/images/optimizers.png.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pellucid.interfaces.optimizer import Slots, make_segments
from pellucid.interfaces.parameters import Arena, Param
from pellucid.standard.initializers.fixed import Zeros
from pellucid.standard.ops.base import ReferenceOps
from pellucid.workbench.experiments.figures import BLUE, FAINT, INK, ORANGE, RED, VIOLET, style

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
TOTAL = 100
SCHEDULES: list[tuple[str, Any]] = [
    ("constant", "constant"),
    ("cosine", "cosine"),
    ("linear", "linear"),
    ("exponential", "exponential"),
    ("inverse_time, decay 0.1", {"type": "inverse_time", "decay": 0.1}),
    ("step", "step"),
    ("one_cycle", "one_cycle"),
    ("warmup 15, then cosine", {"type": "warmup", "steps": 15, "schedule": "cosine"}),
    (
        "warmup 15, then step, every 25",
        {"type": "warmup", "steps": 15, "schedule": {"type": "step", "factor": 0.5, "every": 25}},
    ),
]  # fmt: skip
BOWL = np.array([1.0, 12.0])
START, TAKEN = np.array([-1.7, 0.9]), 40
OPTIMIZERS: list[tuple[str, dict[str, Any], str]] = [
    ("sgd", {"type": "sgd", "lr": 0.1}, INK),
    ("sgd, momentum 0.8", {"type": "sgd", "lr": 0.05, "momentum": 0.8}, BLUE),
    ("nesterov", {"type": "sgd", "lr": 0.05, "momentum": 0.8, "nesterov": True}, VIOLET),
    ("adagrad", {"type": "adagrad", "lr": 0.5}, ORANGE),
    ("rmsprop", {"type": "rmsprop", "lr": 0.1}, RED),
    ("adam", {"type": "adam", "lr": 0.2}, BLUE),
    ("lion", {"type": "lion", "lr": 0.1}, ORANGE),
    ("muon, on the matrix (θ₁ θ₂)", {"type": "muon", "lr": 0.1, "rest": "sgd"}, VIOLET),
]  # fmt: skip


def schedules() -> None:
    figure = Figure(figsize=(9.2, 6.2), dpi=150, facecolor="white", layout="constrained")
    steps = np.arange(TOTAL)
    for (name, config), axes in zip(SCHEDULES, figure.subplots(3, 3, sharex=True, sharey=True).flat, strict=True):
        schedule = pl.read("schedule", config)
        axes.plot(steps, [schedule(int(step), TOTAL) for step in steps], color=BLUE, linewidth=1.8)
        _titled(axes, name)
        axes.set_ylim(-0.04, 1.08)
    figure.supxlabel("step, of 100 planned ones", color=FAINT, fontsize=9)
    figure.supylabel("factor on the learning rate", color=FAINT, fontsize=9)
    figure.savefig(FOLDER / "schedules.png")


def path(config: dict[str, Any]) -> Any:
    """Where an optimizer comes, step by step, on f(θ) = ½(θ₁² + 12 θ₂²)."""
    shape = (1, 2) if config["type"] == "muon" else (2,)
    param = Param("theta", shape, Zeros(), True, None, None, None)
    arena = Arena([param], "float64", ReferenceOps())
    param.data[...] = START.reshape(shape)
    slots, optimizer = Slots(arena), pl.read("optimizer", config)
    segments, seen = make_segments(optimizer, slots), [START]
    for _ in range(TAKEN):
        param.grad[...] = BOWL * param.data
        slots.t += 1
        optimizer.step(segments)
        seen.append(np.array(param.data).ravel())
    return np.array(seen)


def optimizers() -> None:
    figure = Figure(figsize=(11.0, 5.0), dpi=150, facecolor="white", layout="constrained")
    x, y = np.meshgrid(np.linspace(-2, 1.2, 200), np.linspace(-1.15, 1.15, 160))
    height = (BOWL[0] * x**2 + BOWL[1] * y**2) / 2
    for (name, config, color), axes in zip(
        OPTIMIZERS, figure.subplots(2, 4, sharex=True, sharey=True).flat, strict=True
    ):
        axes.contour(x, y, height, levels=[0.05, 0.3, 1.0, 2.2, 4.0, 6.2], colors="#d5dce1", linewidths=0.8)
        seen = path(config)
        axes.plot(*seen.T, color=color, linewidth=1.1, marker="o", markersize=2.4)
        axes.plot(*START, color=INK, marker="s", markersize=4)
        _titled(axes, f"{name}, lr {config['lr']}")
        axes.set(xlim=(-2, 1.2), ylim=(-1.15, 1.15))
    figure.supxlabel("θ₁", color=FAINT, fontsize=9)
    figure.supylabel("θ₂", color=FAINT, fontsize=9)
    figure.savefig(FOLDER / "optimizers.png")


def _titled(axes: Axes, title: str) -> None:
    style(axes)
    axes.set_title(title, fontsize=9.5, color=INK, loc="left")


if __name__ == "__main__":
    schedules()
    optimizers()
