"""Statistics: a step in few numbers, taken while it runs: gradients, updates, outputs of layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import inf, prod, sqrt
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.record.names import numbered
from pellucid.glassbox.record.record import restore
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.optimizer import Segment
from pellucid.training.run import GradientObserver, Training
from pellucid.training.stepper import Step

BINS = 32
"""Of a histogram, all of one width: from the smallest output of the layer in that step to the largest."""
_BLOCK = 16384


class Statistics:
    """Takes the figures of steps of one training.

    Of each parameter ``P`` that is trained::

        P.grad.rms      √mean(g²) of the complete gradient, before penalties and clipping
        P.grad.zeros    which part of it is 0
        P.update.rms    √mean((θ_new − θ)²)
        P.update.ratio  that over √mean(θ²)

    Of each layer ``L`` that is made of no others and does more than give its input another shape::

        L.y.mean, L.y.std, L.y.min, L.y.max     of its outputs
        L.y.dead        how many of its units are 0 for the whole batch
        L.y.histogram   counts in BINS equal bins from .min to .max

    Of one that is called several times, or of several micro-batches, those of the last call. And ``loss``, ``norm``
    (that of all gradients together) and ``lr``. Sums are taken in the model's own type.
    """

    def __init__(self, training: Training) -> None:
        self.training, self.arena = training, training.slots.arena
        self.ops = self.arena.ops
        self._before = np.empty(self.arena.size, self.arena.dtype)
        self._change, self._zeros = np.empty_like(self._before), np.empty(self.arena.size, bool)
        self._histogram = _Histogram(self.arena.dtype)
        placed = zip(self.arena.params, self.arena.offsets, strict=True)
        sizes = [(param, start, prod(param.shape)) for param, start in placed]
        self._params = [(param, param.path, slice(start, start + size), size) for param, start, size in sizes if size]
        paths = [path for path, _ in training.model.walk()]
        self._layers = [
            (path or "model", layer) for path, layer in training.model.walk() if not _has_inner(path, paths)
        ]
        self._places: WeakKeyDictionary[Step, dict[str, Any]] = WeakKeyDictionary()
        self.found: dict[str, Any] = {}

    def _host(self, array: Any) -> HostArray:
        return np.asarray(self.ops.to_host(array))

    @contextmanager
    def watching(self, step: Step, observers: list[GradientObserver]) -> Iterator[bool | None]:
        """Within, the step is taken; then ``found`` holds its figures, and nothing if it was refused.

        A step that has a plan is taken by it, in two halves: what layers give then lies where it lay when this step was
        taken by its code, if nobody writes there until the step has ended, which is looked at then.

        Args:
            observers: those of the run's gradients.
        """
        self.found = {}
        before, places = self.training.steps, self._places.get(step)
        np.copyto(self._before, self._host(self.arena.data))
        observers.append(self._gradients)
        seen: dict[str, tuple[Any, bytes]] = {}
        try:
            with ExitStack() as watched:
                if not step._gradients.recorded:  # their code runs: now, or to be recorded
                    for path, layer in self._layers:
                        self._shadow(watched, path, layer, get_ident(), seen)
                yield None if places is None else False
            if places is not None:
                for name, y in places.items():
                    if name not in seen:
                        self._outputs(name, y)
            elif step._gradients.capturable and all(self._host(y).tobytes() == was for y, was in seen.values()):
                self._places[step] = {name: y for name, (y, _) in seen.items()}
        finally:
            observers.remove(self._gradients)
        if self.training.steps == before:
            self.found = {}
            return
        self._updates()
        self._rates(step.update.segments)
        self.found["loss"] = float(step.figures["loss"])

    def _shadow(
        self, watched: ExitStack, path: str, layer: Layer, thread: int, seen: dict[str, tuple[Any, bytes]]
    ) -> None:  # fmt: skip
        code, attributes = layer.forward, vars(layer)
        held = attributes.get("forward")

        def forward(*given: Any, **named: Any) -> Any:
            result = code(*given, **named)
            if get_ident() == thread:
                inputs = [self._host(x) for x in given[1:]]
                for of, output in numbered("y", as_tuple(result)).items():
                    y = self._host(output)
                    if not any(np.may_share_memory(x, y) for x in inputs):  # a view of its input is not news
                        self._outputs(f"{path}.{of}", y)
                        seen[f"{path}.{of}"] = output, y.tobytes()
            return result

        attributes["forward"] = forward  # past __setattr__: nothing of the component has changed
        watched.callback(restore, attributes, "forward", held)

    def _outputs(self, name: str, output: Any) -> None:
        y = self._host(output)
        if y.dtype.kind != "f" or not y.size:
            return
        found, flat, count = self.found, y.reshape(-1), y.size
        least, most = (np.minimum.reduce(y), np.maximum.reduce(y)) if y.ndim > 1 else (flat, flat)
        low, high, mean = float(least.min()), float(most.max()), float(np.add.reduce(flat)) / count
        found[f"{name}.mean"], found[f"{name}.min"], found[f"{name}.max"] = mean, low, high
        found[f"{name}.std"] = sqrt(max(float(flat.dot(flat)) / count - mean**2, 0.0))
        found[f"{name}.dead"] = int(np.count_nonzero((least == 0) & (most == 0))) if y.ndim > 1 else 0
        found[f"{name}.histogram"] = self._histogram(flat, low, high)

    def _gradients(self, segments: Sequence[Segment]) -> None:
        total, found, gradients = 0.0, self.found, self._host(self.arena.grad)
        zeros = np.equal(gradients, 0, out=self._zeros)
        for param, path, where, size in self._params:
            if param.trainable:
                g = gradients[where]
                squares = float(g.dot(g))
                total += squares
                found[f"{path}.grad.rms"] = sqrt(squares / size)
                found[f"{path}.grad.zeros"] = np.count_nonzero(zeros[where]) / size
        found["norm"] = sqrt(total)

    def _rates(self, segments: Sequence[Segment]) -> None:
        rates = {float(segment.hyper[0]) for segment in segments}
        for segment in segments:
            self.found["lr" if len(rates) == 1 else f"{segment.params[0].path}.lr"] = float(segment.hyper[0])

    def _updates(self) -> None:
        found, change = self.found, np.subtract(self._host(self.arena.data), self._before, out=self._change)
        for param, path, where, size in self._params:
            if param.trainable:
                moved, weight = change[where], self._before[where]
                by, of = sqrt(float(moved.dot(moved))), sqrt(float(weight.dot(weight)))
                found[f"{path}.update.rms"] = by / sqrt(size)
                found[f"{path}.update.ratio"] = by / of if of else inf if by else 0.0


def _has_inner(path: str, paths: Sequence[str]) -> bool:
    prefix = f"{path}." if path else ""
    return any(other != path and other.startswith(prefix) for other in paths)


class _Histogram:
    """Counts in equal bins, block by block in memory of its own: new memory for a whole layer would cost more."""

    def __init__(self, dtype: Any) -> None:
        self._scaled, self._places = np.empty(_BLOCK, dtype), np.empty(_BLOCK, np.intp)

    def __call__(self, flat: HostArray, low: float, high: float) -> HostArray:
        """Of a flat array; none where something is not finite."""
        counts, width = np.zeros(BINS + 1, np.int64), high - low
        if not width < inf:
            return counts[:BINS]
        factor = flat.dtype.type(BINS / width if width else 0.0)
        for start in range(0, flat.size, _BLOCK):
            part = flat[start : start + _BLOCK]
            scaled, places = self._scaled[: part.size], self._places[: part.size]
            np.subtract(part, flat.dtype.type(low), out=scaled)
            np.multiply(scaled, factor, out=scaled)
            np.copyto(places, scaled, casting="unsafe")
            counts += np.bincount(places, minlength=BINS + 1)
        counts[BINS - 1] += counts[BINS]  # the largest itself
        return counts[:BINS]
