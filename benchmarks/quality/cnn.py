"""What the ready CNN experiments reach: three seeds each, the epoch chosen on validation data, the test read once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pellucid_cnn import verbs

from benchmarks.quality.harness import Goal, case
from benchmarks.ready import Trained, fresh, train_ready

SEEDS = (0, 1, 2)


@case("cnn/mnist", goals=[Goal("test_accuracy", ">=", 0.995)])
def mnist(out: Path, quick: bool) -> dict[str, Any]:
    """Handwritten digits."""
    return _seeds("mnist", out, quick)


@case("cnn/fashion_mnist", goals=[Goal("test_accuracy", ">=", 0.935)])
def fashion_mnist(out: Path, quick: bool) -> dict[str, Any]:
    """Articles of clothing."""
    return _seeds("fashion_mnist", out, quick)


def _seeds(experiment: str, out: Path, quick: bool) -> dict[str, Any]:
    """The ready experiment with each seed, which also draws its own validation images: mean and standard deviation of
    the test accuracy, and the minutes that a training takes: on the clock, and of the processor's cores together."""
    runs = [_run(experiment, seed, out / f"seed-{seed}", quick) for seed in (SEEDS[:1] if quick else SEEDS)]
    summaries = [run.summary for run in runs]
    _pictures(out / f"seed-{SEEDS[0]}", out)
    accuracy = [summary["test"]["accuracy"] for summary in summaries]
    return {
        "test_accuracy": float(np.mean(accuracy)),
        "test_accuracy_sd": float(np.std(accuracy, ddof=1)) if len(accuracy) > 1 else 0.0,
        "test_accuracies": accuracy,
        "validation_accuracies": [summary["validation"]["accuracy"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "epochs": summaries[0]["epochs"],
        "training_minutes": float(np.mean([run.minutes for run in runs])),
        "cpu_minutes": float(np.mean([run.cpu_minutes for run in runs])),
    }


def _run(experiment: str, seed: int, folder: Path, quick: bool) -> Trained:
    changes: dict[str, dict[str, Any]] = {"train": {"seed": seed}}
    if quick:
        changes["data"] = {"type": "mnist"}  # which lies beside the code; Fashion-MNIST has to be fetched
    return train_ready("cnn", experiment, folder, quick=quick, changes=changes)


def _pictures(run: Path, out: Path) -> None:
    """What training saw, the first filters, and what every stage makes of one image."""
    for name, draw in {"augmented": verbs.augmented, "filters": verbs.filters, "features": verbs.features}.items():
        picture = out / f"{name}.png"
        fresh(picture)
        draw(run, output=picture)
