"""What test_every_figure draws of trainings: curves, recordings of steps, codes of samples."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from pellucid.glassbox.flight.recording import Parts, Recording
from pellucid.workbench.experiments.codes import draw as draw_codes
from pellucid.workbench.experiments.curves import draw as draw_curves
from pellucid.workbench.experiments.flight_curves import draw_flight

from tests.figures import Figures

# -- curves ------------------------------------------------------------------------------------------------------------

SUMMARY: dict[str, Any] = {
    "model": "ann/ann", "data": "datasets/iris", "best_epoch": 2, "test": {"loss": 0.5, "top_k": 0.98765, "auc": None},
    "parameters": 1234, "epochs": 3, "training_seconds": 1.5,
}  # fmt: skip


def _epochs(*losses: float | None, **more: Any) -> list[dict[str, Any]]:
    return [{"epoch": i + 1, "step": 10 * i, "loss": loss, "penalty": 0.0, "lr": 0.1 / (i + 1), "seconds": 1.0}
            | {name: values[i] for name, values in more.items()} for i, loss in enumerate(losses)]  # fmt: skip


def _curves(path: Path) -> None:
    more = {"validation_loss": [3.0, 2.5, 0.1], "validation_top_k": [None, 0.8765432, 0.7]}
    draw_curves(_epochs(3.0, 2.0, 1.5, **more), SUMMARY, path)


def _curves_of_one_epoch(path: Path) -> None:
    draw_curves(_epochs(0.75), SUMMARY | {"epochs": 1, "best_epoch": 1, "test": None, "parameters": 12}, path)


def _curves_of_many(path: Path) -> None:
    losses, values = np.linspace(2.0, 1.0, 41).tolist(), (np.arange(41) / 40).tolist()
    more = {"validation_a_b": values[::-1], "validation_c": values, "validation_d": values}
    draw_curves(_epochs(*losses, **more), SUMMARY | {"best_epoch": 30, "epochs": 41}, path)


# -- steps -------------------------------------------------------------------------------------------------------------


def _flight(records: dict[int, dict[str, Any]], path: Path) -> None:
    with TemporaryDirectory() as folder:
        Parts(Path(folder)).append(records)
        draw_flight(Recording(Path(folder)), path)


def _outputs(layer: str, low: float, high: float, dead: int) -> dict[str, Any]:
    """As it is recorded of a layer in one step: of 100 outputs ten in the lowest quarter, forty in the second."""
    counts = np.array([10, 40, 30, 20])
    return {f"{layer}.min": low, f"{layer}.max": high, f"{layer}.mean": (low + high) / 2,
            f"{layer}.dead": np.int64(dead), f"{layer}.histogram": counts}  # fmt: skip


def _gradients(name: str, rms: float) -> dict[str, Any]:
    return {f"{name}.grad.rms": rms, f"{name}.update.ratio": rms / 1000}


def _few_layers(path: Path) -> None:
    records = {}
    for step, small in ((1010, 1.0), (1020, 0.1), (1030, 0.02), (1040, 0.01)):
        record = {"loss": 100 * small, "norm": 0.5 if step != 1020 else np.nan}
        record |= _gradients("a.weight", 30 * small) | _gradients("a.bias", 2.0) | _gradients("b.weight", 0.5)
        records[step] = record | _outputs("a", -1.0, 3.0, dead=step // 1030) | _outputs("b", 0.0, 0.0, dead=0)
    _flight(records, path)


def _many_layers(path: Path) -> None:
    record: dict[str, Any] = {"loss": 1.0}
    for k in range(10):
        record |= _gradients(f"layers.{k}.weight", 0.5 + k) | _gradients(f"layers.{k}.bias", 0.1)
        record |= _outputs(f"layers.{k}", 0.0, 1.0 + k, dead=0)
    _flight({7: record, 8: record | {"loss": 0.5}}, path)


def _without_layers(path: Path) -> None:
    _flight({1: {"loss": 2.0, **_gradients("w", 0.0)}, 2: {"loss": 1.0, **_gradients("w", 1.0)}}, path)


# -- codes -------------------------------------------------------------------------------------------------------------


def _codes(count: int, numbers: int, classes: int | None, path: Path, names: tuple[str, ...] | None = None) -> None:
    codes = np.cos(np.arange(count * numbers) ** 1.2).reshape(count, numbers)
    labels = None if classes is None else np.arange(count) % classes
    draw_codes(codes, labels, names, path)


FIGURES: Figures = {
    "curves": _curves,
    "curves_of_one_epoch": _curves_of_one_epoch,
    "curves_of_many": _curves_of_many,
    "flight": _few_layers,
    "flight_of_many": _many_layers,
    "flight_without_layers": _without_layers,
    "codes": lambda path: _codes(30, 2, None, path),
    "codes_of_classes": lambda path: _codes(5, 2, 2, path, ("cat", "dog")),
    "codes_of_11_classes": lambda path: _codes(22, 1, 11, path),
    "codes_of_21_classes": lambda path: _codes(42, 2, 21, path),
}
