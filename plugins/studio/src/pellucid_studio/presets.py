"""Presets: lessons to begin with, each the sections of an experiment."""

from __future__ import annotations

import math
from typing import Any


def _plane(data: dict[str, Any], units: list[int], outputs: int, **changed: Any) -> dict[str, Any]:
    hidden = [{"type": "dense", "units": n, "activation": "tanh"} for n in units]
    return {
        "data": data, "model": {"type": "sequential", "layers": [*hidden, {"type": "dense", "units": outputs}]},
        "loss": "softmax_cross_entropy", "optimizer": {"type": "adam", "lr": 0.01},
        "train": {"epochs": 100_000, "batch_size": 32},
    } | changed  # fmt: skip


def _exclusive_or() -> dict[str, Any]:
    """Four clouds of 25 points, of which those in opposite corners belong together; as if drawn by hand."""
    x, y = [], []
    for a, b in ((-1, -1), (1, 1), (-1, 1), (1, -1)):
        for i in range(25):
            far, angle = 0.075 * math.sqrt(i + 0.5), 2.4 * i
            x.append([round(0.5 * a + far * math.cos(angle), 3), round(0.5 * b + far * math.sin(angle), 3)])
            y.append(0 if a == b else 1)
    return {"type": "studio/points", "x": x, "y": y}


_FILTERS = [
    {"type": "conv2d", "filters": 6, "kernel_size": 3, "activation": "relu"}, {"type": "max_pool2d", "size": 2},
    {"type": "flatten"}, {"type": "dense", "units": 10},
]  # fmt: skip
PRESETS: list[dict[str, Any]] = [
    {"name": "Half moons", "summary": "the smallest problem that no straight line solves",
     "sections": _plane({"type": "half_moons", "noise": 0.15}, [8, 8], 2)},
    {"name": "A straight line", "summary": "one layer alone: what it cannot do",
     "sections": _plane({"type": "half_moons", "noise": 0.15}, [], 2)},
    {"name": "Exclusive or", "summary": "points as if drawn by hand: add some, and see what it makes of them",
     "sections": _plane(_exclusive_or(), [4], 2)},
    {"name": "Spirals", "summary": "three arms that wind about each other",
     "sections": _plane({"type": "spirals", "classes": 3, "turns": 1.0, "noise": 0.03}, [16, 12], 3)},
    {"name": "Blobs", "summary": "clouds of points", "sections": _plane({"type": "gaussian_blobs"}, [4], 3)},
    {"name": "A sine", "summary": "a curve through noisy points: one number in, one out",
     "sections": _plane({"type": "sine"}, [16, 16], 1, loss="mse")},
    {"name": "Iris", "summary": "three species of irises, four lengths",
     "sections": _plane({"type": "iris", "transforms": ["standardize"]}, [8], 3)},
    {"name": "Digits of MNIST", "summary": "handwritten digits, 784 inputs",
     "sections": _plane({"type": "mnist"}, [32], 10) | {"train": {"epochs": 10, "batch_size": 128}}},
    {"name": "Filters on digits", "summary": "a convolution: what each of its filters sees",
     "sections": _plane({"type": "digits", "flat": False}, [], 10) | {
         "model": {"type": "sequential", "layers": _FILTERS}, "train": {"epochs": 100, "batch_size": 32}}},
]  # fmt: skip
FIRST: dict[str, Any] = PRESETS[0]["sections"]
"""What a studio shows that is told of nothing else."""
