"""Frames: what a page shows of a training after one of its steps, made of a :class:`Look` and a copy of the network."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import Any

import numpy as np
from pellucid import DataError, HostArray
from pellucid.basics.arrays import as_tuple

from pellucid_studio.arrays import number as finite, packed
from pellucid_studio.described import MOST_POINTS, as_pictures, bounds_of, data_of, first_of
from pellucid_studio.experiment import Ready
from pellucid_studio.look import Look
from pellucid_studio.network import Network, take
from pellucid_studio.sizes import MOST_NUMBERS

GRID = 40
"""Points of the surface in each direction; units are shown at every second of them."""
LINE = 241
"""Points of the curve over one input."""
MOST_WEIGHTS, MOST_WEIGHTS_MOVING = 120_000, 16_000
"""Numbers of a parameter that is sent: while nothing moves, and while training runs."""
MOST_CLASSES, MOST_UNITS, MOST_ACTIVATIONS = 10, 64, 4_096
FEW = 5
"""Steps between two looks at a training that is shown step by step."""


class Curve:
    """The loss over the steps, in at most so many points: where there are more, every second one is left out.

    Attributes:
        version: raised where points were left out, so that a page has to be sent all of them again.
    """

    MOST = 4_000

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.losses: list[float | None] = []
        self.ends: list[int] = []
        self.validation: list[float | None] = []
        self.version = 0
        self._before: Look | None = None
        self._whole = threading.Lock()  # the trainer's thread adds while the server's reads

    def add(self, look: Look) -> None:
        """One point: the mean loss since the look before."""
        with self._whole:
            self._add(look)

    def _add(self, look: Look) -> None:
        loss = self._mean(look)
        self._end(look)
        self._before = look
        if loss is None or (self.steps and look.step <= self.steps[-1]):
            return
        self.steps.append(look.step)
        self.losses.append(finite(loss))
        if len(self.steps) > self.MOST:
            self.steps, self.losses = self.steps[::2], self.losses[::2]
            self.version += 1

    def _end(self, look: Look) -> None:
        """The validation loss, where an epoch has ended since the look before."""
        found = (look.record or {}).get("validation_loss")
        if found is None or (self._before is not None and self._before.epoch == look.epoch):
            return
        self.ends.append(look.step)
        self.validation.append(finite(found))
        if len(self.ends) > self.MOST:
            self.ends, self.validation = self.ends[::2], self.validation[::2]
            self.version += 1

    def _mean(self, look: Look) -> float | None:
        """Over the rows since the look before, or over the last epoch where another one is under way since.

        Within a step the sum runs ahead of its count, which is the same at both looks of an epoch and cancels out; the
        first look of an epoch has nothing to be held against.
        """
        before = self._before
        if before is not None and before.epoch == look.epoch:
            total, count = look.totals[0] - before.totals[0], look.totals[1] - before.totals[1]
            return total / count if count > 0 else look.loss
        few = before is not None and look.step - before.step < FEW
        return look.loss if few or look.record is None else float(look.record["loss"])

    def since(self, version: int, place: int, ends: int = 0) -> tuple[dict[str, Any], tuple[int, int, int]]:
        """What is new for a page that knows so many points of both curves, and what it knows then."""
        with self._whole:
            start, end = (place, ends) if version == self.version else (0, 0)
            new: dict[str, Any] = {"from": start, "steps": self.steps[start:], "loss": self.losses[start:]}
            if end < len(self.ends):
                new["validation"] = {"steps": self.ends[end:], "loss": self.validation[end:]}
            return new, (self.version, len(self.steps), len(self.ends))


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
        self.samples = first_of(train, MOST_POINTS)
        x = as_tuple(self.samples[0])[0]
        flat = len(as_tuple(self.samples[0])) == 1 and x.ndim == 2 and x.dtype.kind in "fiu" and np.isfinite(x).all()
        self._grid: HostArray | None = None
        self._line: HostArray | None = None
        self.bounds = bounds_of(x) if flat and (x.shape[1] == 2 or _is_curve(x, self.samples[1])) else None
        if self.bounds is not None and len(self.bounds) == 1:
            self._line = _line(*self.bounds)
        elif self.bounds is not None:
            self._grid = _grid(*self.bounds)
        points = self._grid if self._line is None else self._line
        if points is not None and not self._has_between(points):
            self.bounds = self._grid = self._line = None
        self._offsets = {
            param.path: (start, math.prod(param.shape), param.shape)
            for param, start in zip(self.network.runtime.arena.params, self.network.runtime.arena.offsets, strict=True)
        }

    def _has_between(self, points: HostArray) -> bool:
        """Whether there is something between the samples: a transform of texts knows nothing between two of them."""
        try:
            self.network.inputs(points)
        except DataError:
            return False
        return True

    def sample(self, i: int) -> Any:
        """One sample as a batch."""
        rows = len(as_tuple(self.samples[0])[0])
        parts = tuple(part[i % rows : i % rows + 1] for part in as_tuple(self.samples[0]))
        return parts if len(parts) > 1 else parts[0]

    # -- once --------------------------------------------------------------------------------------------------------

    def described(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """NETWORK and DATA of the protocol."""
        train = self.ready.splits.train
        _, outputs = self.network.outputs(self.sample(0))
        numbers = sum(each.size for each in outputs.values())
        if numbers * GRID * GRID > MOST_NUMBERS:  # a sample's units are shown
            self._grid = None
        if self._line is not None and numbers * LINE > MOST_NUMBERS:
            self._line = self.bounds = None
        network = self.network.described(self.sample(0), train.features, self.ready.splits.classes)
        return network, data_of(self.ready.resolved["data"]["type"], self.ready.splits, self.bounds)

    # -- of every look -----------------------------------------------------------------------------------------------

    def made(self, look: Look, *, moving: bool, surface: bool, units: bool, sample: int = 0) -> dict[str, Any]:
        """What a frame says of a look, but for the state and the curve."""
        with np.errstate(all="ignore"):  # a training that diverges is shown, and not said in the terminal
            return self._made(look, moving, surface, units, sample)

    def _made(self, look: Look, moving: bool, surface: bool, units: bool, sample: int) -> dict[str, Any]:
        take(self.network.model, look)
        frame: dict[str, Any] = {
            "step": look.step, "epoch": look.epoch, "samples": look.position, "speed": self._speed(look, moving),
            "loss": None if look.loss is None else finite(look.loss), "validation": _validation(look.record),
            "weights": self._weights(look.weights, moving), "sizes": self._sizes(look),
        }  # fmt: skip
        if self._grid is not None and (surface or units):
            frame |= self._over_plane(surface, units)
        elif units:
            frame["units"], frame["sample"] = self._of_sample(sample)
        if self._line is not None and surface:
            frame["line"] = packed(self._along(self._line))
        return frame

    def _along(self, line: HostArray) -> HostArray:
        """What the network says along the line, (LINE,): numbers, or how probable the last class is."""
        y, _ = self.network.outputs(line)
        found = None if isinstance(y, tuple) else self._objective.probabilities(y)
        values: HostArray = (y[0] if isinstance(y, tuple) else y) if found is None else found
        return values.reshape(len(line), -1)[:, 0 if found is None else -1]

    def _speed(self, look: Look, moving: bool) -> float | None:
        """Steps a second, over the last looks."""
        if not moving:
            self._pace.clear()
            return None
        self._pace.append((look.at, look.step))
        (start, first), (end, last) = self._pace[0], self._pace[-1]
        return finite((last - first) / (end - start)) if end > start else None

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

    def _of_sample(self, number: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """The outputs of all layers for one sample; the sample itself, and what the network says of it."""
        x = self.sample(number)
        y, outputs = self.network.outputs(x)
        units = [
            {"path": path, "activations": packed(values[0])}
            for path, values in outputs.items()
            if len(values) == 1 and values[0].size <= MOST_ACTIVATIONS * 4
        ]
        said = None if isinstance(y, tuple) else self._objective.probabilities(y)
        said = (y[0] if isinstance(y, tuple) else y) if said is None else said
        told: dict[str, Any] = {"number": number, "outputs": [finite(each) for each in said.ravel()[:MOST_UNITS]]}
        targets, first = self.samples[1], as_tuple(x)[0]
        if targets is not None:
            target = np.asarray(targets)[number % len(targets)]
            told["y"] = int(target) if target.dtype.kind in "iub" and target.ndim == 0 else target.ravel()[:12].tolist()
        pictures = as_pictures(first)
        shown = self.network.inputs(x)[0] if pictures is None else pictures  # numbers as the weights see them
        if shown.size <= MOST_ACTIVATIONS:
            told["x"] = packed(shown[0])
        return units, told

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
        return finite(math.sqrt(float(np.dot(values, values)) / max(values.size, 1))) if values.size else 0.0


def _validation(record: dict[str, Any] | None) -> dict[str, Any] | None:
    found = {
        name.removeprefix("validation_"): finite(value)
        for name, value in (record or {}).items()
        if name.startswith("validation_") and isinstance(value, int | float)
    }
    return found or None


def _is_curve(x: HostArray, y: Any) -> bool:
    """Whether one number is to be said of another, which a curve shows; whole numbers are classes, or counted."""
    if y is None or x.shape[1] != 1:
        return False
    y = np.asarray(y)
    return y.dtype.kind == "f" and math.prod(y.shape[1:]) == 1


def _line(along: tuple[float, float]) -> HostArray:
    """Points of the line from one end to the other, (LINE, 1)."""
    with np.errstate(over="ignore"):
        return np.linspace(*along, LINE)[:, None].astype(np.float32)


def _grid(across: tuple[float, float], up: tuple[float, float]) -> HostArray:
    """All points of the grid, row by row, the lowest row first, (GRID², 2)."""
    x, y = np.meshgrid(np.linspace(*across, GRID), np.linspace(*up, GRID))
    with np.errstate(over="ignore"):
        return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
