"""Networks whose weights are set by hand, so that every number of their frames is known."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pellucid as pl
from pellucid_studio.experiment import Ready
from pellucid_studio.frames import GRID, Frames
from pellucid_studio.look import Look, looked

PICTURES = {"type": "sequential", "layers": [{"type": "flatten"}, {"type": "dense", "units": 1}]}
CORNERS = [[0.0, 0.0], [0.0, 2.0], [1.0, 0.0], [1.0, 2.0]]


def read(array: dict[str, Any]) -> np.ndarray[Any, Any]:
    kind = {"f4": "<f4", "i4": "<i4", "u1": "u1"}[array["type"]]
    return np.frombuffer(base64.b64decode(array["data"]), kind).reshape(array["shape"])


def shown(
    x: Any, y: Any, model: dict[str, Any], loss: str | None = "mse", transforms: Sequence[str] = ()
) -> tuple[Frames, Look]:
    """Frames and the first look of a network before its training."""
    x = np.asarray(x, np.float32)
    train = pl.Split(x, y)
    splits = pl.Splits(train, train.take(np.arange(0)), train.take(np.arange(0)), transforms=list(transforms))
    built = pl.build(model, input_shape=x.shape[1:], seed=0)
    trainer = pl.Trainer(built, loss=loss, seed=0)
    trainer.fit(splits, epochs=0, verbose=False)
    ready = Ready({}, {"data": {"type": "own"}}, trainer, splits, 1, 4)
    return Frames(ready), looked(trainer)


def linear(
    units: int, y: Any = None, loss: str = "mse", *, x: Any = CORNERS, transforms: Sequence[str] = ()
) -> tuple[Frames, Look, np.ndarray[Any, Any]]:
    """``y_k = (k + 1) x₀ + (k + 1)² x₁ + k`` of the numbers that the layer gets; frames, a look, and the weights."""
    y = np.zeros((len(x), units), np.float32) if y is None else np.asarray(y)
    frames, look = shown(x, y, {"type": "dense", "units": units}, loss, transforms)
    k = np.arange(units)
    weight = np.stack([k + 1, (k + 1) ** 2, 0 * k])[: len(x[0])]
    return frames, replace(look, weights=flat(frames, weight, k)), weight


def flat(frames: Frames, *values: Any) -> np.ndarray[Any, Any]:
    """Numbers of all parameters, in their order, as they lie in memory."""
    arena = frames.network.runtime.arena
    lying = np.zeros_like(arena.data)
    for start, each in zip(arena.offsets, values, strict=True):
        lying[start : start + np.size(each)] = np.ravel(each)
    return lying


def points(frames: Frames) -> np.ndarray[Any, Any]:
    (left, right), (low, high) = frames.bounds or ((0, 0), (0, 0))
    return np.array([(x, y) for y in np.linspace(low, high, GRID) for x in np.linspace(left, right, GRID)])


def made(frames: Frames, look: Look, **asked: Any) -> dict[str, Any]:
    return frames.made(look, **{"moving": False, "surface": True, "units": True, **asked})
