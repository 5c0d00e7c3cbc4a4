"""Optimizer and Segment: how gradients become steps, one flat run of parameters at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float, check_type
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.parameters import Arena, Param
from pellucid.ops.base import Ops

Group = Mapping[str, Any]
"""``{"match": "*.bias", "lr": …, "weight_decay": …}``: hyper-parameters for the parameters whose path matches."""


class Slots:
    """The optimizer's memory: flat buffers as large as the arena, and the number of accepted steps.

    Segments see their part of each buffer, so freezing a layer moves nothing.

    Attributes:
        broken_off: a step has begun to change weights and has not come to its end: what there is now is no step's.
        asked: what was read of segments that is another at every step and no array: in a plan it would stand still.
    """

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.buffers: dict[str, Array] = {}
        self.t = np.zeros((), np.int64)
        self.broken_off = False
        self.asked: set[str] = set()

    def buffer(self, name: str) -> Array:
        if name not in self.buffers:
            self.buffers[name] = self.arena.zeros()
        return self.buffers[name]


@dataclass(eq=False)
class Segment:
    """A contiguous run of trainable parameters with equal hyper-parameters.

    Attributes:
        data, grad: flat views into the arena.
        params: the parameters in it, as shaped views (``.data``, ``.grad``, ``.path``).
        hyper: float64 array ``[lr, weight_decay]`` that kernels read, so that a recorded step follows a schedule.
    """

    start: int
    stop: int
    params: tuple[Param, ...]
    hyper: np.ndarray[Any, Any]
    base_lr: float
    slots: Slots

    def __post_init__(self) -> None:
        arena = self.slots.arena
        self.data: Array = arena.data[self.start : self.stop]
        self.grad: Array = arena.grad[self.start : self.stop]

    @property
    def ops(self) -> Ops:
        """The backend that the arrays belong to."""
        return self.slots.arena.ops

    @property
    def lr(self) -> float:
        """The learning rate of this step, the schedule's factor included. A step that asks is not replayed."""
        self.slots.asked.add("segment.lr")
        return float(self.hyper[0])

    @property
    def weight_decay(self) -> float:
        return float(self.hyper[1])

    @property
    def t(self) -> int:
        """The number of this step, counted from 1; rejected steps are not counted. A step that asks is not replayed."""
        self.slots.asked.add("segment.t")
        if self.ops.queues:  # counted on the device, so that a recording there has no number yet
            self.ops.spoil()
        return int(self.slots.t)

    @property
    def t_cell(self) -> np.ndarray[Any, Any]:
        """``t`` as a 0-d int64 array that kernels read."""
        return self.slots.t

    def slot(self, name: str) -> Array:
        """A flat array like ``data`` that is kept from step to step and saved in checkpoints; zeros at first."""
        return self.slots.buffer(name)[self.start : self.stop]


class Optimizer(Component, ABC):
    """Turns gradients into steps.

    A subclass stores ``lr`` and, if it knows weight decay, ``weight_decay`` and ``groups``.
    """

    kind: ClassVar[str] = "optimizer"
    zeroes_grad: ClassVar[bool] = False
    """True if ``step`` leaves every ``segment.grad`` at zero; otherwise the trainer zeroes them."""
    squares: ClassVar[bool] = False
    """Whether it keeps squares of gradients: a step whose ‖g‖² the model's type cannot hold is rejected then."""
    lr: float

    @abstractmethod
    def step(self, segments: Sequence[Segment]) -> None:
        """Update ``segment.data`` from ``segment.grad``, for every segment."""


def make_segments(optimizer: Optimizer, slots: Slots) -> list[Segment]:
    """Cut the arena into runs of trainable parameters with equal learning rate and weight decay."""
    arena = slots.arena
    groups: Sequence[Group] = getattr(optimizer, "groups", None) or ()
    _check_groups(groups, [param.path for param in arena.params])
    runs: list[tuple[tuple[float, float], int, int, list[Param]]] = []
    for i, param in enumerate(arena.params):
        if not param.trainable:
            continue
        hyper = _hyper(optimizer, groups, param)
        start, stop = arena.offsets[i], arena.end(i)
        if runs and runs[-1][0] == hyper and runs[-1][2] == start:
            runs[-1] = (hyper, runs[-1][1], stop, [*runs[-1][3], param])
        else:
            runs.append((hyper, start, stop, [param]))
    return [
        Segment(start, stop, tuple(params), np.array(hyper, np.float64), hyper[0], slots)
        for hyper, start, stop, params in runs
    ]


def _hyper(optimizer: Optimizer, groups: Sequence[Group], param: Param) -> tuple[float, float]:
    group: Group = next((g for g in groups if fnmatchcase(param.path, g["match"])), {})
    decay = getattr(optimizer, "weight_decay", 0.0) if param.decay else 0.0
    return float(group.get("lr", optimizer.lr)), float(group.get("weight_decay", decay))


def _check_groups(groups: Sequence[Group], paths: list[str]) -> None:
    for i, group in enumerate(groups):
        where = f"optimizer.groups[{i}]"
        if "match" not in group or set(group) - {"match", "lr", "weight_decay"}:
            raise ConfigError(
                f"{where} must have the key 'match' and may have 'lr' and 'weight_decay'. Received: {dict(group)!r}."
            )
        check_type(where, "match", group["match"], (str,), "a pattern such as '*.bias'")
        for name in ("lr", "weight_decay"):
            check_float(where, name, group.get(name, 0.0), "[0, inf)")
        if not any(fnmatchcase(path, group["match"]) for path in paths):
            raise ConfigError(
                f"{where} matches no parameter: {group['match']!r}. The parameters are: {', '.join(paths)}."
            )
