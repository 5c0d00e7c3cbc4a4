"""Frames: what a page shows of a training after one of its steps, made of a :class:`Look` and a copy of the network."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
from pellucid import HostArray, Samples
from pellucid.basics.arrays import as_tuple

from pellucid_studio.arrays import number, packed
from pellucid_studio.experiment import Ready
from pellucid_studio.look import Look
from pellucid_studio.network import Network, take

GRID = 40
"""Points of the surface in each direction; units are shown at every second of them."""
MOST_WEIGHTS, MOST_WEIGHTS_MOVING = 120_000, 16_000
"""Numbers of a parameter that is sent: while nothing moves, and while training runs."""
MOST_CLASSES, MOST_UNITS, MOST_ACTIVATIONS = 10, 64, 4_096
MOST_POINTS, MOST_PICTURES = 1_000, 12


class Curve:
    """The loss over the steps, in at most so many points: where there are more, every second one is left out.

    Attributes:
        version: raised where points were left out, so that a page has to be sent all of them again.
    """

    MOST = 4_000

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.losses: list[float | None] = []
        self.version = 0
        self._before: Look | None = None

    def add(self, look: Look) -> None:
        """One point: the mean loss since the look before."""
        loss = self._mean(look)
        self._before = look
        if loss is None or (self.steps and look.step <= self.steps[-1]):
            return
        self.steps.append(look.step)
        self.losses.append(number(loss))
        if len(self.steps) > self.MOST:
            self.steps, self.losses = self.steps[::2], self.losses[::2]
            self.version += 1

    def _mean(self, look: Look) -> float | None:
        """Over the rows since the look before: of the epoch under way, or of the last one that has ended."""
        before = self._before
        total, count = look.totals
        if before is not None and before.epoch == look.epoch:
            total, count = total - before.totals[0], count - before.totals[1]
        elif look.record is not None and count == 0:
            return float(look.record["loss"])
        return total / count if count > 0 else look.loss

    def since(self, version: int, place: int) -> tuple[dict[str, Any], tuple[int, int]]:
        """What is new for a page that knows so many points, and what it knows then."""
        start = place if version == self.version else 0
        new = {"from": start, "steps": self.steps[start:], "loss": self.losses[start:]}
        return new, (self.version, len(self.steps))


class Frames:
    """Makes the frames of one network. It belongs to one thread.

    Args:
        ready: the network; nothing of its trainer is touched.
    """

    def __init__(self, ready: Ready) -> None:
        self.ready = ready
        self.network = Network(ready.model)
        self.curve = Curve()
        self._objective = ready.trainer.objective
        self._pace: deque[tuple[float, int]] = deque(maxlen=20)
        train = ready.splits.train
        self.samples = _first(train, MOST_POINTS)
        x = as_tuple(self.samples[0])[0]
        self.plane = x.ndim == 2 and x.shape[1] == 2 and len(as_tuple(self.samples[0])) == 1
        self.bounds = _bounds(x) if self.plane else None
        self._grid = _grid(*self.bounds) if self.bounds else None
        self._offsets = {
            param.path: (start, math.prod(param.shape), param.shape)
            for param, start in zip(self.network.runtime.arena.params, self.network.runtime.arena.offsets, strict=True)
        }

    def sample(self, i: int) -> Any:
        """One sample as a batch."""
        rows = len(as_tuple(self.samples[0])[0])
        parts = tuple(part[i % rows : i % rows + 1] for part in as_tuple(self.samples[0]))
        return parts if len(parts) > 1 else parts[0]

    # -- once --------------------------------------------------------------------------------------------------------

    def described(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """NETWORK and DATA of the protocol."""
        train = self.ready.splits.train
        network = self.network.described(self.sample(0), train.features, self.ready.splits.classes)
        return network, self._data()

    def _data(self) -> dict[str, Any]:
        ready, (x, y) = self.ready, self.samples
        first = as_tuple(x)[0]
        classes = ready.splits.classes
        labels = y is not None and np.asarray(y).dtype.kind in "iub" and np.asarray(y).ndim == 1
        told: dict[str, Any] = {
            "name": ready.resolved["data"]["type"], "inputs": int(math.prod(first.shape[1:])),
            "task": "classification" if labels else "regression" if y is not None else "reconstruction",
            "classes": None if classes is None else [str(c) for c in classes][:100],
            "bounds": None if self.bounds is None else [list(axis) for axis in self.bounds],
            "points": None, "test": None, "pictures": False, "rows": len(ready.splits.train),
        }  # fmt: skip
        if self.plane:
            told["points"] = _points(x, y)
            test = ready.splits.test
            told["test"] = _points(*_first(test, MOST_POINTS)) if len(test) else None
        images = _as_pictures(first[:MOST_PICTURES])
        if images is not None:
            told["pictures"] = packed(images)
            told["labels"] = packed(np.asarray(y)[:MOST_PICTURES]) if labels else None
        return told

    # -- of every look -----------------------------------------------------------------------------------------------

    def made(self, look: Look, *, moving: bool, surface: bool, units: bool, sample: int = 0) -> dict[str, Any]:
        """What a frame says of a look, but for the state and the curve."""
        take(self.network.model, look)
        frame: dict[str, Any] = {
            "step": look.step, "epoch": look.epoch, "samples": look.position, "speed": self._speed(look, moving),
            "loss": None if look.loss is None else number(look.loss), "validation": _validation(look.record),
            "weights": self._weights(look.weights, moving), "sizes": self._sizes(look),
        }  # fmt: skip
        if self._grid is not None and (surface or units):
            frame |= self._over_plane(surface, units)
        elif units:
            frame["units"] = self._of_sample(sample)
        return frame

    def _speed(self, look: Look, moving: bool) -> float | None:
        """Steps a second, over the last looks."""
        if not moving:
            self._pace.clear()
            return None
        self._pace.append((look.at, look.step))
        (start, first), (end, last) = self._pace[0], self._pace[-1]
        return number((last - first) / (end - start)) if end > start else None

    def _over_plane(self, surface: bool, units: bool) -> dict[str, Any]:
        y, outputs = self.network.outputs(self._grid)
        made: dict[str, Any] = {}
        if surface and not isinstance(y, tuple):
            made["surface"] = {"grid": packed(self._said(y))}
        if units:
            maps = {path: self._maps(values) for path, values in outputs.items()}
            made["units"] = [{"path": path, "maps": packed(each)} for path, each in maps.items() if each is not None]
        return made

    def _said(self, y: HostArray) -> HostArray:
        """Probabilities (classes, h, w), or values (h, w)."""
        found = self._objective.probabilities(y)
        if found is not None:
            return found.T.reshape(-1, GRID, GRID)[:MOST_CLASSES]
        flat = y.reshape(len(y), -1)
        return flat[:, 0].reshape(GRID, GRID) if flat.shape[1] == 1 else flat.T.reshape(-1, GRID, GRID)[:MOST_CLASSES]

    @staticmethod
    def _maps(values: HostArray) -> HostArray | None:
        if values.ndim != 2 or len(values) != GRID * GRID:
            return None
        maps: HostArray = values.T.reshape(-1, GRID, GRID)[:MOST_UNITS, ::2, ::2]
        return maps

    def _of_sample(self, sample: int) -> list[dict[str, Any]]:
        """The outputs of all layers for one sample."""
        _, outputs = self.network.outputs(self.sample(sample))
        return [
            {"path": path, "activations": packed(values[0])}
            for path, values in outputs.items()
            if len(values) == 1 and values[0].size <= MOST_ACTIVATIONS * 4
        ]

    def _weights(self, flat: HostArray, moving: bool) -> dict[str, Any]:
        most = MOST_WEIGHTS_MOVING if moving else MOST_WEIGHTS
        return {
            path: packed(flat[start : start + count].reshape(shape))
            for path, (start, count, shape) in self._offsets.items() if count <= most
        }  # fmt: skip

    def _sizes(self, look: Look) -> dict[str, Any]:
        """Root mean squares of weights, of their gradient in this step, and of what the step has changed."""
        made: dict[str, Any] = {}
        for path, (start, count, _) in self._offsets.items():
            part = slice(start, start + count)
            weight = look.weights[part]
            gradient = None if look.gradient is None else _rms(look.gradient[part])
            update = None if look.before is None else _rms(weight - look.before[part])
            made[path] = {"weight": _rms(weight), "gradient": gradient, "update": update}
        return made


def _rms(values: HostArray) -> float | None:
    with np.errstate(all="ignore"):
        return number(math.sqrt(float(np.dot(values, values)) / max(values.size, 1))) if values.size else 0.0


def _validation(record: dict[str, Any] | None) -> dict[str, Any] | None:
    found = {
        name.removeprefix("validation_"): number(value)
        for name, value in (record or {}).items()
        if name.startswith("validation_") and isinstance(value, int | float)
    }
    return found or None


def _first(part: Any, most: int) -> tuple[Any, Any]:
    """The first samples of a part and their targets."""
    split = part.take(np.arange(min(most, len(part)))) if isinstance(part, Samples) or len(part) > most else part
    x = as_tuple(split.x)
    return tuple(np.asarray(each) for each in x) if len(x) > 1 else np.asarray(x[0]), split.y


def _points(x: Any, y: Any) -> dict[str, Any]:
    return {"x": packed(np.asarray(x)), "y": None if y is None else packed(np.asarray(y))}


def _bounds(x: HostArray) -> tuple[tuple[float, float], tuple[float, float]]:
    """A square around the points, a little larger."""
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    half = 0.6 * float(max(high - low)) or 1.0
    a, b = (low + high) / 2
    return (a - half, a + half), (b - half, b + half)


def _grid(across: tuple[float, float], up: tuple[float, float]) -> HostArray:
    """All points of the grid, row by row, the lowest row first, (GRID², 2)."""
    x, y = np.meshgrid(np.linspace(*across, GRID), np.linspace(*up, GRID))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def _as_pictures(x: HostArray) -> HostArray | None:
    """Samples that are pictures, (n, h, w): one channel, or a square in a row of numbers from 0 to 1."""
    if x.ndim == 4 and x.shape[-1] == 1:
        return x[..., 0]
    if x.ndim == 3:
        return x
    side = math.isqrt(int(x.shape[1])) if x.ndim == 2 else 0
    if side >= 8 and side * side == x.shape[1] and float(x.min()) >= 0:
        return x.reshape(-1, side, side)
    return None
