"""What is written into summary.json: figures, and the facts that tell how they came about."""

from __future__ import annotations

import os
import platform
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pellucid.ops.threads import get_num_threads
from pellucid.saving.model import model_document
from pellucid.workbench.experiments.experiment import Prepared

_PACKAGES = ("numpy", "safetensors", "scipy-openblas32")


def summary_of(prepared: Prepared, test: dict[str, float] | None, seconds: float) -> dict[str, Any]:
    """The summary of a finished run.

    Args:
        test: the figures on the test set, or None if the data has none.
        seconds: training time: steps and validation, without loading the data and the test.
    """
    trainer, splits = prepared.trainer, prepared.splits
    choices = (callback.choice(trainer) for callback in trainer.callbacks)
    best, chosen_by = next((choice for choice in choices if choice is not None), (None, None))
    epoch = trainer.epochs if best is None else best
    record = trainer.history[epoch - 1]
    prefix = "validation_"
    return {
        "model": prepared.resolved["model"]["type"],
        "data": prepared.resolved["data"]["type"],
        "seed": trainer.seed,
        "epochs": trainer.epochs,
        "steps": trainer.steps,
        "best_epoch": epoch,
        "chosen_by": chosen_by,
        "train": {"loss": record["loss"]},
        "validation": {n.removeprefix(prefix): value for n, value in record.items() if n.startswith(prefix)},
        "test": test,
        "training_seconds": round(seconds, 3),
        "parameters": sum(int(param.data.size) for param in trainer.model.parameters()),
        "samples": {"train": len(splits.train), "validation": len(splits.validation), "test": len(splits.test)},
        "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
        "versions": _versions(prepared),
        "machine": _machine(prepared),
    }


def _versions(prepared: Prepared) -> dict[str, str]:
    document = model_document(prepared.trainer.model)
    found = {"pellucid": document["pellucid"], "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    for package in document["plugins"].values():
        name, _, number = package.rpartition(" ")
        found[name] = number
    return found


def _machine(prepared: Prepared) -> dict[str, Any]:
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": get_num_threads(),
        "backend": prepared.trainer.runtime.ops.name,
        "dtype": prepared.trainer.runtime.dtype.name,
    }


def _processor() -> str:
    """The processor's name: on Linux platform.processor() does not know it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
