"""Statistics: a step in few numbers, taken while it runs: gradients, updates, outputs of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from math import prod
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary, ref

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

    Args:
        observers: those of the run's gradients.
        take: is given the number of a step and its figures.
    """

    def __init__(
        self, training: Training, observers: list[GradientObserver], take: Callable[[int, Row], None]
    ) -> None:  # fmt: skip
        self.training, self.arena, self.observers, self.take = training, training.slots.arena, observers, take
        self.ops = self.arena.ops
        self._before = np.empty(self.arena.size, self.arena.dtype)
        placed = [(p, start, prod(p.shape)) for p, start in zip(self.arena.params, self.arena.offsets, strict=True)]
        self._params = [(param, size) for param, _, size in placed if size]
        self._spans = np.array([(start, start + size) for _, start, size in placed if size], np.int64).reshape(-1, 2)
        paths = [path for path, _ in training.model.walk()]
        self._layers = [
            (path or "model", layer) for path, layer in training.model.walk() if not _has_inner(path, paths)
        ]
        self._planned: WeakKeyDictionary[Step, Planned] = WeakKeyDictionary()

    def _host(self, array: Any) -> HostArray:
        return np.asarray(self.ops.to_host(array))

    def watching(self, step: Step) -> AbstractContextManager[bool | None]:
        """Within, the step is taken; then ``take`` is given its number and figures, unless it was refused.

        A step that has a plan is taken by it, in two halves: what layers give then lies where it lay when this step was
        taken by its code, if nobody writes there until the step has ended, which is looked at then.
        """
        return self._planned.get(step) or self._by_code(step)

    @contextmanager
    def _by_code(self, step: Step) -> Iterator[bool | None]:
        seen: dict[str, tuple[Any, bytes, HostArray]] = {}
        gradients, changes = np.zeros((2, len(self._params), 3))
        steps = self.training.steps

        def look(segments: Sequence[Segment]) -> None:
            self.of_gradients(gradients)

        self.remember()
        self.observers.append(look)
        try:
            with ExitStack() as watched:
                for path, layer in self._layers:
                    self._shadow(watched, path, layer, get_ident(), seen)
                yield None
        finally:
            self.observers.remove(look)
        if self.training.steps == steps:
            return
        self.of_changes(changes)
        outputs = [(name, self._host(y).size) for name, (y, _, _) in seen.items()]
        params = [(param.path, size, param.trainable) for param, size in self._params]
        layout = Layout(params, outputs, [segment.params[0].path for segment in step.update.segments])
        parts = [gradients.ravel(), changes.ravel(), *(found for _, _, found in seen.values()), np.array(_rest(step))]
        self.take(self.training.steps, Row(layout, np.concatenate(parts)))
        if step._gradients.capturable and all(self._host(y).tobytes() == was for y, was, _ in seen.values()):
            self._planned[step] = Planned(self, step, [y for y, _, _ in seen.values()], layout)

    def remember(self) -> None:
        """The weights as they are now, for ``of_changes``."""
        np.copyto(self._before, self._host(self.arena.data))

    def of_gradients(self, out: HostArray) -> None:
        span_sums(self._host(self.arena.grad), None, self._spans, out)

    def of_changes(self, out: HostArray) -> None:
        span_sums(self._host(self.arena.data), self._before, self._spans, out)

    def of_output(self, output: Any, out: HostArray) -> None:
        y = self._host(output)
        distribution(y.reshape(len(y) if y.ndim else 1, -1), out)

    def _shadow(
        self, watched: ExitStack, path: str, layer: Layer, thread: int, seen: dict[str, tuple[Any, bytes, HostArray]]
    ) -> None:  # fmt: skip
        code, attributes = layer.forward, vars(layer)
        held = attributes.get("forward")

        def forward(*given: Any, **named: Any) -> Any:
            result = code(*given, **named)
            if get_ident() == thread:
                inputs = [self._host(x) for x in given[1:]]
                for of, output in numbered("y", as_tuple(result)).items():
                    y = self._host(output)
                    if y.dtype.kind != "f" or not y.size:
                        continue
                    if not any(np.may_share_memory(x, y) for x in inputs):  # a view of its input is not news
                        found = np.empty(OF_OUTPUT)
                        self.of_output(y, found)
                        seen[f"{path}.{of}"] = output, y.tobytes(), found
            return result

        attributes["forward"] = forward  # past __setattr__: nothing of the component has changed
        watched.callback(restore, attributes, "forward", held)


class Planned:
    """Takes the figures of a step that is taken by its plan: few calls, as code that runs seldom is found cold.

    Args:
        outputs: where those of the layers lie.
        layout: of its figures.
    """

    def __init__(self, statistics: Statistics, step: Step, outputs: Sequence[Any], layout: Layout) -> None:
        self._statistics, self._step, self._layout = statistics, ref(step), layout
        k = len(layout.params)
        self._flat = np.zeros(6 * k + OF_OUTPUT * len(outputs) + len(layout.rates) + 1)
        self._gradients, self._changes = self._flat[: 6 * k].reshape(2, k, 3)
        figures = self._flat[6 * k : 6 * k + OF_OUTPUT * len(outputs)].reshape(-1, OF_OUTPUT)
        self._outputs = list(zip(outputs, figures, strict=True))
        self._rest = self._flat[6 * k + OF_OUTPUT * len(outputs) :]
        self._before = 0

    def _look(self, segments: Sequence[Segment]) -> None:
        self._statistics.of_gradients(self._gradients)

    def __enter__(self) -> bool:
        self._before = self._statistics.training.steps
        self._statistics.remember()
        self._statistics.observers.append(self._look)
        return False

    def __exit__(self, *error: object) -> None:
        statistics = self._statistics
        statistics.observers.remove(self._look)
        steps = statistics.training.steps
        if steps == self._before:
            return
        for y, out in self._outputs:
            statistics.of_output(y, out)
        statistics.of_changes(self._changes)
        step = self._step()
        assert step is not None  # it is being taken
        self._rest[:] = _rest(step)
        statistics.take(steps, Row(self._layout, self._flat.copy()))


def _rest(step: Step) -> list[float]:
    """The learning rates and the loss."""
    return [*(float(segment.hyper[0]) for segment in step.update.segments), float(step.figures["loss"])]


def _has_inner(path: str, paths: Sequence[str]) -> bool:
    prefix = f"{path}." if path else ""
    return any(other != path and other.startswith(prefix) for other in paths)
