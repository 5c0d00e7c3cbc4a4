"""Presets: lessons to begin with, each the sections of an experiment."""

from __future__ import annotations

from typing import Any


def _plane(data: dict[str, Any], units: list[int], outputs: int, **changed: Any) -> dict[str, Any]:
    hidden = [{"type": "dense", "units": n, "activation": "tanh"} for n in units]
    return {
        "data": data, "model": {"type": "sequential", "layers": [*hidden, {"type": "dense", "units": outputs}]},
        "loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 0.01},
        "train": {"epochs": 100_000, "batch_size": 32},
    } | changed  # fmt: skip


PRESETS: list[dict[str, Any]] = [
    {"name": "Half moons", "summary": "the smallest problem that no straight line solves",
     "sections": _plane({"type": "half_moons", "noise": 0.15}, [8, 8], 2)},
    {"name": "A straight line", "summary": "one layer alone: what it cannot do",
     "sections": _plane({"type": "half_moons", "noise": 0.15}, [], 2)},
    {"name": "Spirals", "summary": "three arms that wind about each other",
     "sections": _plane({"type": "spirals", "classes": 3, "turns": 1.0, "noise": 0.03}, [16, 12], 3)},
    {"name": "Blobs", "summary": "clouds of points", "sections": _plane({"type": "gaussian_blobs"}, [4], 3)},
    {"name": "Iris", "summary": "three species of irises, four lengths",
     "sections": _plane({"type": "iris", "transforms": ["standardize"]}, [8], 3)},
    {"name": "Digits of MNIST", "summary": "handwritten digits, 784 inputs",
     "sections": _plane({"type": "mnist"}, [], 10) | {
         "model": {"type": "ann/ann", "hidden": [64], "outputs": 10}, "train": {"epochs": 10, "batch_size": 128}}},
]  # fmt: skip
FIRST: dict[str, Any] = PRESETS[0]["sections"]
"""What a studio shows that is told of nothing else."""
