"""Statistics: a step in few numbers, taken while it runs: gradients, updates, outputs of layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.names import numbered
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.optimizer import Segment
from pellucid.training.run import GradientObserver, Training
from pellucid.training.stepper import Step

BINS = 32
"""Of a histogram, all of one width: from the smallest output of the layer in that step to the largest."""
_BLOCK = 8192


class Statistics:
    """Takes the figures of steps of one training.

    Of each parameter ``P`` that is trained::

        P.grad.rms      √mean(g²) of the complete gradient, before penalties and clipping
        P.grad.zeros    which part of it is 0
        P.update.rms    √mean((θ_new − θ)²)
        P.update.ratio  that over √mean(θ²)

    Of each layer ``L`` that is made of no others and does more than give its input another shape, ``L.y.mean``, ``.std``, ``.min``, ``.max``; ``L.y.dead``, the number
    of units that are 0 for the whole batch; and ``L.y.histogram``, counts in ``BINS`` equal bins from ``.min`` to
    ``.max``. Of one that is called several times, or of several micro-batches, those of the last call. And ``loss``,
    ``norm`` (that of all gradients together) and ``lr``.
    """

    def __init__(self, training: Training) -> None:
        self.training, self.arena = training, training.slots.arena
        self.ops = self.arena.ops
        self._before = np.empty(self.arena.size, self.arena.dtype)
        self._change, self._zeros = np.empty_like(self._before), np.empty(self.arena.size, bool)
        self._histogram = _Histogram(self.arena.dtype)
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
        self._before[...] = self._host(self.arena.data)
        observers.append(self._gradients)
        try:
            if places is None or not step._gradients.capturable:
                yield from self._by_code(step)
            else:
                yield False
                if step._gradients.capturable:
                    for name, y in places.items():
                        self._outputs(name, y)
        finally:
            observers.remove(self._gradients)
        if self.training.steps == before:
            self.found = {}
            return
        self._updates()
        self._rates(step.update.segments)
        self.found["loss"] = float(step.figures["loss"])

    def _by_code(self, step: Step) -> Iterator[None]:
        """The step as its code takes it, each layer watched; where its outputs lie is kept if they stay there."""
        seen: dict[str, tuple[Any, bytes]] = {}
        with ExitStack() as watched:
            for path, layer in self._layers:
                self._shadow(watched, path, layer, get_ident(), seen)
            yield
        if step._gradients.capturable and all(self._host(y).tobytes() == was for y, was in seen.values()):
            self._places[step] = {name: y for name, (y, _) in seen.items()}

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
        watched.callback(_restore, attributes, "forward", held)

    def _outputs(self, name: str, output: Any) -> None:
        y = self._host(output)
        if y.dtype.kind != "f" or not y.size:
            return
        found, flat, count = self.found, y.reshape(-1), y.size
        least, most = (y.min(axis=0), y.max(axis=0)) if y.ndim > 1 else (y, y)
        low, high, mean = float(least.min()), float(most.max()), float(flat.mean())
        found[f"{name}.mean"], found[f"{name}.min"], found[f"{name}.max"] = mean, low, high
        found[f"{name}.std"] = max(float(np.dot(flat, flat)) / count - mean**2, 0.0) ** 0.5
        found[f"{name}.dead"] = int(np.count_nonzero((least == 0) & (most == 0))) if y.ndim > 1 else 0
        found[f"{name}.histogram"] = self._histogram(flat, low, high)

    def _gradients(self, segments: Sequence[Segment]) -> None:
        squares = 0.0
        for param in self.arena.params:
            if param.trainable:
                g = self._host(param.grad).reshape(-1)
                total = float(np.dot(g, g))
                squares += total
                self.found[f"{param.path}.grad.rms"] = (total / max(g.size, 1)) ** 0.5
                self.found[f"{param.path}.grad.zeros"] = np.count_nonzero(
                    np.equal(g, 0, out=self._zeros[: g.size])
                ) / max(g.size, 1)
        self.found["norm"] = squares**0.5

    def _rates(self, segments: Sequence[Segment]) -> None:
        rates = {float(segment.hyper[0]) for segment in segments}
        for segment in segments:
            self.found["lr" if len(rates) == 1 else f"{segment.params[0].path}.lr"] = float(segment.hyper[0])

    def _updates(self) -> None:
        np.subtract(self._host(self.arena.data), self._before, out=self._change)
        for param, start in zip(self.arena.params, self.arena.offsets, strict=False):
            if param.trainable:
                size = int(np.prod(param.shape))
                change, was = self._change[start : start + size], self._before[start : start + size]
                moved, weight = (float(np.dot(v, v)) ** 0.5 for v in (change, was))
                self.found[f"{param.path}.update.rms"] = moved / max(size, 1) ** 0.5
                self.found[f"{param.path}.update.ratio"] = moved / weight if weight else float("inf") if moved else 0.0


def _has_inner(path: str, paths: Sequence[str]) -> bool:
    prefix = f"{path}." if path else ""
    return any(other != path and other.startswith(prefix) for other in paths)


class _Histogram:
    """Counts in equal bins, block by block in memory of its own: new memory for a whole layer would cost more."""

    def __init__(self, dtype: Any) -> None:
        self._scaled, self._places = np.empty(_BLOCK, dtype), np.empty(_BLOCK, np.intp)

    def __call__(self, flat: HostArray, low: float, high: float) -> HostArray:
        """Of a flat array; none where something is not finite."""
        counts, width = np.zeros(BINS, np.int64), high - low
        if not width < np.inf:
            return counts
        factor = flat.dtype.type(BINS / width if width else 0.0)
        for start in range(0, flat.size, _BLOCK):
            part = flat[start : start + _BLOCK]
            scaled, places = self._scaled[: part.size], self._places[: part.size]
            np.subtract(part, flat.dtype.type(low), out=scaled)
            np.multiply(scaled, factor, out=scaled)
            np.copyto(places, scaled, casting="unsafe")
            np.minimum(places, BINS - 1, out=places)
            counts += np.bincount(places, minlength=BINS)
        return counts


def _restore(attributes: dict[str, Any], name: str, before: Any) -> None:
    if before is None:
        attributes.pop(name, None)
    else:
        attributes[name] = before
