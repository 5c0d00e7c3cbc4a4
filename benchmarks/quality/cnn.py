"""What the ready CNN experiments reach: three seeds each, the epoch chosen on validation data, the test read once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from time import process_time
from typing import Any

import numpy as np
from pellucid.dataset import Splits
from pellucid.experiments.experiment import check, prepare
from pellucid.experiments.folder import RunFolder
from pellucid.experiments.sections import read_sections
from pellucid.experiments.training import train
from pellucid_cnn import verbs

from benchmarks.environment import ROOT
from benchmarks.quality.harness import Goal, case

EXPERIMENTS = ROOT / "plugins" / "cnn" / "experiments"
SEEDS = (0, 1, 2)
FEW = 192
"""Samples of each part in the short form."""


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
    before = process_time()
    summaries = [_run(experiment, seed, out / f"seed-{seed}", quick) for seed in (SEEDS[:1] if quick else SEEDS)]
    cpu_minutes = (process_time() - before) / 60 / len(summaries)
    _pictures(out / f"seed-{SEEDS[0]}", out)
    accuracy = [summary["test"]["accuracy"] for summary in summaries]
    return {
        "test_accuracy": float(np.mean(accuracy)),
        "test_accuracy_sd": float(np.std(accuracy, ddof=1)) if len(accuracy) > 1 else 0.0,
        "test_accuracies": accuracy,
        "validation_accuracies": [summary["validation"]["accuracy"] for summary in summaries],
        "best_epochs": [summary["best_epoch"] for summary in summaries],
        "epochs": summaries[0]["epochs"],
        "training_minutes": float(np.mean([summary["training_seconds"] for summary in summaries])) / 60,
        "cpu_minutes": cpu_minutes,
    }


def _run(experiment: str, seed: int, folder: Path, quick: bool) -> dict[str, Any]:
    rmtree(folder, ignore_errors=True)  # of an earlier measurement
    sections = read_sections(EXPERIMENTS / f"{experiment}.toml")
    sections["train"]["seed"] = seed
    if quick:
        sections["data"]["type"] = "mnist"  # which lies beside the code; Fashion-MNIST has to be fetched
        sections["train"]["epochs"] = 1
    prepared = prepare(check(sections))
    if quick:
        prepared = replace(prepared, splits=_few(prepared.splits))
    summary = train(prepared, RunFolder(folder), verbose=False).summary
    if summary is None:
        raise KeyboardInterrupt  # the run was told to stop, and so is the benchmark
    return summary


def _pictures(run: Path, out: Path) -> None:
    """What training saw, the first filters, and what every stage makes of one image."""
    for name, draw in {"augmented": verbs.augmented, "filters": verbs.filters, "features": verbs.features}.items():
        picture = out / f"{name}.png"
        picture.unlink(missing_ok=True)
        draw(run, output=picture)


def _few(splits: Splits) -> Splits:
    parts = {name: getattr(splits, name) for name in ("train", "validation", "test")}
    few = {name: part.take(np.arange(min(FEW, len(part)))) for name, part in parts.items()}
    return replace(splits, **few)
