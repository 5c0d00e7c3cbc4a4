"""Statistics: a step in few numbers, taken while it runs: gradients, updates, outputs of layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import prod
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.glassbox.flight.figures import OF_OUTPUT, Layout, Row, distribution, span_sums
from pellucid.glassbox.record.names import numbered
from pellucid.glassbox.record.record import restore
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.optimizer import Segment
from pellucid.training.run import GradientObserver, Training
from pellucid.training.stepper import Step


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
    (that of all gradients together) and ``lr``. Sums are taken in float64.
    """

    def __init__(self, training: Training) -> None:
        self.training, self.arena = training, training.slots.arena
        self.ops = self.arena.ops
        self._before = np.empty(self.arena.size, self.arena.dtype)
        placed = [(p, start, prod(p.shape)) for p, start in zip(self.arena.params, self.arena.offsets, strict=True)]
        self._params = [(param, param.path, size) for param, _, size in placed if size]
        self._spans = np.array([(start, start + size) for _, start, size in placed if size], np.int64).reshape(-1, 2)
        self._of_gradients, self._of_changes = np.zeros((2, len(self._params), 3))
        paths = [path for path, _ in training.model.walk()]
        self._layers = [
            (path or "model", layer) for path, layer in training.model.walk() if not _has_inner(path, paths)
        ]
        self._places: WeakKeyDictionary[Step, dict[str, Any]] = WeakKeyDictionary()
        self._layouts: dict[Any, Layout] = {}
        self.found: Row | None = None

    def _host(self, array: Any) -> HostArray:
        return np.asarray(self.ops.to_host(array))

    @contextmanager
    def watching(self, step: Step, observers: list[GradientObserver]) -> Iterator[bool | None]:
        """Within, the step is taken; then ``found`` holds its figures, and None if it was refused.

        A step that has a plan is taken by it, in two halves: what layers give then lies where it lay when this step was
        taken by its code, if nobody writes there until the step has ended, which is looked at then.

        Args:
            observers: those of the run's gradients.
        """
        self.found = None
        before, places = self.training.steps, self._places.get(step)
        np.copyto(self._before, self._host(self.arena.data))
        observers.append(self._gradients)
        seen: dict[str, tuple[Any, bytes]] = {}
        outputs: dict[tuple[str, int], HostArray] = {}
        try:
            with ExitStack() as watched:
                if not step._gradients.recorded:  # their code runs: now, or to be recorded
                    for path, layer in self._layers:
                        self._shadow(watched, path, layer, get_ident(), seen, outputs)
                yield None if places is None else False
            if places is not None:
                for name, y in places.items():
                    self._output(name, self._host(y), outputs)
            elif step._gradients.capturable and all(self._host(y).tobytes() == was for y, was in seen.values()):
                self._places[step] = {name: y for name, (y, _) in seen.items()}
        finally:
            observers.remove(self._gradients)
        if self.training.steps == before:
            return
        span_sums(self._host(self.arena.data), self._before, self._spans, self._of_changes)
        segments = step.update.segments
        rest = [*(segment.hyper[0] for segment in segments), step.figures["loss"]]
        parts = self._of_gradients.ravel(), self._of_changes.ravel(), *outputs.values(), np.array(rest, np.float64)
        self.found = Row(self._layout(tuple(outputs), segments), np.concatenate(parts))

    def _layout(self, outputs: tuple[tuple[str, int], ...], segments: Sequence[Segment]) -> Layout:
        rates = tuple(segment.params[0].path for segment in segments)
        trained = tuple(param.trainable for param, _, _ in self._params)
        key = outputs, rates, trained
        if key not in self._layouts:
            params = [(path, size, each) for (_, path, size), each in zip(self._params, trained, strict=True)]
            self._layouts[key] = Layout(params, outputs, rates)
        return self._layouts[key]

    def _shadow(
        self, watched: ExitStack, path: str, layer: Layer, thread: int, seen: dict[str, tuple[Any, bytes]],
        outputs: dict[tuple[str, int], HostArray],
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
                        self._output(f"{path}.{of}", y, outputs)
                        seen[f"{path}.{of}"] = output, y.tobytes()
            return result

        attributes["forward"] = forward  # past __setattr__: nothing of the component has changed
        watched.callback(restore, attributes, "forward", held)

    def _output(self, name: str, y: HostArray, outputs: dict[tuple[str, int], HostArray]) -> None:
        if y.dtype.kind == "f" and y.size:
            found = outputs[name, y.size] = np.empty(OF_OUTPUT)
            distribution(y.reshape(len(y) if y.ndim else 1, -1), found)

    def _gradients(self, segments: Sequence[Segment]) -> None:
        span_sums(self._host(self.arena.grad), None, self._spans, self._of_gradients)


def _has_inner(path: str, paths: Sequence[str]) -> bool:
    prefix = f"{path}." if path else ""
    return any(other != path and other.startswith(prefix) for other in paths)
