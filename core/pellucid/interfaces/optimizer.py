"""Optimizer and Segment: how gradients become steps, one flat run of parameters at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any, ClassVar

import numpy as np

from pellucid.basics.arrays import Array
from pellucid.basics.checks import check_float, check_type
from pellucid.basics.component import Component
from pellucid.basics.errors import ConfigError
from pellucid.basics.suggest import listed
from pellucid.interfaces.parameters import Arena, Param
from pellucid.ops.base import Backend

Group = Mapping[str, Any]
"""``{"match": "*.bias", "lr": …, "weight_decay": …, "clip_norm": …}``: what holds for parameters whose path matches.
The first group that does counts; each key but ``match`` may be absent; ``clip_norm`` limits the norm of the group."""


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
        group: the first of the optimizer's groups that speaks of its parameters; empty or None if none does.

    Each parameter begins at a multiple of 64 bytes. The gaps between them belong to the segment and are kept at zero,
    in ``data``, ``grad`` and slots: formulas element by element leave them so where ``f(0, 0) = 0``. Whatever is larger
    than an element, a norm or a matrix of one parameter, is found by :meth:`parts`.
    """

    start: int
    stop: int
    params: tuple[Param, ...]
    hyper: np.ndarray[Any, Any]
    base_lr: float
    slots: Slots
    group: Group | None = None

    def __post_init__(self) -> None:
        arena = self.slots.arena
        self.data: Array = arena.data[self.start : self.stop]
        self.grad: Array = arena.grad[self.start : self.stop]

    @property
    def ops(self) -> Backend:
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

    def parts(self) -> list[SegmentPart]:
        """The parameters one by one, for optimizers that look at more than an element, at norms or matrices."""
        arena = self.slots.arena
        places = enumerate(self.params, arena.params.index(self.params[0]))
        own = [(p, replace(self, start=arena.offsets[i], stop=arena.end(i), params=(p,))) for i, p in places]
        return [SegmentPart(param, segment, param.data, param.grad) for param, segment in own]


@dataclass(eq=False)
class SegmentPart:
    """One parameter of a segment, in its own shape; what is written into its arrays is written into the segment's.

    Attributes:
        param: the parameter: ``.path``, ``.shape``, ``.decay``, ``.fan_in``, ….
        segment: the segment of this parameter alone, flat, which another optimizer can be given.
        data, grad: views in the shape of the parameter.
    """

    param: Param
    segment: Segment
    data: Array
    grad: Array

    def slot(self, name: str) -> Array:
        """This parameter's part of :meth:`Segment.slot`, in its shape."""
        return Arena.view(self.segment.slot(name), self.param, 0)


class Optimizer(Component, ABC):
    """Turns gradients into steps.

    A subclass stores ``lr`` and, if it knows them, ``weight_decay`` and ``groups``.
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

    def of(self, param: Param) -> Optimizer | None:
        """Whose learning rate, weight decay and groups hold for a parameter: those of this one. One that is made of
        others says which; of several no segment is made. None: no gradient moves it, and it is in no segment."""
        return self


def make_segments(optimizer: Optimizer, slots: Slots, player: str | None = None) -> list[Segment]:
    """Cut the arena into runs of trainable parameters with one optimizer, one group, and equal learning rate and weight
    decay; of a ``player``, a part of the model, those that belong to it."""
    arena = slots.arena
    paths = [param.path for param in arena.params]
    belong = {path for path in paths if f"{path}.".startswith(f"{player}." if player else "")}
    owners = [optimizer.of(param) if param.trainable and param.path in belong else None for param in arena.params]
    for each in dict.fromkeys(filter(None, owners)):
        _check_groups(getattr(each, "groups", None) or (), paths)

    def common(i: int) -> tuple[Optimizer, float, float, Group] | None:
        """What parameter i has in common with those of its segment."""
        own, param = owners[i], arena.params[i]
        if own is None:
            return None
        groups: Sequence[Group] = getattr(own, "groups", None) or ()
        group: Group = next((g for g in groups if fnmatchcase(param.path, g["match"])), {})
        decay = getattr(own, "weight_decay", 0.0) if param.decay else 0.0
        return (own, float(group.get("lr", own.lr)), float(group.get("weight_decay", decay)), group)

    runs = [(shared, list(run)) for shared, run in groupby(range(len(arena.params)), common) if shared]
    if player and not runs:
        told = "whose parameters are all frozen, or follow others" if belong else f"of paths {', '.join(paths)}"
        raise ConfigError(f"turns: a player is a part of the model that is moved. Received: '{player}', {told}.")
    return [
        Segment(arena.offsets[run[0]], arena.end(run[-1]), tuple(arena.params[i] for i in run), np.array(hyper),
                hyper[0], slots, group)
        for (_, *hyper, group), run in runs
    ]  # fmt: skip


def _check_groups(groups: Sequence[Group], paths: list[str]) -> None:
    for i, group in enumerate(groups):
        where = f"optimizer.groups[{i}]"
        ranges = {"lr": "[0, inf)", "weight_decay": "[0, inf)", "clip_norm": "(0, inf)"}
        if "match" not in group or set(group) - {"match", *ranges}:
            raise ConfigError(
                f"{where} must have the key 'match' and may have {listed(ranges)}. Received: {dict(group)!r}."
            )
        check_type(where, "match", group["match"], (str,), "a pattern such as '*.bias'")
        for name in group.keys() & ranges.keys():
            check_float(where, name, group[name], ranges[name])
        if not any(fnmatchcase(path, group["match"]) for path in paths):
            raise ConfigError(
                f"{where} matches no parameter: {group['match']!r}. The parameters are: {', '.join(paths)}."
            )
